"""The epochs of the custom loop, around its steps. They log what `fit` logs, by the same names."""

from __future__ import annotations

from studio.codegen.layout import call, listing
from studio.codegen.optimizers import write_optimizers
from studio.codegen.source import Source
from studio.codegen.speed import measures, told_speed
from studio.codegen.step_arguments import builds_plainly, own_logs, step_arguments, step_parts
from studio.codegen.validating import VALIDATION, validated, write_one_more, write_validated
from studio.graph.document import Project, Training
from studio.graph.replay import BEGUN, NOTHING, WHOLE, replay

_PASSES = "# Each pass is shuffled in another order: the next is what it would have been."
TRAIN = 'datasets["train"]'


def write_epochs(source: Source, project: Project, style: str) -> None:
    """Writes the epochs, behind `model.compile` in the function `train`."""
    training = project.training
    validates = "validation" in project.data.outputs
    write_optimizers(source, project)
    built = measures(training) and builds_plainly(training)  # by compile_model
    if style != "subclass" and not built:  # whose weights come with its first call
        _write_build(source, training)
    if own_logs(training):
        source.line("means = {}  # of what the step logs, by name")
    made = f"make_steps({step_arguments(training)})"
    source.line(f"train_steps{', test_steps' if validates else ''} = {made}")
    if validates:
        limit = training.validation_steps
        source.line(f"tested = {f'count_of({VALIDATION})' if limit is None else limit}")
        write_validated(source, training)
    limit = training.steps_per_epoch
    source.line(f"count = {limit}" if limit is not None else f"count = count_of({TRAIN})")
    if limit is not None:
        source.line(f"size = count_of({TRAIN})")
    _write_callbacks(source, training)
    source.line("model.stop_training = False")
    source.line("callbacks.on_train_begin()")
    own_step = training.train_step is not None
    if own_step:  # which need not make what the validation does: metrics, in their place
        _write_traced(source, ["train", *(["test"] if validates else [])])
    with source.block("if resume:"):
        if not own_step:
            _write_traced(source, ["train"])
        source.line("place.restore(callbacks.on_epoch_begin)")
    if limit is None:
        _write_replay(source, project)
    else:
        _write_limited_replay(source, project)
    with source.block("for epoch in range(place.epoch, EPOCHS):"):
        with source.block("if model.stop_training:"):
            source.line("break")
        _write_epoch(source, project)
    source.line("model.optimizer.finalize_variable_values(model.trainable_variables)")
    source.line("callbacks.on_train_end(place.logs)")
    source.line("return model, model.history, datasets")


def _write_traced(source: Source, steps: list[str]) -> None:
    """Traces steps, by which the variables come to be."""
    those = "steps have" if len(steps) > 1 else "step has"
    source.line(f"# Traced, the {those} made all variables that a checkpoint knows.")
    for step in steps:
        spec = f"tf.data.IteratorSpec({TRAIN if step == 'train' else VALIDATION}.element_spec)"
        source.statement(call(f"{step}_steps.get_concrete_function", [spec]))


def _write_callbacks(source: Source, training: Training) -> None:
    """The list of callbacks, and what keeps the checkpoints: of those that the script has made."""
    made = "make_callbacks" in source.functions
    if made:
        source.line("own = make_callbacks()")
    if any(each.op == "keras.callbacks.CSVLogger" for each in training.callbacks):
        condition = "if resume and isinstance(each, keras.callbacks.CSVLogger):"
        with source.block("for each in own:"), source.block(condition):
            source.line("each.append = True  # to what it has written before")
    source.statement(
        "callbacks = ",
        call(
            "keras.callbacks.CallbackList",
            [listing([*(["*own"] if made else []), "*callbacks"])],
            add_history="True",
            add_progbar="True",
            verbose="2",
            epochs="EPOCHS",
            steps="count",
            model="model",
        ),
    )
    kept = listing([*(["*own"] if made else []), "model.history"])
    folder = 'HERE / "checkpoints"'
    parts = step_parts(training)
    source.statement("place = ", call("Checkpoints", [folder, "model", kept, "resume", *parts]))
    source.line('callbacks.params["checkpoint"] = place.save  # for callbacks that want one')


