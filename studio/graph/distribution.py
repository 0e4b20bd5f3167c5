"""What a strategy of tf.distribute asks of a training: its loop, its data, its processes."""

from __future__ import annotations

from studio.graph.document import Call, Node, Project
from studio.graph.ops.strategies import CENTRAL, MIRRORED, MULTI_WORKER, ONE, PARAMETER_SERVER, TPU
from studio.graph.wiring import upstream, wire

REPLICAS, WORKERS, SERVERS = "replicas", "workers", "servers"
"""How a strategy spreads a training: over the devices of one process, over processes that train in
step, over workers that train at their own pace with weights on servers."""

_SPREAD = {
    ONE: REPLICAS,
    MIRRORED: REPLICAS,
    CENTRAL: REPLICAS,
    TPU: REPLICAS,
    MULTI_WORKER: WORKERS,
    PARAMETER_SERVER: SERVERS,
}

CLIPS = ("clipnorm", "clipvalue", "global_clipnorm")


def spread(project: Project) -> str:
    """How the project's strategy spreads its training; empty where there is none."""
    strategy = project.distribution
    return "" if strategy is None else _SPREAD.get(strategy.op, REPLICAS)


def several(project: Project) -> bool:
    """Whether the training is, or may be, on more than one replica."""
    return project.distribution is not None and project.distribution.op != ONE


def shares_batches(project: Project) -> bool:
    """Whether each replica has, or may have, but a part of a batch."""
    return several(project) and spread(project) != SERVERS


def replicas(project: Project) -> int | None:
    """How many replicas share a batch; None where only the machine that trains can tell."""
    strategy = project.distribution
    if strategy is None or strategy.op in (ONE, PARAMETER_SERVER):
        return 1
    devices = strategy.params.get("devices") or strategy.params.get("compute_devices")
    if strategy.op in (MIRRORED, CENTRAL):
        return len(devices) if devices else strategy.virtual_devices
    tasks = sum(len(strategy.cluster.get(role, ())) for role in ("chief", "worker"))
    return tasks or None


def clips(call: Call | None) -> str:
    """The parameter by which an optimizer clips its gradients; empty where it doesn't."""
    if call is None:
        return ""
    return next((name for name in CLIPS if call.params.get(name) is not None), "")


def batch_stage(project: Project) -> Node | None:
    """The stage that makes the batches that train; None where the data graph has none."""
    graph = project.data
    if graph is None:
        return None
    wiring = wire(graph)
    end = graph.outputs.get("train", "").partition(".")[0]
    for name in reversed(wiring.order):
        if graph.nodes[name].op == "tf.data.Dataset.batch" and name in upstream(wiring, [end]):
            return graph.nodes[name]
    return None


def shared_out(batch: int, count: int) -> list[int]:
    """The parts of a batch that so many replicas of a process take; the last ones have less."""
    most = -(-batch // count)
    return [max(0, min(most, batch - most * index)) for index in range(count)]


def scaled(rate: float, how: str | None, count: int) -> float:
    """A learning rate as `scale_learning_rate` has it with so many replicas."""
    return rate * {"linear": count, "sqrt": count**0.5}.get(how or "", 1)
