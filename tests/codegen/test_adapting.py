"""adapt_layers(): what the script has layers measure, against the same done by hand."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from .projects import Json, call, model_graph, node, script, stage, training
from .test_semantics import imported

pytestmark = pytest.mark.filterwarnings("default")

ROWS = 60
A = np.arange(ROWS, dtype="float32") ** 2
B = np.arange(ROWS, dtype="float32") % 7 - 3
KIND = np.array(["red", "green", "blue", "green"])[np.arange(ROWS) % 4]
SIZE = np.array(["s", "m", "l"])[np.arange(ROWS) % 3]
YEAR = 2000 + np.arange(ROWS) % 5
NAMED = {"a": "a", "b": "b", "ab": ["a", "b"], "kind": "kind", "size": "size", "year": "year"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    cells = zip(A, B, KIND, SIZE, YEAR, strict=True)
    lines = [f"{a},{b},{kind},{size},{year},{a / 9}" for a, b, kind, size, year in cells]
    (tmp_path / "table.csv").write_text("\n".join(["a,b,kind,size,year,y", *lines]))
    return tmp_path


def layer(name: str, kind: str, /, **params: Any) -> Json:
    return {"id": name, "op": f"keras.layers.{kind}", "params": params}


def entry(name: str, size: int = 1, dtype: str = "float32") -> Json:
    return node(name, "keras.Input", shape=[size] if size else [], dtype=dtype)


def project(
    nodes: list[Json], edges: list[list[str]], features: Any, *stages: Json, **more: Any
) -> Json:
    """The table, split, into a model whose output is called y."""
    source = node("rows", "studio.data.csv", path="table.csv", label="y", features=features)
    kept = [source, stage("split", "split", test=20, shuffle=False), *stages]
    kept.append(stage("batch", "batch", batch_size=16))
    names = ["split.train", *(each["id"] for each in kept[2:])]
    links = [
        ["rows", "split"],
        *map(list, zip(names, [n.split(".")[0] for n in names[1:]], strict=False)),
    ]
    return {
        "studio": 1,
        "name": "columns",
        "data": {"nodes": kept, "edges": links, "outputs": {"train": "batch"}},
        "model": model_graph(nodes, edges, "y"),
        "training": training("y", epochs=1) | more,
    }


def adapted(value: Json, folder: Path, style: str | None = None) -> tuple[ModuleType, Any]:
    """The script of a project, and its model, adapted but not trained."""
    module = imported(script(value, folder, style).text, folder)
    model = module.build_model()
    module.adapt_layers(model, module.make_datasets()["train"])
    return module, model


# Of each column only the training rows, those behind the first 20, are measured.
TRAINED = slice(20, None)
FEATURES = {
    "a": A[:, None],
    "b": B[:, None],
    "ab": np.stack([A, B], -1),
    "kind": KIND[:, None],
    "size": SIZE[:, None],
    "year": YEAR[:, None],
}
# layer, its input, its size and dtype
LAYERS = {
    "means of two columns": ("Normalization", {}, "ab", 2, "float32"),
    "the mean of one column": ("Normalization", {}, "a", 1, "float32"),
    "one mean for all": ("Normalization", {"axis": None}, "ab", 2, "float32"),
    "bins": ("Discretization", {"num_bins": 4, "output_mode": "one_hot"}, "a", 1, "float32"),
    "texts one-hot": (
        *("StringLookup", {"max_tokens": 5, "pad_to_max_tokens": True, "output_mode": "one_hot"}),
        *("kind", 1, "string"),
    ),
    "texts by how often they come": (
        *("StringLookup", {"max_tokens": 5, "pad_to_max_tokens": True, "output_mode": "tf_idf"}),
        *("kind", 1, "string"),
    ),
    "whole numbers one-hot": (
        *("IntegerLookup", {"max_tokens": 7, "pad_to_max_tokens": True, "output_mode": "one_hot"}),
        *("year", 1, "float32"),
    ),
    "words": (
        *("TextVectorization", {"max_tokens": 6, "output_mode": "multi_hot"}),
        *("kind", 0, "string"),
    ),
}


@pytest.mark.parametrize("style", ["functional", "subclass"])
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_measures_the_training_rows_and_no_other(name, style, folder) -> None:
    kind, params, key, size, dtype = LAYERS[name]
    if kind == "TextVectorization":
        params = params | {"pad_to_max_tokens": True}
    nodes = [entry(key, size, dtype), layer("own", kind, **params), layer("y", "Dense", units=1)]
    value = project(nodes, [[key, "own"], ["own", "y"]], {key: NAMED[key]})
    _, model = adapted(value, folder, style)
    by_hand = getattr(keras.layers, kind)(**params)
    rows = FEATURES[key] if size else FEATURES[key][:, 0]
    by_hand.adapt(tf.data.Dataset.from_tensor_slices(rows[TRAINED]).batch(16))
    wanted = keras.ops.convert_to_numpy(by_hand(tf.constant(rows)))
    found = keras.ops.convert_to_numpy(model.get_layer("own")(tf.constant(rows)))
    np.testing.assert_array_equal(found, wanted)


COLUMNS = [
    *(entry("a"), entry("b"), entry("kind", 1, "string"), entry("size", 1, "string")),
    *(entry("year"), layer("a_scaled", "Normalization")),
    layer("b_bins", "Discretization", num_bins=3, output_mode="one_hot"),
    layer("kind_code", "StringLookup", max_tokens=4, output_mode="one_hot", pad_to_max_tokens=True),
    layer("kind_and_size", "HashedCrossing", num_bins=8, output_mode="one_hot"),
    layer("size_hash", "Hashing", num_bins=5, output_mode="one_hot"),
    layer("year_number", "IntegerLookup"),
    layer("year_code", "CategoryEncoding", num_tokens=6, output_mode="one_hot"),
    *(layer("all", "Concatenate"), layer("y", "Dense", units=1)),
]
EDGES = [
    *(["a", "a_scaled"], ["b", "b_bins"], ["kind", "kind_code"], ["size", "size_hash"]),
    *(["kind", "kind_and_size"], ["size", "kind_and_size"], ["year", "year_number"]),
    *(["year_number", "year_code"], ["a_scaled", "all"], ["b_bins", "all"]),
    *(["kind_code", "all"], ["size_hash", "all"], ["year_code", "all"], ["kind_and_size", "all"]),
    ["all", "y"],
]
OF_COLUMNS = {key: key for key in ("a", "b", "kind", "size", "year")}


def test_the_columns_are_those_of_a_feature_space(folder) -> None:
    """Each of its kinds of feature, as nodes; it puts features and crosses in alphabetic order."""
    nodes = [n if n["id"] != "kind_and_size" else {**n, "id": "kind_X_size"} for n in COLUMNS]
    edges = [[end.replace("kind_and_size", "kind_X_size") for end in edge] for edge in EDGES]
    _, model = adapted(project(nodes, edges, OF_COLUMNS), folder)
    kinds = keras.utils.FeatureSpace
    space = kinds(
        features={
            "a": kinds.float_normalized(),
            "b": kinds.float_discretized(num_bins=3),
            "kind": kinds.string_categorical(),
            "size": kinds.string_hashed(num_bins=5),
            "year": kinds.integer_categorical(),
        },
        crosses=[kinds.cross(("kind", "size"), crossing_dim=8)],
    )
    rows = {key: FEATURES[key][:, 0] for key in OF_COLUMNS}
    rows["year"] = rows["year"].astype("int32")
    measured = {key: column[TRAINED] for key, column in rows.items()}
    space.adapt(tf.data.Dataset.from_tensor_slices(measured).batch(16))
    whole = keras.Model(model.input, model.get_layer("all").output)
    given = {key: tf.constant(FEATURES[key]) for key in OF_COLUMNS}
    given["year"] = tf.cast(given["year"], "float32")
    found = keras.ops.convert_to_numpy(whole(given))
    wanted = keras.ops.convert_to_numpy(space(rows))
    # A FeatureSpace crosses the numbers of the categories, the layers the categories themselves.
    np.testing.assert_allclose(found[:, :-8], wanted[:, :-8], atol=1e-6)
    assert found.shape == wanted.shape


@pytest.mark.parametrize("style", ["functional", "subclass"])
def test_the_saved_model_takes_raw_rows_in_a_process_of_its_own(style, folder) -> None:
    """What was measured is saved with the model: no studio, no data, the same predictions."""
    value = project(COLUMNS, EDGES, OF_COLUMNS)
    text = script(value, folder, style).text
    module = imported(text, folder)
    model, _, _ = module.train()
    rows = {key: tf.constant(FEATURES[key]) for key in OF_COLUMNS}
    rows["year"] = tf.cast(rows["year"], "float32")
    if style == "subclass":  # whose call expects them as the data gives them
        rows = {key: column[:, 0] for key, column in rows.items()}
    wanted = np.asarray(model(rows))
    assert np.isfinite(wanted).all()
    model.save("model.keras")
    arrays = {key: value.numpy() for key, value in rows.items()}
    np.savez(
        "rows.npz", **{k: v.astype("U") if v.dtype == object else v for k, v in arrays.items()}
    )
    Path("train.py").write_text(text)
    program = (
        f"import keras, numpy, tensorflow; {'import train; ' * (style == 'subclass')}"
        "rows = {k: tensorflow.constant(v) for k, v in numpy.load('rows.npz').items()}; "
        "numpy.save('found', keras.models.load_model('model.keras')(rows))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(np.load("found.npy"), wanted, rtol=1e-5)


def test_a_chain_is_adapted_as_keras_sequential(folder) -> None:
    nodes = [entry("x", 2), layer("scaled", "Normalization"), layer("y", "Dense", units=1)]
    value = project(nodes, [["x", "scaled"], ["scaled", "y"]], ["a", "b"])
    text = script(value, folder).text
    assert "keras.Sequential" in text
    assert 'model.get_layer("scaled").adapt(features)' in text
    _, model = adapted(value, folder)
    mean = keras.ops.convert_to_numpy(model.get_layer("scaled").mean)
    np.testing.assert_allclose(mean, FEATURES["ab"][TRAINED].mean(0, keepdims=True), rtol=1e-6)


STYLED = pytest.mark.parametrize("style", ["functional", "subclass"])


@STYLED
def test_a_layer_behind_others_measures_what_they_make_of_the_rows(style, folder) -> None:
    """Of named features: two columns joined; a layer of the same name as the method for it."""
    nodes = [entry("a"), entry("b"), layer("both", "Concatenate")]
    nodes += [layer("scaled", "Normalization"), layer("before_scaled", "Dense", units=1)]
    nodes.append(layer("y", "Dense", units=1))
    edges = [["a", "both"], ["b", "both"], ["both", "scaled"]]
    edges += [["scaled", "before_scaled"], ["before_scaled", "y"]]
    _, model = adapted(project(nodes, edges, {"a": "a", "b": "b"}), folder, style)
    mean = keras.ops.convert_to_numpy(model.get_layer("scaled").mean)
    np.testing.assert_allclose(mean, FEATURES["ab"][TRAINED].mean(0, keepdims=True), rtol=1e-6)


@STYLED
def test_a_layer_behind_weights_measures_what_these_make_of_the_rows(style, folder) -> None:
    """The Dense is called twice, the second time behind the layer; it has its first weights."""
    nodes = [
        entry("x", 2),
        layer("mixed", "Dense", units=2, kernel_initializer=call("keras.initializers.Ones")),
    ]
    nodes += [layer("scaled", "Normalization"), {"id": "again", "shares": "mixed"}]
    nodes += [layer("bent", "Normalization"), layer("y", "Dense", units=1)]
    order = ["x", "mixed", "scaled", "again", "bent", "y"]
    value = project(nodes, list(map(list, pairwise(order))), ["a", "b"])
    module, model = adapted(value, folder, style)
    mixed = FEATURES["ab"][TRAINED].sum(1, keepdims=True).repeat(2, 1)
    scaled = (mixed - mixed.mean(0)) / mixed.std(0)
    for name, wanted in (("scaled", mixed), ("bent", scaled.sum(1, keepdims=True).repeat(2, 1))):
        found = model.get_layer(name)
        mean, variance = (np.asarray(each) for each in (found.mean, found.variance))
        np.testing.assert_allclose(mean, wanted.mean(0, keepdims=True), rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(variance, wanted.var(0, keepdims=True), rtol=1e-4)
    module.train()


def test_a_layer_called_twice_measures_both_columns(folder) -> None:
    nodes = [entry("kind", 1, "string"), entry("size", 1, "string")]
    nodes.append(layer("code", "StringLookup", max_tokens=9, pad_to_max_tokens=True, **ONE_HOT))
    nodes += [{"id": "again", "shares": "code"}, layer("all", "Concatenate")]
    nodes.append(layer("y", "Dense", units=1))
    edges = [["kind", "code"], ["size", "again"], ["code", "all"], ["again", "all"], ["all", "y"]]
    _, model = adapted(project(nodes, edges, {"kind": "kind", "size": "size"}), folder)
    assert set(model.get_layer("code").get_vocabulary()) == {"[UNK]", *KIND, *SIZE}


ONE_HOT = {"output_mode": "one_hot"}


def test_of_data_without_end_an_epoch_is_measured(folder) -> None:
    nodes = [entry("x", 2), layer("scaled", "Normalization"), layer("y", "Dense", units=1)]
    value = project(
        nodes,
        [["x", "scaled"], ["scaled", "y"]],
        ["a", "b"],
        stage("again", "repeat"),
        steps_per_epoch=2,
    )
    _, model = adapted(value, folder)
    mean = keras.ops.convert_to_numpy(model.get_layer("scaled").mean)
    first = FEATURES["ab"][TRAINED][:32]
    np.testing.assert_allclose(mean, first.mean(0, keepdims=True), rtol=1e-6)


def test_what_is_given_or_bypassed_or_leads_nowhere_is_not_measured(folder) -> None:
    nodes = [
        entry("x", 2),
        layer("given", "Normalization", mean=[1.0, 2.0], variance=[1.0, 2.0]),
        {**layer("passed", "Normalization"), "bypass": True},
        *(layer("loose", "Normalization"), layer("y", "Dense", units=1)),
    ]
    edges = [["x", "given"], ["given", "passed"], ["passed", "y"], ["x", "loose"]]
    assert "adapt" not in script(project(nodes, edges, ["a", "b"]), folder).text


def test_a_name_of_its_own_is_the_one_it_is_found_by(folder) -> None:
    nodes = [entry("x", 2), layer("scaled", "Normalization", name="standard")]
    nodes.append(layer("y", "Dense", units=1))
    value = project(nodes, [["x", "scaled"], ["scaled", "y"]], ["a", "b"])
    assert 'get_layer("standard").adapt' in script(value, folder).text
    adapted(value, folder)


def test_a_text_that_is_no_date_is_named(folder) -> None:
    (folder / "table.csv").write_text("a,y\n2024-02-29,1\n29.2.2024,2\n" + "2024-01-01,1\n" * 40)
    function = call("studio.map.date_parts", column="a", parts=["year"])
    nodes = [entry("a_year"), layer("y", "Dense", units=1)]
    value = project(nodes, [["a_year", "y"]], {"a": "a"})
    value["data"]["nodes"].insert(1, node("dates", "tf.data.Dataset.map", function=function))
    value["data"]["edges"][:1] = [["rows", "dates"], ["dates", "split"]]
    value["data"]["nodes"][2]["params"] = {"shuffle": False}
    dataset = imported(script(value, folder).text, folder).make_datasets()["train"]
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"no date.*29\.2\.2024"):
        list(dataset)
