"""The rows of the sheet of shortcuts: a command, or the title of a menu, and how it is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct
from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from studio.gui.commands import Command
from studio.gui.look.letters import draw_ground, draw_matched, draw_text
from studio.gui.look.theme import mono, sans, theme

if TYPE_CHECKING:
    from studio.gui.palettes.shortcuts import ShortcutSheet

HEIGHT = 28
ROLE = Qt.ItemDataRole.UserRole


class Row(Struct, frozen=True):
    """A menu's title, or a command of it with its keys."""

    title: str
    command: Command | None = None
    keys: str = ""
    own: bool = False
    """Whether the keys are the user's."""
    positions: tuple[int, ...] = ()


class Rows(QAbstractListModel):
    """Them as a model."""

    def __init__(self, parent: QObject):
        super().__init__(parent)
        self.rows: list[Row] = []

    def put(self, rows: list[Row]) -> None:
        """Shows other rows; where the commands are the same, what is selected stays."""
        if [row.command for row in rows] == [row.command for row in self.rows]:
            self.rows = rows
            if rows:
                self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
            return
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        if role == ROLE:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return row.title
        if role == Qt.ItemDataRole.ToolTipRole and row.command is not None:
            return row.command.help
        if role == Qt.ItemDataRole.AccessibleTextRole and row.command is not None:
            return f"{row.title}, {row.keys or 'no keys'}. {row.command.help}"
        return None

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        if self.rows[index.row()].command is None:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable


class RowDelegate(QStyledItemDelegate):
    """Draws them: the keys at the right, in the accent where they are the user's."""

    def __init__(self, sheet: ShortcutSheet):
        super().__init__(sheet)
        self._sheet = sheet

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return QSize(200, HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        row: Row = index.data(ROLE)
        painter.save()
        rect = QRectF(option.rect).adjusted(4, 1, -12, -1)
        room = rect.adjusted(8, 0, -8, 0)
        if row.command is None:
            room.setTop(rect.top() + 6)
            draw_text(painter, room, row.title, sans(11, 600), theme.color("muted"))
            painter.restore()
            return
        if option.state & QStyle.StateFlag.State_Selected:
            focus = self._sheet.list.hasFocus()
            draw_ground(
                painter,
                rect,
                theme.color("selection"),
                theme.color("accent") if focus else None,
            )
        elif option.state & QStyle.StateFlag.State_MouseOver:
            draw_ground(painter, rect, theme.color("hover"))
        keys, tone = row.keys, "accent" if row.own else "muted"
        if self._sheet.recording is row.command:
            keys, tone = "press keys", "accent"
        wide = QFontMetricsF(mono(11)).horizontalAdvance(keys) + 2
        draw_text(
            painter,
            QRectF(room.right() - wide, room.top(), wide, room.height()),
            keys,
            mono(11),
            theme.color(tone),
        )
        room.setRight(room.right() - wide - 10)
        text, mark = theme.color("text"), theme.color("accent")
        draw_matched(painter, room, row.title, row.positions, sans(), text, mark)
        painter.restore()
