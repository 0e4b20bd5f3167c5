"""Files and folders dropped onto the window are opened; what is no project is said to be none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, QTimer

if TYPE_CHECKING:
    from studio.gui.window import Window

_OF_A_DROP = (QEvent.Type.DragEnter, QEvent.Type.DragMove, QEvent.Type.Drop)


class Drops(QObject):
    """Takes dropped files before the widget under the pointer does; all else is left to it."""

    def __init__(self, window: Window):
        super().__init__(window)
        self._window = window
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() not in _OF_A_DROP or not event.mimeData().hasUrls():
            return False
        files = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        if event.type() == QEvent.Type.Drop:
            # The program that it comes from waits for the drop to end: a question comes later.
            QTimer.singleShot(0, self, lambda: self._open(files))
        return True

    def _open(self, files: list[str]) -> None:
        if len(files) == 1:
            self._window.projects.open(Path(files[0]))
            return
        what = f"{len(files)} files were" if files else "What is on no disk of this machine was"
        sentence = f"{what} dropped here; drop one project.json, or its folder."
        self._window.notices.put("refused", sentence, "error")
