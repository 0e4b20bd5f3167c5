"""The wheel, in a virtual environment of its own, from an unrelated folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import Any

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


def environment(folder: Path, *options: str) -> Path:
    """The folder of the programs of a virtual environment."""
    subprocess.run([sys.executable, "-m", "venv", *options, folder], check=True, timeout=120)
    return folder / ("Scripts" if sys.platform == "win32" else "bin")


def install(programs: Path, wheel: Path, *options: str) -> None:
    pip = [sys.executable, "-m", "pip", "--python", programs / "python", "install", "--quiet"]
    done = subprocess.run([*pip, *options, wheel], capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr


def made_and_trained(programs: Path, template: str, folder: Path, *options: str) -> dict[str, Any]:
    """The report of the run of a project that is made of a template, from an unrelated folder."""
    unrelated = folder / "unrelated"
    unrelated.mkdir()
    made = folder / "somewhere"
    for command in (
        ["new", template, made],
        ["run", made / "project.json", "--json", *options],
    ):
        done = subprocess.run(
            [programs / "studio", *command],
            cwd=unrelated,
            capture_output=True,
            text=True,
            timeout=300,
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        )
        assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert Path(report["folder"]).parent == made / "runs"
    assert not list(unrelated.iterdir())
    return report


def test_installed_beside_what_it_depends_on_it_makes_and_trains_a_project(wheel, tmp_path):
    """Of this environment it finds all packages, but not this Studio: that isn't on their path."""
    programs = environment(tmp_path / "venv", "--without-pip")
    install(programs, wheel, "--no-deps")
    (own,) = (tmp_path / "venv").rglob("site-packages")
    (own / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    assert (own / "studio" / "cli.py").exists()
    report = made_and_trained(programs, "penguins", tmp_path, "--epochs", "2")
    assert report["state"] == "completed"


@pytest.mark.slow
def test_installed_in_a_clean_environment_it_makes_and_trains_a_project(wheel, tmp_path):
    programs = environment(tmp_path / "venv")
    install(programs, wheel)
    report = made_and_trained(programs, "digits_cnn", tmp_path)
    assert report["metrics"]["test_accuracy"] >= 0.97
