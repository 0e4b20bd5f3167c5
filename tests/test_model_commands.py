"""The commands about trained models, as processes, and the bundle of a run.

One file, so that one process trains the run that all of them ask.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from studio.engine.bundle import write_bundle
from studio.engine.runs import read_run
from studio.engine.trained import Trained, model_of
from studio.engine.trained import trained as trained_run
from studio.graph.problems import StudioError
from studio.resources import ASSETS
from tests.conftest import studio

EVERYTHING = {
    "README.md",
    "project.json",
    "train.py",
    "train.ipynb",
    "predict.py",
    "requirements.txt",
    "pyproject.toml",
    "environment.json",
    "metrics.json",
    "labels.json",
    "history.csv",
    "artifacts/model.keras",
    "assets/data/penguins.csv",
}


@pytest.fixture
def run(trained) -> Path:
    """The folder of a run of the penguins."""
    return trained("penguins")[1]


@pytest.fixture
def model(run: Path) -> Trained:
    """The model of that run."""
    return trained_run(run)


@pytest.mark.slow
def test_rows_are_predicted_as_a_table_as_json_or_as_arrays(run, tmp_path):
    file = ASSETS / "data" / "penguins.csv"
    done = studio("predict", run, "--input", file)
    assert (done.returncode, done.stderr) == (0, "")
    rows = list(csv.DictReader(done.stdout.splitlines()))
    with file.open(newline="") as lines:
        species = [row["species"] for row in csv.DictReader(lines)]
    # Rows with empty cells are left out, as in the data: the others keep their number.
    assert 300 < len(rows) < len(species)
    assert list(rows[0]) == ["row", "species", "species_probability"]
    right = [species[int(row["row"]) - 1] == row["species"] for row in rows]
    assert sum(right) > 0.9 * len(rows)
    assert (run / "predict.py").is_file()

    told = json.loads(studio("predict", run, "--input", file, "--json").stdout)
    assert [row["species"] for row in told] == [row["species"] for row in rows]
    target = tmp_path / "out.npz"
    assert studio("predict", run, "--input", file, "-o", target).returncode == 0
    with np.load(target) as arrays:
        assert arrays["species"].shape == (len(rows), 3)
        names = np.array(["Adelie", "Chinstrap", "Gentoo"])[arrays["species"].argmax(-1)]
    assert names.tolist() == [row["species"] for row in rows]
    assert [each.name for each in tmp_path.iterdir()] == ["out.npz"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--input", "lost.csv"], "lost.csv is not there."),
        (["--input", "bad.csv"], "bad.csv can't be read: it has no column 'bill_length_mm'."),
        (["--input", "bad.md"], "bad.md can't be read: it ends in '.md', which isn't known here."),
        (["--input", "bad.csv", "-o", "a.txt"], "a table ends in .csv or .json, arrays in .npz."),
        (["--input", "bad.csv", "-o", "lost/a.csv"], "lost is no folder."),
        (["--input", "bad.csv", "-o", "a.csv", "--json"], "say one of them."),
    ],
)
def test_what_cannot_be_predicted_is_said(run, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    for name in ("bad.csv", "bad.md"):
        (tmp_path / name).write_text("island\nTorgersen\n")
    done = studio("predict", run, *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert sorted(each.name for each in tmp_path.iterdir()) == ["bad.csv", "bad.md"]


def test_a_run_is_bundled_and_drawn_by_export(run, tmp_path):
    done = studio("export", run, "--format", "bundle", "--format", "svg", "-o", tmp_path, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    *progress, last = map(json.loads, done.stdout.splitlines())
    assert [(each["at"], each["doing"]) for each in progress] == [
        ("bundle", "writing"),
        ("svg", "writing"),
    ]
    assert [(each["format"], each["ok"]) for each in last["exports"]] == [
        ("bundle", True),
        ("svg", True),
    ]
    assert {each["path"] for each in last["exports"]} == set(map(str, tmp_path.iterdir()))
    assert b"Concatenate" in (tmp_path / "model.svg").read_bytes()
    again = studio("export", run, "--format", "bundle", "-o", tmp_path / "bundle.zip")
    assert again.returncode == 1
    assert "bundle.zip is there already" in " ".join(again.stdout.split())
    formats = json.loads(studio("export", run, "--list", "--json").stdout)["formats"]
    assert [each["format"] for each in formats][-3:] == ["bundle", "svg", "png"]


def test_a_bundle_holds_everything_and_predicts(model: Trained, tmp_path: Path):
    target = tmp_path / "penguins"
    assert set(write_bundle(model, target)) == EVERYTHING
    metrics = json.loads((target / "metrics.json").read_text())
    known = read_run(model.folder).progress
    assert metrics == {"last_epoch": known.metrics, "test": known.test}
    assert json.loads((target / "labels.json").read_text())["species"]["names"] == [
        "Adelie",
        "Chinstrap",
        "Gentoo",
    ]
    needs = tomllib.loads((target / "pyproject.toml").read_text())["project"]["dependencies"]
    assert f"tensorflow=={version('tensorflow')}" in needs
    assert needs == (target / "requirements.txt").read_text().split()
    readme = (target / "README.md").read_text()
    assert "python train.py" in readme and "| test accuracy | 0." in readme

    table = _python(target, "predict.py", str(ASSETS / "data" / "penguins.csv")).stdout
    names = [line.split(",")[1] for line in table.splitlines()]
    assert names[0] == "species"
    assert set(names[1:]) == {"Adelie", "Chinstrap", "Gentoo"}


def _python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a script of a bundle as someone does who has no Studio: it is never imported."""
    spy = "import sys, runpy; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name="
    spy += "'__main__'); assert not [m for m in sys.modules if m.partition('.')[0] == 'studio']"
    command = [sys.executable, "-c", spy, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done


def test_it_may_be_a_zip_and_is_never_written_over(model: Trained, tmp_path: Path):
    target = tmp_path / "penguins.zip"
    assert set(write_bundle(model, target)) == EVERYTHING
    with zipfile.ZipFile(target) as packed:
        files = {each.filename for each in packed.infolist() if not each.is_dir()}
    assert files == {f"penguins/{name}" for name in EVERYTHING}
    for taken in (target, tmp_path):
        with pytest.raises(StudioError, match="is there already"):
            write_bundle(model, taken)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["penguins.zip"]


def test_a_run_without_a_model_says_so(tmp_path: Path):
    with pytest.raises(StudioError, match="no folder of a run"):
        model_of(tmp_path)
    (tmp_path / "events.jsonl").write_text('{"event":"state","time":1,"state":"failed"}\n')
    with pytest.raises(StudioError, match="has saved no model"):
        model_of(tmp_path)


@pytest.mark.slow
def test_two_commands_train_a_bundle_in_a_new_environment_to_the_same_digits(model, tmp_path):
    """As its README says; pip takes the packages from where this machine takes them."""
    target = tmp_path / "penguins"
    write_bundle(model, target)
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = next((tmp_path / "venv").glob("[bS]*/python*"))  # bin, or Scripts on Windows
    install = [python, "-m", "pip", "install", "-q", "-r", "requirements.txt"]
    subprocess.run(install, cwd=target, check=True)
    program = (
        "import json, sys, train; made, history, datasets = train.train(); "
        "tested = made.evaluate(datasets['test'], verbose=0, return_dict=True); "
        "last = {name: values[-1] for name, values in history.history.items()}; "
        "assert 'studio' not in sys.modules; "
        "print(json.dumps({'last_epoch': last, 'test': tested}))"
    )
    done = subprocess.run(
        [python, "-c", program], cwd=target, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout.splitlines()[-1]) == json.loads(
        (target / "metrics.json").read_text()
    )
