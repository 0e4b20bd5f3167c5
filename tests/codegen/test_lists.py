"""Functions that give several tensors in a list, or a list of one; and keywords of any name."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.codegen.calls import call_expr
from studio.codegen.layout import flat
from studio.codegen.source import Source
from studio.graph.checks import check
from studio.graph.problems import StudioError, errors

from .projects import Json, call, model_graph, node, read
from .test_call_arguments import on_x
from .written import agree, code

X = node("x", "keras.Input", shape=[6])
FIXED = node("x", "keras.Input", batch_shape=[4])
OTHER = node("x2", "keras.Input", batch_shape=[3])
PLANE = node("x", "keras.Input", batch_shape=[6, 4])


def several(op: str, *outputs: str, x: Json = X, **params: object) -> Json:
    """A function on one tensor, with these of its outputs."""
    return {**on_x(op, "x", x, **params), "outputs": list(outputs)}


def grid(*outputs: str, **params: object) -> Json:
    """meshgrid on two tensors."""
    edges = [["x", "y.x"], ["x2", "y.x"]]
    nodes = [FIXED, OTHER, node("y", "keras.ops.meshgrid", **params)]
    return model_graph(nodes, edges, *outputs)


SPLIT = "keras.ops.split"
CASES: dict[str, tuple[Json, str]] = {
    "two parts": (
        several(SPLIT, "y", "y.part_1", indices_or_sections=2, axis=1),
        "y, y_part_1 = keras.ops.split(x, indices_or_sections=2, axis=1)",
    ),
    "one of three parts": (
        several(SPLIT, "y.part_1", indices_or_sections=3, axis=1),
        "_, y_part_1, _ = keras.ops.split(",
    ),
    "parts between places": (
        several(SPLIT, "y.part_0", "y.part_2", indices_or_sections=[1, 4], axis=1),
        "y, _, y_part_2 = keras.ops.split(",
    ),
    "one part": (
        several(SPLIT, "y", indices_or_sections=1, axis=1),
        "(y,) = keras.ops.split(x, indices_or_sections=1, axis=1)",
    ),
    "unequal parts": (
        several("keras.ops.array_split", "y", "y.part_3", indices_or_sections=4, axis=1),
        "y, _, _, y_part_3 = keras.ops.array_split(",
    ),
    "one unequal part": (
        several("keras.ops.array_split", "y", indices_or_sections=1, axis=1),
        "(y,) = keras.ops.array_split(",
    ),
    "an axis taken apart": (
        several("keras.ops.unstack", "y", "y.part_3", x=FIXED, num=4),
        "y, _, _, y_part_3 = keras.ops.unstack(x, num=4)",
    ),
    "an axis of one taken apart": (
        several("keras.ops.unstack", "y", x=node("x", "keras.Input", shape=[1]), num=1, axis=1),
        "(y,) = keras.ops.unstack(x, num=1, axis=1)",
    ),
    "more names than fit on a line": (
        several(
            "keras.ops.unstack",
            *(f"y.part_{index}" for index in range(12)),
            x=node("x", "keras.Input", shape=[12]),
            num=12,
            axis=1,
        ),
        "y = keras.ops.unstack(x, num=12, axis=1)",
    ),
    "a grid": (
        grid("y", "y.grid_1"),
        "y, y_grid_1 = keras.ops.meshgrid(x, x2)",
    ),
    "a grid by rows": (
        grid("y.grid_1", indexing="ij"),
        '_, y_grid_1 = keras.ops.meshgrid(x, x2, indexing="ij")',
    ),
    "a grid of one": (
        several("keras.ops.meshgrid", "y", x=FIXED, indexing="ij"),
        '(y,) = keras.ops.meshgrid(x, indexing="ij")',
    ),
    "sizes by name": (
        model_graph(
            [
                PLANE,
                node(
                    "y",
                    "keras.ops.rearrange",
                    pattern="(a b) (c d) -> a c (b d)",
                    axes_lengths={"a": 2, "d": 2},
                ),
            ],
            [["x", "y"]],
            "y",
        ),
        'y = keras.ops.rearrange(x, pattern="(a b) (c d) -> a c (b d)", a=2, d=2)',
    ),
    "numbers up to a constant": (
        several("keras.ops.linspace", "y", stop=1.0, num=3) | {"edges": [["x", "y.start"]]},
        "y = keras.ops.linspace(x, 1.0, num=3)",
    ),
    "numbers from a constant": (
        several("keras.ops.linspace", "y", start=0, num=3, axis=-1) | {"edges": [["x", "y.stop"]]},
        "y = keras.ops.linspace(0, x, num=3, axis=-1)",
    ),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("default")
def test_a_list_is_taken_apart(name: str, tmp_path: Path) -> None:
    graph, line = CASES[name]
    assert line in code(graph)
    agree(graph, tmp_path)


@pytest.mark.parametrize("name", ["a b", "class", "__import__('os')", "tensor", "pattern", "é"])
def test_a_name_that_cant_be_an_argument_is_refused(name: str) -> None:
    params = {"pattern": "(a b) c -> a b c", "axes_lengths": {name: 2}}
    graph = model_graph([PLANE, node("y", "keras.ops.rearrange", **params)], [["x", "y"]], "y")
    found = errors(check(read({"studio": 1, "model": graph})).problems)
    assert [each.code for each in found] == ["bad-param"]
    assert "axes_lengths names" in found[0].message


def test_the_rest_of_the_arguments_of_an_object_are_keywords_too() -> None:
    params = {"fn": call("keras.metrics.mean_squared_error"), "kwargs": {"axis": 1}}
    made = flat(call_expr(Source(), "keras.metrics.MeanMetricWrapper", params))
    assert made == "keras.metrics.MeanMetricWrapper(keras.losses.mean_squared_error, axis=1)"
    with pytest.raises(StudioError, match="can't be the name of an argument"):
        call_expr(Source(), "keras.metrics.MeanMetricWrapper", params | {"kwargs": {"a b": 1}})
