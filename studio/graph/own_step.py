"""A train step of the user's own, read with ast: what it is handed, and whether it returns logs."""

from __future__ import annotations

import ast
from collections.abc import Iterator

HANDED = ("model", "batch", "optimizers")
"""What the loop hands to a step by position; the last where it asks for it."""

_NO_DICT = (
    ast.Tuple,
    ast.List,
    ast.Set,
    ast.Constant,
    ast.JoinedStr,
    ast.Lambda,
    ast.ListComp,
    ast.SetComp,
    ast.GeneratorExp,
    ast.Compare,
    ast.UnaryOp,
)
"""What no dict can come of, whatever stands in it."""


def step_problems(step: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    """(message, hint) of everything that keeps a function from being a train step."""
    positional = [each.arg for each in (*step.args.posonlyargs, *step.args.args)]
    if positional[:2] != list(HANDED[:2]):
        found = ", ".join(positional) or "nothing"
        message = f"is a function of ({found}); a train step is one of (model, batch, ...)."
        yield message, f"Write def {step.name}(model, batch)."
    elif "optimizers" in positional[3:] or _only_by_name(step):
        message = "takes optimizers, but not as its third parameter."
        yield message, f"Write def {step.name}(model, batch, optimizers, ...)."
    returns = list(_returns(step))
    hint = 'Return a dict of scalars by name, such as {"loss": loss}.'
    if not returns:
        yield "returns nothing; a train step returns its logs.", hint
    for each in returns:
        value = each.value
        if value is None or isinstance(value, _NO_DICT):
            shown = "nothing" if value is None else ast.unparse(value)
            shown = shown if len(shown) <= 40 else f"{shown[:39]}…"
            yield f"returns {shown} in line {each.lineno}; a train step returns its logs.", hint
            return


def takes_optimizers(parameters: tuple[str, ...]) -> bool:
    """Whether a step with these parameters asks for the dict of further optimizers."""
    return parameters[2:3] == ("optimizers",)


def _only_by_name(step: ast.FunctionDef) -> bool:
    return any(each.arg == "optimizers" for each in step.args.kwonlyargs)


def _returns(function: ast.AST) -> Iterator[ast.Return]:
    """A function's returns, without those of the functions in it."""
    for node in ast.iter_child_nodes(function):
        if isinstance(node, ast.Return):
            yield node
        elif not isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Lambda)):
            yield from _returns(node)
