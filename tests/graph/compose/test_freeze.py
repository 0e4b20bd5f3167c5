"""Layers frozen by pattern and by depth: which are meant, what is trained then, and one undo."""

from __future__ import annotations

import pytest

from studio.graph.checks import check
from studio.graph.compose.freeze import chosen, freeze, frozen_nodes
from studio.graph.compose.freeze import layers_of as layers_at
from studio.graph.document import Project
from studio.graph.file import load
from studio.graph.history import History
from studio.graph.problems import StudioError
from studio.graph.summary import summary
from studio.resources import TEMPLATES


def opened(name: str) -> Project:
    return load(TEMPLATES / name / "project.json")


def layers_of(project: Project):
    return frozen_nodes(project, check(project).shapes["model"])


def trained(project: Project) -> int:
    return summary(project, check(project).shapes["model"])["totals"]["trainable_params"]


CASES = [
    ("digits_cnn", ["conv*"], None, [], ["conv1", "conv2", "conv3", "conv4"]),
    ("digits_cnn", ["conv?", "norm"], None, ["conv[34]"], ["conv1", "conv2", "norm"]),
    ("digits_cnn", [], 2, [], ["conv1", "conv2"]),
    ("digits_cnn", [], -1, [], ["conv1", "conv2", "norm", "conv3", "conv4"]),
    ("digits_cnn", ["digit"], 1, [], ["conv1", "digit"]),
    ("residual_blocks", ["stem"], None, [], ["stem"]),
    ("residual_blocks", [], 1, [], ["stem"]),
    ("two_inputs_two_outputs", [], 1, [], None),
    ("lstm_states", [], -1, [], ["encoder", "decoder"]),
]


@pytest.mark.parametrize(("name", "patterns", "depth", "but", "wanted"), CASES)
def test_patterns_and_depths(name: str, patterns, depth, but, wanted):
    project = opened(name)
    layers = layers_of(project)
    found = chosen(layers, patterns, depth, but)
    if wanted is not None:
        assert [each.name for each in found] == wanted
    else:
        assert {each.depth for each in found} == {1} and len(found) < len(layers)


def test_a_blocks_name_means_all_in_it():
    project = opened("residual_blocks")
    (name,) = [name for name in project.blocks if name.startswith("res")][:1]
    found = chosen(layers_of(project), [name], None, [])
    assert found and all(each.graph == f"block:{name}" for each in found)
    one = chosen(layers_of(project), [f"{name}/conv1"], None, [])
    assert [each.name for each in one] == [f"{name}/conv1"]
    after = freeze(found).apply(project)
    used = sum(node.repeat for node in project.model.nodes.values() if node.op == f"block:{name}")
    assert used > 1 and trained(after) < trained(project)


def test_freezing_is_one_edit_that_is_undone_and_thawed():
    project = opened("digits_cnn")
    before = trained(project)
    edit = freeze(chosen(layers_of(project), ["*"], None, ["digit"]))
    history = History(project)
    history.do(edit)
    frozen = history.project
    rows = summary(frozen, check(frozen).shapes["model"])["nodes"]
    counts = {row["id"]: row["trainable_params"] for row in rows}
    assert counts["digit"] > 0 and sum(counts.values()) == counts["digit"] == trained(frozen)
    assert edit.label == "Freeze 5 layers"
    assert freeze(chosen(layers_of(frozen), ["conv1"], None, [])) is None
    thawed = freeze(chosen(layers_of(frozen), ["*"], None, []), thaw=True).apply(frozen)
    assert thawed == project and trained(thawed) == before
    history.undo()
    assert history.project is project


def test_a_pattern_that_means_nothing_is_refused():
    layers = layers_of(opened("digits_cnn"))
    with pytest.raises(StudioError, match=r'called like "convv1"\. Did you mean "conv'):
        chosen(layers, ["convv1"], None, [])
    with pytest.raises(StudioError, match='called like "x"'):
        chosen(layers, ["conv*"], None, ["x"])


@pytest.mark.parametrize(
    ("name", "graph", "ids", "meant"),
    [
        ("digits_cnn", "model", ["conv1", "pool"], ["conv1"]),
        ("residual_blocks", "model", ["stem"], ["stem"]),
    ],
)
def test_the_layers_that_nodes_stand_for(name, graph, ids, meant) -> None:
    project = opened(name)
    shapes = check(project).shapes["model"]
    assert [each.name for each in layers_at(project, shapes, graph, ids)] == meant


def test_a_block_stands_for_all_that_is_in_it_and_a_shared_layer_for_the_first() -> None:
    project = opened("residual_blocks")
    shapes = check(project).shapes["model"]
    (block,) = {n.op for n in project.model.nodes.values() if (n.op or "").startswith("block:")}
    (node, *_) = [n.id for n in project.model.nodes.values() if n.op == block]
    inside = {each.name for each in layers_at(project, shapes, "model", [node])}
    assert inside == {e.name for e in layers_of(project) if e.name.startswith(f"{block[6:]}/")}
    assert inside
    shared = opened("shared_text")
    of = check(shared).shapes["model"]
    pairs = [(n.id, n.shares) for n in shared.model.nodes.values() if n.shares]
    assert pairs
    held = {each.node.id for each in layers_of(shared)}
    for node, first in pairs:
        found = [each.node.id for each in layers_at(shared, of, "model", [node])]
        assert found == ([first] if first in held else [])
    assert held & {first for _, first in pairs}
