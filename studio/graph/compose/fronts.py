"""The model's side of a table: its inputs, and the layers that prepare what comes in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from studio.graph.catalogue.registry import find
from studio.graph.compose.draft import Draft, graph_of
from studio.graph.compose.fitting import BINS, head_of, layers_of_words
from studio.graph.compose.maps_of_columns import maps_behind
from studio.graph.compose.names import fresh_id
from studio.graph.compose.remove import delete_and_heal, take_out
from studio.graph.document import Call, Edge, Graph, Node, Project
from studio.graph.edits import Connect, ResetParam, SetParam, SetTraining
from studio.graph.elements import Elements, label
from studio.graph.layout.layered import NODE, NODE_GAP
from studio.graph.ops.sources import Feature
from studio.graph.part_edits import AddPart, Rewire
from studio.graph.rule import Args
from studio.graph.spec import Refused, Spec
from studio.graph.tables import Column

if TYPE_CHECKING:
    from studio.graph.compose.columns import Editing, Use

LAYERS = "keras.layers."
JOIN = f"{LAYERS}Concatenate"
_PREPARING = frozenset(
    (
        *("Normalization", "Rescaling", "Discretization", "CategoryEncoding", "Hashing"),
        *("StringLookup", "IntegerLookup", "TextVectorization", "Embedding"),
        *("Flatten", "Reshape", "GlobalAveragePooling1D"),
    )
)
_VECTORS = ("one_hot", "multi_hot", "count", "tf_idf")
BUCKETS = 10
"""Ranges that numbers are put into."""
MOST_CODES = 1000
"""Whole numbers that are looked up one by one."""
PARTS = ("year", "month", "weekday")
"""What a date is taken apart into, where nothing else is said."""
_ROW = NODE[1] + NODE_GAP + 24


class Chain(Struct, frozen=True):
    """The layers behind an input that only prepare it, and the edges that leave the last."""

    nodes: tuple[str, ...]
    ways_out: tuple[Edge, ...]


class Fronts:
    """What stands between a table's features and the rest of the model."""

    def __init__(self, project: Project, source: str, features: Mapping[str, Feature]):
        self.maps = maps_behind(graph_of(project, "data"), source)
        model = graph_of(project, "model")
        self._nodes = model.nodes
        self.inputs: dict[str, tuple[str, ...]] = {}
        """Feature -> the inputs of the model that it feeds: several where it is a date."""
        for name in features:
            wanted = [name]
            if name in self.maps.dates:
                parts = _params(project, self.maps.dates[name]).get("parts", PARTS)
                wanted = [f"{name}_{part}" for part in parts]
            there = (each for each in wanted if _is_input(model, each))
            self.inputs[name] = tuple(there)
        named = (each for inputs in self.inputs.values() for each in inputs)
        self.chains = {name: _chain(model, name) for name in named}

    @property
    def there(self) -> bool:
        """Whether the model takes the table at all."""
        return bool(self.chains)

    def way(self, feature: str) -> tuple[str, str]:
        """(kind, way) of a feature by its layers; the kind is "" where they don't tell."""
        inputs = self.inputs.get(feature, ())
        if len(inputs) != 1:
            return "", "as it is"
        nodes = [self._nodes[name] for name in self.chains[inputs[0]].nodes]
        ops = [str(node.op).removeprefix(LAYERS) for node in nodes]
        if not ops:
            return "", "as it is"
        vectors = nodes[0].params.get("output_mode", "") in _VECTORS
        if ops == ["Normalization"]:
            return "number", "normalised"
        if ops == ["Discretization"]:
            return "number", "buckets"
        if ops[0] in ("StringLookup", "IntegerLookup") and vectors and len(ops) == 1:
            return "category", "one-hot"
        if ops[0] in ("StringLookup", "IntegerLookup") and ops[1:] == ["Embedding", "Flatten"]:
            return "category", "embedding"
        if ops == ["Hashing"] and vectors:
            return "category", "hashed"
        if ops[0] == "TextVectorization":
            return "text", "words"
        return "", "own layers"

    def follow(
        self,
        draft: Draft,
        editing: Editing,
        wanted: Mapping[str, Use],
        new: Mapping[str, list[str]],
        changed: set[str],
    ) -> None:
        """Brings inputs and the layers behind them in line with the features."""
        if not self.there:
            return
        old = editing.features()
        kept = {
            name
            for name in new
            if name in old and any(c in old[name].columns and c not in changed for c in new[name])
        }
        joint = self._joint()
        through = [edge for chain in self.chains.values() for edge in chain.ways_out]
        targets = list(dict.fromkeys(edge.target for edge in through))
        outputs = [end for end in draft.graph.outputs if end in self._ends()]
        gone = [n for f in self.inputs if f not in kept for n in self._with_layers(f)]
        ends = [self._end(i) for f in self.inputs if f in kept for i in self.inputs[f]]
        places = [self._nodes[name].at or (0.0, 0.0) for name in self.chains]
        if gone:
            take_out(draft, tuple(gone))
        for name in kept:
            columns = new[name]
            if len(columns) != len(old[name].columns) and self.inputs[name]:
                self._widen(draft, self.inputs[name][0], len(columns))
        added = []
        x, y = max(at[0] for at in places), min(at[1] for at in places)
        for name, columns in new.items():
            if name in kept or wanted[columns[0]].role != "feature":
                continue
            for wish, call, layers in _made(name, columns, wanted, editing.table.columns):
                x += NODE[0] + NODE_GAP
                added.append(_put(draft, wish, call, layers, (x, y)))
        if joint is not None:
            draft.do(*(Connect("model", end, joint) for end in added))
            left = [edge for edge in draft.graph.edges if edge.target_node == joint]
            if len(left) == 1:
                draft.do(delete_and_heal(draft.project, "model", [joint]))
        elif added:
            self._join(draft, [*ends, *added], targets, outputs, (x / 2, y + 3 * _ROW))

    def _widen(self, draft: Draft, name: str, width: int) -> None:
        """Another number of columns: what was known of each is measured anew."""
        draft.do(SetParam("model", name, "shape", [width]))
        for node in self.chains[name].nodes:
            given = draft.graph.nodes[node].params
            known = [key for key in ("mean", "variance") if isinstance(given.get(key), list)]
            draft.do(*(ResetParam("model", node, key) for key in known))

    def _join(
        self, draft: Draft, ends: list[str], targets: list[str], outputs: list[str], at: Any
    ) -> None:
        """Leads ends to what the inputs led to: joined, where there are several."""
        end = ends[0]
        if len(ends) > 1:
            end = fresh_id(draft.graph.nodes, "joined")
            draft.do(AddPart("model", (Node(end, JOIN, at=at),)))
        there = [edge for edge in draft.graph.edges if edge.target in targets]
        moved = tuple((edge, Edge(end, edge.target)) for edge in there if edge.source in ends)
        if moved and len(ends) > 1:
            draft.do(Rewire("model", moved))
        fed = {edge.target for edge in draft.graph.edges}
        draft.do(*(Connect("model", end, target) for target in targets if target not in fed))
        if len(ends) > 1:
            draft.do(*(Connect("model", each, end) for each in ends))
        if outputs:
            draft.set_outputs((*draft.graph.outputs, end))

    def new_head(self, draft: Draft, editing: Editing, wanted: Mapping[str, Use]) -> None:
        """Last layers, loss and metric for another label, in the place of those there are."""
        graph, training = draft.graph, draft.project.training
        name = next((n for n, use in wanted.items() if use.role == "label"), None)
        if name is None or training is None or len(graph.outputs) != 1:
            return
        old = _head_nodes(graph, graph.outputs[0])
        try:
            elements = _elements(draft.project, editing)
        except Refused:
            return  # the problem is told at the source
        spec = label(elements.structure)
        if not old or not isinstance(spec, Spec) or graph.outputs[0] not in training.losses:
            return
        batches = Spec((None, *spec.shape), spec.dtype)
        head = head_of(batches, elements.labels, elements.classes, True, elements.count)
        fed = [edge.source for edge in graph.edges if edge.target_node == old[-1]]
        if head is None or len(fed) != 1:
            return
        at = graph.nodes[old[-1]].at
        free = {each for each in graph.nodes if each not in old}
        end, nodes, edges = fed[0], [], []
        *_, last = head.layers
        for row, layer in enumerate(head.layers):
            made = fresh_id(free, name if layer is last else "score")
            free.add(made)
            place = None if at is None else (at[0], at[1] + row * _ROW)
            nodes.append(Node(made, layer.op, params=layer.params, at=place))
            edges.append(Edge(end, made))
            end = made
        _exchange(draft, old, nodes, edges, end)
        draft.do(SetTraining("losses", {end: head.loss}))
        draft.do(SetTraining("metrics", {end: (head.metric,)}))

    def _joint(self) -> str | None:
        """The node that joins most of the inputs; None where none does."""
        targets = Counter(
            edge.target_node
            for chain in self.chains.values()
            for edge in chain.ways_out
            if self._nodes[edge.target_node].op == JOIN
        )
        return targets.most_common(1)[0][0] if targets else None

    def _end(self, name: str) -> str:
        """What an input became."""
        return self.chains[name].nodes[-1] if self.chains[name].nodes else name

    def _ends(self) -> set[str]:
        return {self._end(name) for name in self.chains}

    def _with_layers(self, feature: str) -> Iterable[str]:
        for name in self.inputs[feature]:
            yield name
            yield from self.chains[name].nodes


