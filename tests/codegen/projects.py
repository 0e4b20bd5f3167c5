"""Small projects with data of their own, made in a few words."""

from __future__ import annotations

import gzip
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from studio.codegen.script import Script, write_script
from studio.graph.checks import check
from studio.graph.document import Project
from studio.graph.elements import Elements, features, label
from studio.graph.problems import errors
from studio.graph.read import read_project

Json = dict[str, Any]
ROWS = 12


def read(value: Json) -> Project:
    """The project that a JSON value says; it must be one."""
    project, problems = read_project(value)
    assert not problems, problems
    return project


def script(value: Json, folder: Path, style: str | None = None) -> Script:
    """The script of a project."""
    return write_script(read(value), folder, style)


def call(op: str, **params: Any) -> Json:
    """A call as data."""
    return {"op": op, "params": params} if params else {"op": op}


def node(name: str, op: str, **params: Any) -> Json:
    """A node of a graph."""
    return {"id": name, **call(op, **params)}


def csv(path: str = "numbers.csv", **params: Any) -> Json:
    """A CSV source; its node is called rows."""
    return node("rows", "studio.data.csv", path=path, **params)


def npz(path: str = "arrays.npz", **params: Any) -> Json:
    """A NumPy source; its node is called rows."""
    return node("rows", "studio.data.numpy", path=path, **params)


def stage(name: str, op: str, **params: Any) -> Json:
    """A stage of the data graph by the last part of its path."""
    package = "studio.data" if op in ("split", "window") else "tf.data.Dataset"
    return node(name, f"{package}.{op}", **params)


def mapped(name: str, function: str, **params: Any) -> Json:
    """A stage that maps one of Studio's functions."""
    return stage(name, "map", function=call(f"studio.map.{function}", **params))


def line(*nodes: Json) -> list[list[str]]:
    """Edges from each node to the next."""
    names = [each["id"] for each in nodes]
    return [list(pair) for pair in pairwise(names)]


def chain(*nodes: Json, batch: int | None = 4) -> Json:
    """A data graph of a source and the stages behind it, then batches."""
    nodes = (*nodes, stage("batch", "batch", batch_size=batch)) if batch else nodes
    return {"nodes": list(nodes), "edges": line(*nodes), "outputs": {"train": nodes[-1]["id"]}}


def split_graph(*before: Json, outputs: tuple[str, ...] = ("train", "validation", "test")) -> Json:
    """A data graph whose last node given is a split, each part of which is batched."""
    parts = [stage(f"{name}_batches", "batch", batch_size=2) for name in outputs]
    edges = [[f"{before[-1]['id']}.{name}", f"{name}_batches"] for name in outputs]
    return {
        "nodes": [*before, *parts],
        "edges": line(*before) + edges,
        "outputs": {name: f"{name}_batches" for name in outputs},
    }


def model_graph(nodes: list[Json], edges: list[list[str]], *outputs: str, **rest: Any) -> Json:
    """A model graph."""
    return {"nodes": nodes, "edges": edges, "outputs": list(outputs), **rest}


def training(*outputs: str, **given: Any) -> Json:
    """A training with the squared error for each output."""
    losses = {name: call("keras.losses.MeanSquaredError") for name in outputs}
    return {"seed": 3, "optimizer": call("keras.optimizers.SGD"), "losses": losses, **given}


def complete(data: Json, folder: Path, **parts: Any) -> Json:
    """A whole project around a data graph: the smallest model that its elements fit."""
    elements = arriving(data, folder)
    if label(elements.structure) is None:
        data = _with_answers(data)
        elements = arriving(data, folder)
    return {
        "studio": 1,
        "name": "made for a test",
        "data": data,
        "model": _fitting(elements),
        "training": training("answer"),
        **parts,
    }


def arriving(data: Json, folder: Path) -> Elements:
    """The elements of a data graph's training data, as they are inferred."""
    report = check(read({"studio": 1, "data": data}), folder)
    assert not errors(report.problems), report.problems
    return report.shapes["data"].at(data["outputs"]["train"])


