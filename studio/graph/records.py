"""What is in a TFRecord file, read without TensorFlow: its framing, and tf.train.Example in it."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from studio.graph.problems import quoted
from studio.graph.spec import Refused

LOOKED_AT = 100
"""Records whose features are looked at."""

COUNTED = 200_000
"""Records of a file that are counted before a run."""

LONGEST = 2**31
_HEAD, _TAIL = 12, 4
_POLYNOMIAL = 0x82F63B78
KINDS = {1: "string", 2: "float32", 3: "int64"}


class Seen(Struct, frozen=True):
    """A feature as the first records have it."""

    dtype: str
    least: int
    most: int
    """How many values a record has of it."""


class Records(Struct, frozen=True):
    """A TFRecord file; `count` is None where it was too long to be counted."""

    features: dict[str, Seen]
    count: int | None


def compression_of(file: Path) -> str:
    """What a file is packed with, by its first bytes: "GZIP", "ZLIB" or ""."""
    with file.open("rb") as opened:
        head = opened.read(_HEAD)
    if head.startswith(b"\x1f\x8b"):
        return "GZIP"
    if len(head) == _HEAD and masked_crc(head[:8]) == int.from_bytes(head[8:], "little"):
        return ""
    packed = head[:1] == b"\x78" and int.from_bytes(head[:2], "big") % 31 == 0
    return "ZLIB" if packed else ""


def read_records(file: Path, path: str) -> Records:
    """The features and number of a file's records; Refused, with the record, where it is damaged.

    Cached by the time and size of the file.
    """
    state = file.stat()
    return _records(file, path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=256)
def _records(file: Path, path: str, _changed: int, size: int) -> Records:
    seen: dict[str, Seen] = {}
    count = 0
    try:
        packed = compression_of(file)
        with _opened(file, packed) as stream:
            for record in _framed(stream, path, None if packed else size):
                if count < LOOKED_AT:
                    _look(seen, record, count, path)
                count += 1
                if count >= COUNTED:
                    return Records(seen, None)
    except (OSError, EOFError, zlib.error) as error:
        raise Refused(
            f"reads {quoted(path)}, which is damaged behind record {count}: {error}"
        ) from None
    return Records(seen, count)


def _opened(file: Path, packed: str) -> BinaryIO:
    if packed == "GZIP":
        return gzip.open(file)
    if packed == "ZLIB":
        return io.BytesIO(zlib.decompress(file.read_bytes()))
    return file.open("rb")


def _framed(stream: BinaryIO, path: str, size: int | None) -> Iterator[bytes]:
    """The records: each has its length, that length's checksum, its bytes, their checksum."""
    number, end = 0, 0
    while head := stream.read(_HEAD):
        number += 1
        if len(head) < _HEAD:
            raise _cut(path, number)
        if masked_crc(head[:8]) != int.from_bytes(head[8:], "little"):
            if number == 1:
                raise Refused(f"reads {quoted(path)}, which is no TFRecord file")
            raise Refused(f"reads {quoted(path)}, whose record {number} is damaged")
        length = int.from_bytes(head[:8], "little")
        end += _HEAD + length + _TAIL
        if length > LONGEST or (size is not None and end > size):
            raise _cut(path, number)
        if number > LOOKED_AT:
            if size is not None:
                stream.seek(end)
            elif len(stream.read(length + _TAIL)) < length + _TAIL:
                raise _cut(path, number)
            yield b""
            continue
        record, tail = stream.read(length), stream.read(_TAIL)
        if len(tail) < _TAIL:
            raise _cut(path, number)
        # Checksums of long records take Python too long for a check at each keystroke.
        if length < 1 << 16 and masked_crc(record) != int.from_bytes(tail, "little"):
            raise Refused(f"reads {quoted(path)}, whose record {number} is damaged")
        yield record


def _cut(path: str, number: int) -> Refused:
    return Refused(
        f"reads {quoted(path)}, which is cut off in record {number}",
        "Write or fetch it again.",
    )


def _table() -> list[int]:
    found = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
        found.append(value)
    return found


_TABLE = _table()


def masked_crc(data: bytes) -> int:
    """The masked CRC-32C of the format."""
    value = 0xFFFFFFFF
    for byte in data:
        value = _TABLE[(value ^ byte) & 0xFF] ^ value >> 8
    value ^= 0xFFFFFFFF
    return ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _look(seen: dict[str, Seen], record: bytes, before: int, path: str) -> None:
    """Adds what one record has to what those before it have."""
    try:
        found = dict(_features(record))
    except (IndexError, ValueError) as error:
        raise Refused(
            f"reads {quoted(path)}, whose record {before + 1} is no tf.train.Example: {error}",
            "Studio reads records that are tf.train.Example messages.",
        ) from None
    for name, (dtype, count) in found.items():
        old = seen.get(name)
        if old is not None and dtype and old.dtype and old.dtype != dtype:
            raise Refused(
                f"reads {quoted(path)}, whose records have {quoted(name)} as {old.dtype} and "
                f"as {dtype}"
            )
        least = min(count, old.least) if old else (0 if before else count)
        most = max(count, old.most) if old else count
        seen[name] = Seen(dtype or (old.dtype if old else ""), least, most)
    for name in seen.keys() - found.keys():
        seen[name] = Seen(seen[name].dtype, 0, seen[name].most)


def _features(record: bytes) -> Iterator[tuple[str, tuple[str, int]]]:
    """Each feature of an Example: its dtype ("" where it has no value of a kind) and length."""
    for number, features in _fields(record):
        if number != 1 or not isinstance(features, bytes):
            raise ValueError("it has other fields")
        for _, entry in _fields(features):
            parts = dict(_fields(entry))
            name, feature = parts.get(1, b""), parts.get(2, b"")
            kind, values = next(iter(_fields(feature)), (0, b""))
            if kind and kind not in KINDS:
                raise ValueError("it has a feature of an unknown kind")
            yield name.decode("utf-8"), (KINDS.get(kind, ""), _length(kind, values))


def first_bytes(file: Path, path: str) -> dict[str, bytes]:
    """The features of a file's first record that hold bytes, each with the first it has."""
    with _opened(file, compression_of(file)) as stream:
        record = next(_framed(stream, path, None), b"")
    found = {}
    for _, features in _fields(record):
        for _, entry in _fields(features):
            parts = dict(_fields(entry))
            kind, values = next(iter(_fields(parts.get(2, b""))), (0, b""))
            if KINDS.get(kind) == "string":
                first = next((value for number, value in _fields(values) if number == 1), b"")
                found[parts.get(1, b"").decode("utf-8")] = first
    return found


def _length(kind: int, values: bytes) -> int:
    """How many values a list has; numbers may be packed, or one by one."""
    count = 0
    for _, value in _fields(values):
        if kind == 1 or not isinstance(value, bytes):
            count += 1
        elif kind == 2:
            count += len(value) // 4
        else:
            count += sum(byte < 128 for byte in value)
    return count


def _fields(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    """The fields of a protocol buffer message, by number."""
    if not isinstance(message, bytes):
        raise ValueError("a message was expected")
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        wire = key & 7
        if wire == 0:
            value, at = _varint(message, at)
            yield key >> 3, value
            continue
        if wire == 2:
            size, at = _varint(message, at)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise ValueError("it isn't written as one")
        if at + size > len(message):
            raise ValueError("it ends too early")
        raw = message[at : at + size]
        yield key >> 3, raw if wire == 2 else int.from_bytes(raw, "little")
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
        if shift > 63:
            raise ValueError("a number in it has no end")
