"""predict.py: rows of a file come to the model as those of the training did."""

from __future__ import annotations

import csv
import shutil
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from studio.codegen.predicting import write_predict_script
from studio.codegen.script import write_script
from studio.graph.checks import check
from studio.graph.file import load
from studio.graph.preparing import preparing
from studio.graph.problems import StudioError
from studio.graph.spec import Spec
from studio.graph.targets import Target, targets
from studio.resources import ASSETS
from tests.conftest import slow
from tests.templates import NAMES, template_folder

from .ruff import formatted
from .test_semantics import imported

pytestmark = pytest.mark.filterwarnings("default")

FILES = {
    "digits_cnn": "digits.csv.gz",
    "penguins": "penguins.csv",
    "penguins_features": "penguins.csv",
    "two_inputs_two_outputs": "penguins.csv",
    "text_sentiment": "sentiment.csv",
    "autoencoder": "digits.csv.gz",
}
"""Templates, and the file that their rows are of."""


@cache
def read(name: str):
    """(project, report, folder) of a template."""
    folder = template_folder(name)
    project = load(folder / "project.json")
    return project, check(project, folder), folder


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def scripts(name: str, place: Path) -> tuple[ModuleType, ModuleType]:
    """train.py and predict.py of a template, imported from a folder with its data."""
    project, report, folder = read(name)
    if (folder / "assets").is_dir():
        shutil.copytree(folder / "assets", place / "assets")
    else:
        shutil.copytree(ASSETS / "data", place / "assets" / "data")
    train = imported(write_script(project, folder, report=report).text, place)
    return train, imported(write_predict_script(project, folder, report).text, place)


def rows_of(value: Any) -> list[bytes]:
    """Each row of a structure of tensors, to be compared."""
    parts = [
        [np.asarray(row).tolist() for row in part]
        if isinstance(part, tf.RaggedTensor)
        else np.asarray(part).reshape(part.shape[0], -1).tolist()
        for part in tf.nest.flatten(value)
    ]
    return [repr(row) for row in zip(*parts, strict=True)]


@pytest.mark.parametrize(
    "name", [n for n in FILES if n != "text_sentiment"] + slow("text_sentiment")
)
def test_rows_come_to_the_model_as_those_of_the_data_do(name: str, tmp_path: Path):
    train, predict = scripts(name, tmp_path)
    prepared = predict.prepare(predict.read_rows(ASSETS / "data" / FILES[name])[0])
    known = set(rows_of(prepared))
    tested = [row for x, *_ in train.make_datasets()["test"] for row in rows_of(x)]
    assert len(tested) > 20
    assert set(tested) <= known
    model = train.build_model()
    if "adapt_layers" in vars(train):
        train.adapt_layers(model, train.make_datasets()["train"])
    outputs = predict.predict(model, predict.read_rows(ASSETS / "data" / FILES[name])[0])
    count = len(rows_of(prepared))
    assert list(outputs) == [each.output for each in targets(*read(name)[:1], read(name)[1].shapes)]
    assert all(len(values) == count for values in outputs.values())
    table = predict.answers(outputs)
    assert all(len(column) == count for column in table.values())


def test_a_table_without_the_label_is_predicted_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    train, predict = scripts("penguins_features", tmp_path)
    model = train.build_model()
    train.adapt_layers(model, train.make_datasets()["train"])
    (tmp_path / "artifacts").mkdir()
    model.save(tmp_path / "artifacts" / "model.keras")
    with (ASSETS / "data" / "penguins.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))[:5]
    names = [name for name in rows[0] if name != "species"]
    with (tmp_path / "new.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    monkeypatch.setattr(sys, "argv", ["predict.py", "new.csv"])
    predict.main()
    head, *lines = capsys.readouterr().out.splitlines()
    assert head == "species,species_probability"
    assert len(lines) == 5
    assert {line.split(",")[0] for line in lines} <= {"Adelie", "Chinstrap", "Gentoo"}
    outputs = predict.predict(model, predict.read_rows(Path("new.csv"))[0])["species"]
    chances = np.asarray(keras.ops.softmax(outputs)).max(-1)
    told = [float(line.split(",")[1]) for line in lines]
    np.testing.assert_allclose(told, chances, rtol=1e-5)

    monkeypatch.setattr(sys, "argv", ["predict.py", "lost.csv"])
    with pytest.raises(SystemExit, match=r"lost\.csv is not there\."):
        predict.main()
    Path("less.csv").write_text("island,sex\nTorgersen,male\n")
    monkeypatch.setattr(sys, "argv", ["predict.py", "less.csv"])
    with pytest.raises(SystemExit, match="it has no column 'bill_length_mm'"):
        predict.main()


def test_arrays_and_texts_are_rows_too(tmp_path: Path):
    _, predict = scripts("text_sentiment", tmp_path)
    Path("texts.txt").write_text("a fine day\na bad one, really\n")
    assert predict.prepare(
        predict.read_rows(Path("texts.txt"))[0]
    ).row_lengths().numpy().tolist() == [
        3,
        4,
    ]
    _, predict = scripts("digits_cnn", tmp_path / "digits")
    images = np.arange(128).reshape(2, 8, 8)
    np.save("images.npy", images)
    np.testing.assert_array_equal(
        np.squeeze(predict.prepare(predict.read_rows(Path("images.npy"))[0])), images / 16
    )
    np.save("flat.npy", images.reshape(2, 64))
    with pytest.raises(ValueError, match=r"rows of the shape \(64,\), not \(8, 8\)"):
        predict.read_rows(Path("flat.npy"))[0]
    np.save("objects.npy", np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        predict.read_rows(Path("objects.npy"))[0]


def test_every_template_has_its_script():
    for name in NAMES:
        if name != "tfds_mnist":
            project, report, folder = read(name)
            text = write_predict_script(project, folder, report).text
            assert formatted(text) == text
            # Those of its blocks are classes that the model can't be loaded without.
            assert ('import_module("train")' in text) == (name == "digits_gan")


def test_where_there_is_no_one_kind_of_row_it_is_said():
    project, report, _ = read("digits_gan")
    with pytest.raises(StudioError, match='"noise" and "digits" and "verdict"'):
        preparing(project, report.shapes)
    project, report, _ = read("two_inputs_two_outputs")
    found = preparing(project, report.shapes)
    assert found.rows == {"beak": Spec((3,)), "island": Spec((1,), "string")}
    assert found.unknown == ("mass",)


def test_outputs_are_told_by_their_loss_and_data():
    def of(name: str) -> tuple[Target, ...]:
        project, report, _ = read(name)
        return targets(project, report.shapes)

    species = ("Adelie", "Chinstrap", "Gentoo")
    assert of("two_inputs_two_outputs") == (
        Target("species", "classes", species, logits=True),
        Target("mass", "values"),
    )
    assert of("text_sentiment") == (Target("positive", "binary", ("0", "1")),)
    assert of("autoencoder") == (Target("decoded", "values"),)
