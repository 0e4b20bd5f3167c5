"""Layers that look texts and numbers up in a vocabulary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import (
    Choice,
    Either,
    Float,
    Int,
    Ints,
    ListOf,
    OneCall,
    Text,
    or_null,
)
from studio.graph.catalogue.types import Path as File
from studio.graph.ops.features import SALT, encoded, no_sparse_int, salted
from studio.graph.problems import quoted
from studio.graph.rule import Args
from studio.graph.spec import Refused, Result, Shape, Spec, product
from studio.graph.tables import existing

_MODES = Choice(("int", "one_hot", "multi_hot", "count", "tf_idf"))
_WEIGHTS = ListOf(Float())
_INT64 = 2**63


class _Ngrams(Ints, frozen=True):
    """Up to how many words are joined, or the list of how many; the script writes a tuple."""

    def accepts(self, value: Any) -> bool:
        return Either((Int(), ListOf(Int()))).accepts(value)

    def expected(self) -> str:
        return "a whole number, or a list of them"


class _Lookup(Struct):
    """What a lookup is made with, whichever layer it is in."""

    vocabulary: Any
    output_mode: str
    max_tokens: int | None
    pad_to_max_tokens: bool
    sparse: bool
    idf_weights: list[float] | None
    mask_token: Any
    oov_token: Any
    folder: Path
    num_oov_indices: int = 1
    invert: bool = False
    whole: bool = False
    """Whether it looks up whole numbers."""

    @property
    def masks(self) -> bool:
        """Whether 0 is kept for the mask."""
        return self.mask_token is not None and self.output_mode == "int"

    @property
    def kept(self) -> list[Any]:
        """The tokens before the first of the vocabulary."""
        return [self.mask_token] * self.masks + [self.oov_token] * self.num_oov_indices

    def width(self) -> int | None:
        """How long its vectors are; None where only adapt() would tell. Checks everything."""
        self._modes()
        tokens = len(self.kept)
        if isinstance(self.vocabulary, str):
            tokens += self._lines(self.vocabulary)
        elif self.vocabulary is not None:
            tokens += len(self._tokens(self.vocabulary))
        return (
            self.max_tokens
            if self.pad_to_max_tokens
            else None
            if self.vocabulary is None
            else tokens
        )

    def _modes(self) -> None:
        """Refused where parameters don't go together."""
        no_sparse_int(self)
        if self.pad_to_max_tokens and self.max_tokens is None:
            raise Refused("is to pad to max_tokens, which isn't given", "Give max_tokens.")
        if self.invert and self.output_mode != "int":
            raise Refused(
                "turns numbers back into tokens, which is for the output_mode int",
                'Set output_mode to "int", or invert to false.',
            )
        if self.invert and self.oov_token is None:
            raise Refused("has no oov_token to give for an unknown number", "Give an oov_token.")
        if self.output_mode != "tf_idf" and self.idf_weights is not None:
            raise Refused(
                f"has idf_weights, which its output_mode {self.output_mode} doesn't use",
                'Remove them, or set output_mode to "tf_idf".',
            )
        if self.output_mode == "tf_idf" and self.vocabulary is not None:
            if isinstance(self.vocabulary, str):
                raise Refused(
                    "can't take its vocabulary from a file in its output_mode tf_idf",
                    "Give the vocabulary as a list.",
                )
            if self.idf_weights is None:
                raise Refused(
                    "has a vocabulary but no idf_weights",
                    "Give idf_weights, a number for each token of the vocabulary.",
                )
        if self.whole and isinstance(self.mask_token, int) and not _in_int64(self.mask_token):
            raise Refused("has a mask_token that doesn't fit into 64 bits")

    def _tokens(self, vocabulary: list[Any]) -> list[Any]:
        """The vocabulary without the tokens kept before it, which it may begin with."""
        if not vocabulary:
            raise Refused("has an empty vocabulary", "Give it at least one token.")
        if self.whole and not all(map(_in_int64, vocabulary)):
            raise Refused("has a number in its vocabulary that doesn't fit into 64 bits")
        kept = self.kept
        tokens = vocabulary[len(kept) :] if vocabulary[: len(kept)] == kept else vocabulary
        if not tokens:
            raise Refused(
                f"has nothing in its vocabulary but {quoted(kept)}, which are its own tokens",
                "Add a token of yours.",
            )
        twice = _twice(tokens)
        if twice:
            raise Refused(f"has {quoted(twice[0])} in its vocabulary twice", "Remove one.")
        for name, token in (("mask_token", self.mask_token), ("oov_token", self.oov_token)):
            if token in tokens and (name == "mask_token" or self.invert):
                raise Refused(
                    f"has its {name} {quoted(token)} inside its vocabulary",
                    f"Remove it; or begin the vocabulary with {quoted(kept)}.",
                )
        size = len(kept) + len(tokens)
        if self.max_tokens is not None and size > self.max_tokens:
            raise Refused(
                f"has {size} tokens, {len(kept)} of them its own, but max_tokens is "
                f"{self.max_tokens}",
                f"Set max_tokens to {size}, or shorten the vocabulary.",
            )
        if self.idf_weights is not None and len(self.idf_weights) != len(vocabulary):
            raise Refused(
                f"has {len(self.idf_weights)} idf_weights for {len(vocabulary)} tokens",
                "Give a number for each token of the vocabulary.",
            )
        return tokens

    def _lines(self, path: str) -> int:
        """How many tokens a vocabulary file has, one a line."""
        file = existing(path, self.folder)
        state = file.stat()
        lines = _file_tokens(file, state.st_mtime_ns, state.st_size)
        if "" in lines or not lines:
            raise Refused(
                f"has an empty {'line' if lines else 'vocabulary'} in {quoted(path)}",
                "Write a token on each line.",
            )
        twice = _twice(lines)
        if twice and not self.invert:
            raise Refused(f"has {quoted(twice[0])} twice in {quoted(path)}", "Remove one.")
        return len(lines)


