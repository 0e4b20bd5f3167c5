"""Changes that may make a pipeline faster: what they make of a graph, undone, and run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio.graph.checks import check
from studio.graph.edit_text import decode, encode
from studio.graph.faster import Proposal, proposals
from studio.graph.file import dumps, plain
from studio.graph.history import History
from studio.graph.problems import errors

from .by_hand_sources import LABELLED, TEXT, row
from .pipelines import elements, run, written
from .projects import Json, mapped, read, stage, training

pytestmark = pytest.mark.filterwarnings("default")

SCALE = mapped("scale", "rescale", scale=0.5)
BATCH = stage("batch", "batch", batch_size=5)
SHUFFLE = stage("mix", "shuffle", buffer_size=12, seed=1)
CACHE = stage("keep", "cache")


def split(*before: Json) -> Json:
    """A row of stages, then parts of it that are batched, one of them mixed before."""
    parts = stage("parts", "split", validation=0.25, test=0.25)
    batches = [stage(f"{name}_batch", "batch", batch_size=2) for name in ("train", "val", "test")]
    graph = row(*before, parts)
    graph["nodes"] += [SHUFFLE, *batches]
    graph["edges"] += [
        ["parts.train", "mix"],
        ["mix", "train_batch"],
        ["parts.validation", "val_batch"],
        ["parts.test", "test_batch"],
    ]
    graph["outputs"] = {
        "train": "train_batch",
        "validation": "val_batch",
        "test": "test_batch",
    }
    return graph


def made(graph: Json, folder: Path) -> tuple[Any, dict[str, Proposal]]:
    project = read({"studio": 1, "data": graph, "training": training()})
    report = check(project, folder)
    assert not errors(report.problems)
    return project, {each.kind: each for each in proposals(project, report.shapes["data"])}


def edges(proposal: Proposal) -> list[list[str]]:
    return sorted(plain(proposal.project.data.edges))


def test_a_map_goes_behind_the_batch(folder: Path) -> None:
    _, found = made(row(LABELLED, SCALE, SHUFFLE, BATCH, CACHE), folder)
    change = found["batch first"]
    assert change.edit.label == "Put scale behind batch"
    assert edges(change) == [
        ["batch", "scale"],
        ["mix", "batch"],
        ["rows", "mix"],
        ["scale", "keep"],
    ]
    assert change.project.data.outputs == {"train": "keep"}
    _, found = made(row(LABELLED, SCALE, BATCH), folder)
    assert edges(found["batch first"]) == [["batch", "scale"], ["rows", "batch"]]
    assert found["batch first"].project.data.outputs == {"train": "scale"}


def test_a_map_goes_behind_every_batch_that_it_feeds(folder: Path) -> None:
    _, found = made(split(LABELLED, SCALE), folder)
    change = found["batch first"]
    assert change.words == (
        'Put "scale" behind the batch ("train_batch", and the others alike): '
        "it then works on whole batches."
    )
    assert ["rows", "parts"] in edges(change)
    assert [edge for edge in edges(change) if "scale" in edge[1]] == [
        ["test_batch", "scale_test_batch"],
        ["train_batch", "scale"],
        ["val_batch", "scale_val_batch"],
    ]
    assert change.project.data.outputs == {
        "train": "scale",
        "validation": "scale_val_batch",
        "test": "scale_test_batch",
    }
    nodes = change.project.data.nodes
    assert nodes["scale_val_batch"].params == nodes["scale"].params


UNMOVED = {
    "words, whose number differs": row(
        TEXT, mapped("w", "split_words"), stage("batch", "ragged_batch", batch_size=2)
    ),
    "what is used one by one too": row(LABELLED, SCALE, BATCH)
    | {"outputs": {"train": "batch", "test": "scale"}},
    "what a stage behind it looks at": row(
        LABELLED,
        SCALE,
        stage(
            "some",
            "filter",
            predicate={"op": "studio.predicate.one_of", "params": {"part": [1], "values": [1]}},
        ),
        BATCH,
    ),
    "what isn't batched": row(LABELLED, SCALE, SHUFFLE),
    "what is batched already": row(LABELLED, BATCH, SCALE),
    "what stands there bypassed": row(LABELLED, SCALE | {"bypass": True}, BATCH),
}


@pytest.mark.parametrize("name", UNMOVED)
def test_a_map_stays_before(name: str, folder: Path) -> None:
    project = read({"studio": 1, "data": UNMOVED[name], "training": training()})
    report = check(project, folder)
    assert "batch first" not in {each.kind for each in proposals(project, report.shapes["data"])}


def test_elements_are_kept_before_they_are_mixed_and_calls_are_left_to_tf_data(
    folder: Path,
) -> None:
    tuned = SCALE | {"params": SCALE["params"] | {"num_parallel_calls": 1}}
    _, found = made(row(LABELLED, tuned, SHUFFLE, BATCH), folder)
    assert edges(found["cache"]) == [
        ["cache", "mix"],
        ["mix", "batch"],
        ["rows", "scale"],
        ["scale", "cache"],
    ]
    assert list(found["cache"].project.data.nodes)[-1] == "cache"
    assert found["cache"].edit.label == "Keep what leaves scale in memory"
    assert found["parallel"].project.data.nodes["scale"].params == SCALE["params"]
    assert found["parallel"].edit.label == "Reset scale.num_parallel_calls"


GRAPHS = {
    "row": row(
        LABELLED,
        SCALE | {"params": SCALE["params"] | {"num_parallel_calls": 2}, "at": [10, 20]},
        SHUFFLE,
        BATCH,
        stage("ahead", "prefetch", buffer_size=2),
    ),
    "split": split(LABELLED, SCALE),
    "bypassed": row(LABELLED, SCALE, CACHE | {"bypass": True}, SHUFFLE, BATCH),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_a_change_is_one_step_that_is_undone_to_the_byte_and_gives_the_same_data(
    name: str, folder: Path
) -> None:
    project, found = made(GRAPHS[name], folder)
    assert {"cache", "batch first"} <= found.keys()
    wanted = elements(run(written(GRAPHS[name], folder)[0], folder))
    before = dumps(project)
    for change in found.values():
        history = History(project)
        assert dumps(history.do(change.edit)) == dumps(change.project) != before
        assert not errors(check(change.project, folder).problems)
        history.undo()
        assert dumps(history.project) == before
        again = decode(encode(change.edit)).apply(project)
        assert dumps(again) == dumps(change.project)
        graph = plain(change.project.data)
        assert elements(run(written(graph, folder)[0], folder)) == wanted
