"""The steps of the custom loop: a GradientTape step compiled by tf.function, one that tests, and
the functions that take them through the data.

With the same seed and data they give the numbers of `fit`: losses, weights and metrics are those
of `model.compile`.
"""

from __future__ import annotations

from textwrap import indent

from studio.codegen import replica_steps, server_steps
from studio.codegen.class_weights import WEIGH, write_class_weights
from studio.codegen.optimizers import APPLY, write_parts
from studio.codegen.own_step import MEANS, SCALARS, own_call, write_own_step
from studio.codegen.separate import STEP as SEPARATE
from studio.codegen.separate import write_separate
from studio.codegen.source import Source
from studio.codegen.speed import measures
from studio.codegen.step_arguments import own_logs, step_arguments
from studio.graph.distribution import SERVERS, shares_batches, spread
from studio.graph.document import Project, Training
from studio.graph.elements import Structure
from studio.graph.ops.strategies import CENTRAL

_STEP = """{decorator}
def train_step(batch):
    x, y, weights = keras.utils.unpack_x_y_sample_weight(batch){weights}
    with tf.GradientTape() as tape:
        predictions = model(x, training=True)
        # The outputs' losses, and those that layers add (regularisation).
        loss = model.compute_loss(x, y, predictions, weights, training=True){scaled}
{apply}
    mean_loss.update_state(loss, sample_weight=size_of(x))
    return model.compute_metrics(x, y, predictions, weights)"""

_SCALED = """
        scaled_loss = model.optimizer.scale_loss(loss)"""

_APPLY = """gradients = tape.gradient(scaled_loss, model.trainable_variables)
model.optimizer.apply_gradients(zip(gradients, model.trainable_variables))"""

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

_RUN = '''def run_steps(function, iterator, count, begin, first=0):
    """Yields the number of a step and its logs, until `count` of them or the data's end."""
    for step in itertools.count(first) if count is None else range(first, count):
        begin(step)
        try:
            logs = function(iterator)
        except tf.errors.OutOfRangeError:
            return
        yield step, logs'''

