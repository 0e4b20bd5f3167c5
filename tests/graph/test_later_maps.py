"""Maps that come behind what mixes elements: which do, and where."""

from __future__ import annotations

from typing import Any

import pytest

from studio.graph.later_maps import maps_later
from tests.codegen.projects import node, read

RESCALE = {"function": {"op": "studio.map.rescale", "params": {"scale": 2.0}}}
AUGMENT = {"function": {"op": "studio.map.augment", "params": {"layers": []}}}
OWN = {"function": {"op": "code:twice"}}


def later(stages: list[tuple[str, str, dict[str, Any]]], edges: list[str], output: str):
    """The edges and outputs of a graph, "a>b" each, once maps come later."""
    nodes = [node("rows", "studio.data.range", stop=9)]
    nodes += [
        node(name, op if "." in op else f"tf.data.Dataset.{op}", **given)
        for name, op, given in stages
    ]
    data = {"nodes": nodes, "edges": [e.split(">") for e in edges], "outputs": {"train": output}}
    made = maps_later(read({"studio": 1, "data": data}).data)
    return {f"{e.source}>{e.target}" for e in made.edges}, made.outputs["train"]


SPLIT = ("split", "studio.data.split", {"test": 2})


def test_a_map_and_its_cache_go_behind_each_output_of_a_split() -> None:
    stages = [("m", "map", RESCALE), ("c", "cache", {}), SPLIT, ("b", "batch", {"batch_size": 2})]
    edges = ["rows>m", "m>c", "c>split", "split.train>b"]
    assert later(stages, edges, "b") == ({"rows>split", "split.train>m", "m>b"}, "b")
    assert later(stages, edges[:3], "split.test") == ({"rows>split", "split.test>m"}, "m")
    stages[3:] = [("z", "zip", {})]
    found, end = later(stages, [*edges[:3], "split.train>z", "split.test>z"], "z")
    assert found == {"rows>split", "split.train>m", "m>z", "split.test>m_2", "m_2>z"}
    assert end == "z"


def test_maps_keep_their_order_and_pass_each_shuffle() -> None:
    shuffle = {"buffer_size": 9}
    stages = [("m", "map", RESCALE), ("n", "map", RESCALE), SPLIT, ("s", "shuffle", shuffle)]
    found, end = later(stages, ["rows>m", "m>n", "n>split", "split.train>s"], "s")
    assert found == {"rows>split", "split.train>s", "s>m", "m>n"}
    assert end == "n"


@pytest.mark.parametrize(
    "given", [AUGMENT, OWN, RESCALE | {"deterministic": False}], ids=["random", "own", "unordered"]
)
def test_a_map_that_may_give_something_else_stays(given: dict[str, Any]) -> None:
    edges = ["rows>m", "m>split"]
    assert later([("m", "map", given), SPLIT], edges, "split.train") == (set(edges), "split.train")


def test_what_feeds_two_stages_or_keeps_a_file_stays() -> None:
    edges = ["rows>m", "m>split", "m>b"]
    stages = [("m", "map", RESCALE), SPLIT, ("b", "batch", {"batch_size": 2})]
    assert later(stages, edges, "split.train")[0] == set(edges)
    edges = ["rows>m", "m>c", "c>split"]
    stages = [("m", "map", RESCALE), ("c", "cache", {"filename": "kept"}), SPLIT]
    assert later(stages, edges, "split.train")[0] == set(edges)
