"""Advice: it comes where it should, stays away where it shouldn't, and its fixes mend."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from studio.graph.checks import check
from studio.graph.checks.advice import ADVICE
from studio.graph.document import Project
from studio.graph.edit_text import decode, encode
from studio.graph.file import dumps, loads
from studio.graph.history import History
from studio.graph.problems import ERROR, WARNING, Problem

from ..samples import NAMES, SAMPLES, sample
from .build import write_files
from .cases import CASES, MENDS, MORE

DOCS = Path(__file__).parents[3] / "docs" / "problems.md"
ERRORS = ("no-sequence", "batch-twice", "small-vocabulary", "same-name", "uneven-first-batch")
ERRORS += (
    "open-vocabulary",
    "gaps-measured",
    "no-narrow-images",
    "penalty-dtype",
    "narrow-measures",
)
ERRORS += (
    "table-as-sequence",
    "binary-metric-of-classes",
    "metric-labels",
    "ragged-layer",
)  # where the labels are known
"""What stops a run; all other advice warns."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("advice")
    write_files(made)
    return made


def read(value: dict[str, Any]) -> Project:
    project, problems = loads(json.dumps(value))
    assert not problems
    return project


def found(project: Project, folder: Path, code: str) -> list[Problem]:
    return [p for p in check(project, folder).problems if p.code == code]


def sentences(project: Project, folder: Path) -> list[str]:
    return [f"{p.code}: {p.sentence()}" for p in check(project, folder).problems]


def test_every_advice_has_its_cases() -> None:
    assert set(CASES) == set(ADVICE)
    assert len(ADVICE) >= 25


@pytest.mark.parametrize("code", CASES)
def test_it_is_told_where_it_stands_and_why(code, folder) -> None:
    graph, node, value, _, fixed = CASES[code]
    project = read(value)
    there = [p for p in found(project, folder, code) if (p.graph, p.node) == (graph, node)]
    assert there, sentences(project, folder)
    problem = there[0]
    assert problem.severity == (ERROR if code in ERRORS else WARNING)
    assert problem.message.endswith(".")
    assert problem.hint.endswith((".", "?"))
    assert problem.place
    assert problem.sentence().isprintable()
    assert len(problem.sentence()) < 400
    assert (problem.fix is not None) is fixed
    assert set(problem.as_json()) == {"severity", "code", "graph", "node", "message", "hint"}


@pytest.mark.parametrize("code", CASES)
def test_the_project_that_calls_for_it_has_no_other_problem(code, folder) -> None:
    project = read(CASES[code][2])
    others = {p.code for p in check(project, folder).problems} - {code}
    assert others <= ALONGSIDE.get(code, set()), sentences(project, folder)


ALONGSIDE = {
    "too-small-from-here": {"shape"},
    "steps-to-the-end": {"label-loss"},
    "single-place": {"kernel-in-padding"},
    "batch-twice": {"label-loss"},
}
"""What a project can't but have as well."""


@pytest.mark.parametrize("name", MORE)
def test_it_is_told_of_other_forms_of_the_same_mistake(name, folder) -> None:
    code, value = MORE[name]
    project = read(value)
    assert found(project, folder, code), sentences(project, folder)


HEALTHY = [(code, i) for code, case in CASES.items() for i in range(len(case[3]))]


@pytest.mark.parametrize(("code", "index"), HEALTHY)
def test_it_is_not_told_where_all_is_well(code, index, folder) -> None:
    project = read(CASES[code][3][index])
    assert not found(project, folder, code), sentences(project, folder)
    assert not [p for p in check(project, folder).problems if p.severity == ERROR]


FIXED = [
    *((code, case[1], case[2]) for code, case in CASES.items() if case[4]),
    *((code, None, value) for code, value in MORE.values()),
    *((code, node, value) for code, (node, value) in MENDS.items()),
]


