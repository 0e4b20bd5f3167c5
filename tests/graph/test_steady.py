"""Which stages give the same each time they are gone through."""

from __future__ import annotations

import pytest

from studio.graph.steady import mixed, only_whole, steady
from tests.codegen.projects import call, chain, csv, mapped, node, read, stage

ROWS = csv(label="y")
OWN = node("rows", "tf.data.Dataset.from_generator", generator=call("code:rows"))
SPLIT = stage("split", "split", test=0.5)


@pytest.mark.parametrize(
    ("nodes", "same", "kept", "whole"),
    [
        ([ROWS, mapped("scale", "rescale", scale=0.5)], ["rows", "scale", "batch"], [], []),
        ([ROWS, SPLIT], ["rows", "split", "batch"], ["rows"], []),
        ([ROWS, SPLIT, stage("mix", "shuffle", buffer_size=9)], ["rows", "split"], ["rows"], []),
        ([ROWS, stage("mix", "shuffle", buffer_size=9, seed=1)], ["rows"], ["rows"], []),
        (
            [ROWS, stage("mix", "shuffle", seed=1, reshuffle_each_iteration=False)],
            ["rows", "mix", "batch"],
            ["rows"],
            [],
        ),
        ([ROWS, mapped("turn", "augment"), SPLIT], ["rows"], ["turn"], []),
        ([ROWS, stage("own", "map", function=call("code:own"))], ["rows"], [], []),
        ([ROWS, stage("cache", "cache")], ["rows", "cache", "batch"], [], ["cache"]),
        ([ROWS, stage("cache", "cache", filename="x")], ["rows"], [], ["cache"]),
        ([OWN], [], [], ["rows"]),
        (
            [OWN, stage("some", "take", count=9), SPLIT],
            ["rows", "some", "split", "batch"],
            ["rows", "some"],
            ["rows"],
        ),
        ([node("rows", "keras.datasets.mnist"), SPLIT], [], ["rows"], []),
    ],
)
def test_what_stages_can_be_kept(nodes, same, kept, whole) -> None:
    graph = read({"studio": 1, "data": chain(*nodes)}).data
    assert (steady(graph), mixed(graph), only_whole(graph)) == (same, kept, whole)
