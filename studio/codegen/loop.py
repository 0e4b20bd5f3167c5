"""The custom loop: a GradientTape step compiled by tf.function, and the epochs around it.

It logs what `fit` logs, under the same names, and with the same seed and data
gives the same numbers: losses, weights and metrics are those of `model.compile`.
"""

from __future__ import annotations

from studio.codegen.layout import call, listing
from studio.codegen.source import Source
from studio.graph.document import Project

_STEP = """{decorator}
def train_step(batch):
    x, y, weights = keras.utils.unpack_x_y_sample_weight(batch)
    with tf.GradientTape() as tape:
        predictions = model(x, training=True)
        # The outputs' losses, and those that layers add (regularisation).
        loss = model.compute_loss(x, y, predictions, weights, training=True)
        scaled_loss = model.optimizer.scale_loss(loss)
    gradients = tape.gradient(scaled_loss, model.trainable_variables)
    model.optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    mean_loss.update_state(loss, sample_weight=size_of(x))
    return model.compute_metrics(x, y, predictions, weights)"""

_TEST = """
{decorator}
def test_step(batch):
    x, y, weights = keras.utils.unpack_x_y_sample_weight(batch)
    predictions = model(x, training=False)
    loss = model.compute_loss(x, y, predictions, weights, training=False)
    mean_loss.update_state(loss, sample_weight=size_of(x))
    return model.compute_metrics(x, y, predictions, weights)"""

_SIZE = '''def size_of(batch):
    """Returns the number of elements in a batch of features."""
    return tf.shape(tf.nest.flatten(batch)[0])[0]'''

_ONE = '''def on_iterator(step):
    """Returns a step that takes its batch from an iterator, inside TensorFlow."""

    @tf.function
    def steps(iterator):
        return step(next(iterator))

    return steps'''

_MANY = '''def on_iterator(step):
    """Returns a function that takes several batches from an iterator, a step for each."""

    @tf.function
    def steps(iterator):
        logs = step(next(iterator))
        for _ in tf.range(STEPS_PER_EXECUTION - 1):
            batch = iterator.get_next_as_optional()
            if not batch.has_value():
                break
            logs = step(batch.get_value())
        return logs

    return steps'''

_RUN = '''def run_steps(function, iterator, count, begin):
    """Yields the number of a step and its logs, until `count` of them or the data's end."""
    for step in itertools.count() if count is None else range(count):
        begin(step)
        try:
            logs = function(iterator)
        except tf.errors.OutOfRangeError:
            return
        yield step, logs'''

_RUN_MANY = '''def run_steps(function, iterator, count, begin):
    """Yields the number of a step and its logs, until `count` of them or the data's end.

    Of the steps that one call does it is the last.
    """
    calls = itertools.count(0, STEPS_PER_EXECUTION)
    for step in calls if count is None else range(0, count, STEPS_PER_EXECUTION):
        begin(step)
        try:
            logs = function(iterator)
        except tf.errors.OutOfRangeError:
            return
        last = step + STEPS_PER_EXECUTION - 1
        yield last if count is None else min(last, count - 1), logs'''

_COUNT = '''def count_of(dataset):
    """Returns the number of a dataset's elements; None where TensorFlow can't tell."""
    count = int(dataset.cardinality())
    return count if count >= 0 else None'''

_EVALUATE = '''def evaluate(model, function, dataset, count, callbacks):
    """Tests a model on a dataset; returns its loss and metrics by name."""
    model.reset_metrics()
    logs = {}
    callbacks.on_test_begin()
    steps = run_steps(function, iter(dataset), count, callbacks.on_test_batch_begin)
    for step, logs in steps:
        callbacks.on_test_batch_end(step, logs)
    callbacks.on_test_end(logs)
    return logs'''


