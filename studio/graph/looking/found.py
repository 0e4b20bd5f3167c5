"""What was found in a file or folder: its sources, and what is done with their rows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from msgspec import Struct, field

from studio.graph.document import Call

SPLITS = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
"""What people call the parts of a data set."""

_LABELS = (
    "label", "labels", "target", "targets", "class", "classes", "y", "species", "category",
    "outcome", "sentiment", "diagnosis", "digit", "survived", "churn", "is_spam", "spam",
    "positive",
)  # fmt: skip
_ENDINGS = ("_label", "_target", "_class", "_category", " label", " class", "/label", "/class")

WORDS = 8192
"""Numbers there are for words, where a text becomes its words."""


Written = str | list[str]
"""The path of a source as the project has it: of a file, a folder or a pattern, or of several."""


class Found(Struct):
    """How a file or folder would be read.

    `sources` has one source under "", which is to be split, or one each for train,
    validation and test. `maps` are functions for what leaves each source. `noun` is
    what its elements are called; `about` how many there may be where no reader counts
    them, `skipped` how many files are left out. `again` says that every epoch reads the
    disk anew, so that a cache saves work.
    """

    noun: str
    sources: dict[str, Call]
    maps: list[Call] = field(default_factory=list)
    input: str = "features"
    """What the model's input is called where there is one."""
    label: str = ""
    """The label as it is told: `species (3 classes)`."""
    told: list[str] = field(default_factory=list)
    """What else a person should know."""
    about: int | None = None
    again: bool = False
    skipped: int = 0
    labels: tuple[float, float] | None = None
    """The smallest and largest label, where its source doesn't look for them."""


def words() -> Call:
    """The function that makes the words of a text numbers, as many as there are."""
    return Call("studio.map.hash_words", {"buckets": WORDS, "length": None})


def label_by_name(names: Iterable[str]) -> str | None:
    """The name that people give to what is to be predicted; None where none is of that kind."""
    lower = {name.strip().lower(): name for name in names}
    for wish in _LABELS:
        if wish in lower:
            return lower[wish]
    return next((name for key, name in lower.items() if key.endswith(_ENDINGS)), None)


def part_of(name: str) -> tuple[str, str]:
    """The part of a data set that a name means, and the rest of it: x_train is ("train", "x")."""
    tokens = re.split(r"[_\W]+", name.lower())
    part = next((SPLITS[token] for token in tokens if token in SPLITS), "")
    return part, "_".join(token for token in tokens if token not in SPLITS)


def many(names: list[str], most: int = 3) -> str:
    """A few names for a sentence: a, b and 4 more."""
    if len(names) > most + 1:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else ""


def counted(number: int, noun: str) -> str:
    """`1 row`, `1,200 rows`; nouns are given in the plural."""
    one = {"classes": "class", "entries": "entry"}.get(noun, noun.removesuffix("s"))
    return f"{number:,} {one if number == 1 else noun}"


def given(**params: Any) -> dict[str, Any]:
    """Parameters without those that are None."""
    return {name: value for name, value in params.items() if value is not None}
