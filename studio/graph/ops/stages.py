"""The stages of a data graph: the methods of tf.data.Dataset, splits and windows."""

from __future__ import annotations

import math

from msgspec.structs import replace

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Bool, Either, Float, Int, OneCall, Text
from studio.graph.elements import Elements, over
from studio.graph.functions import applied, asked, own
from studio.graph.rule import Args
from studio.graph.spec import Refused, Spec

_COUNT = Param("count", Int(-1), help="How many elements.")
_PARALLEL = Param(
    "num_parallel_calls", Int(1), None, "Calls at once; null lets tf.data tune it (AUTOTUNE)."
)
_SEED = Param("seed", Int(0), None, "Seed; null follows the training's seed.")


def _stage(name: str, shown: str, help: str, *params: Param, inputs: str = "dataset"):
    return describe(
        f"tf.data.Dataset.{name}",
        kind="stage",
        family="stage",
        inputs=inputs,
        shown=shown,
        help=help,
        params=params,
    )


def _same(elements: Elements, count: int | None, infinite: bool | None = None) -> Elements:
    """The elements in another number."""
    endless = elements.infinite if infinite is None else infinite
    return replace(elements, count=None if endless else count, infinite=endless)


@_stage(
    "map",
    "function",
    "Applies a function to every element.",
    Param("function", OneCall(("map", "code"), names=False), help="The function."),
    _PARALLEL,
    Param("deterministic", Bool(), None, "Whether their order is always the same."),
)
def map_(p: Args, dataset: Elements) -> Elements:
    """The function's own rule says what it makes of an element."""
    if own(p.function) is not None:
        made = asked(p, "map", p.function, dataset)
        return replace(dataset, structure=made, labels=None)
    made = applied(p, p.function, dataset)
    if isinstance(made, Elements):
        return made
    return replace(dataset, structure=made)


@_stage(
    "batch",
    "batch_size",
    "Joins a number of elements into one, along a new first axis.",
    Param("batch_size", Int(1), help="Elements in a batch."),
    Param("drop_remainder", Bool(), False, "Leave out a last batch that is smaller."),
    _PARALLEL,
)
def batch(p: Args, dataset: Elements) -> Elements:
    """A new first axis; its size is known only where the remainder is dropped."""
    count = dataset.count
    if count is not None and p.drop_remainder and count < p.batch_size:
        raise Refused(
            f"makes batches of {p.batch_size} of {count} elements and drops what is left: "
            "there would be none",
            f"Use a batch_size of at most {count}, or keep the remainder.",
        )
    if count is not None:
        count = count // p.batch_size if p.drop_remainder else math.ceil(count / p.batch_size)
    first = p.batch_size if p.drop_remainder else None
    structure = over(dataset.structure, lambda s: Spec((first, *s.shape), s.dtype, s.ragged))
    return replace(dataset, structure=structure, count=count)


@_stage(
    "shuffle",
    "buffer_size",
    "Mixes the elements; a buffer as large as the data mixes them fully.",
    Param("buffer_size", Int(1), help="Elements that are mixed at a time."),
    _SEED,
    Param("reshuffle_each_iteration", Bool(), None, "Another order in each epoch (the default)."),
)
def shuffle(p: Args, dataset: Elements) -> Elements:
    """The same elements in another order, which only a seed of its own can hold."""
    steady = p.reshuffle_each_iteration is False and p.seed is not None
    return replace(dataset, unsteady=dataset.unsteady or not steady)


@_stage(
    "repeat",
    "count",
    "Goes through the data several times, or without end.",
    Param("count", Int(-1), None, "How often; null or -1 without end."),
)
def repeat(p: Args, dataset: Elements) -> Elements:
    """The same elements again and again."""
    if p.count in (None, -1):
        return _same(dataset, None, True)
    return _same(dataset, None if dataset.count is None else dataset.count * p.count)


@_stage("take", "count", "Only the first elements.", _COUNT)
def take(p: Args, dataset: Elements) -> Elements:
    """At most `count` elements; -1 for all."""
    if p.count == -1:
        return dataset
    if dataset.infinite:
        return _same(dataset, p.count, False)
    return _same(dataset, None if dataset.count is None else min(p.count, dataset.count))


@_stage("skip", "count", "All but the first elements.", _COUNT)
def skip(p: Args, dataset: Elements) -> Elements:
    """What is behind the first `count` elements; -1 for nothing."""
    if p.count == -1:
        return _same(dataset, 0, False)
    return _same(dataset, None if dataset.count is None else max(dataset.count - p.count, 0))


