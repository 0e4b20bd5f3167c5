"""What a training has saved since it was looked before: checkpoints and models in its folder."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = "checkpoints"
ENDINGS = (".keras", ".h5")
"""Of files with models or weights."""


class Saved:
    """Looks at names and times, in some microseconds, and reads nothing."""

    def __init__(self, run: Path):
        self._run = run
        self._known: dict[str, int] = {}
        self.new()

    def new(self) -> list[str]:
        """The paths in the run's folder that are new, or were written again."""
        found = {path: at for folder in ("", FOLDER) for path, at in self._look(folder)}
        new = [path for path, at in found.items() if self._known.get(path) != at]
        self._known = found
        return sorted(new)

    def _look(self, folder: str) -> list[tuple[str, int]]:
        try:
            with os.scandir(self._run / folder) as entries:
                return [
                    (f"{folder}/{each.name}".lstrip("/"), each.stat().st_mtime_ns)
                    for each in entries
                    if _is_saved(each.name, bool(folder))
                ]
        except OSError:  # there is none yet, or one was removed just now
            return []


def _is_saved(name: str, among_checkpoints: bool) -> bool:
    if name.endswith(ENDINGS):
        return not name.startswith(".")
    return among_checkpoints and name.replace("-", "").isdigit()
