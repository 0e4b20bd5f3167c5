"""What the library shows, a row each, and how a row is drawn."""

from __future__ import annotations

from html import escape
from typing import Any

from msgspec import Struct
from PySide6.QtCore import (
    QByteArray,
    QMimeData,
    QModelIndex,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QFontMetricsF, QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from studio.graph.find import Index
from studio.graph.library import Family, Item
from studio.gui.adding import MIME
from studio.gui.lists import ListRows
from studio.gui.look.letters import draw_dot, draw_ground, draw_matched, draw_text
from studio.gui.look.theme import sans, theme
from studio.gui.look.tokens import FAMILIES, family_colour

ROLE = Qt.ItemDataRole.UserRole
HEADING, ITEM, MORE, OWN = "heading", "item", "more", "own"
ROW = 28


class Row(Struct, frozen=True):
    """A family's title, an item of it, the way to the rest, or that to a layer of one's own."""

    kind: str
    text: str
    family: str = ""
    item: Item | None = None
    positions: tuple[int, ...] = ()
    hint: str = ""

    @property
    def color(self) -> str:
        """The colour of its dot."""
        if self.item is None:
            return FAMILIES["custom"]
        if self.item.family == "custom" and self.item.op.startswith("block:"):
            return FAMILIES["block"]
        return family_colour(self.item.family)


def rows_of(families: tuple[Family, ...], opened: set[str], own_layers: bool) -> list[Row]:
    """The rows by family: the common items, and the others of those that are `opened`."""
    rows: list[Row] = []
    for family in families:
        if family.name == "custom":
            rows += _own_rows(family)
            continue
        common = [item for item in family.items if item.common]
        others = len(family.items) - len(common)
        if others == 1 or not common:  # a row saying "1 more" takes as much room as the item
            common, others = list(family.items), 0
        rows.append(Row(HEADING, family.title, family.name))
        shown = family.items if family.name in opened else common
        rows += [Row(ITEM, item.title, family.name, item) for item in shown]
        if family.name == "core" and own_layers:
            rows.append(Row(OWN, "Custom layer…", "core"))
        if others:
            text = "Fewer" if family.name in opened else f"{others} more"
            rows.append(Row(MORE, text, family.name))
    return rows


def _own_rows(family: Family) -> list[Row]:
    blocks = [item for item in family.items if item.op.startswith("block:")]
    code = [item for item in family.items if not item.op.startswith("block:")]
    rows: list[Row] = []
    for title, items in (("Blocks of this project", blocks), ("Code of this project", code)):
        if items:
            rows.append(Row(HEADING, title, "custom"))
            rows += [Row(ITEM, item.title, "custom", item) for item in items]
    return rows


def found_rows(families: tuple[Family, ...], index: Index, query: str) -> list[Row]:
    """The items that fit a query, best first, their families beside them."""
    items = {item.op: (item, family) for family in families for item in family.items}
    rows = []
    for match in index.find(query):
        item, family = items[match.key]
        rows.append(Row(ITEM, item.title, family.name, item, match.positions, family.title))
    return rows


class LibraryRows(ListRows):
    """The rows as a model; items can be dragged out of it."""

    rows: list[Row]

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        if role == ROLE:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return row.text
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tip(row)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            if row.item is None:
                return f"{row.text} of {row.family}" if row.kind == MORE else row.text
            return ", ".join(filter(None, (row.text, row.family, row.item.help)))
        return None

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        row = self.rows[index.row()]
        if row.kind == HEADING:
            return Qt.ItemFlag.NoItemFlags
        able = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return able | Qt.ItemFlag.ItemIsDragEnabled if row.item is not None else able

    def mimeTypes(self) -> list[str]:
        return [MIME]

    def mimeData(self, indexes: list[QModelIndex]) -> QMimeData:
        data = QMimeData()
        item = self.rows[indexes[0].row()].item if indexes else None
        if item is not None:
            data.setData(MIME, QByteArray(item.op.encode()))
        return data


def _tip(row: Row) -> str:
    if row.item is None:
        return ""
    return (
        f"<p><b>{row.item.title}</b> {row.item.op}</p><p>{escape(row.item.help, quote=False)}</p>"
    )


class LibraryDelegate(QStyledItemDelegate):
    """Draws them."""

    def __init__(self, view: QListView):
        super().__init__(view)
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        heading = index.data(ROLE).kind == HEADING
        return QSize(120, ROW + 4 if heading and index.row() else ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        row: Row = index.data(ROLE)
        painter.save()
        rect = QRectF(option.rect).adjusted(6, 0.5, -6, -0.5)
        if option.state & QStyle.StateFlag.State_Selected:
            ring = theme.color("accent") if self._view.hasFocus() else None
            draw_ground(painter, rect, theme.color("selection"), ring)
        elif option.state & QStyle.StateFlag.State_MouseOver and row.kind != HEADING:
            draw_ground(painter, rect, theme.color("hover"))
        left, middle = rect.left() + 8, rect.center().y()
        room = QRectF(left, rect.top(), rect.right() - left - 6, rect.height())
        if row.kind == HEADING:
            room.setTop(room.bottom() - ROW + 2)
            draw_text(painter, room, row.text, sans(11, 600), theme.color("muted"))
        elif row.kind == MORE:
            room.setLeft(left + 17)
            draw_text(painter, room, row.text, sans(12), theme.color("accent"))
        else:
            draw_dot(painter, left, middle, row.color)
            room.setLeft(left + 17)
            text, mark = theme.color("text"), theme.color("accent")
            wide = draw_matched(painter, room, row.text, row.positions, sans(), text, mark)
            room.setLeft(room.left() + wide + 10)
            need = QFontMetricsF(sans(11)).horizontalAdvance(row.hint) + 1
            if row.hint and room.width() >= need:  # its dot says as much
                room.setLeft(room.right() - need)
                draw_text(painter, room, row.hint, sans(11), theme.color("muted"))
        painter.restore()