def _in_int64(value: int) -> bool:
    return -_INT64 <= value < _INT64


def _twice(tokens: Iterable[Any]) -> list[Any]:
    """The tokens that are there more than once."""
    return [token for token, count in Counter(tokens).items() if count > 1]


@cache
def _file_tokens(file: Path, changed: int, size: int) -> tuple[str, ...]:
    """The lines of a file; read again when it has changed."""
    lines = file.read_text("utf-8", errors="replace").split("\n")
    return tuple(lines[:-1] if lines[-1] == "" else lines)


def _looked_up(p: Args, lookup: _Lookup, shape: Shape) -> Result:
    """int: a number for each token; else vectors as long as the vocabulary, as floats."""
    width = lookup.width()
    if lookup.output_mode == "int":
        return p.result(Spec(shape, "int64"))
    shape = encoded(shape, lookup.output_mode, width)
    # Only tf_idf computes: it multiplies each count by its weight.
    flops = product(shape[1:]) if lookup.output_mode == "tf_idf" else 0
    return p.result(Spec(shape, "float32"), (), flops)


def _lookup(p: Args, **others: Any) -> _Lookup:
    """The lookup that a layer's own parameters ask for."""
    names = ("vocabulary", "output_mode", "max_tokens", "pad_to_max_tokens", "sparse")
    given = {name: getattr(p, name) for name in (*names, "idf_weights")}
    return _Lookup(folder=p.folder, **given, **others)


@describe(
    "keras.layers.StringLookup",
    family="preprocessing",
    shown="vocabulary output_mode",
    vocabulary=Either((ListOf(Text()), File())),
    max_tokens=Int(2),
    num_oov_indices=Int(0),
    mask_token=Text(),
    oov_token=or_null(Text()),
    idf_weights=_WEIGHTS,
    output_mode=_MODES,
    encoding=Text(),
    salt=SALT,
)
def string_lookup(p: Args, x: Spec) -> Result:
    """The place of each text in a vocabulary, as a number or as a vector."""
    salted(p.salt)
    return _looked_up(p, _own(p, whole=False), x.shape)


@describe(
    "keras.layers.IntegerLookup",
    family="preprocessing",
    shown="vocabulary output_mode",
    vocabulary=Either((ListOf(Int()), File())),
    vocabulary_dtype=Choice(("int64",)),
    max_tokens=Int(2),
    num_oov_indices=Int(0),
    mask_token=Int(),
    oov_token=or_null(Int()),
    idf_weights=_WEIGHTS,
    output_mode=_MODES,
    salt=SALT,
)
def integer_lookup(p: Args, x: Spec) -> Result:
    """The place of each whole number in a vocabulary, as a number or as a vector."""
    if p.salt is not None and p.oov_method != "farmhash":
        raise Refused(
            f"has a salt, which its oov_method {p.oov_method} doesn't use",
            'Set oov_method to "farmhash", or remove the salt.',
        )
    salted(p.salt)
    return _looked_up(p, _own(p, whole=True), x.shape)


def _own(p: Args, whole: bool) -> _Lookup:
    names = ("mask_token", "oov_token", "num_oov_indices", "invert")
    return _lookup(p, whole=whole, **{name: getattr(p, name) for name in names})


_CODE = OneCall(("code",), names=False)


@describe(
    "keras.layers.TextVectorization",
    family="preprocessing",
    shown="max_tokens output_mode output_sequence_length",
    max_tokens=Int(2),
    standardize=or_null(
        Either((Choice(("lower_and_strip_punctuation", "lower", "strip_punctuation")), _CODE))
    ),
    split=or_null(Either((Choice(("whitespace", "character")), _CODE))),
    ngrams=_Ngrams(1),
    output_mode=_MODES,
    output_sequence_length=Int(0),
    vocabulary=Either((ListOf(Text()), File())),
    idf_weights=_WEIGHTS,
    encoding=Text(),
)
def text_vectorization(p: Args, x: Spec) -> Result:
    """Texts as word numbers (batch, output_sequence_length), or as vectors of the vocabulary."""
    if p.output_mode != "int" and p.output_sequence_length is not None:
        raise Refused(
            f"has an output_sequence_length, which its output_mode {p.output_mode} doesn't use",
            'Remove it, or set output_mode to "int".',
        )
    if p.output_mode != "int" and p.ragged:
        raise Refused(
            f"can't give a ragged output in its output_mode {p.output_mode}",
            'Set ragged to false, or output_mode to "int".',
        )
    lookup = _lookup(p, mask_token="", oov_token="[UNK]")
    if p.output_mode == "int":
        if not x.rank:
            raise Refused("needs a batch of texts", "Give the Input a batch axis.")
        return _looked_up(p, lookup, (x.shape[0], p.output_sequence_length))
    shape = x.shape
    if p.split is not None:
        shape = (*shape, None)
    elif x.rank <= 1:
        shape = (*shape, 1)
    return _looked_up(p, lookup, shape)
