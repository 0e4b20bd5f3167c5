"""What leaves a data stage with a function of the user's own: asked of the real tf.data."""

from __future__ import annotations

from typing import Any

from studio.engine.own_code import Fault, blamed, load, value_of
from studio.graph.document import Code, is_call


def stage(fields: dict[str, Any]) -> dict[str, Any]:
    """The structure of the elements behind a stage; none of them is made.

    `fields`: the `method` of tf.data.Dataset; the `name` of the function;
    `code`, {name: [kind, source]} of it and what it uses; its `params`; the
    `structure` that arrives, as studio.graph.asking.plain writes it; `settings`,
    the other arguments of the method.
    """
    import tensorflow as tf

    code = {name: Code(kind, source) for name, (kind, source) in fields["code"].items()}
    name, method, settings = fields["name"], fields["method"], dict(fields["settings"])
    module = load(code)
    spec = _spec(fields["structure"])
    with blamed(name):
        params = {key: value_of(item, code, module) for key, item in fields["params"].items()}
        own = getattr(module, name)
        function = own if not params else lambda *parts: own(*parts, **params)
        dataset = tf.data.Dataset.from_generator(lambda: iter(()), output_signature=spec)
        if method == "scan":
            state = tf.constant(settings.pop("initial_state"))
            made = dataset.scan(state, function)
        elif method == "group_by_window":
            made = dataset.group_by_window(_key(settings, module), function, window_size=2)
        else:
            made = getattr(dataset, method)(function)
        return {"structure": _plain(name, made.element_spec)}


def _key(settings: dict[str, Any], module: Any) -> Any:
    """The function of the keys: the user's own, or one that gives the same for all."""
    import tensorflow as tf

    call = settings.get("key_func")
    if is_call(call):
        return getattr(module, call["op"].removeprefix("code:"))
    return lambda *parts: tf.constant(0, tf.int64)


def _spec(value: list[Any]) -> Any:
    """The signature that a structure is."""
    import tensorflow as tf

    kind, *parts = value
    if kind == "dict":
        return {key: _spec(part) for key, part in parts[0].items()}
    if kind == "tuple":
        return tuple(map(_spec, parts))
    if kind == "dataset":
        return tf.data.DatasetSpec(_spec(parts[0]))
    shape, dtype, ragged = parts
    if not ragged:
        return tf.TensorSpec(shape, dtype)
    # An element whose own first axis is ragged: TensorFlow counts only those behind it.
    return tf.RaggedTensorSpec(shape, dtype, ragged_rank=min(ragged, len(shape) - 1))


def _plain(name: str, spec: Any) -> list[Any]:
    """A signature as studio.graph.asking.plain writes structures."""
    import tensorflow as tf

    if isinstance(spec, dict):
        return ["dict", {str(key): _plain(name, part) for key, part in spec.items()}]
    if isinstance(spec, tuple):
        return ["tuple", *(_plain(name, part) for part in spec)]
    if isinstance(spec, tf.data.DatasetSpec):
        return ["dataset", _plain(name, spec.element_spec)]
    if not isinstance(spec, (tf.TensorSpec, tf.RaggedTensorSpec)):
        what = type(spec).__name__
        raise Fault(f"{name} returns {what}, not tensors, tuples or objects of tensors.", name)
    if spec.shape.rank is None:
        raise Fault(
            f"{name} returns a tensor of an unknown number of axes. Set its shape, with "
            "tf.ensure_shape.",
            name,
        )
    ragged = spec.ragged_rank if isinstance(spec, tf.RaggedTensorSpec) else 0
    return ["tensor", spec.shape.as_list(), spec.dtype.name, ragged]
