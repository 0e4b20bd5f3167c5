"""What is wrong, said so that a person can mend it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from msgspec import Struct

ERROR = "error"
WARNING = "warning"


class Problem(Struct, frozen=True, eq=False):
    """One thing that is wrong, or unwise.

    `graph` is "model", "data", "block:NAME", "training", "code" or "" for the
    file as a whole; `node` the id of the node (or name of the entry) it hangs
    on, or "". `place` is where it stands in the file: `model.nodes[3] "conv2"`.
    `fix` is the edit (of studio.graph.edits) that mends it, where there is one.
    Problems are equal if they say the same, whatever mends them.
    """

    severity: str
    code: str
    graph: str
    node: str
    message: str
    hint: str = ""
    place: str = ""
    fix: Any = None

    def _said(self) -> tuple[str, ...]:
        """All but the edit, which may hold what can't be hashed."""
        return tuple(getattr(self, name) for name in self.__struct_fields__[:7])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Problem) and self._said() == other._said()

    def __hash__(self) -> int:
        return hash(self._said())

    def sentence(self) -> str:
        """Place, message and mend on one line."""
        place = self.place or " ".join(filter(None, (self.graph, self.node and f'"{self.node}"')))
        whole = " ".join(filter(None, (place and f"{place}:", self.message, self.hint)))
        return printable(whole)

    def as_json(self) -> dict[str, str]:
        """The six fields of `studio validate --json`."""
        return {name: getattr(self, name) for name in self.__struct_fields__[:6]}


class StudioError(Exception):
    """Something a person can mend; its text is a whole sentence."""


class ProjectError(StudioError):
    """A project that can't be used as it is, with every reason."""

    def __init__(self, problems: Sequence[Problem]):
        super().__init__("\n".join(problem.sentence() for problem in problems))
        self.problems = tuple(problems)


def errors(problems: Iterable[Problem]) -> list[Problem]:
    """Those that stop a run."""
    return [problem for problem in problems if problem.severity == ERROR]


def nearest(word: str, words: Iterable[str]) -> str:
    """A hint with up to three names that are like the one found; empty where none is."""
    # Only the beginning is compared: a name of a megabyte must not take a minute.
    matches = get_close_matches(word[:100], list(words), n=3, cutoff=0.6)
    return f"Did you mean {one_of(matches)}?" if matches else ""


def one_of(words: Iterable[object]) -> str:
    """`"a", "b" or "c"`."""
    *first, last = [quoted(word) for word in words] or ["nothing"]
    return f"{', '.join(first)} or {last}" if first else last


def printable(text: str) -> str:
    """A text with all that a terminal could take for a command, or can't show, escaped."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def article(word: str) -> str:
    """The word with "a" or "an" before it."""
    return f"{'an' if word[:1] in 'aeiou' else 'a'} {word}"


def quoted(value: object, limit: int = 60) -> str:
    """A value from a file as it is shown in a sentence: escaped, and never too long."""
    if isinstance(value, str):
        text = f'"{printable(value[:limit])}"'
    elif value is None or isinstance(value, bool):
        text = {None: "null", True: "true", False: "false"}[value]
    elif isinstance(value, (list, tuple)):
        text = f"[{', '.join(quoted(item) for item in value[:limit])}]"
    elif isinstance(value, dict):
        items = list(value.items())[:limit]
        text = f"{{{', '.join(f'{quoted(key)}: {quoted(item)}' for key, item in items)}}}"
    else:
        text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
