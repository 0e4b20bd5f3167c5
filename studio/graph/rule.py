"""What a shape rule is given: the parameters of one call, and the words to answer with."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from studio.graph.spec import FLOATS, Refused, Result, Spec, Weight

_POLICIES = {
    "mixed_float16": ("float16", "float32"),
    "mixed_bfloat16": ("bfloat16", "float32"),
}


class Args:
    """The parameters of one call as attributes, its defaults filled in."""

    __slots__ = ("_values", "compute_dtype", "folder", "variable_dtype")

    def __init__(self, values: dict[str, Any], policy: str = "float32", folder: Path = Path()):
        self._values = values
        self.folder = folder  # what a relative path of the project is relative to
        dtype = values.get("dtype") or policy
        if isinstance(dtype, dict):
            dtype = dtype.get("params", {}).get("name", policy)
        self.compute_dtype, self.variable_dtype = _POLICIES.get(dtype, (dtype, dtype))

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def trains(self) -> bool:
        """Whether the layer's weights are trained."""
        return self._values.get("trainable") is not False

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
        """A float input as the layer computes with it."""
        return spec.with_dtype(self.compute_dtype) if spec.dtype in FLOATS else spec


def apply(call: dict[str, Any], inputs: Iterable[Any], policy: str = "float32") -> Result:
    """What a call given as a parameter (the layer of a wrapper, a cell) makes of its inputs.

    Raises Refused where there is no such op, it has no rule, or its rule refuses.
    """
    from studio.graph.catalogue.registry import find  # which reads the rules, and so this file

    op = find(call["op"])
    if op is None or op.rule is None:
        raise Refused(f"can't be inferred: Studio has no shape rule for {call['op']} yet")
    args = Args(op.filled(call.get("params", {})), policy)
    return op.rule(args, *(args.cast(each) if isinstance(each, Spec) else each for each in inputs))


def axes(values: Iterable[Any] | Any, count: int) -> tuple[Any, ...]:
    """A value for each axis, from one for all or a list of them."""
    return tuple(values) if isinstance(values, (list, tuple)) else (values,) * count
