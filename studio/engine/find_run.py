"""Which run is meant: by its id, a unique beginning or end of one, a path, or `last`."""

from __future__ import annotations

from pathlib import Path

from studio.engine import events
from studio.graph.file import shown
from studio.graph.problems import StudioError, nearest, quoted

LAST = "last"
MANY = 5
"""Ids that a sentence lists at most."""


def runs_folder(given: Path | None, here: Path) -> Path:
    """The folder in which runs are kept: the given one, or that of the project in it; else
    `here`/runs, `here` itself, or the runs of the only project in a folder of `here`.

    Raises StudioError, which says where was looked, where there is none.
    """
    if given is not None:
        if not given.is_dir():
            raise StudioError(f"{shown(given)} is no folder. Name the one that holds the runs.")
        beside = given / "runs"
        return beside if (given / "project.json").is_file() and beside.is_dir() else given
    if (here / "runs").is_dir():
        return here / "runs"
    if names(here):
        return here
    beside = sorted(
        path.parent / "runs"
        for path in here.glob("*/project.json")
        if (path.parent / "runs").is_dir()
    )
    if len(beside) == 1:
        return beside[0]
    if beside:
        listed = ", ".join(shown(path.relative_to(here)) for path in beside[:MANY])
        raise StudioError(f"Runs are kept in several folders here: {listed}. Say one with --runs.")
    raise StudioError(
        f"No runs are kept here: looked for {shown(here / 'runs')}, for runs in {shown(here)} "
        "itself, and for folders of projects with runs in it. Name the folder with --runs."
    )


def is_run(folder: Path) -> bool:
    """Whether a folder is that of a run."""
    return (folder / events.NAME).is_file()


def names(runs: Path) -> list[str]:
    """The ids of the runs in a folder, in no order."""
    try:
        return [each.name for each in runs.iterdir() if is_run(each)]
    except OSError:
        return []


def find(word: str, given: Path | None, here: Path) -> Path:
    """The folder of the run that a word means; StudioError with the nearest ids where none is."""
    try:
        if is_run(Path(word)):
            return Path(word).resolve()
    except (OSError, ValueError):  # a name that no file can have
        pass
    runs = runs_folder(given, here)
    there = names(runs)
    if not there:
        raise StudioError(f"There are no runs in {shown(runs)}. Name another folder with --runs.")
    if word == LAST:
        return (runs / max(there, key=lambda name: _age(runs, name))).resolve()
    if word in there:
        return (runs / word).resolve()
    meant = [name for name in there if word and (name.startswith(word) or name.endswith(word))]
    if len(meant) == 1:
        return (runs / meant[0]).resolve()
    if meant:
        newest = sorted(meant, reverse=True)
        more = f" and {len(newest) - MANY} more" if len(newest) > MANY else ""
        raise StudioError(
            f"{quoted(word)} may be {', '.join(newest[:MANY])}{more}. Write more of the one meant."
        )
    hint = nearest(word, there) or "studio runs lists them."
    raise StudioError(f"No run in {shown(runs)} is called {quoted(word)}. {hint}")


def _age(runs: Path, name: str) -> tuple[str, int]:
    """Greater for a later run: those of one second are told apart by their script's time."""
    try:
        return name[:15], (runs / name / "train.py").stat().st_mtime_ns
    except OSError:
        return name[:15], 0
