"""A train step of one's own in the script's loop: what it logs, what is said where it can't run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from studio.codegen.script import write_script
from studio.graph.document import Call, Code, Project
from tests.conftest import slow

from .test_loop import module, small, trained
from .test_resume import assert_resumes

# Keras asks numpy for its tensors in a way that numpy finds old.
pytestmark = pytest.mark.filterwarnings("default:__array__ implementation:DeprecationWarning")

SAME = '''def own(model, batch, scale=1.0):
    """What the loop's own step does, but for the metrics."""
    x, y, weights = keras.utils.unpack_x_y_sample_weight(batch)
    with tf.GradientTape() as tape:
        predictions = model(x, training=True)
        loss = model.compute_loss(x, y, predictions, weights, training=True) * scale
    gradients = tape.gradient(loss, model.trainable_variables)
    model.optimizer.apply(gradients, model.trainable_variables)
    return {"loss": loss, "rows": tf.shape(x)[0]}
'''


TAKING_TURNS = '''def own(model, batch, optimizers):
    """Weights by the model's own optimizer, what is added by another."""
    x, y, _ = keras.utils.unpack_x_y_sample_weight(batch)
    with tf.GradientTape() as tape:
        predictions = model(x, training=True)
        loss = model.compute_loss(x, y, predictions)
    weights = [each for each in model.trainable_variables if len(each.shape) > 1]
    others = [each for each in model.trainable_variables if len(each.shape) == 1]
    gradients, other_gradients = tape.gradient(loss, (weights, others))
    model.optimizer.apply(gradients, weights)
    optimizers["bias"].apply(other_gradients, others)
    return {"loss": loss, "largest": tf.reduce_max(abs(others[0]))}
'''


def own(project: Project, source: str, **params: Any) -> Project:
    """A project with a train step of its own, called own."""
    step = Call("code:own", params)
    training = replace(project.training, loop="custom", train_step=step)
    return replace(project, code={"own": Code("train_step", source)}, training=training)


@pytest.mark.parametrize("style", [None, *slow("subclass")], ids=["functional", "subclass"])
@pytest.mark.parametrize(
    "options",
    [{}, {"steps_per_execution": 3}, *slow({"jit_compile": True})],
    ids=["as it is", "several steps a call", "XLA"],
)
def test_a_step_that_does_the_same_trains_to_the_same(options, style, tmp_path: Path) -> None:
    project = small(tmp_path, **options)
    plain, weights = trained(project, tmp_path, tmp_path, "custom", style)
    ours, our_weights = trained(own(project, SAME), tmp_path, tmp_path, "custom", style)
    for name in ("loss", "val_loss", "val_sparse_categorical_accuracy"):
        np.testing.assert_array_equal(ours[name], plain[name])
    # 48 rows of training in batches of 7: the mean weighs each by its size.
    assert ours["rows"] == pytest.approx([(6 * 49 + 36) / 48] * 4)
    for one, other in zip(weights, our_weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_its_parameters_are_handed_to_it(tmp_path: Path) -> None:
    project = small(tmp_path)
    losses = [
        trained(own(project, SAME, **params), tmp_path, tmp_path, "custom")[0]["loss"]
        for params in ({}, {"scale": 1.0}, {"scale": 0.5})
    ]
    assert losses[0] == losses[1] != losses[2]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("return batch", "expected its logs, a dict of scalars by name"),
        ('return {"x": batch[1]}', "logs 'x' with the shape (None,); expected a scalar"),
    ],
    ids=["no dict", "no scalar"],
)
def test_what_is_no_log_is_told_when_it_runs(source, words, tmp_path: Path) -> None:
    project = own(small(tmp_path), f"def own(model, batch):\n    {source}")
    made = module(write_script(project, tmp_path).text, tmp_path)
    with pytest.raises((TypeError, ValueError)) as caught:
        made.train()
    assert words in str(caught.value)


@pytest.mark.slow
def test_interrupted_it_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    """Its means and its optimizers are in the checkpoints."""
    project = own(small(tmp_path, epochs=3), TAKING_TURNS)
    optimizers = {"bias": Call("keras.optimizers.Ftrl", {"learning_rate": 0.1})}
    project = replace(project, training=replace(project.training, optimizers=optimizers))
    assert_resumes(project, tmp_path, [3, 7, 1])
