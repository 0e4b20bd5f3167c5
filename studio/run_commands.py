"""The commands about runs: what each does, and what it prints."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from studio.engine.find_run import find, names, runs_folder
from studio.engine.queue import advance, is_waiting, waiting, withdraw
from studio.graph.file import shown
from studio.graph.problems import StudioError, printable

if TYPE_CHECKING:
    from studio.engine.runs import Known

DONE, FAILED, INTERRUPTED = 0, 1, 130

EACH = 0.2
"""Seconds between looks at a run that waits."""


def runs(options) -> int:
    """Lists the runs of a folder."""
    from studio.engine.runs import Runs
    from studio.run_list import arranged, as_json, lines

    folder = runs_folder(options.runs, Path())
    advance(folder)
    queued = [place.name for place, _ in waiting(folder)]
    rows = [
        each for each in Runs(folder).read() if all(tag in each.about.tags for tag in options.tag)
    ]
    rows = arranged(_filtered(rows, options.filter), options.sort)
    if options.json:
        print(json.dumps({"folder": str(folder), "runs": [as_json(each, queued) for each in rows]}))
        return DONE
    if not rows:
        tagged = f" tagged {' and '.join(options.tag)}" if options.tag else ""
        fitting = f" that fit {printable(options.filter)}" if options.filter else ""
        print(f"There are no runs{tagged}{fitting} in {shown(folder)}.")
        return DONE
    screen = sys.stdout.isatty()
    room = shutil.get_terminal_size().columns if screen else None
    print("\n".join(lines(rows, queued, room, screen)))
    return DONE


def _filtered(rows: list[Known], text: str) -> list[Known]:
    """The runs that a filter means; StudioError with the place where it isn't understood."""
    from studio.engine.filter_values import FIELDS
    from studio.engine.run_filter import FilterError, names_of, parse
    from studio.engine.run_parameters import Parameters, paths

    parameters = Parameters()
    try:
        wanted = parse(text)
        names = names_of(rows)
        if any(name not in names and name not in FIELDS for name in wanted.names):
            names = names_of(rows, paths(parameters.of(each.folder) for each in rows))
        wanted = parse(text, names if rows else None)
    except FilterError as error:
        marks = " " * error.at + "^" * max(1, error.end - error.at)
        where = f"--filter at character {error.at + 1}"
        raise StudioError(f"{where}: {error}\n  {printable(text)}\n  {marks}") from None
    return [each for each in rows if wanted.fits(each, lambda of=each.folder: parameters.of(of))]


def enqueue(options, folder: Path) -> int:
    """Lets a run that is prepared wait for its turn, which may be now."""
    from studio.engine.queue import enqueue as wait_in_queue

    wait_in_queue(folder, options.at_once or 1)
    runs = folder.parent
    advance(runs)
    if options.follow:
        return _follow(folder, options.json)
    queued = [place.name for place, _ in waiting(runs)]
    place = queued.index(folder.name) + 1 if folder.name in queued else None
    if options.json:
        told = {"run": folder.name, "state": "queued", "queue": place, "folder": str(folder)}
        print(json.dumps(told))
    else:
        how = f"is number {place} in the queue" if place else "begins now"
        print(f"{folder.name} {how}.")
    return DONE


def show(options) -> int:
    """Shows one run, follows it, or compares two."""
    folders = [find(word, options.runs, Path()) for word in options.run]
    for runs in {folder.parent for folder in folders}:
        advance(runs)
    if len(folders) > 2:
        raise StudioError(f"Two runs can be compared at once; {len(folders)} were named.")
    if options.follow:
        if len(folders) > 1:
            raise StudioError("--follow shows one run: name only one.")
        return _follow(folders[0], options.json)
    if len(folders) == 2:
        from studio.engine.compare_runs import compare
        from studio.run_comparison import lines

        found = compare(*folders)
    else:
        from studio.engine.look_run import look
        from studio.run_page import lines

        found = look(folders[0])
    if options.json:
        print(json.dumps(found))
    else:
        print("\n".join(lines(found)))
    return DONE


def _follow(folder: Path, as_json: bool) -> int:
    """Shows a run live, whoever has started it, from the end of its waiting on."""
    from studio.engine.run import attach
    from studio.graph.file import load
    from studio.terminal import follow

    try:
        while is_waiting(folder):
            advance(folder.parent)
            time.sleep(EACH)
    except KeyboardInterrupt:
        if not as_json:
            print(f"\n{folder.name} stays in the queue: studio stop {folder.name} takes it out.")
        return INTERRUPTED
    return follow(attach(folder), load(folder), as_json, stops=False)


def stop(options) -> int:
    """Stops a run with a checkpoint, and waits for its end; or takes it out of the queue."""
    from studio.engine.run import attach, wait
    from studio.terminal import PATIENCE, report

    folder = find(options.run, options.runs, Path())
    run = attach(folder)
    try:
        queued = withdraw(folder)
        run.poll()
        if run.progress.ended and not queued:
            raise StudioError(f"{folder.name} goes on no longer: it is {run.progress.state}.")
        if not queued:
            run.stop(options.keep_best)
    except OSError as error:
        raise StudioError(f"{folder.name} can't be told anything: {error.strerror}.") from None
    ended = queued or wait(run, PATIENCE)
    if options.json:
        print(json.dumps(report(run)))
    elif queued:
        print(f"{folder.name} is taken out of the queue.")
    elif ended:
        kept = f" {run.progress.message}" if options.keep_best else ""
        print(f"{folder.name} is {run.progress.state}, at epoch {run.progress.epoch}.{kept}")
    else:
        print(f"{folder.name} is asked to stop, and hasn't yet: studio show {folder.name} tells.")
    return DONE if ended else FAILED


