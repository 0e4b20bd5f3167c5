"""The columns of a table: what a project uses them for, and edits that change it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio.graph import templates
from studio.graph.checks import check
from studio.graph.compose.columns import Editing, Use, change_columns, kinds_of
from studio.graph.compose.propose import propose
from studio.graph.document import DataGraph, ModelGraph, Project, Training
from studio.graph.file import load
from studio.graph.problems import StudioError
from tests.data_files import KINDS, table

EMPTY = Project(model=ModelGraph(), data=DataGraph(), training=Training())
OUT = Use("left out", "number", "normalised")


def number(way: str = "normalised") -> Use:
    return Use("feature", "number", way)


def category(way: str) -> Use:
    return Use("feature", "category", way)


def template(name: str, tmp_path: Path) -> tuple[Project, Path]:
    path = templates.copy(name, tmp_path / name)
    return load(path), path.parent


def changed(project: Project, folder: Path, source: str, **uses: Use) -> tuple[Project, list[str]]:
    """The project with columns used so, read back as they were wanted; and what is wrong."""
    editing = Editing(project, source, folder)
    wanted = editing.uses | uses
    edit = change_columns(editing, wanted)
    after = edit.apply(project)
    back = Editing(after, source, folder).uses
    for name, use in uses.items():
        assert back[name].role == use.role
        assert use.role != "feature" or back[name] == use
    return after, [p.sentence() for p in check(after, folder).problems]


def ops(project: Project, *nodes: str) -> list[str]:
    return [project.model.nodes[name].op.rpartition(".")[2] for name in nodes]


def test_uses_are_read_from_the_source_and_the_layers(tmp_path: Path) -> None:
    project, folder = template("penguins_features", tmp_path)
    uses = Editing(project, "birds", folder).uses
    assert uses["species"].role == "label"
    assert uses["bill_depth_mm"] == number()
    assert uses["body_mass_g"] == number("buckets")
    assert uses["year"] == category("embedding")
    assert uses["sex"].kind == "category"


WANTED: dict[str, tuple[dict[str, Use], dict[str, Any], list[str]]] = {
    "one more category": (
        {"year": category("one-hot")},
        {"year": ["Input"], "year_code": ["StringLookup"]},
        [],
    ),
    "an embedding": (
        {"island": category("embedding")},
        {"island_vector": ["Embedding"], "island_flat": ["Flatten"]},
        [],
    ),
    "hashed": ({"sex": category("hashed")}, {"sex_bins": ["Hashing"]}, ["sex_code"]),
    "one less": ({"island": OUT}, {}, ["island", "island_code"]),
    "ranges": (
        {"body_mass_g": number("buckets")},
        {"body_mass_g_ranges": ["Discretization"]},
        [],
    ),
}


@pytest.mark.parametrize("case", WANTED)
def test_source_and_layers_follow(case: str, tmp_path: Path) -> None:
    uses, made, gone = WANTED[case]
    project, folder = template("penguins", tmp_path)
    after, problems = changed(project, folder, "birds", **uses)
    assert problems == []
    for name, op in made.items():
        assert ops(after, name) == op
    assert not set(gone) & set(after.model.nodes)
    joined = {edge.source_node for edge in after.model.edges if edge.target_node == "all"}
    inputs = [n.id for n in after.model.nodes.values() if n.op == "keras.Input"]
    assert len(joined) == len(inputs)


def test_numbers_that_are_prepared_alike_are_one_vector(tmp_path: Path) -> None:
    project, folder = template("penguins", tmp_path)
    after, problems = changed(project, folder, "birds", year=number())
    assert after.data.nodes["birds"].params["features"]["body"][-1] == "year"
    assert after.model.nodes["body"].params["shape"] == [5]
    assert problems == []  # what was known of four columns is measured anew


def test_another_label_gets_another_head(tmp_path: Path) -> None:
    project, folder = template("penguins", tmp_path)
    uses = {"species": category("one-hot"), "body_mass_g": Use("label", "number", "normalised")}
    after, problems = changed(project, folder, "birds", **uses)
    assert problems == []
    assert after.model.outputs == ("body_mass_g",)
    assert ops(after, "score", "body_mass_g") == ["Dense", "Rescaling"]
    assert list(after.training.losses) == list(after.training.metrics) == ["body_mass_g"]
    assert after.training.losses["body_mass_g"].op == "keras.losses.MeanSquaredError"
    again, problems = changed(
        after, folder, "birds", body_mass_g=number(), island=Use("label", "category", "one-hot")
    )
    assert again.model.nodes[again.model.outputs[0]].params["units"] == 3
    assert "score" not in again.model.nodes and problems == []


def test_a_weight_comes_behind_the_label(tmp_path: Path) -> None:
    project, folder = template("penguins", tmp_path)
    weight = {"body_mass_g": Use("weight", "number", "as it is")}
    after, problems = changed(project, folder, "birds", **weight)
    elements = check(after, folder).shapes["data"].at("train")
    assert problems == [] and len(elements.structure) == 3
    assert elements.structure[2].dtype == "float32" and "body_mass_g" not in elements.structure[0]
    back, problems = changed(after, folder, "birds", body_mass_g=number())
    assert problems == []
    assert list(back.data.nodes) == list(project.data.nodes)


def dated(folder: Path) -> Path:
    return table(
        folder / "sales.csv",
        "day,shop,amount,code,target",
        lambda i: f"2024-{i % 12 + 1:02}-{i % 28 + 1:02},{'abc'[i % 3]},{i / 3},{i % 7},{i % 2}",
        120,
    )


def test_a_date_is_taken_apart_and_put_back(tmp_path: Path) -> None:
    path = dated(tmp_path)
    project = propose(EMPTY, path, tmp_path).edit.apply(EMPTY)
    editing = Editing(project, "sales", tmp_path)
    assert kinds_of(editing.table.columns["day"])[0] == "date"
    after, problems = changed(project, tmp_path, "sales", day=Use("feature", "date", "parts"))
    assert problems == []
    for part in ("year", "month", "weekday"):
        assert ops(after, f"day_{part}", f"day_{part}_scaled") == ["Input", "Normalization"]
    back, problems = changed(after, tmp_path, "sales", day=category("one-hot"))
    assert problems == [] and "day_parts" not in back.data.nodes
    assert ops(back, "day_code") == ["StringLookup"]
    both, problems = changed(
        after, tmp_path, "sales", code=category("embedding"), shop=category("hashed")
    )
    assert problems == []
    assert both.data.nodes["sales"].params["types"] == {"code": "string"}


def test_a_model_with_one_input_gets_a_second(tmp_path: Path) -> None:
    path = KINDS["numbers"](tmp_path)
    project = propose(EMPTY, path, tmp_path).edit.apply(EMPTY)
    after, problems = changed(project, tmp_path, "flowers", b=category("one-hot"))
    assert problems == []
    assert after.data.nodes["flowers"].params["features"] == {"features": "a", "b": "b"}
    assert {e.source for e in after.model.edges if e.target_node == "joined"} == {
        "scaled",
        "b_code",
    }
    back, problems = changed(after, tmp_path, "flowers", b=OUT)
    assert problems == [] and "joined" not in back.model.nodes


def test_rows_with_gaps_go_or_are_filled(tmp_path: Path) -> None:
    path = KINDS["gappy"](tmp_path)
    project = propose(EMPTY, path, tmp_path).edit.apply(EMPTY)
    after, problems = changed(project, tmp_path, "gaps", a=number(), b=OUT)
    assert problems == []
    filled = [node for node in after.data.nodes.values() if "function" in node.params]
    assert not filled  # of what has no gaps nothing is filled
    back, problems = changed(after, tmp_path, "gaps", b=number())
    assert problems == []
    (node,) = [node for node in back.data.nodes.values() if "function" in node.params]
    assert node.params["function"]["params"]["values"]


REFUSED = {
    "twice": ({"island": Use("label"), "species": Use("label")}, "can't both be the label"),
    "no feature": ({}, "needs a feature"),
    "text": ({"island": Use("weight")}, "it holds texts"),
    "no label": ({"species": OUT, "year": Use("weight")}, "needs a label"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_can_not_be_is_a_sentence(case: str, tmp_path: Path) -> None:
    uses, words = REFUSED[case]
    project, folder = template("penguins", tmp_path)
    editing = Editing(project, "birds", folder)
    wanted = editing.uses | uses
    if case == "no feature":
        wanted = {n: OUT if u.role == "feature" else u for n, u in wanted.items()}
    with pytest.raises(StudioError, match=words):
        change_columns(editing, wanted)


def test_nothing_changes_where_nothing_is_wanted(tmp_path: Path) -> None:
    project, folder = template("penguins", tmp_path)
    editing = Editing(project, "birds", folder)
    assert change_columns(editing, dict(editing.uses)) is None
    with pytest.raises(StudioError, match="reads no CSV"):
        Editing(project, "split", folder)
