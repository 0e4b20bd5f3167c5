"""What a training that goes on in the middle must do so that its data come as they would have.

A dataset that shuffles gives each pass another order: the numbers for it are
drawn when a pass begins. Where all else is drawn then too, or nothing, it is
enough to begin the passes that were made; else they must be gone through.
"""

from __future__ import annotations

import re

from studio.graph.bypass import through
from studio.graph.document import Node, Project, Training, is_call
from studio.graph.wiring import upstream, wire

NOTHING, BEGUN, WHOLE = "nothing", "begun", "whole"

_DATASET = "tf.data.Dataset."

RANDOM = frozenset(
    _DATASET + name for name in ("rejection_resample", "sample_from_datasets", "shuffle")
)
"""Stages that draw numbers."""

ALONG = frozenset(
    _DATASET + name
    for name in (
        "batch",
        "bucket_by_sequence_length",
        "enumerate",
        "filter",
        "flat_map",
        "ignore_errors",
        "interleave",
        "map",
        "padded_batch",
        "prefetch",
        "ragged_batch",
        "rebatch",
        "shard",
        "skip",
        "take",
        "take_while",
        "unbatch",
        "window",
        "with_options",
        "zip",
    )
) | {"studio.data.window", "tf.data.experimental.assert_cardinality"}
"""Stages that begin all that stands before them when a pass begins, and not only as it is needed,
as a second dataset of `concatenate` is, or what a `shuffle` mixes."""

_DRAWS = re.compile(r"random|shuffle|augment", re.IGNORECASE)


def replay(project: Project, output: str) -> str:
    """What the passes that were made through an output of the data come to: NOTHING where none
    changes the next, BEGUN where it is enough to begin them, WHOLE.

    Without a seed no pass is like that of another training: NOTHING. Code that
    names nothing of chance is taken to be without it.
    """
    graph = project.data
    end = graph.outputs.get(output) if graph is not None else None
    if end is None or project.training is None or project.training.seed is None:
        return NOTHING
    graph = through(project, graph)
    wiring = wire(graph)
    used = upstream(wiring, [graph.outputs[output].partition(".")[0]])
    drawing = {name for name in used if _draws(project, graph.nodes[name])}
    if not drawing:
        return NOTHING
    for name in drawing:
        if graph.nodes[name].op != f"{_DATASET}shuffle":
            return WHOLE
    behind = {name for name in used if upstream(wiring, [name]) & drawing - {name}}
    plain = all(graph.nodes[name].op in ALONG for name in behind)
    return BEGUN if plain else WHOLE


def validated(training: Training, epoch: int) -> bool:
    """Whether an epoch, the first being 0, ends with a validation."""
    freq = training.validation_freq
    return (epoch + 1) % freq == 0 if isinstance(freq, int) else epoch + 1 in freq


def _draws(project: Project, node: Node) -> bool:
    """Whether a stage draws numbers in each pass."""
    if node.op == f"{_DATASET}shuffle" and node.params.get("reshuffle_each_iteration") is False:
        return False
    return node.op in RANDOM or any(_by_chance(project, each) for each in node.params.values())


def _by_chance(project: Project, value: object) -> bool:
    """Whether a parameter is a function that draws numbers."""
    if not is_call(value):
        return False
    path = str(value["op"])
    code = project.code.get(path.removeprefix("code:")) if path.startswith("code:") else None
    return bool(_DRAWS.search(path if code is None else code.source))
