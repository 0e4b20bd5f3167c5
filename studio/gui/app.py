"""The app as a process: `studio [PROJECT]` opens its window, `--screenshot` draws it to a file."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from studio import __version__
from studio.gui.look.theme import load_fonts, theme
from studio.gui.settings import Settings


def application(settings: Settings) -> QApplication:
    """The process's application, with fonts and theme; made if there is none yet."""
    found = QApplication.instance()
    if found is None:
        found = QApplication(sys.argv[:1])
        found.setApplicationName("Studio")
        found.setApplicationVersion(__version__)
        found.setDesktopFileName("studio")
    load_fonts()
    theme.apply(settings.get("theme", "system"))
    return found


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
    settings = Settings(Path(os.devnull))
    app = application(settings)
    theme.apply(look)
    from studio.gui.window import Window

    window = Window(settings)
    window.resize(*size)
    window.show()
    if project is not None and not window.projects.open(project):
        print(f"studio: {window.said}", file=sys.stderr)
        return 2
    for _ in range(10):
        app.processEvents()
    window.grab().save(str(output))
    if window.session is not None:
        window.session.mark_saved()
    window.close()
    return 0
