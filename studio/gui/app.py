"""The app as a process: `studio [PROJECT]` opens its window, `--screenshot` draws it to a file."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QElapsedTimer, QThread, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from studio import __version__
from studio.gui.look.theme import load_fonts, theme
from studio.gui.settings import Settings

if TYPE_CHECKING:
    from studio.gui.window import Window


AT_LEAST, ENOUGH = 400, 10_000
"""Milliseconds in which a window that is drawn into a file may come to rest."""

ROUNDS = 120
"""Turns that it has at least: where each takes long, there would be too few in that time."""

COLLECT = (50_000, 20, 100)
"""How many objects more than before make Python look for garbage, and how often for older ones."""


def application(settings: Settings) -> QApplication:
    """The process's application, with fonts and theme; made if there is none yet."""
    found = QApplication.instance()
    if found is None:
        found = _begun()
        found.setApplicationName("Studio")
        found.setApplicationVersion(__version__)
        found.setDesktopFileName("studio")
    # A large graph is a hundred thousand objects that stay: to look through all of them for
    # garbage every moment would cost frames, and a fifth of the time it takes to open one.
    gc.set_threshold(*COLLECT)
    load_fonts()
    theme.apply(settings.get("theme", "system"))
    return found


def _begun() -> QApplication:
    """A new application. Qt ends the process where it finds no screen; so it does, but says why."""
    said: list[str] = []

    def hear(kind: QtMsgType, context: object, text: str) -> None:
        said.append(" ".join(text.split()))
        if kind == QtMsgType.QtFatalMsg:
            print(
                f"studio: the window can't be opened: {said[0].rstrip('.')}. "
                "studio --help lists the commands, which need no screen.",
                file=sys.stderr,
                flush=True,
            )
            os._exit(2)

    before = qInstallMessageHandler(hear)
    try:
        return QApplication(sys.argv[:1])
    finally:
        qInstallMessageHandler(before)


def run(project: Path | None) -> int:
    """Opens the window, and returns when it is closed."""
    settings = Settings()
    app = application(settings)
    from studio.gui.window import Window

    window = Window(settings)
    window.show()
    # The window is painted first: it is there at once, however large the project.
    QTimer.singleShot(0, window, lambda: window.projects.begin(project))
    return app.exec()


def screenshot(
    output: Path, project: Path | None, size: tuple[int, int] = (1440, 900), look: str = "light"
) -> int:
    """Draws the window, with a project or the start page, into a PNG, without a screen."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    settings = Settings(kept=False)
    application(settings)
    theme.apply(look)
    from studio.gui.window import Window

    window = Window(settings)
    window.resize(*size)
    window.show()
    code = 0
    if project is not None and not window.projects.open(project):
        print(f"studio: {window.said}", file=sys.stderr)
        code = 2
    elif not _settled(window).grab().save(str(output), "PNG"):
        print(f"studio: {output} can't be written.", file=sys.stderr)
        code = 2
    if window.session is not None:
        window.session.mark_saved()
    window.close()
    return code


def _settled(window: Window) -> Window:
    """The window once it shows all that it has to show."""
    clock = QElapsedTimer()
    clock.start()
    rounds = 0
    while clock.elapsed() < ENOUGH and (
        clock.elapsed() < AT_LEAST or rounds < ROUNDS or window.start.busy
    ):
        rounds += 1
        QApplication.processEvents()
        QThread.msleep(5)
    return window
