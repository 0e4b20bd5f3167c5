"""What a project declares that its own layers train is counted, and refused where it can't be."""

from __future__ import annotations

from typing import Any

import pytest

from studio.graph.checks import check
from studio.graph.document import Code, Edge, ModelGraph, Node, Project

SOURCE = """
class Own(keras.layers.Layer):
    def __init__(self, units=4, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def call(self, inputs):
        return inputs

    def get_config(self):
        return {**super().get_config(), "units": self.units}
"""


def checked(weights: dict[str, tuple[Any, ...]], shape: list[int | None]) -> Any:
    nodes = {
        "x": Node("x", op="keras.Input", params={"shape": shape}),
        "own": Node("own", op="code:Own", params={"units": 6}),
        "again": Node("again", shares="own"),
    }
    edges = (Edge("x", "own"), Edge("own", "again"))
    code = Code("layer", SOURCE, output_shape="same", weights=weights)
    graph = ModelGraph(nodes, edges, outputs=("again",))
    return check(Project(model=graph, code={"Own": code}))


def test_each_axis_is_a_number_one_of_the_input_or_a_parameter() -> None:
    weights = {"kernel": ({"axis": -1}, {"param": "units"}), "scale": (3,), "one": ()}
    report = checked(weights, [5])
    assert not report.problems
    found = report.shapes["model"].nodes["own"].weights
    assert [(w.name, w.shape) for w in found] == [("kernel", (5, 6)), ("scale", (3,)), ("one", ())]
    assert report.shapes["model"].nodes["again"].weights == ()  # they are the first call's


@pytest.mark.parametrize(
    ("axis", "words"),
    [
        ({"axis": 3}, "declares a shape with axis 3"),
        ({"axis": 1}, "needs to know an axis of kernel"),
        (None, "needs to know an axis of kernel"),
        ("units", 'declares "units" as an axis'),
    ],
)
def test_an_axis_that_is_none_is_refused(axis: Any, words: str) -> None:
    report = checked({"kernel": (axis,)}, [None])
    (problem, *_) = report.problems
    assert problem.node == "own"
    assert words in problem.message
