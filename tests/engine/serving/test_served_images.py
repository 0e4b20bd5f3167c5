"""Image files that are asked of a served model: real files, decoded as its own script does."""

from __future__ import annotations

import base64
import html
import json
import re
import shutil
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from msgspec.structs import replace

from studio.codegen.predicting import write_predict_script
from studio.codegen.script import write_script
from studio.engine.run import prepare
from studio.engine.serving import sample, worker
from studio.engine.serving.model import About
from studio.engine.serving.page import page, page_data
from studio.engine.serving.requests import read_request
from studio.engine.serving.signature import DEFAULT, IMAGES, metadata, signatures
from studio.engine.serving.worker import Model
from studio.engine.trained import trained
from studio.engine.warm import Warm
from studio.engine.work import load_script
from studio.graph.checks import check
from studio.graph.document import Project
from studio.graph.file import load
from studio.graph.sample_images import png
from studio.graph.targets import Target
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


def project_of() -> Project:
    """The template's project for those images, in colour, and brought to a size with bicubic."""
    project = load(template_folder("images_from_folder") / "project.json")
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
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("pets")
    write_images(made / "pets")
    return made


class Here:
    """The process of a model in this one: a run that has not trained, asked without a server."""

    def __init__(self, folder: Path):
        project = project_of()
        report = check(project, folder)
        script = write_script(project, folder, report=report)
        self.folder = prepare(project, folder, folder / "here", script)
        built = load_script(self.folder / "train.py", "train_of_pets").build_model()
        (self.folder / "artifacts").mkdir(exist_ok=True)
        built.save(self.folder / "artifacts" / "model.keras")
        run = trained(self.folder)
        text = write_predict_script(run.project, run.folder, run.report).text
        (self.folder / "predict.py").write_text(text, encoding="utf-8")
        self.signatures = signatures(run)
        self.model = Model(run.path, self.folder / "predict.py", self.signatures)
        self.model.load()

    def ask(self, **body: Any) -> dict[str, Any]:
        """What the process answers to the body of a request."""
        asked = read_request(json.dumps(body).encode(), self.signatures, IMAGES)
        return self.model.predict(json.loads(json.dumps(asked.fields())))


@pytest.fixture(scope="module")
def here(folder: Path) -> Here:
    return Here(folder)


@pytest.fixture(scope="module")
def pets(folder: Path, nursery: Nursery) -> Iterator[tuple[Server, Path]]:
    run = run_of(project_of(), folder, folder / "runs", nursery)
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


def files() -> dict[str, bytes]:
    """Image files of every kind."""
    return {
        "a.png": tf.io.encode_png(noise(40, 31, 1)).numpy(),
        "b.jpg": tf.io.encode_jpeg(noise(33, 52, 2)).numpy(),
        "c.png": png(bytes(range(64)), 8),  # grey
        "d.gif": PIXEL,
        "e.bmp": bmp(noise(7, 12, 3)),
        "f.jpg": tf.io.encode_jpeg(noise(20, 20, 4)[..., :1]).numpy(),
        "g.png": tf.io.encode_png(noise(6, 8, 5).astype("uint16") * 256).numpy(),
    }


def test_files_are_predicted_as_by_the_script_of_the_run(here: Here, tmp_path: Path):
    for name, content in files().items():
        (tmp_path / name).write_bytes(content)
    expected = script_says(here.folder, *(tmp_path / name for name in files()))
    assert expected.shape == (7, 2)
    assert len({f"{row[0]:.6f}" for row in expected}) == 7
    rows = [b64(content) for content in files().values()]
    named = {"signature_name": "images", "instances": [{"images": row} for row in rows]}
    for body in ({"instances": rows}, {"inputs": {"images": rows}}, named):
        same(json.loads(here.ask(**body)["text"]), expected)


@pytest.mark.slow
def test_a_server_answers_as_predict_py_does(pets, tmp_path: Path):
    server, run = pets
    for name, content in files().items():
        (tmp_path / name).write_bytes(content)
    table = tmp_path / "answers.npz"
    command = [sys.executable, str(run / "predict.py"), str(tmp_path), "-o", str(table)]
    subprocess.run(command, check=True, capture_output=True)
    asked = server.ask(instances=[b64(content) for content in files().values()])
    same(asked.json()["predictions"], np.load(table)["digit"])


def test_of_the_page_there_is_a_command_with_a_file(here: Here):
    targets = (Target("digit", "classes", ("cat", "dog"), True),)
    about = About("pets", "run", "", here.signatures, DEFAULT, targets)
    text = html.unescape(page(about, "http://127.0.0.1:1").decode())
    assert "a PNG, JPEG, GIF or BMP file, brought to 6 × 8" in text
    (command,) = re.findall(r'<pre id="curl"[^>]*>(.*?)</pre>', text, re.DOTALL)
    words = command.replace("\\\n", " ").replace("\n", " ")
    assert words.startswith('printf \'{"signature_name": "images", ')
    assert "\"$(base64 < image.png | tr -d '\\n')\" |" in words
    assert words.endswith("-d @-")
    assert page_data(about)["order"] == ["images", "raw", "serving_default"]
    told = metadata("pets", here.signatures)["metadata"]["signature_def"]["signature_def"]
    assert told["images"]["inputs"]["images"]["dtype"] == "DT_STRING"
    sizes = told["images"]["inputs"]["images"]["tensor_shape"]["dim"]
    assert sizes == [{"size": "-1", "name": ""}]