def _is_input(model: Graph, name: str) -> bool:
    return name in model.nodes and model.nodes[name].op == "keras.Input"


def _params(project: Project, node: str) -> dict[str, Any]:
    return graph_of(project, "data").nodes[node].params["function"].get("params", {})


def _chain(model: Graph, name: str) -> Chain:
    nodes: list[str] = []
    shared = {node.shares for node in model.nodes.values() if node.shares is not None}
    arriving = Counter(edge.target_node for edge in model.edges)
    while True:
        edges = tuple(edge for edge in model.edges if edge.source_node == name)
        follows = [edge.target_node for edge in edges]
        node = model.nodes[follows[0]] if len(follows) == 1 else None
        prepares = node is not None and str(node.op).removeprefix(LAYERS) in _PREPARING
        if not prepares or arriving[node.id] > 1 or node.id in shared:
            return Chain(tuple(nodes), edges)
        name = node.id
        nodes.append(name)


def _made(
    name: str, columns: list[str], wanted: Mapping[str, Use], table: Mapping[str, Column]
) -> list[tuple[str, Call, list[Call]]]:
    """The inputs of a new feature: what each is called, it, and the layers behind it."""
    use = wanted[columns[0]]
    if use.kind == "date":
        one = Call("keras.Input", {"shape": [1], "dtype": "int32"})
        return [(f"{name}_{part}", one, [Call(f"{LAYERS}Normalization")]) for part in PARTS]
    params: dict[str, Any] = {"shape": [len(columns)]}
    if use.kind != "number":
        params["dtype"] = "string"
    return [(name, Call("keras.Input", params), _layers(use, table[columns[0]]))]


