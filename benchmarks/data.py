"""What the pipelines that Studio writes give in a second, beside the same written by hand.

    python benchmarks/data.py [--rounds N] [--only NAME] [--megabytes N]

Each pipeline is gone through in turn with a plain one, as a tutorial has it, and
a tuned one, all in batches of 64 and in one process; the figures are medians of
the rounds. Then a CSV of a gigabyte is streamed by a process of its own, whose
largest resident memory is said, with what of it is there once TensorFlow is
imported, and what are pages of library files. Of these Linux maps more the more
of the files it has cached already; all processes share them. The files are made
in a temporary folder.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from studio.codegen.data import write_data
from studio.codegen.source import IMPORTS, Source
from studio.graph.checks import check
from studio.graph.problems import errors
from studio.graph.read import read_project

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

BATCH = 64
PLAIN, TUNED = 1.0, 0.95
"""Of the plain and of the tuned pipeline, the share that Studio's must give."""

LONG_ENOUGH = 0.5
"""Seconds that one measurement takes at least."""

RESIDENT = 600
"""Megabytes that streaming may take, TensorFlow included."""


def write(folder: Path, op: str, batch: int = BATCH, **params: Any) -> Path:
    """Writes the data part of the script of a project with a source and batches."""
    nodes = [
        {"id": "rows", "op": f"studio.data.{op}", "params": params},
        {"id": "batch", "op": "tf.data.Dataset.batch", "params": {"batch_size": batch}},
    ]
    data = {"nodes": nodes, "edges": [["rows", "batch"]], "outputs": {"train": "batch"}}
    project, problems = read_project({"studio": 1, "data": data})
    report = check(project, folder)
    wrong = [*problems, *errors(report.problems)]
    if wrong:
        raise SystemExit("\n".join(problem.sentence() for problem in wrong))
    source = Source()
    write_data(source, project, report.shapes["data"], folder)
    lines = [IMPORTS[name] for name in sorted({*source.needs, "Path"})]
    lines += ["HERE = Path(__file__).parent", "SEED = 1"]
    for section in source.sections:
        lines += section.lines
    script = folder / f"train_{op}.py"
    script.write_text("\n".join(lines), encoding="utf-8")
    return script


def generated(folder: Path, op: str, **params: Any) -> Any:
    """The training data of a project with a source and batches, as its script makes them."""
    return run(write(folder, op, **params))


def run(script: Path) -> Any:
    """The training data of a script."""
    spec = importlib.util.spec_from_file_location(script.stem, script)
    module = importlib.util.module_from_spec(spec)
    sys.modules[script.stem] = module  # AutoGraph looks for it there
    spec.loader.exec_module(module)
    return module.make_datasets()["train"]


def make_images(folder: Path) -> None:
    import numpy as np
    import tensorflow as tf

    generator = np.random.default_rng(1)
    for index in range(600):
        small = generator.integers(0, 255, (20, 20, 3)).astype("uint8")
        pixels = tf.cast(tf.image.resize(small, (160, 160)), "uint8")
        place = folder / "images" / f"class{index % 3}" / f"{index}.jpg"
        tf.io.write_file(str(place), tf.io.encode_jpeg(pixels))


def images(folder: Path) -> dict[str, Any]:
    import keras
    import tensorflow as tf

    make_images(folder)
    size = (96, 96)
    root = folder / "images"
    pairs = [(str(f), int(f.parent.name[-1])) for f in sorted(root.rglob("*.jpg"))]
    files, labels = map(list, zip(*pairs, strict=True))

    def read(file: Any, label: Any) -> Any:
        image = tf.io.decode_jpeg(tf.io.read_file(file), 3)
        return tf.image.resize(image, size), label

    plain = keras.utils.image_dataset_from_directory(
        root, image_size=size, batch_size=BATCH, verbose=False
    )
    slices = tf.data.Dataset.from_tensor_slices((files, labels))
    tuned = slices.map(read, tf.data.AUTOTUNE).batch(BATCH).prefetch(tf.data.AUTOTUNE)
    ours = generated(folder, "images", path="images", image_size=list(size))
    return {"studio": ours, "plain": plain, "tuned": tuned}


