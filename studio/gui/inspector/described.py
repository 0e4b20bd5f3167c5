"""What can be set on a node, as an op of the catalogue: also for blocks, own code, and several."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import Any

from studio.graph.catalogue.guess import guess_type
from studio.graph.catalogue.op import REQUIRED, Op, Param
from studio.graph.catalogue.registry import find
from studio.graph.catalogue.types import Bool, Float, Int, ListOf, OneCall, Text, Type
from studio.graph.code import outline
from studio.graph.document import Graph, Node, Project, is_call, owner
from studio.graph.own_step import HANDED


def alike(one: Op, other: Op) -> bool:
    """Whether a form of the one fits the other."""
    return one is other or (one.path == other.path and one.params == other.params)


def described(project: Project, graph: Graph, node: Node) -> Op:
    """What a node calls, with all its parameters; one without any where that isn't known."""
    made = owner(graph, node)
    path = (made.op if made is not None else None) or ""
    if path.startswith("block:"):
        return block_op(project, path)
    if path.startswith("code:"):
        return code_op(project, path)
    return find(path) or Op(path, "", "")


def block_op(project: Project, path: str) -> Op:
    """A block as an op: its parameters, with the types that their names and values suggest."""
    block = project.blocks.get(path.removeprefix("block:"))
    values = block.parameters if block is not None else {}
    params = {name: Param(name, guessed(name, value), value) for name, value in values.items()}
    return Op(path, "block", "block", params=params, shown=tuple(params))


def code_op(project: Project, path: str) -> Op:
    """The user's own code as an op: the parameters of its own signature."""
    name = path.removeprefix("code:")
    code = project.code.get(name)
    if code is None:
        return Op(path, "code", "custom")
    known = outline(name, code)
    # A map or function is called on its first parameter, so that one can't be set.
    taken = known.tensors if code.kind in ("map", "function") else ()
    taken = HANDED if code.kind == "train_step" else taken
    params = {}
    for each in known.parameters:
        if each in taken:
            continue
        default = REQUIRED if each in known.required else _default(code.source, each)
        params[each] = Param(each, guessed(each, None if default is REQUIRED else default), default)
    return Op(path, "code", "custom", params=params, shown=tuple(params))


def _default(source: str, name: str) -> Any:
    """What the code itself gives a parameter; None where that is no plain value."""
    for found in ast.walk(ast.parse(source)):
        if isinstance(found, ast.arguments):
            named = [*found.posonlyargs, *found.args]
            pairs = [*zip(named[::-1], found.defaults[::-1], strict=False)]
            pairs += zip(found.kwonlyargs, found.kw_defaults, strict=True)
            for argument, value in pairs:
                if argument.arg == name and isinstance(value, ast.Constant):
                    plain = value.value
                    return plain if isinstance(plain, (bool, int, float, str)) else None
    return None


def guessed(name: str, value: Any) -> Type:
    """The type of a parameter that nothing describes, from its name and a value it has."""
    kind = guess_type("", {"name": name, "default": value})
    if value is None or kind.accepts(value):
        return kind
    for plain in (Bool(), Int(), Float(), Text(), ListOf(Int())):
        if plain.accepts(value):
            return plain
    if is_call(value):
        op = find(str(value["op"]))
        return OneCall((op.kind,), names=False) if op is not None else Type()
    return Type()


def common(ops: Sequence[Op]) -> Op:
    """What several ops have in common: the op itself, or the parameters that all have alike."""
    first, *others = ops
    if all(alike(first, each) for each in others):
        return first
    params = {
        name: param
        for name, param in first.params.items()
        if all(name in each.params and _fits(param, each.params[name]) for each in others)
    }
    title = f"{len(ops)} ops"
    return Op(title, "", "", params=params, shown=tuple(n for n in params if _of_note(ops, n)))


def _fits(one: Param, other: Param) -> bool:
    return one.type == other.type


def _of_note(ops: Iterable[Op], name: str) -> bool:
    return any(name in op.shown or name in op.required for op in ops)