def write_steps(source: Source, project: Project) -> None:
    """Writes the functions that the loop is made of."""
    training = project.training
    several = training.steps_per_execution > 1
    validates = "validation" in project.data.outputs
    source.need("tf", "itertools")
    decorator = f"@tf.function{'(jit_compile=True)' if training.jit_compile else ''}"
    helpers = [_SIZE, _MANY if several else _ONE, _RUN_MANY if several else _RUN, _COUNT]
    for text in helpers:
        with source.section("Steps"):
            source.text(text)
    what = "steps that train and test" if validates else "step that trains"
    with (
        source.section("Steps"),
        source.block("def make_steps(model):", f"Returns the compiled {what} a model."),
    ):
        source.line('mean_loss = model.metrics[0]  # what is logged as "loss"')
        source.blank()
        source.text(_STEP.format(decorator=decorator))
        if validates:
            source.text(_TEST.format(decorator=decorator))
        source.blank()
        steps = ["on_iterator(train_step)", *(["on_iterator(test_step)"] if validates else [])]
        source.line(f"return {', '.join(steps)}")
    if validates:
        with source.section("Steps"):
            source.text(_EVALUATE)


def write_epochs(source: Source, project: Project, style: str) -> None:
    """Writes the epochs, behind `model.compile` in the function `train`."""
    training = project.training
    validates = "validation" in project.data.outputs
    if style != "subclass":  # whose weights come with its first call
        source.line("model.optimizer.build(model.trainable_variables)")
    source.line(f"train_steps{', test_steps' if validates else ''} = make_steps(model)")
    if validates:
        limit = training.validation_steps
        counted = 'count_of(datasets["validation"])'
        source.line(f"tested = {counted if limit is None else limit}")
    limit = training.steps_per_epoch
    source.line(f"count = {limit}" if limit is not None else 'count = count_of(datasets["train"])')
    made = ["*make_callbacks()"] if "make_callbacks" in source.functions else []
    source.statement(
        "callbacks = ",
        call(
            "keras.callbacks.CallbackList",
            [listing([*made, "*callbacks"])],
            add_history="True",
            add_progbar="True",
            verbose="2",
            epochs="EPOCHS",
            steps="count",
            model="model",
        ),
    )
    source.line("model.stop_training = False")
    source.line("callbacks.on_train_begin()")
    source.line("logs = {}")
    if limit is not None:
        source.line('size = count_of(datasets["train"])')
        source.line('iterator, done = iter(datasets["train"]), 0')
    with source.block("for epoch in range(EPOCHS):"):
        _write_epoch(source, project)
    source.line("model.optimizer.finalize_variable_values(model.trainable_variables)")
    source.line("callbacks.on_train_end(logs)")
    source.line("return model, model.history, datasets")


def _write_epoch(source: Source, project: Project) -> None:
    training = project.training
    limit = training.steps_per_epoch
    source.line("model.reset_metrics()")
    source.line("callbacks.on_epoch_begin(epoch)")
    if limit is None:
        source.line('iterator = iter(datasets["train"])')
    else:  # a step past the end would be without data, but not without random numbers
        source.line("left = count if size is None else min(count, size - done)")
    arguments = ["train_steps", "iterator", "count" if limit is None else "left"]
    arguments.append("callbacks.on_train_batch_begin")
    source.statement("steps = ", call("run_steps", arguments))
    if limit is not None:
        source.line("step = -1")
    with source.block("for step, logs in steps:"):
        source.line("callbacks.on_train_batch_end(step, logs)")
        with source.block("if model.stop_training:"):
            source.line("break")
    # Each pass through the data is shuffled in another order: these are the passes of fit.
    if limit is None:
        with source.block("if count is not None:"):
            source.line('iter(datasets["train"])  # as fit does: so shuffling is the same')
    else:
        source.line("done += step + 1")
        with source.block("if step + 1 < count or done == size:"):
            source.line('iterator, done = iter(datasets["train"]), 0')
    source.line("logs = dict(logs)")
    if "validation" in project.data.outputs:
        arguments = ["model", "test_steps", 'datasets["validation"]', "tested", "callbacks"]
        source.statement("results = ", call("evaluate", arguments))
        source.line('logs |= {f"val_{name}": value for name, value in results.items()}')
    source.line("callbacks.on_epoch_end(epoch, logs)")
    with source.block("if model.stop_training:"):
        source.line("break")
