"""Whether the loss is scaled where its gradients are float16, which small ones vanish in.

`compile` wraps the optimizer for that under the policy mixed_float16; a step must then
scale its loss, too, or its gradients come out divided by what they never were multiplied by.
"""

from __future__ import annotations

from studio.graph.document import Project

SCALED = "mixed_float16"


def unscaled(project: Project) -> bool:
    """Whether gradients in float16 are taken of a loss that isn't scaled."""
    training = project.training
    if training is None or training.precision != SCALED or training.loop != "custom":
        return False
    if training.train_step is not None:
        code = project.code.get(training.train_step.op.removeprefix("code:"))
        return code is None or "scale_loss" not in code.source
    return bool(training.trained_by or training.persistent_tape)
