"""How a row of the outline is drawn, and how a name is changed in it."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter
from PySide6.QtWidgets import (
    QLineEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)

from studio.gui.look.icons import paint_icon
from studio.gui.look.letters import draw_dot, draw_ground, draw_text
from studio.gui.look.theme import mono, sans, theme
from studio.gui.panels.outline_rows import ROLE, OutlineRows, Row, title_of

HEIGHT = 28


class OutlineDelegate(QStyledItemDelegate):
    """Dot, name, op, shape."""

    def __init__(self, view: QTreeView, rows: OutlineRows):
        super().__init__(view)
        self._view = view
        self._rows = rows

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return QSize(120, HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        row: Row = index.data(ROLE)
        painter.save()
        rect = QRectF(option.rect).adjusted(0, 0.5, -6, -0.5)
        if option.state & QStyle.StateFlag.State_Selected:
            ring = self._view.hasFocus() and self._view.currentIndex() == index
            accent = theme.color("accent") if ring else None
            draw_ground(painter, rect, theme.color("selection"), accent)
        elif option.state & QStyle.StateFlag.State_MouseOver:
            draw_ground(painter, rect, theme.color("hover"))
        room = rect.adjusted(6, 0, -6, 0)
        if row.id:
            self._node(painter, room, row)
        else:
            width = draw_text(
                painter, room, title_of(row.graph), sans(13, 600), theme.color("text")
            )
            count = str(len(self._rows.graph_of(row).nodes))
            room.setLeft(room.left() + width + 8)
            draw_text(painter, room, count, sans(11), theme.color("muted"))
        painter.restore()

    def _node(self, painter: QPainter, room: QRectF, row: Row) -> None:
        node = self._rows.node(row)
        if node is None:
            return
        if node.bypass:
            painter.setOpacity(0.55)
        draw_dot(painter, room.left() + 1, room.center().y(), self._rows.color(row))
        room.setLeft(room.left() + 17)
        if self._rows.problems(row):
            wrong = self._rows.wrong(row)
            box = QRectF(room.right() - 13, room.center().y() - 6.5, 13, 13)
            name, tone = ("circle-alert", "error") if wrong else ("triangle-alert", "warning")
            paint_icon(painter, name, box, tone)
            room.setRight(box.left() - 6)
        name = draw_text(painter, room, row.id, sans(13, 500), theme.color("text"))
        room.setLeft(room.left() + name + 8)
        muted = theme.color("muted")
        shape = self._rows.shape(row).replace(", ", ",")
        font, small = mono(11), sans(11)
        wide = QFontMetricsF(font).horizontalAdvance(shape) + 1
        kind = self._rows.kind(row)
        if shape and room.width() > wide:
            draw_text(painter, room.adjusted(room.width() - wide, 0, 1, 0), shape, font, muted)
            room.setRight(room.right() - wide - 8)
        if room.width() >= min(QFontMetricsF(small).horizontalAdvance(kind), 36):
            draw_text(painter, room, kind, small, muted)

    def createEditor(
        self, parent: QWidget, option: QStyleOptionViewItem, index: QModelIndex
    ) -> QWidget:
        editor = QLineEdit(parent)
        editor.setObjectName("inPlace")
        editor.setAccessibleName(f"New name of {index.data()}")
        return editor

    def updateEditorGeometry(
        self, editor: QWidget, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        editor.setGeometry(option.rect.adjusted(16, 1, -6, -1))

    def setEditorData(self, editor: QWidget, index: QModelIndex) -> None:
        editor.setText(index.data(Qt.ItemDataRole.EditRole))
        editor.selectAll()
