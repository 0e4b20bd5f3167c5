"""Expressions as data, laid out over lines exactly as `ruff format` leaves them.

An expression is a text that is never broken, or a sequence of parts some of
which are groups: brackets with items, which are written on one line where that
fits into 88 columns, else opened.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from unicodedata import category, combining, east_asian_width

from msgspec import Struct

WIDTH = 88
STEP = 4

Expr = "str | Group | Binary | Parts | Marked"


class Group(Struct, frozen=True):
    """Brackets with items.

    A call's items may share one line of their own, a collection's may not; the
    items of a comprehension are its element and clauses, without commas.
    """

    open: str
    items: tuple[Expr, ...]
    close: str
    call: bool = False
    comprehension: bool = False

    @property
    def between(self) -> str:
        """What stands between two items on one line."""
        return " " if self.comprehension else ", "


class Binary(Struct, frozen=True):
    """Two operands, as an argument: broken before the operator where they don't fit."""

    left: Expr
    operator: str
    right: Expr


class Parts(Struct, frozen=True):
    """Expressions one directly behind the other."""

    parts: tuple[Expr, ...]


class Marked(Struct, frozen=True):
    """An expression whose lines belong to a node."""

    mark: tuple[str, str]
    inner: Expr


def join(*parts: Expr) -> Parts:
    """Expressions one directly behind the other."""
    return Parts(parts)


def call(function: Expr, positional: Iterable[Expr] = (), **keywords: Expr) -> Parts:
    """`function(positional, name=keyword)`."""
    items = (*positional, *(join(f"{name}=", value) for name, value in keywords.items()))
    return join(function, Group("(", tuple(items), ")", call=True))


def listing(items: Iterable[Expr]) -> Group:
    """`[items]`."""
    return Group("[", tuple(items), "]")


def tuple_of(items: Iterable[Expr]) -> Expr:
    """`(items)`, with the comma that a single one needs."""
    items = tuple(items)
    return Group("(", items, ",)" if len(items) == 1 else ")")


def dictionary(items: Iterable[tuple[str, Expr]]) -> Group:
    """`{"key": value}`; the keys are written already."""
    return Group("{", tuple(join(f"{key}: ", value) for key, value in items), "}")


def subscript(value: Expr, key: Expr) -> Parts:
    """`value[key]`."""
    return join(value, Group("[", (key,), "]", call=True))


def comprehension(element: Expr, *clauses: Expr) -> Group:
    """`[element for ...]`."""
    return Group("[", (element, *clauses), "]", comprehension=True)


def width(text: str) -> int:
    """How many columns a text takes: wide characters two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(
        0
        if combining(char) or category(char) in ("Mn", "Me", "Cf")
        else 2
        if east_asian_width(char) in "WF"
        else 1
        for char in text
    )


def flat(expr: Expr) -> str:
    """The expression on one line."""
    if isinstance(expr, str):
        return expr
    if isinstance(expr, Marked):
        return flat(expr.inner)
    if isinstance(expr, Parts):
        return "".join(map(flat, expr.parts))
    if isinstance(expr, Binary):
        return f"{flat(expr.left)} {expr.operator} {flat(expr.right)}"
    return f"{expr.open}{expr.between.join(map(flat, expr.items))}{expr.close}"


def one_line(parts: Iterable[Expr], room: int) -> str | None:
    """The expressions on one line; None where they don't fit, or lines in them are marked."""
    found: list[str] = []
    if not all(_flatten(part, found) for part in parts):
        return None
    line = "".join(found)
    return line if width(line) <= room else None


def _flatten(expr: Expr, found: list[str]) -> bool:
    """Adds the texts of an expression on one line; says False where a part of it is marked."""
    if isinstance(expr, str):
        found.append(expr)
        return True
    if isinstance(expr, Marked):
        return False
    if isinstance(expr, Parts):
        return all(_flatten(part, found) for part in expr.parts)
    if isinstance(expr, Binary):
        found.append(flat(expr))
        return True
    found.append(expr.open)
    for index, item in enumerate(expr.items):
        if index:
            found.append(expr.between)
        if not _flatten(item, found):
            return False
    found.append(expr.close)
    return True


