"""What makes the data slower than need be, or ends it: the places of maps, caches and batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from studio.graph.checks.advice.context import Context
from studio.graph.checks.advice.data import arriving, sorted_by, stages_before
from studio.graph.checks.advice.fixes import param, step, swap
from studio.graph.checks.advice.registry import Finding, advice
from studio.graph.checks.advice.view import View
from studio.graph.edits import Edit, ResetParam, SetNode
from studio.graph.elements import leaves
from studio.graph.problems import ERROR, quoted
from studio.graph.spec import Spec
from studio.graph.vectorised import goes_behind

BATCHING = ("batch", "padded_batch", "ragged_batch", "rebatch", "bucket_by_sequence_length")
BATCHING += ("group_by_window",)


def _specs(structure: Any) -> list[Spec]:
    return [leaf for leaf in leaves(structure) if isinstance(leaf, Spec)]


@advice("map-before-batch")
def map_before_batch(context: Context) -> Iterator[Finding]:
    """The map calls its function for every element, though it gives the same for a whole batch
    at once, with far fewer calls. Put the map behind the batch; the elements stay the same.
    """
    view, stages = context.data, context.stages()
    for node in view.of("map") if view is not None else ():
        call, elements = context.function(node), arriving(context, node)
        batch = view.after(node)
        if node not in stages or call is None or elements is None or view.kind(batch) != "batch":
            continue
        if goes_behind(call.op, elements) and not stages_before(context, node, "batch"):
            yield Finding(
                node,
                f"calls its function for each element, which {quoted(batch)} then joins.",
                f"Put it behind {quoted(batch)}, to call it once a batch.",
                swap(view, batch),
                graph="data",
            )


@advice("cached-augment")
def cached_augment(context: Context) -> Iterator[Finding]:
    """The cache stands behind a map that changes images at random, so it keeps the changes of
    the first epoch, and every later epoch sees the very same images: nothing is gained. Put the
    cache before the map.
    """
    view, stages = context.data, context.stages()
    for node in view.of("cache", "snapshot") if view is not None else ():
        above = [each for each in stages_before(context, node, "map") if _augments(context, each)]
        if above and node in stages:
            direct = view.before(node) in above
            yield Finding(
                node,
                f"keeps the images as {quoted(above[0])} changed them in the first epoch.",
                f"Put it before {quoted(above[0])}.",
                swap(view, node) if direct else None,
                graph="data",
            )


def _augments(context: Context, node: str) -> bool:
    call = context.function(node)
    return call is not None and call.op == "studio.map.augment"


@advice("repeat-before-shuffle")
def repeat_before_shuffle(context: Context) -> Iterator[Finding]:
    """The repeat stands before the shuffle, which then mixes the end of one round with the
    beginning of the next: some examples come twice before others come once. Put the shuffle
    before the repeat.
    """
    view, stages = context.data, context.stages()
    for node in view.of("shuffle") if view is not None else ():
        repeat = view.before(node)
        if node in stages and repeat is not None and view.kind(repeat) == "repeat":
            yield Finding(
                node,
                f"mixes the rounds of {quoted(repeat)} with each other.",
                f"Put it before {quoted(repeat)}.",
                swap(view, node),
                graph="data",
            )


@advice("sorted-shuffle")
def sorted_shuffle(context: Context) -> Iterator[Finding]:
    """The rows of the file are sorted by their label, and the buffer of the shuffle holds less
    than half of them. The first batches then have only the first classes in them, and the last
    only the last. Use a buffer as large as the data.
    """
    view, stages = context.data, context.stages()
    if view is None or any(view.value(node, "shuffle") for node in view.of("split")):
        return  # a split has mixed them already
    sources = [node for node in view.of("csv") if node in stages]
    if len(sources) != 1:
        return
    path, label = (view.value(sources[0], name) for name in ("path", "label"))
    for node in view.of("shuffle"):
        buffer, elements = view.value(node, "buffer_size"), arriving(context, node)
        if node not in stages or buffer is None or elements is None or elements.count is None:
            continue
        if stages_before(context, node, "shuffle") or any(
            stages_before(context, node, kind) for kind in ("batch", "repeat")
        ):
            continue
        small = buffer * 2 < elements.count
        if small and label is not None and sorted_by(path, label, context.folder):
            yield Finding(
                node,
                f"mixes {buffer} of {elements.count} elements at a time, and the rows of "
                f"{quoted(path)} are sorted by {quoted(label)}.",
                f"Set buffer_size to {elements.count}.",
                step(f"Let {node} mix all", param(view, node, "buffer_size", elements.count)),
                graph="data",
            )


@advice("uneven-batch")
def uneven_batch(context: Context) -> Iterator[Finding]:
    """The batch joins elements of which an axis has no known size, such as the words of a text:
    all of them must be of one size, or the run fails at the first that isn't. Use padded_batch,
    which fills them up, or ragged_batch, which leaves them as they are.
    """
    view = context.data
    for node in view.of("batch") if view is not None else ():
        elements = arriving(context, node)
        if elements is None or any(stages_before(context, node, kind) for kind in BATCHING):
            continue
        uneven = [s for s in _specs(elements.structure) if None in s.shape and not s.ragged]
        if uneven:
            wanted = "ragged_batch" if _takes_ragged(context) else "padded_batch"
            yield Finding(
                node,
                f"joins tensors of {uneven[0]}, whose sizes may differ.",
                f"Use tf.data.Dataset.{wanted} in its place.",
                _instead(view, node, wanted),
                graph="data",
            )


def _takes_ragged(context: Context) -> bool:
    model = context.model
    return model is not None and any(model.value(node, "ragged") for node in model.of("Input"))


def _instead(view: View, node: str, wanted: str) -> Edit | None:
    """Another way of batching, of the same size."""
    made = view.graph.nodes[node]
    kept = ("batch_size", "drop_remainder")
    others = [ResetParam(view.name, node, name) for name in made.params if name not in kept]
    op = f"tf.data.Dataset.{wanted}"
    return step(f"Use {wanted} for {node}", *others, SetNode(view.name, node, "op", op))


DENSE_ONLY = frozenset(
    [
        "Dense",
        "EinsumDense",
        "Dropout",
        "SpatialDropout1D",
        "GaussianNoise",
        "GaussianDropout",
        "LSTM",
        "GRU",
        "SimpleRNN",
        "RNN",
        "Bidirectional",
        "TimeDistributed",
        "Conv1D",
        "SeparableConv1D",
        "Conv1DTranspose",
        "MaxPooling1D",
        "AveragePooling1D",
        "Permute",
        "Masking",
        "MultiHeadAttention",
        "GroupQueryAttention",
        "Attention",
        "AdditiveAttention",
    ]
)
"""Layers that fail on a ragged tensor once they run, though Keras builds the model."""


@advice("ragged-layer")
def ragged_layer(context: Context) -> Iterator[Finding]:
    """The layer gets a ragged tensor, which it can't compute with: Keras builds the model, but
    the first step fails. Embedding and the global poolings of one dimension take ragged tensors
    (without mask_zero). Pool before the layer, or fill the rows up in the data, with
    studio.map.to_dense or padded_batch, and leave ragged out of the Input.
    """
    for view in context.layered:
        for node in view.graph.nodes:
            kind, given = view.kind(node), view.given(node)
            masks = kind == "Embedding" and view.value(node, "mask_zero") is True
            if given is None or not given.ragged or node in view.bad:
                continue
            if kind in DENSE_ONLY or masks:
                yield Finding(
                    node,
                    "makes a mask of a ragged tensor, which needs none, and fails."
                    if masks
                    else f"is {kind}, which can't compute with a ragged tensor.",
                    "Set mask_zero to false."
                    if masks
                    else "Pool before it, or fill the rows up with studio.map.to_dense.",
                    step(f"Let {node} make no mask", param(view, node, "mask_zero", None))
                    if masks
                    else None,
                    graph=view.name,
                    severity=ERROR,
                )
