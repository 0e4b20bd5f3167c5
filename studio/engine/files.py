"""A project's data files, put beside its script where the script looks for them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from studio.codegen.data import travelling_path
from studio.graph.catalogue import types
from studio.graph.catalogue.registry import find
from studio.graph.document import Node, Project
from studio.graph.files import is_pattern, matching
from studio.graph.problems import StudioError
from studio.graph.spec import Refused
from studio.graph.tables import resolve_path
from studio.graph.weights import weights_files


def data_files(project: Project, folder: Path) -> dict[str, Path]:
    """The files and folders that a project's script reads, by the path they have in the project.

    Of a pattern, these are the files that match it.
    """
    found = {path: resolve_path(path, folder) for path in _weights(project)}
    if project.training is not None and project.training.weights is not None:
        found |= weights_files(project.training.weights.params["path"], folder)
    for node in project.data.nodes.values() if project.data else ():
        found |= files_of(node, folder)
    return found


def files_of(node: Node, folder: Path) -> dict[str, Path]:
    """The files and folders that a source reads, by the path they have in the project."""
    found: dict[str, Path] = {}
    op = find(node.op or "")
    if op is None or op.kind != "source":
        return found
    for name, param in op.params.items():
        value = node.params.get(name)
        if isinstance(param.type, types.Path) and value is not None:
            for path in [value] if isinstance(value, str) else value:
                found |= _meant(path, folder)
    return found


def _meant(path: str, folder: Path) -> dict[str, Path]:
    """A file or folder, or the files that match a pattern."""
    if not is_pattern(path, folder):
        return {path: resolve_path(path, folder)}
    try:
        return matching(path, folder)
    except Refused as refused:
        raise StudioError(f"A data source {refused.message}. {refused.hint}") from None


def standing_alone(project: Project, folder: Path) -> Project:
    """The same project for another folder: paths of files outside of it are told in full."""
    if project.data is None:
        return project
    nodes = {name: _in_full(node, folder) for name, node in project.data.nodes.items()}
    return replace(project, data=replace(project.data, nodes=nodes))


def _in_full(node: Node, folder: Path) -> Node:
    def full(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return [full(each) for each in value]
        outside = isinstance(value, str) and travelling_path(value) is None
        return str((folder / value).absolute()) if outside else value

    op = find(node.op or "")
    changed = {
        name: full(node.params[name])
        for name, param in (op.params.items() if op is not None and op.kind == "source" else ())
        if isinstance(param.type, types.Path) and name in node.params
    }
    return replace(node, params=node.params | changed) if changed else node


def _weights(project: Project) -> Iterator[str]:
    """The paths of the weights files that ready-made models start from."""
    for graph in project.graphs().values():
        for node in graph.nodes.values():
            op, path = find(node.op or ""), node.params.get("weights")
            if op and op.kind == "application" and isinstance(path, str) and path != "imagenet":
                yield path


def place_files(project: Project, folder: Path, target: Path, copied: bool = False) -> list[str]:
    """Puts the files that a script expects beside itself there; what they are called there.

    What Studio brings is copied: it is small, and the run must outlast an
    update of Studio. The user's own files and folders are linked, or copied
    where the system can't link, or where a folder is to travel whole (`copied`).
    """
    placed = []
    files = data_files(project, folder)
    # A file of a folder that is linked whole is there with it.
    for path, file in sorted(files.items(), key=lambda each: not each[1].is_dir()):
        place = travelling_path(path)
        if place is None or (target / place).exists() or not file.exists():
            continue
        try:
            (target / place).parent.mkdir(parents=True, exist_ok=True)
            if copied or path.startswith("assets:"):
                _copy(file, target / place)
            else:
                link(file.resolve(), target / place)
        except OSError as error:
            reason = error.strerror or "not all of it can be copied"
            raise StudioError(
                f"The data file {file} can't be put into {target}: {reason}."
            ) from None
        placed.append(place)
    return placed


def link(file: Path, place: Path) -> None:
    """Puts a file or folder into another place: as a link, or a copy where the system can't."""
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
        _copy(file, place)


def _copy(file: Path, place: Path) -> None:
    if file.is_dir():
        shutil.copytree(file, place)
    else:
        shutil.copyfile(file, place)
