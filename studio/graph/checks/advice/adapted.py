"""Layers that measure the training data: those that can't, and what they would stumble over."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from studio.graph.adapting import Adapted, Unadapted, adapted, unmeasured
from studio.graph.catalogue.registry import find
from studio.graph.checks.advice.context import Context
from studio.graph.checks.advice.fixes import param, step
from studio.graph.checks.advice.registry import Finding, advice
from studio.graph.checks.advice.view import View
from studio.graph.elements import Elements
from studio.graph.ops.sources import Feature, csv_plan, csv_table
from studio.graph.problems import ERROR, WARNING, quoted
from studio.graph.rule import Args
from studio.graph.spec import Refused
from studio.graph.tables import Column
from studio.graph.wiring import upstream

_NUMBERS = ("Normalization", "Discretization")
_LOOKUPS = ("StringLookup", "IntegerLookup", "TextVectorization")


@advice("not-adapted")
def not_adapted(context: Context) -> Iterator[Finding]:
    """The layer works by numbers or words that its `adapt()` measures on the training data, and
    the script can't have it do so there: layers of the model itself are adapted, those in a block
    are not. A Normalization would do nothing; a lookup would know no word at all. Give what it
    works by: `mean` and `variance`, `bin_boundaries`, or `vocabulary`.
    """
    for name, view in context.views.items():
        for node in view.place if name.startswith("block:") else ():
            names = unmeasured(view.graph.nodes[node])
            if names and node not in view.bad:
                listed = " and ".join(names)
                reason = f"has no {listed}, and nothing in a block measures the data"
                hint = f"Give {listed} as a list, or put the layer into the model."
                yield _unadapted(view, node, reason, hint)
    for layer in _layers(context):
        if isinstance(layer, Unadapted):
            yield _unadapted(context.model, layer.node, layer.reason, layer.hint)


def _unadapted(view: View, node: str, reason: str, hint: str) -> Finding:
    kind = view.kind(node)
    severity = WARNING if kind == "Normalization" else ERROR
    return Finding(node, f"{kind} {reason}.", hint, graph=view.name, severity=severity)


def _layers(context: Context) -> list[Adapted | Unadapted]:
    """The layers of the model that measure the training data."""
    model, data = context.model, context.data
    end = data.graph.outputs.get("train") if data is not None else None
    train = data.shapes.at(end) if end is not None else None
    if model is None or not isinstance(train, Elements):
        return []
    layers = adapted(context.project, model.shapes, train)
    return [layer for layer in layers if layer.node not in model.bad]


@advice("open-vocabulary")
def open_vocabulary(context: Context) -> Iterator[Finding]:
    """The lookup gives vectors as long as its vocabulary, which is only known once it has
    measured the training data; what stands behind it needs to know that before. Set `max_tokens`
    to the number of words it may know, its own for unknown words among them, and
    `pad_to_max_tokens` to true: then its vectors are always that long.
    """
    view = context.model
    for layer in _layers(context):
        kind = view.kind(layer.node)
        if kind not in _LOOKUPS or view.value(layer.node, "output_mode") == "int":
            continue
        if view.value(layer.node, "pad_to_max_tokens"):
            continue
        count = _tokens(context, layer)
        sized = view.value(layer.node, "max_tokens")
        fix = None
        if sized or count:
            pad = param(view, layer.node, "pad_to_max_tokens", True)
            size = () if sized else (param(view, layer.node, "max_tokens", count),)
            fix = step(f"Give {layer.node} vectors of {sized or count}", *size, pad)
        yield Finding(
            layer.node,
            "gives vectors as long as a vocabulary that only the training data tells.",
            f"Set max_tokens{f' to {count}' if count and not sized else ''}, and "
            "pad_to_max_tokens to true.",
            fix,
            severity=ERROR,
        )


@advice("gaps-measured")
def gaps_measured(context: Context) -> Iterator[Finding]:
    """The layer measures a column that has empty cells, which are NaN. So is then every mean or
    bin that it finds, and all that the model gives. Fill them with studio.map.fill_missing, or
    set `missing` of the source to "drop".
    """
    for layer in _layers(context):
        if context.model.kind(layer.node) not in _NUMBERS or isinstance(layer, Unadapted):
            continue
        for feed in layer.feeds:
            columns = [each for each in _columns(context, feed.key) if each.empty]
            if columns and not _filled(context, feed.key):
                gaps = len(columns[0].empty)
                yield Finding(
                    layer.node,
                    f"measures {quoted(columns[0].name)}, which has {gaps} empty cells, kept as "
                    "NaN: so all that it gives would be NaN.",
                    'Fill them with studio.map.fill_missing, or set missing to "drop".',
                    severity=ERROR,
                )
                break


def _tokens(context: Context, layer: Adapted | Unadapted) -> int | None:
    """How many tokens a StringLookup would find in its columns, its own for unknown ones too."""
    if context.model.kind(layer.node) != "StringLookup" or isinstance(layer, Unadapted):
        return None
    texts: set[str] = set()
    for feed in layer.feeds:
        columns = _columns(context, feed.key)
        if not columns or any(column.number for column in columns):
            return None
        texts.update(*(column.texts for column in columns))
        texts.update("" for column in columns if column.empty)
    own = context.model.value(layer.node, "num_oov_indices")
    return len(texts) + own if texts and own is not None else None


def _columns(context: Context, key: str | int | None) -> list[Column]:
    """The columns of the one CSV source that a feature is made of; none where that isn't clear."""
    data = context.data
    above = upstream(data.wiring, [data.graph.outputs["train"].partition(".")[0]])
    sources = [node for node in above if not data.wiring.incoming[node]]
    if len(sources) != 1 or data.kind(sources[0]) != "csv":
        return []
    node = data.made(sources[0])
    p = Args(find(node.op).filled(node.params), folder=context.folder)
    try:
        plan = csv_plan(p)
        table = csv_table(p, plan.files)
    except Refused:
        return []
    feature = plan.features if isinstance(plan.features, Feature) else plan.features.get(key)
    if feature is None or (key is None) != isinstance(plan.features, Feature):
        return []
    columns = [table.columns[name] for name in feature.columns]
    if p.missing == "keep":
        return columns
    return [replace(column, empty=()) for column in columns]


def _filled(context: Context, key: str | int | None) -> bool:
    """Whether a stage fills the gaps of a feature, or does what isn't known here."""
    for node in context.stages():
        if context.data.kind(node) != "map":
            continue
        call = context.function(node)
        if call is None or not call.op.startswith("studio.map."):
            return True
        if call.op == "studio.map.fill_missing" and key in call.params.get("values", {}):
            return True
    return False
