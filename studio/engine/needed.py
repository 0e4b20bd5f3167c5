"""What a project needs beside what Studio brings, missed before a training begins."""

from __future__ import annotations

import importlib.util
import sys

from studio.graph.document import Project
from studio.graph.problems import StudioError

PACKAGES = {"keras.callbacks.TensorBoard": "tensorboard"}
"""The package that a callback fails without, as soon as it writes its first figure."""


def check_installed(project: Project) -> None:
    """Raises StudioError where the project uses what isn't installed here."""
    for call in project.training.callbacks if project.training is not None else ():
        package = PACKAGES.get(call.op)
        if package is not None and importlib.util.find_spec(package) is None:
            raise StudioError(
                f"training.callbacks: {call.op} needs the package {package}, which isn't installed "
                f"here. Install it ({sys.executable} -m pip install {package}), or take the "
                "callback out."
            )
