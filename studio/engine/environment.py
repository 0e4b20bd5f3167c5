"""environment.json: with what a run was made, so that it can be made again."""

from __future__ import annotations

import hashlib
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
    """Size and SHA-256 of each data file, by the path that the project gives it."""
    found = {}
    for name, path in sorted(files.items()):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        found[name] = {"bytes": path.stat().st_size, "sha256": digest}
    return found


def describe(seed: int | None, files: dict[str, Path]) -> dict[str, Any]:
    """What environment.json says before TensorFlow is there; `devices` are added by the run."""
    return {
        "versions": versions(),
        "platform": platform.platform(),
        "machine": {"processor": platform.machine()},
        "seed": seed,
        "data": fingerprint(files),
    }
