"""Everything that is told of one run: read from its folder, as plain JSON values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from studio.engine.about import read_about
from studio.engine.evaluated import PLACE, evaluations
from studio.engine.figures import seconds_text
from studio.engine.history import told
from studio.engine.members import log_of, members
from studio.engine.run import batch_size, log_end
from studio.engine.runs import Known, read_run
from studio.graph.document import Project
from studio.graph.file import plain, read
from studio.graph.problems import StudioError

LINES = 12
"""Lines of the log's end that are told of a run that failed."""

UNHAPPY = ("failed", "lost")


def look(folder: Path) -> dict[str, Any]:
    """What a run was, how it went, and what it left behind."""
    known, about = read_run(folder), read_about(folder)
    progress = known.progress
    return {
        "run": folder.name,
        "state": progress.state,
        "sentence": sentence(known),
        "project": known.name,
        "folder": str(folder),
        "began": known.began,
        "seconds": round(known.seconds, 3),
        "epoch": progress.epoch,
        "epochs": progress.epochs,
        "step": progress.step,
        "tags": list(about.tags),
        "note": about.note,
        "parameters": parameters(read_project(folder)),
        "metrics": progress.metrics,
        "test": progress.test,
        "evaluations": evaluations(folder, progress.epoch, progress.step),
        "history": [
            {name: each.get(name) for name in ("epoch", "seconds", "metrics")}
            for each in told(folder, "epoch")
        ],
        "environment": read_environment(folder),
        "members": members(folder),
        "files": files(folder),
        "log": log_end(folder, LINES, log_of(folder, progress.task))
        if progress.state in UNHAPPY
        else [],
    }


def sentence(known: Known) -> str:
    """How it went, in words."""
    progress = known.progress
    if progress.message:
        return progress.message
    if progress.state == "queued":
        return "It waits for its turn, or begins."
    of = f" of {progress.epochs}" if progress.epochs else ""
    took = seconds_text(known.seconds)
    if progress.state == "completed":
        return f"Completed in {took}, {progress.epoch}{of} epochs."
    if progress.ended:
        return f"{progress.state.capitalize()} after {took}, in epoch {progress.epoch}{of}."
    return f"In epoch {max(progress.epoch, 1)}{of}, step {progress.step}, for {took} by now."


def read_project(folder: Path) -> Project | None:
    """The project as it ran, as far as it can be read; None where it can't."""
    try:
        return read(folder)[0]
    except StudioError:
        return None


def read_environment(folder: Path) -> dict[str, Any]:
    """What environment.json says in the form in which it was written; empty where it is damaged."""
    try:
        found = msgspec.json.decode((folder / "environment.json").read_bytes(), type=_Environment)
    except (OSError, msgspec.DecodeError):
        return {}
    return {name: value for name, value in msgspec.to_builtins(found).items() if value is not None}


class _Device(Struct):
    type: str
    name: str


class _Data(Struct, omit_defaults=True):
    """A file's fingerprint, or a folder's."""

    bytes: int
    sha256: str
    files: int | None = None
    of: str | None = None


class _Environment(Struct):
    versions: dict[str, str | None] = {}
    platform: str | None = None
    devices: list[_Device] = []
    seed: int | None = None
    data: dict[str, _Data] = {}
    cluster: dict[str, int] | None = None


def parameters(project: Project | None) -> dict[str, Any]:
    """The parameters that a person asks for first, by their paths in the project."""
    if project is None or project.training is None:
        return {}
    training = plain(project.training)
    found = {
        f"training.{name}": training[name]
        for name in ("loop", "epochs", "seed", "optimizer", "losses", "metrics", "callbacks")
        if training.get(name) not in (None, {}, [])
    }
    batch = batch_size(project) if project.data is not None else None
    return found | ({"batch_size": batch} if batch is not None else {})


def files(folder: Path) -> list[dict[str, Any]]:
    """What it left in artifacts/ and checkpoints/, but for its evaluations: path and bytes."""
    found = []
    for place in ("artifacts", "checkpoints"):
        for path in sorted((folder / place).rglob("*")):
            if path.is_file() and folder / PLACE not in path.parents:
                size = path.stat().st_size
                found.append({"path": path.relative_to(folder).as_posix(), "bytes": size})
    return found
