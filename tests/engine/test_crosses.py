"""Crosses of columns, end to end: numbers in buckets, texts, and a cross of a cross."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from studio.graph.checks import check
from studio.graph.problems import errors
from tests.codegen.projects import read
from tests.conftest import studio

CITIES = ("rome", "oslo", "lima")
AGES = [20 + i % 50 for i in range(120)]
INCOMES = [i * 13 % 900 + 0.5 for i in range(120)]


def node(name: str, op: str, **params: object) -> dict:
    return {"id": name, "op": f"keras.{op}", "params": params}


def project() -> dict:
    """A linear model of three crosses: age x city, age x income, and that x city."""
    cross = "layers.HashedCrossing"
    nodes = [
        node("age", "Input", shape=[1]),
        node("income", "Input", shape=[1]),
        node("city", "Input", shape=[1], dtype="string"),
        node("ages", "layers.Discretization", bin_boundaries=[30, 40, 60]),
        node("incomes", "layers.Discretization", num_bins=4),
        node("age_city", cross, num_bins=32, output_mode="one_hot"),
        node("age_income", cross, num_bins=64),
        node("all_three", cross, num_bins=64, output_mode="one_hot"),
        node("crosses", "layers.Concatenate"),
        node("y", "layers.Dense", units=1),
    ]
    edges = ["age ages", "income incomes", "ages age_city", "city age_city", "ages age_income"]
    edges += ["incomes age_income", "age_income all_three", "city all_three"]
    edges += ["age_city crosses", "all_three crosses", "crosses y"]
    loss = {"op": "keras.losses.BinaryCrossentropy", "params": {"from_logits": True}}
    source = {"path": "people.csv", "label": "y", "features": {n: n for n in ("age", "income")}}
    source["features"]["city"] = "city"
    return {
        "studio": 1,
        "data": {
            "nodes": [
                {"id": "rows", "op": "studio.data.csv", "params": source},
                {"id": "batch", "op": "tf.data.Dataset.batch", "params": {"batch_size": 16}},
            ],
            "edges": [["rows", "batch"]],
            "outputs": {"train": "batch"},
        },
        "model": {
            "nodes": nodes,
            "edges": [each.split() for each in edges],
            "outputs": ["y"],
        },
        "training": {
            "epochs": 1,
            "seed": 1,
            "optimizer": {"op": "keras.optimizers.Adam"},
            "losses": {"y": loss},
        },
    }


def write(folder: Path, value: dict) -> None:
    pairs = enumerate(zip(AGES, INCOMES, strict=True))
    rows = [f"{age},{income},{CITIES[i % 3]},{i % 2}" for i, (age, income) in pairs]
    (folder / "people.csv").write_text("\n".join(["age,income,city,y", *rows, ""]))
    (folder / "project.json").write_text(json.dumps(value))


@pytest.mark.filterwarnings("default")
@pytest.mark.slow
def test_a_model_of_crosses_is_trained_and_takes_raw_rows_afterwards(tmp_path: Path) -> None:
    write(tmp_path, project())
    done = studio("run", tmp_path, "--runs", tmp_path / "runs", "--json")
    assert done.returncode == 0, done.stderr
    folder = Path(json.loads(done.stdout.splitlines()[-1])["folder"])
    model = keras.models.load_model(folder / "artifacts" / "model.keras")
    rows = {
        "age": tf.constant([[33.0], [65.0]]),
        "income": tf.constant([[100.0], [870.0]]),
        "city": tf.constant([["oslo"], ["rome"]]),
    }
    ages = np.digitize(rows["age"], [30, 40, 60])
    incomes = np.digitize(rows["income"], np.quantile(INCOMES, [0.25, 0.5, 0.75]))

    def crossed(first, second, bins):
        return tf.sparse.to_dense(tf.sparse.cross_hashed([first, second], bins))

    both = crossed(tf.constant(ages), tf.constant(incomes), 64)
    places = [crossed(tf.constant(ages), rows["city"], 32), crossed(both, rows["city"], 64)]
    hot = [tf.one_hot(p[:, 0], bins) for p, bins in zip(places, (32, 64), strict=True)]
    wanted = model.get_layer("y")(tf.concat(hot, 1))
    np.testing.assert_allclose(model(rows), wanted, rtol=1e-5)


def test_of_three_columns_at_once_the_way_is_told(tmp_path: Path) -> None:
    value = project()
    value["model"]["edges"].append(["incomes", "age_city"])
    write(tmp_path, value)
    (wrong,) = errors(check(read(value), tmp_path).problems)
    assert wrong.node == "age_city"
    assert wrong.hint == 'Cross two with output_mode "int", and what that gives with the next.'
