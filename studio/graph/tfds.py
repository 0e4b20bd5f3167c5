"""Datasets of tensorflow_datasets as they lie prepared on this machine, read without it."""

from __future__ import annotations

import json
import os
import re
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from studio.graph.elements import Structure, over
from studio.graph.problems import nearest, one_of, quoted
from studio.graph.spec import Refused, Spec
from studio.resources import ASSETS


class Prepared(Struct, frozen=True):
    """A prepared dataset: its features, the keys of (features, label), the sizes of its splits."""

    folder: Path
    features: Structure
    supervised: tuple[str, ...]
    splits: dict[str, int]
    classes: dict[str, int]
    """How many classes there are, by the key of a label."""
    file_format: str
    names: dict[str, tuple[str, ...]] = {}
    """What the classes are called, by the key of a label, where its files say so."""


@cache
def names() -> tuple[str, ...]:
    """The name of every dataset that tensorflow_datasets brings."""
    return tuple(json.loads(Path(ASSETS, "tfds.json").read_bytes())["names"])


NAMES = ".labels.txt"
"""How the file ends that has the names of a label's classes; before it stands the label's key."""
_NAME = re.compile(r"([a-zA-Z]\w*)(?:/([\w.+-]+))?(?::(\d+\.\d+\.\d+))?")
_VERSION = re.compile(r"\d+\.\d+\.\d+")


def short_name(name: str) -> str:
    """The name without its config and version; empty for one of a namespace of tfds."""
    match = _NAME.fullmatch(name)
    return match[1] if match else ""


def default_data_dir() -> Path:
    """Where tensorflow_datasets keeps datasets when nothing else is said."""
    return Path(os.environ.get("TFDS_DATA_DIR") or Path.home() / "tensorflow_datasets")


def find_prepared(name: str, data_dir: Path) -> Prepared | None:
    """The dataset as it lies in a folder; None where it doesn't.

    Raises Refused for a name that is none, or isn't one dataset's, and for files that can't
    be read.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        if ":" in name:
            return None  # a namespace, such as huggingface:..., of which only tfds knows
        raise Refused(
            f"names the dataset {quoted(name)}", 'A name is "mnist", "name/config" or "name:1.0.0".'
        )
    short, config, version = match.groups()
    folder = data_dir / short
    if config is not None:
        folder /= config
    elif folder.is_dir() and not _versions(folder):
        configs = sorted(each.name for each in folder.iterdir() if _versions(each))
        if len(configs) > 1:
            raise Refused(
                f"names the dataset {quoted(name)}, of which there are {one_of(configs)}",
                f"Write {quoted(f'{short}/{configs[0]}')}.",
            )
        folder = folder / configs[0] if configs else folder
    versions = _versions(folder)
    if version is not None:
        versions = [each for each in versions if each.name == version]
    if not versions:
        return None
    info, features = versions[-1] / "dataset_info.json", versions[-1] / "features.json"
    try:
        named = tuple(sorted(each.name for each in versions[-1].glob(f"*{NAMES}")))
        times = tuple((versions[-1] / name).stat().st_mtime_ns for name in named)
        changed = (info.stat().st_mtime_ns, features.stat().st_mtime_ns, *times)
        return _read(versions[-1], named, changed)
    except FileNotFoundError:
        return None  # not prepared to its end
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise Refused(
            f"reads the dataset in {quoted(str(versions[-1]), 200)}, which can't be read: {error}",
            "Prepare it anew.",
        ) from None


def _versions(folder: Path) -> list[Path]:
    """The folders of a dataset's versions, the newest last."""
    try:
        found = [each for each in folder.iterdir() if _VERSION.fullmatch(each.name)]
    except OSError:
        return []
    return sorted(found, key=lambda each: tuple(map(int, each.name.split("."))))


@lru_cache(maxsize=32)
def _read(folder: Path, named: tuple[str, ...], _changed: tuple[int, ...]) -> Prepared:
    """Cached by the times of its files; `named` are those with the names of classes."""
    info = json.loads((folder / "dataset_info.json").read_bytes())
    features = json.loads((folder / "features.json").read_bytes())
    splits = {
        split["name"]: sum(map(int, split.get("shardLengths", ()))) for split in info["splits"]
    }
    keys = info.get("supervisedKeys", {}).get("tuple", {}).get("items", ())
    inner = features.get("featuresDict", {}).get("features", {})
    classes = {
        name: int(each["classLabel"].get("numClasses", 0))
        for name, each in inner.items()
        if "classLabel" in each
    }
    classes = {name: count for name, count in classes.items() if count}
    return Prepared(
        folder,
        _feature(features),
        tuple(key.get("featureKey", "") for key in keys),
        splits,
        classes,
        info.get("fileFormat", "tfrecord"),
        {
            name: texts
            for name, count in classes.items()
            if f"{name}{NAMES}" in named
            and len(texts := _names_in(folder / f"{name}{NAMES}")) == count
        },
    )


