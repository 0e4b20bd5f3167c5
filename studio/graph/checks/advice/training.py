"""Optimizer and callbacks: rates, patience, and what they watch."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from studio.graph.catalogue.registry import find
from studio.graph.checks.advice.context import Context
from studio.graph.checks.advice.fixes import changed, param, set_callback, step
from studio.graph.checks.advice.registry import Finding, advice
from studio.graph.document import Call, is_call, output_name
from studio.graph.edits import SetTraining
from studio.graph.problems import nearest, quoted
from studio.graph.replay import validated

WATCHING = ("EarlyStopping", "ReduceLROnPlateau", "ModelCheckpoint")
ADAM_LIKE = ("Adam", "AdamW", "Adamax", "Nadam", "RMSprop", "Lion", "Lamb", "ScheduleFreeAdamW")
HIGH = dict.fromkeys(ADAM_LIKE, 0.1) | {"SGD": 1.0}
"""Learning rates beyond which a training with this optimizer hardly ever holds together."""


def _watched(context: Context) -> Iterator[tuple[int, str, Call, str]]:
    """The callbacks that watch a value, which is one they act by."""
    for index, name, call in context.callbacks:
        idle = name == "ModelCheckpoint" and not context.value(call, "save_best_only")
        monitor = context.value(call, "monitor") if name in WATCHING and not idle else None
        if isinstance(monitor, str):
            yield index, name, call, monitor


def _at(index: int, message: str, hint: str, fix=None) -> Finding:
    place = f"training.callbacks[{index}]"
    return Finding("", message, hint, fix, graph="training", place=place)


@advice("no-validation")
def no_validation(context: Context) -> Iterator[Finding]:
    """A callback watches a value of the validation (`val_loss` is the default), but there is no
    validation data, so the value never comes: EarlyStopping never stops, ReduceLROnPlateau never
    reduces, ModelCheckpoint saves nothing as the best. Lead a part of the data to `validation`,
    or watch a value of the training, such as `loss`.
    """
    data = context.data
    if data is None or not data.graph.outputs or "validation" in data.graph.outputs:
        return
    parts = {edge.source for edge in data.graph.edges}
    for index, name, call, monitor in _watched(context):
        # Who has split a validation off, and has not come to use it, is not at the end yet.
        ready = any(
            data.value(node, "validation") and f"{node}.validation" not in parts
            for node in data.of("split")
        )
        if not monitor.startswith("val_") or (ready and "monitor" not in call.params):
            continue
        wanted = monitor.removeprefix("val_")
        title = f"Let {name} watch {wanted}"
        yield _at(
            index,
            f"{name} watches {quoted(monitor)}, but there is no validation data.",
            f"Give the data an output for validation, or watch {quoted(wanted)}.",
            set_callback(context.project, index, changed(call, monitor=wanted), title),
        )


def _logged(context: Context) -> set[str] | None:
    """The names that a training reports; None where they can't be known."""
    names = {"loss"}
    several = len(context.project.model.outputs) > 1
    for end in context.project.model.outputs:
        output = output_name(end)
        names |= {f"{output}_loss"} if several else set()
        weighted = context.training.weighted_metrics.get(output, ())
        for call in (*context.training.metrics.get(output, ()), *weighted):
            op = find(call.op)
            name = context.value(call, "name") if op is not None else None
            if not isinstance(name, str):
                return None  # Keras makes one up, or the code does
            names.add(f"{output}_{name}" if several else name)
    return names | {f"val_{name}" for name in names} | {"learning_rate"}


@advice("unknown-monitor")
def unknown_monitor(context: Context) -> Iterator[Finding]:
    """A callback watches a value that the training doesn't report, so it never acts. The names
    are `loss` and those of the metrics (by their `name`), with `val_` before them for the
    validation; a model with several outputs puts the output's name before: `digit_accuracy`.
    Write one of those.
    """
    if context.training is None or context.project.model is None:
        return
    names = _logged(context)
    for index, name, call, monitor in _watched(context) if names else ():
        if monitor in names:
            continue
        close = get_close_matches(monitor, sorted(names), n=1, cutoff=0.6)
        fix = None
        if close:
            title = f"Let {name} watch {close[0]}"
            fix = set_callback(context.project, index, changed(call, monitor=close[0]), title)
        shown = ", ".join(sorted(n for n in names if not n.startswith("val_"))[:12])
        yield _at(
            index,
            f"{name} watches {quoted(monitor)}, which this training doesn't report.",
            nearest(monitor, names) or f"It reports {shown}, and val_ before each of them.",
            fix,
        )
    best = context.training.checkpoint_best
    if best and names and best not in names:
        yield Finding(
            "",
            f"The best epoch is to be kept by {quoted(best)}, which this training doesn't report.",
            nearest(best, names) or "It reports loss and the metrics, val_ before each.",
            graph="training",
            place="training.checkpoint_best",
        )


