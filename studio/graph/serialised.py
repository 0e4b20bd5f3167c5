"""Keras' own serialised objects (class_name, module, config) as calls of the catalogue's ops."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from studio.graph.catalogue.op import REQUIRED, Op
from studio.graph.catalogue.registry import find, paths
from studio.graph.problems import StudioError, quoted

_OPERATIONS = ("keras.src.ops.", "keras.ops.")
_NAMED_OTHERWISE = {
    "BatchNorm": "keras.ops.batch_normalization",
    "LayerNorm": "keras.ops.layer_normalization",
    "RMSNorm": "keras.ops.rms_normalization",
}
# Where an Operation's call has its arguments in another order than ports, then settings.
_ORDER = {
    "keras.ops.pad": ("x", "constant_values"),
    "keras.ops.slice_update": ("inputs", "start_indices", "updates"),
}


def path_of(entry: dict[str, Any]) -> str:
    """The public path of a serialised object; raises StudioError where it has none."""
    name, module = entry["class_name"], entry.get("module") or ""
    if name == "InputLayer":
        path = "keras.Input"
    elif module.startswith(_OPERATIONS):
        path = _NAMED_OTHERWISE.get(name) or _functions().get(name.lower(), f"{module}.{name}")
    else:
        path = f"{module}.{name}"
    if find(path) is None:
        raise StudioError(
            f"{quoted(entry.get('name') or name)} is {path}, which isn't one of Keras' own layers."
        )
    return path


@cache
def _functions() -> dict[str, str]:
    """Class of an Operation, in small letters -> the function that makes and calls it."""
    return {
        path.rpartition(".")[2].replace("_", ""): path
        for path in paths()
        if path.startswith("keras.ops.")
    }


def argument_names(op: Op) -> tuple[str, ...]:
    """What an op's tensors, and a function's further arguments, are called by their position."""
    ports = tuple(port.name for port in op.inputs)
    return _ORDER.get(op.path) or ports + (tuple(op.params) if op.kind == "function" else ())


def plain(value: Any, owner: str = "") -> Any:
    """A serialised value as a parameter of a layer (`owner`): nested objects as calls.

    Raises StudioError where it holds what no parameter can, such as a slice.
    """
    if isinstance(value, dict) and "class_name" in value:
        name, config = value["class_name"], value.get("config")
        if name.endswith("DTypePolicy"):
            return config["name"]
        if name == "function":
            return config
        if name == "__tuple__":
            return [plain(item, owner) for item in config["items"]]
        if name.startswith("__"):
            raise StudioError(
                f"{quoted(owner)} has a {name.strip('_')}, which no parameter can be."
            )
        path = path_of(value)
        return {"op": path, "params": parameters(path, config)}
    if isinstance(value, dict):
        return {key: plain(item, owner) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, owner) for item in value]
    return value


def parameters(path: str, config: dict[str, Any]) -> dict[str, Any]:
    """A layer's configuration as the parameters that differ from their defaults."""
    op = find(path)
    found = {}
    for key, item in config.items():
        param = op.params.get(key)
        if param is None or key == "name":
            continue
        value = plain(item, config.get("name") or op.name)
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
