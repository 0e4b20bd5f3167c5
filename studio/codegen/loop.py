"""The epochs of the custom loop, around its steps. They log what `fit` logs, by the same names."""

from __future__ import annotations

from studio.codegen.layout import call, listing
from studio.codegen.optimizers import write_optimizers
from studio.codegen.source import Source
from studio.codegen.speed import measures, told_speed
from studio.codegen.step_arguments import builds_plainly, own_logs, step_arguments, step_parts
from studio.codegen.strategy import TRAIN, VALIDATION, gone_through, separates_seeds
from studio.codegen.validating import validated, write_one_more, write_validated
from studio.graph.distribution import SERVERS, WORKERS, spread
from studio.graph.document import Project, Training
from studio.graph.replay import BEGUN, NOTHING, WHOLE, replay

_PASSES = "# Each pass is shuffled in another order: the next is what it would have been."


def write_optimized(source: Source, project: Project, style: str) -> None:
    """Writes what makes the optimizers' variables, behind `model.compile`."""
    training = project.training
    write_optimizers(source, project)
    if spread(project):  # a strategy's variables come before its steps
        source.line(f"build_metrics(model, {TRAIN}.element_spec)")
    built = measures(training) and builds_plainly(training)  # by compile_model
    # Those of a class come with its first call, save where a strategy must have them before.
    if (style != "subclass" or spread(project)) and not built:
        _write_build(source, training, bool(spread(project)))


def write_epochs(source: Source, project: Project) -> None:
    """Writes the epochs, behind the optimizers in the function `train`."""
    training = project.training
    validates = "validation" in project.data.outputs
    spreads = spread(project)
    if own_logs(training):
        source.line("means = {}  # of what the step logs, by name")
    arguments = step_arguments(training) + (", strategy" if spreads else "")
    steps = f"train_steps{', test_steps' if validates else ''}"
    if spreads and not validates and "test" in project.data.outputs:
        steps = "train_steps, _"
    source.line(f"{steps} = make_steps({arguments})")
    if spreads == SERVERS:
        source.line("coordinator = tf.distribute.coordinator.ClusterCoordinator(strategy)")
    elif spreads:
        source.line("spread = spread_data(strategy, datasets)")
    if validates:
        limit = training.validation_steps
        source.line(f"tested = {f'count_of({VALIDATION})' if limit is None else limit}")
        write_validated(source, training)
    limit = training.steps_per_epoch
    source.line(f"count = {limit}" if limit is not None else f"count = count_of({TRAIN})")
    if limit is not None:
        source.line(f"size = count_of({TRAIN})")
    _write_callbacks(source, project)
    source.line("model.stop_training = False")
    source.line("callbacks.on_train_begin()")
    own_step = training.train_step is not None
    if own_step and not spreads:  # which need not make what the validation does, in its place
        _write_traced(source, ["train", *(["test"] if validates else [])])
    with source.block("if resume:"):
        if own_step and spreads:  # the means of what it logs
            _write_spread_traced(source)
        elif not own_step and not spreads:
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


def _write_spread_traced(source: Source) -> None:
    """Traces the step that trains on data of the right form, of which there is none."""
    source.line("# Traced, the step has made all variables that a checkpoint knows.")
    none = call("strategy.experimental_distribute_dataset", [f"{TRAIN}.take(0)"])
    source.statement("nothing = ", none)
    source.line("train_steps.get_concrete_function(iter(nothing))")


def _write_callbacks(source: Source, project: Project) -> None:
    """The list of callbacks, and what keeps the checkpoints: of those that the script has made."""
    training = project.training
    made = "make_callbacks" in source.functions
    if made:
        source.line("own = make_callbacks()")
        if spread(project) == WORKERS:
            source.line("apart(strategy, own)")
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
    parts = [*(["strategy"] if spread(project) else []), *step_parts(training)]
    source.statement("place = ", call("Checkpoints", [folder, "model", kept, "resume", *parts]))
    if spread(project) == WORKERS:
        source.line("# For callbacks that want one, or want all workers to end.")
        source.line('callbacks.params |= {"checkpoint": place.wish, "stop": place.stop}')
    else:
        source.line('callbacks.params["checkpoint"] = place.save  # for callbacks that want one')


