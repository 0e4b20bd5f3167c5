"""TFRecord files and lines of text, against tf.data by hand."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from msgspec.structs import replace

from studio.engine.files import place_files
from studio.graph.checks import check

from .loading import agrees, elements, loaded, plain, project_of, run, written
from .projects import Json, call, node, read, stage
from .ruff import found_by_ruff

pytestmark = pytest.mark.filterwarnings("default")
COUNT = 300


def records(path: Any = "a.tfrecord", **params: Any) -> Json:
    return node("rows", "studio.data.tfrecord", path=path, **params)


def text_lines(path: Any = "a.txt", **params: Any) -> Json:
    return node("rows", "studio.data.lines", path=path, **params)


def example(**values: Any) -> bytes:
    made = {}
    for name, value in values.items():
        value = value if isinstance(value, list) else [value]
        if value and isinstance(value[0], bytes):
            made[name] = tf.train.Feature(bytes_list=tf.train.BytesList(value=value))
        elif value and isinstance(value[0], float):
            made[name] = tf.train.Feature(float_list=tf.train.FloatList(value=value))
        else:
            made[name] = tf.train.Feature(int64_list=tf.train.Int64List(value=value))
    return tf.train.Example(features=tf.train.Features(feature=made)).SerializeToString()


def write(place: Path, rows: list[bytes], packed: str = "") -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(place), packed) as writer:
        for row in rows:
            writer.write(row)


def row(i: int) -> bytes:
    return example(x=[i / 4, -1.0, 2.0, 1e9], y=i * 300 - 5, name=b"n%d" % i)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("records")
    rows = [row(i) for i in range(COUNT)]
    write(made / "a.tfrecord", rows)
    write(made / "a.tfrecord.gz", rows, "GZIP")
    write(made / "a.zlib", rows, "ZLIB")
    for part in range(3):
        write(made / f"parts/{part}-of-3", rows[part::3])
        lines = "".join(f"{part} line {i} ü\n" for i in range(part * 70))
        (made / "parts" / f"{part}.txt").write_text(lines, encoding="utf-8")
    write(made / "uneven", [example(x=[1] * (i % 3), y=i, z=[] if i % 2 else 7) for i in range(9)])
    (made / "a.txt").write_text("one\n\nthree", encoding="utf-8")
    (made / "b.txt").write_text("four\r\n", encoding="utf-8")
    (made / "a.txt.gz").write_bytes(gzip.compress(b"one\ntwo\n"))
    return made


X = {"x": tf.io.FixedLenFeature((4,), tf.float32)}
Y = {"y": tf.io.FixedLenFeature((), tf.int64)}
NAME = {"name": tf.io.FixedLenFeature((), tf.string)}
ANY = tf.io.RaggedFeature
Map = Callable[[Any], Any]


def by_hand(
    features: Json, change: Map, *files: str, packed: str = ""
) -> Callable[[Path], tf.data.Dataset]:
    def made(folder: Path) -> tf.data.Dataset:
        places = [str(folder / file) for file in files or ["a.tfrecord"]]
        dataset = tf.data.TFRecordDataset(places, packed)
        return dataset.map(lambda each: change(tf.io.parse_single_example(each, features)))

    return made


def parts(folder: Path, reader: Any, names: list[str], cycle: int) -> tf.data.Dataset:
    files = tf.data.Dataset.from_tensor_slices([str(folder / name) for name in names])
    return files.interleave(reader, cycle_length=cycle, block_length=64)


ALL = by_hand(X | Y | NAME, lambda f: f)
PAIR = by_hand(X | Y, lambda f: (f["x"], f["y"]))
PARTS = [f"parts/{i}-of-3" for i in range(3)]
TXT = [f"parts/{i}.txt" for i in range(3)]
LINES = tf.data.TextLineDataset
CASES: dict[str, tuple[Json, Callable[[Path], tf.data.Dataset]]] = {
    "all features": (records(), ALL),
    "a label": (records(label="y", features=["x"]), PAIR),
    "features and a label": (
        records(label="y"),
        by_hand(X | Y | NAME, lambda f: ({"x": f["x"], "name": f["name"]}, f["y"])),
    ),
    "a shape": (
        records(features={"x": {"shape": [2, 2]}}),
        by_hand(X, lambda f: tf.reshape(f["x"], (2, 2))),
    ),
    "a shape and dtype": (
        records(features={"x": {"shape": [1, 4], "dtype": "float32"}, "y": {"shape": [1]}}),
        by_hand(X | Y, lambda f: {"x": f["x"][None], "y": f["y"][None]}),
    ),
    "gzip": (records("a.tfrecord.gz"), by_hand(X | Y | NAME, lambda f: f)),
    "zlib": (records("a.zlib"), by_hand(X | Y | NAME, lambda f: f)),
    "uneven lists": (
        records("uneven", label="y"),
        by_hand(
            Y | {"x": ANY(tf.int64), "z": ANY(tf.int64)},
            lambda f: ({"x": f["x"], "z": f["z"]}, f["y"]),
            "uneven",
        ),
    ),
    "any length": (
        records(features={"x": {"shape": [None]}}),
        by_hand({"x": ANY(tf.float32)}, lambda f: f["x"]),
    ),
    "files by a pattern": (
        records("parts/*-of-3", features=["y"]),
        lambda folder: parts(folder, tf.data.TFRecordDataset, PARTS, 3).map(
            lambda each: tf.io.parse_single_example(each, Y)["y"]
        ),
    ),
    "files in a list, one by one": (
        records(PARTS, features=["y"], cycle_length=1),
        by_hand(Y, lambda f: f["y"], *PARTS),
    ),
    "lines": (text_lines(), lambda folder: LINES(str(folder / "a.txt"))),
    "lines gzipped": (
        text_lines("a.txt.gz"),
        lambda folder: LINES(str(folder / "a.txt.gz"), "GZIP"),
    ),
    "lines by a pattern": (
        text_lines("parts/*.txt"),
        lambda folder: parts(folder, LINES, TXT, 3),
    ),
    "lines in a row": (
        text_lines(["b.txt", "parts/?.txt", "a.txt"], cycle_length=1),
        lambda folder: LINES([str(folder / name) for name in ["b.txt", *TXT, "a.txt"]]),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_elements_are_those_of_tf_data_by_hand(name: str, folder: Path) -> None:
    source, hand = CASES[name]
    dataset, inferred = loaded(project_of(source), folder)
    found = elements(dataset)
    assert found == elements(hand(folder))
    assert inferred.count == len(found) > 0
    assert dataset.element_spec == hand(folder).element_spec
    agrees(dataset, replace(inferred, count=None))  # tf.data doesn't count what is in files


PIXELS = np.random.default_rng(1).integers(0, 255, (4, 6, 5, 3)).astype("uint8")


@pytest.mark.parametrize("encode", [tf.io.encode_png, tf.io.encode_jpeg])
@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("size", [{}, {"height": 3, "width": 7}])
def test_images_in_records_are_decoded(encode, several, size, tmp_path: Path) -> None:
    images = [encode(each).numpy() for each in PIXELS]
    rows = [example(image=each, y=i, **({"n": i} if several else {})) for i, each in
            enumerate(images)]  # fmt: skip
    write(tmp_path / "a.tfrecord", rows)
    params = size | ({"feature": "image", "channels": 1} if several else {})
    decode = stage("decode", "map", function=call("studio.map.decode_image", **params))
    dataset, inferred = loaded(project_of(records(label="y"), decode), tmp_path)
    agrees(dataset, replace(inferred, count=None))
    for (found, label), (number, image) in zip(dataset, enumerate(images), strict=True):
        wanted = tf.io.decode_image(image, 1 if several else 3)
        wanted = tf.image.resize(wanted, (3, 7)) if size else wanted
        tf.debugging.assert_equal(found["image"] if several else found, wanted)
        assert label == number and (not several or found["n"] == number)


def test_ruff_finds_nothing_in_them(folder: Path, tmp_path: Path) -> None:
    sources = {name: case[0] for name, case in CASES.items()}
    sources["absolute"] = records(str(folder / "parts/*-of-3"))
    sources["mixed"] = text_lines([str(folder / "parts/*.txt"), "*.txt"])
    texts = {name: written(project_of(each), folder)[0] for name, each in sources.items()}
    assert not found_by_ruff(texts, tmp_path)


def test_files_of_a_pattern_travel_with_the_script(folder: Path, tmp_path: Path) -> None:
    value = project_of(text_lines(["parts/*.txt", "a.txt"]))
    text, _ = written(value, folder)
    place_files(read(value), folder, tmp_path)
    here = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.txt"))
    assert here == ["a.txt", *TXT]
    there = elements(run(text, folder)["make_datasets"]()["train"])
    assert elements(run(text, tmp_path)["make_datasets"]()["train"]) == there


def spoilt(folder: Path) -> None:
    rows = [row(i) for i in range(200)]
    write(folder / "good", rows)
    write(folder / "packed", rows, "GZIP")
    good = (folder / "good").read_bytes()
    size = 16 + len(rows[0])
    files = {
        "cut": good[:-3], "cuthead": good[: size + 5], "none": b"", "text": b"hello, this is text",
        "third": good[: 2 * size + 14] + b"!" + good[2 * size + 15 :],
        "late": good[: -size - 20] + b"\1" * 24, "cut.gz": (folder / "packed").read_bytes()[:90],
        "latin.txt": b"one\n\xe9\n", "empty.txt": b"", "cut.txt.gz": gzip.compress(b"a\n" * 9)[:20],
    }  # fmt: skip
    for name, content in files.items():
        (folder / name).write_bytes(content)
    write(folder / "foreign", [b"\x0a\xff\xff\xff\x7fxxx"])
    write(folder / "plain", [b"hello"])
    write(folder / "clash", [example(x=1), example(x=1.5)])
    write(folder / "other", [example(x=1)])


BAD = [
    (records("no"), ["no such file"]),
    (records("*.no"), ["no file in", "matches"]),
    (records("nowhere/*"), ["no file in", "matches"]),
    (records([]), ["path"]),
    (records("none"), ["has no record"]),
    (records("text"), ['"text", which is no TFRecord file']),
    (records("cut"), ["is cut off in record 200"]),
    (records("cuthead"), ["is cut off in record 2"]),
    (records("third"), ["whose record 3 is damaged"]),
    (records("late"), ["is cut off in record 199"]),
    (records("cut.gz"), ["is damaged behind record"]),
    (records("foreign"), ["record 1 is no tf.train.Example"]),
    (records("plain"), ["record 1 is no tf.train.Example"]),
    (records("clash"), ['"x" as int64 and as float32']),
    (records(["good", "other"]), ['"x" as float32 in "good" and as int64 in "other"']),
    (records(["good", "packed"]), ['"good" and "packed"', "sources of their own"]),
    (records("good", label="z"), ['"z"', "There are name, x, y"]),
    (records("good", features=["naem"]), ['Did you mean "name"']),
    (records("good", features=["y"], label="y"), ["no feature but the label"]),
    (records("good", features={"x": {"shape": [5]}}), ["5 values", "have 4"]),
    (records("good", features={"x": {"shape": [-4]}}), ["the shape [-4]", "[null]"]),
    (records("good", features={"x": {"dtype": "int64"}}), ["have it as float32", "cast"]),
    (records("good", features={"x": 5}), ['gives 5 for the feature "x"']),
    (text_lines("latin.txt"), ["not UTF-8 text (line 2)"]),
    (text_lines("empty.txt"), ["has no line"]),
    (text_lines("cut.txt.gz"), ["is damaged"]),
]  # fmt: skip


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("broken")
    spoilt(made)
    return made


@pytest.mark.parametrize(("source", "words"), BAD, ids=lambda each: str(each)[:70])
def test_what_cannot_be_read_is_named_before_a_run(source, words, broken: Path) -> None:
    problems = check(read(project_of(source)), broken).problems
    sentence = " ".join(problem.sentence() for problem in problems)
    assert problems
    assert all(word in sentence for word in words), sentence


def test_a_record_of_the_wrong_length_is_named_by_the_script(folder: Path, tmp_path: Path) -> None:
    text, _ = written(project_of(records(features=["x"])), folder)
    write(tmp_path / "a.tfrecord", [row(0), example(x=[1.5])])
    with pytest.raises(tf.errors.InvalidArgumentError, match="Key: x"):
        plain(list(run(text, tmp_path)["make_datasets"]()["train"]))


def test_numbers_written_one_by_one_are_read_too(tmp_path: Path) -> None:
    unpacked = b"\x0d" + struct.pack("<f", 1.5) + b"\x0d" + struct.pack("<f", 2.5)
    floats = b"\x12" + bytes([len(unpacked)]) + unpacked
    entry = b"\x0a\x01x\x12" + bytes([len(floats)]) + floats
    features = b"\x0a" + bytes([len(entry)]) + entry
    write(tmp_path / "a.tfrecord", [b"\x0a" + bytes([len(features)]) + features])
    dataset, inferred = loaded(project_of(records()), tmp_path)
    assert str(inferred) == "1 elements (2,) float32"
    assert elements(dataset) == [[1.5, 2.5]]
