"""One data source, written as a script of its own and run, without a model behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from studio.codegen.data import write_data
from studio.codegen.source import IMPORTS, STANDARD, Source
from studio.graph.checks import check
from studio.graph.elements import Elements, leaves
from studio.graph.problems import errors

from .projects import Json, line, read


def project_of(source: Json, *stages: Json, code: Json | None = None) -> Json:
    """A project that is a source, and the stages behind it."""
    nodes = [source, *stages]
    outputs = {"train": nodes[-1]["id"]}
    data = {"nodes": nodes, "edges": line(*nodes), "outputs": outputs}
    return {"studio": 1, "data": data, "code": code or {}}


def written(value: Json, folder: Path) -> tuple[str, Elements]:
    """The data part of a project's script, as a module, and what it was inferred to give."""
    project = read(value)
    report = check(project, folder)
    wrong = [each for each in errors(report.problems) if each.code != "endless"]
    assert not wrong, wrong
    source = Source()
    for name, code in project.code.items():
        with source.section(name):
            source.text(code.source.strip("\n"))
    write_data(source, project, report.shapes["data"], folder)
    lines = sorted(IMPORTS[name] for name in source.needs)
    standard = [line for line in lines if line.split()[1] in STANDARD]
    standard.sort(key=lambda line: (line.startswith("from"), line))
    imports = "\n".join(line for line in lines if line not in standard)
    head = ["\n".join(standard), imports] if standard else [imports]
    constants = ["HERE = Path(__file__).resolve().parent"] if "Path" in source.needs else []
    head += ["\n".join([*constants, "SEED = 3"])]
    sections = ["\n".join(section.lines) for section in source.sections]
    text = "\n\n\n".join(["\n\n".join(head), *sections]) + "\n"
    return text, report.shapes["data"].at(project.data.outputs["train"])


def run(text: str, folder: Path) -> dict[str, Any]:
    """A module's names, once it was run."""
    names: dict[str, Any] = {"__name__": "script", "__file__": str(folder / "train.py")}
    exec(compile(text, "train.py", "exec", dont_inherit=True), names)
    return names


def loaded(value: Json, folder: Path) -> tuple[tf.data.Dataset, Elements]:
    """The dataset of a project's training, and what it was inferred to be."""
    text, inferred = written(value, folder)
    return run(text, folder)["make_datasets"]()["train"], inferred


def plain(value: Any) -> Any:
    """Tensors as lists, numbers and texts."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    if isinstance(value, tf.RaggedTensor):
        return value.to_list()
    value = np.asarray(value)
    if value.dtype == object or value.dtype.kind == "S":
        return np.vectorize(lambda text: text.decode(), otypes=[object])(value).tolist()
    return value.tolist()


def elements(dataset: tf.data.Dataset) -> list[Any]:
    """All elements of a dataset."""
    return [plain(each) for each in dataset]


def agrees(dataset: tf.data.Dataset, inferred: Elements) -> None:
    """The spec and number that were inferred are those of the dataset."""
    theirs = tf.nest.flatten(dataset.element_spec)
    ours = leaves(_sorted(inferred.structure))
    assert [(tuple(s.shape), s.dtype.name) for s in theirs] == [(s.shape, s.dtype) for s in ours]
    for a, b in zip(theirs, ours, strict=True):
        ragged = isinstance(a, tf.RaggedTensorSpec)
        assert ragged == bool(b.ragged)
        # An element's own first axis may be ragged: TensorFlow counts only those behind it.
        assert not ragged or a.ragged_rank in (b.ragged, b.ragged - 1)
    count = int(dataset.cardinality())
    assert count == (-1 if inferred.infinite else -2 if inferred.count is None else inferred.count)


def _sorted(structure: Any) -> Any:
    if isinstance(structure, dict):
        return {key: _sorted(structure[key]) for key in sorted(structure)}
    return tuple(map(_sorted, structure)) if isinstance(structure, tuple) else structure
