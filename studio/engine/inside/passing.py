"""One pass of a batch through a model: what goes into every node of the project, and comes out."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import tensorflow as tf
from msgspec import Struct

from studio.engine.inside.calls import Called, Script, Watcher, tensors, unmoved
from studio.engine.inside.instances import Instance, instances, names_of, op_of, split
from studio.engine.node_names import BLOCK, Place
from studio.graph.document import Graph, Project, output_name
from studio.graph.ports import input_ports
from studio.graph.wiring import wire


class Made(Struct, eq=False):
    """What one call of a node was given and gave, as tensors."""

    place: Place
    prefix: str
    """Of the use of its graph: see instances.py."""
    inputs: list[Any]
    outputs: list[Any]
    number: int = 0
    """Of the repeat, from 1; 0 where the node isn't repeated."""
    layer: Any = None

    @property
    def call(self) -> str:
        """Words for which of a node's calls this is; "" for the only one."""
        number = f"repeat {self.number}" if self.number else ""
        return " · ".join(filter(None, (self.prefix, number)))


class Failed(Exception):  # noqa: N818  (it is an answer)
    """A pass that ended in an error; the node it was at, where that is known."""

    def __init__(self, error: BaseException, place: Place | None):
        super().__init__(str(error))
        self.error, self.place = error, place


class Passing:
    """Makes passes through one model of a project."""

    def __init__(self, project: Project, model: Any, script: Script | None = None):
        self.project, self.model = project, model
        self._watcher = Watcher(project, model, script)
        self._instances = instances(project)
        self._ranks = _ranks(model)
        self._by_prefix = {(each.graph, each.prefix): each for each in self._instances}

    def run(self, x: Any, training: bool = False) -> tuple[Any, dict[Place, list[Made]]]:
        """The model's outputs, and the calls of each node; nothing of the model changes.

        Raises Failed.
        """
        with unmoved():
            return self.go(x, training)

    def go(self, x: Any, training: bool = False) -> tuple[Any, dict[Place, list[Made]]]:
        """As `run`, for whoever has seen to it that nothing moves."""
        try:
            with self._watcher.watching():
                y = self.model(x, training=training)
        except Exception as error:
            failing = self._watcher.failing
            raise Failed(error, failing.place if failing is not None else None) from error
        return y, self._resolved(x, y)

    def _resolved(self, x: Any, y: Any) -> dict[Place, list[Made]]:
        """The calls that were seen, as those of nodes; what wasn't seen is found at its edges."""
        found: dict[Place, list[Made]] = defaultdict(list)
        calls: dict[tuple[Place, str], list[Called]] = defaultdict(list)
        functions: dict[Place, list[Called]] = defaultdict(list)
        for call in self._watcher.calls:
            graph, node = call.place
            if (
                call.layer is not None
                and op_of(self._graph(graph), self._node(call.place))
                and (op_of(self._graph(graph), self._node(call.place)).startswith("keras.ops."))
            ):
                functions[call.place].append(call)  # its name is one of Keras' own making
                continue
            prefix, number = split("_".join(call.path), node)
            if number and self._node(call.place).repeat == 1:
                prefix, number = "_".join(call.path[:-1]), 0
            if number:
                found[call.place].append(_made(call, call.place, prefix, number))
            else:
                calls[call.place, prefix].append(call)
        for place, several in functions.items():
            uses = [each.prefix for each in self._instances if each.graph == place[0]]
            several.sort(key=lambda call: _counted(call.layer.name))
            for prefix, call in zip(uses, several, strict=False):
                found[place].append(_made(call, place, prefix))
        for (place, prefix), several in calls.items():
            for node, call in self._whose(place, several):
                found[place[0], node].append(_made(call, (place[0], node), prefix))
        self._give_inputs(found, x)
        for use in reversed(self._instances):  # inner ones first
            self._fill(found, use, y)
        for several in found.values():
            several.sort(key=lambda made: (made.prefix, made.number))
        return dict(found)

    def _graph(self, name: str) -> Graph:
        return self.project.graph(name)

    def _node(self, place: Place) -> Any:
        return self._graph(place[0]).nodes[place[1]]

    def _whose(self, place: Place, calls: list[Called]) -> list[tuple[str, Called]]:
        """The nodes that the calls of one layer belong to: its own, and those that share it."""
        wiring = wire(self._graph(place[0]))
        nodes = [place[1], *wiring.sharers.get(place[1], ())]
        nodes.sort(key=lambda name: wiring.rank.get(name, 0))
        if len(nodes) == 1:
            return [(place[1], calls[-1])]
        ranks = self._ranks.get(id(calls[0].layer), list(range(len(calls))))
        pairs = zip(ranks, calls, strict=False)
        return [(nodes[rank], call) for rank, call in pairs if rank < len(nodes)]

    def _give_inputs(self, found: dict[Place, list[Made]], x: Any) -> None:
        nodes = self.project.model.nodes
        names = [name for name in nodes if nodes[name].op == "keras.Input"]
        order = wire(self.project.model).order
        names.sort(key=lambda name: order.index(name) if name in order else 0)
        if isinstance(x, dict):
            given = {name: x[name] for name in names if name in x}
        else:
            given = dict(zip(names, x if isinstance(x, (tuple, list)) else [x], strict=False))
        for name, value in given.items():
            found["model", name] = [Made(("model", name), "", [], tensors(value))]

    def _fill(self, found: dict[Place, list[Made]], use: Instance, y: Any) -> None:
        """Nodes of one use of a graph that weren't called as layers."""
        graph = self._graph(use.graph)
        wiring = wire(graph)
        for name in reversed(wiring.order):
            place, node = (use.graph, name), graph.nodes[name]
            if any(made.prefix == use.prefix for made in found.get(place, ())):
                continue
            if op_of(graph, node).startswith(BLOCK):
                self._fill_block(found, place, use)
                continue
            value = self._given_on(found, use, name)
            if value is None and use.graph == "model":
                value = self._result(y, name)
            if value is not None:
                inputs = [
                    tensor
                    for edge in wiring.incoming[name]
                    for tensor in self._output(found, use, edge.source)
                ]
                found[place].append(Made(place, use.prefix, inputs, [value]))

    def _fill_block(self, found: dict[Place, list[Made]], place: Place, use: Instance) -> None:
        """A block that is no layer gives what the nodes at its end give."""
        node = self._node(place)
        block = self.project.graph(node.op or "")
        if block is None:
            return
        uses = names_of(use.prefix, node)
        for number, prefix in enumerate(uses, 1):
            inner = self._by_prefix.get((node.op, prefix))
            if inner is None:
                continue
            outputs = [
                tensor for end in block.outputs for tensor in self._output(found, inner, end)[:1]
            ]
            if outputs:
                entering = [name for name in block.nodes if block.nodes[name].op == "keras.Input"]
                inputs = [t for name in entering for t in self._output(found, inner, name)]
                repeat = number if len(uses) > 1 else 0
                found[place].append(Made(place, use.prefix, inputs, outputs, repeat))

    def _output(self, found: dict[Place, list[Made]], use: Instance, end: str) -> list[Any]:
        """The tensor that leaves "node" or "node.port" in one use of a graph, as a list of it."""
        from studio.graph.ports import output_ports

        name, _, port = end.partition(".")
        several = [m for m in found.get((use.graph, name), ()) if m.prefix == use.prefix]
        if not several:
            return []
        outputs = several[-1].outputs
        graph = self._graph(use.graph)
        ports = output_ports(self.project, graph.nodes[name], graph)
        index = ports.index(port) if port in ports else 0
        return outputs[index : index + 1]

    def _given_on(self, found: dict[Place, list[Made]], use: Instance, name: str) -> Any:
        """What a node's output is as the next node was given it; None where none tells."""
        graph = self._graph(use.graph)
        wiring = wire(graph)
        for edge in wiring.outgoing[name]:
            if edge.source_port and edge.source_port != _first(self.project, graph, name):
                continue
            target = edge.target_node
            several = [m for m in found.get((use.graph, target), ()) if m.prefix == use.prefix]
            if not several:
                continue
            ports = [port.name for port in input_ports(self.project, graph.nodes[target], graph)]
            arriving = sorted(
                wiring.incoming[target],
                key=lambda e: ports.index(e.target_port) if e.target_port in ports else 0,
            )
            inputs = several[0].inputs
            if len(inputs) == len(arriving):
                return inputs[arriving.index(edge)]
        return None

    def _result(self, y: Any, name: str) -> Any:
        """The model's output that a node makes."""
        ends = self.project.model.outputs
        mine = [end for end in ends if end.partition(".")[0] == name]
        if not mine:
            return None
        if isinstance(y, dict):
            return y.get(output_name(mine[0]))
        several = tensors(y)
        return several[ends.index(mine[0])] if len(several) == len(ends) else None