def _write_replay(source: Source, project: Project) -> None:
    """The passes through the data that a training that goes on has behind it."""
    train, validation = replay(project, "train"), replay(project, "validation")
    if train == validation == NOTHING:
        return
    source.line(_PASSES)
    counted = validation != NOTHING and project.training.validation_freq != 1
    with source.block(f"for {'epoch' if counted else '_'} in range(place.epoch):"):
        if train == WHOLE:
            _go_through(source, TRAIN)
        if train == BEGUN:
            source.line(f"iter({TRAIN})")
        if train != NOTHING:
            with source.block("if count is not None:"):
                source.line(f"iter({TRAIN})")
        _write_validation(source, project)


def _write_validation(source: Source, project: Project) -> None:
    """The pass of an epoch's validation that is behind."""
    done = replay(project, "validation")
    if done == NOTHING:
        return
    with validated(source, project.training):
        if done == WHOLE:
            _go_through(source, VALIDATION)
        else:
            source.line(f"iter({VALIDATION})")
        write_one_more(source, project)


def _go_through(source: Source, dataset: str) -> None:
    with source.block(f"for _ in {dataset}:"):
        source.line("pass")


def _write_limited_replay(source: Source, project: Project) -> None:
    """The same where an epoch has so many steps, and a pass lasts as long as there are data."""
    if replay(project, "train") != NOTHING:
        source.line(_PASSES)
        with source.block("for _ in range(place.passes):"):
            if replay(project, "train") == WHOLE:
                _go_through(source, TRAIN)
            else:
                source.line(f"iter({TRAIN})")
    if replay(project, "validation") != NOTHING:
        with source.block("for epoch in range(place.epoch):"):
            _write_validation(source, project)
    source.line(f"iterator, passes, done = iter({TRAIN}), place.passes, place.done")
    with source.block("for _ in range(done):"):
        source.line("next(iterator)")


def _write_build(source: Source, training: Training) -> None:
    """Gives the optimizers their variables; a step of one's own says itself what it applies."""
    if training.trained_by:
        with source.block("for optimizer, variables in parts_of(model, optimizers):"):
            source.line("optimizer.build(variables)")
    elif training.train_step is None:
        source.line("model.optimizer.build(model.trainable_variables)")


def _write_epoch(source: Source, project: Project) -> None:
    training = project.training
    limit = training.steps_per_epoch
    source.line("first = place.step  # above 0 where a checkpoint was within the epoch")
    with source.block("if first == 0:"):
        source.line("model.reset_metrics()")
        if own_logs(training):
            with source.block("for mean in means.values():"):
                source.line("mean.reset_state()")
        source.line("callbacks.on_epoch_begin(epoch)")
    if limit is None:
        source.line(f"iterator = iter({TRAIN})")
        left = "count"
    else:  # a step past the end would be without data, but not without random numbers
        source.line("left = count if size is None else min(count, size - done)")
        left = "left"
    with source.block("for _ in range(first):"):
        source.line("next(iterator)")
    arguments = ["train_steps", "iterator", left, "callbacks.on_train_batch_begin", "first"]
    source.statement("steps = ", call("run_steps", told_speed(training) + arguments))
    with source.block("for step, logs in steps:"):
        source.line("callbacks.on_train_batch_end(step, logs)")
        source.line("place.passed(epoch, step + 1, logs)")
        with source.block("if model.stop_training:"):
            source.line("break")
    # Each pass through the data is shuffled in another order: these are the passes of fit.
    if limit is None:
        with source.block("if count is not None:"):
            source.line(f"iter({TRAIN})  # as fit does: so shuffling is the same")
    else:
        source.line("done += place.step")
        with source.block("if place.step < count or done == size:"):
            source.line(f"iterator, passes, done = iter({TRAIN}), passes + 1, 0")
    source.line("logs = dict(place.logs)")
    if "validation" in project.data.outputs:
        arguments = ["model", "test_steps", VALIDATION, "tested", "callbacks"]
        with validated(source, training):
            source.statement("results = ", call("evaluate", arguments))
            source.line('logs |= {f"val_{name}": value for name, value in results.items()}')
            write_one_more(source, project)
    source.line("callbacks.on_epoch_end(epoch, logs)")
    if limit is not None:
        source.line("place.passes, place.done = passes, done")
    source.line("place.passed(epoch + 1, 0, logs)")
