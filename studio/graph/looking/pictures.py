"""Height, width and channels of an image, by the head of its file."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

Head = tuple[int, int, int]

MOST_SEGMENTS = 4096
"""Segments of a JPEG before its frame that are gone through; there are some dozens at most."""

_ALONE = frozenset((0x00, 0x01, *range(0xD0, 0xDB)))
"""Marks that have no length behind them, or begin the image itself."""


def image_head(file: Path) -> Head | None:
    """(height, width, channels: 1 or 3) of a PNG, JPEG, GIF or BMP; None where it can't be told."""
    try:
        with file.open("rb") as opened:
            return head_of(opened)
    except OSError:
        return None


def head_of(opened: BinaryIO) -> Head | None:
    """The same, of a file that is open or of its bytes."""
    head = opened.read(32)
    if head.startswith(b"\x89PNG") and head[12:16] == b"IHDR" and len(head) > 25:
        size = int.from_bytes(head[20:24]), int.from_bytes(head[16:20])
        found = (*size, 1 if head[25] in (0, 4) else 3)
    elif head.startswith(b"GIF8"):
        size = int.from_bytes(head[8:10], "little"), int.from_bytes(head[6:8], "little")
        found = (*size, 3)
    elif head.startswith(b"BM"):
        high = int.from_bytes(head[22:26], "little", signed=True)
        found = (abs(high), int.from_bytes(head[18:22], "little"), 3)
    else:
        found = _jpeg(opened) if head.startswith(b"\xff\xd8") else None
    return found if found is not None and min(found) > 0 else None


def _jpeg(opened: BinaryIO) -> Head | None:
    """The sizes in the first frame header of a JPEG: segments with lengths stand before it."""
    opened.seek(2)
    for _ in range(MOST_SEGMENTS):
        mark = opened.read(2)
        if len(mark) < 2 or mark[0] != 0xFF:
            return None
        if mark[1] == 0xFF:  # filling
            opened.seek(-1, 1)
            continue
        length = int.from_bytes(opened.read(2))
        if 0xC0 <= mark[1] <= 0xCF and mark[1] not in (0xC4, 0xC8, 0xCC):
            frame = opened.read(6)
            if len(frame) < 6:
                return None
            size = int.from_bytes(frame[1:3]), int.from_bytes(frame[3:5])
            return (*size, 1 if frame[5] == 1 else 3)
        if mark[1] in _ALONE or length < 2:
            return None
        opened.seek(length - 2, 1)
    return None
