"""The parameters of runs, by the paths that `--set` takes: read from the projects as they ran."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from studio.graph.catalogue.registry import find
from studio.graph.document import Training
from studio.graph.file import plain

NAME = "project.json"
SILENT = {"studio", "name", "at", "note", "edges", "frames", "code"}
"""What of a project is no parameter: places, wires, words."""

MISSING = object()
"""What a run has where it has no such parameter."""

Values = dict[str, Any]


class Parameters:
    """Reads the parameters of each run once; runs of the same file share what was read."""

    def __init__(self) -> None:
        self.read: dict[Path, Values] = {}
        """Those that are read, by the folders of their runs."""
        self._by_bytes: dict[bytes, Values] = {}

    def of(self, folder: Path) -> Values:
        """Those of a run; none where its project can't be read. They are the same for ever."""
        found = self.read.get(folder)
        if found is None:
            try:
                raw = (folder / NAME).read_bytes()
            except OSError:
                raw = b""
            found = self._by_bytes.get(raw)
            if found is None:
                found = self._by_bytes[raw] = flat(raw)
            self.read[folder] = found
        return found

    def has(self, folder: Path) -> bool:
        """Whether those of a run are read."""
        return folder in self.read


def flat(raw: bytes) -> Values:
    """The parameters of a project file, in its order; empty where it is damaged."""
    try:
        project = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return {}
    return dict(_walk("", project)) if isinstance(project, dict) else {}


def _walk(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The plain values within, each with its path; a list of plain values is one value."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in SILENT and not (name == "id" and ".nodes." in path):
                yield from _walk(f"{path}.{name}" if path else name, inner)
    elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
        for at, inner in enumerate(value):
            name = inner.get("id") if isinstance(inner, dict) else None
            yield from _walk(f"{path}.{name if isinstance(name, str) else at}", inner)
    else:
        yield path, value


def value_of(values: Values, path: str) -> Any:
    """A parameter, by its default where the file leaves it out; MISSING where there is none."""
    found = values.get(path, MISSING)
    if found is not MISSING or not values:
        return found
    owner, _, name = path.rpartition(".")
    if owner == "training":
        return _training().get(name, MISSING)
    call, _, params = owner.rpartition(".")
    op = values.get(f"{call}.op") if params == "params" else None
    return _default(op, name) if isinstance(op, str) else MISSING


@cache
def _training() -> Values:
    """The defaults of a training that are plain values."""
    found = {name: plain(getattr(Training(), name)) for name in Training.__struct_fields__}
    return {name: value for name, value in found.items() if not isinstance(value, dict)}


@cache
def _default(op: str, name: str) -> Any:
    known = find(op)
    param = known.params.get(name) if known is not None else None
    return MISSING if param is None or param.required else plain(param.default)


def paths(runs: Iterable[Values]) -> list[str]:
    """Every path that one of the runs has, those of the training first."""
    found = dict.fromkeys(path for values in _distinct(runs) for path in values)
    return sorted(found, key=lambda path: not path.startswith("training."))


def differing(runs: Iterable[Values]) -> list[str]:
    """The paths whose values aren't the same in all the runs that have them, or not in all."""
    distinct = _distinct(runs)
    return [path for path in paths(distinct) if _differs(distinct, path)]


def _differs(runs: list[Values], path: str) -> bool:
    first = value_of(runs[0], path)
    return any(value_of(values, path) != first for values in runs[1:])


def _distinct(runs: Iterable[Values]) -> list[Values]:
    """Each once, of those that are the same object."""
    return list({id(values): values for values in runs if values}.values())


def value_text(value: Any) -> str:
    """A value as a column shows it."""
    if value is MISSING:
        return ""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "none"}[value]
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return f"[{', '.join(map(value_text, value))}]"
    return str(value)
