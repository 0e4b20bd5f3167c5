"""A step that takes each output's gradients separately, all from one persistent tape."""

from __future__ import annotations

from studio.codegen.layout import dictionary
from studio.codegen.literal import literal, text
from studio.codegen.source import Source
from studio.graph.document import Project, output_name

STEP = """{decorator}
def train_step(batch):
    x, y, weights = keras.utils.unpack_x_y_sample_weight(batch)
    with tf.GradientTape(persistent=True) as tape:
        predictions = model(x, training=True)
        loss = model.compute_loss(x, y, predictions, weights, training=True)
        losses = losses_of(model, y, predictions, weights)
    gradients, norms = separate_gradients(tape, losses, model.trainable_variables)
    model.optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    mean_loss.update_state(loss, sample_weight=size_of(x))
    logs = model.compute_metrics(x, y, predictions, weights)
    return logs | mean_logs(norms, means, x)"""

_LOSSES = '''

def losses_of(model, y, predictions, weights):
    """Returns each output's loss with its weight, and the sum of what layers add, by name."""
    losses = {}
    for name, loss in model.loss.items():
        own = weights[name] if isinstance(weights, dict) else weights
        losses[name] = LOSS_WEIGHTS[name] * loss(y[name], predictions[name], own)
    if model.losses:
        losses["regularisation"] = tf.add_n(model.losses)
    return losses'''

_GRADIENTS = '''def separate_gradients(tape, losses, variables):
    """Returns the sum of each loss's own gradients, and the norm of each by name.

    Before they are added, those of CLIPNORMS are clipped to that global norm.
    """
    parts, norms = [], {}
    variables = [each.value for each in variables]
    zero = tf.UnconnectedGradients.ZERO
    for name, loss in losses.items():
        found = tape.gradient(loss, variables, unconnected_gradients=zero)
        found = [tf.convert_to_tensor(each) for each in found]
        norm = norms[f"{name}_gradient_norm"] = tf.linalg.global_norm(found)
        if name in CLIPNORMS:
            found, _ = tf.clip_by_global_norm(found, CLIPNORMS[name], norm)
        parts.append(found)
    return [tf.add_n(each) for each in zip(*parts)], norms'''


def write_separate(source: Source, project: Project) -> None:
    """Writes the losses by name, their weights and limits, and what adds their gradients."""
    training = project.training
    names = [name for end in project.model.outputs if (name := output_name(end)) in training.losses]
    weights = [(text(name), literal(training.loss_weights.get(name, 1.0))) for name in names]
    with source.section("Steps"):
        source.statement("LOSS_WEIGHTS = ", dictionary(weights))
        source.statement("CLIPNORMS = ", literal(training.loss_clipnorms))
        source.text(_LOSSES)
    with source.section("Steps"):
        source.text(_GRADIENTS)
