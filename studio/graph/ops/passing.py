"""Stages that pass elements on: numbered, summed up, kept, promised, with options."""

from __future__ import annotations

from msgspec.structs import replace

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.types import Bool, Choice, Either, Float, Int, ListOf, Text, or_null
from studio.graph.constant import constant_spec
from studio.graph.elements import Elements, structure_text
from studio.graph.functions import applied, asked, function, own, takes
from studio.graph.ops.staging import beside_the_script, stage
from studio.graph.rule import Args
from studio.graph.spec import FLOATS, INTEGERS, Refused, Spec

DISTRIBUTE = "tf.data.experimental.service.distribute"
"""The stage that hands those before it over to a tf.data service."""


@stage(
    "enumerate",
    "start",
    "Numbers the elements: (number, element).",
    Param("start", Int(), 0, "The first number."),
)
def enumerate_(p: Args, dataset: Elements) -> Elements:
    """(int64, element)."""
    return replace(dataset, structure=(Spec((), "int64"), dataset.structure), labels=None)


_NUMBERS = Either((Int(), Float(), ListOf(Either((Int(), Float())))))


@stage(
    "scan",
    "scan_func",
    "Goes through the elements with a state: each is made of the one that comes and the state.",
    Param("initial_state", _NUMBERS, help="The state before the first element."),
    takes("scan_func", "scan", "(state, element) -> (new state, what leaves)."),
)
def scan(p: Args, dataset: Elements) -> Elements:
    """What the function makes of each element."""
    if own(p.scan_func) is not None:
        made = asked(p, "scan", p.scan_func, dataset, initial_state=p.initial_state)
        return replace(dataset, structure=made, labels=None)
    spec = applied(p, p.scan_func, dataset)
    state = constant_spec(p.initial_state)
    if state.shape and state.shape != spec.shape:
        raise Refused(
            f"begins with a state of {state.shape}, but its elements are {spec}",
            "Give a state of that shape, or one number.",
        )
    return replace(dataset, structure=spec, labels=None)


def _numbers(dataset: Elements) -> Spec:
    spec = dataset.structure
    if not isinstance(spec, Spec) or spec.dtype not in FLOATS | INTEGERS:
        raise Refused(
            f"goes through numbers, but gets {structure_text(spec)}", "Choose one part first."
        )
    if None in spec.shape:
        raise Refused(f"keeps a state of one shape, but gets {spec}")
    return spec


@function("scan", "running_sum", "", "The sum of all elements up to each.")
def running_sum(p: Args, dataset: Elements) -> Spec:
    """The same tensor."""
    return _numbers(dataset)


@function("scan", "difference", "", "Each element less the one before; the state is the first.")
def difference(p: Args, dataset: Elements) -> Spec:
    """The same tensor."""
    return _numbers(dataset)


@stage(
    "snapshot",
    "path",
    "Keeps the elements in files, which later runs read instead of making them again.",
    Param("path", Text(empty=False), help="A folder beside the script to keep them in."),
    Param("compression", Choice(("AUTO", "GZIP", "SNAPPY", None)), "AUTO", "How it is kept."),
)
def snapshot(p: Args, dataset: Elements) -> Elements:
    """The same elements."""
    beside_the_script(p.path)
    return dataset


@stage(
    "tf.data.experimental.assert_cardinality",
    "expected_cardinality",
    "Promises how many elements there are, where tf.data can't know; a lie fails the run.",
    Param("expected_cardinality", Int(-1), help="How many elements; -1 for without end."),
)
def assert_cardinality(p: Args, dataset: Elements) -> Elements:
    """The same elements, counted."""
    wanted = p.expected_cardinality
    if dataset.count is not None and dataset.count != wanted:
        raise Refused(
            f"promises {wanted} elements, but there are {dataset.count}",
            f"Set expected_cardinality to {dataset.count}, or remove it.",
        )
    endless = wanted == -1
    return replace(dataset, count=None if endless else wanted, infinite=endless)


@stage(
    "with_options",
    "deterministic",
    "Sets how tf.data works: order, threads, sharing among workers.",
    Param("deterministic", or_null(Bool()), None, "Whether the order is always the same."),
    Param("private_threadpool_size", Int(0), None, "Threads of its own; 0 for one a core."),
    Param("max_intra_op_parallelism", Int(0), None, "Threads of one operation."),
    Param(
        "auto_shard_policy",
        Choice(("AUTO", "FILE", "DATA", "HINT", "OFF")),
        None,
        "How a distribution strategy shares the data among workers.",
    ),
    Param("autotune", Bool(), None, "Whether tf.data tunes parallel calls and buffers."),
    Param("ram_budget", Int(1), None, "Bytes that its buffers may take together."),
)
def with_options(p: Args, dataset: Elements) -> Elements:
    """The same elements."""
    return replace(dataset, unsteady=dataset.unsteady or p.deterministic is False)


@stage(
    DISTRIBUTE,
    "processing_mode",
    "Has the stages before it run by the workers of a tf.data service, in processes of their own.",
    Param(
        "processing_mode",
        Choice(("OFF", "DYNAMIC", "FILE", "DATA", "FILE_OR_DATA", "HINT")),
        help="OFF: every worker makes all elements, so each comes once per worker. Once in all it "
        "comes by DYNAMIC (workers share the source as they go), FILE (they share its files), "
        "DATA (each makes all and sends its part), FILE_OR_DATA. HINT: as code of your own shards.",
    ),
    Param(
        "service",
        or_null(Text(empty=False)),
        None,
        "Its dispatcher, as grpc://host:port; null is what TF_DATA_SERVICE says.",
    ),
    Param(
        "job_name",
        or_null(Text(empty=False)),
        None,
        "Those who name the same job share its elements; without a name each gets all.",
    ),
    Param("max_outstanding_requests", or_null(Int(1)), None, "Elements asked for at once."),
    Param("data_transfer_protocol", or_null(Text(empty=False)), None, "How elements come: grpc."),
    Param("compression", Choice(("AUTO", "SNAPPY", None)), "AUTO", "How elements are sent."),
)
def distribute(p: Args, dataset: Elements) -> Elements:
    """The same elements, in an order of their own, in a number that only the service knows."""
    return replace(dataset, count=None, unsteady=True)
