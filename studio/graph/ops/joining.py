"""Stages that make one dataset of several, or of a dataset in each element."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.types import Bool, Choice, Float, Int, ListOf
from studio.graph.elements import Elements, Nested, Structure, over, structure_text
from studio.graph.functions import applied, asked, function, own, takes
from studio.graph.ops.staging import SEED, stage
from studio.graph.rule import Args
from studio.graph.spec import Refused, Spec


def _one_kind(datasets: tuple[Elements, ...]) -> Structure:
    """The structure that all datasets fit; Refused where there is none."""
    if len(datasets) < 2:
        raise Refused("joins datasets, so it needs at least 2")
    first, *others = (each.structure for each in datasets)
    for other in others:
        made = _common(first, other)
        if made is None:
            raise Refused(
                f"joins elements of different kinds: {structure_text(first)} and "
                f"{structure_text(other)}",
                "Map them to the same names, dtypes and numbers of axes first.",
            )
        first = made
    return first


def _common(a: Structure, b: Structure) -> Structure | None:
    if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
        parts = [_common(*pair) for pair in zip(a, b, strict=True)]
        return None if None in parts else tuple(parts)
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        named = {key: _common(a[key], b[key]) for key in a}
        return None if None in named.values() else named
    if not isinstance(a, Spec) or not isinstance(b, Spec):
        return None
    if (a.dtype, a.rank, a.ragged) != (b.dtype, b.rank, b.ragged):
        return None
    sizes = zip(a.shape, b.shape, strict=True)
    return Spec(tuple(m if m == n else None for m, n in sizes), a.dtype, a.ragged)


def _labels(datasets: tuple[Elements, ...]) -> tuple[float, float] | None:
    known = [each.labels for each in datasets]
    if None in known:
        return None
    return min(low for low, _ in known), max(high for _, high in known)


def _joined(datasets: tuple[Elements, ...], count: int | None, infinite: bool) -> Elements:
    return Elements(
        _one_kind(datasets),
        None if infinite else count,
        infinite,
        _labels(datasets),
        any(each.unsteady for each in datasets),
    )


def _sum(datasets: tuple[Elements, ...]) -> int | None:
    counts = [each.count for each in datasets]
    return None if None in counts else sum(counts)


@stage(
    "concatenate", "", "The elements of one dataset, then those of the next.", inputs="datasets*"
)
def concatenate(p: Args, datasets: tuple[Elements, ...]) -> Elements:
    """One dataset behind the other."""
    return _joined(datasets, _sum(datasets), any(each.infinite for each in datasets))


@stage(
    "sample_from_datasets",
    "weights",
    "Elements of several datasets in a random order, each taken as often as its weight says.",
    Param("weights", ListOf(Float(min=0)), None, "The share of each; null for equal shares."),
    SEED,
    Param("stop_on_empty_dataset", Bool(), False, "End with the first that ends."),
    Param("rerandomize_each_iteration", Bool(), None, "Another order in each epoch."),
    inputs="datasets*",
)
def sample_from_datasets(p: Args, datasets: tuple[Elements, ...]) -> Elements:
    """Elements of all; how many hangs on chance where the first that ends stops it."""
    if p.weights is not None and len(p.weights) != len(datasets):
        raise Refused(
            f"has {len(p.weights)} weights for {len(datasets)} datasets",
            f"Give {len(datasets)} weights.",
        )
    if p.weights is not None and not sum(p.weights) > 0:
        raise Refused("has weights that are all 0")
    if p.stop_on_empty_dataset:
        made = _joined(datasets, None, all(each.infinite for each in datasets))
    else:
        whole = p.weights is None or all(p.weights)
        count = _sum(datasets) if whole else None
        made = _joined(datasets, count, any(each.infinite for each in datasets))
    return replace(made, unsteady=True)


@stage(
    "choose_from_datasets",
    "",
    "Elements of several datasets, in the order of a dataset of their numbers.",
    Param("stop_on_empty_dataset", Bool(), True, "End with the first that ends."),
    inputs="datasets* choice_dataset",
)
def choose_from_datasets(p: Args, datasets: tuple[Elements, ...], choice: Elements) -> Elements:
    """One element for each choice, as long as there are some."""
    if choice.structure != Spec((), "int64"):
        raise Refused(
            f"takes its choices as int64 numbers, but gets {structure_text(choice.structure)}",
            "Cast them to int64.",
        )
    made = _joined(datasets, None, choice.infinite and all(each.infinite for each in datasets))
    return replace(made, unsteady=made.unsteady or choice.unsteady)


_EXPAND = takes("map_func", "expand", "The dataset that an element becomes.")


def _expanded(p: Args, method: str, dataset: Elements) -> Elements:
    if own(p.map_func) is not None:
        structure = asked(p, method, p.map_func, dataset)
        return replace(dataset, structure=structure, count=None, labels=None)
    return applied(p, p.map_func, dataset)


@stage(
    "flat_map",
    "map_func",
    "Makes a dataset of each element, and goes through one after the other.",
    _EXPAND,
)
def flat_map(p: Args, dataset: Elements) -> Elements:
    """The elements of the datasets that the elements become."""
    return _expanded(p, "flat_map", dataset)


@stage(
    "interleave",
    "map_func cycle_length",
    "Makes a dataset of each element, and goes through several at once.",
    _EXPAND,
    Param("cycle_length", Int(1), None, "How many at once; null lets tf.data choose."),
    Param("block_length", Int(1), None, "Elements of one in a row; null for 1."),
    Param("num_parallel_calls", Int(1), None, "Calls at once; null lets tf.data tune it."),
    Param("deterministic", Bool(), None, "Whether their order is always the same."),
)
def interleave(p: Args, dataset: Elements) -> Elements:
    """The same as flat_map, in another order."""
    made = _expanded(p, "interleave", dataset)
    return replace(made, unsteady=made.unsteady or p.deterministic is False)


@function("expand", "slices", "", "The rows of a tensor, each an element.")
def slices(p: Args, dataset: Elements) -> Elements:
    """The elements without their first axis."""
    sizes = set()

    def change(spec: Spec) -> Spec:
        if not spec.shape:
            raise Refused("takes the rows of a single value", "Give it tensors with an axis.")
        sizes.add(spec.shape[0])
        return Spec(spec.shape[1:], spec.dtype, max(0, spec.ragged - 1))

    structure = over(dataset.structure, change)
    count = None
    if len(sizes) == 1 and None not in sizes and dataset.count is not None:
        count = dataset.count * sizes.pop()
    return replace(dataset, structure=structure, count=count)


@function(
    "expand",
    "windows",
    "drop_remainder",
    "A window, as tf.data.Dataset.window makes it, as one element.",
    Param("drop_remainder", Bool(), False, "Leave out a window that is not full."),
)
def windows(p: Args, dataset: Elements) -> Elements:
    """Each dataset becomes a tensor with a new first axis."""
    full: list[bool] = []
    structure = _gathered(dataset.structure, p.drop_remainder, full)
    sure = all(full) or not p.drop_remainder
    return replace(dataset, structure=structure, count=dataset.count if sure else None)


def _gathered(structure: Structure, drop: bool, full: list[bool]) -> Structure:
    if isinstance(structure, tuple):
        return tuple(_gathered(part, drop, full) for part in structure)
    if isinstance(structure, dict):
        return {key: _gathered(part, drop, full) for key, part in structure.items()}
    if not isinstance(structure, Nested):
        raise Refused(
            "makes elements of windows, but gets tensors",
            "Put tf.data.Dataset.window before it.",
        )
    full.append(structure.full)
    one = structure.element
    return Spec((structure.size if drop else None, *one.shape), one.dtype, one.ragged)


@function("expand", "lines", "", "The lines of a text file, whose name is the element.")
def lines(p: Args, dataset: Elements) -> Elements:
    """Texts."""
    _name(dataset)
    return replace(dataset, structure=Spec((), "string"), count=None, labels=None)


@function(
    "expand",
    "records",
    "compression_type",
    "The records of a TFRecord file, whose name is the element.",
    Param("compression_type", Choice(("", "GZIP", "ZLIB")), "", "How the file is compressed."),
)
def records(p: Args, dataset: Elements) -> Elements:
    """Records as texts of bytes."""
    return lines(p, dataset)


def _name(dataset: Elements) -> Any:
    if dataset.structure != Spec((), "string"):
        raise Refused(
            f"opens files by their names, but gets {structure_text(dataset.structure)}",
            "Give it one text an element.",
        )
