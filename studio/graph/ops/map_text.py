"""Functions for tf.data.Dataset.map on texts, and on the words and numbers they become."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path as File
from typing import Any

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.types import (
    Bool,
    Either,
    Float,
    Int,
    ListOf,
    Path,
    Text,
    or_null,
)
from studio.graph.elements import Elements
from studio.graph.functions import function
from studio.graph.ops.map_numbers import on_features
from studio.graph.problems import quoted
from studio.graph.rule import Args
from studio.graph.spec import Refused, Spec
from studio.graph.tables import existing


def _texts(does: str) -> Callable[[Spec], None]:
    def look(spec: Spec) -> None:
        if spec.dtype != "string":
            raise Refused(f"{does} texts, but gets {spec}", "Choose a text column.")

    return look


def words_of(spec: Spec) -> tuple[tuple[int | None, ...], int]:
    """Shape and ragged axes of the words of texts: () gives (None,), (None,) a ragged axis."""
    if spec.rank > 1 or spec.ragged:
        raise Refused(f"takes one text an element, or a batch of them, but gets {spec}")
    return (*spec.shape, None), spec.rank


@function(
    "map",
    "normalise_text",
    "lower strip_punctuation",
    "Texts in lower case, without punctuation.",
    Param("lower", Bool(), True, "In lower case."),
    Param("strip_punctuation", Bool(), True, "Punctuation becomes a space."),
)
def normalise_text(p: Args, dataset: Elements) -> Any:
    """Texts of the same shape."""
    if not (p.lower or p.strip_punctuation):
        raise Refused("changes nothing", "Set lower or strip_punctuation, or remove it.")
    look = _texts("normalises")

    def change(spec: Spec) -> Spec:
        look(spec)
        return spec

    return on_features(dataset, change)


@function(
    "map",
    "split_words",
    "sep",
    "Texts as their words; those of a batch become a ragged tensor.",
    Param("sep", or_null(Text(empty=False)), None, "What stands between words; null for spaces."),
)
def split_words(p: Args, dataset: Elements) -> Any:
    """A text () becomes (None,), a batch of them a ragged (None, None)."""
    look = _texts("splits")

    def change(spec: Spec) -> Spec:
        look(spec)
        shape, ragged = words_of(spec)
        return Spec(shape, "string", ragged)

    return on_features(dataset, change)


@function(
    "map",
    "look_up_words",
    "vocabulary",
    "Words as numbers by a vocabulary: 1 for the unknown, then from 2 in its order.",
    Param(
        "vocabulary",
        Either((ListOf(Text(), empty=False), Path())),
        help="The words, or a text file with one a line.",
    ),
)
def look_up_words(p: Args, dataset: Elements) -> Any:
    """Numbers as int64, in the shape of the words."""
    words = vocabulary(p.vocabulary, p.folder)
    if len(set(words)) < len(words):
        twice = next(word for word in words if words.count(word) > 1)
        raise Refused(f"has the word {quoted(twice)} twice in its vocabulary", "Remove one.")
    look = _texts("looks up")

    def change(spec: Spec) -> Spec:
        look(spec)
        return spec.with_dtype("int64")

    return on_features(dataset, change)


def vocabulary(given: list[str] | str, folder: File) -> list[str]:
    """The words of a vocabulary: a list, or a file with one a line."""
    if isinstance(given, list):
        return given
    file = existing(given, folder)
    state = file.stat()
    return _words(file, given, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=16)
def _words(file: File, path: str, _changed: int, _size: int) -> list[str]:
    try:
        words = file.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise Refused(
            f"reads {quoted(path)}, which is not UTF-8 text (byte {error.start})",
            "Save it as UTF-8.",
        ) from None
    words = [word.rstrip("\r") for word in words]
    words = words[:-1] if words[-1] == "" else words
    if not words:
        raise Refused(f"reads {quoted(path)}, which is empty", "Put a word on each line.")
    return words


_FILL = Either((Int(), Float(), Text()))


def _filled(spec: Spec, value: Any) -> None:
    if value is not None and isinstance(value, str) != (spec.dtype == "string"):
        raise Refused(f"fills {spec} up with {quoted(value)}, which is of another kind")
    if isinstance(value, float) and "int" in spec.dtype:
        raise Refused(f"fills {spec} up with {value:g}", "Give a whole number.")


@function(
    "map",
    "pad",
    "length",
    "Sequences of one length: longer ones are cut, shorter ones filled up behind.",
    Param("length", Int(1), help="Their length."),
    Param("value", _FILL, None, "What they are filled up with; null for 0, or empty text."),
)
def pad(p: Args, dataset: Elements) -> Any:
    """(..., length) of sequences along the last axis; a ragged one becomes dense."""

    def change(spec: Spec) -> Spec:
        if not spec.shape:
            raise Refused("fills sequences up, but gets a single value", "Split it first.")
        if spec.rank > 2 or (spec.ragged and spec.rank == 2 and spec.ragged > 1):
            raise Refused(f"takes a sequence an element, or a batch of them, but gets {spec}")
        _filled(spec, p.value)
        return spec.with_shape((*spec.shape[:-1], p.length))

    return on_features(dataset, change)


@function(
    "map",
    "to_dense",
    "value",
    "Ragged batches filled up to their longest row.",
    Param("value", _FILL, None, "What they are filled up with; null for 0, or empty text."),
)
def to_dense(p: Args, dataset: Elements) -> Any:
    """Dense tensors of the same shape."""
    found = []

    def change(spec: Spec) -> Spec:
        if not spec.ragged or spec.ragged >= spec.rank:
            return Spec(spec.shape, spec.dtype)
        found.append(spec)
        _filled(spec, p.value)
        return Spec(spec.shape, spec.dtype)

    made = on_features(dataset, change)
    if not found:
        raise Refused("fills ragged batches up, but the features are dense", "Remove it.")
    return made


@function(
    "map",
    "to_ragged",
    "padding",
    "Batches without what they were filled up with, as ragged tensors.",
    Param("padding", _FILL, help="What they were filled up with behind."),
)
def to_ragged(p: Args, dataset: Elements) -> Any:
    """Ragged along the second axis."""

    def change(spec: Spec) -> Spec:
        if spec.rank < 2 or spec.ragged:
            raise Refused(
                f"takes dense batches of sequences, but gets {spec}",
                "Put tf.data.Dataset.batch before it.",
            )
        _filled(spec, p.padding)
        return Spec((spec.shape[0], None, *spec.shape[2:]), spec.dtype, 1)

    return on_features(dataset, change)
