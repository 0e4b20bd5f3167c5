"""`studio evaluate`: how far it is, and then what is printed."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from studio.engine.find_run import find
from studio.graph.file import shown

DONE = 0


def evaluate(options) -> int:
    """Evaluates the model of a run, and prints the figures."""
    from studio.engine.evaluated import PLACE
    from studio.engine.evaluating import evaluate as evaluated
    from studio.engine.trained import trained

    with suppress(ValueError):  # only the main thread may
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    run = trained(find(options.run, options.runs, Path()))
    with _progress(run.folder.name, quiet=options.json) as tell:
        found = evaluated(run, options.split, options.output, tell)
    if options.json:
        print(json.dumps(found))
        return DONE
    from studio.evaluation_page import lines

    place = options.output or run.folder / PLACE / found["split"]
    print("\n".join(lines(found, shown(place))))
    return DONE


@contextmanager
def _progress(name: str, quiet: bool) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Gives what shows how far it is; nothing is shown where it is quiet, or nobody looks."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

    columns = (
        SpinnerColumn(),
        TextColumn(f"evaluating {name}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[told]}", markup=False),
    )
    console = Console(stderr=True, highlight=False)
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None, told="starting")

        def tell(words: dict[str, Any]) -> None:
            told = f"{words['samples']:,} samples" if "samples" in words else words["at"]
            progress.update(
                task, total=words.get("total"), completed=words.get("done", 0), told=told
            )

        yield tell
