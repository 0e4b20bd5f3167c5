"""The steps of the custom loop where a strategy runs them on replicas, each with a part of a batch.

The loss is the mean over the whole batch, whatever part of it a replica has; so are the logs.
"""

from __future__ import annotations

from studio.codegen.source import Source
from studio.graph.distribution import clips
from studio.graph.document import Project

STEP = """def train_step(batch):
    x, y, weights = keras.utils.unpack_x_y_sample_weight(batch){weights}
    with tf.GradientTape() as tape:
        predictions = model(x, training=True)
        # The outputs' losses, and those that layers add (regularisation).
        loss = model.compute_loss(x, y, predictions, weights, training=True)
        mean = mean_of(loss, x)
        loss = part_of(mean, x){scaled}
{apply}
    mean_loss.update_state(mean, sample_weight=size_of(x))
    model.compute_metrics(x, y, predictions, weights)"""

TEST = """
def test_step(batch):
    x, y, weights = keras.utils.unpack_x_y_sample_weight(batch)
    predictions = model(x, training=False)
    loss = model.compute_loss(x, y, predictions, weights, training=False)
    mean_loss.update_state(mean_of(loss, x), sample_weight=size_of(x))
    model.compute_metrics(x, y, predictions, weights)"""

LOSSES = '''def mean_of(loss, batch):
    """Returns the mean over a replica's elements of a loss that Keras has shared out.

    A batch that is short may leave a replica without elements, and so without a mean.
    """
    replicas = tf.distribute.get_replica_context().num_replicas_in_sync
    return tf.where(size_of(batch) > 0, loss * replicas, 0)


def part_of(mean, batch):
    """Returns what a replica's mean adds to that of the whole batch."""
    size = tf.cast(size_of(batch), mean.dtype)
    whole = tf.distribute.get_replica_context().all_reduce("SUM", size)
    return mean * size / whole'''

CLIP = '''def clip(gradients):
    """Returns the clipped gradients of the whole batch, as equal parts for the replicas."""
    replica = tf.distribute.get_replica_context()
    gradients = [tf.convert_to_tensor(each) for each in gradients]
    gradients = replica.all_reduce("SUM", gradients)
    {clipped}
    return [each / replica.num_replicas_in_sync for each in gradients]'''

_CLIPPED = {
    "global_clipnorm": "gradients, _ = tf.clip_by_global_norm(gradients, {limit})",
    "clipnorm": "gradients = [tf.clip_by_norm(each, {limit}) for each in gradients]",
    "clipvalue": "gradients = [tf.clip_by_value(each, -{limit}, {limit}) for each in gradients]",
}

ONE = '''def on_iterator(step, strategy, model):
    """Returns a step that takes a batch from an iterator and is done on all replicas."""

    @tf.function
    def steps(iterator):
        strategy.run(step, args=(next(iterator),))
        return model.get_metrics_result()

    return steps'''

MANY = '''def on_iterator(step, strategy, model):
    """Returns a function that takes several batches from an iterator, a step for each."""

    @tf.function
    def steps(iterator):
        strategy.run(step, args=(next(iterator),))
        for _ in tf.range(STEPS_PER_EXECUTION - 1):
            batch = iterator.get_next_as_optional()
            if not batch.has_value():
                break
            strategy.run(step, args=(batch.get_value(),))
        return model.get_metrics_result()

    return steps'''

WHOLE_LOGS = '''def whole_logs(logs, batch):
    """Returns the means over the whole batch of what a step logs, and the size of the batch."""
    replica = tf.distribute.get_replica_context()
    size = tf.cast(size_of(batch), "float32")
    whole = replica.all_reduce("SUM", size)
    means = {}
    for name, value in scalars_of(logs).items():
        part = tf.where(size > 0, tf.cast(value, "float32"), 0) * size
        means[name] = replica.all_reduce("SUM", part) / whole
    return means, whole


def epoch_logs(strategy, results, means):
    """Returns the means over the epoch of what steps log; a batch counts by its size."""
    logs, size = tf.nest.map_structure(
        lambda each: strategy.experimental_local_results(each)[0], results
    )
    for name, value in logs.items():
        if name not in means:
            means[name] = keras.metrics.Mean(name=name)
        means[name].update_state(value, sample_weight=size)
    return {name: means[name].result() for name in logs}'''


def own_logged(iterator: str) -> str:
    """`on_iterator`, for a step that gives its logs itself."""
    text = iterator.replace("strategy, model)", "strategy, means)")
    text = text.replace("        strategy.run(", "        results = strategy.run(", 1)
    text = text.replace("            strategy.run(", "            results = strategy.run(")
    return text.replace("model.get_metrics_result()", "epoch_logs(strategy, results, means)")


def write_clip(source: Source, project: Project) -> bool:
    """Writes what clips the gradients of the whole batch, as the optimizer would those of a
    replica; whether it is needed.
    """
    optimizer = project.training.optimizer
    name = clips(optimizer)
    if not name:
        return False
    limit = repr(float(optimizer.params[name]))
    clipped = _CLIPPED[name].format(limit=limit)
    with source.section("Steps"):
        source.text(CLIP.replace("{clipped}", clipped))
    return True


COUNT = '''def add_counts(strategy, variables, counts):
    """Adds to the variables of metrics what the replicas have counted."""
    for variable, count in zip(variables, counts):
        variable.assign(variable + strategy.reduce("SUM", count, axis=None))'''


def counted(step: str) -> str:
    """A step that hands back what its metrics count, in the place of adding it up itself.

    For a strategy whose variables can't be added to by several replicas.
    """
    update = "    mean_loss.update_state("
    head, _, rest = step.partition(update)
    loss = next(line for line in head.splitlines() if "loss = model.compute_loss" in line)
    room = loss[: len(loss) - len(loss.lstrip())]
    head = head.replace(loss, f"{room}with counts:\n    {loss}")
    called = next(line for line in head.splitlines() if "predictions = model(" in line)
    head = head.replace(called, f"{room}counts = counting(model, counted)\n{called}")
    rest = "\n".join(f"    {line}" for line in (update + rest).splitlines())
    back = "    return [counts.get_current_value(each) for each in counted]"
    return f"{head}    with counts:\n{rest}\n{back}"


def count_added(iterator: str) -> str:
    """`on_iterator`, for steps that hand back what their metrics count."""
    text = iterator.replace(
        "    @tf.function",
        "    counted = [each for metric in model.metrics for each in metric.variables]\n\n"
        "    @tf.function",
    )
    for batch in ("next(iterator)", "batch.get_value()"):
        made = f"strategy.run(step, args=({batch},))"
        line = next((line for line in text.splitlines() if made in line), "")
        room = line[: len(line) - len(line.lstrip())]
        added = f"counts = {made}\n{room}add_counts(strategy, counted, counts)"
        text = text.replace(made, added)
    return text