def make_csv(folder: Path, name: str, rows: int) -> None:
    import numpy as np

    values = np.random.default_rng(1).random((rows, 10))
    header = ",".join("abcdefghij")
    np.savetxt(folder / name, values, "%.8f", ",", header=header, comments="")


def streamed_csv(folder: Path) -> dict[str, Any]:
    import tensorflow as tf

    make_csv(folder, "rows.csv", 100_000)
    path = str(folder / "rows.csv")
    plain = tf.data.experimental.CsvDataset(path, [tf.float32] * 10, header=True)
    plain = plain.map(lambda *cells: (tf.stack(cells[:9]), cells[9]))

    def parse(lines: Any) -> Any:
        cells = tf.io.decode_csv(lines, [[0.0]] * 10)
        return tf.stack(cells[:9], 1), cells[9]

    tuned = tf.data.TextLineDataset(path).skip(1).batch(BATCH)
    tuned = tuned.map(parse, tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)
    ours = generated(folder, "csv", path="rows.csv", label="j", stream=True)
    return {"studio": ours, "plain": plain.batch(BATCH).prefetch(1), "tuned": tuned}


def tfrecord(folder: Path) -> dict[str, Any]:
    import numpy as np
    import tensorflow as tf

    generator = np.random.default_rng(1)
    path = str(folder / "rows.tfrecord")
    feature = tf.train.Feature
    with tf.io.TFRecordWriter(path) as writer:
        for index in range(50_000):
            values = {
                "x": feature(float_list=tf.train.FloatList(value=generator.random(64))),
                "y": feature(int64_list=tf.train.Int64List(value=[index % 10])),
            }
            example = tf.train.Example(features=tf.train.Features(feature=values))
            writer.write(example.SerializeToString())
    spec = {
        "x": tf.io.FixedLenFeature((64,), tf.float32),
        "y": tf.io.FixedLenFeature((), tf.int64),
    }

    def one(record: Any) -> Any:
        parsed = tf.io.parse_single_example(record, spec)
        return parsed["x"], parsed["y"]

    def many(records: Any) -> Any:
        parsed = tf.io.parse_example(records, spec)
        return parsed["x"], parsed["y"]

    read = tf.data.TFRecordDataset(path)
    plain = read.map(one).batch(BATCH).prefetch(1)
    tuned = read.batch(BATCH).map(many, tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)
    ours = generated(folder, "tfrecord", path="rows.tfrecord", label="y")
    return {"studio": ours, "plain": plain, "tuned": tuned}


def texts(folder: Path) -> dict[str, Any]:
    import keras
    import tensorflow as tf

    root = folder / "texts"
    for index in range(3000):
        place = root / f"class{index % 3}" / f"{index}.txt"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("It was the best of times, it was the worst of times. " * 20)
    pairs = [(str(f), int(f.parent.name[-1])) for f in sorted(root.rglob("*.txt"))]
    files, labels = map(list, zip(*pairs, strict=True))
    slices = tf.data.Dataset.from_tensor_slices((files, labels))
    tuned = slices.map(lambda file, label: (tf.io.read_file(file), label), tf.data.AUTOTUNE)
    tuned = tuned.batch(BATCH).prefetch(tf.data.AUTOTUNE)
    plain = keras.utils.text_dataset_from_directory(root, batch_size=BATCH, verbose=False)
    return {"studio": generated(folder, "texts", path="texts"), "plain": plain, "tuned": tuned}


def lines(folder: Path) -> dict[str, Any]:
    import tensorflow as tf

    path = folder / "lines.txt"
    path.write_text("".join(f"line {i} of a text of some length\n" for i in range(200_000)))
    read = tf.data.TextLineDataset(str(path)).batch(BATCH)
    ours = generated(folder, "lines", path="lines.txt")
    return {"studio": ours, "plain": read.prefetch(1), "tuned": read.prefetch(tf.data.AUTOTUNE)}


def in_memory(folder: Path) -> dict[str, Any]:
    import numpy as np
    import tensorflow as tf

    make_csv(folder, "small.csv", 100_000)
    values = np.loadtxt(folder / "small.csv", "float32", delimiter=",", skiprows=1)
    rows = tf.data.Dataset.from_tensor_slices((values[:, :9], values[:, 9]))
    ours = generated(folder, "csv", path="small.csv", label="j")
    return {
        "studio": ours,
        "plain": rows.batch(BATCH).prefetch(1),
        "tuned": rows.batch(BATCH).prefetch(tf.data.AUTOTUNE),
    }


