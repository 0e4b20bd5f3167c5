"""Real files of every kind of data, small, made without TensorFlow."""

from __future__ import annotations

import gzip
import sqlite3
import struct
import wave
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from studio.graph.records import masked_crc

ROWS = 40
CLASSES = ("cat", "dog")


def png(place: Path, high: int, wide: int, channels: int = 3) -> None:
    """An image of one colour a row."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    kind = {1: 0, 3: 2, 4: 6}[channels]
    head = struct.pack(">IIBBBBB", wide, high, 8, kind, 0, 0, 0)
    rows = b"".join(b"\0" + bytes([row % 256]) * wide * channels for row in range(high))
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    put(place, b"\x89PNG\r\n\x1a\n" + parts)


def put(place: Path, content: bytes | str) -> Path:
    """A file, and the folders that it lies in."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content.encode() if isinstance(content, str) else content)
    return place


def wav(place: Path, samples: int, channels: int = 1, rate: int = 8000) -> None:
    """A sound that rises."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(place), "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", ""))
        file.writeframes(np.arange(samples * channels, dtype="<i2").tobytes())


def _varint(value: int) -> bytes:
    made = b""
    while value > 127:
        made, value = made + bytes([value & 127 | 128]), value >> 7
    return made + bytes([value])


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def example(**values: Any) -> bytes:
    """A tf.train.Example, as protocol buffers write it."""
    entries = b""
    for name, value in values.items():
        listed = value if isinstance(value, list) else [value]
        if isinstance(listed[0], bytes):
            feature = _field(1, b"".join(_field(1, each) for each in listed))
        elif isinstance(listed[0], float):
            feature = _field(2, _field(1, struct.pack(f"<{len(listed)}f", *listed)))
        else:
            feature = _field(3, _field(1, b"".join(map(_varint, listed))))
        entries += _field(1, _field(1, name.encode()) + _field(2, feature))
    return _field(1, entries)


def tfrecord(place: Path, rows: list[bytes]) -> Path:
    """A TFRecord file; packed where its name ends in .gz."""
    made = b""
    for row in rows:
        head = struct.pack("<Q", len(row))
        made += (
            head + struct.pack("<I", masked_crc(head)) + row + struct.pack("<I", masked_crc(row))
        )
    return put(place, gzip.compress(made) if place.suffix == ".gz" else made)


def table(place: Path, header: str, row: Callable[[int], str], rows: int = ROWS) -> Path:
    """A CSV file, packed where its name ends in .gz."""
    text = "\n".join([header, *map(row, range(rows))]) + "\n"
    return put(place, gzip.compress(text.encode()) if place.suffix == ".gz" else text)


def numbers(folder: Path) -> Path:
    return table(
        folder / "flowers.csv", "a,b,species", lambda i: f"{i / 4},{i * 3 % 7},{'xyz'[i % 3]}"
    )


def mixed(folder: Path) -> Path:
    """Numbers, categories and names that are no ids, a running number, some empty cells."""
    return table(
        folder / "birds.csv.gz",
        "id,bill length (mm),mass,island,sex",
        lambda i: f"{i},{i / 2 if i % 20 else ''},{3000 + i},{'abc'[i % 3]},{'mf'[i % 2]}",
    )


def gappy(folder: Path) -> Path:
    """A third of the rows has an empty cell."""
    return table(
        folder / "gaps.csv",
        "a,b,kind,y",
        lambda i: f"{i},{i if i % 3 else ''},{'uv'[i % 2]},{i / 7}",
    )


def prose(folder: Path) -> Path:
    words = "a film that I would not watch a second time"
    return table(
        folder / "reviews.csv",
        "review,stars",
        lambda i: f"{words[: 20 + 4 * (i % 6)]} {i},{i % 2}",
    )


def pixels(folder: Path) -> Path:
    names = [f"pixel_{row}_{column}" for row in range(3) for column in range(2)]
    return table(
        folder / "digits.csv",
        ",".join([*names, "digit"]),
        lambda i: ",".join(map(str, [16, *range(i % 5, i % 5 + 5), i % 4])),
    )


def parquet(folder: Path) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kind = ["xyz"[i % 3] for i in range(ROWS)]
    gaps = [None if i == 3 else i for i in range(ROWS)]
    a = [i / 2 for i in range(ROWS)]
    b = list(range(ROWS, 0, -1))
    place = folder / "table.parquet"
    pq.write_table(pa.table({"a": a, "b": b, "gaps": gaps, "kind": kind}), place)
    return place


def sqlite(folder: Path) -> Path:
    place = folder / "shop.db"
    with sqlite3.connect(place) as base:
        base.execute(
            'CREATE TABLE "my orders" (id INTEGER PRIMARY KEY, price REAL, "n of" INT, kind)'
        )
        rows = [(i / 2, None if i == 5 else i % 7, "xy"[i % 2]) for i in range(ROWS)]
        base.executemany('INSERT INTO "my orders" (price, "n of", kind) VALUES (?, ?, ?)', rows)
        base.execute("CREATE TABLE few AS SELECT 1 AS a")
    base.close()
    return place


def npy(folder: Path) -> Path:
    np.save(folder / "rows.npy", np.arange(ROWS * 5, dtype="float64").reshape(ROWS, 5))
    return folder / "rows.npy"


def npz(folder: Path) -> Path:
    """As MNIST is published."""
    images, labels = np.zeros((ROWS, 8, 6), "uint8"), np.arange(ROWS, dtype="uint8") % 3
    place = folder / "mnist.npz"
    np.savez(place, x_train=images, y_train=labels, x_test=images[:9], y_test=labels[:9])
    return place


def named(folder: Path) -> Path:
    place = folder / "two.npz"
    x = np.ones((ROWS, 3), "float32")
    np.savez(place, left=x, right=x[:, :2], target=np.arange(ROWS) / 3, other=x[:2])
    return place


def images(folder: Path) -> Path:
    for i in range(12):
        png(folder / "pets" / CLASSES[i % 2] / f"{i}.png", 20 + i % 3, 30)
    return folder / "pets"


def parts(folder: Path) -> Path:
    """Gray images of one size, already in parts."""
    for part, count in (("train", 12), ("test", 4)):
        for i in range(count):
            png(folder / "shapes" / part / CLASSES[i % 2] / f"{i}.png", 16, 16, 1)
    return folder / "shapes"


def loose(folder: Path) -> Path:
    for i in range(6):
        png(folder / "photos" / f"{i}.png", 700, 1400)
    put(folder / "photos" / "broken.png", b"\x89PNG\r\n\x1a\n")
    return folder / "photos"


def texts(folder: Path) -> Path:
    for i in range(12):
        put(folder / "mails" / ("ham", "spam")[i % 2] / f"{i}.txt", "hello you " * (1 + i))
    return folder / "mails"


def sounds(folder: Path) -> Path:
    for i in range(12):
        wav(folder / "words" / ("no", "yes")[i % 2] / f"{i}.wav", 400 + 10 * i)
    return folder / "words"


def records(folder: Path) -> Path:
    rows = [example(x=[i / 4, -1.0], y=i, label=i % 3) for i in range(ROWS)]
    return tfrecord(folder / "rows.tfrecord", rows)


def packed_records(folder: Path) -> Path:
    """Lists of any length, and a name that is no id."""
    rows = [example(**{"text/ids": [1] * (1 + i % 4), "label": i % 2}) for i in range(ROWS)]
    return tfrecord(folder / "ids.tfrecord.gz", rows)


def scalars(folder: Path) -> Path:
    rows = [example(a=i / 4, b=i / 3, c=1.5, target=i / 9) for i in range(ROWS)]
    return tfrecord(folder / "scalars.tfrecord", rows)


def encoded(folder: Path) -> Path:
    """Images as the bytes of their files, and a label beside them."""
    png(folder / "one.png", 20, 30)
    image = (folder / "one.png").read_bytes()
    rows = [example(image=image, label=i % 3) for i in range(ROWS)]
    return tfrecord(folder / "pictures.tfrecord", rows)


def lines(folder: Path) -> Path:
    return put(folder / "poem.txt", "".join(f"line {'and ' * (i % 5)} {i}\n" for i in range(ROWS)))


def shards(folder: Path) -> Path:
    for part in range(3):
        rows = [example(x=[float(i), 0.0, 1.0], label=i % 2) for i in range(10)]
        tfrecord(folder / "shards" / f"part-{part}.tfrecord", rows)
    return folder / "shards"


KINDS: dict[str, Callable[[Path], Path]] = {
    each.__name__: each
    for each in (
        numbers, mixed, gappy, prose, pixels, parquet, sqlite, npy, npz, named, images, parts,
        loose, texts, sounds, records, packed_records, scalars, encoded, lines, shards,
    )
}  # fmt: skip
