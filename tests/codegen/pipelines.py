"""The data part of a script, written for a graph and run, without a model behind it."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from studio.codegen.data import write_data
from studio.codegen.script import _head, assemble
from studio.codegen.source import IMPORTS, Source
from studio.graph.checks import check
from studio.graph.code import FUNCTIONS, outline
from studio.graph.elements import Elements, Nested
from studio.graph.infer import Inference
from studio.graph.problems import errors
from studio.graph.spec import Spec

from .projects import Json, read, training


def written(
    graph: Json, folder: Path, code: Json | None = None, inference: Inference | None = None
) -> tuple[str, Elements]:
    """The functions that make the datasets of a graph, as a module, and what was inferred."""
    value = {"studio": 1, "data": graph, "code": code or {}, "training": training()}
    project = read(value)
    report = check(project, folder, inference=inference)
    wrong = [each for each in errors(report.problems) if each.code != "endless"]
    assert not wrong, [each.sentence() for each in wrong]
    source = Source()
    for name, each in project.code.items():
        source.need(*(outline(name, each).names & set(IMPORTS)))
        if each.kind in FUNCTIONS:
            source.code_functions.add(name)
        with source.section(name):
            source.text(each.source.strip("\n"))
    write_data(source, project, report.shapes["data"], folder)
    text = assemble(_head(project, source), source).text
    return text, report.shapes["data"].at(project.data.outputs["train"])


_COUNT = count()


def run(text: str, folder: Path) -> tf.data.Dataset:
    """The dataset for training that a module makes."""
    path = folder / f"pipeline_{next(_COUNT)}.py"
    path.write_text(text, encoding="utf-8")  # AutoGraph reads it
    names: dict[str, Any] = {"__name__": "script", "__file__": str(path)}
    exec(compile(text, str(path), "exec", dont_inherit=True), names)
    return names["make_datasets"]()["train"]


def plain(value: Any) -> Any:
    """An element as lists, numbers and texts, each ragged or dense part saying which it is."""
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    if isinstance(value, tf.data.Dataset):
        return ["dataset", *map(plain, value)]
    if isinstance(value, tf.RaggedTensor):
        return ("ragged", value.to_list())
    array = np.asarray(value)
    return (str(value.dtype.name), array.tolist())


def elements(dataset: tf.data.Dataset, most: int = 50) -> list[Any]:
    """The first elements of a dataset."""
    return [plain(each) for each in dataset.take(most)]


def same_spec(theirs: Any, ours: Any) -> None:
    """The inferred structure is the element_spec."""
    if isinstance(ours, dict):
        assert isinstance(theirs, dict)
        assert theirs.keys() == ours.keys()
        for key in ours:
            same_spec(theirs[key], ours[key])
    elif isinstance(ours, tuple):
        assert isinstance(theirs, tuple)
        assert len(theirs) == len(ours)
        for pair in zip(theirs, ours, strict=True):
            same_spec(*pair)
    elif isinstance(ours, Nested):
        same_spec(theirs.element_spec, ours.element)
    else:
        assert isinstance(ours, Spec)
        assert (tuple(theirs.shape), theirs.dtype.name) == (ours.shape, ours.dtype)
        ragged = theirs.ragged_rank if isinstance(theirs, tf.RaggedTensorSpec) else 0
        assert ragged in (ours.ragged, ours.ragged - 1 if ours.ragged == ours.rank else ragged)
        assert ragged == min(ours.ragged, max(ours.rank - 1, 0))


def agrees(dataset: tf.data.Dataset, inferred: Elements) -> None:
    """Structure and number are as they were inferred."""
    same_spec(dataset.element_spec, inferred.structure)
    counted = int(dataset.cardinality())
    assert (counted == tf.data.INFINITE_CARDINALITY) <= inferred.infinite
    if inferred.count is not None:
        assert counted in (inferred.count, tf.data.UNKNOWN_CARDINALITY)
        assert len(list(dataset)) == inferred.count
