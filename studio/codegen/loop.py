"""The epochs of the custom loop, around its steps. They log what `fit` logs, by the same names."""

from __future__ import annotations

from studio.codegen.layout import call, listing
from studio.codegen.optimizers import write_optimizers
from studio.codegen.source import Source
from studio.codegen.steps import step_arguments
from studio.graph.document import Project, Training


def write_epochs(source: Source, project: Project, style: str) -> None:
    """Writes the epochs, behind `model.compile` in the function `train`."""
    training = project.training
    validates = "validation" in project.data.outputs
    write_optimizers(source, project)
    if style != "subclass":  # whose weights come with its first call
        _write_build(source, training)
    if training.train_step is not None:
        source.line("means = {}  # of what the step logs, by name")
    made = f"make_steps({step_arguments(training)})"
    source.line(f"train_steps{', test_steps' if validates else ''} = {made}")
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
    source.line("model.reset_metrics()")
    if training.train_step is not None:
        with source.block("for mean in means.values():"):
            source.line("mean.reset_state()")
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
