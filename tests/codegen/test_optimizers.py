"""Parts of a model trained by optimizers of their own: each moves its variables alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from msgspec.structs import replace

from studio.codegen.script import write_script
from studio.graph.document import Call, Project
from tests.conftest import slow

from .test_loop import module, small, trained
from .test_resume import assert_resumes

# Keras asks numpy for its tensors in a way that numpy finds old.
pytestmark = pytest.mark.filterwarnings("default:__array__ implementation:DeprecationWarning")

BOTH = ["functional", "subclass"]
STYLES = pytest.mark.parametrize("style", [None, *slow("subclass")], ids=BOTH)
FTRL = Call("keras.optimizers.Ftrl", {"learning_rate": 0.1})


def parted(folder: Path, others: dict[str, Call], by: dict[str, str], **options: Any) -> Project:
    project = small(folder, loop="custom", **options)
    training = replace(project.training, optimizers=others, trained_by=by)
    return replace(project, training=training)


def like_the_first(project: Project) -> dict[str, Call]:
    return {"other": project.training.optimizer}


@STYLES
@pytest.mark.parametrize("by", [{"wide": "other"}, {"wide": "other", "kind": "other"}], ids=str)
def test_two_of_a_kind_train_as_one(by, style, tmp_path: Path) -> None:
    """What an optimizer does with a variable hangs on no other variable: the same bits."""
    plain = small(tmp_path)
    ours = parted(tmp_path, like_the_first(plain), by)
    history, weights = trained(plain, tmp_path, tmp_path, "custom", style)
    ours_history, our_weights = trained(ours, tmp_path, tmp_path, "custom", style)
    assert ours_history == history
    for one, other in zip(our_weights, weights, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("style", [None, "subclass"], ids=BOTH)
def test_each_follows_its_own_rule(style, tmp_path: Path) -> None:
    """Against a loop by hand with Ftrl for one layer and Adam for the rest."""
    project = parted(tmp_path, {"linear": FTRL}, {"wide": "linear"}, epochs=2)
    script = module(write_script(project, tmp_path, style).text, tmp_path)
    model, history, _ = script.train()

    keras.utils.set_random_seed(5)
    data = script.make_datasets()
    theirs = script.build_model()
    theirs.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    adam, ftrl = keras.optimizers.Adam(0.01), keras.optimizers.Ftrl(0.1)
    losses = []
    for _ in range(2):
        sums = []
        for x, y in data["train"]:
            with tf.GradientTape() as tape:
                loss = theirs.compute_loss(x, y, theirs(x, training=True))
            wide = theirs.get_layer("wide").trainable_variables
            rest = [v for v in theirs.trainable_variables if v.path not in {w.path for w in wide}]
            for_wide, for_rest = tape.gradient(loss, (wide, rest))
            ftrl.apply(for_wide, wide)
            adam.apply(for_rest, rest)
            sums.append((float(loss), len(y)))
        iter(data["train"])  # as the loop does
        values, sizes = zip(*sums, strict=True)
        losses.append(np.average(values, weights=sizes))
    np.testing.assert_allclose(history.history["loss"], losses, rtol=1e-5)
    for one, other in zip(model.trainable_variables, theirs.trainable_variables, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-4, atol=1e-6)


def test_gradients_in_float16_of_a_loss_that_is_not_scaled(tmp_path: Path) -> None:
    """They are applied as they are, not divided by a factor that the loss never had."""
    options = {"precision": "mixed_float16"}
    options["optimizer"] = {"op": "keras.optimizers.SGD", "params": {"learning_rate": 0.1}}
    plain = small(tmp_path, **options)
    ours = parted(tmp_path, like_the_first(plain), {"wide": "other"}, **options)
    history, weights = trained(plain, tmp_path, tmp_path, "custom")
    ours_history, our_weights = trained(ours, tmp_path, tmp_path, "custom")
    np.testing.assert_allclose(ours_history["loss"], history["loss"], rtol=0.01)
    for one, other in zip(our_weights, weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=0.05, atol=0.01)
    keras.config.set_dtype_policy("float32")


@STYLES
def test_interrupted_it_goes_on_as_if_it_had_not_been(style, tmp_path: Path) -> None:
    project = parted(tmp_path, {"linear": FTRL}, {"wide": "linear"}, epochs=3)
    assert_resumes(project, tmp_path, [3, 7, 1], style)
