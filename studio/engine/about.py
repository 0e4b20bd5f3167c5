"""about.json: what a person has noted of a run, a sentence and tags."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Struct

from studio.engine.lock import LOCK, locked
from studio.graph.file import write_atomically
from studio.graph.problems import StudioError, quoted
from studio.graph.text import dump

NAME = "about.json"
LONGEST_NOTE, LONGEST_TAG = 10_000, 40
"""Characters of a note, and of a tag."""


class About(Struct, frozen=True):
    """A note and tags; there may be neither."""

    note: str = ""
    tags: tuple[str, ...] = ()


NOTHING = About()


def read_about(folder: Path) -> About:
    """What is noted of a run; nothing where the file isn't there, or is damaged."""
    try:
        return msgspec.json.decode((folder / NAME).read_bytes(), type=About)
    except (OSError, msgspec.DecodeError):
        return NOTHING


def set_note(folder: Path, note: str) -> About:
    """Notes a sentence of a run, in place of the one before; "" takes it away."""
    if len(note) > LONGEST_NOTE:
        raise StudioError(
            f"A note has at most {LONGEST_NOTE:,} characters; this has {len(note):,}."
        )
    return _change(folder, lambda about: About(note, about.tags))


def add_tags(folder: Path, tags: list[str]) -> About:
    """Gives a run tags, beside those it has."""
    _check(tags)
    return _change(folder, lambda about: About(about.note, _once((*about.tags, *tags))))


def set_tags(folder: Path, tags: list[str]) -> About:
    """Gives a run these tags in place of those it has."""
    _check(tags)
    return _change(folder, lambda about: About(about.note, _once(tuple(tags))))


def _check(tags: list[str]) -> None:
    for tag in tags:
        if not re.fullmatch(r"[\w.+:/=-]+", tag) or len(tag) > LONGEST_TAG:
            raise StudioError(
                f"{quoted(tag)} can't be a tag. A tag is one word of letters, digits and . + : / = "
                f"_ - with at most {LONGEST_TAG} characters."
            )


def remove_tags(folder: Path, tags: list[str]) -> About:
    """Takes tags from a run; StudioError where it doesn't have one of them."""

    def change(about: About) -> About:
        for tag in tags:
            if tag not in about.tags:
                has = ", ".join(about.tags)
                has = f"It has: {has}." if has else "It has no tags."
                raise StudioError(f"{folder.name} has no tag {quoted(tag)}. {has}")
        return About(about.note, tuple(tag for tag in about.tags if tag not in tags))

    return _change(folder, change)


def _once(tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tags))


def _change(folder: Path, change: Callable[[About], About]) -> About:
    """Writes what becomes of what is there; two who change it do so one after the other."""
    try:
        with locked(folder.parent / LOCK):
            about = change(read_about(folder))
            text = dump({"note": about.note, "tags": list(about.tags)})
            write_atomically(folder / NAME, text.encode())
    except OSError as error:
        raise StudioError(
            f"Nothing can be noted in {folder}: {error.strerror}. Make the folder writable."
        ) from None
    return about
