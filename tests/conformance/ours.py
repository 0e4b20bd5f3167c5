"""Studio's answer: a project with that one node, checked as `studio validate` checks it."""

from __future__ import annotations

from typing import Any

from studio.graph.checks import check
from studio.graph.document import Edge, ModelGraph, Node, Project, Training
from studio.graph.problems import errors
from studio.graph.spec import Spec
from tests.conformance.case import Answer, Case

IN_TRAINING = ("not-adapted", "no-narrow-images", "penalty-dtype", "narrow-measures")
"""Mistakes by which only a training fails, or is no use: Keras takes such a layer."""


def answer(case: Case) -> Answer:
    """What Studio says of a case."""
    report = check(_project(case))
    wrong = [each for each in errors(report.problems) if each.code not in IN_TRAINING]
    if wrong:
        return Answer(refused=wrong[0].message)
    result = report.shapes["model"].nodes["node"]
    return Answer(
        tuple((spec.shape, spec.dtype) for spec in result.outputs.values()),
        tuple(sorted((w.name, tuple(w.shape), w.dtype, w.trainable) for w in result.weights)),
    )


def _project(case: Case) -> Project:
    nodes: dict[str, Node] = {}
    edges: list[Edge] = []
    for port, specs in case.inputs.items():
        for spec in specs if isinstance(specs, list) else [specs]:
            name = f"x{len(nodes)}"
            nodes[name] = _input(name, spec)
            edges.append(Edge(name, f"node.{port}"))
    nodes["node"] = Node("node", op=case.op, params=case.params)
    model = ModelGraph(nodes, tuple(edges), outputs=("node",))
    return Project(model=model, training=Training(precision=case.policy))


def _input(name: str, spec: Spec) -> Node:
    params: dict[str, Any] = {"batch_shape": list(spec.shape), "dtype": spec.dtype}
    return Node(name, op="keras.Input", params=params)
