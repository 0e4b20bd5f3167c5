"""The weights that a model starts from: is their file there, and what its name says?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from studio.graph.document import Project
from studio.graph.problems import WARNING, Problem
from studio.graph.weights import missing


def check_starting(project: Project, folder: Path) -> Iterator[Problem]:
    """Whether the file of the weights can be read. A run refuses it; one that has ended is sound.

    That the file is gone is no error: only the beginning of a training needs it.
    """
    training = project.training
    if training is None or training.weights is None:
        return
    path = training.weights.params.get("path")
    if not isinstance(path, str) or not path:
        return  # what is wrong with the call is told already
    why = missing(path, folder)
    if why:
        place = "training.weights"
        yield Problem(WARNING, "weights-file", "training", "", why, "", place)
