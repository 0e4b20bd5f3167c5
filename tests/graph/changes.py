"""Edits that can be made to a project, as hypothesis strategies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import fields, replace

from studio.graph import edits, part_edits
from studio.graph.document import (
    PRECISIONS,
    Block,
    Call,
    Code,
    Distribution,
    Edge,
    Frame,
    Graph,
    Node,
    Project,
    Training,
)
from studio.graph.edits import Edit
from studio.graph.file import load
from studio.resources import TEMPLATES

NAMES = st.sampled_from(("image", "conv1", "digit", "new", "other", "x", "batch", "split"))
TEXTS = st.text(max_size=8)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**6), 10**6)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=4,
)
PARAMS = st.dictionaries(st.sampled_from(("units", "filters", "rate", "name")), VALUES, max_size=2)
OPS = st.sampled_from(("keras.layers.Dense", "keras.layers.Add", "block:pair", "no.such.Op"))
CALLS = st.builds(Call, op=OPS, params=PARAMS)
FLOATS = st.floats(-1e6, 1e6)
PLACES = st.tuples(FLOATS, FLOATS)
NEW_NODES = st.builds(
    Node,
    id=NAMES,
    op=OPS,
    params=PARAMS,
    repeat=st.integers(1, 3),
    at=st.none() | PLACES,
    note=TEXTS,
    bypass=st.booleans(),
)
BLOCKS = st.builds(
    lambda node, parameters: Block(
        nodes={node.id: node}, outputs=(node.id,), parameters=parameters
    ),
    NEW_NODES,
    PARAMS,
)
TRAINING = {
    "loop": st.sampled_from(("fit", "custom")),
    "epochs": st.integers(1, 9),
    "seed": st.none() | st.integers(0, 9),
    "deterministic": st.booleans(),
    "precision": st.sampled_from(PRECISIONS),
    "weights": st.none() | CALLS,
    "optimizer": st.none() | CALLS,
    "optimizers": st.dictionaries(NAMES, CALLS, max_size=2),
    "trained_by": st.dictionaries(NAMES, NAMES, max_size=2),
    "train_step": st.none() | CALLS,
    "weighted_metrics": st.dictionaries(NAMES, st.lists(CALLS, max_size=2).map(tuple), max_size=2),
    "class_weights": st.dictionaries(NAMES, FLOATS, max_size=2),
    "persistent_tape": st.booleans(),
    "loss_clipnorms": st.dictionaries(NAMES, st.floats(0.1, 9), max_size=2),
    "losses": st.dictionaries(NAMES, CALLS, max_size=2),
    "loss_weights": st.dictionaries(NAMES, FLOATS, max_size=2),
    "metrics": st.dictionaries(NAMES, st.lists(CALLS, max_size=2).map(tuple), max_size=2),
    "callbacks": st.lists(CALLS, max_size=2).map(tuple),
    "steps_per_epoch": st.none() | st.integers(1, 9),
    "validation_steps": st.none() | st.integers(1, 9),
    "validation_freq": st.integers(1, 9) | st.lists(st.integers(1, 9), max_size=3).map(tuple),
    "steps_per_execution": st.integers(1, 9) | st.just("auto"),
    "jit_compile": st.booleans() | st.just("auto"),
    "checkpoint_seconds": st.integers(1, 9),
    "checkpoint_steps": st.none() | st.integers(1, 9),
    "checkpoints_kept": st.integers(1, 9),
    "checkpoint_best": st.sampled_from(["", "val_loss", "accuracy"]),
}
assert set(TRAINING) == {each.name for each in fields(Training)}
PROJECT = {
    "name": TEXTS,
    "note": TEXTS,
    "distribution": st.none()
    | st.builds(
        Distribution,
        op=st.just("tf.distribute.MirroredStrategy"),
        virtual_devices=st.none() | st.integers(1, 4),
        cluster=st.dictionaries(NAMES, st.lists(TEXTS, max_size=2).map(tuple), max_size=2),
        scale_learning_rate=st.sampled_from([None, "linear", "sqrt"]),
    ),
    "exports": st.lists(CALLS, max_size=2).map(tuple),
}

Draw = Callable[[st.SearchStrategy[Any]], Any]


def _one_of(draw: Draw, there: Any, others: st.SearchStrategy[Any] = NAMES) -> Any:
    """Mostly one of what is there, sometimes something else."""
    there = tuple(there)
    if there and draw(st.integers(0, 9)):
        return draw(st.sampled_from(there))
    return draw(others)


def _end(draw: Draw, graph: Graph) -> str:
    return _one_of(draw, graph.nodes) + draw(st.sampled_from(("", "", "", ".train", ".x")))


def _set_node(draw: Draw, name: str, graph: Graph) -> Edit:
    values = {
        "op": OPS | st.none(),
        "shares": NAMES | st.none(),
        "repeat": st.integers(1, 4),
        "note": TEXTS,
        "bypass": st.booleans(),
        "at": PLACES,
    }
    field = draw(st.sampled_from(tuple(values)))
    return edits.SetNode(name, _one_of(draw, graph.nodes), field, draw(values[field]))


def _set_outputs(draw: Draw, name: str, graph: Graph) -> Edit:
    if name == "data":
        ends = {split: _end(draw, graph) for split in draw(st.sets(NAMES, max_size=2))}
        return edits.SetOutputs(name, ends)
    return edits.SetOutputs(name, [_end(draw, graph) for _ in range(draw(st.integers(0, 2)))])


def _param(draw: Draw, name: str, graph: Graph, kind: type[Edit], *value: Any) -> Edit:
    node = _one_of(draw, graph.nodes)
    there = graph.nodes[node].params if node in graph.nodes else ()
    return kind(name, node, _one_of(draw, there, TEXTS), *value)


def _disconnect(draw: Draw, name: str, graph: Graph) -> Edit:
    edge = _one_of(draw, graph.edges, st.builds(Edge, NAMES, NAMES))
    return edits.Disconnect(name, edge.source, edge.target)


def _training(draw: Draw, *_: Any) -> Edit:
    field = draw(st.sampled_from(tuple(TRAINING)))
    return edits.SetTraining(field, draw(TRAINING[field]))


def _project(draw: Draw, *_: Any) -> Edit:
    field = draw(st.sampled_from(tuple(PROJECT)))
    return edits.SetProject(field, draw(PROJECT[field]))


def _part(draw: Draw, name: str, graph: Graph) -> Edit:
    nodes = draw(st.lists(NEW_NODES, max_size=3, unique_by=lambda node: node.id))
    ends = st.sampled_from([*graph.nodes, *(node.id for node in nodes), "lost"])
    edges = draw(st.lists(st.builds(Edge, ends, ends), max_size=2))
    return part_edits.AddPart(name, tuple(nodes), tuple(edges), draw(INDICES))


def _order(draw: Draw, name: str, graph: Graph) -> Edit:
    before = draw(st.none()) if draw(st.booleans()) else _one_of(draw, graph.nodes)
    moved = tuple(_one_of(draw, graph.nodes) for _ in range(2))
    return part_edits.OrderNodes(name, moved, before)


def _rewire(draw: Draw, name: str, graph: Graph) -> Edit:
    old = [_one_of(draw, graph.edges, st.builds(Edge, NAMES, NAMES)) for _ in range(2)]
    new = [Edge(_end(draw, graph), _end(draw, graph)) for _ in old]
    return part_edits.Rewire(name, tuple(zip(old, new, strict=True)))


def _put(draw: Draw, name: str, graph: Graph) -> Edit:
    node = draw(NEW_NODES)
    return part_edits.PutNodes(name, (replace(node, id=_one_of(draw, graph.nodes)),))


def _frame(draw: Draw, name: str, graph: Graph) -> Edit:
    size = st.floats(-1, 1e6)
    frame = st.builds(Frame, title=TEXTS, x=FLOATS, y=FLOATS, width=size, height=size, color=TEXTS)
    return part_edits.SetFrame(name, _one_of(draw, graph.frames, TEXTS), draw(st.none() | frame))


WHOLE = [load(TEMPLATES / name / "project.json") for name in ("digits_cnn", "custom_layer")]
INDICES = st.none() | st.integers(-2, 30)
MAKERS: dict[type[Edit], Callable[[Draw, str, Graph], Edit]] = {
    edits.AddNode: lambda draw, name, graph: edits.AddNode(name, draw(NEW_NODES), draw(INDICES)),
    edits.RemoveNodes: lambda draw, name, graph: edits.RemoveNodes(
        name, tuple(_one_of(draw, graph.nodes) for _ in range(draw(st.integers(1, 3))))
    ),
    edits.RenameNode: lambda draw, name, graph: edits.RenameNode(
        name, _one_of(draw, graph.nodes), draw(NAMES)
    ),
    edits.SetParam: lambda draw, name, graph: _param(
        draw, name, graph, edits.SetParam, draw(VALUES)
    ),
    edits.ResetParam: lambda draw, name, graph: _param(draw, name, graph, edits.ResetParam),
    edits.SetNode: _set_node,
    edits.MoveNodes: lambda draw, name, graph: edits.MoveNodes(
        name, {_one_of(draw, graph.nodes): draw(PLACES) for _ in range(draw(st.integers(0, 3)))}
    ),
    edits.Connect: lambda draw, name, graph: edits.Connect(
        name, _end(draw, graph), _end(draw, graph), draw(INDICES)
    ),
    edits.Disconnect: _disconnect,
    edits.SetOutputs: _set_outputs,
    edits.SetStyle: lambda draw, *_: edits.SetStyle(
        draw(st.sampled_from(("auto", "functional", "subclass")))
    ),
    edits.SetTraining: _training,
    edits.SetProject: _project,
    edits.SetBlock: lambda draw, *_: edits.SetBlock(
        draw(st.sampled_from(("pair", "residual", "new"))), draw(st.none() | BLOCKS)
    ),
    edits.SetCode: lambda draw, *_: edits.SetCode(
        draw(NAMES), draw(st.none() | st.builds(Code, st.just("layer"), TEXTS))
    ),
    part_edits.AddPart: _part,
    part_edits.OrderNodes: _order,
    part_edits.PutNodes: _put,
    part_edits.ReplaceProject: lambda draw, *_: part_edits.ReplaceProject(
        draw(st.sampled_from(WHOLE)), draw(NAMES)
    ),
    part_edits.Rewire: _rewire,
    part_edits.SetFrame: _frame,
}


def draw_edit(draw: Draw, project: Project, kinds: Any = tuple(MAKERS)) -> Edit:
    """An edit of one of these kinds that will mostly succeed."""
    graphs = project.graphs()
    name = _one_of(draw, graphs, st.sampled_from(("model", "data", "block:lost")))
    kind = draw(st.sampled_from(tuple(kinds)))
    return MAKERS[kind](draw, name, graphs.get(name, Graph()))