@_stage(
    "cache",
    "filename",
    "Keeps the elements, in memory or in a file, so that later epochs needn't make them again.",
    Param("filename", Text(), "", "A file beside the script to keep them in; empty for memory."),
)
def cache(p: Args, dataset: Elements) -> Elements:
    """The same elements."""
    if any(char in p.filename for char in "/\\:\0"):
        raise Refused("keeps its file beside the script, so the name has no folder")
    return dataset


@_stage(
    "prefetch",
    "buffer_size",
    "Prepares elements while the ones before are used.",
    Param("buffer_size", Int(1), None, "How many; null lets tf.data tune it (AUTOTUNE)."),
)
def prefetch(p: Args, dataset: Elements) -> Elements:
    """The same elements."""
    return dataset


@_stage("zip", "", "Pairs the elements of several datasets.", inputs="datasets*")
def zip_(p: Args, datasets: tuple[Elements, ...]) -> Elements:
    """A tuple of one element of each, as long as the shortest."""
    if len(datasets) < 2:
        raise Refused("pairs datasets, so it needs at least 2")
    counts = [each.count for each in datasets if not each.infinite]
    count = None if None in counts or not counts else min(counts)
    return Elements(
        tuple(each.structure for each in datasets),
        count,
        infinite=all(each.infinite for each in datasets),
        unsteady=any(each.unsteady for each in datasets),
    )


_SHARE = Either((Float(min=0, below=1), Int(0)))


@describe(
    "studio.data.split",
    kind="stage",
    family="stage",
    inputs="dataset",
    outputs="train validation test",
    shown="validation test",
    help="Three datasets of one: for training, for validation, for the test at the end.",
    params=[
        Param("validation", _SHARE, 0, "The share (0.1) or number (100) for validation."),
        Param("test", _SHARE, 0, "The share or number for the test."),
        Param("shuffle", Bool(), True, "Mix before splitting; not for series in order of time."),
        _SEED,
    ],
)
def split(p: Args, dataset: Elements) -> tuple[Elements, ...]:
    """Three datasets: what is left for training, then validation, then test."""
    if dataset.infinite:
        raise Refused("can't split data without end", "Put tf.data.Dataset.take before it.")
    if dataset.unsteady:
        raise Refused(
            "is behind a shuffle, which orders its elements anew each time, so that the same "
            "element would come into several parts",
            "Put the shuffle behind the split, or give it a seed and no reshuffle_each_iteration.",
        )
    if dataset.count is None:
        return (dataset, dataset, dataset)
    validation, test = (share_of(each, dataset.count) for each in (p.validation, p.test))
    train = dataset.count - validation - test
    parts = {"train": train, "validation": validation, "test": test}
    for name, share in (("validation", p.validation), ("test", p.test)):
        if share and not parts[name]:
            raise Refused(
                f"leaves no element for {name}: {share} of {dataset.count} is less than 1",
                "Give a larger share.",
            )
    if train < 1:
        raise Refused(
            f"leaves no element for training: of {dataset.count}, {validation} are for "
            f"validation and {test} for the test",
            "Give smaller shares.",
        )
    return tuple(_same(dataset, count) for count in parts.values())


def share_of(share: float, count: int) -> int:
    """How many of `count` elements a share (a fraction below 1, or a number) is."""
    return int(share * count) if isinstance(share, float) else share


@describe(
    "studio.data.window",
    kind="stage",
    family="stage",
    inputs="dataset",
    shown="length horizon",
    help="From a series: windows of some length, each with the value that follows as its label.",
    params=[
        Param("length", Int(1), help="How many values the model sees."),
        Param("horizon", Int(1), 1, "How many values further on the label is."),
    ],
)
def window(p: Args, dataset: Elements) -> Elements:
    """(length values, the value `horizon` behind the last of them)."""
    if not isinstance(dataset.structure, Spec):
        raise Refused("needs a series of single tensors", "Take one column, without a label.")
    one = dataset.structure
    count = dataset.count
    if count is not None:
        count -= p.length + p.horizon - 1
        if count < 1:
            raise Refused(
                f"needs {p.length + p.horizon} values for one window, and there are "
                f"{dataset.count}",
                "Make length or horizon smaller.",
            )
    structure = (Spec((p.length, *one.shape), one.dtype), one)
    return replace(dataset, structure=structure, count=count, labels=None)
