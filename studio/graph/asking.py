"""What only running the user's own code can tell, as a question to whoever may run it.

Nothing here runs it: inference is handed a function that answers, or none.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from msgspec import Struct

from studio.graph.code import outline
from studio.graph.document import Code, Graph, Node, Project, is_call
from studio.graph.elements import Nested, Structure
from studio.graph.spec import Refused, Result, Spec

ASKED = ("layer", "function")
"""Kinds of code that stand in a model."""


class CodeCall(Struct, frozen=True):
    """A call of the user's own layer or function on tensors of these specs."""

    name: str
    code: dict[str, Code]
    """It, and what it uses, in the order of the file."""
    params: dict[str, Any]
    inputs: tuple[tuple[str, tuple[Spec, ...]], ...]
    """What each port gets, the first port first."""
    policy: str = "float32"
    """The dtype policy of a layer that names none."""

    @property
    def key(self) -> str:
        """The same for two calls of which the outcome is the same."""
        code = {name: (each.kind, each.source) for name, each in self.code.items()}
        told = [self.name, code, self.params, plain_inputs(self), self.policy]
        return json.dumps(told, sort_keys=True)


class StageCall(Struct, frozen=True):
    """A stage of the data graph that calls the user's own function on elements."""

    name: str
    code: dict[str, Code]
    """It, and what it uses, in the order of the file."""
    params: dict[str, Any]
    method: str
    """That of tf.data.Dataset: map, flat_map, ..."""
    structure: Any
    """What arrives: a Structure of Specs."""
    settings: dict[str, Any]
    """Further arguments of the method."""

    @property
    def key(self) -> str:
        """The same for two calls of which the outcome is the same."""
        code = {name: (each.kind, each.source) for name, each in self.code.items()}
        told = [self.method, self.name, code, self.params, plain(self.structure), self.settings]
        return json.dumps(told, sort_keys=True)


MOST_ANSWERS = 4096

Ask = Callable[[CodeCall | StageCall], Any]
"""Answers a call: a Result (of a stage, a Structure) or Refused; None where it isn't known yet."""


class Answers:
    """What is known of calls, each asked once; nothing where there is nobody to ask."""

    def __init__(self, ask: Ask | None):
        self._ask = ask
        self._kept: dict[str, Any] = {}

    def of(
        self, project: Project, name: str, params: dict[str, Any], inputs: list[tuple[str, Any]]
    ) -> Result | None:
        """What a node's call gives and holds; None where that isn't known; raises Refused."""
        call = code_call(project, name, params, inputs) if self._ask is not None else None
        return None if call is None else self._answer(call)

    def of_stage(
        self,
        project: Project,
        method: str,
        call: dict[str, Any],
        structure: Structure,
        settings: dict[str, Any],
    ) -> Structure | None:
        """What leaves a stage that calls the user's own; None where that isn't known."""
        if self._ask is None:
            return None
        name, params = call["op"].removeprefix("code:"), call.get("params", {})
        used = _used(project, {name, *_named(params), *_named(settings)})
        code = {n: c for n, c in project.code.items() if n in used}
        return self._answer(StageCall(name, code, params, method, structure, settings))

    def _answer(self, call: CodeCall | StageCall) -> Any:
        key = call.key
        answer = self._kept.get(key)
        if answer is None:
            answer = self._ask(call)
            if answer is None:
                return None
            if len(self._kept) >= MOST_ANSWERS:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = answer
        if isinstance(answer, Refused):
            raise Refused(answer.message, answer.hint)  # one of its own, for its own traceback
        return answer

    def forget(self) -> None:
        """Has everything asked again."""
        self._kept.clear()


def plain_inputs(call: CodeCall) -> list[Any]:
    """[[port, [[shape, dtype, ragged], ...]], ...], for JSON."""
    return [
        [port, [[list(spec.shape), spec.dtype, spec.ragged] for spec in specs]]
        for port, specs in call.inputs
    ]


def plain(structure: Structure) -> Any:
    """A structure for JSON: ["tensor", shape, dtype, ragged], ["tuple", ...], ["dict", {...}]."""
    if isinstance(structure, dict):
        return ["dict", {key: plain(part) for key, part in structure.items()}]
    if isinstance(structure, tuple):
        return ["tuple", *map(plain, structure)]
    if isinstance(structure, Nested):
        return ["dataset", plain(structure.element)]
    return ["tensor", list(structure.shape), structure.dtype, structure.ragged]


def from_plain(value: Any) -> Structure:
    """The structure that `plain` wrote; a dataset in it has windows of unknown size."""
    kind, *parts = value
    if kind == "dict":
        return {key: from_plain(part) for key, part in parts[0].items()}
    if kind == "tuple":
        return tuple(map(from_plain, parts))
    if kind == "dataset":
        return Nested(from_plain(parts[0]), 1, False)
    shape, dtype, ragged = parts
    return Spec(tuple(shape), dtype, ragged)


def code_call(
    project: Project, name: str, params: dict[str, Any], inputs: Iterable[tuple[str, Any]]
) -> CodeCall | None:
    """The question that a node's call is; None where its code is of no kind that is asked."""
    if project.code[name].kind not in ASKED:
        return None
    given = []
    for port, found in inputs:
        specs = found if isinstance(found, tuple) else () if found is None else (found,)
        if not all(isinstance(spec, Spec) for spec in specs):
            return None
        given.append((port, specs))
    if not given or not given[0][1]:
        return None
    used = _used(project, {name, *_named(params)})
    code = {n: c for n, c in project.code.items() if n in used}
    return CodeCall(name, code, params, tuple(given), project.precision)


def _used(project: Project, names: set[str]) -> set[str]:
    """Pieces of code, and all that they use."""
    found: set[str] = set()
    todo = [name for name in names if name in project.code]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += outline(name, project.code[name]).names & project.code.keys()
    return found


def _named(value: Any) -> Iterator[str]:
    """The pieces of code that calls in a parameter's value use."""
    if is_call(value) and str(value["op"]).startswith("code:"):
        yield value["op"].removeprefix("code:")
    inner = value.values() if isinstance(value, dict) else value
    for item in inner if isinstance(value, (dict, list)) else ():
        yield from _named(item)


def callers(project: Project, graph: Graph, names: set[str]) -> set[str]:
    """The nodes of a graph whose outcome hangs on pieces of code, by themselves or in a block."""
    using = {name for name in project.code if _used(project, {name}) & names} | names

    def calls(node: Node) -> bool:
        return node.op in ops or not using.isdisjoint(_named(node.params))

    ops = {f"code:{name}" for name in using}
    todo = True
    while todo:
        blocks = {
            f"block:{n}" for n, b in project.blocks.items() if any(map(calls, b.nodes.values()))
        }
        todo = not blocks <= ops
        ops |= blocks
    found = {node.id for node in graph.nodes.values() if calls(node)}
    return found | {node.id for node in graph.nodes.values() if node.shares in found}
