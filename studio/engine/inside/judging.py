"""What is wrong inside a model, as its figures tell: layers that are dead, that explode or don't
learn, numbers that are none. Needs no TensorFlow."""

from __future__ import annotations

import math
from typing import Any

from msgspec import Struct

from studio.engine.inside.instances import op_of, place_of_key
from studio.graph.document import Graph, Node, Project, owner

DEAD, UNITS = 0.98, 0.5
"""The share of zeros, or of units that give nothing for the whole batch, from which a layer with
a ReLU is dead."""

LOUD, MOVED = 1e3, 0.1
"""The gradient's norm from which it explodes; the share of their norm by which a step then moves
weights that it has taken hold of."""

FAINT, BESIDE = 1e-7, 1e-5
"""The gradient's norm below which it has vanished; also where it is such a part of the largest."""

RELUS = ("relu", "relu6")
RELU_OPS = ("keras.layers.ReLU", "keras.ops.relu", "keras.ops.relu6")


class Finding(Struct, frozen=True):
    """What is wrong with a node: `kind` is not-finite, exploding, dead or vanishing."""

    kind: str
    message: str
    mend: str

    @property
    def severe(self) -> bool:
        """Whether the training is lost unless it is mended."""
        return self.kind == "not-finite"


def judge(project: Project, event: dict[str, Any]) -> dict[str, Finding]:
    """What an event of the kind "inside" says is wrong, by the names of nodes."""
    found: dict[str, Finding] = {}
    gradients = (event.get("gradients") or {}).get("nodes", {})
    most = max((n for n in gradients.values() if _finite(n)), default=0.0)
    activations, weights = event.get("activations") or {}, event.get("weights") or {}
    for key in {*gradients, *activations, *weights}:
        finding = (
            _not_finite(key, activations, gradients, weights)
            or _exploding(gradients.get(key), weights.get(key, {}))
            or _dead(project, key, activations.get(key, {}))
            or _vanishing(gradients.get(key, math.inf), weights.get(key, {}), most)
        )
        if finding is not None:
            found[key] = finding
    return found


def _finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _not_finite(
    key: str, activations: dict[str, Any], gradients: dict[str, Any], weights: dict[str, Any]
) -> Finding | None:
    bad = activations.get(key, {}).get("bad") or 0.0
    if bad:
        what = f"{share(bad)} of what it gives are no finite numbers"
    elif key in weights and not _finite(weights[key].get("norm")):
        what = "its weights aren't finite numbers any more"
    elif key in gradients and not _finite(gradients[key]):
        what = "its gradient isn't a finite number"
    else:
        return None
    mend = (
        "A smaller learning rate, clipped gradients (clipnorm) or inputs rescaled to about -1 to 1 "
        "usually mend this; a logarithm or a division at 0 does so too."
    )
    return Finding("not-finite", f"Not finite: {what}.", mend)


def _exploding(gradient: float | None, weights: dict[str, Any]) -> Finding | None:
    moved = weights.get("update") or 0.0
    mend = "A smaller learning rate, a warm-up or clipped gradients (clipnorm) usually mend this."
    if gradient is not None and gradient > LOUD:
        said = f"Exploding: the norm of its gradient is {figure(gradient)}."
        return Finding("exploding", said, mend)
    if moved > MOVED:
        said = f"Exploding: one step changes its weights by {share(moved)} of their size."
        return Finding("exploding", said, mend)
    return None


def _dead(project: Project, key: str, told: dict[str, Any]) -> Finding | None:
    graph, node = _node(project, key)
    if node is None or not is_relu(graph, node):
        return None
    zeros, dead = told.get("zeros") or 0.0, told.get("dead") or 0.0
    if zeros < DEAD and dead < UNITS:
        return None
    what = f"{share(zeros)} of what it gives are zeros"
    if dead:
        what += f", and {share(dead)} of its units give nothing else for the whole batch"
    mend = (
        "A smaller learning rate, a LeakyReLU or gelu in its place, or He initialisation "
        "(he_normal) usually mend this."
    )
    return Finding("dead", f"Dead: {what}.", mend)


def _vanishing(gradient: float | None, weights: dict[str, Any], most: float) -> Finding | None:
    if gradient is None or not weights.get("norm"):
        return None
    if gradient >= FAINT and (gradient >= BESIDE * most or (weights.get("update") or 1.0) > BESIDE):
        return None
    if not most:
        said = "Vanishing: no gradient reaches it."
    else:
        said = (
            f"Vanishing: the norm of its gradient is {figure(gradient)}, "
            f"the largest of the model {figure(most)}."
        )
    mend = (
        "Skip connections, a normalisation layer before it, a ReLU in the place of sigmoid or "
        "tanh, or fewer layers behind it usually mend this."
    )
    return Finding("vanishing", said, mend)


def _node(project: Project, key: str) -> tuple[Graph | None, Node | None]:
    name, node = place_of_key(key)
    graph = project.graph(name)
    return graph, graph.nodes.get(node) if graph is not None else None


def is_relu(graph: Graph, node: Node) -> bool:
    """Whether a node ends in a ReLU: only there zeros mean that a unit gives nothing."""
    made = owner(graph, node) or node
    activation = made.params.get("activation")
    if isinstance(activation, dict):
        activation = str(activation.get("op", "")).rpartition(".")[2]
    return op_of(graph, node) in RELU_OPS or str(activation).lower() in RELUS


def share(value: float) -> str:
    """A share in per cent."""
    percent = 100 * value
    return f"{percent:.0f} %" if percent >= 10 else f"{percent:.2g} %"


def figure(value: float | None) -> str:
    """A number in three digits; a dash where there is none."""
    if not _finite(value):
        return "-" if value is None else str(value)
    return f"{value:.3g}"
