"""A Keras model's own configuration (model.get_config(), model.to_json()) -> a project.

Functional and Sequential models, layer by layer and edge by edge; a model in a
model becomes a block, an operation of keras.ops the function it calls. Layers
that aren't Keras' own are code of the project where their source is given, and
refused by name where it isn't.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct, field

from studio.graph.catalogue.registry import find
from studio.graph.code import outline
from studio.graph.document import Block, Code, Edge, ModelGraph, Node, Project, output_name
from studio.graph.ports import call_params
from studio.graph.problems import StudioError
from studio.graph.serialised import argument_names, parameters, path_of, plain

_TENSOR = "__keras_tensor__"


def import_model(config: dict[str, Any], own: Mapping[str, Code] | None = None) -> Project:
    """The project of a Functional or Sequential model: its graph, and the blocks and code in it.

    `own` is the source of layers that aren't Keras', by their class's name.
    Raises StudioError with the layer's name where one can't be a node.
    """
    models = _Models(own or {})
    read = models.read(config)
    lost = [name for name in read.inputs if not read.nodes[name].params]
    if lost:
        raise StudioError(
            "The model has no input shape yet. Call its build, then take its configuration."
        )
    graph = ModelGraph(read.nodes, tuple(read.edges), outputs=tuple(read.outputs))
    name = config.get("name") or ""
    return Project(name=name, model=graph, blocks=models.blocks, code=models.code)


class _Read(Struct):
    """A model as it was read."""

    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)


class _Models:
    """Models in models, and what all of them need of the project."""

    def __init__(self, own: Mapping[str, Code]):
        self.own = own
        self.blocks: dict[str, Block] = {}
        self.code: dict[str, Code] = {}
        self.taken = set(own)

    def read(self, config: dict[str, Any]) -> _Read:
        """One model, with its blocks noted before it."""
        if "input_layers" in config:
            return _Functional(self, config).read
        if "layers" in config:
            return _sequential(self, config)
        raise StudioError("Only the configuration of a Functional or Sequential model can be read.")

    def call(self, entry: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """What a layer's node calls: op and params."""
        kind, config = entry["class_name"], entry["config"]
        if "layers" in config:
            name = _identifier(config.get("name") or kind.lower(), self.taken)
            inner = self.read(config)
            # A block's input takes the shape of what is fed.
            nodes = inner.nodes | {each: Node(each, op="keras.Input") for each in inner.inputs}
            self.blocks[name] = Block(
                nodes,
                tuple(inner.edges),
                inputs=tuple(inner.inputs),
                outputs=tuple(inner.outputs),
            )
            return f"block:{name}", {}
        if kind in self.own and find(f"{entry.get('module')}.{kind}") is None:
            self.code[kind] = self.own[kind]
            known = outline(kind, self.own[kind]).parameters
            params = {key: plain(item) for key, item in config.items() if key in known}
            return f"code:{kind}", params
        path = path_of(entry)
        return path, parameters(path, config)

    def ports(self, op: str) -> tuple[str, ...]:
        """The names of a node's input ports."""
        if op.startswith("block:"):
            return self.blocks[op[6:]].inputs
        if op.startswith("code:"):
            return outline(op[5:], self.code[op[5:]]).tensors or ("inputs",)
        return tuple(port.name for port in find(op).inputs)

    def arguments(self, op: str, call: dict[str, Any]) -> dict[str, Any]:
        """What a node is called on, by the name of its port or parameter."""
        given, described = call["args"], find(op)
        if op.startswith("block:"):
            return dict(zip(self.ports(op), _tensors(given), strict=True))
        if described is None:
            return dict(zip(self.ports(op), given, strict=False)) | call["kwargs"]
        if described.inputs and described.inputs[0].spread:
            return {described.inputs[0].name: given} | call["kwargs"]
        return dict(zip(argument_names(described), given, strict=False)) | call["kwargs"]

    def outputs(self, op: str, params: dict[str, Any]) -> tuple[str, ...]:
        """The names of a node's output ports."""
        if op.startswith("block:"):
            return tuple(map(output_name, self.blocks[op[6:]].outputs))
        described = find(op)
        return described.output_names(params) if described else ("output",)


def _identifier(name: str, taken: set[str]) -> str:
    """A layer's name as a node's id."""
    found = re.sub(r"[^A-Za-z0-9_]", "_", name)
    found = found if found[:1].isalpha() else f"layer_{found.strip('_')}"
    while found in taken or keyword.iskeyword(found):
        found += "_"
    taken.add(found)
    return found