def pause(options) -> int:
    """Lets a run wait, and waits until it does."""
    from studio.engine.run import attach
    from studio.terminal import PATIENCE, report

    folder = find(options.run, options.runs, Path())
    run = attach(folder)
    run.poll()
    if run.progress.ended or is_waiting(folder):
        raise StudioError(f"{folder.name} can't be paused: it is {run.progress.state}.")
    run.pause()
    until = time.monotonic() + PATIENCE
    while not (run.progress.paused or run.progress.ended) and time.monotonic() < until:
        time.sleep(EACH)
        run.poll()
    if options.json:
        print(json.dumps(report(run)))
    elif run.progress.paused:
        print(f"{folder.name} waits in epoch {run.progress.epoch}: studio resume {folder.name}")
    else:
        print(f"{folder.name} was asked to wait, and is {run.progress.state}.")
    return DONE if run.progress.paused else FAILED


def resume(options) -> int:
    """Lets a run go on, and follows it as `studio run` does."""
    from studio.engine.local_cluster import parse
    from studio.engine.run import resume as go_on
    from studio.graph.file import load
    from studio.terminal import follow, report

    folder = find(options.run, options.runs, Path())
    if is_waiting(folder):
        raise StudioError(f"{folder.name} waits for its turn in the queue.")
    run = go_on(folder, parse(options.cluster) if options.cluster is not None else None)
    if not options.detach:
        return follow(run, load(folder), options.json)
    if options.json:
        print(json.dumps(report(run)))
    else:
        print(f"{folder.name} goes on: studio show {folder.name} --follow shows it.")
    return DONE


def note(options) -> int:
    """Notes a sentence of a run."""
    from studio.engine.about import set_note

    folder = find(options.run, options.runs, Path())
    told = set_note(folder, options.text).note
    print(f"{folder.name}: {printable(told)}" if told else f"{folder.name} has no note any more.")
    return DONE


def tag(options) -> int:
    """Gives a run tags, or takes them away."""
    from studio.engine.about import add_tags, remove_tags

    folder = find(options.run, options.runs, Path())
    tags = (remove_tags if options.remove else add_tags)(folder, options.tags).tags
    print(f"{folder.name}: {' '.join(tags)}" if tags else f"{folder.name} has no tags any more.")
    return DONE


def history(options) -> int:
    """Prints or writes the history of a run as CSV."""
    from io import StringIO

    from studio.engine.history import write
    from studio.graph.file import write_atomically

    folder = find(options.run, options.runs, Path())
    if options.output is None:
        write(folder, sys.stdout, options.steps)
        return DONE
    content = StringIO()
    write(folder, content, options.steps)
    try:
        write_atomically(options.output, content.getvalue().encode())
    except OSError as error:
        raise StudioError(f"{shown(options.output)} can't be written: {error.strerror}.") from None
    return DONE


def delete(options) -> int:
    """Moves runs to the trash; none of them where one goes on, or where that isn't wanted."""
    from studio.engine.process import Found
    from studio.engine.runs import read_run
    from studio.engine.trash import throw_away

    folders = list(dict.fromkeys(find(word, options.runs, Path()) for word in options.run))
    for folder in folders:
        known = read_run(folder)
        if not known.progress.ended and Found(folder).poll() is None:
            raise StudioError(
                f"{folder.name} goes on (it is {known.progress.state}). "
                f"Stop it first: studio stop {folder.name}."
            )
    if not options.yes and not _agreed(folders):
        return FAILED
    for folder in folders:
        print(f"{folder.name} is in the trash: {shown(throw_away(folder))}")
    return DONE


def _agreed(folders: list[Path]) -> bool:
    """Asks; StudioError where nobody can answer."""
    if not sys.stdin.isatty():
        raise StudioError("Nobody can be asked here. Say --yes to move them to the trash.")
    names = ", ".join(folder.name for folder in folders)
    answer = input(f"Move {names} to the trash? [y/N] ").strip().lower()
    return answer in ("y", "yes")


def tensorboard(options) -> int:
    """Shows runs in TensorBoard until it is interrupted."""
    from studio.engine.board import serve

    named = [find(word, options.runs, Path()) for word in options.run]
    folder = runs_folder(options.runs, Path()).resolve() if not named else None

    def shown_runs() -> list[Path]:
        return named or [folder / name for name in sorted(names(folder))]

    def ready(address: str) -> None:
        count = len(shown_runs())
        runs = f"{count} run{'s' * (count != 1)}"
        print(f"TensorBoard shows {runs} at {address} (Ctrl-C ends it).", flush=True)

    with contextlib.suppress(ValueError):  # only the main thread may
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    serve(shown_runs, options.port, ready)
    return DONE
