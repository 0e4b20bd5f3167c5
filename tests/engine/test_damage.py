"""A data file that is damaged where no check before a run looks: what run and preview say."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from studio.engine.damage import damaged_file, record_files
from studio.engine.stage import said_of
from tests.codegen.projects import read
from tests.conftest import studio

IMAGES = {"id": "rows", "op": "studio.data.images", "params": {"path": "pics"}}
IMAGES["params"]["image_size"] = [4, 4]
RECORDS = {"id": "rows", "op": "studio.data.tfrecord", "params": {"path": "*.rec", "label": "y"}}


def project(folder: Path, source: dict, shape: list[int]) -> Path:
    batch = {"id": "batch", "op": "tf.data.Dataset.batch", "params": {"batch_size": 8}}
    nodes = [
        {"id": "x", "op": "keras.Input", "params": {"shape": shape}},
        {"id": "flat", "op": "keras.layers.Flatten"},
        {"id": "label", "op": "keras.layers.Dense", "params": {"units": 2}},
    ]
    loss = {"op": "keras.losses.SparseCategoricalCrossentropy", "params": {"from_logits": True}}
    value = {
        "studio": 1,
        "data": {
            "nodes": [source, batch],
            "edges": [["rows", "batch"]],
            "outputs": {"train": "batch"},
        },
        "model": {
            "nodes": nodes,
            "edges": [["x", "flat"], ["flat", "label"]],
            "outputs": ["label"],
        },
        "training": {
            "epochs": 1,
            "optimizer": {"op": "keras.optimizers.Adam"},
            "losses": {"label": loss},
        },
    }
    (folder / "project.json").write_text(json.dumps(value))
    return folder


def images(folder: Path) -> Path:
    """Of 40 images one has lost what is in its middle."""
    (folder / "pics" / "cat").mkdir(parents=True)
    random = np.random.default_rng(1)
    for number in range(40):
        pixels = random.integers(0, 255, (16, 16, 3)).astype("uint8")
        content = bytearray(tf.io.encode_png(pixels).numpy())
        if number == 20:
            content[60:160] = bytes(100)
        (folder / "pics" / "cat" / f"{number}.png").write_bytes(content)
    return project(folder, IMAGES, [4, 4, 3])


def records(folder: Path, packed: bool) -> Path:
    """Of three files one is damaged behind the records that are looked at before a run."""
    feature = tf.train.Feature
    for name in "abc":
        file = folder / f"{name}.rec"
        with tf.io.TFRecordWriter(str(file)) as writer:
            for number in range(150):
                x = feature(float_list=tf.train.FloatList(value=[number, 0.5]))
                y = feature(int64_list=tf.train.Int64List(value=[number % 2]))
                features = tf.train.Features(feature={"x": x, "y": y})
                writer.write(tf.train.Example(features=features).SerializeToString())
        content = bytearray(file.read_bytes())
        if name == "b":
            content[-20] ^= 255
        file.write_bytes(gzip.compress(content) if packed else content)
    return project(folder, RECORDS, [2])


def test_the_damaged_image_is_named_by_run_and_preview(tmp_path: Path) -> None:
    folder = images(tmp_path)
    done = studio("preview", folder, "--take", 40)
    assert done.returncode == 1
    assert done.stderr == (
        'studio: "batch" fails: This image can\'t be decoded: pics/cat/20.png.\n'
    )
    done = studio("run", folder, "--runs", tmp_path / "runs")
    assert done.returncode == 1
    first = next(line for line in done.stderr.splitlines() if line.startswith("studio: "))
    assert first.startswith("studio: The training failed: This image can't be decoded: ")
    assert first.endswith("pics/cat/20.png")


@pytest.mark.parametrize("packed", [False, True])
def test_the_damaged_record_file_is_named_by_run_and_preview(packed: bool, tmp_path: Path) -> None:
    folder = records(tmp_path, packed)
    done = studio("preview", folder, "--take", 200)
    assert done.returncode == 1
    assert done.stderr.endswith('in the file "b.rec".\n')
    assert "corrupted record" in done.stderr
    done = studio("run", folder, "--runs", tmp_path / "runs", "--json")
    assert done.returncode == 1
    message = json.loads(done.stdout.splitlines()[-1])["message"]
    assert message.startswith("The training failed: DataLossError: corrupted record at ")
    assert message.endswith('in the file "b.rec"')


def test_only_what_is_lost_in_records_is_looked_for_in_their_files(tmp_path: Path) -> None:
    folder = records(tmp_path, packed=False)
    value = json.loads((folder / "project.json").read_text())
    files = record_files(read(value), folder)
    assert list(files) == ["a.rec", "b.rec", "c.rec"]
    lost = tf.errors.DataLossError(None, None, "corrupted record at 12")
    assert damaged_file(lost, files) == ' in the file "b.rec"'
    assert damaged_file(lost, {"a.rec": files["a.rec"]}) == ""
    assert damaged_file(ValueError("corrupted record"), files) == ""
    (folder / "b.rec").unlink()
    assert damaged_file(lost, files) == ' in the file "b.rec"'
    value["data"]["nodes"][0]["params"]["path"] = "z*.rec"
    assert record_files(read(value), folder) == {}


def test_of_an_error_in_a_graph_its_message_alone_is_told() -> None:
    @tf.function
    def fails(number):
        tf.debugging.Assert(number > 3, ["It's too small:", number, "[really]"])
        return tf.gather([1, 2], number)

    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        fails(tf.constant(1))
    assert said_of(caught.value) == "It's too small: 1 [really"
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        fails(tf.constant(7))
    assert said_of(caught.value).startswith("InvalidArgumentError: ")
    assert "indices = 7 is not in [0, 2)" in said_of(caught.value)
    assert "Detected at" not in said_of(caught.value)
