"""The learning-rate range test, in the warm process: a short training in which the rate rises."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from studio.engine.stage import blamed, module


def range_test(fields: dict[str, Any]) -> dict[str, Any]:
    """The rates and the loss of each batch, until `steps` of them or until the loss is no number.

    `fields`: those of a question about the training; `first`, `last`, `steps`, `seed`; `weights`,
    how the model starts, as the parameters of `studio.weights.load`, or None.
    """
    import keras

    with blamed(fields):
        script = module(fields)
        keras.utils.set_random_seed(fields["seed"])
        try:
            rates, losses = _rising(script, fields)
        finally:
            keras.utils.clear_session()
    return {"rates": rates, "losses": losses}


def _rising(script: Any, fields: dict[str, Any]) -> tuple[list[float], list[float]]:
    dataset = script.make_datasets()["train"]
    model = script.build_model()
    if hasattr(script, "adapt_layers"):
        script.adapt_layers(model, dataset)
    start_from(fields.get("weights"), script, model, dataset)
    script.compile_model(model, 1, False)
    function = script.train_function(model)
    first, last, steps = fields["first"], fields["last"], fields["steps"]
    iterator, rates, losses = iter(dataset.repeat()), [], []
    lowest = math.inf
    for step in range(steps):
        rate = first * (last / first) ** (step / (steps - 1))
        model.optimizer.learning_rate = rate
        model.reset_metrics()  # so that the loss is that of this batch alone
        loss = float(function(iterator)["loss"])
        if not math.isfinite(loss):
            break
        rates.append(rate)
        losses.append(loss)
        lowest = min(lowest, loss)
        if loss > 100 * max(lowest, 1e-3):  # far beyond what is still called divergence
            break
    return rates, losses


def start_from(weights: dict[str, Any] | None, script: Any, model: Any, dataset: Any) -> None:
    """Loads what the training would start from, as the script's own `train` does."""
    if weights is None:
        return
    spec = dataset.element_spec
    if hasattr(script, "build_for"):
        script.build_for(model, spec[0] if isinstance(spec, tuple) else spec)
    script.load_weights(model, Path(weights["path"]), weights["by"], weights["skip_mismatch"])
