"""How far `studio data write` has come, shown in a terminal; and what it leaves behind."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress
from pathlib import Path
from typing import Any

from studio.engine.shards import FEATURES, shard_names

EACH = 0.1
"""Seconds between looks at how far it is."""


def waiting(end: str, total: int | None, shards: int, quiet: bool) -> Callable[[Future, Path], Any]:
    """What waits for the answer of the process that writes, and shows what it notes in a file.

    Nothing is shown where it should be quiet, or nobody looks.
    """
    if quiet or not sys.stderr.isatty():
        return lambda future, file: future.result()

    def wait(future: Future, file: Path) -> Any:
        with _Bar(end, total, shards) as show:
            while True:
                with suppress(NotYet):
                    return future.result(timeout=EACH)
                with suppress(OSError, ValueError):  # it isn't there yet, or half written
                    show(int(file.read_text()))

    return wait


class _Bar:
    """A bar of the elements written; gives the function that moves it."""

    def __init__(self, end: str, total: int | None, shards: int):
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[told]}"),
            console=Console(stderr=True, highlight=False),
            transient=True,
        )
        self._of = f" of {total:,}" if total is not None else ""
        self._shards = f"{shards} shard{'s' * (shards != 1)}"
        self._task = self._progress.add_task(
            f"writing {end}", total=total, told="importing TensorFlow"
        )
        self._first: tuple[float, int] | None = None

    def __enter__(self) -> Callable[[int], None]:
        self._progress.__enter__()
        return self._show

    def __exit__(self, *exception: Any) -> None:
        self._progress.__exit__(*exception)

    def _show(self, count: int) -> None:
        now = time.monotonic()
        self._first = self._first or (now, count)
        seconds, written = now - self._first[0], count - self._first[1]
        speed = f"  {written / seconds:,.0f} elements/s" if seconds > EACH and written else ""
        told = f"{count:,}{self._of} elements  {self._shards}{speed}"
        self._progress.update(self._task, completed=count, told=told)


def clear(out: Path, shards: int) -> None:
    """Removes what was begun and isn't whole: without its features.json nothing of it is."""
    if (out / FEATURES).exists():
        return
    for name in shard_names(shards):
        for path in (out / name, out / f"{name}.part"):
            with suppress(OSError):
                path.unlink()
