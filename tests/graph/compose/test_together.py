"""Several files taken at once: one source of them all, their folder, or a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.graph.checks import check
from studio.graph.compose.propose import propose
from studio.graph.document import Project
from studio.graph.problems import StudioError, errors
from tests.data_files import png, put, wav

ROWS = "a,b,species\n" + "".join(f"{i},{i}.5,{'xy'[i % 2]}\n" for i in range(20))
EMPTY = Project(name="new")


def test_tables_of_one_header_become_one_source(tmp_path: Path) -> None:
    paths = [put(tmp_path / f"part-{i}.csv", ROWS) for i in (2, 0, 1)]
    found = propose(EMPTY, paths, tmp_path)
    project = found.edit.apply(EMPTY)
    source = project.data.nodes["part"]
    assert source.params["path"] == ["part-0.csv", "part-1.csv", "part-2.csv"]
    assert found.sentence.startswith("part-0.csv and 2 more: 60 rows, label species")
    report = check(project, tmp_path)
    assert not [each for each in errors(report.problems) if each.graph == "data"]
    assert report.shapes["data"].at("part").count == 60


def test_texts_of_one_kind_become_one_source(tmp_path: Path) -> None:
    paths = [put(tmp_path / name, "one\ntwo\n" * 10) for name in ("first.txt", "second.txt")]
    project = propose(EMPTY, paths, tmp_path).edit.apply(EMPTY)
    assert project.data.nodes["first"].params["path"] == ["first.txt", "second.txt"]


@pytest.mark.parametrize(("make", "op"), [(png, "images"), (wav, "audio")])
def test_of_images_or_sounds_of_a_folder_it_is_the_folder(make, op, tmp_path: Path) -> None:
    ending = "png" if make is png else "wav"
    for number in range(12):
        make(tmp_path / "mine" / f"{number}.{ending}", 400, *((8,) if make is png else ()))
    paths = sorted((tmp_path / "mine").iterdir())[:3]
    found = propose(EMPTY, paths, tmp_path)
    source = found.edit.apply(EMPTY).data.nodes["mine"]
    assert (source.op, source.params["path"]) == (f"studio.data.{op}", "mine")
    assert "all of the folder mine is read" in found.sentence


REFUSED = {
    "two kinds": (("a.csv", "b.txt"), '"a.csv" and "b.txt" aren\'t of one kind. Together can be'),
    "two headers": (("a.csv", "c.csv"), 'whose columns differ: only one has "b"'),
    "two databases": (("a.db", "b.db"), "2 such files aren't read together. Together can be"),
    "two folders": (("x/a.png", "y/b.png"), "lie in 2 folders. Take the folder that has those"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_belong_together_is_a_sentence(case: str, tmp_path: Path) -> None:
    for name in ("a.csv", "b.txt", "a.db", "b.db", "x/a.png", "y/b.png"):
        put(tmp_path / name, ROWS)
    put(tmp_path / "c.csv", ROWS.replace("b", "c"))
    names, wanted = REFUSED[case]
    with pytest.raises(StudioError) as caught:
        propose(EMPTY, [tmp_path / name for name in names], tmp_path)
    assert wanted in str(caught.value)