def _write_replay(source: Source, project: Project) -> None:
    """The passes through the data that a training that goes on has behind it."""
    train, validation = replay(project, "train"), replay(project, "validation")
    trained, _ = gone_through(project)
    if train == validation == NOTHING:
        return
    source.line(_PASSES)
    counted = validation != NOTHING and project.training.validation_freq != 1
    with source.block(f"for {'epoch' if counted else '_'} in range(place.epoch):"):
        if train == WHOLE:
            _go_through(source, trained)
        if train == BEGUN:
            source.line(f"iter({trained})")
        if train != NOTHING:
            with source.block("if count is not None:"):
                source.line(f"iter({trained})")
        _write_validation(source, project)


def _write_validation(source: Source, project: Project) -> None:
    """The pass of an epoch's validation that is behind."""
    done = replay(project, "validation")
    if done == NOTHING:
        return
    _, tested = gone_through(project)
    with validated(source, project.training):
        if done == WHOLE:
            _go_through(source, tested)
        else:
            source.line(f"iter({tested})")
        write_one_more(source, project)


def _go_through(source: Source, dataset: str) -> None:
    with source.block(f"for _ in {dataset}:"):
        source.line("pass")


def _write_limited_replay(source: Source, project: Project) -> None:
    """The same where an epoch has so many steps, and a pass lasts as long as there are data."""
    trained, _ = gone_through(project)
    if replay(project, "train") != NOTHING:
        source.line(_PASSES)
        with source.block("for _ in range(place.passes):"):
            if replay(project, "train") == WHOLE:
                _go_through(source, trained)
            else:
                source.line(f"iter({trained})")
    if replay(project, "validation") != NOTHING:
        with source.block("for epoch in range(place.epoch):"):
            _write_validation(source, project)
    source.line(f"iterator, passes, done = iter({trained}), place.passes, place.done")
    with source.block("for _ in range(done):"):
        source.line("next(iterator)")


def _write_build(source: Source, training: Training, spreads: bool) -> None:
    """Gives the optimizers their variables; a step of one's own says itself what it applies."""
    if training.trained_by:
        with source.block("for optimizer, variables in parts_of(model, optimizers):"):
            source.line("optimizer.build(variables)")
    elif training.train_step is None or spreads:
        source.line("model.optimizer.build(model.trainable_variables)")
        if training.train_step is not None and training.optimizers:
            with source.block("for optimizer in optimizers.values():"):
                source.line("optimizer.build(model.trainable_variables)")


def _write_epoch(source: Source, project: Project) -> None:
    training = project.training
    trained, tested = gone_through(project)
    limit = training.steps_per_epoch
    source.line("first = place.step  # above 0 where a checkpoint was within the epoch")
    with source.block("if first == 0:"):
        source.line("model.reset_metrics()")
        if own_logs(training):
            with source.block("for mean in means.values():"):
                source.line("mean.reset_state()")
        source.line("callbacks.on_epoch_begin(epoch)")
    if limit is None:
        source.line(f"iterator = iter({trained})")
        left = "count"
    else:  # a step past the end would be without data, but not without random numbers
        source.line("left = count if size is None else min(count, size - done)")
        left = "left"
    with source.block("for _ in range(first):"):
        source.line("next(iterator)")
    arguments = ["train_steps", "iterator", left, "callbacks.on_train_batch_begin", "first"]
    if spread(project) == SERVERS:
        arguments = ["coordinator", "model", *arguments]
        source.statement("steps = ", call("hand_out", arguments))
    else:
        source.statement("steps = ", call("run_steps", told_speed(training) + arguments))
    with source.block("for step, logs in steps:"):
        source.line("callbacks.on_train_batch_end(step, logs)")
        source.line("place.passed(epoch, step + 1, logs)")
        with source.block("if model.stop_training:"):
            source.line("break")
    # Each pass through the data is shuffled in another order: these are the passes of fit.
    if limit is None:
        with source.block("if count is not None:"):
            source.line(f"iter({trained})  # as fit does: so shuffling is the same")
    else:
        source.line("done += place.step")
        with source.block("if place.step < count or done == size:"):
            source.line(f"iterator, passes, done = iter({trained}), passes + 1, 0")
    if separates_seeds(project):
        source.line("merge_states()")
    source.line("logs = dict(place.logs)")
    if "validation" in project.data.outputs:
        arguments = ["model", "test_steps", tested, "tested", "callbacks"]
        with validated(source, training):
            source.statement("results = ", call("evaluate", arguments))
            source.line('logs |= {f"val_{name}": value for name, value in results.items()}')
            write_one_more(source, project)
    source.line("callbacks.on_epoch_end(epoch, logs)")
    if limit is not None:
        source.line("place.passes, place.done = passes, done")
    source.line("place.passed(epoch + 1, 0, logs)")
