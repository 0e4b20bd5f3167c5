"""`studio export`: real runs, written in real formats, loaded back by their own runtimes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from studio.export_further import FURTHER
from studio.graph.exporting import BY_WORD
from tests.conftest import events, hear_interrupts, studio, studio_each
from tests.templates import template_folder


@pytest.fixture
def run(trained, tmp_path: Path) -> Path:
    """A run of the penguins, to be changed."""
    _, made = trained("penguins")
    return Path(shutil.copytree(made, tmp_path / "runs" / made.name, symlinks=True))


def export(run: Path, *options: object, **keywords) -> tuple[list[dict], dict[str, Any], int]:
    """The progress, the report and the exit code of an export."""
    done = studio("export", run, "--json", *options, **keywords)
    assert done.stdout, done.stderr
    *progress, last = map(json.loads, done.stdout.splitlines())
    assert last["run"] == run.name
    return progress, last, done.returncode


FIELDS = {
    "format",
    "variant",
    "path",
    "bytes",
    "difference",
    "metrics",
    "latency_ms",
    "tolerance",
    "ok",
    "message",
}


def test_formats_are_written_proven_and_kept(run: Path, tmp_path: Path) -> None:
    """Keras, TensorFlow alone, LiteRT, and one that is refused; each is equal to the bit or so."""
    target = tmp_path / "out"
    words = ("keras", "yaml", "savedmodel", "tflite", "tflite-float16", "onnx")
    progress, report, code = export(run, *(f"--format={w}" for w in words), "-o", target)
    assert code == 1  # ONNX has no lookup of texts
    found = {f"{e['format']}-{e['variant']}".rstrip("-"): e for e in report["exports"]}
    assert tuple(found) == words
    assert all(set(each) == FIELDS for each in found.values())
    refused = found.pop("onnx")
    assert (refused["ok"], refused["path"]) == (False, None)
    assert refused["message"].startswith('Texts come in by "island" and "sex"')
    for word, each in found.items():
        assert each["ok"], each
        path = Path(each["path"])
        assert path == target / BY_WORD[word].file
        assert each["bytes"] == sum(
            p.stat().st_size for p in [path, *path.rglob("*")] if p.is_file()
        )
        limit = 1e-2 if word == "tflite-float16" else 1e-5
        assert 0 <= each["difference"]["relative"] <= limit
        assert each["difference"]["mean"] <= each["difference"]["largest"]
        assert each["metrics"]["before"].keys() == {"loss", "accuracy"}
        assert each["metrics"]["after"]["accuracy"] == each["metrics"]["before"]["accuracy"]
        assert each["latency_ms"]["before"] > 0 and each["latency_ms"]["after"] > 0
    assert found["tflite-float16"]["difference"]["largest"] > 0
    assert sorted(path.name for path in target.iterdir()) == sorted(
        BY_WORD[word].file for word in found
    )
    assert [each["doing"] for each in progress][:5] == ["converting"] * 5
    assert {each["doing"] for each in progress[5:]} == {"proving"}
    assert all(0 <= each["done"] < each["of"] == 5 for each in progress)
    kept = json.loads((run / "artifacts" / "exports.json").read_text())
    assert kept["exports"] == report["exports"]
    # The figures of the model itself are those of the run.
    (test,) = [each["metrics"] for each in events(run) if each["event"] == "test"]
    before = found["keras"]["metrics"]["before"]
    assert before["accuracy"] == pytest.approx(test["accuracy"], abs=1e-6)
    assert before["loss"] == pytest.approx(test["loss"], rel=1e-5)


WITHOUT_STUDIO = """
import sys

sys.modules["studio"] = None
import tensorflow as tf

if not KERAS:
    sys.modules["keras"] = None
given = {
    "body": tf.constant([[39.1, 18.7, 181.0, 3750.0]]),
    "island": tf.constant([["Torgersen"]]),
    "sex": tf.constant([["male"]]),
}
if KERAS:
    import keras

    print(keras.models.load_model("exported.keras")(given).numpy().tolist())
else:
    saved = tf.saved_model.load("saved_model")
    print(saved.signatures["serving_default"](**given)["species"].numpy().tolist())
