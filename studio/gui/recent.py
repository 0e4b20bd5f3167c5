"""The projects that were open before, as rows of the start page and of a menu."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from PySide6.QtWidgets import QMenu

if TYPE_CHECKING:
    from studio.gui.window import Window


class Recent(Struct, frozen=True):
    """A project that was open before."""

    path: Path
    name: str
    place: str
    """Its folder, with ~ for the user's own."""
    when: str
    """When its file was last written; empty where it is gone."""
    training: bool = False
    """Whether a run of it goes on."""

    @property
    def missing(self) -> bool:
        """Whether its file is gone."""
        return not self.when


def recent(paths: list[Path], now: datetime | None = None) -> list[Recent]:
    """What there is to say of each of these files, without reading them."""
    found = []
    for path in paths:
        try:
            written = datetime.fromtimestamp(path.stat().st_mtime)
            when = _when(written, now or datetime.now())
        except (OSError, ValueError):
            when = ""
        own = path.name == "project.json"
        name = path.parent.name if own else path.stem
        trains = bool(when) and training(path.parent)
        found.append(Recent(path, name, _place(path.parent), when, trains))
    return found


def training(folder: Path) -> bool:
    """Whether a run of the project in a folder goes on."""
    runs = folder / "runs"
    if not runs.is_dir():
        return False
    from studio.engine.process import Found, noted

    return any(Found(each).there for each in noted(runs))


def _place(folder: Path) -> str:
    home = Path.home()
    return f"~/{folder.relative_to(home)}" if folder.is_relative_to(home) else str(folder)


def _when(written: datetime, now: datetime) -> str:
    days = (now.date() - written.date()).days
    if days <= 0:
        return f"today {written:%H:%M}"
    if days == 1:
        return f"yesterday {written:%H:%M}"
    return f"{days} days ago" if days < 14 else f"{written:%Y-%m-%d}"


def recent_menu(window: Window) -> QMenu:
    """A menu of them, which is gone when it closes; the missing ones can't be chosen."""
    menu = QMenu(window)
    menu.aboutToHide.connect(menu.deleteLater)
    for each in recent(window.settings.recent):
        action = menu.addAction(f"{each.name}    {each.place}".replace("&", "&&"))
        action.setEnabled(not each.missing)
        action.triggered.connect(lambda _=False, path=each.path: window.projects.open(path))
    return menu
