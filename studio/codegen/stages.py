"""Each stage of the data graph -> the expression that makes its dataset."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

from studio.codegen.columns import COLUMN_MAPS
from studio.codegen.data import Stage, script_path
from studio.codegen.lambdas import (
    changing_features,
    method,
    on_features,
    own_function,
    part_names,
)
from studio.codegen.layout import Expr, Group, call, dictionary, join, subscript, tuple_of
from studio.codegen.literal import literal, text
from studio.codegen.map_functions import MAP_FUNCTIONS
from studio.codegen.stage_methods import STAGE_METHODS
from studio.graph.catalogue.registry import find
from studio.graph.elements import Elements, features, leaves
from studio.graph.functions import own
from studio.graph.problems import StudioError, quoted
from studio.graph.rule import Args
from studio.graph.spec import Spec


def write_stage(stage: Stage) -> Expr:
    """The expression of a stage's dataset, or of its several datasets."""
    own = STAGES.get(stage.op.path)
    return own(stage) if own is not None else method(stage)


def _map(stage: Stage) -> Expr:
    function = stage.params.function
    path = function["op"]
    if own(function) is not None:
        return method(stage, function=own_function(stage, function, stage.arriving[0]))
    if path not in MAPS:
        raise StudioError(f"{quoted(stage.node.id)} maps {quoted(path)}, which can't be written.")
    params = Args(find(path).filled(function.get("params", {})), folder=stage.params.folder)
    written = MAPS[path](stage, params, stage.arriving[0])
    if path == "studio.map.augment" and stage.given.get("num_parallel_calls") is None:
        # Calls at once would draw their numbers in the order in which they happen to run.
        return method(stage, function=written, num_parallel_calls=None)
    return method(stage, function=written)


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
        return method(stage)
    place = script_path(stage.source, stage.params.filename)
    return join(stage.inputs[0], ".cache", Group("(", (call("str", [place]),), ")", call=True))


STAGES: dict[str, Callable[[Stage], Expr]] = {
    "tf.data.Dataset.cache": _cache,
    "tf.data.Dataset.map": _map,
    "tf.data.Dataset.zip": _zip,
    "studio.data.split": _split,
    "studio.data.window": _window,
} | STAGE_METHODS


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
        return changing_features(dataset, one)
    helper = stage.helper("rescaled")
    arguments = {"scale": literal(p.scale), "offset": literal(p.offset)}
    return changing_features(dataset, lambda x: call(helper, [x], **arguments))


def _cast(stage: Stage, p: Args, dataset: Elements) -> Expr:
    return on_features(dataset, lambda x: f"tf.cast({x}, {text(p.dtype)})")


def _one_hot(stage: Stage, p: Args, dataset: Elements) -> Expr:
    names = part_names(dataset.structure)
    made = tuple_of(["x", f"tf.one_hot(y, {p.depth})", *names[2:]])
    return join(f"lambda {', '.join(names)}: ", made)


def _hash_words(stage: Stage, p: Args, dataset: Elements) -> Expr:
    if p.length is None:
        every = stage.helper("hash_all_words")
        return on_features(dataset, lambda x: call(every, [x], buckets=literal(p.buckets)))
    helper = stage.helper("hash_words")
    return on_features(
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

    made = named(p.features)
    if p.labels is not None:
        by_name = isinstance(p.sample_weight, dict)
        weights = [] if p.sample_weight is None else [(named if by_name else part)(p.sample_weight)]
        made = tuple_of([made, named(p.labels), *weights])
    return join(f"lambda {names}: ", made)


MAPS: dict[str, Callable[[Stage, Args, Elements], Expr]] = (
    {
        "studio.map.rescale": _rescale,
        "studio.map.cast": _cast,
        "studio.map.one_hot": _one_hot,
        "studio.map.hash_words": _hash_words,
        "studio.map.arrange": _arrange,
    }
    | MAP_FUNCTIONS
    | COLUMN_MAPS
)
