"""What is in a file of weights, or of a whole model: read without TensorFlow, and without running
anything that is in it.
"""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from studio.graph.file import shown
from studio.graph.problems import StudioError, quoted
from studio.graph.weights import (
    CHECKPOINTS,
    KERAS,
    LEGACY_H5,
    WEIGHTS_H5,
    beginning,
    check_beginning,
    file_kind,
    foreign,
)

if TYPE_CHECKING:
    import h5py

INNER = "model.weights.h5"
"""The weights in a .keras file."""

MOST_CONFIG = 64 * 2**20
"""Bytes of a configuration that are read."""

MOST_MEMBERS = 10_000
MOST_ARRAYS = 1_000_000

BOMB, EXPANSION = 2**28, 100
"""A part of a zip file that is larger than so many bytes, and so many times what is stored of it,
is a bomb: Keras' own limit for what it unpacks. Keras writes its files without compression."""

_DAMAGED = (OSError, EOFError, KeyError, ValueError, RuntimeError, TypeError, AttributeError)
_DAMAGED += (zipfile.BadZipFile, RecursionError, MemoryError, NotImplementedError)
# What h5py, zipfile and json raise where bytes aren't what they should be.


class Layer(Struct, frozen=True):
    """The arrays of a layer; its name is the path of names to it: encoder/conv."""

    name: str
    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[str, ...]
    bytes: int

    @property
    def count(self) -> int:
        """How many numbers it holds."""
        return sum(map(math.prod, self.shapes))


class Contents(Struct, frozen=True):
    """What is in a file; `config` is the architecture, as Keras describes it, where it is there."""

    path: Path
    kind: str
    layers: tuple[Layer, ...]
    keras: str = ""
    """The version of Keras that wrote it, where the file says it."""
    saved: str = ""
    config: dict[str, Any] | None = None
    named: bool = True
    """Whether the layers are called by their names; else by their places in the structure."""


def contents(path: Path) -> Contents:
    """What is in a .keras, .weights.h5 or .h5 file; StudioError with a sentence where it can't be.

    A checkpoint's is asked of TensorFlow: studio/engine/weights_question.py.
    """
    kind = file_kind(path.name)
    try:
        first = beginning(path)
        if kind == CHECKPOINTS:
            what = "a .keras, .weights.h5 or .h5 file, or the prefix of a checkpoint, was expected"
            raise StudioError(f"is {foreign(first)}; {what}.")
        check_beginning(kind, first)
        found = _keras(path) if kind == KERAS else _hdf5(path, kind)
        return replace(found, layers=_in_order(found))
    except StudioError as error:
        raise StudioError(f"{shown(path)} {error}") from None
    except _DAMAGED as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise StudioError(f"{shown(path)} is damaged: {quoted(reason, 120)}.") from None


def _in_order(found: Contents) -> tuple[Layer, ...]:
    """The layers as the architecture lists them, where it is there."""
    config = (found.config or {}).get("config") or {}
    entries = config.get("layers", ()) if isinstance(config, dict) else ()
    names = [each.get("name") or each["config"]["name"] for each in entries]
    places = {name: place for place, name in enumerate(names)}
    return tuple(
        sorted(found.layers, key=lambda each: places.get(each.name.partition("/")[0], len(places)))
    )


def _keras(path: Path) -> Contents:
    import h5py

    with zipfile.ZipFile(path) as archive:
        names = check_archive(archive)
        config = json.loads(_member(archive, "config.json"))
        about = json.loads(_member(archive, "metadata.json")) if "metadata.json" in names else {}
        if INNER not in names:
            raise StudioError(f"has no {INNER}, in which Keras keeps the weights.")
        with archive.open(INNER) as inner, h5py.File(inner, "r") as file:
            layers, named = _stored(file)
    if not isinstance(config, dict) or not isinstance(about, dict):
        raise StudioError("is damaged: its config.json holds no object.")
    version, saved = str(about.get("keras_version", "")), str(about.get("date_saved", ""))
    return Contents(path, KERAS, layers, version, saved, config, named)


def check_archive(archive: zipfile.ZipFile) -> set[str]:
    """The names in a .keras file, of which none is unpacked; StudioError where it is none."""
    parts = archive.infolist()
    names = {each.filename for each in parts}
    if len(parts) > MOST_MEMBERS:
        raise StudioError(f"holds {len(parts):,} parts; more than {MOST_MEMBERS:,} aren't read.")
    if any(name.endswith("data.pkl") for name in names):
        raise StudioError("holds a pickle, as PyTorch writes it, and pickles are never loaded.")
    for part in parts:
        if part.file_size > BOMB and part.file_size > EXPANSION * part.compress_size:
            raise StudioError(
                f"holds {quoted(part.filename)}, which would grow from {part.compress_size:,} to "
                f"{part.file_size:,} bytes: no model does, and it isn't unpacked."
            )
    if "config.json" not in names:
        raise StudioError("is a zip file, but no model of Keras: it has no config.json.")
    return names


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    """A small part of a .keras file."""
    if archive.getinfo(name).file_size > MOST_CONFIG:
        raise StudioError(f"has a {name} of more than {MOST_CONFIG:,} bytes, which isn't read.")
    with archive.open(name) as part:
        return part.read(MOST_CONFIG + 1)


