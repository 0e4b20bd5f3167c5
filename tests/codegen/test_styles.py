"""The three ways of writing a model are one model: same weights in, same numbers out."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from studio.codegen.script import write_script
from studio.graph.file import loads, read
from studio.graph.spec import Spec
from tests.codegen.ruff import found_by_ruff
from tests.conftest import ROOT, TEMPLATES, slow
from tests.templates import template_folder

STYLES = ("sequential", "functional", "subclass")


def residual_project(shared: bool) -> dict[str, Any]:
    """Blocks in blocks, repeated, with parameters; with `shared` one is called twice."""

    def conv(name: str, **params: Any) -> dict[str, Any]:
        return {"id": name, "op": "keras.layers.Conv2D", "params": {"padding": "same"} | params}

    unit = {
        "nodes": [
            {"id": "x", "op": "keras.Input"},
            conv("conv", filters={"$": "filters"}, kernel_size=[{"$": "size"}, 3]),
            {"id": "act", "op": "keras.layers.ReLU"},
        ],
        "edges": [["x", "conv"], ["conv", "act"]],
        "inputs": ["x"],
        "outputs": ["act"],
        "parameters": {"filters": 64, "size": 3},
    }
    residual = {
        "nodes": [
            {"id": "x", "op": "keras.Input"},
            {
                "id": "half",
                "op": "block:unit",
                "params": {"filters": {"$": "filters"}},
                "repeat": 2,
            },
            {"id": "skip", "op": "keras.layers.Add"},
        ],
        "edges": [["x", "half"], ["x", "skip"], ["half", "skip"]],
        "inputs": ["x"],
        "outputs": ["skip"],
        "parameters": {"filters": 64},
    }
    nodes = [
        {"id": "image", "op": "keras.Input", "params": {"shape": [8, 8, 3]}},
        conv("stem", filters=4, kernel_size=3),
        {"id": "stage1", "op": "block:residual", "params": {"filters": 4}, "repeat": 3},
        conv("wide", filters=6, kernel_size=1),
        {"id": "stage2", "op": "block:residual", "params": {"filters": 6}},
        {"id": "again", "shares": "stage2"}
        if shared
        else {"id": "again", "op": "block:residual", "params": {"filters": 6}},
        {"id": "mean", "op": "keras.layers.GlobalAveragePooling2D"},
        # An id that every model has already as an attribute.
        {"id": "loss", "op": "keras.layers.Dense", "params": {"units": 3}},
    ]
    names = ["image", "stem", "stage1", "wide", "stage2", "again"]
    edges = [list(pair) for pair in pairwise(names)]
    edges += [["again", "mean"], ["mean", "loss"]]
    return {
        "studio": 1,
        "name": "residual blocks",
        "data": {
            "nodes": [
                {
                    "id": "rows",
                    "op": "studio.data.numpy",
                    "params": {"path": "rows.npz", "features": "x", "label": "y"},
                },
                {"id": "batches", "op": "tf.data.Dataset.batch", "params": {"batch_size": 4}},
            ],
            "edges": [["rows", "batches"]],
            "outputs": {"train": "batches"},
        },
        "model": {"nodes": nodes, "edges": edges, "outputs": ["loss"]},
        "blocks": {"residual": residual, "unit": unit},
        "training": {"seed": 3, "losses": {"loss": {"op": "keras.losses.MeanSquaredError"}}},
    }


def written(name: str, folder: Path) -> dict[str, str]:
    """The script of a template, or of the blocks, in every style that it can have."""
    if name in TEMPLATES:
        folder = template_folder(name)
        project, problems = read(folder)
    else:
        x = np.zeros((8, 8, 8, 3), "float32")
        np.savez(folder / "rows.npz", x=x, y=np.zeros((8, 3), "float32"))
        project, problems = loads(json.dumps(residual_project(name == "shared blocks")))
    assert not problems
    styles = STYLES if name in ("digits_mlp", "sunspots") else STYLES[1:]
    return {style: write_script(project, folder, style).text for style in styles}


def inputs_of(project_inputs: Any) -> Any:
    """Random inputs of the specs; text stays within what the lookups know."""
    rng = np.random.default_rng(5)

    def one(spec: Spec) -> Any:
        shape = [4 if size is None else size for size in spec.shape]
        if spec.dtype == "string":
            return keras.ops.convert_to_tensor(np.full(shape, "Dream", object).tolist())
        if spec.dtype == "int64":
            return keras.ops.convert_to_tensor(rng.integers(0, 8000, shape))
        return keras.ops.convert_to_tensor(rng.normal(size=shape).astype(spec.dtype))

    if isinstance(project_inputs, dict):
        return {key: one(spec) for key, spec in project_inputs.items()}
    return one(project_inputs)


CASES = [*TEMPLATES, "blocks", "shared blocks"]


def run(code: str) -> dict[str, Any]:
    module: dict[str, Any] = {"__name__": "script", "__file__": str(ROOT / "script.py")}
    exec(compile(code, "script.py", "exec"), module)
    return module


def model_of(code: str) -> Any:
    """The model of a script; its layers have measured the training data where they want to."""
    script = run(code)
    model = script["build_model"]()
    if "adapt_layers" in script:
        script["adapt_layers"](model, script["make_datasets"]()["train"])
    return model


def features_of(name: str, folder: Path) -> Any:
    from studio.graph.checks import check
    from studio.graph.elements import features

    if name in TEMPLATES:
        folder = template_folder(name)
        project, _ = read(folder)
    else:
        project, _ = loads(json.dumps(residual_project(name == "shared blocks")))
    report = check(project, folder)
    return features(report.shapes["data"].at(project.data.outputs["train"]).structure)


def outputs(model: Any, x: Any) -> list[np.ndarray]:
    return [np.asarray(each) for each in keras.tree.flatten(model(x))]


def by_name(model: Any) -> dict[str, Any]:
    """The weights by the layers they are in: a layer in a layer, or one named so, alike."""
    names = {w.path.replace("/", "_").removeprefix(f"{model.name}_"): w for w in model.weights}
    assert len(names) == len(model.weights)
    return names


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("default")
def test_all_styles_of_a_model_give_the_same_numbers(name, tmp_path):
    scripts = written(name, tmp_path)
    x = inputs_of(features_of(name, tmp_path))
    models = {}
    for style, code in scripts.items():
        keras.utils.set_random_seed(11)
        models[style] = model_of(code)
        models[style](x)
    first, *others = models.values()
    wanted = outputs(first, x)
    for other in others:
        own, given = by_name(other), by_name(first)
        assert {key: w.shape for key, w in own.items()} == {k: w.shape for k, w in given.items()}
        for key, weight in own.items():
            weight.assign(given[key])
        for a, b in zip(outputs(other, x), wanted, strict=True):
            np.testing.assert_array_equal(a, b)


# Layers of every kind that has something to save of its own.
SAVED = ("blocks", "shared blocks", "digits_cnn", "penguins_features", "custom_layer")
SAVED += ("two_inputs_two_outputs", "attention_encoder", "lstm_states", "shared_text")


@pytest.mark.parametrize("name", [*SAVED, *slow(*[name for name in CASES if name not in SAVED])])
@pytest.mark.filterwarnings("default")
def test_a_subclassed_model_is_saved_and_loaded_whole(name, tmp_path):
    code = written(name, tmp_path)["subclass"]
    x = inputs_of(features_of(name, tmp_path))
    model = model_of(code)
    wanted = outputs(model, x)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for a, b in zip(outputs(loaded, x), wanted, strict=True):
        np.testing.assert_array_equal(a, b)


def test_every_style_is_as_ruff_would_leave_it(tmp_path):
    (tmp_path / "ruff").mkdir()
    scripts = {
        f"{name} {style}": code for name in CASES for style, code in written(name, tmp_path).items()
    }
    said = found_by_ruff(scripts, tmp_path / "ruff")
    assert not said, next(iter(said.values()))
