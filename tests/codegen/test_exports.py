"""`export_model` of a script: readable, and what it writes gives what the model gives."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from msgspec.structs import replace

from studio.codegen.script import write_script
from studio.graph.checks import check
from studio.graph.checks.exports import why_not
from studio.graph.document import Call, Project
from studio.graph.exporting import FORMATS
from studio.graph.file import load
from studio.resources import ASSETS
from tests.conftest import slow
from tests.templates import NAMES, template_folder

from .ruff import formatted, ruff
from .test_semantics import imported

pytestmark = pytest.mark.filterwarnings("default")


@cache
def read(name: str) -> tuple[Project, Path]:
    folder = template_folder(name)
    return load(folder / "project.json"), folder


def exporting(name: str, *exports: Call, **parts: Any) -> str:
    """The script of a template with these exports."""
    project, folder = read(name)
    return write_script(replace(project, exports=exports, **parts), folder).text


def holding(name: str) -> list[Call]:
    """An export for each format that can hold a template's model, with raw rows."""
    project, folder = read(name)
    shapes = check(project, folder).shapes
    calls = [
        Call(each.op, each.params | ({"raw": True} if each.name == "savedmodel" else {}))
        for each in FORMATS
    ]
    return [each for each in calls if not why_not(project, shapes, each)]


def script(name: str, place: Path, *exports: Call) -> ModuleType:
    """The script, imported from a folder with its data."""
    _, folder = read(name)
    shutil.copytree(ASSETS / "data", place / "assets" / "data")
    for each in folder.iterdir():
        if each.is_dir() and not (place / each.name).exists():
            shutil.copytree(each, place / each.name)
    return imported(exporting(name, *exports), place)


FEW = ("images_from_folder", "text_sentiment", "two_inputs_two_outputs")


@pytest.mark.parametrize("name", [*FEW, *slow(*(each for each in NAMES if each not in FEW))])
def test_a_script_with_every_export_is_as_ruff_leaves_it(name: str) -> None:
    text = exporting(name, *holding(name))
    assert "export_model(model, datasets, path.parent)" in text
    assert formatted(text) == text
    checked = ruff("check", "-", stdin=text)
    assert checked.returncode == 0, checked.stdout


def test_without_exports_a_script_has_none() -> None:
    assert "export_model" not in exporting("penguins")


def test_only_the_chief_of_several_workers_exports() -> None:
    text = exporting("multi_worker", Call("studio.export.h5"))
    lines = [line.strip() for line in text.splitlines()]
    at = lines.index("export_model(model, datasets, path.parent)")
    assert lines[at - 3] == "if is_chief(model.distribute_strategy):"
    assert lines[at - 1] == "model = keras.models.load_model(path)"


def test_the_older_file_of_keras_is_written_last() -> None:
    text = exporting("digits_mlp", Call("studio.export.h5"), Call("studio.export.json"))
    assert text.index("architecture.json") < text.index('folder / "model.h5"')


def test_the_main_of_a_script_exports(tmp_path: Path) -> None:
    module = script("digits_mlp", tmp_path, Call("studio.export.json"), Call("studio.export.yaml"))
    module.EPOCHS = 1
    module.main()
    import json

    import yaml

    config = json.loads((tmp_path / "artifacts" / "architecture.json").read_text())
    assert config == yaml.safe_load((tmp_path / "artifacts" / "architecture.yaml").read_text())
    assert config["class_name"] == "Sequential" and "compile_config" not in config


RAW = {
    "penguins_features": {
        "bill": [[39.1, 18.7], [np.nan, 13.2]],
        "flipper": [181.0, np.nan],
        "mass": [3750.0, 4500.0],
        "island": ["Torgersen", "Biscoe"],
        "sex": ["male", ""],
        "year": [2007.0, 2008.0],
    },
    "text_sentiment": ["a fine day", "a bad one, really"],
}


@pytest.mark.parametrize("name", ["penguins_features", *slow("text_sentiment")])
def test_a_saved_model_takes_raw_rows(name: str, tmp_path: Path) -> None:
    module = script(name, tmp_path, Call("studio.export.saved_model", {"raw": True}))
    model = module.build_model()
    if hasattr(module, "adapt_layers"):
        module.adapt_layers(model, module.make_datasets()["train"])
    module.export_model(model, {}, tmp_path)
    saved = tf.saved_model.load(str(tmp_path / "saved_model"))
    assert set(saved.signatures) == {"serving_default", "raw"}
    rows = tf.nest.map_structure(
        tf.constant, RAW[name] if isinstance(RAW[name], dict) else np.array(RAW[name])
    )
    given = rows if isinstance(rows, dict) else {"rows": rows}
    (output,) = saved.signatures["raw"](**given).values()
    expected = model(module.prepare(rows), training=False)
    np.testing.assert_allclose(output, expected, rtol=1e-6)


def test_a_saved_model_takes_the_bytes_of_images(tmp_path: Path) -> None:
    module = script(
        "images_from_folder", tmp_path, Call("studio.export.saved_model", {"raw": True})
    )
    model = module.build_model()
    module.export_model(model, {}, tmp_path)
    files = sorted(template_folder("images_from_folder").rglob("*.png"))[:3]
    saved = tf.saved_model.load(str(tmp_path / "saved_model"))
    images = tf.constant([each.read_bytes() for each in files])
    (output,) = saved.signatures["raw"](images=images).values()
    pixels = np.stack(
        [keras.utils.img_to_array(keras.utils.load_img(f, "grayscale")) for f in files]
    )
    expected = model(module.prepare(tf.constant(pixels)), training=False)
    np.testing.assert_allclose(output, expected, rtol=1e-5, atol=1e-6)


def test_an_empty_training_split_has_no_ranges(tmp_path: Path) -> None:
    module = script("digits_mlp", tmp_path, Call("studio.export.tflite", {"quantization": "int8"}))
    empty = module.make_datasets()["train"].take(0)
    with pytest.raises(ValueError, match="There is no example to measure the ranges"):
        module.export_model(module.build_model(), {"train": empty}, tmp_path)
    assert not (tmp_path / "model.tflite").exists()
