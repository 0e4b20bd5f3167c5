"""What flows along an edge: the shape and dtype of a tensor; and what a layer holds and costs."""

from __future__ import annotations

import math
from collections.abc import Iterable

from msgspec import Struct

Shape = tuple[int | None, ...]

FLOATS = frozenset({"float16", "bfloat16", "float32", "float64"})
INTEGERS = frozenset({"int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"})
DTYPES = FLOATS | INTEGERS | {"bool", "string", "complex64", "complex128"}
BYTES = {name: 16 if name == "complex128" else 8 for name in ("complex64", "complex128")} | {
    name: int("".join(filter(str.isdigit, name))) // 8 for name in FLOATS | INTEGERS
}
BYTES["bool"] = 1


class Spec(Struct, frozen=True, gc=False):
    """A tensor as it is known before there is one: None for a size known only later.

    `ragged` counts the ragged axes, from the outside in (0: a dense tensor).
    """

    shape: Shape
    dtype: str = "float32"
    ragged: int = 0

    @property
    def rank(self) -> int:
        """The number of axes, the batch axis included."""
        return len(self.shape)

    def __str__(self) -> str:
        ragged = ", ragged" if self.ragged else ""
        return f"{shape_text(self.shape)} {self.dtype}{ragged}"

    def with_shape(self, shape: Iterable[int | None]) -> Spec:
        """A dense tensor of this dtype and another shape."""
        return Spec(tuple(shape), self.dtype)

    def with_dtype(self, dtype: str) -> Spec:
        """The same tensor in another dtype."""
        return self if dtype == self.dtype else Spec(self.shape, dtype, self.ragged)


class Weight(Struct, frozen=True, gc=False):
    """A variable of a layer."""

    name: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    trainable: bool = True

    @property
    def count(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """How much memory it takes."""
        return self.count * BYTES.get(self.dtype, 4)


class Result(Struct, frozen=True):
    """What a shape rule says of one call; `weights` are what Keras calls so (no random seeds).

    `flops` are those of one sample in inference, a multiplication and an
    addition being two; None where they hang on a size known only later.
    """

    outputs: tuple[Spec, ...]
    weights: tuple[Weight, ...] = ()
    flops: int | None = 0


class Refused(Exception):  # noqa: N818  (it is the rule's answer, not a failure of ours)
    """What Keras would refuse: what the op expects, and what would mend it."""

    def __init__(self, message: str, hint: str = ""):
        super().__init__(message)
        self.message = message
        self.hint = hint


def shape_text(shape: Iterable[int | None]) -> str:
    """A shape as Python writes it: (None, 8, 8, 1)."""
    sizes = [str(size) for size in shape]
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"


def product(sizes: Iterable[int | None]) -> int | None:
    """The product of sizes; None where one is unknown."""
    sizes = tuple(sizes)
    return None if None in sizes else math.prod(sizes)


def known(size: int | None, what: str) -> int:
    """A size that must be known to make weights."""
    if size is None:
        raise Refused(
            f"needs to know {what} to make its weights, but it is unknown",
            "Give that axis a size in the Input's shape.",
        )
    return size
