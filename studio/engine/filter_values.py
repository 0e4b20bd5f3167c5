"""What a filter compares: the fields of a run, its metrics and parameters, with a typed value."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from studio.engine.run_parameters import MISSING, value_of
from studio.engine.runs import Known

_NUMBER = re.compile(r"[-+]?(\d[\d_]*\.?\d*|\.\d+)(e[-+]?\d+)?%?", re.IGNORECASE)
_UNITS = {"ms": 0.001, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+\.?\d*)(ms|s|sec|m|min|h|d)")
DAY = 86_400.0

Compare = Callable[[Any, Any], bool]
ORDERED: dict[str, Compare] = {
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
    "=": lambda one, other: one == other,
    "==": lambda one, other: one == other,
    ":": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
}
ASYMMETRIC = ("<", "<=", ">", ">=")


class Subject:
    """A run that a filter looks at."""

    __slots__ = ("known", "parameters")

    def __init__(self, known: Known, parameters: Callable[[], dict[str, Any]]):
        self.known, self.parameters = known, parameters

    def get(self, name: str) -> Any:
        """A metric, else a parameter; MISSING where it has neither."""
        progress = self.known.progress
        if name in progress.metrics:
            return progress.metrics[name]
        if name.startswith("test_") and name[5:] in progress.test:
            return progress.test[name[5:]]
        return value_of(self.parameters(), name)


FIELDS: dict[str, Callable[[Known], Any]] = {
    "name": lambda known: known.name,
    "id": lambda known: known.folder.name,
    "state": lambda known: known.progress.state,
    "tag": lambda known: known.about.tags,
    "note": lambda known: known.about.note,
    "epochs": lambda known: known.progress.epoch,
    "step": lambda known: known.progress.step,
    "duration": lambda known: known.seconds,
    "when": lambda known: known.began,
}
"""What can be asked of every run, beside its metrics and parameters."""

TEXTS = ("name", "id", "state", "note")


def has_text(word: str) -> Callable[[Subject], bool]:
    """Whether a word stands in the name, id, note or a tag of a run."""
    wanted = word.casefold()

    def test(subject: Subject) -> bool:
        known = subject.known
        about = known.about
        return (
            wanted in known.folder.name.casefold()  # the name is a part of the id
            or wanted in about.note.casefold()
            or any(wanted in tag.casefold() for tag in about.tags)
        )

    return test


def comparison(
    names: tuple[str, ...], operator: str, text: str, verbatim: bool
) -> Callable[[Subject], bool]:
    """A test of one comparison; of several names, the first that a run has is compared.

    A run without any of them fits no comparison. Raises ValueError with a sentence where the
    value can't be compared so.
    """
    name = names[0]
    if name == "tag":
        return _tagged(operator, text)
    if name in TEXTS:
        return _texts(FIELDS[name], name, operator, text)
    if name == "when":
        return _times(operator, text)
    if name == "duration":
        return _numbers(FIELDS[name], operator, _seconds(text))
    if name in FIELDS:
        return _numbers(FIELDS[name], operator, _needed(text))
    return _values(names, operator, text, verbatim)


def _texts(
    field: Callable[[Known], str], name: str, operator: str, text: str
) -> Callable[[Subject], bool]:
    if operator in ASYMMETRIC:
        raise ValueError(f'"{name}" is a text: it is compared with :, = or !=.')
    fits = _text_test(operator, text, whole=name == "state")
    return lambda subject: fits(field(subject.known))


def _text_test(operator: str, text: str, whole: bool = False) -> Callable[[str], bool]:
    """How a text is compared: with : a part is enough, and * stands for anything."""
    wanted = text.casefold()
    if operator == "!=":
        return lambda found: found.casefold() != wanted
    if operator != ":" or whole or not wanted:
        return lambda found: found.casefold() == wanted
    if "*" in wanted:
        return lambda found: fnmatchcase(found.casefold(), wanted)
    return lambda found: wanted in found.casefold()


def _tagged(operator: str, text: str) -> Callable[[Subject], bool]:
    if operator in ASYMMETRIC:
        raise ValueError('"tag" is compared with :, = or !=.')
    wanted, none = text.casefold(), not text
    has = operator != "!="

    def test(subject: Subject) -> bool:
        tags = subject.known.about.tags
        found = not tags if none else any(fnmatchcase(tag.casefold(), wanted) for tag in tags)
        return found == has

    return test


def _numbers(
    field: Callable[[Known], float], operator: str, wanted: float
) -> Callable[[Subject], bool]:
    compare = ORDERED[operator]
    return lambda subject: compare(field(subject.known), wanted)


def _times(operator: str, text: str) -> Callable[[Subject], bool]:
    begin, end = _span(text)

    def test(subject: Subject) -> bool:
        began = subject.known.began
        inside = begin <= began < end
        return {
            "<": began < begin,
            "<=": began < end,
            ">": began >= end,
            ">=": began >= begin,
            "!=": not inside,
        }.get(operator, inside)

    return test


def _span(text: str) -> tuple[float, float]:
    """The seconds in which a day, or a moment, begins and ends."""
    today = date.today()
    days = {"today": today, "yesterday": today - timedelta(days=1)}
    try:
        if text.lower() in days or len(text) == 10:
            day = days.get(text.lower()) or date.fromisoformat(text)
            begin = datetime(day.year, day.month, day.day).timestamp()
            return begin, begin + DAY
        begin = datetime.fromisoformat(text).timestamp()
        return begin, begin + 1.0
    except (ValueError, OverflowError, OSError):
        pass
    raise ValueError(f'"{text}" is no day: write 2026-11-01, 2026-11-01T14:30, today or yesterday.')


def _seconds(text: str) -> float:
    """A duration: 90, 90s, 5m, 1h30m, 0:11, 1:02:03."""
    if re.fullmatch(r"\d+(:\d{1,2}){1,2}", text):
        found = 0
        for part in text.split(":"):
            found = found * 60 + int(part)
        return float(found)
    plain = number_of(text)
    if plain is not None:
        return plain
    if re.fullmatch(f"({_DURATION.pattern})+", text.lower()):
        return sum(float(n) * _UNITS[unit] for n, unit in _DURATION.findall(text.lower()))
    raise ValueError(f'"{text}" is no duration: write 90s, 5m, 1h30m or 1:30:00.')


def number_of(text: str) -> float | None:
    """A number as it is typed, 97% also; None where it is none."""
    if text.lower() in ("inf", "-inf", "nan"):
        return float(text)
    if not _NUMBER.fullmatch(text):
        return None
    return float(text[:-1]) / 100 if text.endswith("%") else float(text)


def _needed(text: str) -> float:
    found = number_of(text)
    if found is None:
        raise ValueError(f'"{text}" is no number.')
    return found


def _values(
    names: tuple[str, ...], operator: str, text: str, verbatim: bool
) -> Callable[[Subject], bool]:
    """Metrics and parameters: numbers by size, all else as text. A word may be another metric."""
    number = None if verbatim else number_of(text)
    compare, order = ORDERED[operator], operator in ASYMMETRIC
    if order and verbatim:
        raise ValueError(f"{operator} compares numbers, and this is a text.")
    fits = None if order else _text_test(operator, text)

    def test(subject: Subject) -> bool:
        found = _first(subject, names)
        if found is MISSING:
            return False
        if _is_number(found):
            other = number if number is not None else subject.get(text)
            if not _is_number(other) or math.isnan(other):
                return operator == "!="
            return compare(found, other)
        return fits is not None and fits(_as_text(found))

    return test


def _first(subject: Subject, names: tuple[str, ...]) -> Any:
    for name in names:
        found = subject.get(name)
        if found is not MISSING:
            return found
    return MISSING


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _as_text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "none", True: "true", False: "false"}[value]
    if isinstance(value, list):
        return f"[{', '.join(map(_as_text, value))}]"
    return str(value)