def _layers(use: Use, column: Column) -> list[Call]:
    if use.kind == "text":
        return layers_of_words()
    if use.kind == "category":
        return _codes(use.way, column)
    if use.way == "normalised":
        return [Call(f"{LAYERS}Normalization")]
    if use.way == "buckets":
        params = {"num_bins": BUCKETS, "output_mode": "one_hot"}
        return [Call(f"{LAYERS}Discretization", params)]
    return []


def _codes(way: str, column: Column) -> list[Call]:
    """The layers of a category: looked up, or put into bins where there are too many."""
    known = int(column.high - column.low) + 1 if column.number else len(column.texts)
    if way == "hashed" or known > MOST_CODES:
        return [Call(f"{LAYERS}Hashing", {"num_bins": BINS, "output_mode": "one_hot"})]
    tokens = known + 1 + bool(column.empty)  # one for what training has never seen
    if way == "embedding":
        vector = {"input_dim": tokens, "output_dim": min(50, max(2, round(tokens**0.5)))}
        return [
            Call(f"{LAYERS}StringLookup", {"max_tokens": tokens}),
            Call(f"{LAYERS}Embedding", vector),
            Call(f"{LAYERS}Flatten"),
        ]
    params = {"max_tokens": tokens, "output_mode": "one_hot", "pad_to_max_tokens": True}
    return [Call(f"{LAYERS}StringLookup", params)]


