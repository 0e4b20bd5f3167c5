"""environment.json: the data of a run as files, folders, and how sources make their rows."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from studio.engine import environment
from studio.engine.files import data_files, place_files
from studio.graph.file import load, loads
from studio.resources import TEMPLATES


def test_a_file_is_known_by_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"x,y\n1,2\n")
    told = environment.fingerprint({"a.csv": tmp_path / "a.csv"})
    digest = hashlib.sha256(b"x,y\n1,2\n").hexdigest()
    assert told == {"a.csv": {"bytes": 8, "sha256": digest}}


@pytest.mark.parametrize("most", [2**30, 3])
@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "in" / "b").write_bytes(b"12345"),
        lambda folder: (folder / "a").rename(folder / "c"),
        lambda folder: (folder / "in" / "more").write_bytes(b""),
        lambda folder: (folder / "in" / "b").unlink(),
    ],
)
def test_a_folder_is_known_by_its_files(change, most, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(environment, "MOST_HASHED", most)
    (tmp_path / "in").mkdir()
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "in" / "b").write_bytes(b"1234")
    before = environment.fingerprint({"data": tmp_path})["data"]
    assert (before["files"], before["bytes"]) == (2, 5)
    assert ("of" in before) == (most == 3)
    assert environment.fingerprint({"data": tmp_path})["data"] == before
    change(tmp_path)
    assert environment.fingerprint({"data": tmp_path})["data"]["sha256"] != before["sha256"]


def test_a_folder_that_is_not_there_yet_is_left_out(tmp_path: Path) -> None:
    assert environment.fingerprint({"data": tmp_path / "later"}) == {}


def test_sources_are_told_by_what_makes_their_rows() -> None:
    project = load(TEMPLATES / "generator")
    told = environment.sources(project)
    source = project.code["moons"].source
    assert told["moons"]["sha256"] == hashlib.sha256(source.encode()).hexdigest()
    assert told["split"]["seed"] == 7  # the training's
    assert set(told) == {"moons", "split"}
    json.dumps(told)


def test_a_seed_of_its_own_goes_before_the_trainings() -> None:
    value = json.loads((TEMPLATES / "million_rows" / "project.json").read_bytes())
    value["data"]["nodes"][0]["params"]["seed"] = 3
    told = environment.sources(loads(json.dumps(value))[0])
    assert (told["rows"]["seed"], told["split"]["seed"]) == (3, 7)
    assert told["rows"]["params"]["count"] == 1_048_576


def test_a_prepared_folder_is_put_beside_the_script(tmp_path: Path) -> None:
    value = json.loads((TEMPLATES / "tfds_mnist" / "project.json").read_bytes())
    for node in value["data"]["nodes"][:1]:
        node["params"]["data_dir"] = "prepared"
    project = loads(json.dumps(value))[0]
    folder, run = tmp_path / "project", tmp_path / "run"
    (folder / "prepared").mkdir(parents=True)
    (folder / "prepared" / "file").write_text("1")
    assert data_files(project, folder) == {"prepared": folder / "prepared"}
    place_files(project, folder, run)
    assert (run / "prepared" / "file").read_text() == "1"
