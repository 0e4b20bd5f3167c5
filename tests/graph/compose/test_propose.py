"""A file or folder dropped: the pipeline that is proposed, for real files of every kind."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.graph.checks import check
from studio.graph.compose.propose import Proposal, propose
from studio.graph.document import DataGraph, ModelGraph, Node, Project, Training
from studio.graph.edits import AddNode, SetOutputs, SetTraining
from studio.graph.file import dumps, load, loads
from studio.graph.history import History
from studio.graph.problems import StudioError, errors
from studio.resources import ASSETS, TEMPLATES
from tests.data_files import KINDS, png, put, table, tfrecord, wav
from tests.graph.samples import NAMES

EMPTY = Project(model=ModelGraph(), data=DataGraph(), training=Training())
WORDS = {"words": {"shape": [None], "dtype": "int64", "ragged": True}}
ALL = ("train", "validation", "test")


def proposed(path: Path, project: Project = EMPTY) -> tuple[Proposal, Project]:
    """A proposal, and the project after it, whose data has no error and nothing unwise."""
    found = propose(project, path, path.parent)
    after = found.edit.apply(project)
    report = check(after, path.parent)
    assert [p.sentence() for p in errors(report.problems) if p.code != "lost-output"] == []
    assert [p.sentence() for p in report.problems if p.graph == "data"] == []
    assert loads(dumps(after)) == (after, [])
    return found, after


def proposed_with(project: Project, path: Path) -> tuple[Proposal, Project]:
    found = propose(project, path, path.parent)
    return found, found.edit.apply(project)


def inputs(project: Project) -> dict[str, Any]:
    nodes = project.model.nodes.values()
    return {node.id: node.params for node in nodes if node.op == "keras.Input"}


def ops(project: Project) -> list[str]:
    """The last parts of the ops of the data graph, functions of maps by their own name."""
    names = []
    for node in project.data.nodes.values():
        function = node.params.get("function")
        names.append((function["op"] if function else node.op).rpartition(".")[2])
    return names


# What the source gets beside its path, the functions of the maps, and the inputs.
EXPECTED: dict[str, tuple[dict[str, Any], list[str], dict[str, Any]]] = {
    "numbers": ({"label": "species"}, [], {"features": {"shape": [2]}}),
    "mixed": (
        {
            "label": "sex",
            "features": {"numbers": ["bill length (mm)", "mass"], "island": "island"},
            "missing": "drop",
        },
        [],
        {"numbers": {"shape": [2]}, "island": {"shape": [1], "dtype": "string"}},
    ),
    "gappy": (
        {"label": "y", "features": {"b": "b", "kind": "kind"}, "missing": "keep"},
        ["fill_missing"],
        {"b": {"shape": [1]}, "kind": {"shape": [1], "dtype": "string"}},
    ),
    "prose": ({"label": "stars", "features": "review"}, ["hash_words"], WORDS),
    "pixels": ({"label": "digit"}, ["add_channel", "rescale"], {"pixel": {"shape": [3, 2, 1]}}),
    "parquet": (
        {"label": "kind", "features": ["a", "b"], "classes": ["x", "y", "z"]},
        [],
        {"features": {"shape": [2]}},
    ),
    "sqlite": (
        {
            "query": 'SELECT * FROM "my orders" WHERE "n of" IS NOT NULL',
            "label": "kind",
            "features": ["price", "n of"],
            "classes": ["x", "y"],
        },
        [],
        {"features": {"shape": [2]}},
    ),
    "npy": ({}, [], {"features": {"shape": [5]}}),
    "npz": (
        {"features": "x_train", "label": "y_train"},
        ["add_channel", "rescale"],
        {"image": {"shape": [8, 6, 1]}},
    ),
    "named": (
        {"features": {"left": "left", "right": "right"}, "label": "target"},
        [],
        {"left": {"shape": [3]}, "right": {"shape": [2]}},
    ),
    "images": ({"image_size": [21, 30]}, ["rescale"], {"image": {"shape": [21, 30, 3]}}),
    "parts": (
        {"image_size": [16, 16], "color_mode": "grayscale"},
        ["rescale"],
        {"image": {"shape": [16, 16, 1]}},
    ),
    "loose": (
        {"labels": None, "image_size": [128, 256], "corrupt": "skip"},
        ["rescale"],
        {"image": {"shape": [128, 256, 3]}},
    ),
    "texts": ({}, ["hash_words"], WORDS),
    "sounds": ({"desired_samples": 510}, [], {"sound": {"shape": [510, 1]}}),
    "records": (
        {"label": "label"},
        [],
        {"x": {"shape": [2]}, "y": {"shape": [1], "dtype": "int64"}},
    ),
    "packed_records": (
        {"label": "label"},
        [],
        {"text_ids": {"shape": [None], "dtype": "int64", "ragged": True}},
    ),
    "scalars": ({"label": "target"}, ["to_features_and_label"], {"features": {"shape": [3]}}),
    "encoded": (
        {"label": "label"},
        ["decode_image", "rescale"],
        {"image": {"shape": [20, 30, 3]}},
    ),
    "lines": ({}, ["hash_words"], WORDS),
    "shards": ({"label": "label"}, [], {"x": {"shape": [3]}}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_becomes_a_pipeline_that_is_sound(kind: str, tmp_path: Path) -> None:
    path = KINDS[kind](tmp_path)
    found, after = proposed(path)
    params, maps, wanted = EXPECTED[kind]
    first = after.data.nodes[found.nodes[0]]
    assert first.params.pop("path").startswith(path.name)
    assert first.params == params
    assert [name for name in dict.fromkeys(ops(after)[1:]) if name in maps] == maps
    assert inputs(after) == wanted
    assert tuple(after.data.outputs) == ALL
    assert found.sentence.startswith(f"{path.name}: ") and found.sentence.endswith(".")
    batches = {after.data.nodes[end].op for end in after.data.outputs.values()}
    ragged = any(each.get("ragged") for each in wanted.values())
    assert batches == {f"tf.data.Dataset.{'ragged_batch' if ragged else 'batch'}"}


MODELS: dict[str, tuple[str, list[str], Any]] = {
    "numbers": ("SparseCategoricalCrossentropy", ["Normalization"], 3),
    "mixed": ("BinaryCrossentropy", ["Normalization", "StringLookup", "Concatenate"], 1),
    "gappy": ("MeanSquaredError", ["Normalization", "StringLookup", "Concatenate"], 1),
    "prose": ("BinaryCrossentropy", ["Embedding", "GlobalAveragePooling1D"], 1),
    "pixels": ("SparseCategoricalCrossentropy", ["Flatten"], 4),
    "parquet": ("SparseCategoricalCrossentropy", ["Normalization"], 3),
    "sqlite": ("BinaryCrossentropy", ["Normalization"], 1),
    "npz": ("SparseCategoricalCrossentropy", ["Flatten"], 3),
    "named": ("MeanSquaredError", ["Normalization", "Normalization", "Concatenate"], 1),
    "images": ("BinaryCrossentropy", ["Conv2D", "MaxPooling2D"], 1),
    "parts": ("BinaryCrossentropy", ["Conv2D", "MaxPooling2D"], 1),
    "texts": ("BinaryCrossentropy", ["Embedding", "GlobalAveragePooling1D"], 1),
    "sounds": ("BinaryCrossentropy", ["Conv1D", "GlobalMaxPooling1D"], 1),
    "scalars": ("MeanSquaredError", ["Normalization"], 1),
}
"""The loss, the first layers and the last one's units; of what isn't here no label is known."""


@pytest.mark.parametrize("kind", KINDS)
def test_with_no_model_there_is_one_that_fits(kind: str, tmp_path: Path) -> None:
    """Its loss and last layer are those of the label; nothing is said against it."""
    path = KINDS[kind](tmp_path)
    _, after = proposed(path)
    model, training = after.model, after.training
    layers = [node for node in model.nodes.values() if node.op != "keras.Input"]
    if kind not in MODELS:
        assert not layers and training == Training()
        return
    loss, first, units = MODELS[kind]
    (output,) = model.outputs
    assert training.losses[output].op == f"keras.losses.{loss}"
    assert list(training.metrics) == [output] and training.optimizer is not None
    assert [node.op.rpartition(".")[2] for node in layers][: len(first)] == first
    assert model.nodes[output].params["units"] == units
    assert [p.sentence() for p in check(after, tmp_path).problems] == []
    places = [node.at for node in model.nodes.values()]
    assert len(set(places)) == len(places)


@pytest.mark.parametrize(
    ("texts", "layer"),
    [
        (lambda i: f"kind {i % 49}", "StringLookup"),
        (lambda i: f"item {i // 2}", "Hashing"),
        (lambda i: f"a sentence of some words {i % 99}", "TextVectorization"),
    ],
)
def test_how_a_text_goes_in_is_decided_by_what_it_is(texts, layer: str, tmp_path: Path) -> None:
    place = tmp_path / "rows.csv"
    row = lambda i: f"{i / 3},{texts(i)},{i // 2},{i * 1000 % 70001}"  # noqa: E731
    table(place, "width,what,pair,target", row, 400)
    _, after = proposed(place)
    assert after.model.nodes[f"what_{_ENDS[layer]}"].op == f"keras.layers.{layer}"
    target = after.model.nodes["target"]
    assert target.op == "keras.layers.Rescaling" and target.params["scale"] > 1000
    assert after.training.losses["target"].op == "keras.losses.MeanSquaredError"


_ENDS = {"StringLookup": "code", "Hashing": "bins", "TextVectorization": "words"}


def test_a_model_or_a_loss_that_is_there_is_kept(tmp_path: Path) -> None:
    path = KINDS["numbers"](tmp_path)
    losses = SetTraining("losses", {"x": {"op": "keras.losses.MeanSquaredError"}})
    with_loss = losses.apply(EMPTY)
    after = propose(with_loss, path, tmp_path).edit.apply(with_loss)
    assert list(after.model.nodes) == ["features"] and after.training == with_loss.training


def test_all_kinds_are_expected() -> None:
    assert EXPECTED.keys() == KINDS.keys()


@pytest.mark.parametrize("name", ["digits.csv.gz", "penguins.csv", "sentiment.csv", "sunspots.csv"])
def test_the_bundled_samples_are_read(name: str) -> None:
    _, after = proposed(ASSETS / "data" / name)
    assert tuple(after.data.outputs) == ALL


def test_the_stages_stand_in_the_order_that_works(tmp_path: Path) -> None:
    _, after = proposed(KINDS["images"](tmp_path))
    assert ops(after) == [
        "images", "rescale", "split", "cache", "shuffle", "batch", "cache", "batch", "batch",
    ]  # fmt: skip
    assert [(edge.source, edge.target) for edge in after.data.edges] == [
        ("pets", "scaled"),
        ("scaled", "split"),
        ("split.train", "cache"),
        ("cache", "shuffle"),
        ("shuffle", "train"),
        ("split.validation", "cache2"),
        ("cache2", "validation"),
        ("split.test", "test"),
    ]


def test_the_sentence_says_what_was_decided(tmp_path: Path) -> None:
    found, _ = proposed(KINDS["mixed"](tmp_path))
    assert found.sentence == (
        "birds.csv.gz: 38 rows, label sex (2 classes), a model for yes or no, inputs numbers and "
        "island, id left out, 2 rows with gaps left out, split 80/10/10."
    )


def test_parts_that_are_there_are_kept(tmp_path: Path) -> None:
    _, after = proposed(KINDS["parts"](tmp_path))
    sources = {n.id: n.params["path"] for n in after.data.nodes.values() if "path" in n.params}
    assert sources == {"shapes_train": "shapes/train", "shapes_test": "shapes/test"}
    assert after.data.nodes["split"].params == {"validation": 0.1}


def test_it_is_one_edit_that_undo_takes_back(tmp_path: Path) -> None:
    history = History(EMPTY)
    history.do(propose(EMPTY, KINDS["numbers"](tmp_path), tmp_path).edit)
    assert history.project.data.nodes and history.project.model.nodes
    assert history.labels()[0] == ["Add data from flowers.csv"]
    history.undo()
    assert history.project is EMPTY


@pytest.mark.parametrize("name", NAMES)
def test_beside_what_is_there_with_ids_and_a_place_of_its_own(name: str, tmp_path: Path) -> None:
    before = load(TEMPLATES / name)
    found = propose(before, KINDS["numbers"](tmp_path), tmp_path)
    after = found.edit.apply(before)
    assert after.model is before.model
    assert after.data.outputs == before.data.outputs
    assert list(after.data.nodes)[: len(before.data.nodes)] == list(before.data.nodes)
    assert len(after.data.nodes) == len(before.data.nodes) + len(found.nodes)
    assert "stays as it was" in found.sentence
    for new in found.nodes:
        x, y = after.data.nodes[new].at
        for node in after.data.nodes.values():
            if node.id != new:
                assert abs(node.at[0] - x) >= 196 or abs(node.at[1] - y) >= 50


def test_the_place_wished_for_is_taken_where_it_is_free(tmp_path: Path) -> None:
    path = KINDS["numbers"](tmp_path)
    first = propose(EMPTY, path, tmp_path, (400, 80))
    once = first.edit.apply(EMPTY)
    assert once.data.nodes["flowers"].at == (400, 80)
    again = propose(once, path, tmp_path, (420, 100)).edit.apply(once)
    assert again.data.nodes["flowers2"].at[0] > 400 + 2 * 196


def test_a_model_without_inputs_gets_them_and_no_id_twice(tmp_path: Path) -> None:
    dense = Node("island", "keras.layers.Dense", params={"units": 3}, at=(0, 0))
    project = SetOutputs("model", ["island"]).apply(AddNode("model", dense).apply(EMPTY))
    found, after = proposed_with(project, KINDS["mixed"](tmp_path))
    assert found.inputs == ("numbers", "island2")
    assert after.data.nodes["birds"].params["features"].keys() == {"numbers", "island2"}
    assert max(after.model.nodes[name].at[1] for name in found.inputs) < -50


def test_a_model_with_inputs_keeps_them(tmp_path: Path) -> None:
    node = Node("x", "keras.Input", params={"shape": [2]})
    project = AddNode("model", node).apply(EMPTY)
    found, after = proposed_with(project, KINDS["numbers"](tmp_path))
    assert found.inputs == () and after.model.nodes.keys() == {"x"}
    assert not [p for p in check(after, tmp_path).problems if p.code == "join"]


def test_a_path_is_relative_inside_the_project_and_absolute_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    path = KINDS["numbers"](tmp_path / "data")
    for folder, wanted in (
        (tmp_path, "data/flowers.csv"),
        (tmp_path / "other", path.as_posix()),
        (Path(), path.as_posix()),
    ):
        after = propose(EMPTY, path, folder).edit.apply(EMPTY)
        assert after.data.nodes["flowers"].params["path"] == wanted


def test_of_few_rows_one_each_is_given_away_and_of_two_none(tmp_path: Path) -> None:
    few = table(tmp_path / "few.csv", "a,b", lambda i: f"{i}.5,{i}", rows=5)
    _, after = proposed(few)
    assert after.data.nodes["split"].params == {"validation": 1, "test": 1}
    two = table(tmp_path / "two.csv", "a,b", lambda i: f"{i}.5,{i}", rows=2)
    found, after = proposed(two)
    assert after.data.outputs == {"train": "train"} and "training alone" in found.sentence


LABELS = {
    "by its name, wherever it stands": ("Target,a", lambda i: f"{i / 3},{i}", "Target"),
    "the last column of few texts": ("a,b", lambda i: f"{i / 3},{'uv'[i % 2]}", "b"),
    "the last column of few whole numbers": ("a,b", lambda i: f"{i / 3},{i % 4}", "b"),
    "no measure": ("a,b", lambda i: f"{i % 2},{i / 3}", None),
    "no text that is always another": ("a,b", lambda i: f"{i % 2},name {i}", None),
    "no one of a series of columns": ("x_0,x_1", lambda i: f"{i % 5},{i % 3}", None),
    "a name that holds it": ("plant_class,a", lambda i: f"{'uv'[i % 2]},{i / 3}", "plant_class"),
}


@pytest.mark.parametrize("case", LABELS)
def test_the_label_is(case: str, tmp_path: Path) -> None:
    header, row, wanted = LABELS[case]
    _, after = proposed(table(tmp_path / "rows.csv", header, row))
    assert after.data.nodes["rows"].params.get("label") == wanted


def _broken(folder: Path) -> Path:
    path = KINDS["npz"](folder)
    path.write_bytes(path.read_bytes()[:60])
    return path


def _no_tables(folder: Path) -> Path:
    with sqlite3.connect(folder / "none.db") as base:
        base.execute("CREATE TABLE t (a)")
    base.close()
    return folder / "none.db"


def _objects(folder: Path) -> Path:
    np.save(folder / "objects.npy", np.array([{}, []], dtype=object), allow_pickle=True)
    return folder / "objects.npy"


def _bad_sound(folder: Path) -> Path:
    wav(folder / "words" / "a" / "1.wav", 9)
    wav(folder / "words" / "b" / "2.wav", 9, rate=4000)
    return folder / "words"


def _bad_images(folder: Path) -> Path:
    put(folder / "pets" / "a" / "1.png", b"\x89PNG\r\n\x1a\n")
    return folder / "pets"


def _truncated(folder: Path) -> Path:
    path = tfrecord(folder / "cut.tfrecord", [b"abc"])
    path.write_bytes(path.read_bytes()[:-2])
    return path


REFUSED = {
    "nothing there": (lambda f: f / "gone.csv", "There is no file"),
    "an empty file": (lambda f: put(f / "a.csv", ""), "empty"),
    "a header alone": (lambda f: put(f / "a.csv", "a,b\n"), "no rows"),
    "semicolons": (lambda f: put(f / "a.csv", "a;b\n1;2\n"), "semicolons"),
    "no header": (lambda f: put(f / "a.csv", "1,2.5,x\n3,4,y\n"), "first line has numbers"),
    "a ragged row": (lambda f: put(f / "a.csv", "a,b\n1,2\n3\n"), "line 3 has 1 cells"),
    "no UTF-8": (lambda f: put(f / "a.csv", b"a,b\n\xe9,2\n"), "not UTF-8"),
    "no gzip": (lambda f: put(f / "a.csv.gz", "a,b\n1,2\n"), "damaged"),
    "no Parquet": (lambda f: put(f / "a.parquet", "hello"), "no Parquet"),
    "no database": (lambda f: put(f / "a.db", "hello" * 99), "SQLite"),
    "a database without rows": (_no_tables, "no table with rows"),
    "a broken archive": (_broken, "no NumPy file"),
    "Python objects": (_objects, "Python objects"),
    "a cut record": (_truncated, "cut off"),
    "no records": (lambda f: put(f / "a.tfrecord", "hello, this is text"), "no TFRecord"),
    "an empty text": (lambda f: put(f / "a.txt", ""), "no line"),
    "a binary text": (lambda f: put(f / "a.txt", b"\xff\xfe\0"), "not UTF-8"),
    "sounds of two rates": (_bad_sound, "8000 and of 4000 Hz"),
    "broken images": (_bad_images, "cut off"),
    "a spreadsheet": (lambda f: put(f / "a.xlsx", "PK"), "Save the sheet as CSV"),
    "one image": (lambda f: png(f / "a.png", 3, 3) or f / "a.png", "into a folder"),
    "a program": (lambda f: put(f / "a.exe", "MZ"), "What can be read is CSV"),
    "an empty folder": (lambda f: (f / "none").mkdir() or f / "none", "no project.json"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_is_a_sentence(case: str, tmp_path: Path) -> None:
    make, wanted = REFUSED[case]
    path = make(tmp_path)
    with pytest.raises(StudioError) as said:
        propose(EMPTY, path, tmp_path)
    assert wanted in str(said.value) and str(said.value).endswith(".")


def test_a_file_is_known_by_its_first_bytes_too(tmp_path: Path) -> None:
    for kind, name in (("sqlite", "shop.bin"), ("parquet", "rows"), ("npy", "array.dat")):
        path = shutil.move(KINDS[kind](tmp_path), tmp_path / name)
        _, after = proposed(Path(path))
        assert tuple(after.data.outputs) == ALL


def test_texts_that_are_not_utf_8_and_classes_without_files(tmp_path: Path) -> None:
    path = KINDS["texts"](tmp_path)
    put(path / "ham" / "odd.txt", "wïn".encode("latin-1"))
    put(path / "empty" / "readme.md", "nothing")
    found, after = proposed(path)
    params = after.data.nodes["mails"].params
    assert params["encoding"] == "ISO-8859-1" and params["class_names"] == ["ham", "spam"]
    assert "ISO-8859-1" in found.sentence
