"""A shape rule asked directly: op, inputs and parameters -> outputs, weights, cost or refusal."""

from __future__ import annotations

from typing import Any

from studio.graph.catalogue.registry import find
from studio.graph.problems import errors
from studio.graph.spec import Spec

from .samples import check_value

N = None


def f32(*shape: int | None) -> Spec:
    return Spec(shape, "float32")


def typed(dtype: str, *shape: int | None) -> Spec:
    return Spec(shape, dtype)


def layer(op: str, inputs: list[Spec], **params: Any) -> Any:
    """The NodeResult of a layer on these inputs, or the sentences of what is wrong."""
    ports = find(op).inputs
    nodes: list[dict[str, Any]] = [{"id": "it", "op": op, "params": params}]
    edges = []
    for index, spec in enumerate(inputs):
        shape = {"batch_shape": list(spec.shape), "dtype": spec.dtype}
        nodes.append({"id": f"x{index}", "op": "keras.Input", "params": shape})
        # A port that takes many takes all that come behind it.
        many = next((at for at, port in enumerate(ports) if port.many), len(ports) - 1)
        port = ports[min(index, many)].name
        edges.append([f"x{index}", f"it.{port}"])
    model = {"nodes": nodes, "edges": edges, "outputs": ["it"]}
    report = check_value({"studio": 1, "model": model})
    sentences = [problem.sentence() for problem in errors(report.problems)]
    result = report.shapes["model"].nodes.get("it")
    assert (result is None) == bool(sentences), sentences
    return sentences if sentences else result
