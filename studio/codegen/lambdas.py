"""Methods of a dataset, and the functions that they take, as a person writes them."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

from studio.codegen.calls import argument, value_expr
from studio.codegen.data import Stage
from studio.codegen.layout import Expr, Group, call, join, subscript, tuple_of
from studio.codegen.literal import literal
from studio.graph.elements import Elements, features
from studio.graph.problems import StudioError, quoted

AUTOTUNE = "tf.data.AUTOTUNE"
# Where null means: let tf.data find the best.
_TUNED = {
    ("tf.data.Dataset.map", "num_parallel_calls"),
    ("tf.data.Dataset.interleave", "num_parallel_calls"),
    ("tf.data.Dataset.prefetch", "buffer_size"),
}


def method(stage: Stage, **given: Expr | None) -> Expr:
    """`dataset.shuffle(2000)`: a method of tf.data.Dataset with its own arguments.

    `given` are those that are written already; None leaves one out.
    """
    items: list[Expr] = []
    for name, param in stage.op.params.items():
        tuned = (stage.op.path, name) in _TUNED and stage.given.get(name) is None
        if name in given:
            value = given[name]
            if value is None:
                continue
        elif tuned:
            value = AUTOTUNE
        elif name in stage.given:
            value = argument(stage.source, param, stage.given[name])
        else:
            continue
        by_position = param.required and len(items) == list(stage.op.params).index(name)
        items.append(value if by_position else join(f"{name}=", value))
    return join(stage.inputs[0], f".{stage.op.name}", Group("(", tuple(items), ")", call=True))


def own_function(stage: Stage, value: dict[str, Any], dataset: Elements) -> Expr:
    """The project's own function, by its name, or with its parameters in a lambda."""
    path, params = value["op"], value.get("params", {})
    name = path.removeprefix("code:")
    if name not in stage.source.code_functions:
        raise StudioError(
            f"{quoted(stage.node.id)} calls the code {quoted(name)}, which is no function."
        )
    if not params:
        return name
    names = argument_names(dataset)
    settings = {key: value_expr(stage.source, item) for key, item in params.items()}
    return join(f"lambda {', '.join(names)}: ", call(name, names, **settings))


def changing_features(dataset: Elements, features_expr: Callable[[str], Expr]) -> Expr:
    """A function that changes the features and hands the rest on."""
    structure = dataset.structure
    if not isinstance(structure, tuple):
        return join("lambda x: ", features_expr("x"))
    names = part_names(structure)
    return join(f"lambda {', '.join(names)}: ", tuple_of([features_expr("x"), *names[1:]]))


def part_names(structure: tuple[Any, ...]) -> list[str]:
    """The names of an element's parts: features, label, weight, whatever comes behind."""
    known = ["x", "y", "weight"]
    return [known[i] if i < len(known) else f"part_{i}" for i in range(len(structure))]


def argument_names(dataset: Elements) -> list[str]:
    """The names of what a function is called on: the parts of a tuple, or all as one."""
    structure = dataset.structure
    return part_names(structure) if isinstance(structure, tuple) else ["x"]


def part(dataset: Elements, path: list[int | str]) -> Expr:
    """A part of an element, inside a function of its argument_names."""
    names = argument_names(dataset)
    if isinstance(dataset.structure, tuple):
        if not path:
            raise StudioError("A whole element can't be written as one of its parts.")
        first, *keys = path
        return reduce(subscript, map(literal, keys), names[first])
    return reduce(subscript, map(literal, path), names[0])


def of_element(dataset: Elements, made: Expr) -> Expr:
    """`lambda x, y: made`."""
    return join(f"lambda {', '.join(argument_names(dataset))}: ", made)


def on_features(dataset: Elements, one: Callable[[str], Expr]) -> Expr:
    """Changes each tensor of the features."""
    structure = features(dataset.structure)
    if isinstance(structure, (dict, tuple)):
        return changing_features(
            dataset, lambda x: call("tf.nest.map_structure", [join("lambda t: ", one("t")), x])
        )
    return changing_features(dataset, one)
