"""Stages that choose among elements, and the predicates that they choose by."""

from __future__ import annotations

from msgspec.structs import replace

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.types import Bool, Choice, Either, Float, Int, ListOf, Text
from studio.graph.elements import Elements, leaves
from studio.graph.functions import WHERE, applied, function, own, takes, tensor_at
from studio.graph.ops.staging import SEED, stage, uncounted
from studio.graph.problems import quoted
from studio.graph.rule import Args
from studio.graph.spec import FLOATS, INTEGERS, Refused, Spec

_PREDICATE = takes("predicate", "predicate", "Whether an element is taken.")


@stage("filter", "predicate", "Only the elements for which a predicate holds.", _PREDICATE)
def filter_(p: Args, dataset: Elements) -> Elements:
    """Some of the elements."""
    if own(p.predicate) is None:
        applied(p, p.predicate, dataset)
    return uncounted(dataset)


@stage("take_while", "predicate", "The elements up to the first that doesn't fit.", _PREDICATE)
def take_while(p: Args, dataset: Elements) -> Elements:
    """The first of the elements."""
    filter_(p, dataset)
    return replace(dataset, count=None, infinite=False)


@stage("unique", "", "Each element once; for single numbers or texts.")
def unique(p: Args, dataset: Elements) -> Elements:
    """Elements that are one tensor of int32, int64 or text."""
    spec = dataset.structure
    if not isinstance(spec, Spec) or spec.dtype not in ("int32", "int64", "string"):
        raise Refused(
            "finds elements that are the same, which it can only for one tensor of int32, int64 "
            "or text",
            "Choose one part first, with studio.map.pick.",
        )
    return uncounted(dataset)


@stage(
    "shard",
    "num_shards index",
    "Every num_shards-th element, for one of several workers.",
    Param("num_shards", Int(1), help="How many shards there are."),
    Param("index", Int(0), help="Which of them this is, from 0."),
)
def shard(p: Args, dataset: Elements) -> Elements:
    """The elements at index, index + num_shards, ..."""
    if p.index >= p.num_shards:
        raise Refused(
            f"takes the shard {p.index} of {p.num_shards}", f"Count from 0 to {p.num_shards - 1}."
        )
    count = dataset.count
    if count is not None:
        count = max(0, -(-(count - p.index) // p.num_shards))
    return replace(dataset, count=count)


@stage(
    "ignore_errors",
    "",
    "Leaves out elements that fail to be made, such as damaged pictures.",
    Param("log_warning", Bool(), False, "Say so for each of them."),
)
def ignore_errors(p: Args, dataset: Elements) -> Elements:
    """At most as many elements as before."""
    return uncounted(dataset)


@stage(
    "rejection_resample",
    "target_dist",
    "Leaves elements out so that classes come as often as wanted; gives (class, element).",
    takes("class_func", "key", "The class of an element, a whole number from 0."),
    Param("target_dist", ListOf(Float(min=0), empty=False), help="The wanted share of each class."),
    Param("initial_dist", ListOf(Float(min=0)), None, "Their share now; null to estimate it."),
    SEED,
)
def rejection_resample(p: Args, dataset: Elements) -> Elements:
    """(class, element)."""
    if own(p.class_func) is None:
        applied(p, p.class_func, dataset)
    for name in ("target_dist", "initial_dist"):
        shares = getattr(p, name)
        if shares is not None and abs(sum(shares) - 1) > 1e-3:
            raise Refused(f"has a {name} that makes {sum(shares):g} together", "Let it make 1.")
    if p.initial_dist is not None and len(p.initial_dist) != len(p.target_dist):
        raise Refused(
            f"has {len(p.target_dist)} wanted shares, but {len(p.initial_dist)} that are there"
        )
    if dataset.labels and dataset.labels[1] >= len(p.target_dist):
        raise Refused(
            f"has shares for {len(p.target_dist)} classes, but the labels go up to "
            f"{dataset.labels[1]:g}",
            f"Give {dataset.labels[1] + 1:g} shares.",
        )
    structure = (Spec((), "int32"), dataset.structure)
    return replace(dataset, structure=structure, count=None, labels=None, unsteady=True)


_PART = Param("part", WHERE, help="Where it is in the element: [1] for the label; [] for all.")


@function(
    "predicate",
    "compare",
    "comparison value",
    "Whether a number, or a text, compares with a value as wanted.",
    _PART,
    Param("comparison", Choice(("==", "!=", "<", "<=", ">", ">=")), "==", "How they compare."),
    Param("value", Either((Int(), Float(), Text())), help="What it is compared with."),
)
def compare(p: Args, dataset: Elements) -> Spec:
    """A truth of one element."""
    spec = _single(dataset, p.part)
    if isinstance(p.value, str) != (spec.dtype == "string"):
        raise Refused(f"compares {spec} with {quoted(p.value)}, which is of another kind")
    if isinstance(p.value, str) and p.comparison not in ("==", "!="):
        raise Refused("compares texts, which are the same or not", 'Use "==" or "!=".')
    if isinstance(p.value, float) and spec.dtype in INTEGERS:
        raise Refused(f"compares {spec} with {p.value:g}", "Give a whole number.")
    return Spec((), "bool")


@function(
    "predicate",
    "one_of",
    "values",
    "Whether a number, or a text, is among some.",
    _PART,
    Param(
        "values", Either((ListOf(Int(), empty=False), ListOf(Text(), empty=False))), help="They."
    ),
)
def one_of(p: Args, dataset: Elements) -> Spec:
    """A truth of one element."""
    spec = _single(dataset, p.part)
    if isinstance(p.values[0], str) != (spec.dtype == "string"):
        raise Refused(f"looks for {spec} among {quoted(p.values)}, which are of another kind")
    return Spec((), "bool")


@function(
    "predicate",
    "length",
    "min max",
    "Whether a tensor's first axis is so long: the words of a text that was split.",
    _PART,
    Param("min", Int(0), 0, "At least so long."),
    Param("max", Int(0), None, "At most so long; null for any length."),
)
def length(p: Args, dataset: Elements) -> Spec:
    """A truth of one element."""
    _long(dataset, p.part)
    return Spec((), "bool")


@function("predicate", "finite", "", "Whether no number of the element is NaN or infinite.")
def finite(p: Args, dataset: Elements) -> Spec:
    """A truth of one element."""
    if not any(leaf.dtype in FLOATS for leaf in leaves(dataset.structure)):
        raise Refused("looks for NaN, but there are no floats in the element")
    return Spec((), "bool")


@function("key", "value", "", "A whole number of the element itself, such as its class.", _PART)
def value(p: Args, dataset: Elements) -> Spec:
    """A whole number."""
    spec = _single(dataset, p.part)
    if spec.dtype not in INTEGERS:
        raise Refused(f"takes a whole number, but gets {spec}", "Choose another part.")
    return spec


@function(
    "key",
    "length",
    "width",
    "How long a tensor's first axis is; with a width, which range of lengths that is.",
    _PART,
    Param("width", Int(1), 1, "Lengths that count as one."),
)
def length_key(p: Args, dataset: Elements) -> Spec:
    """A whole number."""
    _long(dataset, p.part)
    return Spec((), "int32")


def _single(dataset: Elements, part: list[int | str]) -> Spec:
    spec = tensor_at(dataset, part)
    if spec.shape:
        raise Refused(f"takes a single value, but {quoted(part)} is {spec}", "Choose another part.")
    return spec


def _long(dataset: Elements, part: list[int | str]) -> Spec:
    spec = tensor_at(dataset, part)
    if not spec.shape:
        raise Refused(f"takes the length of {quoted(part)}, which is a single value")
    return spec
