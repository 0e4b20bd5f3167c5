"""The datasets that can be named in a project, and which of them are on this machine."""

from __future__ import annotations

from typing import Any

from studio.graph.ops.keras_datasets import KERAS_DATASETS
from studio.graph.spec import Refused
from studio.graph.tfds import default_data_dir, find_prepared, names


def listed(query: str = "") -> list[dict[str, Any]]:
    """Every dataset whose name holds all words of the query: name, op, about, and its splits.

    `splits` are the sizes of what is prepared on this machine; empty for all others.
    """
    words = query.lower().replace("-", "_").split()
    found = [
        {"name": name, "op": f"keras.datasets.{name}", "about": f"keras: {known.about}"}
        for name, known in KERAS_DATASETS.items()
    ]
    found += [
        {"name": name, "op": "studio.data.tfds", "about": "tensorflow_datasets"} for name in names()
    ]
    kept = [each for each in found if all(word in each["name"] for word in words)]
    here = {each.name for each in _prepared_folders()}
    for each in kept:
        each["splits"] = {}
        if each["op"] == "studio.data.tfds" and each["name"] in here:
            each["splits"] = _splits(each["name"])
            sizes = ", ".join(f"{name} {size:,}" for name, size in each["splits"].items())
            each["about"] += f", prepared here: {sizes}" if sizes else ""
    return kept


def _prepared_folders():
    try:
        return [each for each in default_data_dir().iterdir() if each.is_dir()]
    except OSError:
        return []


def _splits(name: str) -> dict[str, int]:
    try:
        prepared = find_prepared(name, default_data_dir())
    except Refused:
        return {}
    return prepared.splits if prepared is not None else {}
