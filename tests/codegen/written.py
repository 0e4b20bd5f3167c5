"""A model graph, written in every form it can have, and each of them run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

from studio.codegen.model import write_model
from studio.codegen.source import Source
from studio.graph.checks import Report, check
from studio.graph.document import Project
from studio.graph.problems import errors
from studio.graph.spec import Spec

from .projects import Json, model_graph, node, read

FORMS = ("functional", "subclass", "block as a function", "block as a layer")


def project_of(graph: Json, form: str) -> Project:
    """The project of a graph; where a form says so it stands in a block, with one node for it."""
    if not form.startswith("block"):
        return read({"studio": 1, "model": graph})
    inputs = [each for each in graph["nodes"] if each.get("op") == "keras.Input"]
    names = [each["id"] for each in inputs]
    block = {**graph, "inputs": names}
    block.pop("style", None)
    several = len(graph["outputs"]) > 1
    ends = [f"whole.{end.replace('.', '_')}" if several else "whole" for end in graph["outputs"]]
    edges = [[name, f"whole.{name}"] for name in names]
    outer = model_graph([*inputs, node("whole", "block:inner")], edges, *ends)
    return read({"studio": 1, "model": outer, "blocks": {"inner": block}})


def checked(graph: Json, form: str = "functional") -> Report:
    """The shapes of a graph that is right."""
    report = check(project_of(graph, form))
    assert not errors(report.problems), report.problems
    return report


def code(graph: Json, form: str = "functional") -> str:
    """The code of a graph in a form, with the class or function of its block."""
    source = Source()
    style = "subclass" if form in ("subclass", "block as a layer") else "functional"
    project = project_of(graph, form)
    write_model(source, project, style, checked(graph, form).shapes["model"], None)
    return "\n\n".join("\n".join(section.lines) for section in source.sections)


def built(text: str) -> Any:
    """The model that a code builds."""
    module: dict[str, Any] = {"keras": keras, "__name__": "script"}
    exec(compile(text, "script.py", "exec"), module)
    return module["build_model"]()


def fed(report: Report) -> list[Any]:
    """A tensor for each of the inputs."""
    graph = report.shapes["model"]
    names = [name for name, each in graph.nodes.items() if name.startswith("x") and each.outputs]
    return [_tensor(graph.at(name), index) for index, name in enumerate(names)]


def _tensor(spec: Spec, index: int) -> Any:
    shape = [2 if size is None else size for size in spec.shape]
    numbers = np.arange(np.prod(shape, dtype=int)).reshape(shape) % 7 + index
    numbers = numbers / 4 if "float" in spec.dtype else numbers
    return keras.ops.convert_to_tensor(numbers, spec.dtype)


def fits(value: np.ndarray, spec: Spec) -> bool:
    """Whether a tensor is what was inferred."""
    sizes = zip(spec.shape, value.shape, strict=False)
    same = value.ndim == spec.rank and all(size in (None, own) for size, own in sizes)
    return same and str(value.dtype) == spec.dtype


def outputs(model: Any, x: list[Any]) -> list[np.ndarray]:
    """What a model gives, with weights that hang on their shapes alone."""
    x = x[0] if len(x) == 1 else x
    model(x)
    for weight in model.weights:
        if "float" in weight.dtype:
            numbers = np.sin(np.arange(np.prod(weight.shape, dtype=int)) + 1.0)
            weight.assign(numbers.reshape(weight.shape))
    return [np.asarray(each) for each in keras.tree.flatten(model(x))]


def agree(graph: Json, folder: Path) -> None:
    """All forms give the same numbers, of the inferred shapes, also when saved and loaded."""
    wanted = None
    for form in FORMS:
        report = checked(graph, form)
        x = fed(report)
        text = code(graph, form)
        model = built(text)
        found = outputs(model, x)
        ends = project_of(graph, form).model.outputs
        specs = [report.shapes["model"].at(end) for end in ends]
        order = sorted(range(len(ends)), key=lambda index: ends[index].replace(".", "_"))
        for index, value in zip(order, found, strict=True):
            assert fits(value, specs[index]), (form, ends[index], value, specs[index], text)
        if wanted is None:
            wanted = found
        for a, b in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(a, b, err_msg=f"{form}\n{text}")
        model.save(folder / "model.keras")
        loaded = keras.models.load_model(folder / "model.keras")
        for a, b in zip(outputs(loaded, x), wanted, strict=True):
            np.testing.assert_array_equal(a, b, err_msg=f"loaded, {form}\n{text}")