@pytest.mark.parametrize(
    ("code", "node", "value"), FIXED, ids=[f"{i} {case[0]}" for i, case in enumerate(FIXED)]
)
def test_a_fix_mends_breaks_nothing_and_can_be_undone(code, node, value, folder) -> None:
    project = read(value)
    before = dumps(project)
    problem = next(p for p in found(project, folder, code) if node in (None, p.node))
    if problem.fix is None:
        assert node is None, "this problem has a fix"
        return
    errors = {p for p in check(project, folder).problems if p.severity == ERROR}
    history = History(project)
    history.do(problem.fix)
    after = check(history.project, folder).problems
    assert (code, problem.node, problem.place) not in {(p.code, p.node, p.place) for p in after}
    assert {p for p in after if p.severity == ERROR} <= errors, [p.sentence() for p in after]
    mended = dumps(history.project)
    assert mended != before
    assert loads(mended)[0] == history.project
    assert problem.fix.label[0].isupper()
    history.undo()
    assert dumps(history.project) == before
    history.do(decode(encode(problem.fix)))  # as a journal would
    assert dumps(history.project) == mended


@pytest.mark.parametrize("code", MENDS)
def test_problems_of_other_checks_have_a_fix(code, folder) -> None:
    node, value = MENDS[code]
    (problem,) = {p for p in found(read(value), folder, code) if p.node == node}
    assert problem.fix is not None


@pytest.mark.parametrize("name", NAMES)
def test_a_template_has_no_problem(name) -> None:
    project, problems = loads(json.dumps(sample(name)))
    assert not problems
    assert check(project).problems == []


@pytest.mark.parametrize("name", SAMPLES)
def test_a_missing_part_calls_for_no_advice(name) -> None:
    for part in ("data", "model", "training"):
        value = sample(name)
        value.pop(part, None)
        codes = {p.code for p in check(read(value)).problems}
        assert not codes & set(ADVICE), (part, codes)


def test_problems_with_a_fix_compare_and_hash_by_what_they_say(folder) -> None:
    problem = found(read(CASES["linear-stack"][2]), folder, "linear-stack")[0]
    assert problem.fix is not None
    alike = Problem(*(getattr(problem, name) for name in problem.__struct_fields__[:7]))
    assert alike.fix is None
    assert alike == problem
    assert len({alike, problem}) == 1
    assert problem != Problem("warning", "other", "", "", "")


def test_advice_in_a_block_stands_at_the_block() -> None:
    value = sample("blocks")
    block = value["blocks"]["pair"]
    block["nodes"].append({"id": "norm", "op": "keras.layers.BatchNormalization"})
    block["edges"].append(["second", "norm"])
    block["outputs"] = ["norm"]
    project = read(value)
    (problem,) = check(project).problems
    assert (problem.code, problem.graph, problem.node) == (
        "bias-before-norm",
        "block:pair",
        "second",
    )
    assert problem.place.startswith("blocks.pair.nodes[2]")
    history = History(project)
    history.do(problem.fix)
    assert check(history.project).problems == []


def paragraphs() -> dict[str, str]:
    """The paragraph of each code in docs/problems.md."""
    parts = re.split(r"^### `?([a-z-]+)`?$", DOCS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {
        code: " ".join(text.split("\n#")[0].split())
        for code, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def test_the_docs_say_of_every_advice_what_the_table_says() -> None:
    docs = paragraphs()
    for code, entry in ADVICE.items():
        assert docs.get(code) == entry.docs, code


def test_the_docs_have_a_paragraph_for_every_code_in_the_source() -> None:
    docs = paragraphs()
    graph = Path(__file__).parents[3] / "studio" / "graph"
    files = [*(graph / "checks").glob("*.py"), *graph.glob("*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    codes = set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', text))
    codes |= {"shape", "unfed", "unused", "cycle", "join", "endless"}
    assert len(codes) > 30
    assert codes <= set(docs), sorted(codes - set(docs))
    assert all(len(text) > 80 for text in docs.values())
