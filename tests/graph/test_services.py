"""What comes before a tf.data service: what its workers can't run, or would run otherwise."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from studio.graph.checks import check
from studio.graph.document import DataGraph, Edge, Node, Project, Training
from studio.graph.ops.passing import DISTRIBUTE
from studio.graph.replay import NOTHING, replay

ARRAYS = Node("rows", "studio.data.synthetic", params={"kind": "regression"})
RECORDS = Node("rows", "studio.data.csv", params={"path": "rows.csv", "label": "y"})
SHUFFLE = Node("mix", "tf.data.Dataset.shuffle", params={"buffer_size": 9})
BATCH = Node("batch", "tf.data.Dataset.batch", params={"batch_size": 4})
SPLIT = Node("parts", "studio.data.split", params={"validation": 0.5})
TAKE = Node("some", "tf.data.Dataset.take", params={"count": 3})
GENERATOR = Node(
    "made", "tf.data.Dataset.from_generator", params={"generator": {"op": "code:Made"}}
)


def project(mode: str, *nodes: Node, seed: int | None = 7) -> Project:
    """A chain of stages with a service behind them, and a batch behind that."""
    far = Node("far", DISTRIBUTE, params={"processing_mode": mode})
    chain = [*nodes, far, replace(BATCH, id="last")]
    ports = [f"{each.id}.train" if each is SPLIT else each.id for each in chain]
    edges = tuple(Edge(start, each.id) for start, each in zip(ports, chain[1:], strict=False))
    data = DataGraph({each.id: each for each in chain}, edges, outputs={"train": "last"})
    return Project(data=data, training=Training(seed=seed))


WRONG = {
    "a split in a part": (project("DYNAMIC", RECORDS, SPLIT), "error", 'so "parts" counts'),
    "a take in a file": (project("FILE", RECORDS, TAKE), "error", 'so "some" counts'),
    "a promised count": (project("FILE_OR_DATA", ARRAYS), "error", 'so "rows" counts'),
    "a generator": (project("OFF", GENERATOR), "error", "made by Python in the script"),
    "without a seed": (
        project("DATA", RECORDS, SHUFFLE, seed=None),
        "warning",
        '"mix" has no seed',
    ),
}


def told(project: Project) -> list[tuple[str, str, str]]:
    """Node, severity and sentence of what is said of the service."""
    return [
        (each.node, each.severity, each.message)
        for each in check(project).problems
        if each.code == "apart-in-service"
    ]


@pytest.mark.parametrize("name", WRONG)
def test_what_the_workers_cant_do_alike_is_told_with_its_stage(name: str) -> None:
    wrong, severity, words = WRONG[name]
    ((node, found, message),) = told(wrong)
    assert (node, found) == ("far", severity)
    assert words in message


@pytest.mark.parametrize(
    "right",
    [
        project("DATA", RECORDS, SPLIT, SHUFFLE),
        project("OFF", RECORDS, SPLIT, SHUFFLE, seed=None),
        project("DYNAMIC", RECORDS, SHUFFLE, BATCH, seed=None),
        project("DATA", RECORDS, replace(SHUFFLE, params={"buffer_size": 9, "seed": 1}), seed=None),
        project("DYNAMIC", RECORDS, replace(TAKE, bypass=True)),
    ],
    ids=["DATA behind a split", "OFF", "DYNAMIC behind a batch", "a seed", "bypassed"],
)
def test_what_comes_out_as_it_would_here_is_not_spoken_of(right: Project) -> None:
    assert told(right) == []


def test_elements_of_a_service_are_never_replayed() -> None:
    assert replay(project("DATA", RECORDS, SHUFFLE), "train") == NOTHING
