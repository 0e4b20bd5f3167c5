"""Generators of the project's own: their source against what the data graph says of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from msgspec import Struct

from studio.graph.code import outline
from studio.graph.document import Code, Project, is_call
from studio.graph.ops.generator import FROM_GENERATOR, signature
from studio.graph.ports import problem_at
from studio.graph.problems import Problem, quoted
from studio.graph.spec import Refused


class Yields(Struct, frozen=True):
    """What the source of a generator shows."""

    anything: bool
    """Whether it yields at all."""
    sizes: tuple[int, ...] = ()
    """How many values stand in each tuple that it yields, where one is written out."""
    endless: int | None = None
    """The line of a loop that nothing leaves."""


def check_generators(project: Project) -> Iterator[Problem]:
    """What is wrong with generators that are used as sources, without running any."""
    for node in project.data.nodes.values() if project.data is not None else ():
        generator = node.params.get("generator")
        if node.op != FROM_GENERATOR or not is_call(generator) or node.bypass:
            continue
        name = str(generator["op"]).removeprefix("code:")
        code = project.code.get(name)
        if not str(generator["op"]).startswith("code:") or code is None:
            continue  # told by the check of calls
        if any(each[0] == "error" for each in outline(name, code).problems):
            continue
        params = generator.get("params", {})
        for found in _wrong(name, code, params if isinstance(params, dict) else {}, node.params):
            yield problem_at("data", project.data, node.id, *found)


def _wrong(
    name: str, code: Code, given: dict[str, Any], params: dict[str, Any]
) -> Iterator[tuple[str, str, str]]:
    """(code, message, hint) of what is wrong with a generator's call."""
    if code.kind != "generator":
        message = f"takes its elements from {quoted(name)}, which is a {code.kind}."
        yield "wrong-op", message, 'Set its kind to "generator", or use another.'
        return
    for missing in (each for each in outline(name, code).required if each not in given):
        yield "missing-param", f"{name} needs {missing}.", f"Give {missing} in its params."
    found = yields(name, code.source)
    if not found.anything:
        message = f"takes its elements from {quoted(name)}, which never yields."
        yield "bad-code", message, "Write yield in it for each element, instead of return."
        return
    if found.endless is not None and params.get("count") != -1:
        message = f"takes its elements from {quoted(name)}, whose loop in line {found.endless} "
        message += "never ends, and so an epoch wouldn't."
        hint = "Set count to -1 and training.steps_per_epoch, or leave the loop with break."
        yield "endless", message, hint
    try:
        structure = signature(params.get("output_signature"))
    except Refused:
        return  # told by its rule
    wanted = len(structure) if isinstance(structure, tuple) else None
    for size in found.sizes:
        if wanted is not None and size != wanted:
            message = f"declares {wanted} parts, features and label, but {quoted(name)} yields "
            message += f"{size} values."
            yield "bad-param", message, "Declare what it yields in output_signature."
            return


@lru_cache(maxsize=64)
def yields(name: str, source: str) -> Yields:
    """What a generator's source shows of its yields; the source is right Python that defines it."""
    function = next(
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and node.name == name
    )
    own = list(_own(function))
    found = [node for node in own if isinstance(node, (ast.Yield, ast.YieldFrom))]
    values = [node.value for node in found if isinstance(node, ast.Yield)]
    sizes = tuple(
        len(value.elts)
        for value in values
        if isinstance(value, ast.Tuple) and not any(isinstance(e, ast.Starred) for e in value.elts)
    )
    loops = (node for node in own if isinstance(node, ast.While) and _never_left(node))
    return Yields(bool(found), sizes, next((loop.lineno for loop in loops), None))


def _never_left(loop: ast.While) -> bool:
    if not (isinstance(loop.test, ast.Constant) and loop.test.value):
        return False
    inside = [node for statement in loop.body for node in (statement, *_own(statement))]
    if any(isinstance(node, (ast.Return, ast.Raise, ast.Try)) for node in inside):
        return False
    return not any(isinstance(node, ast.Break) for node in _breaking(loop.body))


def _breaking(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """The statements of a loop, without those of the loops in it, whose breaks are their own."""
    for statement in body:
        yield statement
        if isinstance(statement, (ast.For, ast.While)):
            yield from _breaking(statement.orelse)
        elif not isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            for node in ast.iter_child_nodes(statement):
                if isinstance(node, (ast.stmt, ast.match_case)):
                    yield from _breaking(node.body if isinstance(node, ast.match_case) else [node])


def _own(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function, without those of the functions in it."""
    for node in ast.iter_child_nodes(function):
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Lambda)):
            yield node
            yield from _own(node)
