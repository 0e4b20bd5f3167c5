"""Layers that measure the training data before training, and what of it reaches them.

Keras calls this `adapt()`: means and variances, vocabularies, the borders of bins. The
script has it done once, on the training split alone, and saves the result with the model.
"""

from __future__ import annotations

from msgspec import Struct

from studio.graph.bypass import through
from studio.graph.chain import called_nodes
from studio.graph.document import ModelGraph, Node, Project
from studio.graph.elements import Elements, Structure, features
from studio.graph.infer import Shapes
from studio.graph.spec import Spec
from studio.graph.wiring import Wiring, wire

MEASURED = {
    "keras.layers.Normalization": ("mean", "variance"),
    "keras.layers.Discretization": ("bin_boundaries",),
    "keras.layers.StringLookup": ("vocabulary",),
    "keras.layers.IntegerLookup": ("vocabulary",),
    "keras.layers.TextVectorization": ("vocabulary",),
}
"""layer -> its parameters that adapt() measures where none of them is given."""


class Feed(Struct, frozen=True):
    """A tensor of the data's features that is given to a layer by an input of the model."""

    input: str
    key: str | int | None
    """Where it is in the features: a name, a place, or None where it is all of them."""
    axes: int = 0
    """1 where the data leaves out the input's last axis of 1, -1 where it has one too many."""


class Adapted(Struct, frozen=True):
    """A layer to be adapted.

    `feeds` has one for each call of the layer; it is empty where other nodes
    stand between the inputs and the layer.
    """

    node: str
    name: str
    """What the layer is called in Keras."""
    feeds: tuple[Feed, ...]


class Unadapted(Struct, frozen=True):
    """A layer that would have to be adapted, and why the script can't."""

    node: str
    reason: str
    hint: str


def unmeasured(node: Node) -> tuple[str, ...]:
    """The parameters that adapt() would have to find for a layer; empty where they are given."""
    names = MEASURED.get(node.op or "", ())
    return () if any(node.params.get(name) is not None for name in names) else names


def adapted(project: Project, model: Shapes, train: Elements | None) -> list[Adapted | Unadapted]:
    """The layers of the model that measure the training data, each behind those that feed it."""
    if project.model is None or train is None:
        return []
    graph = through(project, project.model)
    look = _Look(graph, wire(graph), model, features(train.structure))
    nodes = [graph.nodes[name] for name in called_nodes(graph)]
    return [look.at(node) for node in nodes if node.shares is None and unmeasured(node)]


class _Look(Struct, frozen=True):
    graph: ModelGraph
    wiring: Wiring
    model: Shapes
    given: Structure

    def at(self, node: Node) -> Adapted | Unadapted:
        """How a layer is adapted."""
        calls = [node.id, *self.wiring.sharers.get(node.id, ())]
        feeds = [self.feed(call) for call in calls]
        name = node.params.get("name") or node.id
        if all(feeds):
            return Adapted(node.id, name, tuple(feeds))
        if len(calls) > 1:
            return Unadapted(
                node.id,
                f"is called {len(calls)} times, and not by inputs alone",
                "Lead inputs to it, or have a layer for each call.",
            )
        return Adapted(node.id, name, ())

    def feed(self, call: str) -> Feed | None:
        """What of the features a call is given; None where no input feeds it directly."""
        edges = self.wiring.incoming[call]
        source = edges[0].source_node if len(edges) == 1 else ""
        if not source or self.graph.nodes[source].op != "keras.Input":
            return None
        key: str | int | None = None
        if isinstance(self.given, dict):
            key = source
        elif isinstance(self.given, tuple):
            inputs = [node.id for node in self.graph.nodes.values() if node.op == "keras.Input"]
            key = inputs.index(source)
        try:
            spec = self.given if key is None else self.given[key]
        except (KeyError, IndexError):
            return Feed(source, key)  # that it is missing is said where data and model meet
        wanted = self.model.at(source)
        known = isinstance(spec, Spec) and isinstance(wanted, Spec)
        axes = wanted.rank - spec.rank if known else 0
        return Feed(source, key, axes if axes in (1, -1) else 0)