CASES: dict[str, Callable[[Path], dict[str, Any]]] = {
    "images": images,
    "csv": streamed_csv,
    "tfrecord": tfrecord,
    "texts": texts,
    "lines": lines,
    "in memory": in_memory,
}


def seconds(dataset: Any) -> tuple[float, int]:
    """How long going through a dataset takes, and how many elements come in its batches.

    It is gone through as often as it takes for the clock to tell.
    """
    import tensorflow as tf

    start, count, spent = time.perf_counter(), 0, 0.0
    while spent < LONG_ENOUGH:
        for batch in dataset:
            count += int(tf.nest.flatten(batch)[0].shape[0])
        spent = time.perf_counter() - start
    return spent, count


def compare(name: str, rounds: int) -> None:
    """Says the throughput of a case's three pipelines."""
    with tempfile.TemporaryDirectory() as folder:
        pipelines = CASES[name](Path(folder))
        found: dict[str, list[float]] = {kind: [] for kind in pipelines}
        for round_ in range(rounds + 1):
            # In another order each time: what comes first may find the machine less busy.
            for kind in random.sample(list(pipelines), len(pipelines)):
                dataset = pipelines[kind]
                spent, count = seconds(dataset)
                if round_:  # the first is for warming up
                    found[kind].append(count / spent)
    rate = {kind: statistics.median(rates) for kind, rates in found.items()}
    shares = {kind: rate["studio"] / rate[kind] for kind in ("plain", "tuned")}
    good = shares["plain"] >= PLAIN and shares["tuned"] >= TUNED
    print(
        f"{name:10}  {rate['studio']:>11,.0f} a second, {shares['plain']:5.2f} x plain "
        f"({rate['plain']:,.0f}), {shares['tuned']:5.2f} x tuned ({rate['tuned']:,.0f})"
        f"{'' if good else '  <-- slower than wanted'}",
        flush=True,
    )


def resident() -> tuple[float, float]:
    """The resident memory of this process in megabytes, and what of it are pages of files."""
    found = psutil.Process().memory_info()
    return found.rss / 1024**2, getattr(found, "shared", 0) / 1024**2


def stream(script: Path) -> None:
    """Goes through the large CSV once; what the process of its own does."""
    import tensorflow  # noqa: F401

    before, _ = resident()
    start = time.perf_counter()
    peak, files, count = before, 0.0, 0
    # Not getrusage: a new process takes over the peak of the one that started it.
    for number, (_, label) in enumerate(run(script)):
        count += int(label.shape[0])
        if number % 50 == 0:
            peak, files = max((peak, files), resident())
    note = "" if peak <= RESIDENT else "  <-- more than wanted"
    spent = time.perf_counter() - start
    print(
        f"streamed    {count:,} rows in {spent:.1f} s, at most {peak:.0f} MB resident{note}: "
        f"{before:.0f} MB with TensorFlow imported and {peak - before:.0f} MB by streaming; "
        f"{files:.0f} MB of all are pages of files"
    )


def memory(megabytes: int) -> None:
    """Says what streaming a CSV of so many megabytes takes."""
    with tempfile.TemporaryDirectory() as folder:
        make_csv(Path(folder), "part.csv", 100_000)
        header, _, rows = Path(folder, "part.csv").read_bytes().partition(b"\n")
        with Path(folder, "large.csv").open("wb") as file:
            file.write(header + b"\n")
            for _ in range(megabytes * 1024**2 // len(rows)):
                file.write(rows)
        script = write(Path(folder), "csv", batch=1024, path="large.csv", label="j")
        subprocess.run([sys.executable, __file__, "--stream", script], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", choices=[*CASES, "memory"])
    parser.add_argument("--megabytes", type=int, default=1024)
    parser.add_argument("--stream", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.stream:
        stream(options.stream)
        return
    for name in CASES if options.only is None else [options.only]:
        if name in CASES:
            compare(name, options.rounds)
    if options.only in (None, "memory"):
        memory(options.megabytes)


if __name__ == "__main__":
    main()
