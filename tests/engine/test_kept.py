"""What is kept while one stage after the other is looked at: it is what is made anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio.engine.looking import question
from studio.graph.checks import check
from studio.graph.document import Project
from studio.graph.file import read
from studio.graph.problems import errors
from tests.codegen.projects import chain, csv, node, stage
from tests.codegen.projects import read as project_of
from tests.conftest import slow
from tests.templates import template_folder


@pytest.fixture
def look(warm, tmp_path):
    """A function: a project, its folder and an end -> the answer, from one place for all."""
    place = tmp_path / "place"
    place.mkdir()

    def looked(
        project: Project, folder: Path, end: str, soon: bool = True, **fields: Any
    ) -> dict[str, Any]:
        report = check(project, folder)
        assert not errors(report.problems), report.problems
        asked = question(project, folder, report, end, place, soon)
        answer = warm.ask(
            "preview", trusted=True, seconds=90, within=60, **asked.fields, **fields
        ).result()
        assert not answer.error, answer.error
        return answer.result

    return looked


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "ends"),
    [
        *slow(
            ("digits_gan", ["noise", "scale", "named", "split.test", "split.train", "validation"]),
            ("images_from_folder", ["digits", "split.validation", "cache", "validation"]),
            ("shared_text", ["words", "split.test", "validation_pairs", "validation_named"]),
        ),
        ("generator", ["moons", "cache", "split.test", "split.train", "validation", "test"]),
    ],
)
def test_each_stage_gives_what_it_gives_when_nothing_is_kept(name, ends, look) -> None:
    folder = template_folder(name)
    project, _ = read(folder)
    for end in [*ends, *reversed(ends)]:
        kept, anew = (look(project, folder, end, soon=soon, take=20) for soon in (True, False))
        for key in ("spec", "elements", "cardinality"):
            assert kept[key] == anew[key], (end, key)
        if "split" in end:
            assert kept["per_second"] is None  # it isn't the speed of the pipeline


def rows(count: int = 6, bad: int = -1, **params: Any) -> Project:
    """A generator that notes in a file that it begins, a split and an own map."""
    yielded = {"shape": [], "dtype": "int32"}
    source = (
        "def rows(note, add=0):\n"
        "    with open(note, 'a') as file:\n"
        "        file.write('x')\n"
        f"    for i in range({count}):\n"
        "        yield i + add\n"
    )
    broken = f"def inverse(x):\n    tf.debugging.assert_none_equal(x, {bad})\n    return x\n"
    function = {"op": "code:rows", "params": params}
    op = "tf.data.Dataset.from_generator"
    data = chain(
        node("rows", op, generator=function, output_signature=yielded, count=count),
        stage("split", "split", test=2),
        stage("inverse", "map", function={"op": "code:inverse"}),
        batch=None,
    )
    data["edges"][-1][0] = "split.train"
    code = {
        "rows": {"kind": "generator", "source": source},
        "inverse": {"kind": "map", "source": broken, "output_shape": "same"},
    }
    return project_of({"studio": 1, "data": data, "code": code, "training": {"seed": 3}})


def numbers(found: dict[str, Any]) -> list[int]:
    return [part["values"][0] for (part,) in found["elements"]]


def test_a_generator_runs_once_until_its_code_changes_or_it_is_asked_anew(look, tmp_path) -> None:
    note = tmp_path / "note"
    project = rows(note=str(note))
    every = numbers(look(project, tmp_path, "split.train")) + numbers(
        look(project, tmp_path, "split.test")
    )
    assert sorted(every) == list(range(6))
    assert note.read_text() == "x"
    look(project, tmp_path, "split.test", fresh=True)
    assert note.read_text() == "xx"
    more = numbers(look(rows(note=str(note), add=10), tmp_path, "split.test"))
    assert more == [each + 10 for each in every[4:]]
    assert note.read_text() == "xxx"
    assert numbers(look(rows(7, note=str(note)), tmp_path, "rows")) == list(range(7))


def test_an_error_behind_what_is_kept_is_told_of_its_own_line(look, tmp_path) -> None:
    note = str(tmp_path / "note")
    train = numbers(look(rows(note=note), tmp_path, "split.train"))
    project = rows(note=note, bad=train[2])
    found = look(project, tmp_path, "inverse")
    assert numbers(found) == train[:2]
    assert "inverse" in found["error"]
    assert numbers(look(project, tmp_path, "split.train")) == train


def test_a_file_that_changes_is_read_again(look, tmp_path) -> None:
    data = chain(csv("own.csv", features="a"), stage("split", "split", test=2), batch=None)
    project = project_of({"studio": 1, "data": data, "training": {"seed": 3}})
    file = tmp_path / "own.csv"
    for first in (1, 101, 2001):
        file.write_text("a\n" + "".join(f"{first + i}\n" for i in range(6)))
        found = [look(project, tmp_path, f"split.{part}") for part in ("train", "test")]
        assert sorted(each for part in found for each in numbers(part)) == [
            first + i for i in range(6)
        ]


def test_what_mixes_anew_each_time_begins_with_the_first_time(look, tmp_path) -> None:
    (tmp_path / "own.csv").write_text("a\n" + "".join(f"{i}\n" for i in range(50)))
    shuffle = stage("shuffle", "shuffle", buffer_size=50, seed=5)
    data = chain(csv("own.csv", features="a"), shuffle, stage("six", "take", count=6), batch=None)
    project = project_of({"studio": 1, "data": data, "training": {"seed": 3}})
    first = numbers(look(project, tmp_path, "shuffle", take=6))
    assert first != list(range(6))
    for end in ("six", "shuffle", "six"):
        assert numbers(look(project, tmp_path, end, take=6)) == first
    assert numbers(look(project, tmp_path, "six", soon=False)) == first
