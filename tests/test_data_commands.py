"""`studio preview`, `studio data write` and `studio data bench`, as real processes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.graph.checks import check
from studio.graph.edit_text import decode
from studio.graph.file import load
from tests.codegen.projects import chain, csv, mapped, npz, stage, write_files
from tests.conftest import ROOT, studio

PENGUINS = ROOT / "templates" / "penguins"


@pytest.fixture
def written(tmp_path):
    """A function: a data graph -> the folder of a project with it."""
    write_files(tmp_path)

    def write(data: dict[str, Any]) -> Path:
        value = {"studio": 1, "data": data, "training": {"seed": 3}}
        (tmp_path / "project.json").write_text(json.dumps(value))
        return tmp_path

    return write


@pytest.mark.parametrize("command", [("preview",), ("data", "bench"), ("data", "write")])
def test_every_command_has_a_help_with_an_example(command) -> None:
    done = studio(*command, "--help")
    assert done.returncode == 0
    assert f"example: studio {' '.join(command)}" in done.stdout


def test_a_preview_is_printed_as_tables() -> None:
    done = studio("preview", PENGUINS, "--node", "birds", "--take", 2)
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0)
    lines = done.stdout.splitlines()
    assert lines[0].startswith("birds: 333 elements")
    assert "label of 333: 0: 146 (44%), 1: 68 (20%), 2: 119 (36%)" in lines
    assert lines[-2].split() == ["[39.1", "18.7", "181", "3750]", "[Torgersen]", "[male]", "0"]


def test_a_preview_as_json_has_spec_cardinality_and_elements() -> None:
    done = studio("preview", PENGUINS, "--take", 2, "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["node"], found["cardinality"]) == (0, "train", 15)
    assert [(each["path"], each["shape"], each["dtype"]) for each in found["spec"]] == [
        ([0, "body"], [None, 4], "float32"),
        ([0, "island"], [None, 1], "string"),
        ([0, "sex"], [None, 1], "string"),
        ([1], [None], "int32"),
    ]
    assert [element[0]["shape"] for element in found["elements"]] == [[16, 4], [16, 4]]
    assert [row[0]["shape"] for row in found["rows"]] == [[4], [4]]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("preview", PENGUINS, "--node", "bird"), 2, 'Did you mean "birds"?'),
        (("preview", PENGUINS, "--take", "0"), 2, "expected a whole number above 0"),
        (("preview", PENGUINS, "--set", "data.nodes.birds.params.path=x.csv"), 2, "x.csv"),
        (("preview", "nowhere"), 2, "can't be read"),
        (("data",), 2, "usage: studio data"),
        (("data", "write", PENGUINS), 2, "--out"),
        (("data", "write", PENGUINS, "--out", ROOT / "README.md"), 2, "can be written"),
    ],
)
def test_what_can_not_be_done_is_a_sentence(arguments, code, said) -> None:
    done = studio(*arguments)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def elements_of(folder: Path) -> list[dict[str, np.ndarray]]:
    """The elements of written files in their order, parsed by plain TensorFlow."""
    import tensorflow as tf

    about = json.loads((folder / "features.json").read_text())
    types = {"float": tf.float32, "int64": tf.int64, "bytes": tf.string, "tensor": tf.string}
    wanted: dict[str, Any] = {}
    for each in about["features"]:
        fixed = None not in each["shape"] and each["stored"] != "tensor"
        shape = each["shape"] if fixed else []
        kind = types[each["stored"]]
        open_vector = not fixed and each["stored"] != "tensor"
        wanted[each["key"]] = (
            tf.io.RaggedFeature(kind) if open_vector else tf.io.FixedLenFeature(shape, kind)
        )
        if "sizes" in each:
            wanted[each["sizes"]] = tf.io.FixedLenFeature([len(each["shape"])], tf.int64)
    files = [list(tf.data.TFRecordDataset(str(folder / name))) for name in about["files"]]
    records = [files[i % len(files)][i // len(files)] for i in range(about["count"])]
    found = []
    for record in records:
        parsed = tf.io.parse_single_example(record, wanted)
        element = {}
        for each in about["features"]:
            value = parsed[each["key"]]
            if each["stored"] == "tensor":
                value = tf.io.parse_tensor(value, each["dtype"])
            if "sizes" in each:
                value = tf.reshape(value, parsed[each["sizes"]])
            if each["stored"] in ("float", "int64"):
                value = tf.cast(value, each["dtype"])
            element[each["key"]] = value.numpy()
        found.append(element)
    return found


@pytest.mark.slow
def test_what_is_written_reads_back_as_it_was(written, tmp_path) -> None:
    data = chain(npz(features="x", label="y"), batch=5)
    data["nodes"].append(mapped("exact", "cast", dtype="float64"))
    data["edges"].append(["rows", "exact"])
    folder = written(data)
    x = np.arange(72, dtype="float32").reshape(12, 2, 3)
    y = np.arange(12, dtype="int32") % 3
    for node, dtype in (("rows", "float32"), ("exact", "float64")):
        out = tmp_path / node
        done = studio(
            "data", "write", folder, "--node", node, "--out", out, "--shards", 5, "--json"
        )
        assert (done.returncode, json.loads(done.stdout)["count"]) == (0, 12)
        assert len(list(out.iterdir())) == 6
        found = elements_of(out)
        for element, wanted, label in zip(found, x, y, strict=True):
            np.testing.assert_array_equal(element["features"], wanted)
            assert (element["features"].dtype, element["label"]) == (dtype, label)
    again = studio("data", "write", folder, "--node", "rows", "--out", tmp_path / "rows")
    assert again.returncode == 2
    assert "holds" in again.stderr

    batches = tmp_path / "batches"
    assert studio("data", "write", folder, "--node", "batch", "--out", batches).returncode == 0
    shapes = [each["features"].shape for each in elements_of(batches)]
    assert shapes == [(5, 2, 3), (5, 2, 3), (2, 2, 3)]


@pytest.mark.slow
def test_data_without_end_is_written_only_so_far_as_is_said(written, tmp_path) -> None:
    folder = written(chain(csv("words.csv", features="text"), stage("more", "repeat"), batch=None))
    out = tmp_path / "out"
    done = studio("data", "write", folder, "--node", "more", "--out", out)
    assert done.returncode == 1
    assert "without end: say with --take how many" in done.stderr
    assert not list(out.iterdir())
    assert (
        studio("data", "write", folder, "--node", "more", "--out", out, "--take", 14).returncode
        == 0
    )
    found = elements_of(out)
    assert [each["features"] for each in found[:2]] == [b"The a, b!", b"The b, b!"]
    assert len(found) == 14


@pytest.mark.slow
def test_bench_says_which_stage_holds_the_data_back_and_makes_the_change_that_helps(
    tmp_path,
) -> None:
    """Words are looked up anew in each epoch, as long as nothing keeps them."""
    attention = shutil.copytree(ROOT / "templates" / "attention_encoder", tmp_path / "attention")
    value = json.loads((attention / "project.json").read_text())
    next(each for each in value["data"]["nodes"] if each["id"] == "cache")["bypass"] = True
    (attention / "project.json").write_text(json.dumps(value))
    before = load(attention / "project.json")
    done = studio("data", "bench", attention, "--json", "--apply")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [each["node"] for each in found["stages"]] == [
        "texts",
        "words",
        "split",
        "shuffle",
        "train",
    ]
    assert all(each["batch_ms"] > 0 for each in found["stages"])
    assert found["samples"] == 64
    assert found["holds_back"] in ("words", "split", "shuffle")  # which of them, the load says
    best = found["gains"][0]
    assert (best["kind"], found["applied"]) == ("cache", True)
    assert best["times"] > 1.1
    assert "tf.data.Dataset.cache" in best["words"]
    after = load(attention / "project.json")
    assert after == decode(json.dumps(best["edit"])).apply(before)
    assert after.data.nodes["cache_"].op == "tf.data.Dataset.cache"
    assert check(after, attention).problems == check(before, attention).problems


def test_bench_changes_no_file_that_it_did_not_measure() -> None:
    done = studio("data", "bench", PENGUINS, "--apply", "--set", "training.seed=2")
    assert done.returncode == 2
    assert "leave --set out" in done.stderr