_CALLED = {
    "Normalization": "scaled",
    "Discretization": "ranges",
    "StringLookup": "code",
    "Hashing": "bins",
    "TextVectorization": "words",
    "Embedding": "vector",
    "Flatten": "flat",
}


def _put(draft: Draft, wish: str, call: Call, layers: list[Call], at: tuple[float, float]) -> str:
    """Adds an input, and the layers behind it; the last of them."""
    end = fresh_id(draft.graph.nodes, wish)
    nodes, edges = [Node(end, call.op, params=call.params, at=at)], []
    taken = {*draft.graph.nodes, end}
    for row, layer in enumerate(layers, 1):
        name = fresh_id(taken, f"{wish}_{_CALLED[layer.op.removeprefix(LAYERS)]}")
        taken.add(name)
        place = (at[0], at[1] + row * _ROW)
        nodes.append(Node(name, layer.op, params=layer.params, at=place))
        edges.append(Edge(end, name))
        end = name
    draft.do(AddPart("model", tuple(nodes), tuple(edges)))
    return end


def _head_nodes(graph: Graph, end: str) -> list[str]:
    """The layers that make the output, the last first: a Dense, with a Rescaling behind it."""
    node = graph.nodes.get(end)
    found = []
    if node is not None and node.op == f"{LAYERS}Rescaling":
        found.append(end)
        fed = [edge.source for edge in graph.edges if edge.target_node == end]
        node = graph.nodes.get(fed[0]) if len(fed) == 1 else None
    if node is None or node.op != f"{LAYERS}Dense":
        return []
    found.append(node.id)
    others = [e for e in graph.edges if e.source_node in found and e.target_node not in found]
    return [] if others else found


def _exchange(draft: Draft, old: list[str], nodes: list[Node], edges: list[Edge], end: str) -> None:
    """Puts nodes in the place of others, also where both have the same name."""
    names = {node.id: fresh_id(draft.graph.nodes, f"{node.id}_new") for node in nodes}

    def led(one: str) -> str:
        return names.get(one, one) if any(one == node.id for node in nodes) else one

    # A new node's own feeder may be called as it is: only among the new ones names differ.
    inner = {edge.target for edge in edges}
    made = tuple(replace(node, id=names[node.id]) for node in nodes)
    wires = tuple(
        Edge(led(edge.source) if edge.source in inner else edge.source, led(edge.target))
        for edge in edges
    )
    draft.do(AddPart("model", made, wires))
    draft.set_outputs((led(end),), {draft.graph.outputs[0]: led(end)})
    take_out(draft, tuple(old))
    from studio.graph.compose.change import rename

    for name, other in names.items():
        draft.do(rename(draft.project, "model", other, name))


def _elements(project: Project, editing: Editing) -> Elements:
    """What leaves the source of a project."""
    node = graph_of(project, "data").nodes[editing.source]
    op = find(node.op)
    return op.rule(Args(op.filled(node.params), folder=editing.folder))
