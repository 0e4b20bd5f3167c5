"""A model starts from the weights of a file: every format, by structure and by name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from studio.codegen.script import write_script
from studio.codegen.weight_helpers import CHOOSE, LEGACY
from studio.graph.file import loads
from tests.conftest import slow

from .ruff import formatted

# Keras asks numpy for its tensors in a way that numpy finds old.
pytestmark = pytest.mark.filterwarnings(
    "default:__array__ implementation:DeprecationWarning",
    "ignore:You are saving your model as an HDF5",
)

FORMATS = {"keras": "w.keras", "weights": "w.weights.h5", "h5": "w.h5", "checkpoint": "ck/w"}


def project(weights: dict[str, Any] | None = None, units: int = 3, **more: Any) -> dict[str, Any]:
    """A chain with a block, a recurrent layer and one that has arrays which aren't trained."""
    block = {
        "nodes": [
            {"id": "x", "op": "keras.Input"},
            {"id": "first", "op": "keras.layers.Dense", "params": {"units": 5}},
            {"id": "second", "op": "keras.layers.Dense", "params": {"units": 4}},
        ],
        "edges": [["x", "first"], ["first", "second"]],
        "inputs": ["x"],
        "outputs": ["second"],
    }
    nodes = [
        {"id": "row", "op": "keras.Input", "params": {"shape": [6, 2]}},
        {"id": "memory", "op": "keras.layers.LSTM", "params": {"units": 7}},
        {"id": "norm", "op": "keras.layers.BatchNormalization"},
        {"id": "part", "op": "block:pair", "repeat": 2},
        {"id": "head", "op": "keras.layers.Dense", "params": {"units": units}},
    ]
    names = [node["id"] for node in nodes]
    rows = np.arange(48).reshape(4, 6, 2) / 48
    tensors = {"features": rows.tolist(), "label": [[0.0] * units] * 4}
    data = [
        {
            "id": "rows",
            "op": "tf.data.Dataset.from_tensor_slices",
            "params": {"tensors": tensors},
        },
        {"id": "batch", "op": "tf.data.Dataset.batch", "params": {"batch_size": 2}},
    ]
    training = {
        "epochs": 1,
        "seed": 3,
        "weights": weights,
        "optimizer": {"op": "keras.optimizers.SGD", "params": {"learning_rate": 0.0}},
        "losses": {"head": {"op": "keras.losses.MeanSquaredError"}},
    }
    return {
        "studio": 1,
        "name": "weighed",
        "data": {"nodes": data, "edges": [["rows", "batch"]], "outputs": {"train": "batch"}},
        "model": {
            "nodes": nodes,
            "edges": list(map(list, pairwise(names))),
            "outputs": ["head"],
            "style": more.pop("style", "auto"),
        },
        "blocks": {"pair": block},
        "training": training | more,
    }


def once(value: dict[str, Any]) -> dict[str, Any]:
    """The same with the block but once; TensorFlow sees no layers of a class that are in a list."""
    value["model"]["nodes"][3]["repeat"] = 1
    return value


