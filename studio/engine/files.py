"""A project's data files, put beside its script where the script looks for them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from studio.codegen.data import travelling_path
from studio.graph.catalogue import types
from studio.graph.catalogue.registry import find
from studio.graph.document import Project
from studio.graph.problems import StudioError
from studio.graph.tables import resolve_path


def data_files(project: Project, folder: Path) -> dict[str, Path]:
    """The files that a project's script reads, by the path that the project gives them."""
    found = {path: resolve_path(path, folder) for path in _weights(project)}
    for node in project.data.nodes.values() if project.data else ():
        op = find(node.op or "")
        if op is None or op.kind != "source":
            continue
        for name, param in op.params.items():
            value = node.params.get(name)
            if isinstance(param.type, types.Path) and isinstance(value, str):
                found[value] = resolve_path(value, folder)
    return found


def _weights(project: Project) -> Iterator[str]:
    """The paths of the weights files that ready-made models start from."""
    for graph in project.graphs().values():
        for node in graph.nodes.values():
            op, path = find(node.op or ""), node.params.get("weights")
            if op and op.kind == "application" and isinstance(path, str) and path != "imagenet":
                yield path


def place_files(project: Project, folder: Path, target: Path) -> None:
    """Puts the files that a script expects beside itself there.

    What Studio brings is copied: it is small, and the run must outlast an
    update of Studio. The user's own files are linked, or copied where the
    system can't link.
    """
    for path, file in data_files(project, folder).items():
        place = travelling_path(path)
        if place is None or (target / place).exists() or not file.exists():
            continue
        try:
            (target / place).parent.mkdir(parents=True, exist_ok=True)
            if path.startswith("assets:"):
                shutil.copyfile(file, target / place)
            else:
                _link(file.resolve(), target / place)
        except OSError as error:
            raise StudioError(
                f"The data file {file} can't be put into {target}: {error.strerror}."
            ) from None


def _link(file: Path, place: Path) -> None:
    try:
        place.symlink_to(file)
        return
    except OSError:
        pass  # Windows lets only some users make symbolic links
    if file.is_dir():
        shutil.copytree(file, place)
        return
    try:
        os.link(file, place)
    except OSError:
        shutil.copyfile(file, place)
