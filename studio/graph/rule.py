"""What a shape rule is given: the parameters of one call, and the words to answer with."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from studio.graph.problems import quoted
from studio.graph.spec import DTYPES, FLOATS, Refused, Result, Spec, Weight

_POLICIES = {
    "mixed_float16": ("float16", "float32"),
    "mixed_bfloat16": ("bfloat16", "float32"),
}
_NAMES = DTYPES | {*_POLICIES, "int", "float8_e4m3fn", "float8_e5m2"}


class Args:
    """The parameters of one call as attributes, its defaults filled in.

    `policy` is the dtype policy where the call names none; `trains` says whether the
    layer's weights are trained. No parameter has the name of one of these
    attributes; a test holds the catalogue to that.
    """

    def __init__(
        self,
        values: dict[str, Any],
        policy: str = "float32",
        folder: Path = Path(),
        own_code: Any = None,
    ):
        self.__dict__.update(values)
        self.policy = policy
        self.folder = folder  # what a relative path of the project is relative to
        self.own_code = own_code  # what a stage with a function of the user's own gives
        dtype = values.get("dtype") or policy
        if isinstance(dtype, dict):
            dtype = dtype.get("params", {}).get("name", policy)
        if isinstance(dtype, str) and "_from_" in dtype:
            raise Refused(
                f"is quantised by its dtype {quoted(dtype)}, and so couldn't be trained",
                "Train in float32 or mixed_float16, and quantise the trained model.",
            )
        if not isinstance(dtype, str) or dtype not in _NAMES:
            raise Refused(
                f"has the dtype {quoted(dtype)}, which Keras doesn't know",
                "Choose float32, float16, bfloat16, mixed_float16 or mixed_bfloat16.",
            )
        self.compute_dtype, self.variable_dtype = _POLICIES.get(dtype, (dtype, dtype))
        self.trains = values.get("trainable") is not False

    def weight(self, name: str, shape: tuple[int, ...], trainable: bool = True) -> Weight:
        """A variable in the layer's own dtype."""
        return Weight(name, shape, self.variable_dtype, trainable and self.trains)

    @staticmethod
    def result(
        outputs: Spec | Iterable[Spec], weights: Iterable[Weight] = (), flops: int | None = 0
    ) -> Result:
        """The answer of a rule with one output or several."""
        outputs = (outputs,) if isinstance(outputs, Spec) else tuple(outputs)
        return Result(outputs, tuple(weights), flops)

    def cast(self, spec: Spec) -> Spec:
        """A float input as the layer computes with it; untouched where autocast is off."""
        if spec.dtype == self.compute_dtype or spec.dtype not in FLOATS:
            return spec
        if self.__dict__.get("autocast") is False:
            return spec
        return spec.with_dtype(self.compute_dtype)


def called(call: dict[str, Any], policy: str = "float32") -> tuple[Any, Args]:
    """The op of a call given as a parameter, None where it isn't known; and its parameters.

    Raises Refused for parameters of other types: those of a block come unchecked.
    """
    from studio.graph.catalogue.registry import find  # which reads the rules, and so this file

    op = find(call["op"])
    params = call.get("params", {})
    for name, value in params.items() if op is not None else ():
        param = op.params.get(name)
        if param is not None and not param.accepts(value):
            raise Refused(
                f"gets {quoted(value)} as {name} of {op.name}, and expects {param.expected()}"
            )
    return op, Args(op.filled(params) if op is not None else params, policy)


def apply(call: dict[str, Any], inputs: Iterable[Any], policy: str = "float32") -> Result:
    """What a call given as a parameter (the layer of a wrapper, a cell) makes of its inputs.

    Ports behind the inputs given stay free. Raises Refused where there is no such op, it has
    no rule, can't be called so, or its rule refuses.
    """
    op, args = called(call, policy)
    if op is None or op.rule is None:
        raise Refused(f"can't be inferred: Studio has no shape rule for {call['op']} yet")
    given = [
        tuple(map(args.cast, each)) if isinstance(each, tuple) else each and args.cast(each)
        for each in inputs
    ]
    free = op.inputs[len(given) :]
    if len(given) > len(op.inputs) or not all(port.many or port.optional for port in free):
        raise Refused(f"can't call {op.name} on {len(given)} tensor" + "s" * (len(given) != 1))
    given += [() if port.many else None for port in free]
    given = [
        (each,) if port.many and isinstance(each, Spec) else each
        for port, each in zip(op.inputs, given, strict=True)
    ]
    return op.rule(args, *given)


def axes(values: Iterable[Any] | Any, count: int) -> tuple[Any, ...]:
    """A value for each axis, from one for all or a list of them."""
    return tuple(values) if isinstance(values, (list, tuple)) else (values,) * count
