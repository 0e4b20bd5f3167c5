"""Each loss's gradients from one persistent tape: the same sum, limits and norms of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from msgspec.structs import replace

from studio.codegen.script import write_script
from studio.graph.document import Call, Edge, Node, Project
from tests.conftest import slow

from .test_loop import module, small, trained
from .test_resume import assert_resumes

# Keras asks numpy for its tensors in a way that numpy finds old.
pytestmark = pytest.mark.filterwarnings("default:__array__ implementation:DeprecationWarning")

ARRANGE = {
    "op": "studio.map.arrange",
    "params": {"features": {"x": [0]}, "labels": {"kind": [1], "size": [1]}},
}


def two_headed(folder: Path, **options: Any) -> Project:
    """The small project with a second output, which errs far more, and a penalty."""
    project = small(folder, loop="custom")
    data, model = project.data, project.model
    named = Node("named", "tf.data.Dataset.map", params={"function": ARRANGE})
    edges = [e for e in data.edges if e.source != "rows"]
    edges += [Edge("rows", "named"), Edge("named", "split")]
    data = replace(data, nodes=data.nodes | {"named": named}, edges=tuple(edges))
    size = Node("size", "keras.layers.Dense", params={"units": 1})
    model = replace(
        model,
        nodes=model.nodes | {"size": size},
        edges=(*model.edges, Edge("drop", "size")),
        outputs=("kind", "size"),
    )
    losses = {**project.training.losses, "size": Call("keras.losses.MeanSquaredError")}
    training = replace(
        project.training,
        losses=losses,
        loss_weights={"size": 40.0},
        optimizer=Call("keras.optimizers.SGD", {"learning_rate": 0.001}),
        **options,
    )
    return replace(project, data=data, model=model, training=training)


@pytest.mark.parametrize("style", [None, *slow("subclass")], ids=["functional", "subclass"])
@pytest.mark.parametrize("options", [{}, {"steps_per_execution": 3}], ids=str)
def test_without_a_limit_it_is_the_plain_step(options, style, tmp_path: Path) -> None:
    plain, weights = trained(two_headed(tmp_path, **options), tmp_path, tmp_path, "custom", style)
    project = two_headed(tmp_path, persistent_tape=True, **options)
    ours, our_weights = trained(project, tmp_path, tmp_path, "custom", style)
    norms = {f"{name}_gradient_norm" for name in ("kind", "size", "regularisation")}
    assert set(ours) == set(plain) | norms
    for name, values in plain.items():
        np.testing.assert_allclose(ours[name], values, rtol=1e-6, atol=1e-6, err_msg=name)
    for one, other in zip(our_weights, weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)
    assert np.mean(ours["size_gradient_norm"]) > 10 * np.mean(ours["kind_gradient_norm"])


def test_a_limit_is_the_one_of_that_loss_alone(tmp_path: Path) -> None:
    """The first step, against the same by hand."""
    project = two_headed(tmp_path, persistent_tape=True, loss_clipnorms={"size": 0.5}, epochs=1)
    project = replace(project, training=replace(project.training, steps_per_epoch=1))
    script = module(write_script(project, tmp_path).text, tmp_path)
    model, history, _ = script.train()

    keras.utils.set_random_seed(5)
    data, theirs = script.make_datasets(), script.build_model()
    x, y = next(iter(data["train"]))
    cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    before = [each.numpy() for each in theirs.trainable_variables]
    with tf.GradientTape(persistent=True) as tape:
        told = theirs(x, training=True)
        parts = {
            "kind": cross_entropy(y["kind"], told["kind"]),
            "size": 40 * keras.losses.MeanSquaredError()(y["size"], told["size"]),
            "regularisation": theirs.losses[0],
        }
    wanted = before
    for name, loss in parts.items():
        sources = [each.value for each in theirs.trainable_variables]
        gradients = tape.gradient(loss, sources, unconnected_gradients="zero")
        norm = float(tf.linalg.global_norm(gradients))
        assert history.history[f"{name}_gradient_norm"] == pytest.approx([norm], rel=1e-4)
        scale = min(1.0, 0.5 / norm) if name == "size" else 1.0
        wanted = [w - 0.001 * scale * g.numpy() for w, g in zip(wanted, gradients, strict=True)]
    for one, other in zip(model.trainable_variables, wanted, strict=True):
        np.testing.assert_allclose(one.numpy(), other, rtol=1e-5, atol=1e-7)


@pytest.mark.slow
def test_interrupted_it_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    project = two_headed(tmp_path, persistent_tape=True, loss_clipnorms={"size": 0.5}, epochs=3)
    assert_resumes(project, tmp_path, [3, 7, 1])