class Lines:
    """Lines as they are written, and which of them belong to which node."""

    def __init__(self) -> None:
        self.lines: list[str] = [""]
        self.marks: dict[tuple[str, str], list[tuple[int, int]]] = {}

    @property
    def column(self) -> int:
        """Where the next character of the last line would stand."""
        return width(self.lines[-1])

    def new_line(self, indent: int) -> None:
        """Begins a line."""
        self.lines.append(" " * indent)

    def write(self, text: str) -> None:
        """Goes on with the last line."""
        self.lines[-1] += text

    def expression(self, expr: Expr, indent: int, tail: int = 0) -> None:
        """Writes an expression; `tail` is how much must still fit behind it on its last line."""
        parts = list(_parts(expr))
        for index, (part, marks) in enumerate(parts):
            first = len(self.lines)
            if isinstance(part, str):
                self.write(part)
            elif isinstance(part, Binary):
                self._binary(part, indent, tail)
            else:
                self._group(part, indent, _rest(parts[index + 1 :], tail))
            for mark in marks:
                self._mark(mark, first, len(self.lines))

    def _mark(self, mark: tuple[str, str], first: int, last: int) -> None:
        ranges = self.marks.setdefault(mark, [])
        if ranges and ranges[-1][1] >= first - 1 and ranges[-1][0] <= first:
            ranges[-1] = (ranges[-1][0], max(last, ranges[-1][1]))
        else:
            ranges.append((first, last))

    def _binary(self, binary: Binary, indent: int, tail: int) -> None:
        if self.column + width(flat(binary)) + tail <= WIDTH:
            self.write(flat(binary))
            return
        self.expression(binary.left, indent)
        self.new_line(indent)
        self.write(f"{binary.operator} ")
        self.expression(binary.right, indent, tail)

    def _group(self, group: Group, indent: int, rest: int) -> None:
        if not group.items or self.column + width(flat(group)) + rest <= WIDTH:
            self._flat(group)
            return
        inner = indent + STEP
        self.write(group.open)
        body = group.between.join(map(flat, group.items))
        one_line = group.call or group.comprehension
        if one_line and inner + width(body) <= WIDTH:
            self.new_line(inner)
            self._items(group)
            self.new_line(indent)
            self.write(group.close)
            return
        comma = "," if len(group.items) > 1 or group.close == ",)" else ""
        comma = "" if group.comprehension else comma
        for item in group.items:
            self.new_line(inner)
            self.expression(item, inner, len(comma))
            self.write(comma)
        self.new_line(indent)
        self.write(group.close[-1])

    def _flat(self, group: Group) -> None:
        self.write(group.open)
        self._items(group)
        self.write(group.close)

    def _items(self, group: Group) -> None:
        """All items on this line; marks inside them are kept."""
        for index, item in enumerate(group.items):
            self.write(group.between if index else "")
            for part, marks in _parts(item):
                if isinstance(part, Group):
                    self._flat(part)
                else:
                    self.write(flat(part))
                for mark in marks:
                    self._mark(mark, len(self.lines), len(self.lines))


def _parts(
    expr: Expr, marks: tuple[tuple[str, str], ...] = ()
) -> Iterator[tuple[str | Group, tuple[tuple[str, str], ...]]]:
    """The texts and groups an expression is made of, each with the nodes it belongs to."""
    if isinstance(expr, Marked):
        yield from _parts(expr.inner, (*marks, expr.mark))
    elif isinstance(expr, Parts):
        for part in expr.parts:
            yield from _parts(part, marks)
    else:
        yield expr, marks


def _rest(parts: Sequence[tuple[str | Group, object]], tail: int) -> int:
    """How much stands behind a group up to where the line could next be broken."""
    taken = 0
    for part, _ in parts:
        if isinstance(part, str):
            taken += width(part)
        elif isinstance(part, Binary):
            taken += width(flat(part))
        elif part.items:
            return taken + len(part.open)
        else:
            taken += len(part.open) + len(part.close)
    return taken + tail


def head_width(parts: Sequence[Expr]) -> int:
    """How wide a statement's beginning is, up to its first bracket that can be broken."""
    return _rest(list(_parts(Parts(tuple(parts)))), 0)
