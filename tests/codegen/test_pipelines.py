"""Every stage of tf.data and every ready-made function, against the same written by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from studio.graph.catalogue.registry import of_kind

from .by_hand_maps import LIST, MAPS
from .by_hand_sources import row
from .by_hand_stages import SERVICE, STAGES
from .pipelines import agrees, elements, run, written
from .projects import call, csv, stage
from .ruff import found_by_ruff

pytestmark = pytest.mark.filterwarnings("default")

CASES = {f"stage {name}": case for name, case in STAGES.items()}
CASES |= {f"map {name}": case for name, case in MAPS.items()}


@pytest.fixture(autouse=True, scope="module")
def vocabulary(folder: Path) -> None:
    Path(folder, "vocabulary.txt").write_text("\n".join([*LIST, ""]))


@pytest.fixture(autouse=True, scope="module")
def service() -> Iterator[None]:
    """A tf.data service with one worker, so that elements keep their order."""
    made = tf.data.experimental.service
    dispatcher = made.DispatchServer(made.DispatcherConfig(port=SERVICE, protocol="grpc"))
    worker = made.WorkerServer(made.WorkerConfig(f"localhost:{SERVICE}", protocol="grpc"))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TF_DATA_SERVICE", f"localhost:{SERVICE}")
        yield
    worker._stop()
    dispatcher._stop()


@pytest.mark.parametrize("name", CASES)
def test_the_elements_are_those_written_by_hand(name: str, folder: Path) -> None:
    graph, by_hand = CASES[name]
    text, inferred = written(graph, folder)
    dataset, wanted = run(text, folder), by_hand()
    assert elements(dataset) == elements(wanted)
    agrees(dataset, inferred)
    assert inferred.infinite == (int(wanted.cardinality()) == -1)


FILES = csv("files.csv", features="name", label=None)
OPENED = {
    "flat_map of lines": ("flat_map", call("studio.expand.lines"), "lines.txt"),
    "interleave of lines": ("interleave", call("studio.expand.lines"), "lines.txt"),
    "records": ("flat_map", call("studio.expand.records"), "plain.records"),
    "records compressed": (
        "interleave",
        call("studio.expand.records", compression_type="GZIP"),
        "packed.records",
    ),
}


@pytest.mark.parametrize("name", OPENED)
def test_files_are_opened_by_their_names(name: str, tmp_path: Path) -> None:
    method, function, file = OPENED[name]
    (tmp_path / "lines.txt").write_text("one\ntwo\n")
    for made, packed in (("plain.records", ""), ("packed.records", "GZIP")):
        with tf.io.TFRecordWriter(str(tmp_path / made), packed) as writer:
            for text in (b"one", b"two"):
                writer.write(text)
    (tmp_path / "files.csv").write_text(f"name\n{tmp_path / file}\n{tmp_path / file}\n")
    text, inferred = written(row(FILES, stage("s", method, map_func=function)), tmp_path)
    dataset = run(text, tmp_path)
    texts = sorted(each.decode() for each in dataset.as_numpy_iterator())
    assert texts == ["one", "one", "two", "two"]
    agrees(dataset, inferred)


def ops_in(value: Any) -> set[str]:
    """The path of every op in a value of JSON."""
    inner = value.values() if isinstance(value, dict) else value if type(value) is list else ()
    own = {value["op"]} if isinstance(value, dict) and "op" in value else set()
    return own.union(*map(ops_in, inner))


def test_every_stage_and_function_is_among_the_cases() -> None:
    cases = [graph for graph, _ in CASES.values()] + [made for _, made, _ in OPENED.values()]
    tried = set().union(*map(ops_in, cases))
    there = {
        op.path for op in of_kind("stage", "map", "predicate", "key", "reduce", "expand", "scan")
    }
    assert sorted(there - tried - ELSEWHERE) == []


ELSEWHERE = {
    *(f"tf.data.Dataset.{name}" for name in ("take", "skip", "shuffle", "prefetch")),
    *(f"studio.data.{name}" for name in ("split", "window")),
    *(f"studio.map.{name}" for name in ("rescale", "cast", "one_hot", "arrange", "augment")),
    *(f"studio.map.{name}" for name in ("fill_missing", "date_parts", "decode_image")),
}
"""What test_semantics.py, test_vectorised.py, test_adapting.py and test_records.py run."""


def test_ruff_finds_nothing_in_them(folder: Path, tmp_path: Path) -> None:
    texts = {name: written(graph, folder)[0] for name, (graph, _) in CASES.items()}
    assert not found_by_ruff(texts, tmp_path)
