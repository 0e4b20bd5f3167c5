"""A Keras model's own configuration (model.get_config(), model.to_json()) -> a model graph.

Functional and Sequential models, layer by layer and edge by edge; what isn't
Keras' own (custom layers, functions written as lambdas) is refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from studio.graph.catalogue.op import REQUIRED
from studio.graph.catalogue.registry import find
from studio.graph.document import Edge, ModelGraph, Node
from studio.graph.ports import call_params
from studio.graph.problems import StudioError, quoted

_TENSOR = "__keras_tensor__"


def import_model(config: dict[str, Any]) -> ModelGraph:
    """The graph of a Functional or Sequential model.

    Raises StudioError with the layer's name where one can't be a node.
    """
    if "input_layers" in config:
        return _Functional(config).graph()
    if "layers" in config:
        return _sequential(config)
    raise StudioError("Only the configuration of a Functional or Sequential model can be read.")


def _identifier(name: str, taken: set[str]) -> str:
    """A layer's name as a node's id."""
    plain = re.sub(r"[^A-Za-z0-9_]", "_", name)
    plain = plain if plain[:1].isalpha() else f"layer_{plain.strip('_')}"
    while plain in taken:
        plain += "_"
    taken.add(plain)
    return plain


def _op(entry: dict[str, Any]) -> str:
    """The public path of a serialised object."""
    name = entry["class_name"]
    path = "keras.Input" if name == "InputLayer" else f"{entry.get('module')}.{name}"
    if find(path) is None:
        raise StudioError(
            f"{quoted(entry.get('name') or name)} is {path}, which isn't one of Keras' own layers."
        )
    return path


def plain(value: Any) -> Any:
    """A serialised value as a parameter: nested objects as calls."""
    if isinstance(value, dict) and "class_name" in value and "config" in value:
        name, config = value["class_name"], value["config"]
        if name.endswith("DTypePolicy"):
            return config["name"]
        if name == "function":
            return config
        return {"op": _op(value), "params": parameters(_op(value), config)}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def parameters(path: str, config: dict[str, Any]) -> dict[str, Any]:
    """A layer's configuration as the parameters that differ from their defaults."""
    op = find(path)
    found = {}
    for key, item in config.items():
        param = op.params.get(key)
        if param is None or key == "name":
            continue
        value = plain(item)
        default = param.default
        same = value == default or (default is not REQUIRED and _same(value, default))
        if not same and not (key == "dtype" and value == "float32"):
            found[key] = value
    return found


def _same(value: Any, default: Any) -> bool:
    """Whether a value says what a default does: a call of an op by its name, one size for all."""
    if isinstance(value, dict) and isinstance(default, str) and not value.get("params"):
        op = find(value["op"])
        names = {op.name.lower(), re.sub(r"(?<!^)(?=[A-Z])", "_", op.name).lower()} if op else ()
        return default in names
    if isinstance(value, list) and isinstance(default, int) and not isinstance(default, bool):
        return all(each == default for each in value)
    return False


class _Functional:
    def __init__(self, config: dict[str, Any]):
        self.config = config
        self.nodes: dict[str, Node] = {}
        self.edges: list[Edge] = []
        self.taken: set[str] = set()
        # (layer, which of its calls) -> the node's id
        self.ids: dict[tuple[str, int], str] = {}

    def graph(self) -> ModelGraph:
        for entry in self.config["layers"]:
            for index in range(max(1, len(entry["inbound_nodes"]))):
                self.ids[entry["name"], index] = _identifier(entry["name"], self.taken)
        for entry in self.config["layers"]:
            self._layer(entry)
        outputs = tuple(self._end(history) for history in _histories(self.config["output_layers"]))
        return ModelGraph(self.nodes, tuple(self.edges), outputs=outputs)

    def _layer(self, entry: dict[str, Any]) -> None:
        path = _op(entry)
        first = self.ids[entry["name"], 0]
        params = parameters(path, entry["config"])
        for index in range(max(1, len(entry["inbound_nodes"]))):
            name = self.ids[entry["name"], index]
            calls = entry["inbound_nodes"]
            own = _of_call(path, calls[index]["kwargs"]) if calls else {}
            made = {"shares": first} if index else {"op": path}
            self.nodes[name] = Node(name, **made, params=own if index else params | own)
            if calls:
                self._call(name, path, calls[index])

    def _call(self, name: str, path: str, call: dict[str, Any]) -> None:
        """The edges into one call: tensors by position, then by name."""
        ports = find(path).inputs
        given = dict(zip((port.name for port in ports), call["args"], strict=False))
        given |= {key: item for key, item in call["kwargs"].items() if item is not None}
        for port, value in given.items():
            for history in _tensors(value):
                self.edges.append(Edge(self._end(history), f"{name}.{port}"))

    def _end(self, history: list[Any]) -> str:
        layer, call, port = history[:3]
        name = self.ids[layer, call]
        if not port:
            return name
        node = self.nodes[name]
        made = self.nodes[node.shares] if node.shares else node
        params = call_params(ModelGraph(self.nodes), node)
        return f"{name}.{find(made.op).output_names(params)[port]}"


def _of_call(path: str, keywords: dict[str, Any]) -> dict[str, Any]:
    """What a call is told beside its tensors, where that isn't the default."""
    op = find(path)
    own = op.of_call(keywords)
    return {key: value for key, value in own.items() if value != op.params[key].default}


def _tensors(value: Any) -> Iterator[list[Any]]:
    """The histories of all tensors in a call's argument."""
    if isinstance(value, dict) and value.get("class_name") == _TENSOR:
        yield value["config"]["keras_history"]
    elif isinstance(value, dict):
        for item in value.values():
            yield from _tensors(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _tensors(item)


def _histories(value: Any) -> Iterator[list[Any]]:
    """The [layer, call, tensor] triples of the outputs, whatever structure they have."""
    if isinstance(value, dict):
        for item in value.values():
            yield from _histories(item)
    elif value and isinstance(value[0], str):
        yield list(value)
    else:
        for item in value:
            yield from _histories(item)


def _sequential(config: dict[str, Any]) -> ModelGraph:
    nodes: dict[str, Node] = {}
    edges = []
    taken: set[str] = set()
    last = None
    for entry in config["layers"]:
        path = _op(entry)
        name = _identifier(entry["config"].get("name", entry["class_name"].lower()), taken)
        nodes[name] = Node(name, op=path, params=parameters(path, entry["config"]))
        if last is not None:
            edges.append(Edge(last, name))
        last = name
    return ModelGraph(nodes, tuple(edges), outputs=(last,) if last else ())