def test_of_many_files_the_page_begins_with_the_first(
    here: Here, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sample, "MOST_FILES", 3)
    with Warm(("nothing.is.asked",)) as nobody:
        found = sample.image_file(nobody, trained(here.folder), here.signatures[IMAGES], "test")
    assert found == ({"images": b64((folder / "pets" / "cat" / "0.jpg").read_bytes())}, "")


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("curl"), reason="curl isn't here")
def test_the_command_of_the_page_is_one(pets, tmp_path: Path):
    server, _ = pets
    (tmp_path / "image.png").write_bytes(files()["a.png"])
    text = html.unescape(server.client.get("/").text)
    (command,) = re.findall(r'<pre id="curl"[^>]*>(.*?)</pre>', text, re.DOTALL)
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True, capture_output=True)
    asked = server.ask(instances=[b64(files()["a.png"])])
    assert json.loads(done.stdout) == asked.json()


@pytest.mark.slow
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
    first = next(iter(load_script(run / "train.py", "train_served").make_datasets()["test"]))
    asked = {"signature_name": "serving_default", "instances": [first[0][0].numpy().tolist()]}
    same(server.ask(**asked).json()["predictions"], [found])
    for name in ("raw", "serving_default"):
        (given,) = about["samples"][name].values()
        asked = {"signature_name": name, "instances": [given]}
        same(server.ask(**asked).json()["predictions"], [found])


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


DAMAGED = {
    "png cut off": lambda good: good[:-200],
    "png changed": lambda good: good[:300] + bytes([good[300] ^ 255]) + good[301:],
    "jpeg cut off": lambda _: tf.io.encode_jpeg(noise(60, 60, 2)).numpy()[:-700],
    "gif cut off": lambda _: PIXEL[:-4],
    "bmp cut off": lambda _: bmp(noise(7, 12, 3))[:-9],
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_file_that_is_damaged_is_said_with_its_row(here: Here, name: str):
    good = tf.io.encode_png(noise(30, 30, 1)).numpy()
    answer = here.ask(instances=[b64(good), b64(DAMAGED[name](good))])
    assert answer["status"] == 400
    assert answer["error"].startswith(
        'The input "images" has in row 1 a file that can\'t be decoded: '
    )
    assert answer["error"].endswith(". Each row is a PNG, JPEG, GIF or BMP file that is whole.")
    assert len(answer["error"]) < 500 and "node" not in answer["error"]
    assert "text" in here.ask(instances=[b64(good)])


def test_more_images_than_memory_may_hold_are_refused(here: Here, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(worker, "MOST_READ", 3 * 6 * 8 * 2 + 1)
    good = b64(files()["a.png"])
    assert "text" in here.ask(instances=[good] * 2)
    answer = here.ask(instances=[good] * 3)
    assert answer["status"] == 413
    assert answer["error"].endswith("Ask for at most 2 at once.")


@pytest.mark.slow
def test_a_large_picture_is_read_and_a_larger_one_refused(pets):
    server, _ = pets
    large = bomb()
    assert len(large) < 100_000
    assert server.ask(instances=[b64(large)]).status_code == 200
    claims = large[:16] + (65536).to_bytes(4) * 2 + large[24:]
    process, held = server.worker(), server.worker().memory_info().rss
    for content, words in {
        claims: "a PNG file of 65536 × 65536 pixels, where 64,000,000 are the most",
        b"no image at all": "bytes that are no PNG, JPEG, GIF or BMP file",
        large[:-9000]: "a file that can't be decoded: ",
    }.items():
        answer = server.ask(instances=[b64(files()["a.png"]), b64(content)])
        assert answer.status_code == 400, answer.text
        assert answer.json()["error"].startswith(f'The input "images" has in row 1 {words}')
    assert server.worker().pid == process.pid
    assert process.memory_info().rss - held < 64 << 20


@pytest.mark.slow
def test_malformed_requests_change_nothing(pets):
    server, _ = pets
    rows = [b64(tf.io.encode_png(noise(9, 9, seed)).numpy()) for seed in (1, 2)]
    good = {"signature_name": "images", "instances": rows}
    before = server.ask(**good).json()
    malformed.send(server.address, server.path, good, seed=1, count=100)  # what it keeps anyway
    process, held = server.worker(), server.process.memory_info().rss
    sent = malformed.send(server.address, server.path, good, seed=5, count=5000)
    grown = server.process.memory_info().rss - held
    print(dict(sent.statuses), f"slowest {sent.slowest:.3f} s, grown by {grown / 2**20:.1f} MiB")
    assert not sent.wrong
    assert sent.slowest < 20
    assert grown < 16 << 20
    assert server.worker().pid == process.pid
    assert server.ask(**good).json() == before
