"""The catalogue: facts generated from Keras, joined with what is written by hand.

assets/catalogue.json holds what introspection knows of every public op: names,
parameters, defaults, help. The modules of studio/graph/ops add what it can't
know (ports, ranges, families, shape rules) and describe the ops that are not
Keras'. The two are joined op by op when one is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from studio.graph.catalogue.call import call_arguments
from studio.graph.catalogue.guess import guess_type
from studio.graph.catalogue.nest import Nest
from studio.graph.catalogue.op import REQUIRED, Op, Param, Port, one_output
from studio.graph.catalogue.types import DictOf, Type
from studio.resources import ASSETS


class Description(Struct):
    """What is written by hand about an op."""

    kind: str = ""
    family: str = ""
    inputs: tuple[Port, ...] | None = None
    outputs: Callable[[dict[str, Any]], tuple[str, ...]] | None = None
    shown: tuple[str, ...] = ()
    help: str = ""
    params: dict[str, Type | Param] = field(default_factory=dict)
    rule: Callable[..., Any] | None = None
    check: Callable[..., None] | None = None
    builds_first: bool = False
    nests: Callable[[dict[str, Any]], dict[str, Nest]] = lambda params: {}
    flattened: Callable[[dict[str, Any]], bool] = lambda params: False
    listed: bool = False
    each: bool = False
    weak: tuple[str, ...] = ()
    fed: tuple[str, ...] = ()


_described: dict[str, Description] = {}


def describe(
    *paths: str,
    kind: str = "",
    family: str = "",
    inputs: str | None = None,
    outputs: str | Callable[[dict[str, Any]], tuple[str, ...]] | None = None,
    shown: str = "",
    help: str = "",
    params: Iterable[Param] = (),
    check: Callable[..., None] | None = None,
    builds_first: bool = False,
    nests: Callable[[dict[str, Any]], dict[str, Nest]] = lambda params: {},
    flattened: Callable[[dict[str, Any]], bool] = lambda params: False,
    listed: bool = False,
    each: bool = False,
    weak: str = "",
    fed: str = "",
    **types: Type,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Describes one op, or several alike; as a decorator it also gives them their rule.

    `inputs` are port names, `*` behind one that takes several tensors and `?`
    behind one that may be left free: "query value key?". `types` put a type in
    the place of the guessed one; `params` describe parameters that Keras
    doesn't (those of studio's own ops). `check` refuses parameters that don't
    go together: it gets Args and raises Refused. `builds_first` says that the
    layer's state must be made before it is first called inside a graph. `weak`
    and `fed` name the ports that are so (see Port); `nests`, `flattened` and
    `listed` say how tensors stand in lists, `each` how many come out (see Op).
    """
    ports = None if inputs is None else tuple(map(_port, inputs.split()))
    if isinstance(outputs, str):
        names = tuple(outputs.split())
        outputs = lambda params: names  # noqa: E731
    description = Description(
        kind=kind,
        family=family,
        inputs=ports,
        outputs=outputs,
        shown=tuple(shown.split()),
        help=help,
        params={param.name: param for param in params} | types,
        check=check,
        builds_first=builds_first,
        nests=nests,
        flattened=flattened,
        listed=listed,
        each=each,
        weak=tuple(weak.split()),
        fed=tuple(fed.split()),
    )
    for path in paths:
        if path in _described:
            raise ValueError(f"{path} is described twice")
        _described[path] = description

    def attach(rule: Callable[..., Any]) -> Callable[..., Any]:
        description.rule = rule
        return rule

    return attach


def _port(text: str) -> Port:
    return Port(text.rstrip("*?"), many="*" in text, optional="?" in text)


@cache
def _load() -> dict[str, Any]:
    """The generated facts; the hand-written descriptions are read in beside."""
    package = import_module("studio.graph.ops")
    for module in iter_modules(package.__path__):
        import_module(f"studio.graph.ops.{module.name}")
    return json.loads(Path(ASSETS, "catalogue.json").read_bytes())


