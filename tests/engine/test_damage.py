"""A data file that is damaged where no check before a run looks: what run and preview say."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from studio.engine.damage import damage, sources
from studio.engine.events import EventReader
from studio.engine.stage import said_of
from studio.graph.file import load
from tests.codegen.projects import read
from tests.conftest import slow, studio
from tests.engine.nursery import Nursery
from tests.engine.test_resume import begun

IMAGES = {"id": "rows", "op": "studio.data.images", "params": {"path": "pics"}}
IMAGES["params"]["image_size"] = [4, 4]
ROWS = {"id": "rows", "op": "studio.data.csv", "params": {"path": "*.csv", "label": "y"}}
ROWS["params"] |= {"features": ["x", "z"], "classes": ["hen", "ox"]}
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


def rows(folder: Path, wrong: str) -> Path:
    """Of two files, the second has a wrong row behind those that are looked at before a run."""
    for name in "ab":
        good = "".join(f"{i % 7},0.5,{'ox' if i % 2 else 'hen'}\n" for i in range(300))
        (folder / f"{name}.csv").write_text(f"x,z,y\n{good}{wrong if name == 'b' else ''}")
    return project(folder, ROWS, [2])


Failed = Callable[[Path], str]


@pytest.fixture
def failed(nursery: Nursery, monkeypatch: pytest.MonkeyPatch) -> Failed:
    """A function: the folder of a project -> the message of its run, which fails."""

    def message(folder: Path) -> str:
        run = begun(load(folder), folder, monkeypatch)
        assert nursery.live(run, resume=False) == 1, (run / "log.txt").read_text()
        return EventReader(run).read()[-1]["message"]

    return message


UNDECODED = (
    'The image "pics/cat/20.png" can\'t be decoded; mend or remove it, or set corrupt to "skip"'
)


@pytest.mark.slow
def test_the_damaged_image_and_its_source_are_named_by_run_and_preview(tmp_path: Path) -> None:
    folder = images(tmp_path)
    done = studio("preview", folder, "--take", 40)
    assert done.returncode == 1
    assert done.stderr == f'studio: "rows" fails: {UNDECODED}.\n'
    done = studio("run", folder, "--runs", folder / "runs", "--json")
    assert done.returncode == 1
    message = json.loads(done.stdout.splitlines()[-1])["message"]
    assert message == f'The training failed at "rows" (data): {UNDECODED}'


@pytest.mark.parametrize("packed", [False, *slow(True)])
def test_the_damaged_record_file_is_named_by_run_and_preview(
    packed: bool, tmp_path: Path, failed: Failed
) -> None:
    folder = records(tmp_path, packed)
    done = studio("preview", folder, "--take", 200)
    assert done.returncode == 1
    assert done.stderr.startswith('studio: "rows" fails: DataLossError: corrupted record at ')
    assert done.stderr.endswith('in the file "b.rec".\n')
    message = failed(folder)
    assert message.startswith(
        'The training failed at "rows" (data): DataLossError: corrupted record at '
    )
    assert message.endswith('in the file "b.rec"')


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("1,2,ox,9\n", "has 4 cells where the header has 3; mend that line, "),
        ("one,2,ox\n", 'has "one" for "x", which should be a number'),
        ("1,,ox\n", 'has no "z"; fill the cell, or set missing to "drop" or "keep"'),
        ("1,2,cow\n", 'has the label "cow", which is not among the classes; add it there'),
    ],
)
def test_the_row_of_a_large_table_is_found(
    wrong: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.graph.tables.LOOKED_AT", 500)  # all others are beyond it
    folder = rows(tmp_path, wrong)
    value = read(json.loads((folder / "project.json").read_text()))
    error = tf.errors.InvalidArgumentError(None, None, "[[{{node DecodeCSV}}]]")
    found = damage(error, "", sources(value), folder)
    assert found.node == "rows"
    assert found.said.startswith(f'Line 302 of "b.csv" {said}')


def test_only_what_is_lost_in_records_is_looked_for_in_their_files(tmp_path: Path) -> None:
    folder = records(tmp_path, packed=False)
    value = json.loads((folder / "project.json").read_text())
    there = sources(read(value))
    assert list(there) == ["rows"]
    lost = tf.errors.DataLossError(None, None, "corrupted record at 12")
    assert damage(lost, "Lost", there, folder).said == 'Lost in the file "b.rec"'
    assert damage(ValueError("corrupted record"), "Lost", there, folder) is None
    (folder / "b.rec").rename(folder / "b.moved")
    assert damage(lost, "Lost", there, folder) is None
    value["data"]["nodes"][0]["params"]["path"] = "z*.rec"
    assert damage(lost, "Lost", sources(read(value)), folder) is None


def test_the_stage_that_an_error_in_the_data_came_from_is_named(tmp_path: Path) -> None:
    """Not the one that is looked at, which lies behind it."""
    lines = [f"{i}" for i in range(60)] + ["sixty"]
    (tmp_path / "rows.txt").write_text("\n".join(lines))
    stages = [
        {"id": "rows", "op": "studio.data.lines", "params": {"path": "rows.txt"}},
        {
            "id": "numbers",
            "op": "tf.data.Dataset.map",
            "params": {"function": {"op": "studio.map.parse_numbers"}},
        },
        {"id": "some", "op": "tf.data.Dataset.prefetch", "params": {"buffer_size": 2}},
        {"id": "batch", "op": "tf.data.Dataset.batch", "params": {"batch_size": 8}},
    ]
    ids = [each["id"] for each in stages]
    edges = [list(pair) for pair in pairwise(ids)]
    data = {"nodes": stages, "edges": edges, "outputs": {"train": "batch"}}
    (tmp_path / "project.json").write_text(json.dumps({"studio": 1, "data": data}))
    done = studio("preview", tmp_path, "--take", 100)
    assert done.returncode == 1
    assert done.stderr.startswith('studio: "numbers" fails: ')
    assert "sixty" in done.stderr


def test_a_label_in_the_middle_of_the_data_that_no_class_has_is_told(
    tmp_path: Path, failed: Failed
) -> None:
    labels = np.zeros(100, "int32")
    labels[60] = 5
    np.savez(tmp_path / "a.npz", x=np.zeros((100, 2), "float32"), y=labels)
    params = {"path": "a.npz", "features": "x", "label": "y"}
    folder = project(tmp_path, {"id": "rows", "op": "studio.data.numpy", "params": params}, [2])
    said = failed(folder)
    assert 'there is a label 5 (of "rows" in data), but the output ' in said
    assert "has 2 classes, 0 to 1. Give " in said and "6 units or more, mend the labels" in said


def test_a_generator_that_raises_in_the_middle_is_named(tmp_path: Path, failed: Failed) -> None:
    source = "def numbers():\n    yield [0.5, 1.0], 1\n    raise RuntimeError('the disk is gone')\n"
    signature = {
        "features": {"shape": [2], "dtype": "float32"},
        "label": {"shape": [], "dtype": "int32"},
    }
    params = {"generator": {"op": "code:numbers"}, "output_signature": signature, "count": 9}
    rows = {"id": "rows", "op": "tf.data.Dataset.from_generator", "params": params}
    folder = project(tmp_path, rows, [2])
    value = json.loads((folder / "project.json").read_text())
    value["code"] = {"numbers": {"kind": "generator", "source": source}}
    (folder / "project.json").write_text(json.dumps(value))
    assert failed(folder) == (
        'The training failed at "numbers" (code): RuntimeError: the disk is gone'
    )


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