def _with_answers(data: Json) -> Json:
    """A data graph without labels, paired with a column of another file."""
    answers = {**csv(features="a"), "id": "answers"}
    answer_batches = stage("answer_batches", "batch", batch_size=4)
    edges = [["answers", "answer_batches"], [data["outputs"]["train"], "pair"]]
    return {
        "nodes": [*data["nodes"], answers, answer_batches, stage("pair", "zip")],
        "edges": [*data["edges"], *edges, ["answer_batches", "pair"]],
        "outputs": {"train": "pair"},
    }


def _fitting(elements: Elements) -> Json:
    """One Dense layer over all features."""
    given = features(elements.structure)
    parts = given if isinstance(given, dict) else {"features": given}
    nodes, edges, ends = [], [], []
    for name, spec in parts.items():
        shape = list(spec.shape[1:]) or [1]
        if spec.dtype == "string":
            vocabulary = ["a", "b"]
            lookup = {"vocabulary": vocabulary, "output_mode": "multi_hot"}
            made = [
                node(name, "keras.Input", shape=shape, dtype="string"),
                node(f"{name}_code", "keras.layers.StringLookup", **lookup),
            ]
        else:
            made = [node(name, "keras.Input", shape=shape)]
            if len(shape) > 1:
                made.append(node(f"{name}_flat", "keras.layers.Flatten"))
        nodes += made
        edges += line(*made)
        ends.append(made[-1]["id"])
    if len(ends) > 1:
        nodes.append(node("together", "keras.layers.Concatenate"))
        edges += [[end, "together"] for end in ends]
        ends = ["together"]
    target = label(elements.structure)
    target = target["answer"] if isinstance(target, dict) else target
    units = target.shape[-1] if len(target.shape) > 1 else 1
    nodes.append(node("answer", "keras.layers.Dense", units=units))
    return model_graph(nodes, [*edges, [ends[0], "answer"]], "answer")


def write_files(folder: Path) -> None:
    """The data files that the projects of these tests read."""

    def rows(name: str, header: str, *lines: str) -> None:
        Path(folder, name).write_text("\n".join([header, *lines, ""]), encoding="utf-8")

    each = range(ROWS)
    rows("numbers.csv", "a,b,y", *(f"{i},{i / 4},{i % 3}" for i in each))
    rows("reals.csv", "a,b,y", *(f"{i},{i * i},{i + 0.5}" for i in each))
    rows("gaps.csv", "a,b,word,y", *(f"{i},{i or ''},{'ab'[i % 2] * (i != 5)},{i}" for i in each))
    rows("words.csv", "text,a,kind", *(f'"The {"ab"[i % 2]}, b!",{i},{"xyz"[i % 3]}' for i in each))
    days = [date(1999, 12, 29) + timedelta(days=61 * i) for i in each]
    dates = (f"{day},{day} {i:02}:{i * 5:02}:00,{i},{i % 2}" for i, day in enumerate(days))
    rows("dates.csv", "day,time,i,y", *dates)
    grid = [f"p_{i}_{j}" for i in range(2) for j in range(3)]
    cells = [",".join(str(i * 10 + j) for j in range(6)) for i in each]
    rows("grid.csv", ",".join([*grid, "y"]), *(f"{c},{i}" for i, c in enumerate(cells)))
    rows("odd.csv", '"it\'s","say ""hi""","a\\b\u202e",y', *(f"{i},{i},{i},1" for i in each))
    rows("series.csv", "t,value", *(f"{1900 + i},{i * i}" for i in each))
    with gzip.open(Path(folder, "numbers.csv.gz"), "wb") as file:
        file.write(Path(folder, "numbers.csv").read_bytes())
    x = np.arange(ROWS * 6, dtype="float32").reshape(ROWS, 2, 3)
    y = np.arange(ROWS, dtype="int32") % 3
    np.savez(Path(folder, "arrays.npz"), x=x, small=x[:, 0, 0].astype("uint8"), y=y)
    np.savez(Path(folder, "pair.npz"), x=x, y=y)
    np.savez(Path(folder, "texts.npz"), text=np.array([f"{i}.5" for i in each]), y=y)
    np.save(Path(folder, "series.npy"), np.arange(ROWS, dtype="float32"))
