"""What the steps of the custom loop are made with, beside the model."""

from __future__ import annotations

from studio.graph.document import Training


def own_logs(training: Training) -> bool:
    """Whether a step logs more than the model's metrics, of which there are means then."""
    return training.train_step is not None or training.persistent_tape


def step_parts(training: Training) -> list[str]:
    """What a step changes beside the model: dicts of what has variables, by name."""
    means = ["means"] if own_logs(training) else []
    return [*(["optimizers"] if training.optimizers else []), *means]


def step_arguments(training: Training) -> str:
    """What `make_steps` takes."""
    return ", ".join(["model", *step_parts(training)])


def builds_plainly(training: Training) -> bool:
    """Whether all weights are trained by the model's own optimizer, in the script's own step."""
    return not training.trained_by and training.train_step is None
