"""What a project needs beside what Studio brings, missed before a training begins."""

from __future__ import annotations

import importlib.util
import sys

from studio.graph.document import Call, Project
from studio.graph.problems import StudioError

PACKAGES = {"keras.callbacks.TensorBoard": "tensorboard"}
"""The package that a callback fails without, as soon as it writes its first figure."""

CONVERTERS = {"studio.export.onnx": "tf2onnx", "studio.export.yaml": "yaml"}
"""The module that an export is written by."""


def missing(export: Call) -> str:
    """A sentence of the module that an export needs and that isn't installed; "" for none."""
    module = CONVERTERS.get(export.op)
    if module is None or importlib.util.find_spec(module) is not None:
        return ""
    package = "pyyaml" if module == "yaml" else "'tf-model-studio[onnx]'"
    return (
        f"{export.op} needs the module {module}, which isn't installed here. Install it "
        f"({sys.executable} -m pip install {package})."
    )


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
    for index, export in enumerate(project.exports):
        said = missing(export)
        if said:
            raise StudioError(f"exports[{index}]: {said}")