"""


@pytest.mark.slow
def test_what_is_written_opens_without_studio(run: Path, tmp_path: Path) -> None:
    """In processes in which Studio can't be imported; for the SavedModel, Keras neither."""
    _, report, code = export(
        run, "--format=keras", "--format=savedmodel", "--no-proof", "-o", tmp_path
    )
    assert code == 0
    assert {each["message"] for each in report["exports"]} == {"It wasn't proven."}
    assert {each["difference"]["largest"] for each in report["exports"]} == {None}
    said = []
    for keras in (True, False):
        done = subprocess.run(
            [sys.executable, "-c", f"KERAS = {keras}{WITHOUT_STUDIO}"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        said.append(json.loads(done.stdout))
    assert said[0][0] == pytest.approx(said[1][0], rel=1e-5)


@pytest.mark.slow
def test_too_much_lost_is_said_in_red_and_exits_with_1(run: Path) -> None:
    """In whole numbers of 8 bits a column of thousands leaves nothing of one of tens."""
    done = studio("export", run, "--format=tflite-int8", "--set", "samples=50")
    assert done.returncode == 1, done.stdout
    assert "tflite-int8  NO" in done.stdout
    assert "Too much is lost" in done.stdout and "points lost" in done.stdout
    assert "No metric may get worse by more than 3 points of 100" in " ".join(done.stdout.split())
    assert (run / "artifacts" / "model-int8.tflite").is_file()


def test_the_list_says_what_can_be_written_without_tensorflow(run: Path) -> None:
    program = (
        "import sys; from studio.cli import main; code = main(sys.argv[1:]);"
        "assert 'tensorflow' not in sys.modules and 'numpy' not in sys.modules; sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "export", str(run), "--list", "--json"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    listed = json.loads(done.stdout)
    assert listed["run"] == run.name
    assert [set(each) for each in listed["formats"]] == [
        {"format", "variant", "about", "file", "can", "why"}
    ] * (len(BY_WORD) + len(FURTHER))
    assert [each["format"] for each in listed["formats"] if not each["can"]] == ["onnx"]


BAD = {
    "no format": ((), "It isn't said which format"),
    "an unknown format": (("--format=pickle",), 'There is no format "pickle".'),
    "one twice": (("--format=h5", "--format=h5"), "is asked for twice"),
    "a setting of none": (("--format=h5", "--set", "opset=15"), 'the setting "opset"'),
    "a wrong setting": (("--format=onnx", "--set", "opset=3"), "a whole number from 13 to 18"),
    "no setting": (("--format=onnx", "--set", "opset"), "Write NAME=VALUE"),
    "a folder that isn't there": (("--format=h5", "-o", "{tmp}/no/model.h5"), "is no folder"),
    "a folder with something else": (
        ("--format=savedmodel", "--set", 'file="full"', "-o", "{tmp}"),
        "is there already and holds something else",
    ),
    "a file where a folder is": (
        ("--format=h5", "--format=json", "-o", "{tmp}/file"),
        "can't be made",
    ),
    "a place that can't be written": (("--format=h5", "-o", "/proc/model.h5"), "/proc can't be"),
}


def test_what_cant_begin_is_said_in_a_sentence_and_leaves_nothing(run: Path, tmp_path: Path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "poem.txt").write_text("a")
    (tmp_path / "file").write_text("b")
    before = sorted(tmp_path.rglob("*"))
    given = [
        ("export", run, *(each.replace("{tmp}", str(tmp_path)) for each in options))
        for options, _ in BAD.values()
    ]
    for (case, (_, words)), done in zip(BAD.items(), studio_each(*given), strict=True):
        assert done.returncode == 2, (case, done.stdout)
        assert words in done.stderr, (case, done.stderr)
        assert "Traceback" not in done.stderr
        assert done.stdout == ""
    assert sorted(tmp_path.rglob("*")) == before


def test_runs_without_a_model_have_nothing_to_export(run: Path, tmp_path: Path) -> None:
    lost = studio("export", "lost", "--runs", run.parent, "--format=h5")
    assert lost.returncode == 2 and 'is called "lost"' in lost.stderr
    (run / "artifacts" / "model.keras").unlink()
    none = studio("export", run, "--format=h5")
    assert none.returncode == 2 and "has saved no model" in none.stderr


@pytest.mark.slow
def test_a_damaged_model_is_a_sentence_and_leaves_nothing(run: Path, tmp_path: Path) -> None:
    (run / "artifacts" / "model.keras").write_bytes(b"PK\x03\x04 not a model")
    target = tmp_path / "out"
    done = studio("export", run, "--format=keras", "--format=json", "-o", target)
    assert done.returncode == 2
    assert "The model of the run can't be loaded" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(target.iterdir()) == []


@pytest.mark.slow
def test_an_op_that_a_converter_doesnt_know_is_named_with_its_node(tmp_path: Path) -> None:
    """Of the user's own code nobody knows it before; the formats beside it are written."""
    folder = Path(shutil.copytree(template_folder("custom_layer"), tmp_path / "own"))
    project = json.loads((folder / "project.json").read_text())
    own = project["code"]["Projection"]
    product = "keras.ops.matmul(inputs, self.kernel)"
    assert product in own["source"]
    changed = own["source"].replace(product, f"tf.math.igamma(1.0, tf.nn.softplus({product}))")
    own["source"] = changed
    (folder / "project.json").write_text(json.dumps(project))
    done = studio("run", folder, "--json", "--epochs", 1)
    assert done.returncode == 0, done.stderr
    run = Path(json.loads(done.stdout)["folder"])
    formats = ("--format=tflite", "--format=onnx", "--format=h5", "--format=weights")
    _, report, code = export(run, *formats)
    assert code == 1
    tflite, onnx, h5, weights = report["exports"]
    for each in (tflite, onnx):
        assert (each["ok"], each["path"]) == (False, None)
        assert 'the operation Igamma of "projection". Export a SavedModel' in each["message"], each
    assert h5["ok"] and h5["difference"]["largest"] == 0, h5
    assert weights["ok"] and weights["difference"]["largest"] == 0, weights
    left = {path.name for path in (run / "artifacts").iterdir()}
    assert not {"model.tflite", "model.onnx"} & left
    assert not any(name.startswith(".") for name in left)


def test_an_interrupted_export_leaves_nothing(run: Path, tmp_path: Path) -> None:
    """Neither a file nor a process."""
    command = [sys.executable, "-m", "studio", "export"]
    process = subprocess.Popen(
        [*command, run, "--format=h5", "--json", "-o", tmp_path / "model.h5"],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        preexec_fn=hear_interrupts,
    )
    assert json.loads(process.stdout.readline())["doing"] == "converting"
    time.sleep(2)
    children = _children(process.pid)
    assert children
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 130
    process.stdout.close()
    assert not any(Path(f"/proc/{child}").exists() for child in children)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs"]


def _children(process: int) -> list[int]:
    import psutil

    return [each.pid for each in psutil.Process(process).children(recursive=True)]
