"""The table of advice: each entry a code, the paragraph that explains it, and what looks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import cleandoc
from typing import TYPE_CHECKING

from msgspec import Struct

from studio.graph.edits import Edit
from studio.graph.problems import WARNING, Problem

if TYPE_CHECKING:
    from studio.graph.checks.advice.context import Context


class Finding(Struct, frozen=True):
    """One place where an advice holds; it becomes a Problem with the advice's code.

    `instead` is a problem already known that this one says better.
    """

    node: str
    message: str
    hint: str
    fix: Edit | None = None
    graph: str = "model"
    place: str = ""
    severity: str = WARNING
    instead: Problem | None = None


Look = Callable[["Context"], Iterator[Finding]]


class Advice(Struct, frozen=True):
    """An entry of the table."""

    code: str
    look: Look

    @property
    def docs(self) -> str:
        """The paragraph in docs/problems.md: what it means, why it matters, how to mend it."""
        return " ".join(cleandoc(self.look.__doc__ or "").split())


ADVICE: dict[str, Advice] = {}


def advice(code: str) -> Callable[[Look], Look]:
    """Enters a function into the table; its docstring is the paragraph of the docs."""

    def enter(look: Look) -> Look:
        if code in ADVICE:
            raise ValueError(f"{code} is there twice")
        ADVICE[code] = Advice(code, look)
        return look

    return enter
