"""What doesn't go together with the strategy that spreads a training, and what does instead."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from studio.graph.catalogue.registry import find
from studio.graph.distribution import SERVERS, WORKERS, clips, several, shares_batches, spread
from studio.graph.document import Call, Distribution, Project, Training, is_call
from studio.graph.edits import Edit, SetProject, SetTraining, Several
from studio.graph.ops.strategies import CENTRAL, TPU
from studio.graph.problems import ERROR, Problem

CODE = "bad-strategy"


def check_distribution(project: Project) -> Iterator[Problem]:
    """What is wrong with the strategy, beyond its call and its cluster."""
    strategy, training = project.distribution, project.training
    op = find(strategy.op) if strategy is not None else None
    if op is None or op.kind != "strategy":
        return
    yield from _devices(project, strategy)
    if training is None:
        return
    yield from _loop(project, op.name)
    yield from _rate(strategy, training)
    if several(project) or training.loop == "custom":
        yield from _compiled(project, op.name)
    if several(project):
        yield from _gradients(project, op.name)
    if spread(project) == SERVERS:
        yield from _servers(training)
    if strategy.op == CENTRAL:
        yield from _stateful(project)


def _problem(place: str, message: str, hint: str, fix: Edit | None = None) -> Problem:
    return Problem(ERROR, CODE, "training", "", message, hint, place, fix)


def _set(title: str, **values) -> Edit:
    return Several(tuple(SetTraining(name, value) for name, value in values.items()), title)


def _devices(project: Project, strategy: Distribution) -> Iterator[Problem]:
    if strategy.virtual_devices and (spread(project) in (WORKERS, SERVERS) or strategy.op == TPU):
        message = "splits the devices of one process, but this strategy spreads over others."
        hint = "Leave virtual_devices out; studio run --local-cluster tries a cluster here."
        whole = SetProject("distribution", replace(strategy, virtual_devices=None))
        fix = Several((whole,), "Leave the devices whole")
        yield _problem("distribution.virtual_devices", message, hint, fix)


def _loop(project: Project, name: str) -> Iterator[Problem]:
    """Strategies under which Keras' own loop can't train, or measures wrongly."""
    strategy, training = project.distribution, project.training
    if training.loop != "fit":
        return
    why = ""
    if spread(project) in (WORKERS, SERVERS):
        why = f"fit can't train under {name} (Keras issue 20585); the custom loop can."
    elif strategy.op == CENTRAL:
        why = f"under {name} the metrics of fit count wrongly; those of the custom loop don't."
    if why:
        fix = _set("Train in the custom loop", loop="custom")
        yield _problem("training.loop", why, 'Set loop to "custom".', fix)


def _rate(strategy: Distribution, training: Training) -> Iterator[Problem]:
    """A learning rate that grows with the replicas is a number."""
    if strategy.scale_learning_rate is None or training.optimizer is None:
        return
    op = find(training.optimizer.op)
    param = op.params.get("learning_rate") if op is not None else None
    rate = training.optimizer.params.get("learning_rate")
    if param is None or is_call(rate):
        what = "a schedule" if is_call(rate) else "no learning rate of its own"
        message = f"multiplies the learning rate, but the optimizer has {what}."
        hint = "Give the schedule the rate that you want, and leave scale_learning_rate out."
        plain = SetProject("distribution", replace(strategy, scale_learning_rate=None))
        fix = Several((plain,), "Leave the learning rate as it is")
        yield _problem("distribution.scale_learning_rate", message, hint, fix)


def _compiled(project: Project, name: str) -> Iterator[Problem]:
    training = project.training
    chosen = [
        field
        for field in ("steps_per_execution", "jit_compile")
        if getattr(training, field) == "auto"
    ]
    for field in chosen:
        message = f'is "auto", which measures without a strategy; there is {name}.'
        value = 1 if field == "steps_per_execution" else False
        hint = f"Set it to {'a number' if value else 'false'}."
        yield _problem(f"training.{field}", message, hint, _set("Set it by hand", **{field: value}))
    if training.jit_compile is True and project.distribution.op != TPU:
        message = f"asks for XLA, by which a step can't be compiled under {name}."
        fix = _set("Train without XLA", jit_compile=False)
        yield _problem("training.jit_compile", message, "Set it to false.", fix)


def _optimizers(training: Training) -> Iterator[tuple[str, Call]]:
    if training.optimizer is not None:
        yield "training.optimizer", training.optimizer
    for name, call in training.optimizers.items():
        yield f"training.optimizers.{name}", call


def _gradients(project: Project, name: str) -> Iterator[Problem]:
    training = project.training
    for place, call in _optimizers(training):
        inner = call.params.get("inner_optimizer")
        params = call.params | (inner.get("params", {}) if is_call(inner) else {})
        if (params.get("gradient_accumulation_steps") or 1) > 1:
            message = f"adds up gradients over several steps, which fails under {name}."
            hint = "Leave gradient_accumulation_steps out; more replicas make larger batches."
            yield _problem(place, message, hint)
        clipped = shares_batches(project) and any(
            params.get(each) is not None for each in ("clipnorm", "global_clipnorm")
        )
        ours = place == "training.optimizer" and clips(call) and training.train_step is None
        if clipped and not (ours and not training.trained_by) and training.loop == "custom":
            message = "clips gradients, but each replica has those of its part of a batch alone."
            hint = "Clip with the model's own optimizer, in the loop's own step, or not at all."
            yield _problem(place, message, hint)
    if training.persistent_tape:
        message = f"takes the gradients of each loss separately, which {name} has no step for."
        fix = _set("Take them together", persistent_tape=False, loss_clipnorms={})
        yield _problem("training.persistent_tape", message, "Set it to false.", fix)


def _stateful(project: Project) -> Iterator[Problem]:
    """Layers that change variables of theirs in a step, which Keras doesn't say how to add up."""
    for name, graph in project.graphs().items():
        for node in graph.nodes.values() if name != "data" else ():
            kind = (node.op or "").rpartition(".")[2]
            rate = node.params.get("dropout") or node.params.get("recurrent_dropout")
            if rate or any(word in kind for word in ("Dropout", "Noise", "BatchNorm", "Random")):
                message = "keeps state of its own, which can't be changed by several devices here."
                hint = "Use tf.distribute.MirroredStrategy, or leave the layer out."
                yield Problem(ERROR, CODE, name, node.id, message, hint)


def _servers(training: Training) -> Iterator[Problem]:
    """What a chief that hands out batches can't do."""
    if training.train_step is not None:
        message = "is code of your own, which workers of parameter servers can't be given."
        hint = "Use the loop's own step, or tf.distribute.MultiWorkerMirroredStrategy."
        yield _problem("training.train_step", message, hint)
    for place, call in _optimizers(training):
        op = find(call.op)
        if op is not None and op.name == "LossScaleOptimizer":
            message = "scales the loss by what happened before, which workers don't see in order."
            yield _problem(place, message, "Use the optimizer that stands inside it.")
