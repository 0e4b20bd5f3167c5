"""CSV files: several of them, with dtypes of one's own, and streamed; against rows by hand."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from msgspec.structs import replace

from studio.graph.checks import check

from .by_hand import SOURCES as ROWS
from .cases import SOURCES
from .loading import agrees, elements, loaded, project_of, run, written
from .projects import Json, csv, read
from .ruff import found_by_ruff

pytestmark = pytest.mark.filterwarnings("default")
ONE_FILE = [name for name in SOURCES if name.startswith("csv")]


def streamed(source: Json, **params: Any) -> Json:
    return {**source, "params": source["params"] | params | {"stream": True}}


def comparable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: comparable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return tuple(map(comparable, value))
    return "nan" if isinstance(value, float) and value != value else value


@pytest.mark.parametrize("name", ONE_FILE)
def test_a_streamed_file_has_the_same_elements(name: str, folder: Path) -> None:
    dataset, inferred = loaded(project_of(streamed(SOURCES[name])), folder)
    agrees(dataset, replace(inferred, count=None))
    found = [comparable(each) for each in elements(dataset)]
    # By hand, rows without a label have a column of another file for one.
    labelled = "label" in SOURCES[name]["params"]
    wanted = ROWS[name] if labelled else [features for features, _ in ROWS[name]]
    assert found == [comparable(each) for each in wanted]
    assert inferred.count == len(found)


def write(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for part in range(3):
        rows = "".join(f"{part * 10 + i},{i}.0,0{i},{'ab'[i % 2]}\n" for i in range(4))
        content = f"n,whole,code,kind\n{rows}\n"
        (folder / f"{part}.csv").write_text(content)
        (folder / f"{part}.csv.gz").write_bytes(gzip.compress(content.encode()))


ORDER = [part * 10 + i for part in range(3) for i in range(4)]
CODES = {"code": "string", "n": "float64", "whole": "int64"}
SEVERAL: dict[str, tuple[Json, list[Any]]] = {
    "a pattern": (csv("?.csv", features="n"), [float(n) for n in ORDER]),
    "a list": (
        csv(["2.csv", "0.csv"], features="n"), [float(n) for n in ORDER[8:] + ORDER[:4]]
    ),
    "gzipped": (csv("*.csv.gz", features="n", label="kind"), [(float(n), n % 2) for n in ORDER]),
    "dtypes": (
        csv("?.csv", types=CODES, features=["code"], label="whole"),
        [([f"0{n % 10}"], n % 10) for n in ORDER],
    ),
    "a vector of whole numbers": (
        csv("?.csv", types={"n": "int32", "whole": "int32"}, features=["whole", "n"]),
        [[n % 10, n] for n in ORDER],
    ),
    "by name": (
        csv("?.csv", types=CODES),
        [{"n": float(n), "whole": n % 10, "code": f"0{n % 10}", "kind": "ab"[n % 2]}
         for n in ORDER],
    ),
}  # fmt: skip


@pytest.mark.parametrize("stream", [None, True])
@pytest.mark.parametrize("name", SEVERAL)
def test_several_files_are_read_as_one(name: str, stream: bool | None, tmp_path: Path) -> None:
    write(tmp_path)
    source, wanted = SEVERAL[name]
    source = {**source, "params": source["params"] | {"stream": stream}}
    dataset, inferred = loaded(project_of(source), tmp_path)
    assert elements(dataset) == wanted
    agrees(dataset, replace(inferred, count=None) if stream else inferred)
    assert inferred.count == len(wanted)


def test_ruff_finds_nothing_in_them(folder: Path, tmp_path: Path) -> None:
    write(tmp_path / "several")
    sources = {name: streamed(SOURCES[name]) for name in ONE_FILE}
    texts = {name: written(project_of(each), folder)[0] for name, each in sources.items()}
    sources = {}
    for name, (source, _) in SEVERAL.items():
        sources |= {f"{name} in memory": source, f"{name} streamed": streamed(source)}
    for name, each in sources.items():
        texts[name] = written(project_of(each), tmp_path / "several")[0]
    assert not found_by_ruff(texts, tmp_path)


@pytest.mark.parametrize(
    ("files", "params", "words"),
    [
        ({"a.csv": "x,y\n1,2\n", "b.csv": "x,y\n1,2\n1,2,3\n"}, {}, ['"b.csv"', "line 3 has 3"]),
        ({"a.csv": "x,y\n1,2\n", "b.csv": "x,z\n1,2\n"}, {}, ["columns differ", 'has "y"']),
        ({"a.csv": "x,y\n1,2\n", "b.csv": "y,x\n1,2\n"}, {}, ["the same order"]),
        ({"a.csv": "x\n1\n", "b.csv": "x\nred\n"}, {}, ['"x" of "a.csv"', 'that of "b.csv"']),
        ({"a.csv": "x\n1\n", "b.csv.gz": "x\n1\n"}, {}, ["only some are .gz"]),
        ({"a.csv": "x\n1.5\n"}, {"types": {"x": "int32"}}, ["numbers with a point", "float32"]),
        ({"a.csv": "x\nred\n"}, {"types": {"x": "int32"}}, ['the text "red"']),
        ({"a.csv": "x\n1\n"}, {"types": {"z": "int32"}}, ['the column "z"']),
        ({"a.csv": "x,y\n1,1\n"}, {"types": {"x": "int32"}, "features": ["x", "y"]},
         ['"y" is float32', "one dtype"]),
        ({"a.csv": "x,y\n1,1\n,2\n"}, {"types": {"x": "int32"}, "missing": "keep"}, ["no int32"]),
        ({"a.csv": "x,y\n1,1\n"}, {"types": {"y": "string"}, "label": "y"}, ["classes"]),
        ({"a.csv": 'x,y\n1,"a\nb"\n'}, {"stream": True}, ["several lines", "stream to false"]),
    ],
    ids=str,
)  # fmt: skip
def test_what_does_not_go_together_is_refused(files, params, words, tmp_path: Path) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    path = "a.csv" if len(files) == 1 else "?.csv*"
    problems = check(read(project_of(csv(path, **params))), tmp_path).problems
    sentence = " ".join(problem.sentence() for problem in problems)
    assert problems
    assert all(word in sentence for word in words), sentence


def test_a_file_is_streamed_when_it_is_large(tmp_path: Path) -> None:
    rows = np.random.default_rng(1).random((180_000, 10))
    np.savetxt(tmp_path / "d.csv", rows, "%.18f", ",", header=",".join("abcdefghij"), comments="")
    text, inferred = written(project_of(csv("d.csv", label="j")), tmp_path)
    assert "TextLineDataset" in text
    assert inferred.count is None
    features, label = next(iter(run(text, tmp_path)["make_datasets"]()["train"]))
    assert [*features.numpy(), label.numpy()] == pytest.approx(rows[0], 1e-6)


@pytest.mark.parametrize(
    ("rows", "words"),
    [("1,2,3\n", "Expect 2 fields but have 3"), ("1,red\n", "red"), ("1,\n", "is required")],
)
def test_a_bad_row_stops_a_stream(rows: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("a,b\n1,2\n")
    text, _ = written(project_of(streamed(csv("d.csv"))), tmp_path)
    (tmp_path / "d.csv").write_text("a,b\n1,2\n" + rows)
    with pytest.raises(tf.errors.InvalidArgumentError, match=words):
        list(run(text, tmp_path)["make_datasets"]()["train"])


def test_a_new_class_stops_a_stream(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("a,kind\n1,x\n1,y\n")
    text, _ = written(project_of(streamed(csv("d.csv", label="kind"))), tmp_path)
    (tmp_path / "d.csv").write_text("a,kind\n1,x\n1,new\n")
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"no such class.*new"):
        list(run(text, tmp_path)["make_datasets"]()["train"])
