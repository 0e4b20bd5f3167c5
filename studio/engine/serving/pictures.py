"""Bytes of image files, looked at before they are decoded: of which kind they are, and how large.

A few bytes can claim a picture that no memory holds, so none is decoded before its size is known.
"""

from __future__ import annotations

from io import BytesIO

from studio.engine.serving.signature import Image
from studio.graph.looking.pictures import head_of

MOST_PIXELS = 64_000_000
"""Pixels that a file may have, in all its frames."""

_BEGIN = {b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG", b"GIF8": "GIF", b"BM": "BMP"}


def kind_of_image(content: bytes) -> str:
    """ "PNG", "JPEG", "GIF" or "BMP", by how a file begins; "" for another."""
    return next((kind for begin, kind in _BEGIN.items() if content.startswith(begin)), "")


def image_fault(content: bytes, image: Image) -> str:
    """What makes the bytes no file that can be read as such an image; "" where nothing does.

    It goes behind "The row has": whether the pixels themselves can be read isn't known yet.
    """
    kind = kind_of_image(content)
    if not kind:
        known = ", ".join(list(_BEGIN.values())[:-1])
        return f"bytes that are no {known} or {list(_BEGIN.values())[-1]} file"
    if kind not in image.kinds:
        channels = "channel" if image.channels == 1 else "channels"
        return f"a {kind} file, which can't be read with {image.channels} {channels}"
    head = head_of(BytesIO(content))
    if head is None:
        return f"a {kind} file that is damaged: its size can't be read"
    height, width, _ = head
    if height * width > MOST_PIXELS:
        return f"a {kind} file of {width} × {height} pixels, where {MOST_PIXELS:,} are the most"
    if kind == "GIF" and _pixels_of_gif(content) > MOST_PIXELS:
        return f"a GIF file whose frames have more than the {MOST_PIXELS:,} pixels that may be"
    return ""


def _pixels_of_gif(content: bytes) -> int:
    """The pixels of all frames: each has a size of its own, and all are unpacked at once."""
    at, total = 13 + _colours(content, 10), 0
    while content[at : at + 1] in (b",", b"!"):
        if content[at] == 0x21:  # an extension
            at += 2
        else:
            width = int.from_bytes(content[at + 5 : at + 7], "little")
            total += width * int.from_bytes(content[at + 7 : at + 9], "little")
            at += 11 + _colours(content, at + 9)
        while at < len(content) and content[at]:
            at += 1 + content[at]
        at += 1
    return total


def _colours(content: bytes, at: int) -> int:
    """How long the table of colours is that the flags at a place announce."""
    flags = content[at] if at < len(content) else 0
    return 3 << (flags % 8 + 1) if flags & 0x80 else 0