_RUN_MANY = '''def run_steps(function, iterator, count, begin, first=0):
    """Yields the number of a step and its logs, until `count` of them or the data's end.

    Of the steps that one call does it is the last.
    """
    calls = itertools.count(first, STEPS_PER_EXECUTION)
    for step in calls if count is None else range(first, count, STEPS_PER_EXECUTION):
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

_EVALUATE_TOLD = _EVALUATE.replace(
    "    steps = run_steps(function, iter(dataset), count, callbacks.on_test_batch_begin)",
    """    per_call, begin = model.steps_per_execution, callbacks.on_test_batch_begin
    steps = run_steps(per_call, function, iter(dataset), count, begin)""",
)


def write_steps(source: Source, project: Project, structure: Structure) -> None:
    """Writes the functions that the loop is made of; `structure` is that of the elements."""
    training = project.training
    kind = spread(project)
    if kind:
        write = write_server_steps if kind == SERVERS else write_spread_steps
        write(source, project, structure)
        return
    chosen = measures(training)
    several = chosen or training.steps_per_execution > 1
    validates = "validation" in project.data.outputs
    source.need("tf", "itertools")
    xla = "model.jit_compile" if chosen else "True"
    decorator = f"@tf.function{f'(jit_compile={xla})' if training.jit_compile else ''}"
    helpers = [_SIZE, _MANY if several else _ONE, _RUN_MANY if several else _RUN, _COUNT]
    helpers += [SCALARS, MEANS] if own_logs(training) else []
    helpers = [*map(_told, helpers)] if chosen else helpers
    _write_helpers(source, project, structure, helpers)
    if training.persistent_tape:
        write_separate(source, project)
    what = "steps that train and test" if validates else "step that trains"
    head = f"def make_steps({step_arguments(training)}):"
    with (
        source.section("Steps"),
        source.block(head, f"Returns the compiled {what} a model."),
    ):
        if training.train_step is None or validates:
            source.line('mean_loss = model.metrics[0]  # what is logged as "loss"')
            source.blank()
        if training.train_step is not None:
            write_own_step(source, project, decorator)
        else:
            source.text(_train_step(training, decorator))
        if validates:
            source.text(_TEST.format(decorator=decorator))
        source.blank()
        told = "per_call, " if chosen else ""
        if chosen:
            source.line("per_call = model.steps_per_execution")
        names = ["train_step", *(["test_step"] if validates else [])]
        source.line(f"return {', '.join(f'on_iterator({told}{name})' for name in names)}")
    if validates:
        with source.section("Steps"):
            source.text(_EVALUATE_TOLD if chosen else _EVALUATE)


def _write_helpers(
    source: Source, project: Project, structure: Structure, helpers: list[str]
) -> None:
    """Writes functions that steps use, and those that the training's own settings ask for."""
    for text in helpers:
        with source.section("Steps"):
            source.text(text)
    if project.training.class_weights:
        write_class_weights(source, project.training, structure)
    if project.training.trained_by:
        write_parts(source, project)


def write_spread_steps(source: Source, project: Project, structure: Structure) -> None:
    """The same where a strategy spreads the steps."""
    training = project.training
    validates = "validation" in project.data.outputs
    tests = validates or "test" in project.data.outputs
    own = training.train_step is not None
    source.need("tf", "itertools")
    many = training.steps_per_execution > 1
    iterated = replica_steps.MANY if many else replica_steps.ONE
    build = server_steps.BUILD.replace("{build}", server_steps.ON_REPLICAS)
    helpers = [_SIZE, server_steps.ZEROS, build]
    counts = project.distribution.op == CENTRAL
    if counts:
        iterated = replica_steps.count_added(iterated)
        helpers += [server_steps.COUNT, replica_steps.COUNT]
    if not own or tests:
        helpers += [replica_steps.LOSSES, iterated]
    helpers += [_RUN_MANY if many else _RUN, _COUNT]
    if own:
        ours = replica_steps.own_logged(iterated)
        if tests:
            ours = ours.replace("def on_iterator(", "def own_on_iterator(")
        helpers += [SCALARS, replica_steps.WHOLE_LOGS, ours]
    _write_helpers(source, project, structure, helpers)
    clipped = not own and shares_batches(project) and replica_steps.write_clip(source, project)
    what = "steps that train and test" if tests else "step that trains"
    head = f"def make_steps({', '.join([*step_arguments(training).split(', '), 'strategy'])}):"
    doc = f"Returns the compiled {what} a model on all replicas."
    with source.section("Steps"), source.block(head, doc):
        if not own or tests:
            source.line('mean_loss = model.metrics[0]  # what is logged as "loss"')
            if counts:
                source.line(server_steps.COUNTED)
            source.blank()
        shaped = replica_steps.counted if counts else str
        if own:
            with source.block("def train_step(batch):"):
                source.statement("logs = ", own_call(source, project))
                source.line("x, _, _ = keras.utils.unpack_x_y_sample_weight(batch)")
                source.line("return whole_logs(logs, x)")
        else:
            source.text(shaped(_replica_step(training, clipped)))
        if tests:
            source.text(shaped(replica_steps.TEST))
        source.blank()
        mine = ("own_on_iterator" if tests else "on_iterator") if own else "on_iterator"
        made = f"{mine}(train_step, strategy, {'means' if own else 'model'})"
        if tests:
            source.line(f"train_steps = {made}")
            source.line("return train_steps, on_iterator(test_step, strategy, model)")
        else:
            source.line(f"return {made}")
    if tests:
        with source.section("Steps"):
            source.text(_EVALUATE)


def write_server_steps(source: Source, project: Project, structure: Structure) -> None:
    """The same where workers train with the weights of parameter servers."""
    training = project.training
    tests = {"validation", "test"} & set(project.data.outputs)
    source.need("tf", "itertools")
    build = server_steps.BUILD.replace("{build}", server_steps.HERE)
    helpers = [_SIZE, server_steps.ZEROS, build, server_steps.COUNT]
    helpers += [server_steps.HAND_OUT, _COUNT]
    helpers += [_ONE, _RUN] if tests else []
    _write_helpers(source, project, structure, helpers)
    head = f"def make_steps({step_arguments(training)}, strategy):"
    doc = "Returns the compiled step of a worker" + (
        ", and the chief's that tests." if tests else "."
    )
    with source.section("Steps"), source.block(head, doc):
        source.line('mean_loss = model.metrics[0]  # what is logged as "loss"')
        source.line(server_steps.COUNTED)
        source.blank()
        parts = _parts(training)
        # There it stands in one block more.
        parts["scaled"] = parts["scaled"].replace("\n", "\n    ")
        source.text(server_steps.STEP.format(**parts))
        if tests:
            source.text(_TEST.format(decorator="@tf.function"))
        source.blank()
        source.line(f"return train_step{', on_iterator(test_step)' if tests else ''}")
    if tests:
        with source.section("Steps"):
            source.text(_EVALUATE)


def _replica_step(training: Training, clipped: bool) -> str:
    parts = _parts(training)
    if clipped:
        applied = "    model.optimizer.apply"
        clip = "    gradients = clip(gradients)"
        parts["apply"] = parts["apply"].replace(applied, f"{clip}\n{applied}")
    return replica_steps.STEP.format(**parts)


def _parts(training: Training) -> dict[str, str]:
    """What a step has of the training's own: weights, a scaled loss, how gradients are applied."""
    scaled, apply = ("", APPLY) if training.trained_by else (_SCALED, _APPLY)
    weights = f"\n    {WEIGH}" if training.class_weights else ""
    return {"weights": weights, "scaled": scaled, "apply": indent(apply, " " * 4)}


def _told(helper: str) -> str:
    """A helper that is told the steps of one call, instead of knowing them."""
    helper = helper.replace("STEPS_PER_EXECUTION", "per_call")
    helper = helper.replace("def on_iterator(", "def on_iterator(per_call, ")
    return helper.replace("def run_steps(", "def run_steps(per_call, ")


def _train_step(training: Training, decorator: str) -> str:
    """The step that the script itself has."""
    if training.persistent_tape:
        return SEPARATE.format(decorator=decorator)
    return _STEP.format(decorator=decorator, **_parts(training))
