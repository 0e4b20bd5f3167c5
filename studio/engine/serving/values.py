"""Values of JSON as tensors: a value that doesn't fit is refused with its place and what fits."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from itertools import chain
from typing import Any

import msgspec
from msgspec import Struct

from studio.engine.serving.pictures import image_fault
from studio.engine.serving.refusal import Refusal
from studio.engine.serving.signature import Tensor
from studio.graph.problems import quoted
from studio.graph.spec import FLOATS, INTEGERS

B64 = "b64"
"""The key of an object that stands for bytes."""

LARGEST = {
    "float16": 65504.0,
    "bfloat16": 3.3895313892515355e38,
    "float32": 3.4028234663852886e38,
    "float64": 1.7976931348623157e308,
}


class Flat(Struct, frozen=True):
    """The values of an input, row after row: all of them in one list.

    `shape` begins with the number of rows; None stands for a ragged axis, and `lengths` has, for
    each of these, how long each list along it is.
    """

    values: list[Any]
    shape: tuple[int | None, ...]
    lengths: tuple[list[int], ...] = ()

    def told(self, dtype: str) -> dict[str, Any]:
        """What the process of the model is told of them; the values as a text of JSON, since
        msgspec writes a million of them without holding up the other threads for long.
        """
        return {
            "values": msgspec.json.encode(self.values).decode(),
            "dtype": dtype,
            "shape": self.shape,
            "lengths": self.lengths,
        }


def flat(rows: Any, tensor: Tensor) -> Flat:
    """The rows of an input, checked: all values of the shape and dtype that it has.

    Raises Refusal, which says where the first is that doesn't fit.
    """
    if type(rows) is not list:
        raise Refusal(f"{_input(tensor)} is {kind_of(rows)}, but a list of its rows is expected.")
    level, sizes, lengths = rows, [len(rows)], []
    path: list[Sequence[int]] = []
    for axis, size in enumerate(tensor.shape):
        counts = _lengths(level, tensor, axis, size, path)
        path.append(counts)
        if axis < tensor.ragged and size is None:
            lengths.append(list(counts))
            sizes.append(None)
        else:
            sizes.append(size if size is not None else (counts[0] if counts else 0))
        level = list(chain.from_iterable(level))
    return Flat(_checked(level, tensor, path), tuple(sizes), tuple(lengths))


def _lengths(
    level: list[Any], tensor: Tensor, axis: int, size: int | None, path: list[Sequence[int]]
) -> list[int]:
    """How long the lists along an axis are; each must be a list, and as long as the axis is."""
    wrong = next((i for i, each in enumerate(level) if type(each) is not list), None)
    if wrong is not None:
        where = _place(wrong, path)
        found = kind_of(level[wrong])
        wanted = "a list" if size is None else f"a list of {size}"
        raise Refusal(
            f"{_input(tensor)} has {found} in {where}, but {wanted} is expected: "
            f"{_expected(tensor)}"
        )
    counts = list(map(len, level))
    if axis < tensor.ragged and size is None:
        return counts
    expected = size if size is not None else (counts[0] if counts else 0)
    wrong = next((i for i, count in enumerate(counts) if count != expected), None)
    if wrong is not None:
        why = f"{_expected(tensor)}"
        if size is None:
            why = f"all rows of a request have one length, and {_place(0, path)} has {expected}."
        raise Refusal(
            f"{_input(tensor)} has a list of {counts[wrong]} in {_place(wrong, path)}, but one of "
            f"{expected} is expected: {why}"
        )
    return counts


def _checked(values: list[Any], tensor: Tensor, path: list[Sequence[int]]) -> list[Any]:
    """The values, each of a kind that the dtype takes, and within what it can hold."""
    kinds = set(map(type, values))
    if tensor.missing:
        kinds.discard(type(None))
    if tensor.dtype == "string":
        return _texts(values, tensor, path)
    if tensor.dtype == "bool":
        allowed = {bool}
    else:
        allowed = {int, float}
    if not kinds <= allowed:
        allowed = allowed | {type(None)} if tensor.missing else allowed
        wrong = next(i for i, each in enumerate(values) if type(each) not in allowed)
        raise _unfit(values[wrong], wrong, tensor, path, _wanted(tensor))
    known = values if not tensor.missing else [each for each in values if each is not None]
    if tensor.dtype in INTEGERS:
        if float in kinds:
            wrong = next((i for i, each in enumerate(values) if each != int(each)), None)
            if wrong is not None:
                raise _unfit(values[wrong], wrong, tensor, path, "an integer")
            values = known = list(map(int, values))
        low, high = limits(tensor.dtype)
    elif tensor.dtype in FLOATS:
        low, high = -LARGEST[tensor.dtype], LARGEST[tensor.dtype]
    else:
        return values
    if known and not (min(known) >= low and max(known) <= high):
        wrong = next(i for i, x in enumerate(values) if x is not None and not low <= x <= high)
        what = f"a number from {_short(low)} to {_short(high)}, which {tensor.dtype} can hold,"
        raise _unfit(values[wrong], wrong, tensor, path, what)
    return values


def limits(dtype: str) -> tuple[int, int]:
    """The smallest and the largest number of an integer dtype."""
    bits = int("".join(filter(str.isdigit, dtype)))
    if dtype.startswith("u"):
        return 0, 2**bits - 1
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


def _texts(values: list[Any], tensor: Tensor, path: list[Sequence[int]]) -> list[Any]:
    """Texts as they are; of bytes {"b64": ...}, once it is seen that they can be decoded.

    Bytes of image files are alone, and such as can be read.
    """
    for index, each in enumerate(values):
        if tensor.image is None and (type(each) is str or (each is None and tensor.missing)):
            continue
        if not is_binary(each):
            raise _unfit(each, index, tensor, path, _wanted(tensor))
        try:
            content = base64.b64decode(each[B64], validate=True)
        except (binascii.Error, ValueError):
            raise Refusal(
                f"{_input(tensor)} has in {_place(index, path)} an object with "
                f"{quoted(B64)}: {quoted(each[B64])}, which is no base64."
            ) from None
        fault = image_fault(content, tensor.image) if tensor.image is not None else ""
        if fault:
            raise Refusal(
                f"{_input(tensor)} has in {_place(index, path)} {fault}: {_expected(tensor)}"
            )
    return values


def is_binary(value: Any) -> bool:
    """Whether a value stands for bytes: {"b64": TEXT}."""
    return type(value) is dict and len(value) == 1 and type(value.get(B64)) is str


def _unfit(
    value: Any, index: int, tensor: Tensor, path: list[Sequence[int]], wanted: str
) -> Refusal:
    found = kind_of(value)
    return Refusal(
        f"{_input(tensor)} has {found} in {_place(index, path)}, but {wanted} is expected: "
        f"{_expected(tensor)}"
    )


def _wanted(tensor: Tensor) -> str:
    if tensor.image is not None:
        wanted = f'a file as {{"{B64}": ...}}, its bytes in base64,'
    elif tensor.dtype == "string":
        wanted = f'a text, or bytes as {{"{B64}": ...}},'
    elif tensor.dtype == "bool":
        wanted = "true or false"
    else:
        wanted = "an integer" if tensor.dtype in INTEGERS else "a number"
    return wanted if not tensor.missing else f"{wanted.rstrip(',')}, or null,"


def _input(tensor: Tensor) -> str:
    return f"The input {quoted(tensor.name)}"


def _expected(tensor: Tensor) -> str:
    return f"each row is {tensor}." if tensor.image is not None else f"its rows are {tensor}."


def _place(index: int, path: list[Sequence[int]]) -> str:
    """Where a value stands: "row 3", or "row 3 at [1][0]"; `path` has the lengths of all lists
    that are gone through on the way, an axis after the other.
    """
    indices: list[int] = []
    for counts in reversed(path):
        above = 0
        while index >= counts[above]:
            index -= counts[above]
            above += 1
        indices.append(index)
        index = above
    inner = "".join(f"[{each}]" for each in reversed(indices))
    return f"row {index}{f' at {inner}' if inner else ''}"


def kind_of(value: Any) -> str:
    """What a value is, in a few words that are never long."""
    if type(value) is list:
        return f"a list of {len(value)}"
    if type(value) is dict:
        return "an object"
    if type(value) is str:
        return f"the text {quoted(value, 40)}"
    if type(value) is int:
        return f"the number {_short(value)}"
    if type(value) is float:
        return f"the number {value!r}"
    return {None: "null", True: "true", False: "false"}[value]


def _short(number: float) -> str:
    if type(number) is float:
        return f"{number:g}"
    return str(number) if abs(number) < 10**24 else "with more than 24 digits"
