"""Ready-made functions of a map stage -> the lambda that a script has for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from studio.codegen.calls import call_expr
from studio.codegen.data import Stage, script_path
from studio.codegen.lambdas import (
    argument_names,
    changing_features,
    of_element,
    on_features,
    part,
)
from studio.codegen.layout import Expr, call, dictionary, join, listing, tuple_of
from studio.codegen.literal import literal, text
from studio.graph.elements import Elements, features, leaves
from studio.graph.ops.map_parts import joined
from studio.graph.rule import Args
from studio.graph.spec import Spec

Written = Callable[[Stage, Args, Elements], Expr]


def _standardise(stage: Stage, p: Args, dataset: Elements) -> Expr:
    floats = all(leaf.dtype == "float32" for leaf in leaves(features(dataset.structure)))

    def one(x: str) -> Expr:
        value = x if floats else f'tf.cast({x}, "float32")'
        return join("(", value, " - ", literal(p.mean), ") / ", literal(p.deviation))

    return on_features(dataset, one)


def _parse_numbers(stage: Stage, p: Args, dataset: Elements) -> Expr:
    given = features(dataset.structure)
    if isinstance(given, Spec):
        return on_features(dataset, lambda x: f"tf.strings.to_number({x}, tf.{p.dtype})")
    helper = stage.helper("read_numbers")
    return on_features(dataset, lambda x: f"{helper}({x}, tf.{p.dtype})")


def _normalise(stage: Stage, p: Args, dataset: Elements) -> Expr:
    helper = stage.helper("normalised")
    given = {name: literal(getattr(p, name)) for name in ("lower", "strip_punctuation")}
    return on_features(dataset, lambda x: call(helper, [x], **given))


def _split_words(stage: Stage, p: Args, dataset: Elements) -> Expr:
    sep = {"sep": text(p.sep)} if p.sep else {}
    return on_features(dataset, lambda x: call("tf.strings.split", [x], **sep))


def _look_up(stage: Stage, p: Args, dataset: Elements) -> Expr:
    helper = stage.helper("word_table")
    words: Expr
    if isinstance(p.vocabulary, list):
        words = literal(p.vocabulary)
    else:
        place = script_path(stage.source, p.vocabulary)
        read = call(join("(", place, ").read_text"), [], encoding='"utf-8"')
        words = join(read, ".splitlines()")
    table = stage.variable(f"{stage.node.id}_table", call(helper, [words]))
    return on_features(dataset, lambda x: f"{table}[{x}]")


def _padding(value: Any, dataset: Elements) -> Expr:
    if value is not None:
        return literal(value)
    dtypes = {leaf.dtype for leaf in leaves(features(dataset.structure))}
    return '""' if "string" in dtypes else "0"


def _pad(stage: Stage, p: Args, dataset: Elements) -> Expr:
    helper = stage.helper("padded")
    given = {"length": literal(p.length), "value": _padding(p.value, dataset)}
    return on_features(dataset, lambda x: call(helper, [x], **given))


def _to_dense(stage: Stage, p: Args, dataset: Elements) -> Expr:
    helper = stage.helper("dense")
    return on_features(dataset, lambda x: call(helper, [x, _padding(p.value, dataset)]))


def _to_ragged(stage: Stage, p: Args, dataset: Elements) -> Expr:
    padding = literal(p.padding)
    made = "tf.RaggedTensor.from_tensor"
    return on_features(dataset, lambda x: call(made, [x], padding=padding))


def _resize(stage: Stage, p: Args, dataset: Elements) -> Expr:
    given: dict[str, Expr] = {}
    if p.method != "bilinear":
        given["method"] = text(p.method)
    for name in ("preserve_aspect_ratio", "antialias"):
        if getattr(p, name):
            given[name] = "True"
    size = literal([p.height, p.width])
    return on_features(dataset, lambda x: call("tf.image.resize", [x, size], **given))


def _decode_image(stage: Stage, p: Args, dataset: Elements) -> Expr:
    helper = stage.helper("decoded_image")
    size = [] if p.height is None else [literal((p.height, p.width))]
    given = [literal(p.channels), *size]
    if p.feature is None:
        return on_features(dataset, lambda x: call(helper, [x, *given]))
    name = text(p.feature)
    return changing_features(
        dataset,
        lambda x: join(
            "{", f"**{x}, ", name, ": ", call(helper, [join(f"{x}[", name, "]"), *given]), "}"
        ),
    )


def _center_crop(stage: Stage, p: Args, dataset: Elements) -> Expr:
    one = leaves(features(dataset.structure))[0]
    top = (one.shape[-3] - p.height) // 2
    left = (one.shape[-2] - p.width) // 2
    places = f"{top}, {left}, {p.height}, {p.width}"
    return on_features(dataset, lambda x: f"tf.image.crop_to_bounding_box({x}, {places})")


def _standardise_image(stage: Stage, p: Args, dataset: Elements) -> Expr:
    return on_features(dataset, lambda x: f"tf.image.per_image_standardization({x})")


def _add_channel(stage: Stage, p: Args, dataset: Elements) -> Expr:
    return on_features(dataset, lambda x: f"{x}[..., tf.newaxis]")


def _augment(stage: Stage, p: Args, dataset: Elements) -> Expr:
    made = [call_expr(stage.source, each["op"], each.get("params", {})) for each in p.layers]
    layers: Expr = made[0] if len(made) == 1 else call("keras.Sequential", [listing(made)])
    stage.source.need("keras")
    change = stage.variable(f"{stage.node.id}_layers", layers)
    return on_features(dataset, lambda x: call(change, [x], training="True"))


def _pick(stage: Stage, p: Args, dataset: Elements) -> Expr:
    return of_element(dataset, part(dataset, p.part))


def _features_and_label(stage: Stage, p: Args, dataset: Elements) -> Expr:
    made: Expr
    if isinstance(p.features, dict):
        made = dictionary((text(name), part(dataset, at)) for name, at in p.features.items())
    elif joined(p.features):
        made = call("tf.stack", [listing(part(dataset, at) for at in p.features)], axis="-1")
    else:
        made = part(dataset, p.features)
    if p.label is not None:
        weight = [] if p.sample_weight is None else [part(dataset, p.sample_weight)]
        made = tuple_of([made, part(dataset, p.label), *weight])
    return of_element(dataset, made)


def _named(dataset: Elements, names: dict[str, str]) -> Expr:
    """Features by new names: name then -> name now."""
    return changing_features(
        dataset,
        lambda x: dictionary((text(then), f"{x}[{text(now)}]") for then, now in names.items()),
    )


def _select(stage: Stage, p: Args, dataset: Elements) -> Expr:
    return _named(dataset, {name: name for name in p.names})


def _drop(stage: Stage, p: Args, dataset: Elements) -> Expr:
    left = [name for name in features(dataset.structure) if name not in p.names]
    return _named(dataset, {name: name for name in left})


def _rename(stage: Stage, p: Args, dataset: Elements) -> Expr:
    return _named(dataset, {p.names.get(name, name): name for name in features(dataset.structure)})


def _merge(stage: Stage, p: Args, dataset: Elements) -> Expr:
    return of_element(dataset, " | ".join(argument_names(dataset)))


MAP_FUNCTIONS: dict[str, Written] = {
    "studio.map.standardise": _standardise,
    "studio.map.parse_numbers": _parse_numbers,
    "studio.map.normalise_text": _normalise,
    "studio.map.split_words": _split_words,
    "studio.map.look_up_words": _look_up,
    "studio.map.pad": _pad,
    "studio.map.to_dense": _to_dense,
    "studio.map.to_ragged": _to_ragged,
    "studio.map.resize": _resize,
    "studio.map.decode_image": _decode_image,
    "studio.map.center_crop": _center_crop,
    "studio.map.standardise_image": _standardise_image,
    "studio.map.add_channel": _add_channel,
    "studio.map.augment": _augment,
    "studio.map.pick": _pick,
    "studio.map.to_features_and_label": _features_and_label,
    "studio.map.select": _select,
    "studio.map.drop": _drop,
    "studio.map.rename": _rename,
    "studio.map.merge": _merge,
}
