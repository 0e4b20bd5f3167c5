"""Ragged data from its source into a model: the join, the script, and what it learns from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from studio.graph.checks import check
from studio.graph.problems import errors

from .by_hand_sources import TEXTS, row
from .projects import Json, line, mapped, model_graph, node, read, script, stage, training

pytestmark = pytest.mark.filterwarnings("default")

BATCH = stage("batch", "batch", batch_size=4)
HASH = mapped("hash", "hash_words", buckets=9, length=None)
DENSE = mapped("dense", "to_dense")


def project(*stages: Json, pooling: str = "GlobalAveragePooling1D", **params: Any) -> Json:
    """A sentence's words, looked up, pooled, and one number of them."""
    layers = [
        node("words", "keras.Input", shape=[None], dtype="int64", **params),
        node("table", "keras.layers.Embedding", input_dim=9, output_dim=2),
        node("pooled", f"keras.layers.{pooling}"),
        node("number", "keras.layers.Dense", units=1),
    ]
    return {
        "studio": 1,
        "data": row(TEXTS, *stages),
        "model": model_graph(layers, line(*layers), "number"),
        "training": training("number"),
    }


RAGGED = {
    "a batch that is split": [BATCH, HASH],
    "words that are batched": [HASH, stage("ragged", "ragged_batch", batch_size=4)],
}


@pytest.mark.parametrize("pooling", ["GlobalAveragePooling1D", "GlobalMaxPooling1D"])
@pytest.mark.parametrize("name", RAGGED)
def test_it_trains_and_pools_over_the_words_alone(name: str, pooling: str, folder: Path) -> None:
    text = script(project(*RAGGED[name], pooling=pooling, ragged=True), folder).text
    names: dict[str, Any] = {"__name__": "script", "__file__": str(folder / "train.py")}
    exec(compile(text, "train.py", "exec", dont_inherit=True), names)
    model, history, datasets = names["train"]()
    assert np.isfinite(history.history["loss"]).all()
    (words, _) = next(iter(datasets["train"]))
    assert isinstance(words, tf.RaggedTensor)
    table, dense = (model.get_layer(name).get_weights() for name in ("table", "number"))
    pool = {"GlobalAveragePooling1D": np.mean, "GlobalMaxPooling1D": np.max}[pooling]
    by_hand = [pool(table[0][row], axis=0) @ dense[0] + dense[1] for row in words.to_list()]
    np.testing.assert_allclose(model(words), by_hand, rtol=1e-5)


def test_filled_up_it_trains_without(folder: Path) -> None:
    assert not errors(check(read(project(BATCH, HASH, DENSE)), folder).problems)


@pytest.mark.parametrize(
    ("stages", "params", "hint"),
    [
        ([BATCH, HASH], {}, 'Set ragged of "words" to true'),
        ([HASH], {}, "ragged_batch or padded_batch"),
        ([HASH], {"ragged": True}, "ragged_batch or padded_batch"),
    ],
)
def test_what_does_not_meet_the_input_has_a_mend(stages, params, hint, folder: Path) -> None:
    found = errors(check(read(project(*stages, **params)), folder).problems)
    assert (found[0].code, found[0].node) == ("join", stages[-1]["id"])
    assert hint in found[0].hint
