"""Image files that are asked of a served model: real files, decoded as its own script does."""

from __future__ import annotations

import base64
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from msgspec.structs import replace

from studio.engine.work import load_script
from studio.graph.document import Project
from studio.graph.file import load
from studio.graph.sample_images import png
from tests.conftest import slow
from tests.engine.nursery import Nursery
from tests.engine.serving import malformed
from tests.engine.serving.servers import Server, run_of, serving
from tests.templates import template_folder

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="processes are forked here"),
    pytest.mark.filterwarnings("default"),
]

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAP8AAAAA/yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
"""A GIF file of one pixel."""

OP = "studio.data.images"


def noise(height: int, width: int, seed: int) -> Any:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), "uint8")


def bmp(pixels: Any) -> bytes:
    """A BMP file of pixels whose rows are a multiple of four bytes."""
    height, width, _ = pixels.shape
    rows = pixels[::-1, :, ::-1].tobytes()
    head = [54 + len(rows), 0, 54, 40, width, height]
    head = b"BM" + b"".join(n.to_bytes(4, "little") for n in head) + b"\x01\0\x18\0" + bytes(24)
    return head + rows


def write_images(folder: Path) -> None:
    """PNG and JPEG files of several sizes, in two classes."""
    for index in range(20):
        place = folder / ("cat", "dog")[index % 2]
        place.mkdir(parents=True, exist_ok=True)
        pixels = noise(9 + index, 14 - index % 5, index)
        if index % 3:
            (place / f"{index}.png").write_bytes(tf.io.encode_png(pixels).numpy())
        else:
            (place / f"{index}.jpg").write_bytes(tf.io.encode_jpeg(pixels).numpy())


def project_of(folder: Path) -> Project:
    """The template's project for those images, in colour, and brought to a size with bicubic."""
    project = load(template_folder("images_from_folder") / "project.json")
    write_images(folder / "pets")
    data, model = dict(project.data.nodes), dict(project.model.nodes)
    size = {"path": "pets", "image_size": [6, 8], "interpolation": "bicubic", "color_mode": "rgb"}
    data["digits"] = replace(data["digits"], params=size)
    model["image"] = replace(model["image"], params={"shape": [6, 8, 3]})
    model["digit"] = replace(model["digit"], params={"units": 2})
    return replace(
        project,
        name="pets",
        data=replace(project.data, nodes=data),
        model=replace(project.model, nodes=model),
    )


@pytest.fixture(scope="module")
def pets(
    tmp_path_factory: pytest.TempPathFactory, nursery: Nursery
) -> Iterator[tuple[Server, Path]]:
    folder = tmp_path_factory.mktemp("pets")
    run = run_of(project_of(folder), folder, folder / "runs", nursery)
    with serving(run, "--port", 0, "--images", "--max-bytes", 1 << 20) as server:
        yield server, run


def b64(content: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(content).decode()}


def script_says(run: Path, *files: Path) -> Any:
    """What predict.py of the run says of image files: the functions that its `main` calls."""
    import keras

    script = load_script(run / "predict.py", "predict_of_pets")
    model = keras.models.load_model(run / "artifacts" / "model.keras", compile=False)
    pixels = tf.concat([script.read_rows(file)[0] for file in files], 0)
    return script.predict(model, pixels)["digit"]


