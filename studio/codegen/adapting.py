"""`adapt_layers()`: what layers measure of the training data before the training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from studio.codegen.layout import Expr, call, join, subscript
from studio.codegen.literal import literal, text
from studio.codegen.source import Source
from studio.graph.adapting import Adapted, Feed, Unadapted, adapted
from studio.graph.document import Project
from studio.graph.elements import Elements, features
from studio.graph.infer import Shapes
from studio.graph.problems import StudioError, quoted


def adapted_layers(project: Project, shapes: Shapes, train: Elements) -> list[Adapted]:
    """The layers that measure the training data; StudioError where one of them can't."""
    layers = adapted(project, shapes, train)
    for layer in layers:
        if isinstance(layer, Unadapted):
            why = f"{quoted(layer.node)} can't be adapted: it {layer.reason}."
            raise StudioError(f"{why} {layer.hint}")
    return layers


def write_adapting(
    source: Source,
    project: Project,
    layers: Sequence[Adapted],
    train: Elements,
    methods: Mapping[str, str],
) -> None:
    """Writes the function that adapts the layers; nothing where none has anything to measure.

    `methods` are those by which a model written as a class tells what reaches a layer.
    """
    if not layers:
        return
    source.functions.add("adapt_layers")
    doc = "Has layers measure the training data: means, vocabularies, bins."
    with source.section("Adapting"), source.block("def adapt_layers(model, dataset):", doc):
        dataset: Expr = "dataset"
        if train.infinite:
            dataset = call("dataset.take", [literal(project.training.steps_per_epoch)])
        if isinstance(train.structure, tuple):
            rest = "".join(", _" if i else "x" for i in range(len(train.structure)))
            rest = "x, *_" if len(train.structure) > 2 else rest
            dataset = join(dataset, call(".map", [f"lambda {rest}: x"]))
        source.statement("features = ", dataset)
        several = isinstance(features(train.structure), tuple)
        for layer in layers:
            _adapt(source, layer, several, methods.get(layer.node))


def _adapt(source: Source, layer: Adapted, several: bool, method: str | None) -> None:
    mark = ("model", layer.node)
    found = f"model.get_layer({text(layer.name)})"
    if layer.feeds:
        data = _column(source, layer.feeds[0], several)
        for feed in layer.feeds[1:]:
            data = join(data, call(".concatenate", [_column(source, feed, several)]))
    else:
        before = f"model.{method}"
        if method is None:
            made = call("keras.Model", ["model.input", f"{found}.input"])
            source.statement("before = ", made, mark=mark)
            before = "before"
        data = call("features.map", [f"lambda *x: {before}(x)" if several else before])
    source.statement(found, call(".adapt", [data]), mark=mark)


def _column(source: Source, feed: Feed, several: bool) -> Expr:
    """The dataset of one tensor of the features, with the axes that its input has."""
    value: Expr = "x" if feed.key is None else subscript("x", literal(feed.key))
    if feed.axes:
        source.need("tf")
        value = call("tf.expand_dims" if feed.axes > 0 else "tf.squeeze", [value, "-1"])
    elif feed.key is None:
        return "features"
    return call("features.map", [join(f"lambda {'*' * several}x: ", value)])
