"""environment.json: with what a run was made, so that it can be made again."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from studio import __version__
from studio.graph.catalogue.registry import find
from studio.graph.document import Project, is_call

PACKAGES = ("tensorflow", "keras", "numpy", "tensorflow-datasets")

MOST_HASHED = 2**30
"""Bytes of a folder beyond which its files aren't read for its fingerprint."""


def versions() -> dict[str, str | None]:
    """The versions of what a run's numbers hang on; read without importing anything."""
    found: dict[str, str | None] = {"studio": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found


def devices() -> list[dict[str, str]]:
    """The devices that TensorFlow sees; it must be imported already."""
    import tensorflow as tf

    found = []
    for device in tf.config.list_physical_devices():
        details = tf.config.experimental.get_device_details(device)
        found.append({"type": device.device_type, "name": details.get("device_name", device.name)})
    return found


def fingerprint(files: dict[str, Path]) -> dict[str, dict[str, Any]]:
    """Size and SHA-256 of each data file or folder, by the path that the project gives it.

    That of a folder is made of the names and hashes of its files, of a large one of their
    names and sizes alone, which is said; nothing is told of a folder that isn't there yet,
    since its data will be downloaded.
    """
    found = {}
    for name, path in sorted(files.items()):
        if path.is_dir():
            inner = [each for each in sorted(path.rglob("*")) if each.is_file()]
            size = sum(each.stat().st_size for each in inner)
            large = size > MOST_HASHED
            told = "".join(
                f"{each.relative_to(path).as_posix()} "
                f"{each.stat().st_size if large else _hash(each)}\n"
                for each in inner
            )
            digest = hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()
            found[name] = {"files": len(inner), "bytes": size, "sha256": digest}
            found[name] |= {"of": "names and sizes"} if large else {}
        elif path.exists():
            found[name] = {"bytes": path.stat().st_size, "sha256": _hash(path)}
    return found


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sources(project: Project) -> dict[str, dict[str, Any]]:
    """How each source of the data graph makes its rows, and each split shares them out, by id.

    What is set of them, the SHA-256 of the code of a generator, and the seed of a split, which
    is the training's where it has none of its own.
    """
    found: dict[str, dict[str, Any]] = {}
    training = project.training.seed if project.training is not None else None
    for node in project.data.nodes.values() if project.data is not None else ():
        op = find(node.op or "")
        if op is None or not (op.kind == "source" or op.path == "studio.data.split"):
            continue
        found[node.id] = {"op": op.path, "params": node.params}
        if "seed" in op.params:
            own = node.params.get("seed")
            found[node.id]["seed"] = (training or 0) if own is None else own
        generator = node.params.get("generator")
        if is_call(generator):
            code = project.code.get(str(generator["op"]).removeprefix("code:"))
            text = code.source if code is not None else ""
            found[node.id]["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    return found


def describe(project: Project, files: dict[str, Path]) -> dict[str, Any]:
    """What environment.json says before TensorFlow is there; `devices` are added by the run."""
    return {
        "versions": versions(),
        "platform": platform.platform(),
        "machine": {"processor": platform.machine()},
        "seed": project.training.seed,
        "data": fingerprint(files),
        "sources": sources(project),
    }
