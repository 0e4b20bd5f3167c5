"""`studio weights`, `studio freeze` and `studio import`, as real processes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from studio.engine.trained import SAVED
from studio.graph.file import load
from tests.conftest import ROOT, studio, studio_each
from tests.templates import template_folder


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "templates" / "digits_mlp" / "project.json", tmp_path / "project.json")
    return tmp_path


def test_a_file_is_shown_and_held_against_a_project(trained, digits: Path):
    _, run = trained("penguins")
    model, penguins = run / SAVED, template_folder("penguins")
    text, told, fits, unfit, gone = studio_each(
        ["weights", model],
        ["weights", model, "--json"],
        ["weights", model, penguins],
        ["weights", model, digits, "--json"],
        ["weights", digits / "none.keras"],
    )
    assert text.returncode == 0 and "hidden   (11, 16) (16,)  float32  768" in text.stdout
    found = json.loads(told.stdout)
    assert found["kind"] == ".keras" and found["model"] == "Functional" and found["params"] == 243
    assert [each["name"] for each in found["layers"]] == ["hidden", "species"]
    assert found["code"] == [] and found["bytes"] == 972
    assert fits.returncode == 0 and "2 of 2 layers of the project fit by name." in fits.stdout
    assert unfit.returncode == 1
    told = json.loads(unfit.stdout)["fit"]
    assert told["unused"] == ["hidden", "species"] and "digit" in told["missing"]
    assert gone.returncode == 2 and "none.keras is not there" in gone.stderr


def test_layers_are_frozen_in_the_file(digits: Path):
    before = (digits / "project.json").read_text()
    dry, wrong, none, apply = studio_each(
        ["freeze", digits, "hidden*", "--json"],
        ["freeze", digits, "nothing"],
        ["freeze", digits],
        ["freeze", digits, "--depth", "-1", "--apply"],
    )
    told = json.loads(dry.stdout)
    assert [each["name"] for each in told["layers"]] == ["hidden1", "hidden2"]
    counts = told["trainable_params"]
    assert counts["before"] == told["params"] > counts["after"] > 0 and not told["applied"]
    assert wrong.returncode == none.returncode == 2
    assert f"{counts['before']:,} -> {counts['after']:,} of {told['params']:,}" in apply.stdout
    nodes = load(digits).model.nodes
    assert [id for id, node in nodes.items() if node.params.get("trainable") is False] == [
        "hidden1",
        "hidden2",
    ]
    done = studio("freeze", digits, "*", "--thaw", "--apply")
    assert done.returncode == 0 and (digits / "project.json").read_text() == before


def test_a_run_is_imported_back(trained, tmp_path: Path):
    _, run = trained("penguins")
    made, again, text, other = studio_each(
        ["import", run / SAVED, "-o", tmp_path / "back"],
        ["import", run / SAVED, "-o", tmp_path / "back"],
        ["summary", tmp_path / "back", "--json"],
        ["import", run / "train.py", "-o", tmp_path / "other"],
    )
    assert made.returncode == 0 and "studio summary" in made.stdout
    assert again.returncode == 2 and "is there already" in again.stderr
    assert json.loads(text.stdout)["totals"]["params"] == 243
    assert other.returncode == 2 and "Name a file in" in other.stderr
    assert not (tmp_path / "other").exists()
