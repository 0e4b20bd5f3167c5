"""The lists of the start page: recent projects as rows, templates as cards."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from studio.gui.lists import ListRows
from studio.gui.look.icons import paint_icon
from studio.gui.look.letters import draw_ground
from studio.gui.look.theme import sans, theme
from studio.gui.recent import Recent
from studio.resources import TEMPLATES

CARD = QSize(260, 256)
PICTURE = QSize(240, 148)
ROW = 46

_SELECTED, _HOVERED = QStyle.StateFlag.State_Selected, QStyle.StateFlag.State_MouseOver


class RecentRows(ListRows):
    """Projects that were open before, the last one first."""

    rows: list[Recent]

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole):
        row = self.at(index)
        if row is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return row.name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{row.name}, {row.place}, {_state(row)}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return str(row.path)
        return None


class RecentDelegate(QStyledItemDelegate):
    """Draws a recent project: name and folder; at the right when, or what takes it off the list."""

    def __init__(self, view: QListView, forget: Callable[[QModelIndex], None]):
        super().__init__(view)
        self._view = view
        self._forget = forget

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return QSize(200, ROW)

    def cross(self, row: QRect) -> QRect:
        """Where the cross of a row is."""
        return QRect(row.right() - 30, row.center().y() - 11, 22, 22)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        found: Recent = index.model().at(index)
        row = option.rect
        hovered = bool(option.state & _HOVERED)
        chosen = bool(option.state & _SELECTED) and self._view.hasFocus()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = theme.color("hover", 255 if hovered else 0)
        ring = theme.color("accent") if chosen else None
        draw_ground(painter, QRectF(row).adjusted(1, 1, -1, -1), ground, ring)
        painter.setPen(theme.color("muted" if found.missing else "text"))
        painter.setFont(_NAME)
        _elided(painter, found.name, row.adjusted(10, 5, -110, -22), Qt.TextElideMode.ElideRight)
        painter.setPen(theme.color("muted"))
        painter.setFont(_SMALL)
        _elided(painter, found.place, row.adjusted(10, 24, -40, -4), Qt.TextElideMode.ElideMiddle)
        if hovered or chosen:
            cross = QRectF(self.cross(row)).adjusted(4, 4, -4, -4)
            paint_icon(painter, "x", cross, "muted")
        else:
            side = row.adjusted(0, 5, -10, -22)
            right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
            if found.training:
                painter.setPen(theme.color("accent"))
            painter.drawText(side, right, _state(found))
        painter.restore()

    def editorEvent(
        self,
        event: QEvent,
        model: QAbstractItemModel,
        option: QStyleOptionViewItem,
        index: QModelIndex,
    ) -> bool:
        buttons = (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonRelease)
        if event.type() not in buttons:
            return False
        if not self.cross(option.rect).contains(event.position().toPoint()):
            return False
        if event.type() == QEvent.Type.MouseButtonRelease:
            self._forget(index)
        return True


def _state(row: Recent) -> str:
    """What there is to say of a project beside its name."""
    return "training…" if row.training else row.when or "missing"


class Cards(QAbstractListModel):
    """The templates; their pictures are drawn one by one, when there is time."""

    def __init__(self) -> None:
        super().__init__()
        self._cards: list[tuple[str, str]] = []
        self._pictures: dict[str, QImage] = {}

    def fill(self) -> bool:
        """Looks which templates there are; False where that is known."""
        if self._cards:
            return False
        from studio.graph.templates import available

        self.beginResetModel()
        self._cards = list(available().items())
        self.endResetModel()
        return bool(self._cards)

    def draw_next(self) -> bool:
        """Draws the next picture; False where all are there."""
        name = next((name for name, _ in self._cards if name not in self._pictures), None)
        if name is None:
            return False
        from studio.gui.thumbnails import thumbnail

        self._pictures[name] = thumbnail(TEMPLATES / name / "project.json", PICTURE)
        at = self.index([each for each, _ in self._cards].index(name))
        self.dataChanged.emit(at, at)
        return True

    def forget(self) -> None:
        """Has the pictures drawn anew: the colours have changed."""
        self._pictures.clear()

    def name(self, index: QModelIndex) -> str:
        """The template of a card."""
        return self._cards[index.row()][0] if index.isValid() else ""

    def about(self, index: QModelIndex) -> str:
        """What its one sentence says."""
        return self._cards[index.row()][1]

    def picture(self, name: str) -> QImage | None:
        """The picture of a template, if it is drawn."""
        return self._pictures.get(name)

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._cards)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole):
        if not index.isValid():
            return None
        name, about = self._cards[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return name
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return f"{name}: {about}"
        return None


class CardDelegate(QStyledItemDelegate):
    """Draws a template as a card: its picture, its name, and a sentence."""

    def __init__(self, view: QListView):
        super().__init__(view)
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return CARD

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        cards: Cards = index.model()
        name = cards.name(index)
        card = QRectF(option.rect).adjusted(2.5, 2.5, -17.5, -17.5)
        chosen = bool(option.state & _SELECTED) and self._view.hasFocus()
        hovered = bool(option.state & _HOVERED)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("panel"))
        painter.drawRoundedRect(card, 10, 10)
        picture = QRectF(card.left(), card.top(), card.width(), PICTURE.height())
        painter.setClipPath(_rounded(card))
        painter.fillRect(picture, theme.color("canvas"))
        image = cards.picture(name)
        if image is not None and not image.isNull():
            painter.drawImage(picture.topLeft(), image)
        painter.setClipping(False)
        painter.setPen(QPen(theme.color("hairline"), 1))
        painter.drawLine(picture.bottomLeft(), picture.bottomRight())
        text = card.adjusted(12, PICTURE.height() + 8, -12, -6).toRect()
        painter.setPen(theme.color("text"))
        painter.setFont(_NAME)
        _elided(painter, name, QRect(text.left(), text.top(), text.width(), 18))
        painter.setPen(theme.color("muted"))
        painter.setFont(_SMALL)
        below = text.adjusted(0, 20, 0, 0)
        about = _three_lines(painter, cards.about(index), below)
        painter.drawText(below, Qt.TextFlag.TextWordWrap, about)
        accent = theme.color("accent")
        border = accent if chosen else theme.color("edge" if hovered else "hairline")
        painter.setPen(QPen(QColor(border), 2 if chosen else 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(card, 10, 10)
        painter.restore()


def _rounded(rect: QRectF) -> QPainterPath:
    path = QPainterPath()
    path.addRoundedRect(rect, 10, 10)
    return path


def _elided(
    painter: QPainter,
    text: str,
    rect: QRect,
    how: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
) -> None:
    text = painter.fontMetrics().elidedText(text, how, rect.width())
    painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter, text)


def _three_lines(painter: QPainter, text: str, rect: QRect) -> str:
    """As much of a text as three lines surely hold."""
    room = round(rect.width() * 2.6)
    return painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room)


_NAME, _SMALL = sans(13, 600), sans(11)
