"""NumPy files and TFRecord files: which of their arrays or features is the label."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

from studio.graph.catalogue.registry import find
from studio.graph.compose.names import fresh_ids
from studio.graph.document import Call
from studio.graph.files import all_matching
from studio.graph.looking.folders import SIDE
from studio.graph.looking.found import Found, Written, given, label_by_name, many, part_of, words
from studio.graph.looking.pictures import Head, head_of
from studio.graph.ops.records import record_plan
from studio.graph.problems import quoted
from studio.graph.records import first_bytes
from studio.graph.rule import Args
from studio.graph.spec import FLOATS, INTEGERS, Refused
from studio.graph.tables import Array, read_arrays, whole_range

PIXEL = 1 / 255
_TEXTS = frozenset({"text", "texts", "sentence", "review", "title", "comment", "message", "body"})


def look_at_array(written: str, folder: Path) -> Found:
    """The arrays of a NumPy file: by part (x_train, y_train), or features and label."""
    arrays = {name: each for name, each in read_arrays(written, folder).items() if each.shape}
    if not arrays:
        raise Refused(f"reads {quoted(written)}, which holds no array with rows")
    parts = _parts(arrays)
    told: list[str] = []
    if "train" in parts:
        chosen = {part: _pair(names, arrays) for part, names in parts.items()}
        chosen = {part: pair for part, pair in chosen.items() if pair is not None}
    else:
        chosen = {}
    if "train" not in chosen:
        features, label, left = _chosen(arrays)
        chosen = {"": (features, label)}
        told = [f"{many(left)} left out"] if left else []
    labelled = all(label is not None for _, label in chosen.values())
    sources = {
        part: Call(
            "studio.data.numpy",
            given(
                path=written,
                features=features if len(arrays) > 1 else None,
                label=label if labelled else None,
            ),
        )
        for part, (features, label) in chosen.items()
    }
    features, label = next(iter(chosen.values()))
    found = Found("rows", sources, told=told)
    found.label = label or "" if labelled else ""
    if labelled:
        found.labels = whole_range(written, label, folder)
    if isinstance(features, str):
        found.maps = _array_maps(arrays[features])
        found.input = "image" if found.maps and arrays[features].dtype == "uint8" else "features"
        found.input = "words" if arrays[features].dtype == "string" else found.input
        found.again = arrays[features].dtype == "string"
    return found


def _parts(arrays: dict[str, Array]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in arrays:
        part, _ = part_of(name)
        if part:
            found.setdefault(part, []).append(name)
    return found


def _pair(names: list[str], arrays: dict[str, Array]) -> tuple[str, str | None] | None:
    """Features and label among the arrays of one part; None where it isn't clear."""
    rest = {part_of(name)[1]: name for name in names}
    label = label_by_name(rest)
    others = [name for name in names if label is None or name != rest[label]]
    if len(others) != 1:
        return None
    pair = (others[0], None if label is None else rest[label])
    alike = len({arrays[name].shape[0] for name in pair if name is not None}) == 1
    return pair if alike else None


def _chosen(arrays: dict[str, Array]) -> tuple[Any, str | None, list[str]]:
    """Features, label and what is left out: arrays of another length."""
    label = label_by_name(arrays) if len(arrays) > 1 else None
    if label is None and len(arrays) > 1:
        *_, last = arrays
        if len(arrays[last].shape) == 1 and arrays[last].dtype in INTEGERS:
            label = last
    if label is not None and arrays[label].dtype not in FLOATS | INTEGERS | {"bool"}:
        label = None
    first = next(name for name in arrays if name != label)
    rows = arrays[label or first].shape[0]
    same = [name for name in arrays if name != label and arrays[name].shape[0] == rows]
    if not same:
        label, same = None, [first]
    left = [name for name in arrays if name not in same and name != label]
    if len(same) == 1:
        return same[0], label, left
    ids = fresh_ids((), same)
    return {ids[name]: name for name in same}, label, left


def _array_maps(array: Array) -> list[Call]:
    """What is done with the rows of an array: bytes are pixels where they have two axes."""
    axes = len(array.shape) - 1
    if array.dtype == "string":
        return [words()] if not axes else []
    if array.dtype != "uint8" or axes not in (2, 3):
        return []
    channel = [Call("studio.map.add_channel")] if axes == 2 else []
    return [*channel, Call("studio.map.rescale", {"scale": PIXEL})]


def look_at_records(written: Written, folder: Path) -> Found:
    """A TFRecord file, or those of a pattern."""
    op = find("studio.data.tfrecord")
    features = record_plan(Args(op.filled({"path": written}), folder=folder)).features
    if not features:
        first = written if isinstance(written, str) else written[0]
        raise Refused(f"reads {quoted(first)}, whose records have no feature")
    single = {n: f for n, f in features.items() if f.shape == () and f.dtype != "string"}
    label = label_by_name(single) if len(features) > 1 else None
    names = [name for name in features if name != label]
    source = Call("studio.data.tfrecord", given(path=written, label=label))
    found = Found("records", {"": source}, again=True, label=label or "")
    pictures = _pictures(written, folder)
    kinds = {(features[name].shape, features[name].dtype) for name in names}
    if len(names) == 1:
        (name,) = names
        text = features[name].dtype == "string" and features[name].shape == ()
        prose = text and name.rpartition("/")[2].lower() in _TEXTS
        found.input, found.maps = ("words", [words()]) if prose else (name, [])
        if text and name in pictures:
            found.input, found.maps = "image", _decoding(pictures[name], found)
    elif len(kinds) == 1 and kinds <= {((), "float32"), ((), "int64")}:
        places = [[0, name] if label else [name] for name in names]
        params = given(features=places, label=[1] if label else None)
        found.maps = [Call("studio.map.to_features_and_label", params)]
    else:
        ids = fresh_ids((), names)
        renamed = {name: new for name, new in ids.items() if name != new}
        found.maps = [Call("studio.map.rename", {"names": renamed})] if renamed else []
        found.maps += [
            _decoding(pictures[name], found, ids[name])[0]
            for name in names
            if name in pictures and features[name].shape == ()
        ]
    return found


def _pictures(written: Written, folder: Path) -> dict[str, Head]:
    """Features whose bytes in the first record are an image -> its height, width and channels."""
    path, file = next(iter(all_matching(written, folder).items()))
    heads = {name: head_of(BytesIO(value)) for name, value in first_bytes(file, path).items()}
    return {name: head for name, head in heads.items() if head is not None}


def _decoding(head: Head, found: Found, feature: str | None = None) -> list[Call]:
    """What makes pixels from 0 to 1 of encoded images, brought to the size of the first."""
    high, wide, channels = head
    shrink = min(1.0, SIDE / max(high, wide))
    high, wide = (max(1, round(side * shrink)) for side in (high, wide))
    found.told.append(f"images of {high} × {wide} pixels, as the first")
    size = {"height": high, "width": wide}
    params = given(**size, channels=channels if channels != 3 else None, feature=feature)
    return [
        Call("studio.map.decode_image", params),
        Call("studio.map.rescale", {"scale": PIXEL}),
    ]
