"""What the stages of a pipeline cost, measured in the warm process."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from studio.engine.looking import costs_question
from studio.engine.warm import Answer
from studio.graph.checks import check
from studio.graph.file import read
from tests.codegen.projects import read as project_of
from tests.templates import template_folder

COUNT = {
    "kind": "generator",
    "source": "import time\n\n\ndef slow():\n    for n in range(100):\n"
    "        time.sleep(0.005)\n        yield float(n)\n",
}
"""A generator whose elements take a while."""


@pytest.fixture
def cost(warm, tmp_path):
    """A function: a data graph (or a template's name), an end -> the answer."""

    def asked(data: Any, end: str, code: Any = None) -> Answer:
        folder = tmp_path
        if isinstance(data, str):
            folder = template_folder(data)
            project, _ = read(folder)
        else:
            value = {"studio": 1, "data": data, "code": code or {}, "training": {"seed": 3}}
            project = project_of(value)
        place = Path(tmp_path, "place")
        place.mkdir(exist_ok=True)
        fields = costs_question(project, folder, check(project, folder), end, place).fields
        return warm.ask("costs", trusted=True, **fields).result()

    return asked


def slow(*stages: dict[str, Any]) -> dict[str, Any]:
    """The slow generator, and stages behind it."""
    signature = {"shape": [], "dtype": "float32"}
    params = {"generator": {"op": "code:slow"}, "output_signature": signature}
    first = {"id": "rows", "op": "tf.data.Dataset.from_generator", "params": params}
    nodes = [first, *stages]
    ids = [node["id"] for node in nodes]
    edges = [list(pair) for pair in pairwise(ids)]
    return {"nodes": nodes, "edges": edges, "outputs": {"train": ids[-1]}}


def stage(name: str, op: str, **params: Any) -> dict[str, Any]:
    return {"id": name, "op": f"tf.data.Dataset.{op}", "params": params}


@pytest.mark.slow
def test_the_stage_that_takes_the_time_is_told(cost) -> None:
    """And a cache behind it gives the next passes their pace."""
    stages = (stage("kept", "cache"), stage("batches", "batch", batch_size=4))
    answer = cost(slow(*stages), "batches", {"slow": COUNT})
    assert not answer.error, answer
    rows = {row["end"]: row["own"] for row in answer.result["stages"]}
    assert list(rows) == ["rows.output", "kept.output", "batches.output"]
    assert rows["rows.output"] > 0.004 and rows["rows.output"] > 2 * rows["batches.output"]
    assert answer.result["seconds"] == pytest.approx(sum(rows.values()))
    assert answer.result["later"] < rows["rows.output"] / 2, rows


@pytest.mark.slow
def test_what_a_filter_throws_away_counts_for_what_it_leaves(cost) -> None:
    """Of 100 elements 25 are left: each of those has cost four."""
    kept = {"op": "studio.predicate.compare", "params": {"part": [], "value": 75.0}}
    kept["params"]["comparison"] = ">="
    whole = cost(slow(), "rows", {"slow": COUNT}).result["seconds"]
    data = slow(stage("few", "filter", predicate=kept))
    answer = cost(data, "few", {"slow": COUNT})
    assert not answer.error, answer
    rows = {row["end"]: row["own"] for row in answer.result["stages"]}
    assert rows["rows.output"] > 2.5 * whole


@pytest.mark.slow
def test_the_stages_on_the_way_and_no_others(cost) -> None:
    found = cost("digits_cnn", "shuffle").result
    ends = ["digits.output", "scale.output", "split.train", "cache.output", "shuffle.output"]
    assert [row["end"] for row in found["stages"]] == ends
    assert all(row["own"] >= 0 for row in found["stages"]) and found["seconds"] > 0


@pytest.mark.slow
def test_an_error_names_its_stage(cost) -> None:
    broken = dict(COUNT, source="def slow():\n    yield 1.0\n    raise ValueError('no more')\n")
    answer = cost(slow(stage("kept", "cache")), "kept", {"slow": broken})
    assert "slow fails in line 3" in answer.error or "no more" in answer.error