@advice("monitor-direction")
def monitor_direction(context: Context) -> Iterator[Finding]:
    """A callback is told that the value it watches gets better the other way round: that a loss
    should rise, or an accuracy fall. EarlyStopping then stops when the model gets better, and
    ModelCheckpoint keeps the worst. Set `mode` to "auto", which goes by the value watched.
    """
    for index, name, call, monitor in _watched(context):
        mode = context.value(call, "mode")
        falls = monitor.endswith(("loss", "error"))
        rises = monitor.endswith(("accuracy", "acc", "auc", "precision", "recall"))
        if (mode == "max" and falls) or (mode == "min" and rises):
            title = f"Let {name} find out which way is better"
            yield _at(
                index,
                f'{name} has mode "{mode}", but {quoted(monitor)} gets better by '
                f"{'falling' if falls else 'rising'}.",
                'Set mode to "auto".',
                set_callback(context.project, index, changed(call, mode=None), title),
            )


@advice("patience-over-epochs")
def patience_over_epochs(context: Context) -> Iterator[Finding]:
    """The callback waits for more epochs than the training has, so it can never act. Lower its
    `patience`, or train for more epochs. (EarlyStopping that restores the best weights at the
    end does something all the same, and isn't reported.)
    """
    for index, name, call in context.callbacks:
        if name not in ("EarlyStopping", "ReduceLROnPlateau"):
            continue
        patience, epochs = context.value(call, "patience"), context.training.epochs
        useful = name == "EarlyStopping" and context.value(call, "restore_best_weights")
        if useful or not isinstance(patience, int) or patience < epochs or epochs < 2:
            continue
        wanted = max(1, epochs // 4)
        title = f"Set the patience of {name} to {wanted}"
        yield _at(
            index,
            f"{name} waits for {patience} epochs, but the training has {epochs}.",
            f"Set patience to {wanted}, or train longer.",
            set_callback(context.project, index, changed(call, patience=wanted), title),
        )


@advice("stops-before-plateau")
def stops_before_plateau(context: Context) -> Iterator[Finding]:
    """EarlyStopping and ReduceLROnPlateau watch the same value, and the first loses patience no
    later than the second: the training is over before a smaller learning rate could help. Give
    ReduceLROnPlateau less patience than EarlyStopping, about half.
    """
    stops = [each for each in _watched(context) if each[1] == "EarlyStopping"]
    for index, name, call, monitor in _watched(context):
        for _, _, stop, other in stops if name == "ReduceLROnPlateau" else ():
            wait, limit = context.value(call, "patience"), context.value(stop, "patience")
            if other != monitor or not isinstance(wait, int) or not 0 < limit <= wait:
                continue
            wanted, fix = limit // 2, None
            if wanted:
                title = f"Set the patience of {name} to {wanted}"
                fix = set_callback(context.project, index, changed(call, patience=wanted), title)
            yield _at(
                index,
                f"ReduceLROnPlateau waits for {wait} epochs, but EarlyStopping ends the training "
                f"after {limit}.",
                f"Set its patience to less than {limit}.",
                fix,
            )
            break


@advice("schedule-and-callback")
def schedule_and_callback(context: Context) -> Iterator[Finding]:
    """The optimizer follows a schedule, and a callback sets the learning rate too. A rate that
    comes from a schedule can't be set: Keras stops with an error as soon as the callback tries.
    Keep the schedule or the callback.
    """
    optimizer = context.training.optimizer if context.training is not None else None
    if optimizer is None or not is_call(optimizer.params.get("learning_rate")):
        return
    for index, name, _ in context.callbacks:
        if name in ("ReduceLROnPlateau", "LearningRateScheduler"):
            yield _at(
                index,
                f"{name} sets the learning rate, but the optimizer's follows a schedule, which "
                "can't be set.",
                "Remove the callback, or give the optimizer a number.",
                set_callback(context.project, index, None, f"Remove {name}"),
            )


@advice("learning-rate")
def learning_rate(context: Context) -> Iterator[Finding]:
    """The learning rate is 0, so that nothing is learnt, or far larger than this optimizer can
    take: above 0.1 for Adam and its kin, above 1 for SGD. Steps that large jump over every
    valley, and the loss grows or becomes NaN. Begin with the default (0.001 for Adam, 0.01 for
    SGD) and try three times more or less from there.
    """
    optimizer = context.training.optimizer if context.training is not None else None
    op = find(optimizer.op) if optimizer is not None else None
    if op is None or "training.optimizer" in context.bad_places:
        return
    rate = optimizer.params.get("learning_rate")
    if is_call(rate):
        rate = rate.get("params", {}).get("initial_learning_rate") or None
    high = HIGH.get(op.name)
    if not isinstance(rate, (int, float)) or (rate != 0 and (high is None or rate <= high)):
        return
    default = op.params["learning_rate"].default
    plain = changed(optimizer, learning_rate=None)
    title = f"Set the learning rate to {default}"
    yield Finding(
        "",
        f"{op.name} has a learning rate of {rate:g}, "
        + ("so nothing is learnt." if rate == 0 else "with which training hardly holds together."),
        f"Set it to {default}, the default, and try from there.",
        step(title, SetTraining("optimizer", plain)),
        graph="training",
        place="training.optimizer",
    )


@advice("nothing-trains")
def nothing_trains(context: Context) -> Iterator[Finding]:
    """The model has weights, but none of them is trained: all its layers have `trainable` set to
    false. The training runs and changes nothing. Leave at least the last layer trainable.
    """
    view, last = context.model, [output.layer for output in context.outputs if output.layer]
    if view is None or context.training is None or view.bad:
        return
    weights = [weight for node in view.used for weight in view.weights(node)]
    if not weights or any(weight.trainable for weight in weights):
        return
    fix = None
    if last and "trainable" in view.made(last[0]).params:
        fix = step(f"Train {last[0]}", param(view, last[0], "trainable", None))
    yield Finding(
        "",
        "trains nothing: every layer with weights has trainable set to false.",
        "Leave at least the last layer trainable.",
        fix,
        graph="training",
        place="training",
    )


@advice("steps-beyond-data")
def steps_beyond_data(context: Context) -> Iterator[Finding]:
    """An epoch is told to have more steps than the data has batches. Keras stops in the middle of
    the first epoch and warns that the data ran out. Leave the number of steps away, so that an
    epoch is all of the data, or put tf.data.Dataset.repeat into it.
    """
    for split, field in (("train", "steps_per_epoch"), ("validation", "validation_steps")):
        elements = context.elements(split)
        steps = getattr(context.training, field) if context.training is not None else None
        if elements is None or steps is None or elements.count is None or elements.infinite:
            continue
        if steps > elements.count:
            title = f"Let the data say how long the {split} is"
            yield Finding(
                "",
                f"asks for {steps} steps, but the data has {elements.count} batches for {split}.",
                "Leave it away, or put tf.data.Dataset.repeat into the data.",
                step(title, SetTraining(field, None)),
                graph="training",
                place=f"training.{field}",
            )


@advice("never-validated")
def never_validated(context: Context) -> Iterator[Finding]:
    """There is validation data, but `validation_freq` names no epoch that the training has: it is
    larger than the number of epochs, or a list of others. The data is read by nobody, and nothing
    is known of how the model does on what it hasn't seen. Lower it, or train for more epochs.
    """
    training, data = context.training, context.project.data
    if training is None or data is None or "validation" not in data.outputs:
        return
    if not any(validated(training, epoch) for epoch in range(training.epochs)):
        yield Finding(
            "",
            f"lets none of the {training.epochs} epochs end with a validation.",
            f"Set it to a number up to {training.epochs}.",
            step("Validate behind each epoch", SetTraining("validation_freq", 1)),
            graph="training",
            place="training.validation_freq",
        )