def of_style(style: str, weights: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    value = project(weights, style=style, **more)
    return once(value) if style == "subclass" else value


def script(value: dict[str, Any], folder: Path) -> SimpleNamespace:
    """The names of a project's script; formatted as ruff leaves it."""
    read, problems = loads(json.dumps(value))
    assert not problems
    text = write_script(read, folder).text
    assert formatted(text) == text
    names = {"__name__": "script", "__file__": str(folder / "train.py")}
    exec(compile(text, "train.py", "exec", dont_inherit=True), names)
    return SimpleNamespace(**names)


def load(path: str, **more: Any) -> dict[str, Any]:
    return {"op": "studio.weights.load", "params": {"path": path, **more}}


def save(model: keras.Model, folder: Path) -> None:
    """All formats that a model can be written in."""
    model.save(folder / "w.keras")
    model.save_weights(folder / "w.weights.h5")
    if not type(model).__name__.startswith("Weighed"):
        model.save(folder / "w.h5")
    tf.train.Checkpoint(model=model).write(str(folder / "ck" / "w"))


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A trained model of each style, and its files."""
    found = {}
    for style in ("auto", "subclass"):
        folder = tmp_path_factory.mktemp(style)
        made = script(of_style(style, seed=9), folder)
        model, _, _ = made.train()
        for variable in model.weights:  # also those that begin with zeros
            variable.assign(keras.random.normal(variable.shape, seed=len(variable.path)))
        save(model, folder)
        found[style] = (folder, [w.numpy() for w in model.weights])
    yield found
    keras.backend.clear_session()


def same(model: keras.Model, values: list[np.ndarray]) -> list[bool]:
    return [np.array_equal(a, b) for a, b in zip(model.weights, values, strict=True)]


CASES = [
    ("auto", "keras", "structure"),
    ("auto", "weights", "name"),
    ("auto", "h5", "structure"),
    ("auto", "checkpoint", "name"),
    ("subclass", "weights", "structure"),
    ("subclass", "checkpoint", "structure"),
]
MORE = [
    (style, kind, by)
    for style in ("auto", "subclass")
    for kind in FORMATS
    for by in ("structure", "name")
    if (style, kind) != ("subclass", "h5") and (style, kind, by) not in CASES
]


@pytest.mark.parametrize(("style", "kind", "by"), [*CASES, *slow(*MORE)])
def test_what_fits_is_loaded(places, capsys, style: str, kind: str, by: str):
    folder, values = places[style]
    made = script(of_style(style, load(FORMATS[kind], by=by)), folder)
    model, _, _ = made.train()
    fits = same(model, values)
    assert all(fits[:3])  # the LSTM
    # Training moves the means of the normalisation; nothing else at a rate of 0.
    assert [i for i, each in enumerate(fits) if not each] in ([], [5, 6])
    told = capsys.readouterr().out
    assert f"from {folder / FORMATS[kind]}" in told and "kept as made" not in told
    fresh, _, _ = made.train(resume=True)
    assert not any(same(fresh, values)[:3])
    assert "loaded" not in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["h5", *slow("keras", "weights", "checkpoint")])
def test_what_differs_ends_it_or_is_skipped(places, capsys, kind: str):
    folder, values = places["auto"]
    strict = script(project(load(FORMATS[kind], by="name"), units=8), folder)
    with pytest.raises(ValueError, match=r"don't fit the model: head \(4, 3\) is not \(4, 8\)$"):
        strict.train()
    for by in ("structure", "name"):
        value = project(load(FORMATS[kind], by=by, skip_mismatch=True), units=8, loop="custom")
        model, _, _ = script(value, folder).train()
        told = capsys.readouterr().out
        assert "loaded " in told and "; kept as made: head (4, 3) is not (4, 8)" in told
        fits = same(model, values)
        assert all(fits[:5]) and not fits[-2]


@pytest.mark.parametrize("kind", ["keras", *slow("weights", "h5", "checkpoint")])
def test_by_name_the_rest_stays_as_it_is_made(places, capsys, kind: str):
    folder, values = places["auto"]
    value = project(load(FORMATS[kind], by="name"))
    for node in value["model"]["nodes"]:
        if node["id"] == "norm":
            node["id"] = "other"
    value["model"]["edges"] = [
        [end.replace("norm", "other") for end in edge] for edge in value["model"]["edges"]
    ]
    model, _, _ = script(value, folder).train()
    assert "kept as made: other is not in the file" in capsys.readouterr().out
    fits = same(model, values)
    assert all(fits[:3]) and not fits[3] and all(fits[7:])


def test_structure_refuses_what_is_built_otherwise(places):
    folder, _ = places["auto"]
    value = once(project(load("w.weights.h5")))
    with pytest.raises(ValueError, match=r"don't fit the model: .* is not in the model"):
        script(value, folder).train()


def test_a_checkpoint_that_lacks_layers_is_refused(places):
    folder, _ = places["subclass"]
    with pytest.raises(ValueError, match="lacks layers that this model keeps in lists"):
        script(project(load("ck/w"), style="subclass"), folder).train()


def test_links_and_arrays_outside_are_not_read(places, tmp_path):
    folder, _ = places["auto"]
    other = tmp_path / "other.weights.h5"
    other.write_bytes((folder / "w.weights.h5").read_bytes())
    with h5py.File(other, "r+") as file:
        del file["layers/lstm/cell/vars/0"]
        file["layers/lstm/cell/vars/0"] = h5py.ExternalLink(folder / "w.weights.h5", "/layers")
    with pytest.raises(ValueError, match="memory/lstm_cell has 2 arrays, not 3"):
        script(project(load("other.weights.h5")), tmp_path).train()
    with h5py.File(other, "r+") as file:
        del file["layers/lstm/cell/vars/0"]
        place = [(str(folder / "w.h5"), 0, 4 * 2 * 28)]
        file.create_dataset("layers/lstm/cell/vars/0", (2, 28), "f4", external=place)
    with pytest.raises(ValueError, match="layers/lstm/cell/vars/0 is no array in the file"):
        script(project(load("other.weights.h5")), tmp_path).train()


def test_a_legacy_file_is_read_by_names_whatever_is_frozen(tmp_path):
    def nested(trains: bool) -> keras.Model:
        row = keras.Input((3,))
        inner = keras.Sequential(
            [
                keras.Input((3,)),
                keras.layers.Dense(3, name="first", trainable=trains),
                keras.layers.Dense(3, name="second"),
            ],
            name="inner",
        )
        return keras.Model(row, inner(row))

    before, after = nested(True), nested(False)
    before.save(tmp_path / "w.h5")
    names = {"h5py": h5py}
    exec(f"{CHOOSE}\n{LEGACY}", names)
    names["load_weights"](after, tmp_path / "w.h5", by="name")
    assert all(same(after, [each.numpy() for each in before.weights]))