def _first(project: Project, graph: Graph, name: str) -> str:
    from studio.graph.ports import output_ports

    ports = output_ports(project, graph.nodes[name], graph)
    return ports[0] if ports else ""


def _made(call: Called, place: Place, prefix: str, number: int = 0) -> Made:
    return Made(place, prefix, call.inputs, call.outputs, number, call.layer)


def _counted(name: str) -> int:
    """log, log_1, log_2, ..."""
    number = name.rpartition("_")[2]
    return int(number) if number.isdigit() else 0


def _ranks(model: Any) -> dict[int, list[int]]:
    """Of the layers that a functional model calls several times: the k-th call is the n-th made.

    Keras calls them by their depth in the graph, which need not be the order in which they were
    made; the order of the script's calls is that.
    """
    by_depth = getattr(model, "_nodes_by_depth", None)
    if not by_depth:
        return {}
    called: dict[int, list[Any]] = defaultdict(list)
    for depth in sorted(by_depth, reverse=True):
        for node in by_depth[depth]:
            if node.operation is not None and not node.is_input:
                called[id(node.operation)].append(node)
    found = {}
    for key, nodes in called.items():
        if len(nodes) > 1:
            made = [n for n in nodes[0].operation._inbound_nodes if n in nodes]
            found[key] = [made.index(node) for node in nodes]
    return found


def first_batch(dataset: Any) -> Any:
    """The first batch of a dataset."""
    return next(iter(dataset))


def sample_count(x: Any) -> int:
    """Samples in a batch of features."""
    first = tf.nest.flatten(x)[0]
    return int(first.nrows() if isinstance(first, tf.RaggedTensor) else first.shape[0])