def _hdf5(path: Path, kind: str) -> Contents:
    import h5py

    with h5py.File(path, "r") as file:
        legacy = "layer_names" in file.attrs or "layer_names0" in file.attrs
        legacy = legacy or "model_weights" in file
        if legacy and kind == WEIGHTS_H5:
            raise StudioError(
                "is a legacy file, though it ends in .weights.h5. Rename it to end in .h5."
            )
        if not legacy and kind == LEGACY_H5:
            raise StudioError(
                "is no legacy file of Keras. If it holds the weights of Keras 3, rename it to end "
                "in .weights.h5."
            )
        if not legacy:
            layers, named = _stored(file)
            return Contents(path, kind, layers, named=named)
        inside = isinstance(file.get("model_weights", getlink=True), h5py.HardLink)
        root = file["model_weights"] if inside else file
        version = _text(root, "keras_version") or _text(file, "keras_version")
        config = json.loads(_text(file, "model_config") or "null")
        return Contents(path, kind, tuple(_legacy(root)), version, config=config)


def _text(group: h5py.Group, name: str) -> str:
    """A text in the attributes of a group; empty where there is none."""
    if name not in group.attrs:
        return ""
    if group.attrs.get_id(name).get_storage_size() > MOST_CONFIG:
        raise StudioError(f"has a {name} of more than {MOST_CONFIG:,} bytes, which isn't read.")
    value = group.attrs[name]
    return value.decode() if isinstance(value, bytes) else str(value)


def _paths(group: h5py.Group) -> list[str]:
    """The paths of what is in a group; links out of it, or to another place, aren't followed."""
    paths: list[str] = []

    def note(path: str) -> bool | None:
        paths.append(path)
        return True if len(paths) > MOST_ARRAYS else None

    if group.visit(note):
        raise StudioError(f"holds more than {MOST_ARRAYS:,} arrays.")
    return paths


def _stored(file: h5py.File) -> tuple[tuple[Layer, ...], bool]:
    """The layers in the weights of Keras 3; whether they are named."""
    groups: dict[str, list[h5py.Dataset]] = {}
    paths = _paths(file)
    there = set(paths)
    for path in paths:
        group = path.rpartition("/")[0]
        parts = group.split("/")
        if parts[-1] == "vars" and parts[0] != "optimizer":
            groups.setdefault(group, []).append(_array(file, path))
    found, named = [], True
    for group, arrays in groups.items():
        parts = group.split("/")
        above = ["/".join([*parts[:depth], "vars"]) for depth in range(1, len(parts))]
        names = [_text(file[each], "name") for each in above if each in there]
        if len(parts) > 1:
            named &= bool(names) and all(names)
        whole = names and all(names)
        name = "/".join(names) if whole else "/".join(parts[:-1]) or "the model itself"
        found.append(_layer(name, sorted(arrays, key=_number)))
    return tuple(found), named


def _number(array: h5py.Dataset) -> tuple[int, str]:
    last = array.name.rpartition("/")[2]
    return (int(last), "") if last.isdigit() else (-1, last)


def _legacy(root: h5py.Group) -> Iterator[Layer]:
    """The layers of a legacy file that have arrays."""
    paths = set(_paths(root))
    for name in _names(root, "layer_names"):
        if name not in paths:
            raise StudioError(f"is damaged: it names the layer {quoted(name)}, but lacks it.")
        places = [f"{name}/{each}" for each in _names(root[name], "weight_names")]
        lost = [place for place in places if place not in paths]
        if lost:
            raise StudioError(f"is damaged: it names {quoted(lost[0])}, but lacks it.")
        if places:
            yield _layer(name, [_array(root, place) for place in places])


def _names(group: h5py.Group, what: str) -> list[str]:
    """A list of names in the attributes of a group, where a long one is in several parts."""
    parts, number = [what], 0
    while f"{what}{number}" in group.attrs:
        parts.append(f"{what}{number}")
        number += 1
    names = [name for part in parts for name in group.attrs.get(part, ())]
    return [each.decode() if isinstance(each, bytes) else str(each) for each in names]


def _array(group: h5py.Group, path: str) -> h5py.Dataset:
    """An array that is in the file itself."""
    import h5py

    array = group[path]
    if not isinstance(array, h5py.Dataset):
        raise StudioError(f"is damaged: {quoted(path)} is no array.")
    if array.external or array.is_virtual:
        raise StudioError(f"has {quoted(path)} in another file, which isn't read.")
    return array


def _layer(name: str, arrays: list[h5py.Dataset]) -> Layer:
    shapes = tuple(tuple(map(int, each.shape)) for each in arrays)
    dtypes = tuple(str(each.attrs.get("dtype", each.dtype)) for each in arrays)
    sizes = (math.prod(each.shape) * each.dtype.itemsize for each in arrays)
    return Layer(name, shapes, dtypes, sum(sizes))
