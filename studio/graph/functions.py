"""The functions that stages of a data graph take, as calls: what they are given and what they give.

A ready-made one has a rule in the catalogue; the project's own is asked of
whoever may run it, where it doesn't declare its output.
"""

from __future__ import annotations

from typing import Any

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.registry import describe, find
from studio.graph.catalogue.types import Either, Int, ListOf, OneCall, Text
from studio.graph.elements import Elements, Structure, features, part_at
from studio.graph.problems import nearest, quoted
from studio.graph.rule import Args
from studio.graph.spec import Refused, Spec

WHERE = ListOf(Either((Int(0), Text())))
"""A part of an element: [1], or [0, "text"]; [] for all of it."""


def function(kind: str, name: str, shown: str, help: str, *params: Param) -> Any:
    """Describes a ready-made function of a kind: `studio.predicate.compare`."""
    return describe(
        f"studio.{kind}.{name}", kind=kind, family=kind, shown=shown, help=help, params=params
    )


def takes(name: str, kind: str, help: str) -> Param:
    """A stage's parameter that is a function: ready-made of a kind, or code of the project."""
    return Param(name, OneCall((kind, "code"), names=False), help=help)


def own(call: dict[str, Any]) -> str | None:
    """The name of the project's code that a call is; None for a ready-made function."""
    path = call["op"]
    return path.removeprefix("code:") if path.startswith("code:") else None


def applied(p: Args, call: dict[str, Any], dataset: Elements) -> Any:
    """What the rule of a ready-made function says of an element."""
    op = find(call["op"])
    if op is None or op.rule is None:
        raise Refused(f"calls {quoted(call['op'])}, which isn't known")
    filled = op.filled(call.get("params", {}))
    return op.rule(Args(filled, folder=p.folder, own_code=p.own_code), dataset)


def asked(
    p: Args, method: str, call: dict[str, Any], dataset: Elements, **settings: Any
) -> Structure:
    """What leaves a stage that calls the project's own code; Refused where nobody knows it."""
    made = p.own_code(method, call, dataset.structure, settings) if p.own_code else None
    if made is None:
        raise Refused(
            f"calls {quoted(own(call))}, whose result isn't known here",
            "Declare its output_shape, or let the project's own code be run.",
        )
    return made


def tensor_at(dataset: Elements, path: list[int | str]) -> Spec:
    """One tensor of an element; Refused where the path leads to none, or to several."""
    part = part_at(dataset.structure, path)
    if not isinstance(part, Spec):
        raise Refused(f"takes the part {quoted(path)}, which is no single tensor")
    return part


def named_features(dataset: Elements, names: Any) -> dict[str, Any]:
    """The features by name; Refused where they have none, or one of these isn't among them."""
    given = features(dataset.structure)
    if not isinstance(given, dict):
        why = "are one tensor" if isinstance(given, Spec) else "have no names"
        raise Refused(
            f"works on features by name, but they {why}",
            "Name them under the source's features, or with to_features_and_label.",
        )
    for name in names:
        if name not in given:
            raise Refused(
                f"takes the feature {quoted(name)}, which isn't there",
                nearest(name, given) or f"There are {', '.join(given)}.",
            )
    return given


def with_features(dataset: Elements, changed: dict[str, Any]) -> Structure:
    """The structure with other features, and what else stands beside them."""
    structure = dataset.structure
    return (changed, *structure[1:]) if isinstance(structure, tuple) else changed
