"""Sources that stand in the project itself: tensors written out, and a range of numbers."""

from __future__ import annotations

from msgspec.structs import replace

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Choice, Int, Type
from studio.graph.elements import Elements, label, leaves, over
from studio.graph.literals import Written, label_range, structure_of, written
from studio.graph.problems import quoted
from studio.graph.rule import Args
from studio.graph.spec import Refused, Spec


def _written(name: str, help: str):
    return describe(
        f"tf.data.Dataset.{name}",
        kind="source",
        family="source",
        inputs="",
        shown="tensors",
        help=help,
        params=[
            Param(
                "tensors",
                Type(),
                help="Lists of numbers or texts (of different lengths: ragged), an object of them "
                'by name, or {"features": ..., "label": ...}.',
            )
        ],
    )


@_written(
    "from_tensor_slices",
    "The rows of tensors written out in the project: an element for each index of the first axis.",
)
def from_tensor_slices(p: Args) -> Elements:
    """As many elements as the tensors have rows."""
    structure = structure_of(p.tensors, written)
    counts = {}
    for each in leaves(structure):
        if not each.spec.shape:
            raise Refused(f"takes the rows of {quoted(each.value)}, which is a single value")
        counts[each.spec.shape[0]] = each
    if len(counts) > 1:
        (one, _), (other, _) = list(counts.items())[:2]
        raise Refused(
            f"pairs tensors of different lengths: one has {one} rows, another {other}",
            "Give all of them the same number of rows.",
        )

    def row(each: Written) -> Spec:
        return replace(each.spec, shape=each.spec.shape[1:])

    return Elements(over(structure, row), counts.popitem()[0], labels=_labels(structure))


@_written("from_tensors", "One element: the tensors written out in the project, as they are.")
def from_tensors(p: Args) -> Elements:
    """One element."""
    structure = structure_of(p.tensors, written)
    return Elements(over(structure, lambda each: each.spec), 1, labels=_labels(structure))


def _labels(structure: object) -> tuple[float, float] | None:
    target = label(structure)
    return label_range(target.spec, target.value) if isinstance(target, Written) else None


_NUMBERS = ("int64", "int32", "int16", "int8", "uint8", "float32", "float64")


@describe(
    "tf.data.Dataset.range",
    kind="source",
    family="source",
    inputs="",
    shown="start stop",
    help="Whole numbers from a start up to, but without, a stop.",
    params=[
        Param("start", Int(), 0, "The first number."),
        Param("stop", Int(), help="Where it ends; this number is not among them."),
        Param("step", Int(), 1, "How far it is from one number to the next."),
        Param("output_type", Choice(_NUMBERS), "int64", "The dtype of the numbers."),
    ],
)
def range_(p: Args) -> Elements:
    """The numbers, one an element."""
    if p.step == 0:
        raise Refused("goes on by a step of 0, and so never ends", "Give another step.")
    if max(map(abs, (p.start, p.stop, p.step))) >= 2**63:
        raise Refused("counts with numbers that are too large", "Stay below 2**63.")
    numbers = range(p.start, p.stop, p.step)
    if not numbers:
        raise Refused(
            f"holds no number: from {p.start} to {p.stop} by {p.step}",
            "Let it stop behind its start, in the direction of its step.",
        )
    return Elements(Spec((), p.output_type), len(numbers))
