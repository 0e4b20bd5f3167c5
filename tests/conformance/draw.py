"""Random parameters and shapes: mostly such as Keras takes, some such as it refuses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random
from typing import Any, TypeVar

from studio.graph.catalogue import types
from studio.graph.catalogue.op import Op
from studio.graph.catalogue.registry import find
from studio.graph.spec import Spec

T = TypeVar("T")
ODD = 0.06
"""The share of draws that are meant to be wrong."""


class Draw:
    """What a recipe draws from; the same seed gives the same cases."""

    def __init__(self, seed: str):
        self.random = Random(seed)

    def chance(self, share: float) -> bool:
        """True in this share of draws."""
        return self.random.random() < share

    def odd(self) -> bool:
        """Whether to do something wrong here."""
        return self.chance(ODD)

    def one(self, values: Sequence[T]) -> T:
        """One of some values."""
        return self.random.choice(values)

    def size(self, low: int = 1, high: int = 9) -> int:
        """A size of an axis."""
        return self.random.randint(low, high)

    def axis(self, low: int = 1, high: int = 9, unknown: float = 0.2) -> int | None:
        """A size, or None for one that is known later."""
        return None if self.chance(unknown) else self.size(low, high)

    def batch(self) -> int | None:
        """A batch axis: mostly unknown."""
        return None if self.chance(0.8) else self.size(1, 4)

    def shape(self, rank: int, low: int = 1, high: int = 9, unknown: float = 0.15) -> tuple:
        """A shape of a rank, the batch axis first; now and then of another rank."""
        if self.odd():
            rank = max(1, rank + self.one((-1, 1)))
        return (self.batch(), *(self.axis(low, high, unknown) for _ in range(rank - 1)))

    def dtype(self, others: Sequence[str] = ("float16", "int32", "float64", "bool")) -> str:
        """Mostly float32."""
        return "float32" if self.chance(0.85) else self.one(others)

    def spec(self, rank: int, **keywords: Any) -> Spec:
        """A tensor of a rank."""
        return Spec(self.shape(rank, **keywords), self.dtype())

    def ints(self, axes: int, low: int, high: int) -> int | list[int]:
        """One number for all axes, or a list; now and then of a wrong length, or not positive."""
        if self.odd():
            return self.one([0, -1, [low] * (axes + 1), []])
        if self.chance(0.5):
            return self.size(low, high)
        return [self.size(low, high) for _ in range(axes)]

    def activation(self) -> Any:
        """A name, a call, none, or a name that there isn't."""
        if self.odd():
            return "no_such_activation"
        return self.one(
            [None, "relu", "softmax", "tanh", "linear", {"op": "keras.activations.gelu"}]
        )

    def some(self, values: dict[str, Any], share: float = 0.5) -> dict[str, Any]:
        """Each of these parameters in a share of draws; a value may be a function to call."""
        return {
            name: value() if callable(value) else value
            for name, value in values.items()
            if self.chance(share)
        }

    def params(self, path: str, only: Iterable[str], share: float = 0.4) -> dict[str, Any]:
        """Some of an op's optional parameters, by their types in the catalogue."""
        op = find(path)
        assert op is not None
        return {name: self.value(op, name) for name in only if self.chance(share)}

    def value(self, op: Op, name: str) -> Any:
        """A value for a parameter by its type; now and then one outside of it."""
        param = op.params[name]
        if param.default is None and self.chance(0.15):
            return None
        return self.typed(param.type)

    def typed(self, kind: types.Type) -> Any:
        """A value of a type; now and then one just outside of it."""
        if isinstance(kind, types.Bool):
            return self.chance(0.5)
        if isinstance(kind, types.Choice):
            return "no_such_choice" if self.odd() else self.one(kind.values)
        if isinstance(kind, types.Int):
            low = kind.min if kind.min is not None else -2
            if self.odd() and kind.min is not None:
                return kind.min - 1
            return self.size(low, kind.max if kind.max is not None else low + 6)
        if isinstance(kind, types.Float):
            low = kind.min if kind.min is not None else (kind.above or 0.0)
            high = kind.max if kind.max is not None else (kind.below or low + 1.0)
            if self.odd():
                return round(high + 0.5 if self.chance(0.5) else low - 0.5, 3)
            return round(low + (high - low) * self.one((0.1, 0.3, 0.5, 0.9)), 3)
        if isinstance(kind, types.Ints):
            return self.ints(kind.axes, kind.min, kind.min + 3)
        if isinstance(kind, types.Either):
            return self.typed(self.one(kind.types))
        if isinstance(kind, types.ListOf):
            return [self.typed(kind.item) for _ in range(self.size(1, 3))]
        if isinstance(kind, types.OneCall):
            return self.call(kind)
        if isinstance(kind, types.Text):
            return "text"
        return None

    def call(self, kind: types.OneCall) -> Any:
        """A call, or a short name, of one of the kinds."""
        if "initializer" in kind.kinds:
            return self.one(["zeros", "he_normal", {"op": "keras.initializers.Ones"}])
        if "regularizer" in kind.kinds:
            return self.one(["l2", {"op": "keras.regularizers.L1", "params": {"l1": 0.1}}])
        if "constraint" in kind.kinds:
            return self.one(["non_neg", {"op": "keras.constraints.MaxNorm"}])
        return self.activation()
