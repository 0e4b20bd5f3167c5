"""StringLookup, IntegerLookup, TextVectorization."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from studio.graph.spec import Spec
from tests.conformance.draw import Draw
from tests.conformance.recipes import recipe
from tests.conformance.recipes.features import POLICIES

Case = tuple[dict[str, Any], dict[str, Any]]
_FILES = Path(tempfile.gettempdir(), "studio-conformance")
# TensorFlow keeps one table a file, so texts and numbers have files of their own.
_TEXTS = ["words.txt", "words.txt", "open.txt", "twice.txt", "gap.txt", "empty.txt", "none.txt"]
_NUMBERS = ["numbers.txt", "numbers.txt", "none.txt"]
_WRITTEN = {
    "words.txt": "red\ngreen\nblue\n",
    "open.txt": "red\ngreen",
    "twice.txt": "red\nred\n",
    "gap.txt": "red\n\ngreen\n",
    "numbers.txt": "3\n5\n8\n",
    "empty.txt": "",
}


def _file(name: str) -> str:
    """The path of a vocabulary file; there is none for other names."""
    _FILES.mkdir(exist_ok=True)
    if name in _WRITTEN:
        (_FILES / name).write_text(_WRITTEN[name])
    return str(_FILES / name)


def _shape(draw: Draw) -> tuple:
    return draw.shape(draw.one([1, 2, 2, 2, 3]), 1, draw.one([1, 1, 4]))


def _vocabulary(draw: Draw, words: list[Any], mask: Any, oov: Any) -> list[Any]:
    """Some words; now and then with the special tokens before or among them, or one twice."""
    chosen = draw.random.sample(words, draw.size(1, 3))
    if draw.odd():
        chosen = draw.one([[], [*chosen, chosen[0]]])
    special = [token for token in (mask, oov) if token is not None]
    if special and draw.chance(0.2):
        chosen = draw.one(
            [
                [*special, *chosen],
                [special[-1], *chosen],
                [*special],
                [*special[::-1], *chosen],
                [*chosen, special[0]],
                [oov, oov, *chosen] if oov is not None else chosen,
            ]
        )
    return chosen


def _weights(draw: Draw, vocabulary: Any, params: dict[str, Any]) -> dict[str, Any]:
    """idf_weights where they belong, and sometimes where they don't."""
    wanted = params.get("output_mode") == "tf_idf"
    if wanted == draw.odd():
        return {}
    count = len(vocabulary) if isinstance(vocabulary, list) else 3
    count += draw.one([1, -1]) if draw.odd() else 0
    return {"idf_weights": [draw.one([0.5, 1, 2.25]) for _ in range(max(count, 0))]}


def _sizes(draw: Draw, path: str) -> dict[str, Any]:
    """Parameters that all lookups have."""
    params = draw.some(
        {"max_tokens": draw.one([2, 5, 6, 8, 8, 8]) if not draw.odd() else draw.one([0, 1, -3])}
    )
    if draw.chance(0.3):
        params["pad_to_max_tokens"] = draw.chance(0.9)
        if not draw.odd():
            params.setdefault("max_tokens", 9)
    params |= draw.params(path, ["output_mode"], 0.8)
    wide = params.get("output_mode", "int") != "int"
    return params | draw.params(path, ["sparse"], 0.3 if wide else 0.05)


@recipe("keras.layers.StringLookup", "keras.layers.IntegerLookup")
def lookup(draw: Draw, path: str) -> Case:
    whole = "Integer" in path
    words: list[Any] = [1, 2, 3, 5, 8] if whole else ["red", "green", "blue", "white", "é"]
    if draw.chance(0.2):
        words += [-1, 0] if whole else ["", "[UNK]"]
    params = _sizes(draw, path)
    params |= draw.some(
        {
            "num_oov_indices": draw.one([0, 1, 1, 2]) if not draw.odd() else -1,
            "mask_token": draw.one([0, 0, 7, None] if whole else ["", "", "mask", None]),
            "oov_token": draw.one([-1, 9, None] if whole else ["[UNK]", "other", None]),
        },
        0.4,
    )
    params |= draw.some({"salt": draw.one([3, [1, 2], [1]])}, 0.15)
    params |= draw.params(path, ["oov_method"], 0.3)
    if draw.chance(0.15):
        params["invert"] = True
        if not draw.odd():
            params["output_mode"] = "int"
    mask, oov = params.get("mask_token"), params.get("oov_token", -1 if whole else "[UNK]")
    vocabulary = _vocabulary(draw, words, mask, oov)
    if draw.chance(0.15):
        vocabulary = _file(draw.one(_NUMBERS if whole else _TEXTS))
    if draw.chance(0.85):
        params["vocabulary"] = vocabulary
    params |= _weights(draw, params.get("vocabulary"), params)
    if whole and draw.odd():
        params |= draw.one([{"vocabulary_dtype": "string"}, {"vocabulary": [2**70, 1]}])
    if not whole:
        params |= draw.some({"encoding": "utf-8"}, 0.1)
    return params, {"inputs": Spec(_shape(draw), draw.one(["int64", "int64", "int32", "string"]))}


@recipe("keras.layers.TextVectorization")
def text_vectorization(draw: Draw, path: str) -> Case:
    params = _sizes(draw, path)
    choices = ["lower", "strip_punctuation", "lower_and_strip_punctuation", None]
    params |= draw.some(
        {
            "standardize": draw.one(choices) if not draw.odd() else "upper",
            "split": draw.one(["whitespace", "character", None]) if not draw.odd() else "word",
            "ngrams": draw.one([None, 1, 2, [1, 3], []]) if not draw.odd() else 1.5,
            "ragged": draw.odd(),
            "encoding": "utf-8",
        },
        0.25,
    )
    if draw.odd() or (params.get("output_mode", "int") == "int" and draw.chance(0.6)):
        params["output_sequence_length"] = draw.one([0, 1, 5]) if not draw.odd() else -1
    if draw.chance(0.85):
        words = ["red", "green", "blue", "white", "é", *(["", "[UNK]"] if draw.odd() else [])]
        params["vocabulary"] = _vocabulary(draw, words, "", "[UNK]")
        if draw.chance(0.15):
            params["vocabulary"] = _file(draw.one(_TEXTS))
    params |= _weights(draw, params.get("vocabulary"), params)
    params |= draw.some({"dtype": lambda: draw.one(POLICIES), "trainable": False}, 0.1)
    return params, {"inputs": Spec(_shape(draw), draw.one(["string"] * 5 + ["float32"]))}
