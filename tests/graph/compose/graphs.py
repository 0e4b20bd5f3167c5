"""Graphs in a few words, for what is done to them."""

from __future__ import annotations

from studio.graph.checks import check
from studio.graph.document import Call, Edge, Graph, ModelGraph, Node, Project, Training
from studio.graph.edits import Edit
from studio.graph.file import dumps, loads
from studio.graph.problems import errors

from ..samples import read_value, sample

OPS = {
    "x": ("keras.Input", {"shape": [8]}),
    "in": ("keras.Input", {"shape": [8]}),
    "d": ("keras.layers.Dense", {"units": 8}),
    "drop": ("keras.layers.Dropout", {"rate": 0.5}),
    "add": ("keras.layers.Add", {}),
    "cat": ("keras.layers.Concatenate", {}),
    "lstm": ("keras.layers.LSTM", {"units": 4, "return_state": True}),
    "att": ("keras.layers.Attention", {}),
}


def model(lines: str, *outputs: str, style: str = "auto") -> Project:
    """A project of `a > b` edges; what a node is, is what its id begins with.

    Every output has a loss and a metric.
    """
    edges = tuple(Edge(*line.split(" > ")) for line in lines.split(", ") if " > " in line)
    names = dict.fromkeys(
        each.partition(".")[0] for line in lines.split(", ") for each in line.split(" > ")
    )
    nodes = {}
    for index, name in enumerate(names):
        op, params = OPS[name.rstrip("0123456789")]
        nodes[name] = Node(name, op, params=params, at=(0.0, 100.0 * index))
    loss = Call("keras.losses.MeanSquaredError")
    metric = Call("keras.metrics.MeanAbsoluteError")
    keys = [end.replace(".", "_") for end in outputs]
    training = Training(losses=dict.fromkeys(keys, loss), metrics=dict.fromkeys(keys, (metric,)))
    return Project(model=ModelGraph(nodes, edges, outputs=outputs, style=style), training=training)


def of(name: str) -> Project:
    """A sample."""
    return read_value(sample(name))[0]


def after(edit: Edit, project: Project) -> Project:
    """The project after an edit, which can be written and read."""
    done = edit.apply(project)
    again, problems = loads(dumps(done))
    assert not problems
    assert dumps(again) == dumps(done)
    return done


def wires(graph: Graph | None) -> list[str]:
    """The edges as `a > b`, in their order."""
    return [f"{edge.source} > {edge.target}" for edge in graph.edges]


def sound(project: Project) -> bool:
    """Whether nothing is wrong with the project."""
    found = errors(check(project).problems)
    assert not found, [each.sentence() for each in found]
    return True
