"""What a request may hold, and what is said of one that holds something else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from studio.engine.serving.refusal import Refusal
from studio.engine.serving.requests import one_row, read_request
from studio.engine.serving.signature import DEFAULT, RAW, Signature, Tensor
from studio.engine.serving.values import Flat

TWO = Signature(DEFAULT, (Tensor("size", (2,), "float32"), Tensor("kind", (1,), "string")), ())
WORDS = Signature(DEFAULT, (Tensor("words", (None,), "int64", ragged=1),), ())
SERIES = Signature(DEFAULT, (Tensor("series", (None, 2), "float16"),), ())
PICTURE = Signature(DEFAULT, (Tensor("picture", (2, 2), "uint8"),), ())
FLAG = Signature(DEFAULT, (Tensor("flag", (), "bool"),), ())
TEXT = Signature(RAW, (Tensor("row", (), "string"),), ())
KEPT = Signature(RAW, (Tensor("a", (2,), "float32", missing=True), Tensor("b", (), "int32")), ())
FOUR = Signature(DEFAULT, (Tensor("x", (), "float64"),), (), rows=4)


def read(signature: Signature, body: Any) -> dict[str, Flat]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_request(content, {signature.name: signature}, signature.name).inputs


@pytest.mark.parametrize(
    ("signature", "body", "expected"),
    [
        (
            TWO,
            {"instances": [{"size": [1, 2.5], "kind": ["a"]}, {"kind": ["b"], "size": [3, 4]}]},
            {"size": Flat([1, 2.5, 3, 4], (2, 2)), "kind": Flat(["a", "b"], (2, 1))},
        ),
        (
            TWO,
            {"inputs": {"size": [[1, 2]], "kind": [[{"b64": "AA=="}]]}},
            {"size": Flat([1, 2], (1, 2)), "kind": Flat([{"b64": "AA=="}], (1, 1))},
        ),
        (
            WORDS,
            {"instances": [[1, 2, 3], [], [4]]},
            {"words": Flat([1, 2, 3, 4], (3, None), ([3, 0, 1],))},
        ),
        (WORDS, {"inputs": [[7.0]]}, {"words": Flat([7], (1, None), ([1],))}),
        (WORDS, {"instances": [{"words": [5]}]}, {"words": Flat([5], (1, None), ([1],))}),
        (
            SERIES,
            {"instances": [[[1, 2]] * 3] * 2, "signature_name": ""},
            {"series": Flat([1, 2] * 6, (2, 3, 2))},
        ),
        (
            PICTURE,
            {"instances": [[[0, 255], [1, 2]]]},
            {"picture": Flat([0, 255, 1, 2], (1, 2, 2))},
        ),
        (FLAG, {"instances": [True, False]}, {"flag": Flat([True, False], (2,))}),
        (TEXT, {"instances": ["ü", {"b64": "AA=="}]}, {"row": Flat(["ü", {"b64": "AA=="}], (2,))}),
        (TEXT, {"inputs": ["a"]}, {"row": Flat(["a"], (1,))}),
        (
            KEPT,
            {"inputs": {"a": [[None, 1.5]], "b": [3]}},
            {"a": Flat([None, 1.5], (1, 2)), "b": Flat([3], (1,))},
        ),
        (FOUR, {"inputs": [1, 2, 3, 4]}, {"x": Flat([1, 2, 3, 4], (4,))}),
    ],
)
def test_rows_and_columns_are_read(signature: Signature, body: Any, expected: dict[str, Flat]):
    assert read(signature, body) == expected


SIZE = "; expected is float32 (2,) for each row"
ROWS = "its rows are float32 (2,)."


@pytest.mark.parametrize(
    ("signature", "body", "sentence"),
    [
        (TWO, b"", 'The body is empty. Expected is an object: {"instances": [...]}.'),
        (TWO, b"\xff", "The body is no JSON: invalid character (byte 0)."),
        (TWO, b"[" * 100_000, "The body nests lists or objects too deeply."),
        (TWO, b'{"instances": [NaN]}', "The body has NaN at byte 15, which JSON doesn't have"),
        (
            TWO,
            b'{"instances": [-Infinity]}',
            "The body has Infinity at byte 16, which JSON",
        ),
        (TWO, b'{"instances": [1e999]}', "The body is no JSON: number out of range"),
        (TWO, [1], "The body is a list of 1, but an object is expected"),
        (TWO, {"instance": []}, 'The key "instance" isn\'t known. Did you mean "instances"'),
        (TWO, {"x": 1}, 'Expected are "instances" or "inputs", and "signature_name".'),
        (TWO, {}, 'Either "instances" (rows) or "inputs" (columns) is expected, but neither is'),
        (TWO, {"instances": [], "inputs": {}}, "but both are there."),
        (TWO, {"instances": []}, '"instances" has no row; expected is one or more.'),
        (TWO, {"instances": {}}, '"instances" is an object, but a list of rows is expected.'),
        (TWO, {"instances": [1], "signature_name": 1}, '"signature_name" is the number 1, but a'),
        (
            TWO,
            {"instances": [1], "signature_name": "x"},
            'no signature "x", but "serving_default".',
        ),
        (TWO, {"inputs": [1]}, '"inputs" is a list of 1, but an object with "size" and "kind" is'),
        (TWO, {"instances": [[1, 2]]}, 'Row 0 of "instances" is a list of 2, but an object with'),
        (TWO, {"instances": [{"size": [1, 2]}]}, 'Row 0 of "instances" has no input "kind";'),
        (TWO, {"inputs": {"kind": [["a"]]}}, '"inputs" has no input "size"' + SIZE),
        (
            TWO,
            {"inputs": {"size": [[1, 2]], "kind": [["a"]], "sise": []}},
            '"inputs" has "sise", which is no input of the model. Did you mean "size"',
        ),
        (
            TWO,
            {"inputs": {"size": [[1, 2], [3, 4]], "kind": [["a"]]}},
            'The input "kind" has 1 rows, but "size" has 2: all inputs have the same number',
        ),
        (
            TWO,
            {"inputs": {"size": [[1, 2], [3]], "kind": [["a"]]}},
            f'The input "size" has a list of 1 in row 1, but one of 2 is expected: {ROWS}',
        ),
        (
            TWO,
            {"inputs": {"size": [[1, 2], 3], "kind": [["a"]]}},
            f'The input "size" has the number 3 in row 1, but a list of 2 is expected: {ROWS}',
        ),
        (
            TWO,
            {"inputs": {"size": [[1, 2], [3, "4"]], "kind": [["a"]]}},
            f'The input "size" has the text "4" in row 1 at [1], but a number is expected: {ROWS}',
        ),
        (
            TWO,
            {"inputs": {"size": [[1, [2]]], "kind": [["a"]]}},
            "has a list of 1 in row 0 at [1], but a number is expected",
        ),
        (TWO, {"inputs": {"size": [[1, True]], "kind": [["a"]]}}, "has true in row 0 at [1]"),
        (TWO, {"inputs": {"size": [[1, None]], "kind": [["a"]]}}, "has null in row 0 at [1]"),
        (TWO, {"inputs": {"size": [[1, 2]], "kind": [[5]]}}, "but a text, or bytes as"),
        (TWO, {"inputs": {"size": [[1, 2]], "kind": [[{"b64": "?"}]]}}, "which is no base64."),
        (TWO, {"inputs": {"size": [[1, 1e39]], "kind": [["a"]]}}, "to 3.40282e+38, which float32"),
        (
            WORDS,
            {"instances": [[1], [2, 3.5]]},
            "has the number 3.5 in row 1 at [1], but an",
        ),
        (WORDS, {"instances": [[2**63]]}, "9223372036854775807, which int64 can hold,"),
        (WORDS, {"instances": [[10**400]]}, "has the number with more than 24 digits in row 0"),
        (WORDS, {"instances": [5]}, "has the number 5 in row 0, but a list is expected"),
        (
            WORDS,
            {"instances": [[1], {"words": [1]}]},
            'Row 0 of "instances" is a list of 1,',
        ),
        (
            SERIES,
            {"instances": [[[1, 2]], [[1, 2], [3, 4]]]},
            "has a list of 2 in row 1, but one of 1 is expected: all rows of a request have one "
            "length, and row 0 has 1.",
        ),
        (SERIES, {"instances": [[[1, 2]], [[1, 70000]]]}, "in row 1 at [0][1], but a number from"),
        (PICTURE, {"instances": [[[0, 256], [1, 2]]]}, "the number 256 in row 0 at [0][1], but a"),
        (PICTURE, {"instances": [[[0, -1], [1, 2]]]}, "a number from 0 to 255, which uint8 can"),
        (PICTURE, {"inputs": "x"}, 'The input "picture" is the text "x", but a list of its rows'),
        (FLAG, {"instances": [1]}, "has the number 1 in row 0, but true or false is expected"),
        (TEXT, {"instances": [None]}, "has null in row 0, but a text, or bytes as"),
        (KEPT, {"inputs": {"a": [[None, 1.5]], "b": [None]}}, 'The input "b" has null in row 0'),
        (KEPT, {"inputs": {"a": [[None, "x"]], "b": [1]}}, "a number, or null, is expected"),
        (FOUR, {"inputs": [1, 2, 3]}, "The model takes 4 rows at once, but 3 are there."),
    ],
)
def test_what_is_wrong_is_said_with_its_place(signature: Signature, body: Any, sentence: str):
    with pytest.raises(Refusal) as refused:
        read(signature, body)
    assert sentence in str(refused.value)
    assert str(refused.value)[-1] in ".?"
    assert refused.value.status == 400


def test_a_surrogate_alone_is_no_text():
    with pytest.raises(Refusal, match="no JSON"):
        read(TEXT, b'{"instances": ["\\ud800"]}')


def test_the_process_is_told_one_flat_list_of_each_input():
    fields = one_row({"words": [3, 4]}, WORDS).fields()
    words = {"values": "[3,4]", "dtype": "int64", "shape": (1, None), "lengths": ([2],)}
    assert fields == {"inputs": {"words": words}, "signature": DEFAULT, "columns": False}
