"""A bundle holds all that it takes to train a run again, and to predict with it."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

from studio.engine.bundle import write_bundle
from studio.engine.runs import read_run
from studio.engine.trained import Trained, model_of
from studio.engine.trained import trained as trained_run
from studio.graph.problems import StudioError
from studio.resources import ASSETS

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
def run(trained) -> Trained:
    """A run of the penguins, which has trained to its end."""
    _, folder = trained("penguins")
    return trained_run(folder)


def test_a_bundle_trains_to_the_same_figures_and_predicts(run: Trained, tmp_path: Path):
    target = tmp_path / "penguins"
    assert set(write_bundle(run, target)) == EVERYTHING
    metrics = json.loads((target / "metrics.json").read_text())
    known = read_run(run.folder).progress
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

    (target / "artifacts" / "model.keras").unlink()  # it comes again by the training
    table = _python(target, "train.py").stdout
    told = dict(line[5:].split(": ") for line in table.splitlines() if line.startswith("test "))
    assert {name: round(value, 4) for name, value in known.test.items()} == {
        name: float(value) for name, value in told.items()
    }
    table = _python(target, "predict.py", str(ASSETS / "data" / "penguins.csv")).stdout
    names = [line.split(",")[0] for line in table.splitlines()]
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


def test_it_may_be_a_zip_and_is_never_written_over(run: Trained, tmp_path: Path):
    target = tmp_path / "penguins.zip"
    assert set(write_bundle(run, target)) == EVERYTHING
    with zipfile.ZipFile(target) as packed:
        files = {each.filename for each in packed.infolist() if not each.is_dir()}
    assert files == {f"penguins/{name}" for name in EVERYTHING}
    for taken in (target, tmp_path):
        with pytest.raises(StudioError, match="is there already"):
            write_bundle(run, taken)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["penguins.zip"]


def test_a_run_without_a_model_says_so(tmp_path: Path):
    with pytest.raises(StudioError, match="no folder of a run"):
        model_of(tmp_path)
    (tmp_path / "events.jsonl").write_text('{"event":"state","time":1,"state":"failed"}\n')
    with pytest.raises(StudioError, match="has saved no model"):
        model_of(tmp_path)
