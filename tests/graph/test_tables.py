"""Data files: what is in them, and a sentence for whatever is wrong with them."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from typing import Any

import numpy as np
import pytest

from studio.graph.tables import grid_of

from .samples import check_value

HEAD = "a,b\n"


def source(path: str, folder, op: str = "studio.data.csv", **params: Any):
    """What a source gives, in words; or the sentence of what is wrong."""
    node = {"id": "rows", "op": op, "params": {"path": path, **params}}
    value = {"studio": 1, "data": {"nodes": [node], "outputs": {"train": "rows"}}}
    report = check_value(value, folder=folder)
    if not report.problems:
        return str(report.shapes["data"].at("rows"))
    (problem,) = report.problems
    assert (problem.graph, problem.node) == ("data", "rows")
    assert problem.sentence().isprintable()
    return problem.sentence()


@pytest.mark.parametrize(
    ("content", "params", "wanted"),
    [
        ("1,2\n3,4\n", {}, "2 elements (2,) float32"),
        ("1,2\n3,4", {}, "2 elements (2,) float32"),
        ("1,2\n\n3,4\n\n", {}, "2 elements (2,) float32"),
        ("1,2\n3,4\n", {"label": "b"}, "2 elements ((1,) float32, () int32)"),
        ("1,2\n3,4.5\n", {"label": "b"}, "2 elements ((1,) float32, () float32)"),
        ("1,x\n3,y\n", {"label": "b"}, "2 elements ((1,) float32, () int32)"),
        ("1,x\n3,y\n", {}, "2 elements {a: () float32, b: () string}"),
        ("1,x\n3,y\n", {"features": "b"}, "2 elements () string"),
        ("1,2\n3,4\n", {"features": ["b", "a"]}, "2 elements (2,) float32"),
        ("1,x\n3,y\n", {"features": {"n": ["a"]}, "label": "b"},
         "2 elements ({n: (1,) float32}, () int32)"),
        ("1,2\n,4\n", {"missing": "drop"}, "1 elements (2,) float32"),
        ("1,2\n,4\n", {"missing": "keep"}, "2 elements (2,) float32"),
        ("1,2\n,4\n", {"features": "b"}, "2 elements () float32"),
        ('"1","2"\n', {}, "1 elements (2,) float32"),
    ],
)  # fmt: skip
def test_a_csv_becomes_features_and_a_label(content, params, wanted, tmp_path) -> None:
    (tmp_path / "d.csv").write_text(HEAD + content)
    assert source("d.csv", tmp_path, **params) == wanted


@pytest.mark.parametrize("change", ["\r\n", "\r", "bom", "gz"])
def test_a_csv_is_read_however_it_was_written(change, tmp_path) -> None:
    text = HEAD + "1,2\n3,4\n"
    name = "d.csv.gz" if change == "gz" else "d.csv"
    raw = text.encode("utf-8-sig") if change == "bom" else text.replace("\n", change).encode()
    if change == "gz":
        raw = gzip.compress(text.encode())
    (tmp_path / name).write_bytes(raw)
    assert source(name, tmp_path, label="b") == "2 elements ((1,) float32, () int32)"


MANY = "1,2\n" * 20
BAD = [
    (b"", {}, ['"d.csv", which is empty']),
    (b"\n\n", {}, ["is empty"]),
    (b"a,b\n", {}, ["a header but no rows"]),
    (b"a,a\n1,2\n", {}, ['two columns called "a"']),
    (b"a,b\n1,2\n3\n", {}, ["line 3 has 1 cells where the header has 2"]),
    (b"a,b\n1,2,3\n", {}, ["line 2 has 3 cells"]),
    (b"a,b\n1,2\n", {"label": "c"}, ['the column "c"', "There are a, b"]),
    (b"year,b\n1,2\n", {"label": "yaer"}, ['the column "yaer"', 'Did you mean "year"']),
    (b"a,b\n1,2\n", {"features": ["a", "q"]}, ['the column "q"']),
    (b"a,b\n1,2\n", {"features": {"x": "q"}}, ['the column "q"']),
    (b"a,b\nx,2\n", {"features": ["a", "b"]}, ["a, b into one tensor", '"a" is text']),
    (HEAD.encode() + MANY.encode() + b"x,3\n", {"label": "b"},
     ['the text "x" in row 21', 'the column "a"', "numbers are expected", "Mend that cell"]),
    (HEAD.encode() + b"1,2\n" * 3 + b",4\n" + b"1,\n", {},
     ["an empty cell in row 4", 'the column "a"', '"drop" or "keep"']),
    (b"a,b\n,1\n2,\n", {"missing": "drop"}, ["would drop all rows"]),
    (b"a,b\n1,\n1,2\n", {"label": "b", "missing": "keep"}, ["row (1) without a label"]),
    (b"a,b\n1,x\n1,y\n", {"label": "b", "classes": ["x"]}, ['the label "y"', "not among"]),
    (b"a,b\n1,2\n", {"label": "b", "classes": ["x"]}, ["already a number"]),
    (b"b\n1\n", {"label": "b"}, ["no column", "but the label"]),
    (b"a,b\n\xe9,2\n", {}, ["not UTF-8 text (byte 4)"]),
    (b'a,b\n"x,2\n', {}, ["no CSV"]),
    (b"a,b\n" + b"x" * 200_000 + b",2\n", {}, ["no CSV"]),
    (b"a,b\n1,2\n", {"missing": "ignore"}, ["missing", '"error", "drop" or "keep"']),
    (b"a,b\n1,2\n", {"features": {}}, ["features"]),
]  # fmt: skip


@pytest.mark.parametrize(("content", "params", "words"), BAD, ids=[str(case[2]) for case in BAD])
def test_what_is_wrong_with_a_csv_is_told_by_row_and_column(
    content, params, words, tmp_path
) -> None:
    (tmp_path / "d.csv").write_bytes(content)
    sentence = source("d.csv", tmp_path, **params)
    assert all(word in sentence for word in words), sentence


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("no.csv", ["no such file in", "Put the file there"]),
        ("data.cvs", ["no such file", 'Did you mean "data.csv"']),
        ("no/data.csv", ["no such file"]),
        (".", ["which is no file", "Name a file"]),
        ("", ["which is no file"]),
        ("a\0b", ["can't be opened"]),
        ("x" * 5000, ["can't be opened"]),
        ("\ud800", ["can't be opened"]),
        ("data.csv.gz", ["damaged"]),
        ("cut.csv.gz", ["damaged"]),
        ("pipe", ['"pipe"']),
        ("/dev/zero", ['"/dev/zero"']),
    ],
)
def test_a_file_that_cannot_be_read_is_named(path, words, tmp_path, ends) -> None:
    (tmp_path / "data.csv").write_text("a\n1\n")
    (tmp_path / "data.csv.gz").write_text("a\n1\n")
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(b"a\n" + b"1\n" * 9999)[:40])
    os.mkfifo(tmp_path / "pipe")
    with ends(2):
        sentence = source(path, tmp_path)
    assert all(word in sentence for word in words), sentence
    assert len(sentence) < 400


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["x_0", "x_1"], ("x", (2,))),
        (["p_0_0", "p_0_1", "p_1_0", "p_1_1"], ("p", (2, 2))),
        (["my_x_0", "my_x_1"], ("my_x", (2,))),
        (["x_1", "x_0"], None),
        (["x_0", "y_1"], None),
        (["x_0", "x_2"], None),
        (["x_0", "x_1_0"], None),
        (["x", "y"], None),
        (["x_00", "x_01"], None),
        (["x_\u0660", "x_\u0661"], None),
        (["x_0", "x_999999999999999"], None),
        (["x_" + "9" * 5000], None),
    ],
    ids=str,
)
def test_columns_numbered_as_an_array_keep_its_shape(names, found, ends) -> None:
    with ends(5):
        assert grid_of(names) == found


def npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def npz(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def header(text: bytes) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def archive(**files: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name, content in files.items():
            made.writestr(name, content)
    return file.getvalue()


def patched(raw: bytes, at: int, value: int) -> bytes:
    """A zip with one byte of its directory changed."""
    place = raw.find(b"PK\x01\x02") + at
    return raw[:place] + bytes([value]) + raw[place + 1 :]


def spoilt() -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, x=np.zeros(30))
    return file.getvalue()[:40] + b"\xff" * 20 + file.getvalue()[60:]


PAIR = npz(x=np.zeros((3, 2)), y=np.zeros(3, "int32"))
NUMPY = [
    ("a.npz", PAIR, {"label": "y"}, ["3 elements ((2,) float64, () int32)"]),
    ("a.npz", PAIR, {"features": {"in": "x"}}, ["3 elements {in: (2,) float64}"]),
    ("a.npy", npy(np.zeros((3, 2), "f4")), {}, ["3 elements (2,) float32"]),
    ("a.npy", npy(np.zeros(3, ">f4")), {}, ["3 elements () float32"]),
    ("a.npy", npy(np.array(["x", "y"])), {}, ["2 elements () string"]),
    ("a.npz", PAIR, {}, ["2 arrays beside the label", "x, y"]),
    ("a.npz", PAIR, {"label": "z"}, ['"z"']),
    ("a.npz", PAIR, {"features": {}}, ["features"]),
    ("a.npz", PAIR, {"features": {}, "label": "y"}, ["features"]),
    ("a.npz", npz(x=np.zeros(3), y=np.zeros(4)), {"label": "y"}, ["x has 3, y has 4"]),
    ("a.npz", archive(), {}, ["0 arrays"]),
    ("a.npz", archive(readme=b"hello"), {}, ["no NumPy file"]),
    ("a.npz", PAIR[:100], {}, ["no NumPy file"]),
    ("a.npz", patched(PAIR, 8, 1), {}, ["no NumPy file"]),
    ("a.npz", patched(PAIR, 10, 99), {}, ["no NumPy file"]),
    ("a.npz", spoilt(), {}, ["no NumPy file"]),
    ("a.npy", b"a,b\n1,2\n", {}, ["no NumPy file"]),
    ("a.npy", b"", {}, ["no NumPy file"]),
    ("a.npy", b"\x93NUMPY", {}, ["no NumPy file"]),
    ("a.npy", npy(np.zeros(3))[:20], {}, ["no NumPy file"]),
    ("a.npy", npy(np.array([{}], dtype=object)), {}, ["Python objects", "save plain arrays"]),
    ("a.npy", npy(np.zeros(2, [("a", "f4")])), {}, ["records"]),
    ("a.npy", npy(np.zeros(2, "M8[s]")), {}, ["<M8[s]"]),
    ("a.npy", npy(np.array(1.0)), {}, ["a single number"]),
    *(
        ("a.npy", header(text), {}, ["no NumPy file"])
        for text in (
            b"[]", b"{}", b"[", b"\xff", b"\0", b"(" * 5000, b"-" * 9000 + b"1", b"9" * 5000,
            b"{'descr': '', 'shape': (1,)}", b"{'descr': '<', 'shape': (1,)}",
            b"{'descr': '<f4', 'shape': 5}", b"{'descr': '<f4', 'shape': None}",
            b"{'descr': '<f4', 'shape': ('a',)}", b"{'descr': '<f4', 'shape': (-1,)}",
            b"{'descr': '<f4', 'shape': (2.5,)}", b"{'descr': '<f4', 'shape': (True,)}",
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "params", "words"),
    NUMPY,
    ids=map(str, range(len(NUMPY))),
)
def test_a_numpy_file_is_read_by_its_head_or_refused(
    name, content, params, words, tmp_path
) -> None:
    (tmp_path / name).write_bytes(content)
    sentence = source(name, tmp_path, "studio.data.numpy", **params)
    assert all(word in sentence for word in words), sentence


def test_a_text_label_has_all_its_classes_or_says_why_not(tmp_path) -> None:
    rows = "".join(f"1,t{index}\n" for index in range(1500))
    (tmp_path / "d.csv").write_text(HEAD + rows)
    node = {"id": "rows", "op": "studio.data.csv", "params": {"path": "d.csv", "label": "b"}}
    value = {"studio": 1, "data": {"nodes": [node], "outputs": {"train": "rows"}}}
    report = check_value(value, folder=tmp_path)
    assert report.problems or report.shapes["data"].at("rows").labels == (0, 1499)


def test_a_label_past_32_bits_does_not_become_an_int32(tmp_path) -> None:
    (tmp_path / "d.csv").write_text(HEAD + "1,3000000000\n2,4\n")
    assert "int32" not in source("d.csv", tmp_path, label="b")


def test_a_changed_file_is_read_again(tmp_path) -> None:
    path = tmp_path / "d.csv"
    path.write_text(HEAD + "1,2\n")
    assert source("d.csv", tmp_path) == "1 elements (2,) float32"
    path.write_text(HEAD + "1,2\n3,4\n")
    assert source("d.csv", tmp_path) == "2 elements (2,) float32"
