"""What a parameter may be: one class a kind of value.

A type says in words what it expects and whether a value is that. The inspector
has a widget for each of these classes, so there are few of them.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from studio.graph.constant import constant_spec
from studio.graph.document import is_call
from studio.graph.problems import one_of


class Type(Struct, frozen=True):
    """Any JSON value."""

    def accepts(self, value: Any) -> bool:
        """Whether the value fits, as far as can be seen without looking into nested calls."""
        return True

    def expected(self) -> str:
        """The end of the sentence "... expects"."""
        return "a JSON value"

    @property
    def null(self) -> bool:
        """Whether null is among its values, even where the default is another."""
        return False


class Bool(Type, frozen=True):
    """True or false."""

    def accepts(self, value: Any) -> bool:
        return isinstance(value, bool)

    def expected(self) -> str:
        return "true or false"


class Int(Type, frozen=True):
    """A whole number in a range."""

    min: int | None = None
    max: int | None = None

    def accepts(self, value: Any) -> bool:
        return _is_int(value) and _within(value, self.min, self.max)

    def expected(self) -> str:
        return f"a whole number{_range(self.min, self.max)}"


class Float(Type, frozen=True):
    """A number in a range; `above` leaves out its lower end, `below` its upper one.

    With `point` a whole number must be written with its point, as 1.0: where
    Keras looks for a float of Python, an int won't do.
    """

    min: float | None = None
    max: float | None = None
    above: float | None = None
    below: float | None = None
    point: bool = False

    def accepts(self, value: Any) -> bool:
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            return False
        if self.point and isinstance(value, int):
            return False
        if self.above is not None and not value > self.above:
            return False
        if self.below is not None and not value < self.below:
            return False
        return _within(value, self.min, self.max)

    def expected(self) -> str:
        above = f" above {self.above:g}" if self.above is not None else ""
        below = f" below {self.below:g}" if self.below is not None else ""
        both = " and" if above and below else ""
        point = ", written with its point" if self.point else ""
        return f"a number{_range(self.min, self.max)}{above}{both}{below}{point}"


class Text(Type, frozen=True):
    """A text; `without` is a character that may not be in it."""

    empty: bool = True
    without: str = ""

    def accepts(self, value: Any) -> bool:
        if not isinstance(value, str) or not (value or self.empty):
            return False
        return not self.without or self.without not in value

    def expected(self) -> str:
        empty = "" if self.empty else " that is not empty"
        return f"a text{empty}" + (f' without "{self.without}"' if self.without else "")


class Path(Text, frozen=True):
    """A file or folder: absolute, relative to the project, or assets:... for what Studio brings."""

    def expected(self) -> str:
        return "the path of a file"


class Folder(Path, frozen=True):
    """A folder, whose files are read."""

    def expected(self) -> str:
        return "the path of a folder"


class Files(Path, frozen=True):
    """A file, a pattern such as logs/*.csv that several match, or a list of these."""

    def accepts(self, value: Any) -> bool:
        if isinstance(value, (list, tuple)):
            return bool(value) and all(isinstance(each, str) for each in value)
        return isinstance(value, str)

    def expected(self) -> str:
        return "the path of a file, a pattern such as logs/*.csv, or a list of them"


class Choice(Type, frozen=True):
    """One of a few values."""

    values: tuple[Any, ...]

    def accepts(self, value: Any) -> bool:
        return any(value == each and type(value) is type(each) for each in self.values)

    def expected(self) -> str:
        return one_of(self.values)

    @property
    def null(self) -> bool:
        return None in self.values


class Ints(Type, frozen=True):
    """A whole number for every axis, or one for all of them."""

    axes: int
    min: int = 1

    def accepts(self, value: Any) -> bool:
        items = value if isinstance(value, (list, tuple)) else [value] * self.axes
        return len(items) == self.axes and all(_is_int(i) and i >= self.min for i in items)

    def expected(self) -> str:
        if self.axes == 1:
            return f"a whole number of at least {self.min}"
        return f"a whole number of at least {self.min}, or a list of {self.axes}"


class Shape(Type, frozen=True):
    """A shape without its batch axis; null stands for a size known only later."""

    unknown: bool = True
    min: int = 0

    def accepts(self, value: Any) -> bool:
        return isinstance(value, (list, tuple)) and all(
            (self.unknown and size is None) or (_is_int(size) and size >= self.min)
            for size in value
        )

    def expected(self) -> str:
        return "a shape such as [28, 28, 1]" + (
            ", null for an unknown size" if self.unknown else ""
        )


class ListOf(Type, frozen=True):
    """A list of values of one type."""

    item: Type
    empty: bool = True

    def accepts(self, value: Any) -> bool:
        if not isinstance(value, (list, tuple)) or not (value or self.empty):
            return False
        return all(self.item.accepts(each) for each in value)

    def expected(self) -> str:
        return f"a list, each item {self.item.expected()}"


class DictOf(Type, frozen=True):
    """An object whose values are of one type."""

    item: Type
    empty: bool = True

    def accepts(self, value: Any) -> bool:
        if not isinstance(value, dict) or not (value or self.empty):
            return False
        return all(self.item.accepts(each) for each in value.values())

    def expected(self) -> str:
        return f"an object, each value {self.item.expected()}"


class Either(Type, frozen=True):
    """A value of one of several types."""

    types: tuple[Type, ...]

    def accepts(self, value: Any) -> bool:
        return any(each.accepts(value) for each in self.types)

    def expected(self) -> str:
        return ", or ".join(each.expected() for each in self.types)

    @property
    def null(self) -> bool:
        return any(each.null for each in self.types)


class OneCall(Type, frozen=True):
    """A call of an op of certain kinds; `names` also lets Keras' short names stand for it."""

    kinds: tuple[str, ...]
    names: bool = True
    nullable: bool = False

    def accepts(self, value: Any) -> bool:
        return is_call(value) or (self.names and isinstance(value, str))

    @property
    def null(self) -> bool:
        return self.nullable

    def expected(self) -> str:
        kinds = " or ".join(kind.replace("_", " ") for kind in self.kinds)
        article = "an" if kinds[0] in "aeiou" else "a"
        return f'{article} {kinds}, as {{"op": ..., "params": ...}}' + (
            " or by its name" if self.names else ""
        )


class Constant(Type, frozen=True):
    """What stands in the place of a tensor."""

    def accepts(self, value: Any) -> bool:
        return constant_spec(value) is not None

    def expected(self) -> str:
        return "a number, true or false, or evenly nested lists of numbers, such as [1.0, 2.0]"


def or_null(kind: Type) -> Type:
    """The type, or null: for a parameter that takes null though its default is another value."""
    if isinstance(kind, OneCall):
        return OneCall(kind.kinds, kind.names, nullable=True)
    return Either((kind, Choice((None,))))


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _within(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


def _range(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f" from {low} to {high}"
    if low is not None:
        return f" of at least {low}"
    return f" of at most {high}" if high is not None else ""
