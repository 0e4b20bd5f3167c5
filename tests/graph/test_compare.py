"""What differs between two projects: paths, and both values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET

from studio.graph.compare import differences
from studio.graph.file import load as load_file
from studio.graph.file import loads, plain
from studio.graph.override import override
from studio.resources import TEMPLATES

DIGITS = TEMPLATES / "digits_cnn"


def value(folder: Path = DIGITS) -> dict[str, Any]:
    return json.loads((folder / "project.json").read_text())


def told(one: dict[str, Any], other: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    projects = []
    for each in (one, other):
        project, problems = loads(json.dumps(each))
        assert not problems
        projects.append(project)
    return [(each.path, each.before, each.after) for each in differences(*projects)]


_PADDING = "model.nodes.conv1.params.padding"


@pytest.mark.parametrize(
    ("setting", "path", "before", "after"),
    [
        ("training.epochs=3", "training.epochs", 25, 3),
        ("training.loop=custom", "training.loop", "fit", "custom"),
        ("training.optimizer.params.beta_1=0.8", "training.optimizer.params.beta_1", 0.9, 0.8),
        ("model.nodes.conv1.params.filters=8", "model.nodes.conv1.params.filters", 32, 8),
        ("model.nodes.conv1.params.padding=valid", _PADDING, "same", "valid"),
        ("data.nodes.split.params.test=0.3", "data.nodes.split.params.test", 0.1, 0.3),
        ("model.style=subclass", "model.style", "auto", "subclass"),
    ],
)
def test_a_change_is_one_difference_with_its_path(setting, path, before, after) -> None:
    one = value()
    other = override(one, [setting])
    assert told(one, other) == [(path, before, after)]
    assert told(other, one) == [(path, after, before)]


def test_another_optimizer_is_one_difference_whatever_its_parameters() -> None:
    one, sgd = value(), {"op": "keras.optimizers.SGD", "params": {"momentum": 0.9}}
    other = value()
    other["training"]["optimizer"] = sgd
    assert told(one, other) == [("training.optimizer", one["training"]["optimizer"], sgd)]


def test_a_path_that_is_told_can_be_set() -> None:
    one, other = value(), override(value(), ["model.nodes.conv1.params.filters=8"])
    ((path, _, after),) = told(one, other)
    assert told(override(one, [f"{path}={json.dumps(after)}"]), other) == []


def test_what_changes_nothing_of_a_training_is_no_difference() -> None:
    one, other = value(), value()
    other["model"]["nodes"][1]["at"] = [5000, 1]
    other["model"]["nodes"][1]["note"] = "here"
    other["training"]["loop"] = "fit"  # as it is where it isn't written
    other["training"]["optimizer"]["params"]["beta_2"] = 0.999
    assert told(one, other) == []


def test_a_node_that_is_new_is_told_with_no_edge_of_its_own() -> None:
    one, other = value(), value()
    node = {"id": "wide", "op": "keras.layers.Dense", "params": {"units": 5}}
    other["model"]["nodes"].append(node)
    first, second = other["model"]["edges"][-1]
    other["model"]["edges"][-1:] = [[first, "wide"], ["wide", second]]
    found = told(one, other)
    written = {"op": node["op"], "params": node["params"]}
    assert found == [
        ("model.nodes.wide", UNSET, written),
        ("model.edges", f"{first} -> {second}", UNSET),
    ]


def test_callbacks_are_told_apart_by_their_names() -> None:
    one, other = value(), value()
    one["training"]["callbacks"] = [{"op": "keras.callbacks.EarlyStopping"}]
    other["training"]["callbacks"] = [
        {"op": "keras.callbacks.TerminateOnNaN"},
        {"op": "keras.callbacks.EarlyStopping", "params": {"patience": 9}},
    ]
    assert told(one, other) == [
        ("training.callbacks.EarlyStopping.params.patience", 0, 9),
        ("training.callbacks.TerminateOnNaN", UNSET, {"op": "keras.callbacks.TerminateOnNaN"}),
    ]


@pytest.mark.parametrize(
    "name", sorted(path.parent.name for path in TEMPLATES.glob("*/project.json"))
)
def test_every_template_is_like_itself_and_unlike_a_model_alone(name) -> None:
    project = load_file(TEMPLATES / name)
    assert differences(project, load_file(TEMPLATES / name)) == []
    bare, _ = loads(json.dumps({"studio": 1, "model": plain(project.model)}))
    assert {each.path.split(".")[0] for each in differences(project, bare)} >= {"data", "training"}
