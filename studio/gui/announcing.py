"""The end of a run is announced: by a notice in the window, and by the system if it is hidden."""

from __future__ import annotations

import sys
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QSystemTrayIcon

from studio.gui.look.icons import icon
from studio.gui.pace import label, words

if TYPE_CHECKING:
    from studio.engine.run import Run
    from studio.gui.window import Window

MOST = 2
"""Notices of runs at once: those of earlier ones make room."""

KEY = "run:"
"""What the keys of these notices begin with."""


class Announcing(QObject):
    """Tells the end of every run that the window follows."""

    def __init__(self, window: Window):
        super().__init__(window)
        self._window = window
        self._tray: QSystemTrayIcon | None = None
        window.runner.finished.connect(self._announce)
        window.runner.started.connect(self._forget)

    def _announce(self, run: Run) -> None:
        progress = run.progress
        said = f"{label(run.id)}: {words(progress, self._window.runner.pace_of(run))}"
        failed = progress.state in ("failed", "lost")
        if progress.state == "stopped":
            # Somebody has asked for it, and the bar tells it; here only what was kept is told.
            if progress.message and progress.epoch:
                self._notice(run, said, "info")
            return
        self._notice(run, said, "error" if failed else "info")
        self._tell_system(said, failed)

    def _notice(self, run: Run, said: str, tone: str) -> None:
        progress, buttons = run.progress, []
        if progress.state in ("failed", "lost"):
            if progress.node:
                go = lambda: self._window.go(progress.graph, progress.node)  # noqa: E731
                buttons.append(("Go to node", go))
            buttons.append(("Show log", lambda: self._show(run.folder, "log")))
        elif progress.message or progress.state == "completed":
            buttons.append(("Show results", lambda: self._results(run.folder)))
            buttons.append(("Show curves", lambda: self._show(run.folder, "training")))
        notices = self._window.notices
        earlier = [key for key in notices.by_key if key.startswith(KEY)]
        for key in earlier[: len(earlier) + 1 - MOST]:
            notices.drop(key)
        notices.put(f"{KEY}{run.id}", said, tone, buttons)

    def _show(self, folder: Path, panel: str) -> None:
        self._window.runner.show(folder)
        self._window.panel(panel)

    def _results(self, folder: Path) -> None:
        self._show(folder, "model")
        self._window.panel("model").show_page("evaluate")

    def _forget(self, run: Run) -> None:
        """A run that begins again is over no longer."""
        self._window.notices.drop(f"{KEY}{run.id}")

    # The system

    def _tell_system(self, said: str, failed: bool) -> None:
        if self._window.isActiveWindow():
            return
        QApplication.alert(self._window)
        if not (QSystemTrayIcon.isSystemTrayAvailable() and QSystemTrayIcon.supportsMessages()):
            return
        if self._tray is None:
            self._tray = QSystemTrayIcon(icon("chart-line", "accent"), self)
            self._tray.setToolTip("Studio")
            self._tray.messageClicked.connect(self._to_front)
            self._tray.activated.connect(self._to_front)
            QApplication.instance().applicationStateChanged.connect(self._seen)
        self._tray.show()
        kinds = QSystemTrayIcon.MessageIcon
        kind = kinds.Critical if failed else kinds.Information
        if sys.platform == "linux":
            said = escape(said, quote=False)  # the desktops there take it for HTML
        self._tray.showMessage("Studio", said, kind)

    def _to_front(self, *_: object) -> None:
        self._window.raise_()
        self._window.activateWindow()

    def _seen(self, *_: object) -> None:
        if self._tray is not None and self._window.isActiveWindow():
            self._tray.hide()

    def close(self) -> None:
        """The window closes."""
        if self._tray is not None:
            self._tray.hide()
