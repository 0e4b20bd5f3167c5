"""Bytes of image files are looked at before they are decoded: what they are, and how large."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

import pytest

from studio.engine.serving.pictures import MOST_PIXELS, image_fault
from studio.engine.serving.refusal import Refusal
from studio.engine.serving.requests import read_request
from studio.engine.serving.signature import IMAGES, Image, Signature, Tensor
from studio.graph.sample_images import png

ANY = Image(3, 8, 8, "bilinear", ("PNG", "JPEG", "GIF", "BMP"))
GREY = Image(1, 8, 8, "bilinear", ("PNG", "JPEG"))


def png_of(width: int, height: int) -> bytes:
    """The head of a PNG file that claims a size."""
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)


def jpeg_of(width: int, height: int, before: bytes = b"") -> bytes:
    """The head of a JPEG file that claims a size."""
    frame = struct.pack(">HBHHB", 17, 8, height, width, 3) + bytes(9)
    return b"\xff\xd8" + before + b"\xff\xc0" + frame


def gif_of(*frames: tuple[int, int], colours: int = 0, local: int = 0) -> bytes:
    """A GIF file of one pixel, whose frames claim other sizes; tables of 2 ** n colours."""
    made = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80 | colours - 1 if colours else 0, 0, 0)
    made += bytes(3 * 2**colours if colours else 0)
    made += b"!\xf9\x04\0\0\0\0\0"
    for width, height in frames:
        made += b"," + struct.pack("<HHHHB", 0, 0, width, height, 0x80 | local - 1 if local else 0)
        made += bytes(3 * 2**local if local else 0) + b"\x02\x02\x44\x01\0"
    return made + b";"


def bmp_of(width: int, height: int) -> bytes:
    """The head of a BMP file that claims a size."""
    return b"BM" + bytes(12) + struct.pack("<IiiHH", 40, width, height, 1, 24)


@pytest.mark.parametrize(
    ("content", "image", "expected"),
    [
        (png_of(8000, 8000), ANY, ""),
        (png_of(8001, 8000), ANY, "a PNG file of 8001 × 8000 pixels, where 64,000,000 are"),
        (png_of(2**31 - 1, 1), GREY, "are the most"),
        (png_of(0, 5), ANY, "a PNG file that is damaged: its size can't be read"),
        (png_of(9, 9).replace(b"IHDR", b"note"), ANY, "is damaged"),  # the size may come later
        (png_of(9, 9)[:20], ANY, "is damaged"),
        (jpeg_of(300, 200), GREY, ""),
        (jpeg_of(300, 200, b"\xff\xe1\0\x04ab\xff\xff\xfe\0\x02"), ANY, ""),
        (jpeg_of(65500, 65500), ANY, "a JPEG file of 65500 × 65500 pixels"),
        (jpeg_of(9, 9, b"\xff\xd0\0\x15" + jpeg_of(65500, 65500)[2:]), ANY, "is damaged"),
        (jpeg_of(9, 9, b"\xff\xe1\0\x02" * 5000), ANY, "is damaged"),
        (jpeg_of(9, 9)[:-12], ANY, "is damaged"),
        (gif_of((9, 9), (9, 9), colours=3), ANY, ""),
        (gif_of((9, 9), (65000, 65000), colours=1, local=8), ANY, "a GIF file whose frames have"),
        (gif_of(*[(4000, 4000)] * 5), ANY, "more than the 64,000,000 pixels"),
        (gif_of((9, 9))[:-9], ANY, ""),  # the decoder finds that it ends too soon
        (gif_of((9, 9)), GREY, "a GIF file, which can't be read with 1 channel"),
        (bmp_of(30, -20), ANY, ""),
        (bmp_of(30000, 30000), ANY, "a BMP file of 30000 × 30000 pixels"),
        (bmp_of(-5, 5), ANY, "are the most"),
        (b"%PDF-1.7 ...", ANY, "bytes that are no PNG, JPEG, GIF or BMP file"),
        (b"RIFF....WEBP", ANY, "bytes that are no PNG, JPEG, GIF or BMP file"),
        (b"", ANY, "bytes that are no PNG, JPEG, GIF or BMP file"),
    ],
)
def test_a_file_that_cannot_be_read_is_known_by_its_head(content: bytes, image: Image, expected):
    fault = image_fault(content, image)
    assert expected in fault
    assert bool(expected) is bool(fault)


def test_the_most_is_what_the_sentences_say():
    assert MOST_PIXELS == 64_000_000


def b64(content: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(content).decode()}


GOOD = b64(png(bytes(64), 8))
SIGNATURE = Signature(IMAGES, (Tensor(IMAGES, (), "string", image=ANY),), ())
SMALL = Signature(IMAGES, (Tensor(IMAGES, (), "string", image=GREY),), ())
ROW = "each row is a PNG, JPEG, GIF or BMP file."


@pytest.mark.parametrize(
    "body", [{"instances": [GOOD]}, {"inputs": [GOOD]}, {"instances": [{"images": GOOD}]}]
)
def test_files_are_taken_by_rows_and_columns(body: Any):
    asked = read_request(json.dumps(body).encode(), {IMAGES: SIGNATURE}, IMAGES)
    assert asked.inputs[IMAGES].values == [GOOD]
    assert asked.fields()["signature"] == IMAGES


@pytest.mark.parametrize(
    ("signature", "rows", "sentence"),
    [
        (
            SIGNATURE,
            [GOOD, "cat.png"],
            'The input "images" has the text "cat.png" in row 1, but a file as {"b64": ...}, its '
            f"bytes in base64, is expected: {ROW}",
        ),
        (SIGNATURE, [GOOD, None], "has null in row 1, but a file as"),
        (SIGNATURE, [[[0, 0], [0, 0]]], "has a list of 2 in row 0, but a file as"),
        (SIGNATURE, [GOOD, {"b64": "data:image/png;base64,AAAA"}], "which is no base64."),
        (
            SIGNATURE,
            [GOOD, GOOD, b64(b"%PDF")],
            'The input "images" has in row 2 bytes that are no PNG, JPEG, GIF or BMP file: ' + ROW,
        ),
        (
            SMALL,
            [b64(gif_of((9, 9)))],
            "has in row 0 a GIF file, which can't be read with 1 channel: each row is a PNG or "
            "JPEG file.",
        ),
        (
            SIGNATURE,
            [b64(png_of(10**6, 10**6))],
            "has in row 0 a PNG file of 1000000 × 1000000 pixels, where 64,000,000 are the most: "
            + ROW,
        ),
        (SIGNATURE, [{"picture": GOOD}], 'has "picture", which is no input of the model.'),
        (SIGNATURE, [], '"instances" has no row; expected is one or more.'),
    ],
)
def test_what_is_no_file_is_said_with_its_row(signature: Signature, rows: Any, sentence: str):
    with pytest.raises(Refusal) as refused:
        read_request(json.dumps({"instances": rows}).encode(), {IMAGES: signature}, IMAGES)
    assert sentence in str(refused.value)
    assert refused.value.status == 400
