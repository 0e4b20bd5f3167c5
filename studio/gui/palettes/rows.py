"""The rows of a palette: what can be chosen, and how it is drawn."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from msgspec import Struct
from PySide6.QtCore import QAbstractListModel, QModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from studio.gui.look.icons import paint_icon
from studio.gui.look.letters import draw_dot, draw_ground, draw_matched, draw_text
from studio.gui.look.theme import mono, sans, theme

HEIGHT = 32
ROW = Qt.ItemDataRole.UserRole


class Choice(Struct, frozen=True):
    """Something to choose: its text with the letters that matched, a hint at the right."""

    key: Hashable
    text: str
    hint: str = ""
    positions: tuple[int, ...] = ()
    enabled: bool = True
    color: str = ""
    """The dot at the left, #RRGGBB."""
    icon: str = ""
    mono: bool = False
    """Whether the hint is a value, a shape or keys."""
    help: str = ""


class Choices(QAbstractListModel):
    """The rows as a model."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.rows: list[Choice] = []

    def put(self, rows: list[Choice]) -> None:
        """Shows other rows."""
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        if role == ROW:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return row.text
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.help
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(filter(None, (row.text, row.hint, row.help)))
        return None

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        if not self.rows[index.row()].enabled:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable


class ChoiceDelegate(QStyledItemDelegate):
    """Draws them: dot or icon, text, hint."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return QSize(200, HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        row: Choice = index.data(ROW)
        painter.save()
        rect = QRectF(option.rect).adjusted(6, 1, -6, -1)
        if option.state & QStyle.StateFlag.State_Selected:
            draw_ground(painter, rect, theme.color("selection"))
        elif option.state & QStyle.StateFlag.State_MouseOver and row.enabled:
            draw_ground(painter, rect, theme.color("hover"))
        text = theme.color("text" if row.enabled else "faint")
        left = rect.left() + 10
        if row.icon:
            box = QRectF(left - 1, rect.center().y() - 7.5, 15, 15)
            paint_icon(painter, row.icon, box, "muted" if row.enabled else "faint")
            left += 25
        elif row.color:
            draw_dot(painter, left, rect.center().y(), row.color)
            left += 20
        font = mono(12) if row.mono else sans(12)
        wide = QFontMetricsF(font).horizontalAdvance(row.hint)
        hint = QRectF(rect)
        hint.setLeft(max(rect.right() - 10 - wide - 1, left + (rect.right() - left) * 0.3))
        hint.setRight(rect.right() - 10)
        quiet = theme.color("muted" if row.enabled else "faint")
        draw_text(painter, hint, row.hint, font, quiet, Qt.TextElideMode.ElideRight)
        room = QRectF(left, rect.top(), hint.left() - left - 14, rect.height())
        draw_matched(painter, room, row.text, row.positions, sans(), text, theme.color("accent"))
        painter.restore()
