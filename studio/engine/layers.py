"""What a layer or function of the user's own gives: asked of the real one, in the warm process."""

from __future__ import annotations

from typing import Any

from studio.engine.own_code import Fault, blamed, load, value_of
from studio.graph.document import Code


def layer(fields: dict[str, Any]) -> dict[str, Any]:
    """Output specs and weights of a call on symbolic tensors; nothing is computed.

    `fields`: the `name` of the piece of code; `code`, {name: [kind, source]} of
    it and what it uses; the `params` of the call; the `inputs`, [[port, [[shape,
    dtype, ragged], ...]], ...], the first port being the one without a name; the
    `policy`, that of layers that name none.
    """
    import keras

    code = {name: Code(kind, source) for name, (kind, source) in fields["code"].items()}
    try:
        # Variables made here are described but not filled: a weight that is larger
        # than this machine is no reason to fill its memory.
        with keras.StatelessScope(initialize_variables=False):
            return _asked(fields, code)
    except Fault as fault:
        if "stateless scope" not in str(fault):
            raise
        return _asked(fields, code)  # a variable that begins as a given array must be filled
    finally:
        keras.backend.clear_session(free_memory=False)  # which would take 0.2 s each time
        keras.config.set_dtype_policy("float32")


def _asked(fields: dict[str, Any], code: dict[str, Code]) -> dict[str, Any]:
    import keras

    name = fields["name"]
    keras.config.disable_traceback_filtering()  # its lines are wanted; clear_session forgets it
    keras.config.set_dtype_policy(fields.get("policy", "float32"))
    module = load(code)
    with blamed(name):
        first, others = _tensors(fields["inputs"])
        settings = {key: value_of(item, code, module) for key, item in fields["params"].items()}
        if code[name].kind == "layer":
            made = getattr(module, name)(**settings)
            given = made(*first, **others)
            weights = _weights(made)
        else:
            given = getattr(module, name)(*first, **others, **settings)
            weights = []
    return {"outputs": _outputs(name, given), "weights": weights}


def _tensors(inputs: list[Any]) -> tuple[list[Any], dict[str, Any]]:
    """(what the first port gets, by position; what the others get, by name)."""
    import keras

    ports = [
        (
            port,
            [keras.KerasTensor(shape, dtype, ragged=ragged > 0) for shape, dtype, ragged in specs],
        )
        for port, specs in inputs
    ]
    (_, several), *others = ports
    first = [] if not several else [several[0] if len(several) == 1 else several]
    return first, {port: tensors[0] for port, tensors in others if tensors}


def _weights(made: Any) -> list[Any]:
    """[name, shape, dtype, trainable] of each, the name without the layers around it."""
    trainable = {id(weight) for weight in made.trainable_weights}
    return [
        [
            weight.path.rpartition("/")[2],
            [int(size) for size in weight.shape],
            str(weight.dtype),
            id(weight) in trainable,
        ]
        for weight in made.weights
    ]


def _outputs(name: str, given: Any) -> list[Any]:
    """[shape, dtype, ragged] of each tensor that was returned."""
    import keras

    several = list(given) if isinstance(given, (tuple, list)) else [given]
    if len(several) == 1 and several[0] is not given:
        raise Fault(f"{name} returns a list of one tensor. Return the tensor itself.", name)
    for each in several:
        if not isinstance(each, keras.KerasTensor):
            found = type(each).__name__
            raise Fault(f"{name} returns {found}, not a tensor or a tuple of tensors.", name)
    return [[list(each.shape), str(each.dtype), int(bool(each.ragged))] for each in several]
