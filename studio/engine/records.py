"""The elements of a stage as sharded TFRecord files, with features.json beside them.

Each element is a tf.train.Example. features.json says how to read them back: for
each tensor its `key`, its `path` in the element (numbers for a tuple's parts,
names for a dict's), its `dtype` and `shape` (null for a size that differs from
element to element), how it is `stored`, where it is ragged the keys of its
row lengths, and whether it was `sparse`. Element i stands in shard i modulo their number.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

from studio.engine.own_code import Fault
from studio.engine.shards import FEATURES, shard_names
from studio.engine.stage import blamed, dataset
from studio.engine.tensors import Part, numbers, parts_of
from studio.graph.file import write_atomically
from studio.graph.text import dump

FORMAT = 1

EACH = 0.1
"""Seconds between notes of how far it is."""

STORED = {
    "string": "bytes",
    "float32": "float",
    "float16": "float",
    "bfloat16": "float",
    **dict.fromkeys(("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"), "int64"),
    "bool": "int64",
}
"""What keeps every value of a dtype; those that aren't here are stored as serialised tensors."""


def records(fields: dict[str, Any]) -> dict[str, Any]:
    """Writes a stage's elements; returns how many, and into which files.

    `fields`: those of `stage.dataset` and `stage.blamed`; `out`, the folder;
    `shards`; `take`, the most elements, where not all are wanted; `progress`, a
    file in which the number of those written is noted now and then.
    """
    import tensorflow as tf

    with blamed(fields):
        made = dataset(fields)
        if fields.get("take") is not None:
            made = made.take(fields["take"])
        if int(made.cardinality()) == tf.data.INFINITE_CARDINALITY:
            raise Fault(
                f'"{fields["node"]}" gives elements without end: say with --take how many to write.'
            )
        parts = parts_of(made.element_spec)
        for part in parts:
            if not part.tensor:
                raise Fault(
                    f'"{fields["node"]}" gives a {type(part.spec).__name__.removesuffix("Spec")}, '
                    "which a TFRecord can't hold: it holds tensors. Write a stage before it, or "
                    "one behind it that makes tensors of it, such as flat_map."
                )
        features = [_Feature(part, key) for part, key in _keys(parts)]
        note = _Note(fields.get("progress"))
        return _write(made, features, Path(fields["out"]), fields["shards"], note)


class _Note:
    """Notes a number in a file, not too often."""

    def __init__(self, file: str | None):
        self._file = Path(file) if file is not None else None
        self._last = 0.0

    def __call__(self, count: int) -> None:
        now = time.monotonic()
        if self._file is not None and now - self._last > EACH:
            self._file.write_text(str(count))
            self._last = now


def _write(
    made: Any, features: list[_Feature], out: Path, shards: int, note: _Note
) -> dict[str, Any]:
    import tensorflow as tf

    names = shard_names(shards)
    parts = [out / f"{name}.part" for name in names]
    count = 0
    try:
        with contextlib.ExitStack() as stack:
            writers = [stack.enter_context(tf.io.TFRecordWriter(str(part))) for part in parts]
            for element in made:
                values: dict[str, Any] = {}
                for feature in features:
                    feature.put(element, values)
                example = tf.train.Example(features=tf.train.Features(feature=values))
                # The same elements give the same bytes, whatever order a map keeps its keys in.
                content = example.SerializeToString(deterministic=True)
                writers[count % shards].write(content)
                count += 1
                note(count)
        for part, name in zip(parts, names, strict=True):
            part.replace(out / name)
    except BaseException:
        for part in parts:
            part.unlink(missing_ok=True)
        raise
    about = {
        "studio": FORMAT,
        "count": count,
        "files": names,
        "features": [feature.as_json() for feature in features],
    }
    write_atomically(out / FEATURES, dump(about).encode())
    return {"count": count, "files": names, "bytes": sum((out / n).stat().st_size for n in names)}


def _keys(parts: list[Part]) -> list[tuple[Part, str]]:
    """What each tensor is called in an Example: by its own name where that tells them apart."""
    own = [_name(part) for part in parts]
    return [
        (part, name if own.count(name) == 1 else ".".join(map(str, part.path)))
        for part, name in zip(parts, own, strict=True)
    ]


def _name(part: Part) -> str:
    names = [key for key in part.path if isinstance(key, str)]
    if names:
        return names[-1]
    known = ("features", "label", "weight")
    if len(part.path) == 1 and part.path[0] < len(known):
        return known[part.path[0]]
    return ".".join(map(str, part.path)) or "features"


class _Feature:
    """How one tensor becomes features of an Example."""

    def __init__(self, part: Part, key: str):
        self.part, self.key = part, key
        shape = part.spec.shape
        self.shape = shape.as_list() if shape.rank is not None else None
        self.stored = STORED.get(part.spec.dtype.name, "tensor")
        self.ragged = part.spec.ragged_rank if part.ragged else 0
        if self.shape is None:
            self.stored = "tensor"
        self.lengths = [f"{key}.lengths{i}" for i in range(self.ragged)]
        # A vector's length is the number of its values; of more axes it must be told.
        open_axes = self.shape is not None and not self.ragged and None in self.shape
        told = open_axes and len(self.shape) > 1 and self.stored != "tensor"
        self.sizes = f"{key}.shape" if told else None

    def put(self, element: Any, values: dict[str, Any]) -> None:
        import tensorflow as tf

        value = self.part.of(element)
        if self.ragged:
            for key, lengths in zip(self.lengths, value.nested_row_lengths(), strict=True):
                values[key] = _int64(lengths.numpy())
            value = value.flat_values
        if self.sizes is not None:
            values[self.sizes] = _int64(value.shape.as_list())
        if self.stored == "tensor":
            content = [tf.io.serialize_tensor(value).numpy()]
            values[self.key] = tf.train.Feature(bytes_list=tf.train.BytesList(value=content))
            return
        array = numbers(value).reshape(-1)
        if self.stored == "bytes":
            values[self.key] = tf.train.Feature(bytes_list=tf.train.BytesList(value=array))
        elif self.stored == "float":
            content = array.astype("float32")
            values[self.key] = tf.train.Feature(float_list=tf.train.FloatList(value=content))
        else:
            values[self.key] = _int64(array.astype("int64"))

    def as_json(self) -> dict[str, Any]:
        found = {
            "key": self.key,
            "path": list(self.part.path),
            "dtype": self.part.spec.dtype.name,
            "shape": self.shape,
            "stored": self.stored,
        }
        if self.ragged:
            found |= {"ragged": self.ragged, "lengths": self.lengths}
        if self.part.sparse:
            found["sparse"] = True  # it is written as the dense one it stands for
        return found | ({"sizes": self.sizes} if self.sizes is not None else {})


def _int64(values: Any) -> Any:
    import tensorflow as tf

    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