@cache
def paths() -> tuple[str, ...]:
    """The path of every op there is, sorted."""
    return tuple(sorted({*_load()["ops"], *_described}))


@cache
def aliases() -> dict[str, str]:
    """Other public path -> the one the catalogue uses."""
    ops = _load()["ops"]
    return {alias: path for path, fact in ops.items() for alias in fact.get("aliases", ())}


@cache
def find(path: str) -> Op | None:
    """The op with this public path, or one of its aliases; None where there is none."""
    facts = _load()
    path = path if path in facts["ops"] or path in _described else aliases().get(path, path)
    fact = facts["ops"].get(path)
    described = _described.get(path)
    if fact is None and described is None:
        return None
    fact, described = fact or {}, described or Description()
    kind = described.kind or fact["kind"]
    inputs = _inputs(fact, described)
    return Op(
        path=path,
        kind=kind,
        family=described.family or kind,
        help=described.help or fact.get("help", ""),
        params=_params(kind, fact, described, inputs),
        inputs=inputs,
        outputs=described.outputs or one_output,
        shown=described.shown,
        rule=described.rule,
        builds_first=described.builds_first,
        nests=described.nests,
        flattened=described.flattened,
        listed=described.listed,
        each=described.each,
        check=described.check,
    )


def _inputs(fact: dict[str, Any], described: Description) -> tuple[Port, ...]:
    known = {each["name"]: each for each in fact.get("call", fact.get("params", ()))}
    if described.inputs is not None:
        ports = described.inputs
    elif "tensors" in fact:
        free = {name for name, each in known.items() if not each.get("required")}
        ports = tuple(_port(name + "?" * (name in free)) for name in fact["tensors"])
    else:
        return (Port("inputs"),) if fact.get("kind") == "layer" else ()
    return tuple(
        replace(
            port,
            place=list(known).index(port.name) if port.name in known else -1,
            spread="variadic" in known.get(port.name, ()),
            weak=port.name in described.weak,
            fed=port.name in described.fed,
            help=known.get(port.name, {}).get("help", ""),
        )
        for port in ports
    )


def _params(
    kind: str, fact: dict[str, Any], described: Description, inputs: tuple[Port, ...]
) -> dict[str, Param]:
    """The generated parameters with hand-written types, then those only written by hand.

    Last come those of a layer's call.
    """
    found = {}
    tensors = {name.rstrip("*?") for name in fact.get("tensors", ())}
    tensors |= {port.name for port in inputs} if kind == "function" else set()
    common = _load()["common"].get(fact.get("common"), ())
    for each in (*fact.get("params", ()), *common):
        name = each["name"]
        if name in found or name in tensors:
            continue
        default = REQUIRED if each.get("required") else each.get("default")
        given = described.params.get(name)
        if isinstance(given, Param):
            found[name] = given
        else:
            keywords = "keywords" in each
            type_ = given or (DictOf(Type()) if keywords else guess_type(kind, each))
            found[name] = Param(name, type_, default, each.get("help", ""), keywords)
    for name, param in described.params.items():
        if isinstance(param, Param):
            found.setdefault(name, param)
    for each in call_arguments(fact, {port.name for port in inputs}):
        name = each["name"]
        type_ = described.params.get(name) or guess_type(kind, each)
        found[name] = Param(name, type_, each["default"], each.get("help", ""), call=True)
    return found


def of_kind(*kinds: str) -> list[Op]:
    """Every op of these kinds, by path."""
    return [op for op in map(find, paths()) if op is not None and op.kind in kinds]


@cache
def short_names(kind: str) -> dict[str, str]:
    """Short name -> path, for the kinds that Keras also takes by name ("relu", "he_normal")."""
    found = {}
    for path, fact in _load()["ops"].items():
        if fact["kind"] == kind:
            for each in (path, *fact.get("aliases", ())):
                name = each.rpartition(".")[2]
                found |= {name: path, _snake(name): path}
    return found


def _snake(name: str) -> str:
    return "".join(
        f"_{c.lower()}" if c.isupper() and i and not name[i - 1].isupper() else c.lower()
        for i, c in enumerate(name)
    )
