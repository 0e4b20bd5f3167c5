"""A training on several replicas: what each of them sees of a batch."""

from __future__ import annotations

from collections.abc import Iterator

from studio.graph.checks.advice.context import Context
from studio.graph.checks.advice.data import arriving
from studio.graph.checks.advice.fixes import param, step
from studio.graph.checks.advice.registry import Finding, advice
from studio.graph.distribution import clips, replicas, shares_batches
from studio.graph.edits import SetTraining
from studio.graph.problems import ERROR


@advice("unsynchronized-norm")
def unsynchronized_norm(context: Context) -> Iterator[Finding]:
    """The strategy shares each batch among several replicas, and a BatchNormalization normalises
    by the mean and variance of a replica's part alone: of 16 elements, where a batch of 64 is on
    four devices. Small parts make it noisy, and the training differs from that on one device. Set
    `synchronized` to true; it costs a sum over the replicas in each step. Without it the replicas'
    moving averages are still averaged behind each epoch of the custom loop.
    """
    if not shares_batches(context.project):
        return
    for view in context.layered:
        for node in view.of("BatchNormalization"):
            if view.value(node, "synchronized") is False and view.plain(node):
                yield Finding(
                    node,
                    "normalises by each replica's own part of a batch.",
                    "Set synchronized to true.",
                    step(f"Synchronize {node}", param(view, node, "synchronized", True)),
                    graph=view.name,
                )


@advice("uneven-replicas")
def uneven_replicas(context: Context) -> Iterator[Finding]:
    """The batch can't be shared evenly among the replicas of the strategy, so some wait for others
    in each step; one that is smaller than their number leaves replicas without elements. Choose a
    batch size that the number of replicas divides. The loss is right either way in the custom
    loop, which weighs each part by its size; `fit` takes the mean of the replicas' means.
    """
    count = replicas(context.project)
    data = context.data
    if data is None or count is None or count < 2:
        return
    for node in data.of("batch"):
        size = data.value(node, "batch_size")
        if node not in context.stages() or not isinstance(size, int) or size % count == 0:
            continue
        wanted = max(count, size // count * count)
        yield Finding(
            node,
            f"makes batches of {size}, which {count} replicas can't share evenly.",
            f"Set batch_size to {wanted}: {wanted // count} for each replica.",
            step(f"Make batches of {wanted}", param(data, node, "batch_size", wanted)),
            graph="data",
        )


@advice("uneven-first-batch")
def uneven_first_batch(context: Context) -> Iterator[Finding]:
    """Keras' `fit` and `evaluate` take the mean of the replicas' parts of the first batch before
    they begin, which fails where the replicas can't share it evenly: a batch size that their number
    doesn't divide, or data for validation or test that are less than a batch and of such a number.
    The custom loop doesn't. Set `loop` to custom, or choose sizes that can be shared.
    """
    count, training, data = replicas(context.project), context.training, context.data
    if training is None or training.loop != "fit" or data is None or (count or 1) < 2:
        return
    for split in data.graph.outputs:
        stages = context.stages(split)
        for node in data.of("batch"):
            size, elements = data.value(node, "batch_size"), arriving(context, node)
            if node not in stages or not isinstance(size, int) or elements is None:
                continue
            first = size if elements.count is None else min(size, elements.count)
            if first % count:
                yield Finding(
                    node,
                    f"begins the {split} with a batch of {first}, which {count} replicas can't "
                    "share evenly: fit fails there.",
                    "Train in the custom loop.",
                    step("Train in the custom loop", SetTraining("loop", "custom")),
                    graph="data",
                    severity=ERROR,
                )


@advice("clipped-parts")
def clipped_parts(context: Context) -> Iterator[Finding]:
    """Under a strategy with several replicas, Keras' `fit` clips each replica's gradients before it
    adds them up, so the limit holds for the parts and not for the whole: a training with the same
    settings goes another way than on one device. The custom loop clips the sum. Set `loop` to
    custom, or don't clip.
    """
    training = context.training
    if training is None or training.loop != "fit" or not shares_batches(context.project):
        return
    name = clips(training.optimizer)
    if name in ("clipnorm", "global_clipnorm"):
        yield Finding(
            "",
            f"{name} limits each replica's gradients under fit, not those of the batch.",
            "Train in the custom loop, which limits the sum.",
            step("Train in the custom loop", SetTraining("loop", "custom")),
            graph="training",
            place="training.optimizer",
        )
