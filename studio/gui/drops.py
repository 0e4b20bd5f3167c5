"""Files and folders dropped onto the window: projects are opened, data is added to the project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, QTimer

from studio.graph.looking.kinds import kind_of

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
            place = self._place(watched, event.position())
            # The program that it comes from waits for the drop to end: a question comes later.
            QTimer.singleShot(0, self, lambda: self._take(files, place))
        return True

    def _place(self, watched: QObject, point: QPointF) -> tuple[float, float] | None:
        """Where on the data's canvas it was let go; None elsewhere."""
        canvas = self._window.canvas
        if canvas is None or self._window.graph != "data" or watched is not canvas.viewport():
            return None
        from studio.gui.canvas.dropping import corner

        return corner(canvas.to_scene(point))

    def _take(self, files: list[str], place: tuple[float, float] | None) -> None:
        paths = [Path(file) for file in files]
        if len(paths) == 1:
            self._open(paths[0], place)
        elif paths:
            self._window.proposing.begin(*paths, place=place)
        else:
            sentence = (
                "What is on no disk of this machine was dropped here; save it in a file first."
            )
            self._window.notices.put("refused", sentence, "error")

    def _open(self, path: Path, place: tuple[float, float] | None) -> None:
        project = (path / "project.json").is_file() or not kind_of(path)
        if project:
            self._window.projects.open(path)
        else:
            self._window.proposing.begin(path, place=place)
