"""Projects that the tests of studio/graph begin with."""

from __future__ import annotations

import copy
import json
from typing import Any

from studio.graph.checks import Report, check
from studio.graph.document import Project
from studio.graph.file import loads
from studio.graph.problems import Problem
from studio.resources import TEMPLATES
from tests.templates import NAMES, template_folder

BLOCKS: dict[str, Any] = {
    "studio": 1,
    "name": "blocks",
    "model": {
        "nodes": [
            {"id": "image", "op": "keras.Input", "params": {"shape": [8, 8, 4]}},
            {"id": "body", "op": "block:residual", "params": {"filters": 4}, "repeat": 3},
            {"id": "flat", "op": "keras.layers.Flatten"},
            {"id": "digit", "op": "keras.layers.Dense", "params": {"units": 10}},
        ],
        "edges": [["image", "body"], ["body", "flat"], ["flat", "digit"]],
        "outputs": ["digit"],
    },
    "blocks": {
        "pair": {
            "nodes": [
                {"id": "x", "op": "keras.Input"},
                {
                    "id": "first",
                    "op": "keras.layers.Conv2D",
                    "params": {
                        "filters": {"$": "width"},
                        "kernel_size": [{"$": "size"}, 3],
                        "padding": "same",
                        "activation": "relu",
                    },
                },
                {
                    "id": "second",
                    "op": "keras.layers.Conv2D",
                    "params": {"filters": {"$": "width"}, "kernel_size": 3, "padding": "same"},
                },
            ],
            "edges": [["x", "first"], ["first", "second"]],
            "inputs": ["x"],
            "outputs": ["second"],
            "parameters": {"width": 8, "size": 3},
        },
        "residual": {
            "nodes": [
                {"id": "x", "op": "keras.Input"},
                {"id": "pair", "op": "block:pair", "params": {"width": {"$": "filters"}}},
                {"id": "sum", "op": "keras.layers.Add"},
            ],
            "edges": [["x", "pair"], ["x", "sum"], ["pair", "sum"]],
            "inputs": ["x"],
            "outputs": ["sum"],
            "parameters": {"filters": 8},
        },
    },
}
"""A project with blocks: one with a parameter inside another, repeated."""

SEQUENCE: dict[str, Any] = {
    "studio": 1,
    "name": "sequence",
    "data": {
        "nodes": [
            {
                "id": "table",
                "op": "studio.data.csv",
                "params": {"path": "assets:data/digits.csv.gz", "label": "digit"},
            },
            {
                "id": "hot",
                "op": "tf.data.Dataset.map",
                "params": {"function": {"op": "studio.map.one_hot", "params": {"depth": 10}}},
            },
            {
                "id": "wide",
                "op": "tf.data.Dataset.map",
                "params": {"function": {"op": "studio.map.cast", "params": {"dtype": "float64"}}},
            },
            {"id": "again", "op": "tf.data.Dataset.repeat", "params": {"count": 2}},
            {"id": "some", "op": "tf.data.Dataset.take", "params": {"count": 500}},
            {"id": "rest", "op": "tf.data.Dataset.skip", "params": {"count": 10}},
            {
                "id": "batches",
                "op": "tf.data.Dataset.batch",
                "params": {"batch_size": 32, "drop_remainder": True},
            },
            {"id": "ahead", "op": "tf.data.Dataset.prefetch", "params": {"buffer_size": 2}},
        ],
        "edges": [
            ["table", "hot"],
            ["hot", "wide"],
            ["wide", "again"],
            ["again", "some"],
            ["some", "rest"],
            ["rest", "batches"],
            ["batches", "ahead"],
        ],
        "outputs": {"train": "ahead"},
    },
    "model": {
        "nodes": [
            {"id": "image", "op": "keras.Input", "params": {"shape": [8, 8]}},
            {
                "id": "lstm",
                "op": "keras.layers.LSTM",
                "params": {"units": 8, "return_sequences": True, "return_state": True},
            },
            {"id": "next", "op": "keras.layers.LSTM", "params": {"units": 8}},
            {
                "id": "grid",
                "op": "keras.layers.Reshape",
                "params": {"target_shape": [4, -1]},
            },
            {
                "id": "pool",
                "op": "keras.layers.AveragePooling1D",
                "params": {"pool_size": 2, "strides": 1, "padding": "same"},
            },
            {"id": "flat", "op": "keras.layers.Flatten"},
            {"id": "both", "op": "keras.layers.Concatenate", "params": {"axis": -1}},
            {
                "id": "digit",
                "op": "keras.layers.Dense",
                "params": {
                    "units": 10,
                    "activation": "softmax",
                    "kernel_regularizer": {"op": "keras.regularizers.L2", "params": {"l2": 1e-4}},
                },
            },
        ],
        "edges": [
            ["image", "lstm"],
            ["lstm.output", "next"],
            ["lstm.state_h", "next.initial_state"],
            ["lstm.state_c", "next.initial_state"],
            ["next", "grid"],
            ["grid", "pool"],
            ["pool", "flat"],
            ["flat", "both"],
            ["lstm.state_h", "both"],
            ["both", "digit"],
        ],
        "outputs": ["digit"],
        "style": "functional",
    },
    "training": {
        "epochs": 2,
        "optimizer": {
            "op": "keras.optimizers.SGD",
            "params": {
                "learning_rate": {
                    "op": "keras.optimizers.schedules.ExponentialDecay",
                    "params": {
                        "initial_learning_rate": 0.1,
                        "decay_steps": 100,
                        "decay_rate": 0.9,
                    },
                }
            },
        },
        "losses": {"digit": {"op": "keras.losses.CategoricalCrossentropy"}},
        "loss_weights": {"digit": 1.0},
        "steps_per_execution": 2,
    },
}
"""A project with ports, states, a schedule and the data stages that no template has."""


def template_text(name: str) -> str:
    """The text of a template's project.json, byte for byte."""
    return (TEMPLATES / name / "project.json").read_bytes().decode()


def template(name: str = "digits_cnn") -> dict[str, Any]:
    """A template as a JSON value of its own.

    These tests know no folder of a project: the files that lie in it are named by their whole path.
    """
    value = json.loads(template_text(name))
    for node in value.get("data", {}).get("nodes", ()):
        path = node.get("params", {}).get("path")
        if path is not None and not path.startswith("assets:"):
            node["params"]["path"] = str(template_folder(name) / path)
    return value


def sample(name: str) -> dict[str, Any]:
    """A template, or one of the projects above, as a JSON value of its own."""
    own = {"blocks": BLOCKS, "sequence": SEQUENCE}
    return copy.deepcopy(own[name]) if name in own else template(name)


SAMPLES = (*NAMES, "blocks", "sequence")


def read_value(value: Any) -> tuple[Project, list[Problem]]:
    """The project that a JSON value says, and what is wrong with its shape."""
    return loads(json.dumps(value))


def check_value(value: Any, **where: Any) -> Report:
    """Everything that can be said of the project that a JSON value says."""
    project, problems = read_value(value)
    return check(project, before=problems, **where)


def node_of(value: dict[str, Any], name: str, graph: str = "model") -> dict[str, Any]:
    """A node of a JSON value, to be changed."""
    return next(node for node in value[graph]["nodes"] if node["id"] == name)