def same(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_files_are_predicted_as_by_the_script_of_the_run(pets, tmp_path: Path):
    server, run = pets
    files = {
        "a.png": tf.io.encode_png(noise(40, 31, 1)).numpy(),
        "b.jpg": tf.io.encode_jpeg(noise(33, 52, 2)).numpy(),
        "c.png": png(bytes(range(64)), 8),  # grey
        "d.gif": PIXEL,
        "e.bmp": bmp(noise(7, 12, 3)),
        "f.jpg": tf.io.encode_jpeg(noise(20, 20, 4)[..., :1]).numpy(),
        "g.png": tf.io.encode_png(noise(6, 8, 5).astype("uint16") * 256).numpy(),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    expected = script_says(run, *(tmp_path / name for name in files))
    assert expected.shape == (7, 2)
    assert len({f"{row[0]:.6f}" for row in expected}) == 7
    rows = [b64(content) for content in files.values()]
    same(server.ask(instances=rows).json()["predictions"], expected)
    named = [{"images": row} for row in rows]
    asked = server.ask(signature_name="images", instances=named)
    same(asked.json()["predictions"], expected)
    same(server.ask(inputs={"images": rows}).json()["outputs"], expected)


def test_the_page_begins_with_a_file_of_the_test_split(pets):
    server, run = pets
    about = server.about
    assert about["order"] == ["images", "raw", "serving_default"]
    assert about["default"] == "images" and about["split"] == "test"
    row = about["samples"]["images"]["images"]
    content = base64.b64decode(row["b64"])
    (file,) = [each for each in (run / "pets").rglob("*.*") if each.read_bytes() == content]
    (found,) = server.ask(instances=[row]).json()["predictions"]
    same([found], script_says(run, file))
    first = next(iter(load_script(run / "train.py", "train_of_pets").make_datasets()["test"]))
    asked = {"signature_name": "serving_default", "instances": [first[0][0].numpy().tolist()]}
    same(server.ask(**asked).json()["predictions"], [found])
    for name in ("raw", "serving_default"):
        (given,) = about["samples"][name].values()
        asked = {"signature_name": name, "instances": [given]}
        same(server.ask(**asked).json()["predictions"], [found])
    text = server.client.get("/").text
    assert "a PNG, JPEG, GIF or BMP file, brought to 6 × 8" in text
    assert "base64 &lt; image.png" in text
    told = server.client.get(f"{server.path}/metadata").json()
    inputs = told["metadata"]["signature_def"]["signature_def"]["images"]["inputs"]
    assert inputs["images"]["dtype"] == "DT_STRING"
    assert inputs["images"]["tensor_shape"]["dim"] == [{"size": "-1", "name": ""}]


def bomb() -> bytes:
    """A PNG file of 63 megapixels in a few kilobytes."""
    made = png(bytes(8), 8)
    head = made.index(b"IHDR") + 4
    size = (9000).to_bytes(4) + (7000).to_bytes(4)
    body = made[head - 4 : head] + size + made[head + 8 : head + 13]
    packed = zlib.compress(bytes(9001 * 7000), 9)
    data = b"IDAT" + packed
    chunks = [body, data, b"IEND"]
    parts = [(len(each) - 4).to_bytes(4) + each + zlib.crc32(each).to_bytes(4) for each in chunks]
    return made[:8] + b"".join(parts)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("png cut off", "a file that can't be decoded: "),
        ("jpeg cut off", "a file that can't be decoded: "),
        ("gif cut off", "a file that can't be decoded: "),
        ("png changed", "a file that can't be decoded: "),
        ("a text", "bytes that are no PNG, JPEG, GIF or BMP file"),
        ("huge", "a PNG file of 65536 × 65536 pixels, where 64,000,000 are the most"),
    ],
)
def test_a_file_that_is_damaged_is_said_with_its_row(pets, name: str, words: str):
    server, _ = pets
    good = tf.io.encode_png(noise(30, 30, 1)).numpy()
    content = {
        "png cut off": good[:-200],
        "jpeg cut off": tf.io.encode_jpeg(noise(60, 60, 2)).numpy()[:-700],
        "gif cut off": PIXEL[:-4],
        "png changed": good[:300] + bytes([good[300] ^ 255]) + good[301:],
        "a text": b"no image at all",
        "huge": good[:16] + b"\0\1\0\0\0\1\0\0" + good[24:],
    }[name]
    worker = server.worker().pid
    answer = server.ask(instances=[b64(good), b64(content)])
    assert answer.status_code == 400, answer.text
    said = answer.json()["error"]
    assert said.startswith(f'The input "images" has in row 1 {words}'), said
    assert "ach row is a PNG, JPEG, GIF or BMP file" in said and said[-1] == "."
    assert server.ask(instances=[b64(good)]).status_code == 200
    assert server.worker().pid == worker


@pytest.mark.slow
def test_a_large_picture_is_read_and_too_many_are_refused(pets):
    server, _ = pets
    large = bomb()
    assert len(large) < 100_000
    assert server.ask(instances=[b64(large)]).status_code == 200


@pytest.mark.parametrize("count", [100, *slow(10_000)])
def test_malformed_requests_change_nothing(pets, count: int):
    server, _ = pets
    rows = [b64(tf.io.encode_png(noise(9, 9, seed)).numpy()) for seed in (1, 2)]
    good = {"signature_name": "images", "instances": rows}
    before = server.ask(**good).json()
    worker, held = server.worker(), server.process.memory_info().rss
    sent = malformed.send(server.address, server.path, good, seed=5, count=count)
    grown = server.process.memory_info().rss - held
    print(dict(sent.statuses), f"slowest {sent.slowest:.3f} s, grown by {grown / 2**20:.1f} MiB")
    assert not sent.wrong
    assert sent.slowest < 20
    assert server.worker().pid == worker.pid
    assert server.ask(**good).json() == before
