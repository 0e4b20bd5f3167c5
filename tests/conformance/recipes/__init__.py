"""How to draw cases for each op, a family a file; every module here is read in."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from studio.graph.catalogue.registry import find
from studio.graph.spec import Spec
from tests.conformance.case import Case
from tests.conformance.draw import Draw

CONSTANTS = 0.25
"""The share of draws that give a constant."""

Recipe = Callable[..., tuple[dict[str, Any], dict[str, Any]]]
_recipes: dict[str, Recipe] = {}


def recipe(*paths: str) -> Callable[[Recipe], Recipe]:
    """Names the ops that a function draws cases for: (draw, path) -> (params, inputs by port)."""

    def attach(function: Recipe) -> Recipe:
        for path in paths:
            assert path not in _recipes, f"{path} has two recipes"
            _recipes[path] = function
        return function

    return attach


def recipes() -> dict[str, Recipe]:
    """The recipe of every op that has one."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    return _recipes


def draw_case(path: str, number: int, seed: int = 0, policy: str = "float32") -> Case:
    """The case of this number for an op; always the same for the same seed, but for the policy."""
    draw = Draw(f"{path} {number} {seed}")
    params, inputs = recipes()[path](draw, path)
    return Case(path, *with_constant(draw, path, params, inputs), policy)


def with_constant(draw: Draw, path: str, params: Any, inputs: Any) -> tuple[Any, Any]:
    """Now and then a function of several tensors gets a literal in the place of one."""
    op = find(path)
    single = [name for name, specs in inputs.items() if isinstance(specs, Spec)]
    if op is None or op.kind != "function" or len(op.inputs) < 2 or not single:
        return params, inputs
    inputs = dict(inputs)
    # One tensor stays: on constants alone Keras computes at once, which is no part of a model.
    while single and len(inputs) > 1 and draw.chance(CONSTANTS):
        name = draw.one(single)
        single.remove(name)
        params = params | {name: _literal(draw, inputs[name])}
        if not draw.odd():  # else it is given both ways
            del inputs[name]
    return params, inputs


def _literal(draw: Draw, spec: Spec) -> Any:
    """A literal mostly of this shape, about of this dtype; now and then a single number."""
    value: Any = 1.5 if "float" in spec.dtype or draw.odd() else True if spec.dtype == "bool" else 1
    if draw.chance(0.3):
        return value
    for size in reversed(spec.shape):
        value = [value] * (draw.size(1, 3) if size is None else size)
    if draw.odd() and isinstance(value, list):
        return draw.one([[value, 1], [True, 2], [2**40]])
    return value