def _names_in(file: Path) -> tuple[str, ...]:
    """The names of classes that a file lists, as tensorflow_datasets takes them."""
    lines = (line.strip() for line in file.read_text(encoding="utf-8").split("\n"))
    return tuple(filter(None, lines))


def _shape(value: dict[str, Any]) -> tuple[int | None, ...]:
    sizes = map(int, value.get("shape", {}).get("dimensions", ()))
    return tuple(None if size < 0 else size for size in sizes)


def _feature(value: dict[str, Any]) -> Structure:
    """The Spec of a feature as features.json writes it."""
    if "featuresDict" in value:
        inner = value["featuresDict"]["features"]
        return {name: _feature(inner[name]) for name in sorted(inner)}
    if "translation" in value:
        return {language: Spec((), "string") for language in value["translation"]["languages"]}
    if "text" in value:
        return Spec((), "string")
    if "classLabel" in value:
        return Spec((), "int64")
    if "sequence" in value:
        return _sequence(value)
    for kind in ("tensor", "image", "audio", "boundingBox"):
        if kind in value:
            shape, dtype = _shape(value[kind]), value[kind]["dtype"]
            return Spec(shape, "string" if dtype in ("object", "string") else dtype)
    raise ValueError(f"Studio doesn't know the feature {value.get('pythonClassName')}")


def _sequence(value: dict[str, Any]) -> Structure:
    if value.get("pythonClassName", "").endswith("dataset_feature.Dataset"):
        raise ValueError("a feature of it is a dataset of its own")
    length = int(value["sequence"].get("length", -1))

    def longer(spec: Spec) -> Spec:
        size = None if length < 0 else length
        if spec.shape and spec.shape[0] is None:
            return Spec((size, *spec.shape), spec.dtype, (spec.ragged or 1) + (size is None))
        return Spec((size, *spec.shape), spec.dtype, spec.ragged)

    return over(_feature(value["sequence"]["feature"]), longer)


_AT = r"(-?\d+(?:\.\d+)?)?(%)?"
_PART = re.compile(rf"(\w+)(?:\[{_AT}:{_AT}\])?")
_SHARDS = re.compile(r"\w+\[[^\]]*shard[^\]]*\]")


def split_size(split: str, splits: dict[str, int] | None) -> int | None:
    """How many elements a split such as "train[:80%]+test" has; None where that isn't known.

    Raises Refused for what is no split, and for one that the dataset doesn't have.
    """
    total: int | None = 0
    for part in split.replace(" ", "").split("+"):
        if _SHARDS.fullmatch(part):
            return None
        match = _PART.fullmatch(part)
        if match is None:
            raise Refused(
                f"takes the split {quoted(split)}",
                'A split is "train", "train[:80%]", "train[100:]" or several joined with +.',
            )
        name = match[1]
        if splits is None:
            total = None
            continue
        if name != "all" and name not in splits:
            raise Refused(
                f"takes the split {quoted(name)}, which the dataset doesn't have",
                nearest(name, splits) or f"It has {one_of(splits)}.",
            )
        size = sum(splits.values()) if name == "all" else splits[name]
        percent = bool(match[3] or match[5])  # one sign makes both so
        start = _boundary(match[2], percent, size, 0)
        end = _boundary(match[4], percent, size, size)
        if max(start, end) > size or end <= start:
            raise Refused(
                f"takes {quoted(part)} of {size} elements, where there is none",
                "Let it end behind its start.",
            )
        total = None if total is None else total + end - start
    return total


def _boundary(number: str | None, percent: bool, size: int, default: int) -> int:
    """A boundary as tensorflow_datasets rounds it: to the closest element."""
    if number is None:
        return default
    at = round(float(number) * size / 100) if percent else int(float(number))
    return max(size + at, 0) if at < 0 else at
