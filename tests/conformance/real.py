"""Keras' answer: the real object, made and called on symbolic tensors."""

from __future__ import annotations

import inspect
import os
import warnings
from functools import cache
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

from studio.graph.catalogue import types
from studio.graph.catalogue.nest import nested
from studio.graph.catalogue.op import Op
from studio.graph.catalogue.registry import find
from studio.graph.document import is_call
from studio.graph.spec import Spec
from tests.conformance.case import Answer, Case


def answer(case: Case) -> Answer:
    """What Keras says of a case; whatever it raises is a refusal."""
    op = find(case.op)
    assert op is not None, case.op
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            keras.config.set_dtype_policy(case.policy)
            return _called(op, case)
    except Exception as error:
        return Answer(refused=f"{type(error).__name__}: {' '.join(str(error).split())[:300]}")
    finally:
        keras.config.set_dtype_policy("float32")
        _clear()


_since_cleared = 0


def _clear() -> None:
    """Forgets Keras' own list of names and graphs now and then, which grows."""
    global _since_cleared
    _since_cleared += 1
    if _since_cleared >= 200:
        keras.backend.clear_session()
        _since_cleared = 0


def _called(op: Op, case: Case) -> Answer:
    function = resolve(case.op)
    params = {name: _value(op, name, value) for name, value in case.params.items()}
    tensors = {
        port: [_tensor(each) for each in specs] if isinstance(specs, list) else _tensor(specs)
        for port, specs in case.inputs.items()
    }
    if op.kind in ("function", "activation"):
        return Answer(_outputs(_function_called(function, tensors, params)))
    if op.kind == "input":
        return Answer(_outputs(function(**params)))
    if op.kind == "application":
        return _model_called(function, tensors["inputs"], params, case.policy)
    for port, nest in op.nests(case.params).items():
        if port in tensors:
            tensors[port] = nested(tensors[port], nest)
    of_call = {name: params.pop(name) for name in op.of_call(params)}
    layer = function(**params)
    first, *others = op.inputs
    arguments = [tensors.pop(first.name)] if first.name in tensors else []
    of_call |= {port.name: tensors[port.name] for port in others if port.name in tensors}
    outputs = layer(*arguments, **of_call)
    weights = sorted((_name(weight), *_facts(weight)) for weight in layer.weights)
    return Answer(_outputs(outputs), tuple(weights))


def _model_called(function: Any, images: Any, params: dict[str, Any], policy: str) -> Answer:
    """A ready-made model, built without memory for its weights: some have a gigabyte of them."""
    keras.backend.clear_session()  # layers without names are numbered from the first
    keras.config.set_dtype_policy(policy)  # which that forgets
    trainable = params.pop("trainable", True)
    with keras.StatelessScope(initialize_variables=False):
        model = function(**{"input_shape": tuple(images.shape[1:])} | params)
        model.trainable = trainable
        outputs = model(images)
    weights = sorted((weight.path, *_facts(weight)) for weight in model.weights)
    return Answer(_outputs(outputs), tuple(weights))


def _function_called(function: Any, tensors: dict[str, Any], params: dict[str, Any]) -> Any:
    """All by name, but for what a function takes as *operands: then what is before by position."""
    names = inspect.signature(function).parameters
    for name in [name for name, p in names.items() if p.kind is p.VAR_KEYWORD]:
        params = params | params.pop(name, {})
    star = next((name for name, p in names.items() if p.kind is p.VAR_POSITIONAL), None)
    if star is None:
        return function(**tensors, **params)
    given = params | tensors
    first = [given.pop(name) for name in list(names)[: list(names).index(star)]]
    return function(*first, *given.pop(star), **given)


def _name(weight: Any) -> str:
    """A weight's own name, without the layers around it: forward_lstm/kernel -> kernel."""
    return weight.path.rpartition("/")[2]


def _facts(weight: Any) -> tuple[tuple[int, ...], str, bool]:
    dtype = keras.backend.standardize_dtype(weight.dtype)
    return tuple(weight.shape), dtype, bool(weight.trainable)


def _tensor(spec: Spec) -> Any:
    return keras.KerasTensor(spec.shape, spec.dtype, ragged=bool(spec.ragged) or None)


def _outputs(value: Any) -> tuple[tuple[tuple[int | None, ...], str], ...]:
    flat = keras.tree.flatten(value)
    return tuple((tuple(each.shape), keras.backend.standardize_dtype(each.dtype)) for each in flat)


@cache
def resolve(path: str) -> Any:
    """The thing that a public path names."""
    value: Any = keras
    for part in path.split(".")[1:]:
        value = getattr(value, part)
    return value


def _value(op: Op, name: str, value: Any) -> Any:
    """A parameter as the script writes it: calls made, sizes by axis as tuples."""
    param = op.params.get(name)
    port = op.input(name) if param is None and op.kind == "function" else None
    if port is not None and (isinstance(value, list) or not port.weak):
        return keras.ops.array(value)
    if (
        isinstance(value, list)
        and param is not None
        and isinstance(param.type, (types.Ints, types.Shape))
    ):
        return tuple(value)
    return plain(value)


def plain(value: Any) -> Any:
    """A value with the calls in it made."""
    if is_call(value):
        inner = find(value["op"])
        function = resolve(value["op"])
        if inner is not None and inner.kind in ("activation", "function"):
            return function
        params = value.get("params", {})
        return function(**{key: _value(inner, key, item) for key, item in params.items()})
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value
