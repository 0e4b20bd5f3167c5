"""environment.json: with what a run was made, so that it can be made again."""

from __future__ import annotations

import hashlib
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from studio import __version__

PACKAGES = ("tensorflow", "keras", "numpy", "tensorflow-datasets")


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
    """Size and SHA-256 of each data file, by the path that the project gives it.

    Of a folder, which may hold millions of files, it is the SHA-256 of their names and sizes.
    """
    found = {}
    for name, path in sorted(files.items()):
        if path.is_dir():
            found[name] = _listing(path)
            continue
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        found[name] = {"bytes": path.stat().st_size, "sha256": digest}
    return found


def _listing(folder: Path) -> dict[str, Any]:
    """How many files are below a folder, and what tells whether they are others."""
    digest, count, size = hashlib.sha256(), 0, 0
    for where, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            file = Path(where, name)
            bytes_ = file.stat().st_size if file.exists() else 0
            count, size = count + 1, size + bytes_
            line = f"{file.relative_to(folder).as_posix()}\0{bytes_}\n"
            digest.update(line.encode("utf-8", "surrogateescape"))
    return {"files": count, "bytes": size, "names_sha256": digest.hexdigest()}


def describe(seed: int | None, files: dict[str, Path]) -> dict[str, Any]:
    """What environment.json says before TensorFlow is there; `devices` are added by the run."""
    return {
        "versions": versions(),
        "platform": platform.platform(),
        "machine": {"processor": platform.machine()},
        "seed": seed,
        "data": fingerprint(files),
    }
