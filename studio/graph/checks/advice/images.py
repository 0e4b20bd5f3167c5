"""Numbers that go into the model as they stand in the file: pixels up to 255, grams."""

from __future__ import annotations

from collections.abc import Iterator

from studio.graph.checks.advice.activations import KERNELS, PASSING
from studio.graph.checks.advice.context import Context
from studio.graph.checks.advice.fixes import insert
from studio.graph.checks.advice.registry import Finding, advice
from studio.graph.checks.advice.view import View
from studio.graph.ops.sources import Feature, csv_plan, csv_table, numpy_plan
from studio.graph.problems import quoted
from studio.graph.rule import Args
from studio.graph.spec import Refused

Range = tuple[float, float]

MOST_PIXEL = 20
"""Pixels beyond this are taken to be unscaled; 0 to 1, -1 to 1 and standardised ones lie below."""
MOST_VALUE = 1000
"""Values of a table beyond this drown all others beside them."""

READING = frozenset({*KERNELS, "LSTM", "GRU", "SimpleRNN"})
STEPS = frozenset({"split", "shuffle", "batch", "cache", "prefetch", "repeat", "take", "skip"})


def _passes(kind: str) -> bool:
    """Whether a layer moves and mixes pixels, but leaves them as large as they were."""
    heads = ("Random", "ZeroPadding", "Cropping", "UpSampling", "MaxPooling", "AveragePooling")
    return kind in PASSING or kind in ("Resizing", "CenterCrop") or kind.startswith(heads)


def _source_ranges(context: Context, node: str) -> dict[str, Range]:
    """The smallest and largest value of each feature of a source; "" for one without a name."""
    op, made = context.data.op(node), context.data.made(node)
    args = Args(op.filled(made.params), folder=context.folder)
    try:
        if op.path == "studio.data.csv":
            plan = csv_plan(args)
            features, table = plan.features, csv_table(args, plan.files)
            named = {"": features} if isinstance(features, Feature) else features
            found = {}
            for name, feature in named.items():
                if feature.number:
                    columns = [table.columns[column] for column in feature.columns]
                    found[name] = (min(c.low for c in columns), max(c.high for c in columns))
            return found
        if op.path == "studio.data.numpy":
            chosen, arrays = numpy_plan(args)
            named = {"": chosen} if isinstance(chosen, str) else chosen
            return {n: (0.0, 255.0) for n, a in named.items() if arrays[a].dtype == "uint8"}
    except Refused:  # the file has changed since the shapes were inferred
        pass
    return {}


def _ranges(context: Context) -> dict[str, Range]:
    """The range of what reaches each of the model's inputs, where it can be followed there."""
    data = context.data
    if data is None or context.model is None or "train" not in data.graph.outputs:
        return {}
    row = []
    node: str | None = data.graph.outputs["train"].partition(".")[0]
    while node is not None and node in data.place:
        row.append(node)
        node = data.before(node)
    if not row or row[-1] in data.bad or data.wiring.incoming[row[-1]]:
        return {}
    ranges = _source_ranges(context, row[-1])
    for node in reversed(row[:-1]):
        call = context.function(node) if data.kind(node) == "map" else None
        if call is not None and call.op == "studio.map.rescale":
            scale, offset = call.params.get("scale", 1.0), call.params.get("offset", 0.0)
            if not all(isinstance(each, (int, float)) for each in (scale, offset)):
                return {}
            ranges = {
                name: tuple(sorted((low * scale + offset, high * scale + offset)))
                for name, (low, high) in ranges.items()
            }
        elif call is not None and call.op in ("studio.map.cast", "studio.map.one_hot"):
            continue  # the same numbers
        elif data.kind(node) not in (*STEPS, "window"):
            return {}
    inputs = list(context.model.of("Input"))
    if set(ranges) == {""}:
        return {inputs[0]: ranges[""]} if len(inputs) == 1 else {}
    return {name: each for name, each in ranges.items() if name in inputs}


def _reader(view: View, node: str) -> str | None:
    """The first layer that multiplies what comes from a node by weights, with nothing between."""
    todo = view.users(node)
    seen = set()
    while todo:
        name = todo.pop(0)
        if name in view.bad or name in seen:
            continue
        seen.add(name)
        if view.kind(name) in READING:
            return name
        if _passes(view.kind(name)):
            todo += view.users(name)
    return None


def _unscaled(context: Context, pictures: bool) -> Iterator[tuple[str, str, Range]]:
    windows = context.data is not None and any(
        context.data.kind(node) == "window" for node in context.stages()
    )
    for node, (low, high) in _ranges(context).items():
        spec = context.model.spec(node)
        if spec is None or (spec.rank >= 3 and not windows) is not pictures:
            continue
        most = MOST_PIXEL if pictures else MOST_VALUE
        reader = _reader(context.model, node) if max(-low, high) > most else None
        if reader is not None:
            yield node, reader, (low, high)


@advice("unscaled-pixels")
def unscaled_pixels(context: Context) -> Iterator[Finding]:
    """Pictures go into the first layer with weights as they are stored, with values up to 255 or
    the like. Weights begin small and steps are meant for inputs around 1, so that training starts
    with huge sums, jumps about and often gets nowhere. Put a Rescaling layer (1/255) behind the
    Input, or studio.map.rescale into the data.
    """
    for node, reader, (low, high) in _unscaled(context, True):
        scale = 1 / 255 if 128 <= high <= 255 else float(f"{1 / high:.4g}")
        fix = None
        if low >= 0:
            fix = insert(context.model, node, "rescale", "keras.layers.Rescaling", scale=scale)
        yield Finding(
            node,
            f"gets pixels from {low:g} to {high:g}, which go into {quoted(reader)} unscaled.",
            "Put keras.layers.Rescaling behind it, or studio.map.rescale into the data.",
            fix,
        )


@advice("unscaled-columns")
def unscaled_columns(context: Context) -> Iterator[Finding]:
    """A column with values in the thousands goes into the first layer with weights as it stands
    in the file. It drowns the columns beside it, whose values are small, and makes the first
    steps of the training huge. Put a Normalization layer with the columns' mean and variance
    behind the Input, or scale the data.
    """
    for node, reader, (low, high) in _unscaled(context, False):
        yield Finding(
            node,
            f"gets values from {low:g} to {high:g}, which go into {quoted(reader)} unscaled.",
            "Put keras.layers.Normalization with their mean and variance behind it.",
        )
