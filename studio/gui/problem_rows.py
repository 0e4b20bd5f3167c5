"""Problems as the rows of a list: the model, and how a row is drawn."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from studio.graph.problems import ERROR, Problem
from studio.gui.lists import ListRows
from studio.gui.look.icons import paint_icon
from studio.gui.look.letters import draw_ground
from studio.gui.look.theme import mono, sans, theme

HEIGHT = 44
_ROOM = 14


class ProblemRows(ListRows):
    """The problems that are listed."""

    rows: list[Problem]

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole):
        problem = self.at(index)
        if problem is None:
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{problem.severity}: {problem.sentence()}"
        if role == Qt.ItemDataRole.ToolTipRole:
            plain = escape(problem.sentence(), quote=False)
            return f"<p>{plain}</p>"
        return None

    def put(self, rows: list[Problem]) -> None:
        super().put(rows)
        self.rows = list(rows)  # those that say the same may have another mend now
        if rows:
            self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))


class ProblemRow(QStyledItemDelegate):
    """Draws a problem: what is wrong, below it where and what mends it, at the right the mend."""

    def __init__(self, view: QListView, mend: Callable[[QModelIndex], None]):
        super().__init__(view)
        self._view = view
        self._mend = mend

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return QSize(200, HEIGHT)

    def mend_rect(self, index: QModelIndex, row: QRect | None = None) -> QRect:
        """Where the mend of a row is drawn; empty where there is none."""
        problem = index.model().at(index)
        if problem is None or problem.fix is None:
            return QRect()
        row = row if row is not None else self._view.visualRect(index)
        text = _METRICS.elidedText(problem.fix.label, Qt.TextElideMode.ElideRight, row.width() // 3)
        width = _METRICS.horizontalAdvance(text) + 16
        return QRect(row.right() - _ROOM - width + 8, row.top() + 8, width, row.height() - 16)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        problem: Problem = index.model().at(index)
        row = option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter, option)
        wrong = problem.severity == ERROR
        mark = QRectF(row.left() + _ROOM, row.top() + 7, 15, 15)
        paint_icon(
            painter,
            "circle-alert" if wrong else "triangle-alert",
            mark,
            "error" if wrong else "warning",
        )
        mend = self.mend_rect(index, row)
        left = row.left() + _ROOM + 25
        width = (mend.left() - 16 if problem.fix is not None else row.right() - _ROOM) - left
        painter.setFont(_TITLE)
        painter.setPen(theme.color("text"))
        _line(painter, problem.message, QRect(left, row.top() + 5, width, 18))
        painter.setPen(theme.color("muted"))
        place = problem.place or " ".join(filter(None, (problem.graph, problem.node)))
        painter.setFont(_PLACE)
        where = painter.fontMetrics().elidedText(
            place, Qt.TextElideMode.ElideMiddle, max(width // 2, 60)
        )
        below = QRect(left, row.top() + 23, width, 16)
        painter.drawText(below, Qt.AlignmentFlag.AlignVCenter, where)
        taken = painter.fontMetrics().horizontalAdvance(where) + (12 if where else 0)
        painter.setFont(_HINT)
        _line(painter, problem.hint, below.adjusted(taken, 0, 0, 0))
        if problem.fix is not None:
            self._paint_mend(painter, problem, mend)
        painter.restore()

    def _paint_ground(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        row = QRectF(option.rect).adjusted(4, 1, -4, -1)
        if option.state & QStyle.StateFlag.State_Selected:
            ring = theme.color("accent") if self._view.hasFocus() else None
            draw_ground(painter, row, theme.color("selection"), ring)
        elif option.state & QStyle.StateFlag.State_MouseOver:
            draw_ground(painter, row, theme.color("hover"))

    def _paint_mend(self, painter: QPainter, problem: Problem, rect: QRect) -> None:
        painter.setPen(theme.color("accent"))
        painter.setFont(_MEND)
        text = painter.fontMetrics().elidedText(
            problem.fix.label, Qt.TextElideMode.ElideRight, rect.width() - 14
        )
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)

    def editorEvent(
        self,
        event: QEvent,
        model: QAbstractItemModel,
        option: QStyleOptionViewItem,
        index: QModelIndex,
    ) -> bool:
        inside = event.type() in (
            QEvent.Type.MouseButtonPress,
            QEvent.Type.MouseButtonRelease,
        ) and self.mend_rect(index, option.rect).contains(event.position().toPoint())
        if inside and event.type() == QEvent.Type.MouseButtonRelease:
            self._mend(index)
        return inside


def _line(painter: QPainter, text: str, rect: QRect) -> None:
    text = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
    painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter, text)


_TITLE, _HINT, _PLACE, _MEND = sans(13), sans(12), mono(11), sans(13, 500)
_METRICS = QFontMetrics(_MEND)
