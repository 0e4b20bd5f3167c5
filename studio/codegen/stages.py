"""Each stage of the data graph -> the expression that makes its dataset."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

from studio.codegen.calls import argument
from studio.codegen.columns import COLUMN_MAPS
from studio.codegen.data import Stage, script_path
from studio.codegen.layout import Expr, Group, call, dictionary, join, subscript, tuple_of
from studio.codegen.literal import literal, text
from studio.graph.catalogue.registry import find
from studio.graph.elements import Elements, features, leaves
from studio.graph.problems import StudioError, quoted
from studio.graph.rule import Args
from studio.graph.spec import Spec

AUTOTUNE = "tf.data.AUTOTUNE"
# Where null means: let tf.data find the best.
_TUNED = {
    ("tf.data.Dataset.map", "num_parallel_calls"),
    ("tf.data.Dataset.prefetch", "buffer_size"),
}


def write_stage(stage: Stage) -> Expr:
    """The expression of a stage's dataset, or of its several datasets."""
    own = STAGES.get(stage.op.path)
    return own(stage) if own is not None else _method(stage)


def _method(stage: Stage, **given: Expr) -> Expr:
    """`dataset.shuffle(2000)`: a method of tf.data.Dataset with its own arguments."""
    items: list[Expr] = []
    for name, param in stage.op.params.items():
        tuned = (stage.op.path, name) in _TUNED and stage.given.get(name) is None
        if name in given:
            value = given[name]
        elif tuned:
            value = AUTOTUNE
        elif name in stage.given:
            value = argument(stage.source, param, stage.given[name])
        else:
            continue
        items.append(value if param.required else join(f"{name}=", value))
    return join(stage.inputs[0], f".{stage.op.name}", Group("(", tuple(items), ")", call=True))


def _map(stage: Stage) -> Expr:
    function = stage.params.function
    path = function["op"]
    if path not in MAPS:
        raise StudioError(f"{quoted(stage.node.id)} maps {quoted(path)}, which can't be written.")
    params = Args(find(path).filled(function.get("params", {})), folder=stage.params.folder)
    return _method(stage, function=MAPS[path](stage, params, stage.arriving[0]))


def _zip(stage: Stage) -> Expr:
    return call("tf.data.Dataset.zip", stage.inputs)


def _split(stage: Stage) -> Expr:
    p = stage.params
    seed: Expr = "None"
    if p.shuffle:
        seed = stage.seed if p.seed is None else literal(p.seed)
    return call(
        stage.helper("split_dataset"),
        stage.inputs,
        validation=literal(p.validation),
        test=literal(p.test),
        seed=seed,
    )


def _window(stage: Stage) -> Expr:
    p = stage.params
    return call(
        stage.helper("windows"), stage.inputs, length=literal(p.length), horizon=literal(p.horizon)
    )


def _cache(stage: Stage) -> Expr:
    if not stage.params.filename:
        return _method(stage)
    place = script_path(stage.source, stage.params.filename)
    return join(stage.inputs[0], ".cache", Group("(", (call("str", [place]),), ")", call=True))


STAGES: dict[str, Callable[[Stage], Expr]] = {
    "tf.data.Dataset.cache": _cache,
    "tf.data.Dataset.map": _map,
    "tf.data.Dataset.zip": _zip,
    "studio.data.split": _split,
    "studio.data.window": _window,
}


def _lambda(dataset: Elements, features_expr: Callable[[str], Expr]) -> Expr:
    """A function that changes the features and hands the rest on."""
    structure = dataset.structure
    if not isinstance(structure, tuple):
        return join("lambda x: ", features_expr("x"))
    names = _names(structure)
    return join(f"lambda {', '.join(names)}: ", tuple_of([features_expr("x"), *names[1:]]))


def _names(structure: tuple[Any, ...]) -> list[str]:
    """The names of an element's parts: features, label, weight, whatever comes behind."""
    known = ["x", "y", "weight"]
    return [known[i] if i < len(known) else f"part_{i}" for i in range(len(structure))]


def _on_features(dataset: Elements, one: Callable[[str], Expr]) -> Expr:
    """Changes each tensor of the features."""
    structure = features(dataset.structure)
    if isinstance(structure, (dict, tuple)):
        return _lambda(
            dataset, lambda x: call("tf.nest.map_structure", [join("lambda t: ", one("t")), x])
        )
    return _lambda(dataset, one)


def _rescale(stage: Stage, p: Args, dataset: Elements) -> Expr:
    floats = all(leaf.dtype == "float32" for leaf in leaves(features(dataset.structure)))

    def one(x: str) -> Expr:
        value = x if floats else f'tf.cast({x}, "float32")'
        parts: list[Any] = [value]
        if p.scale != 1 or not p.offset:
            parts += [" * ", literal(p.scale)]
        if p.offset:
            parts += [" + ", literal(p.offset)]
        return join(*parts)

    if isinstance(features(dataset.structure), Spec):
        return _lambda(dataset, one)
    helper = stage.helper("rescaled")
    arguments = {"scale": literal(p.scale), "offset": literal(p.offset)}
    return _lambda(dataset, lambda x: call(helper, [x], **arguments))


def _cast(stage: Stage, p: Args, dataset: Elements) -> Expr:
    return _on_features(dataset, lambda x: f"tf.cast({x}, {text(p.dtype)})")


def _one_hot(stage: Stage, p: Args, dataset: Elements) -> Expr:
    names = _names(dataset.structure)
    made = tuple_of(["x", f"tf.one_hot(y, {p.depth})", *names[2:]])
    return join(f"lambda {', '.join(names)}: ", made)


def _hash_words(stage: Stage, p: Args, dataset: Elements) -> Expr:
    helper = stage.helper("hash_words")
    return _on_features(
        dataset,
        lambda x: call(helper, [x], buckets=literal(p.buckets), length=literal(p.length)),
    )


def _arrange(stage: Stage, p: Args, dataset: Elements) -> Expr:
    several = isinstance(dataset.structure, tuple)
    names = ", ".join(f"part_{i}" for i in range(len(dataset.structure))) if several else "whole"

    def part(path: list[int | str]) -> Expr:
        keys = [literal(key) for key in path]
        first = f"part_{path[0]}" if several else "whole"
        return reduce(subscript, keys[1:] if several else keys, first)

    def named(paths: dict[str, list[int]]) -> Expr:
        return dictionary((text(name), part(path)) for name, path in paths.items())

    made = named(p.features) if p.labels is None else tuple_of([named(p.features), named(p.labels)])
    return join(f"lambda {names}: ", made)


MAPS: dict[str, Callable[[Stage, Args, Elements], Expr]] = {
    "studio.map.rescale": _rescale,
    "studio.map.cast": _cast,
    "studio.map.one_hot": _one_hot,
    "studio.map.hash_words": _hash_words,
    "studio.map.arrange": _arrange,
} | COLUMN_MAPS
