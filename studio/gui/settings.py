"""What the app remembers of a person: layout, theme, recent projects, shortcuts, what is trusted.

One JSON file in the user's configuration folder, written atomically. One that
can't be read is set aside, and the app starts as new: settings never stop it.
What is no regular file (a device, a pipe) is neither read, written nor moved.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from platformdirs import user_config_path

from studio.graph.file import write_atomically

MOST_RECENT = 20


class Settings:
    """Values by name; `set` writes them down at once, unless they are only for this process."""

    def __init__(self, path: Path | None = None, kept: bool = True):
        self.path = path or user_config_path("studio") / "settings.json"
        self._values: dict[str, Any] = {}
        self._kept = kept and (self.path.is_file() or not self.path.exists())
        if not self._kept:
            return
        with contextlib.suppress(FileNotFoundError):
            try:
                found = json.loads(self.path.read_bytes())
                self._values = found if isinstance(found, dict) else {}
            except (ValueError, OSError):
                with contextlib.suppress(OSError):
                    self.path.replace(self.path.with_suffix(".unreadable"))

    def get(self, name: str, default: Any = None) -> Any:
        """A value; the default where it was never set, or has another type than the default."""
        value = self._values.get(name, default)
        if default is not None and not isinstance(value, type(default)):
            return default
        return value

    def set(self, name: str, value: Any) -> None:
        """Remembers a value; without room or rights on the disk it holds for this session only."""
        if self._values.get(name) == value and name in self._values:
            return
        self._values[name] = value
        if not self._kept:
            return
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self.path, json.dumps(self._values, indent=1).encode())

    @property
    def recent(self) -> list[Path]:
        """Projects opened before, the last one first."""
        return [Path(each) for each in self.get("recent", []) if isinstance(each, str)]

    def opened(self, path: Path) -> None:
        """Puts a project in front of the recent ones."""
        name = str(path.resolve())
        others = [each for each in self.get("recent", []) if each != name]
        self.set("recent", [name, *others][:MOST_RECENT])

    def forget(self, path: Path) -> None:
        """Takes a project out of the recent ones."""
        self.set("recent", [each for each in self.get("recent", []) if each != str(path)])
