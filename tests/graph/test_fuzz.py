"""Whatever stands in a project, what comes out is a sentence or a script, nothing else."""

from __future__ import annotations

import ast
import csv
import json
import os
import traceback
from pathlib import Path
from random import Random
from typing import Any

import pytest

from studio.codegen.helpers import HELPERS
from studio.codegen.script import write_script
from studio.graph.checks import check
from studio.graph.file import dumps, loads
from studio.graph.problems import StudioError, errors

from .mutations import HOSTILE_TEXTS, mutate, sprinkle
from .samples import SAMPLES, node_of, read_value, sample

PROJECTS = int(os.environ.get("STUDIO_FUZZ", "1200"))
FIRST = int(os.environ.get("STUDIO_FUZZ_FIRST", "0"))
SECONDS = 5


def text_of(value: Any) -> str:
    return json.dumps(value, ensure_ascii=bool(len(str(value)) % 2))


def go_through(text: str, folder: Path = Path()) -> str | None:
    """Reads, writes, checks and prints a project; returns the script, if there is one."""
    try:
        project, problems = loads(text)
        written = dumps(project)
        written.encode()
        assert problems or dumps(loads(written)[0]) == written
        report = check(project, folder, problems)
        for problem in report.problems:
            problem.sentence().encode()
        if errors(report.problems):
            return None
        script = write_script(project, folder, report=report).text
    except StudioError as error:
        str(error).encode()
        return None
    script.encode()
    return script


def names(script: str) -> set[str]:
    """Everything in a script that is code and not text."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(script)):
        for field in ("id", "attr", "name", "arg", "asname", "module"):
            value = getattr(node, field, None)
            if isinstance(value, str):
                found |= set(value.split("."))
    return found


def parameter_names() -> set[str]:
    """The keywords and parts of paths of every op there is: they may stand in any script."""
    from studio.graph.catalogue.registry import find, paths

    known = {part for path in paths() for part in path.split(".")}
    return known | {name for path in paths() for name in find(path).params}


def identifiers(value: Any) -> set[str]:
    """What a project may name in its script: its nodes, and their ports."""
    graphs = [value.get("data"), value.get("model")]
    found = {
        node["id"]
        for graph in graphs
        if isinstance(graph, dict) and isinstance(graph.get("nodes"), list)
        for node in graph["nodes"]
        if isinstance(node, dict) and isinstance(node.get("id"), str)
    }
    ports = ("train", "validation", "test", "state_h", "state_c", "output", "layer")
    found |= {f"{name}_{port}" for name in found for port in ports}
    found |= {f"load_{name}" for name in found}
    return found | {f"{name}_" for name in found} | {f"{name}__" for name in found}


@pytest.fixture(scope="module")
def known() -> set[str]:
    """The names in the scripts of all samples, and those of the catalogue."""
    found = parameter_names() | {"str", "weight"} | {f"part_{index}" for index in range(9)}
    for helper in HELPERS.values():
        found |= names(helper.source)
    for name in SAMPLES:
        script = go_through(text_of(sample(name)))
        found |= names(script) if script else set()
    return found


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_without_a_mistake_has_no_problem(name) -> None:
    project, problems = read_value(sample(name))
    assert check(project, before=problems).problems == []


def fuzz(change, seeds: range, known: set[str], ends) -> tuple[int, dict[str, str]]:
    """The number of scripts that came out, and what must never happen, once for each place."""
    scripts, bad = 0, {}
    for seed in seeds:
        rng = Random(seed)
        name = SAMPLES[seed % len(SAMPLES)]
        value = change(sample(name), rng)
        try:
            with ends(SECONDS):
                script = go_through(text_of(value))
            if script is not None:
                scripts += 1
                strange = names(script) - known - identifiers(value)
                assert not strange, f"code that no sample has: {sorted(strange)}"
        except (Exception, pytest.fail.Exception) as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{type(error).__name__} {last.filename}:{last.lineno}"
            bad.setdefault(where, f"seed {seed} of {name}: {str(error)[:200]}")
    return scripts, bad


def told(bad: dict[str, str]) -> str:
    return "\n".join(f"{where}: {what}" for where, what in bad.items())


def test_a_project_with_mistakes_gives_sentences_and_never_a_traceback(known, ends) -> None:
    scripts, bad = fuzz(mutate, range(FIRST, FIRST + PROJECTS), known, ends)
    assert not bad, told(bad)
    assert scripts > PROJECTS / 100, "too few projects were left whole to say anything of scripts"


def test_hostile_texts_stay_texts_in_the_script(known, ends) -> None:
    scripts, bad = fuzz(sprinkle, range(FIRST, FIRST + PROJECTS // 4), known, ends)
    assert not bad, told(bad)
    assert scripts > PROJECTS / 20


@pytest.mark.parametrize("text", HOSTILE_TEXTS, ids=lambda text: ascii(text)[:30])
def test_a_hostile_text_wherever_a_text_may_stand_is_no_code(text, known) -> None:
    value = sample("digits_cnn")
    value |= {"name": text, "note": text}
    for node in value["model"]["nodes"] + value["data"]["nodes"]:
        node["note"] = text
    value["training"]["callbacks"] = [
        {"op": "keras.callbacks.CSVLogger", "params": {"filename": text or "log.csv"}},
        {"op": "keras.callbacks.EarlyStopping", "params": {"monitor": text}},
    ]
    script = go_through(text_of(value))
    assert script is not None
    assert names(script) <= known | identifiers(value)
    strings = {n.value for n in ast.walk(ast.parse(script)) if isinstance(n, ast.Constant)}
    assert text in strings


# Without those that no CSV file can hold as a name.
CELLS = [text for text in HOSTILE_TEXTS if text and not set(text) & {"\ud800"}]


@pytest.mark.parametrize("text", CELLS, ids=lambda text: ascii(text)[:30])
def test_a_hostile_column_or_class_of_a_data_file_is_no_code(text, known, tmp_path) -> None:
    """The names in a data file are as little to be trusted as those in a project."""
    with (tmp_path / "d.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([f"{text}_0", f"{text}_1", f"{text}kind"])
        rows.writerows([[1, 2, text], [3, 4, "other"]] * 20)
    value = sample("digits_mlp")
    node_of(value, "digits", "data")["params"] = {"path": "d.csv", "label": f"{text}kind"}
    node_of(value, "image")["params"] = {"shape": [2]}
    script = go_through(text_of(value), tmp_path)
    assert script is not None
    # A plain name may stand in an f-string that makes the columns' names.
    assert names(script) <= known | identifiers(value) | {"i", "names"}
    strings = {n.value for n in ast.walk(ast.parse(script)) if isinstance(n, ast.Constant)}
    assert {text, f"{text}kind"} <= strings
