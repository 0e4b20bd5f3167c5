"""docs/flops.md says what the rules count."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from studio.graph.checks import check
from studio.graph.document import Edge, ModelGraph, Node, Project

DOCS = Path(__file__).parents[2] / "docs" / "flops.md"
ROWS = re.findall(r"\| `(\w+) (\{.*\}) ([^`]*)` \| ([\d,]+) \|", DOCS.read_text(encoding="utf-8"))


def test_there_are_examples_of_all_families() -> None:
    table = [line for line in DOCS.read_text(encoding="utf-8").splitlines() if line[:1] == "|"]
    assert len(ROWS) == len(table) - 2 >= 20


@pytest.mark.parametrize(("layer", "params", "shapes", "flops"), ROWS, ids=[r[0] for r in ROWS])
def test_an_example_costs_what_the_page_says(layer, params, shapes, flops) -> None:
    inputs = [json.loads(f"[{shape}]") for shape in re.findall(r"\(([^)]*)\)", shapes)]
    names = [f"x{index}" for index in range(len(inputs))]
    nodes = {
        name: Node(name, op="keras.Input", params={"shape": shape})
        for name, shape in zip(names, inputs, strict=True)
    }
    nodes["y"] = Node("y", op=f"keras.layers.{layer}", params=json.loads(params))
    ports = [".query", ".value"] if "Attention" in layer else [""] * len(names)
    edges = tuple(Edge(name, f"y{port}") for name, port in zip(names, ports, strict=True))
    report = check(Project(model=ModelGraph(nodes, edges, outputs=("y",))))
    found = report.shapes["model"].nodes["y"].flops
    assert f"{found:,}" == flops, report.problems
