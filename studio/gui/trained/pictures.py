"""The pictures of an evaluation in a row, as large as the panel is high; Enter opens one."""

from __future__ import annotations

from html import escape
from pathlib import Path

from PySide6.QtCore import QModelIndex, QPoint, QRectF, QSize, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication, QImage, QPainter, QPen
from PySide6.QtWidgets import QFrame, QListView, QMenu, QStyle, QStyledItemDelegate

from studio.gui.lists import List, ListRows
from studio.gui.look.letters import draw_text
from studio.gui.look.theme import sans, theme
from studio.gui.trained.evaluation import words_of

CAPTION, EDGE, LOW, HIGH = 22, 6, 120, 640
"""Pixels: of a caption, round a picture, and how high one is, at least and at most."""

MOST = 60
"""Pictures that are shown."""

FILE, PICTURE = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1


class PictureRows(ListRows):
    """Files of pictures, each with what it shows."""

    rows: list[tuple[Path, QImage]]

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole):
        row = self.at(index)
        if row is None:
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return caption(row[0])
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"<p>{escape(caption(row[0]))}. A double click opens it.</p>"
        return {FILE: row[0], PICTURE: row[1]}.get(role)


class PictureRow(List):
    """Pictures beside each other."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = PictureRows(self)
        self.setModel(self.rows)
        self.setItemDelegate(_Delegate(self))
        self.setAccessibleName("Pictures of the evaluation")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setHorizontalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.activated.connect(self._open)
        self.doubleClicked.connect(self._open)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._open_menu)
        theme.changed.connect(self.viewport().update)

    def show_files(self, files: list[Path]) -> None:
        """Shows these pictures; one that can't be read is left out."""
        found = [(file, QImage(str(file))) for file in files[:MOST]]
        self.itemDelegate().forget()
        self.rows.put([])
        self.rows.put([each for each in found if not each[1].isNull()])
        if self.rows.rows:
            self.setCurrentIndex(self.rows.index(0))

    def _open(self, index: QModelIndex) -> None:
        file = index.data(FILE)
        if file is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(file)))

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self.scheduleDelayedItemsLayout()  # they are as high as there is room

    def wheelEvent(self, event) -> None:
        """A wheel that turns one way only moves along the row."""
        turned = event.angleDelta()
        if turned.y() and not turned.x():
            bar = self.horizontalScrollBar()
            bar.setValue(bar.value() - turned.y())
            event.accept()
        else:
            super().wheelEvent(event)

    def _open_menu(self, point: QPoint) -> None:
        index = self.indexAt(point)
        if not index.isValid():
            return
        file, menu = index.data(FILE), QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Open it", lambda: self._open(index))
        folder = QUrl.fromLocalFile(str(file.parent))
        menu.addAction("Show it in its folder", lambda: QDesktopServices.openUrl(folder))
        menu.addAction("Copy its path", lambda: QGuiApplication.clipboard().setText(str(file)))
        menu.popup(self.viewport().mapToGlobal(point))


class _Delegate(QStyledItemDelegate):
    """Draws a picture with its caption."""

    def __init__(self, view: PictureRow):
        super().__init__(view)
        self._view = view
        self._scaled: dict[tuple[Path, QSize], QImage] = {}

    def _fitting(self, file: Path, image: QImage, size: QSize) -> QImage:
        """The image in a size of the screen's own pixels: thin lines are lost while painting."""
        key = (file, size)
        if key not in self._scaled:
            if len(self._scaled) > MOST:
                self._scaled.clear()
            smooth = Qt.TransformationMode.SmoothTransformation
            self._scaled[key] = image.scaled(size, mode=smooth)
        return self._scaled[key]

    def forget(self) -> None:
        """Other pictures may have the same names."""
        self._scaled.clear()

    def sizeHint(self, option, index: QModelIndex) -> QSize:
        size = index.data(PICTURE).size()
        room = self._view.viewport().height() - CAPTION - 2 * EDGE - 2
        height = max(LOW, min(room, HIGH))
        width = round(size.width() * height / max(1, size.height()))
        return QSize(width + 2 * EDGE, height + CAPTION + 2 * EDGE)

    def paint(self, painter: QPainter, option, index: QModelIndex) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        place = QRectF(option.rect).adjusted(EDGE, EDGE, -EDGE, -EDGE - CAPTION)
        whole = (place.size() * painter.device().devicePixelRatioF()).toSize()
        picture = self._fitting(index.data(FILE), index.data(PICTURE), whole)
        painter.drawImage(place, picture, QRectF(picture.rect()))
        chosen = option.state & QStyle.StateFlag.State_Selected and self._view.hasFocus()
        painter.setPen(QPen(theme.color("accent" if chosen else "hairline"), 2 if chosen else 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(place.adjusted(-1, -1, 1, 1), 4, 4)
        below = QRectF(place.left(), place.bottom() + 4, place.width(), CAPTION - 4)
        draw_text(painter, below, caption(index.data(FILE)), sans(12), theme.color("muted"))
        painter.restore()


def caption(file: Path) -> str:
    """What a picture shows, by its file's name."""
    words = words_of(file.stem)
    return words[:1].upper() + words[1:]
