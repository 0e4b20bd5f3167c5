"""The steps that were made, to go back to any of them, and forth again."""

from __future__ import annotations

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import (
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
)

from studio.gui.lists import ENTER, List, common
from studio.gui.look.letters import draw_ground
from studio.gui.look.theme import sans, theme
from studio.gui.panel import Panel
from studio.gui.session import Session

HEIGHT = 28
_MARK = 20
"""Where the line of steps runs."""


class Steps(QAbstractListModel):
    """The steps, oldest first, behind a row for the beginning: a row's number is its position."""

    def __init__(self) -> None:
        super().__init__()
        self.labels: list[str] = ["Opened"]
        self.position = 0
        self.saved: int | None = 0

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.labels)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole):
        if not index.isValid():
            return None
        label = self.labels[index.row()]
        if role == Qt.ItemDataRole.AccessibleTextRole:
            marks = [label]
            marks += ["current"] if index.row() == self.position else []
            marks += ["undone"] if index.row() > self.position else []
            marks += ["saved"] if index.row() == self.saved else []
            return ", ".join(marks)
        return label if role == Qt.ItemDataRole.DisplayRole else None

    def put(self, labels: list[str], position: int, saved: int | None) -> None:
        """Makes the rows these steps."""
        old, first = self.labels, common(self.labels, labels)[0]
        if len(old) > first:
            self.beginRemoveRows(QModelIndex(), first, len(old) - 1)
            self.labels = old[:first]
            self.endRemoveRows()
        if len(labels) > first:
            self.beginInsertRows(QModelIndex(), first, len(labels) - 1)
            self.labels = labels
            self.endInsertRows()
        self.position, self.saved = position, saved
        self.dataChanged.emit(self.index(0), self.index(len(labels) - 1))


class _Step(QStyledItemDelegate):
    """Draws a step as a dot on a line: filled where it is done, ringed where the project is."""

    def __init__(self, view: QListView):
        super().__init__(view)
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return QSize(120, HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        steps: Steps = index.model()
        row, here = option.rect, index.row() == steps.position
        undone = index.row() > steps.position
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter, option, here)
        x, y = row.left() + _MARK, row.center().y() + 0.5
        painter.setPen(QPen(theme.color("hairline"), 1))
        top = y if index.row() == 0 else row.top()
        end = y if index.row() == steps.rowCount() - 1 else row.bottom() + 1
        painter.drawLine(QPointF(x, top), QPointF(x, end))
        colour = theme.color("accent" if here else "edge")
        painter.setPen(QPen(colour, 1.5))
        painter.setBrush(theme.color("panel") if undone else colour)
        painter.drawEllipse(QPointF(x, y), 4 if here else 3, 4 if here else 3)
        saved = index.row() == steps.saved
        painter.setPen(theme.color("muted" if undone else "text"))
        painter.setFont(_HERE if here else _TEXT)
        room = row.adjusted(_MARK + 16, 0, -64 if saved else -14, 0)
        label = painter.fontMetrics().elidedText(
            steps.labels[index.row()], Qt.TextElideMode.ElideMiddle, room.width()
        )
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, label)
        if saved:
            painter.setPen(theme.color("good"))
            painter.setFont(_SMALL)
            side = QRect(row.right() - 64, row.top(), 50, row.height())
            right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
            painter.drawText(side, right, "saved")
        painter.restore()

    def _paint_ground(self, painter: QPainter, option: QStyleOptionViewItem, here: bool) -> None:
        hovered = option.state & QStyle.StateFlag.State_MouseOver
        chosen = self._view.hasFocus() and option.state & QStyle.StateFlag.State_Selected
        if not (here or hovered or chosen):
            return
        ground = theme.color("selection") if here else theme.color("hover", 255 if hovered else 0)
        row = QRectF(option.rect).adjusted(4, 1, -4, -1)
        draw_ground(painter, row, ground, theme.color("accent") if chosen else None)


class _List(List):
    KEYS = (*ENTER, Qt.Key.Key_Space)


class HistoryPanel(Panel):
    """The list of steps; a click, or Enter, goes to one."""

    def __init__(self, window):
        super().__init__(window)
        self._late = True
        self.steps = Steps()
        self.list = _List()
        self.list.setAccessibleName("History")
        self.list.setModel(self.steps)
        self.list.setUniformItemSizes(True)
        self.list.setMouseTracking(True)
        self.list.setItemDelegate(_Step(self.list))
        self.list.clicked.connect(self._go)
        self.list.activated.connect(self._go)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 6, 0, 6)
        box.addWidget(self.list)
        theme.changed.connect(self.list.viewport().update)

    def attach(self, session: Session | None) -> None:
        super().attach(session)
        if session is not None:
            session.changed.connect(self._moved)
            session.saved.connect(self._moved)
        self._moved()

    def _moved(self, *_: object) -> None:
        self._late = True
        if self.in_front:
            self.come_up()

    def come_up(self) -> None:
        if not self._late or self.session is None:
            return
        self._late = False
        history = self.session.history
        done, undone = history.labels()
        first = "Older steps" if history.forgotten else "Opened" if self.session.path else "New"
        position = history.position
        saved = history.saved_position
        self.steps.put([first, *done, *undone], position, saved)
        here = self.steps.index(position)
        self.list.setCurrentIndex(here)
        self.list.scrollTo(here)

    def _go(self, index: QModelIndex) -> None:
        if self.session is not None and index.isValid() and index.row() != self.steps.position:
            self.session.jump(index.row())
            self.window_.say(f"At: {self.steps.labels[index.row()]}.")


_TEXT, _HERE, _SMALL = sans(13), sans(13, 600), sans(11)
