"""Weights of elements and of classes: both loops weigh alike, and as is reckoned by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from msgspec.structs import replace

from studio.codegen.script import write_script
from studio.graph.document import Call, Edge, Node, Project
from tests.conftest import slow

from .test_loop import assert_same, callback, module, small, trained
from .test_separate import two_headed

# Keras asks numpy for its tensors in a way that numpy finds old.
pytestmark = pytest.mark.filterwarnings("default:__array__ implementation:DeprecationWarning")

ACCURACY = Call("keras.metrics.SparseCategoricalAccuracy", {"name": "weighted"})


def mapped(project: Project, function: Call) -> Project:
    """The project with a map behind its source."""
    data = project.data
    call = {"op": function.op, "params": function.params}
    named = Node("named", "tf.data.Dataset.map", params={"function": call})
    edges = [Edge("named" if e.source == "rows" else e.source, e.target) for e in data.edges]
    edges.append(Edge("rows", "named"))
    return replace(
        project, data=replace(data, nodes=data.nodes | {"named": named}, edges=tuple(edges))
    )


def weighted(folder: Path, **options: Any) -> Project:
    """Each row weighs as much as its weight in the arrays says, from 0 to 2."""
    project = small(
        folder,
        weighted_metrics={"kind": [{"op": ACCURACY.op, "params": ACCURACY.params}]},
        **options,
    )
    rows = np.load(folder / "rows.npz")
    weights = np.random.default_rng(8).uniform(0, 2, 60).astype("float32")
    np.savez(folder / "rows.npz", x=rows["x"], y=rows["y"], w=weights)
    source = Node(
        "rows",
        "studio.data.numpy",
        params={"path": "rows.npz", "label": "y", "features": {"x": "x", "w": "w"}},
    )
    project = replace(
        project, data=replace(project.data, nodes=project.data.nodes | {"rows": source})
    )
    function = "studio.map.to_features_and_label"
    places = {"features": [0, "x"], "label": [1], "sample_weight": [0, "w"]}
    return mapped(project, Call(function, places))


@pytest.mark.parametrize("style", [None, *slow("subclass")], ids=["functional", "subclass"])
@pytest.mark.parametrize(
    "options", [{}, {"steps_per_execution": 3}, *slow({"jit_compile": True})], ids=str
)
def test_both_loops_weigh_elements_alike(options, style, tmp_path: Path) -> None:
    history = assert_same(weighted(tmp_path, **options), tmp_path, tmp_path, style)
    assert history["weighted"] != history["sparse_categorical_accuracy"]
    assert history["val_weighted"] != history["val_sparse_categorical_accuracy"]


def test_a_loss_is_that_of_the_weights(tmp_path: Path) -> None:
    script = module(write_script(weighted(tmp_path), tmp_path).text, tmp_path)
    model, history, data = script.train()
    values, sizes = [], []
    for x, y, w in data["validation"]:
        logits = model(x)
        each = keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True)
        values.append(np.mean(each * w) + float(sum(model.losses)))
        sizes.append(len(y))
    wanted = np.average(values, weights=sizes)
    assert history.history["val_loss"][-1] == pytest.approx(wanted, rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("weights", [[1, "w"], {"kind": [1, "w"], "size": [1, "v"]}], ids=str)
def test_outputs_share_a_weight_or_have_their_own(weights, tmp_path: Path) -> None:
    project = two_headed(tmp_path, weighted_metrics={"kind": (ACCURACY,)})
    rows = np.load(tmp_path / "rows.npz")
    rng = np.random.default_rng(8)
    w, v = (rng.uniform(0, 2, 60).astype("float32") for _ in "wv")
    np.savez(tmp_path / "rows.npz", x=rows["x"], y=rows["y"], w=w, v=v)
    source = Node(
        "rows",
        "studio.data.numpy",
        params={"path": "rows.npz", "label": "y", "features": {name: name for name in "xwv"}},
    )
    places: Any = [0, "w"]
    if isinstance(weights, dict):
        places = {"kind": [0, "w"], "size": [0, "v"]}
    params = {
        "features": {"x": [0, "x"]},
        "labels": {"kind": [1], "size": [1]},
        "sample_weight": places,
    }
    named = Node(
        "named",
        "tf.data.Dataset.map",
        params={"function": {"op": "studio.map.arrange", "params": params}},
    )
    nodes = project.data.nodes | {"rows": source, "named": named}
    project = replace(project, data=replace(project.data, nodes=nodes))
    history = assert_same(project, tmp_path, tmp_path)
    separate = replace(project.training, persistent_tape=True)
    ours, _ = trained(replace(project, training=separate), tmp_path, tmp_path, "custom")
    np.testing.assert_allclose(ours["loss"], history["loss"], rtol=1e-6)
    plain, _ = trained(two_headed(tmp_path), tmp_path, tmp_path, "fit")
    assert history["size_loss"] != plain["size_loss"]


CLASSES = {"0": 1.0, "1": 3.0, "2": 0.5}


SEVERAL = {"steps_per_execution": 3}


@pytest.mark.parametrize(
    ("one_hot", "options"),
    [(True, SEVERAL), *slow((False, {}), (False, SEVERAL), (True, {}))],
    ids=["one-hot, several", "numbers", "numbers, several", "one-hot"],
)
def test_both_loops_weigh_classes_alike(one_hot, options, tmp_path: Path) -> None:
    project = small(tmp_path, class_weights=CLASSES, **options)
    if one_hot:
        loss = Call("keras.losses.CategoricalCrossentropy", {"from_logits": True})
        training = replace(
            project.training,
            losses={"kind": loss},
            metrics={"kind": (Call("keras.metrics.CategoricalAccuracy"),)},
        )
        project = replace(project, training=training)
        project = mapped(project, Call("studio.map.one_hot", {"depth": 3}))
    history = assert_same(project, tmp_path, tmp_path)
    training = replace(project.training, class_weights={})
    plain, _ = trained(replace(project, training=training), tmp_path, tmp_path, "fit")
    assert history["loss"] != plain["loss"]


def test_a_callback_may_watch_a_weighted_metric(tmp_path: Path) -> None:
    stop = callback("EarlyStopping", monitor="val_weighted", patience=2)
    history = assert_same(weighted(tmp_path, callbacks=[stop]), tmp_path, tmp_path)
    assert history["val_weighted"]