class _Functional:
    def __init__(self, models: _Models, config: dict[str, Any]):
        self.models = models
        self.read = _Read()
        # (layer, which of its calls) -> the node's id
        self.ids: dict[tuple[str, int], str] = {}
        taken: set[str] = set()
        for entry in config["layers"]:
            for index in range(max(1, len(entry["inbound_nodes"]))):
                self.ids[entry["name"], index] = _identifier(entry["name"], taken)
        for entry in config["layers"]:
            self._nodes(entry)
        for entry in config["layers"]:
            for index, call in enumerate(entry["inbound_nodes"]):
                self._edges(self.ids[entry["name"], index], call)
        self.read.inputs = [self._end(each) for each in _histories(config["input_layers"])]
        # There, and only there, Keras counts the calls of a Functional model from 1.
        models = {e["name"] for e in config["layers"] if "input_layers" in e["config"]}
        self.read.outputs = [
            self._end([layer, call - (layer in models), port])
            for layer, call, port in _histories(config["output_layers"])
        ]

    def _nodes(self, entry: dict[str, Any]) -> None:
        """A node for each call of a layer; a function has nothing that calls could share."""
        op, params = self.models.call(entry)
        first = self.ids[entry["name"], 0]
        own = _of_call(op, entry["inbound_nodes"][0]) if entry["inbound_nodes"] else {}
        self.read.nodes[first] = Node(first, op=op, params=params | own)
        for index in range(1, len(entry["inbound_nodes"])):
            name = self.ids[entry["name"], index]
            own = _of_call(op, entry["inbound_nodes"][index])
            again = {"op": op, "params": params | own} if _is_function(op) else {"shares": first}
            self.read.nodes[name] = Node(name, **({"params": own} | again))

    def _edges(self, name: str, call: dict[str, Any]) -> None:
        """The edges into one call: tensors by position, then by name; a function's literals."""
        node = self._made(name)
        literals = {}
        for port, value in self.models.arguments(node.op, call).items():
            ends = [self._end(tensor["config"]["keras_history"]) for tensor in _tensors(value)]
            target = name if self.models.ports(node.op) == (port,) else f"{name}.{port}"
            self.read.edges += [Edge(end, target) for end in ends]
            if not ends and value is not None and _is_function(node.op):
                literals[port] = plain(value, name)
        if literals:
            self.read.nodes[name] = Node(name, op=node.op, params=node.params | literals)

    def _made(self, name: str) -> Node:
        node = self.read.nodes[name]
        return self.read.nodes[node.shares] if node.shares else node

    def _end(self, history: list[Any]) -> str:
        layer, call, port = history[:3]
        name = self.ids[layer, call]
        if not port:
            return name
        node = self.read.nodes[name]
        params = call_params(ModelGraph(self.read.nodes), node)
        return f"{name}.{self.models.outputs(self._made(name).op, params)[port]}"


def _of_call(op: str, call: dict[str, Any]) -> dict[str, Any]:
    """What a call is told beside its tensors, where that isn't the default."""
    described = find(op)
    own = described.of_call(call["kwargs"]) if described is not None else {}
    return {key: value for key, value in own.items() if value != described.params[key].default}


def _is_function(op: str) -> bool:
    described = find(op)
    return described is not None and described.kind == "function"


def _tensors(value: Any) -> Iterator[dict[str, Any]]:
    """All tensors in a call's argument; those of a dict by its sorted keys."""
    if isinstance(value, dict) and value.get("class_name") == _TENSOR:
        yield value
    elif isinstance(value, dict):
        for _, item in sorted(value.items()):
            yield from _tensors(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _tensors(item)


def _histories(value: Any) -> Iterator[list[Any]]:
    """The [layer, call, tensor] triples of inputs or outputs, whatever structure they have."""
    if isinstance(value, dict):
        for _, item in sorted(value.items()):
            yield from _histories(item)
    elif value and isinstance(value[0], str):
        yield list(value)
    else:
        for item in value:
            yield from _histories(item)


def _sequential(models: _Models, config: dict[str, Any]) -> _Read:
    read = _Read()
    taken: set[str] = set()
    entries = list(config["layers"])
    if not entries or entries[0]["class_name"] != "InputLayer":
        shape = config.get("build_input_shape")
        given = {"batch_shape": shape} if shape else {}
        entries.insert(0, {"class_name": "InputLayer", "config": {"name": "inputs"} | given})
    for entry in entries:
        op, params = models.call(entry)
        name = _identifier(entry["config"].get("name", entry["class_name"].lower()), taken)
        read.nodes[name] = Node(name, op=op, params=params)
        read.edges += [Edge(last, name) for last in read.outputs]
        read.outputs = [name]
    read.inputs = [next(iter(read.nodes))]
    return read
