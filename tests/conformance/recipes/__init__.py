"""How to draw cases for each op, a family a file; every module here is read in."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from tests.conformance.case import Case
from tests.conformance.draw import Draw

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


def draw_case(path: str, number: int, seed: int = 0) -> Case:
    """The case of this number for an op; always the same for the same seed."""
    params, inputs = recipes()[path](Draw(f"{path} {number} {seed}"), path)
    return Case(path, params, inputs)
