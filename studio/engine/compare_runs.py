"""Two runs side by side: what they were made of, and what each reached. Plain JSON values."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import unified_diff
from pathlib import Path
from typing import Any

from msgspec import UNSET

from studio.engine.look_run import read_environment, read_project
from studio.engine.runs import read_run
from studio.graph.compare import Difference, differences
from studio.graph.directions import better
from studio.graph.document import Project
from studio.graph.problems import StudioError

SCRIPT = "train.py"


def compare(one: Path, other: Path) -> dict[str, Any]:
    """What differs between two runs: parameters and nodes, data, versions, metrics.

    Each difference has `before` (of the first run) and `after`; one that is missing there is
    not given. Of each metric, `better` is the id of the run that reached more, null where it
    can't be said. Raises StudioError where a run's project can't be read.
    """
    return compared(one, other, differences(project_of(one), project_of(other)))


def compared(one: Path, other: Path, found: Iterable[Difference]) -> dict[str, Any]:
    """The same, of runs whose projects differ so."""
    found = list(found)
    environments = [read_environment(folder) for folder in (one, other)]
    known = [read_run(folder) for folder in (one, other)]
    nodes = [each for each in found if _whole_node(each)]
    return {
        "runs": [
            {
                "run": each.folder.name,
                "state": each.progress.state,
                "epoch": each.progress.epoch,
                "seconds": round(each.seconds, 3),
            }
            for each in known
        ],
        "parameters": [_plain(each) for each in found if each not in nodes],
        "nodes": [_plain(each) | {"change": each.kind} for each in nodes],
        "data": _differing(environments, "data"),
        "versions": _differing(environments, "versions"),
        "metrics": _metrics([each.progress.results for each in known], [one.name, other.name]),
    }


def project_of(folder: Path) -> Project:
    """The project as it ran; StudioError where it can't be read."""
    project = read_project(folder)
    if project is None:
        raise StudioError(f"The project of {folder.name} can't be read, so it can't be compared.")
    return project


def script_difference(one: Path, other: Path) -> list[str]:
    """The lines of a unified diff of the scripts that ran; empty where they are the same.

    Raises StudioError where one of them can't be read.
    """
    return list(
        unified_diff(
            _script(one),
            _script(other),
            f"{one.name}/{SCRIPT}",
            f"{other.name}/{SCRIPT}",
            lineterm="",
        )
    )


def _script(folder: Path) -> list[str]:
    try:
        return (folder / SCRIPT).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise StudioError(
            f"{SCRIPT} of {folder.name} can't be read, so it can't be compared: {error.strerror}."
        ) from None


def _whole_node(difference: Difference) -> bool:
    """Whether a node is new or gone: model.nodes.ID, blocks.NAME.nodes.ID."""
    return difference.kind != "changed" and difference.path.split(".")[-2:-1] == ["nodes"]


def _plain(difference: Difference) -> dict[str, Any]:
    sides = {"before": difference.before, "after": difference.after}
    given = {name: value for name, value in sides.items() if value is not UNSET}
    return {"path": difference.path, **given}


def _differing(environments: list[dict[str, Any]], part: str) -> list[dict[str, Any]]:
    """The entries of a part of environment.json that aren't the same in both."""
    one, other = (each.get(part) or {} for each in environments)
    return [
        _plain(Difference(name, one.get(name, UNSET), other.get(name, UNSET)))
        for name in dict.fromkeys((*one, *other))
        if one.get(name) != other.get(name)
    ]


def _metrics(results: list[dict[str, Any]], names: list[str]) -> list[dict[str, Any]]:
    """Each metric that one of them has told, with the run that did better."""
    found = []
    for name in dict.fromkeys(name for each in results for name in each):
        values = [each.get(name) for each in results]
        found.append({"metric": name, "values": values, "better": _winner(name, values, names)})
    return found


def _winner(metric: str, values: list[Any], names: list[str]) -> str | None:
    if not all(isinstance(value, int | float) for value in values) or values[0] == values[1]:
        return None
    direction = better(metric)
    if direction is None:
        return None
    return names[(values[1] > values[0]) == (direction == "higher")]
