"""The bundled digits as a folder of PNG files, a folder for each class: as people keep images."""

from __future__ import annotations

import csv
import gzip
import struct
import zlib
from pathlib import Path

from studio.resources import ASSETS

DIGITS = ASSETS / "data" / "digits.csv.gz"
SIDE = 8
FULL_INK = 16
"""The largest value of a pixel in the table; it becomes 255."""


def write_digits(folder: Path) -> None:
    """Writes row 46 of the table, a 3, as 3/0046.png in the folder, and so all of them."""
    with gzip.open(DIGITS, "rt", encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        for number, (*pixels, digit) in enumerate(rows, 1):
            place = folder / digit
            place.mkdir(parents=True, exist_ok=True)
            values = bytes(round(int(pixel) * 255 / FULL_INK) for pixel in pixels)
            (place / f"{number:04}.png").write_bytes(png(values, SIDE))


def png(values: bytes, width: int) -> bytes:
    """A greyscale PNG file of a byte a pixel, row after row."""
    lines = [values[start : start + width] for start in range(0, len(values), width)]
    # 8 bits, greyscale, and for compression, filters and interlacing what every reader knows.
    head = struct.pack(">IIBBBBB", width, len(lines), 8, 0, 0, 0, 0)
    # Each line says how it is filtered: 0, not at all.
    packed = zlib.compress(b"".join(b"\0" + line for line in lines), 9)
    chunks = ((b"IHDR", head), (b"IDAT", packed), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    """A part of the file: its length, what it is, its bytes, and a checksum of both."""
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)
