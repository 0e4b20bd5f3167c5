"""The wheel, in a clean virtual environment, from an unrelated folder."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        check=True,
        capture_output=True,
        timeout=120,
    )
    (built,) = folder.glob("tf_model_studio-*.whl")
    return built


def test_the_wheel_carries_templates_assets_and_nothing_that_isnt_the_products(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert "studio/templates/digits_cnn/project.json" in names
    assert "studio/templates/tfrecord_digits/digits/00003-of-00004.tfrecord" in names
    assert "studio/assets/data/digits.csv.gz" in names
    assert "studio/assets/catalogue.json" in names
    assert "studio/assets/project.schema.json" in names
    assert "studio/engine/cluster_folder/files/launch.sh" in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"studio", "tf_model_studio"}
    assert not [name for name in names if "/runs/" in name or name.endswith(".pyc")]


def test_installed_in_a_clean_environment_it_makes_and_trains_a_project(wheel, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True, timeout=120)
    programs = tmp_path / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    installed = subprocess.run(
        [programs / "python", "-m", "pip", "install", "--quiet", wheel],
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert installed.returncode == 0, installed.stderr
    unrelated = tmp_path / "unrelated"
    unrelated.mkdir()
    made = subprocess.run(
        [programs / "studio", "new", "digits_cnn", tmp_path / "somewhere"],
        cwd=unrelated,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert made.returncode == 0, made.stderr
    done = subprocess.run(
        [programs / "studio", "run", tmp_path / "somewhere" / "project.json", "--json"],
        cwd=unrelated,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["metrics"]["test_accuracy"] >= 0.97
    assert Path(report["folder"]).parent == tmp_path / "somewhere" / "runs"
    assert not list(unrelated.iterdir())
