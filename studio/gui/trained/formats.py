"""The formats that a model can be written in, as rows with a box to tick."""

from __future__ import annotations

from html import escape
from typing import Any

from msgspec import Struct
from PySide6.QtCore import QEvent, QModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from studio.graph.problems import printable
from studio.gui.lists import List, ListRows
from studio.gui.look.icons import paint_icon
from studio.gui.look.letters import draw_ground, draw_text
from studio.gui.look.theme import mono, sans, theme

NAMES = {
    "keras": "Keras",
    "h5": "HDF5",
    "weights": "Weights",
    "checkpoint": "Checkpoint",
    "savedmodel": "SavedModel",
    "tflite": "LiteRT",
    "onnx": "ONNX",
    "json": "JSON",
    "yaml": "YAML",
    "bundle": "Bundle",
    "svg": "Diagram, SVG",
    "png": "Diagram, PNG",
}
"""Of the formats; one that isn't here has its own word."""

HEIGHT, LIFT, BELOW, EDGE, BOX, NAME, GAP = 30, 5, 6, 14, 16, 132, 14
"""Pixels: of a row, by which a reason stands closer, below it, at the sides, of a box, of a name,
between two texts."""


def title_of(format: str, variant: str) -> str:
    """A format as it is read: LiteRT int8."""
    return " ".join(filter(None, (NAMES.get(format, printable(format)), printable(variant))))


class Format(Struct, frozen=True):
    """What `studio export RUN --list` says of a format."""

    format: str
    variant: str = ""
    about: str = ""
    file: str = ""
    can: bool = True
    why: str = ""

    @property
    def key(self) -> str:
        """What is asked for by --format."""
        return f"{self.format}-{self.variant}" if self.variant else self.format

    @property
    def title(self) -> str:
        """Its name."""
        return title_of(self.format, self.variant)

    @property
    def line(self) -> str:
        """What it is for, as one line."""
        return printable(self.about)


def formats_of(told: dict[str, Any] | None) -> list[Format] | None:
    """The formats that a list holds; None where it is none."""
    import msgspec

    try:
        return msgspec.convert((told or {})["formats"], list[Format])
    except (KeyError, msgspec.ValidationError):
        return None


class FormatRows(ListRows):
    """The formats; `ticked` has the keys of those that are wanted."""

    chosen = Signal()
    rows: list[Format]

    def __init__(self, parent: Any = None):
        super().__init__(parent)
        self.ticked: set[str] = set()

    @property
    def wanted(self) -> list[Format]:
        """Those that are ticked and can be, in their order."""
        return [each for each in self.rows if each.can and each.key in self.ticked]

    def put(self, rows: list[Format]) -> None:
        super().put(rows)
        self.chosen.emit()

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        found = super().flags(index)
        row = self.at(index)
        return found | Qt.ItemFlag.ItemIsUserCheckable if row is not None and row.can else found

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.at(index)
        if row is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return row.title
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.AccessibleDescriptionRole):
            return f"{row.title}: {row.line}" if row.can else f"{row.title}, impossible: {row.why}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"<p>{escape(row.line, quote=False)}</p><p>{escape(row.file, quote=False)}</p>"
        if role == Qt.ItemDataRole.CheckStateRole and row.can:
            on = row.key in self.ticked
            return Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
        return None

    def setData(self, index: QModelIndex, value: Any, role: int = 0) -> bool:
        row = self.at(index)
        if role != Qt.ItemDataRole.CheckStateRole or row is None or not row.can:
            return False
        if Qt.CheckState(value) == Qt.CheckState.Checked:
            self.ticked.add(row.key)
        else:
            self.ticked.discard(row.key)
        self.dataChanged.emit(index, index, [role])
        self.chosen.emit()
        return True

    def reason(self, index: QModelIndex) -> str:
        """Why a format can't be; of those that follow each other with the same, said once."""
        row, place = self.at(index), index.row()
        first = place
        while first and self.rows[first - 1].why == row.why and not self.rows[first - 1].can:
            first -= 1
        return row.why if first == place else f"For the same reason as {self.rows[first].title}."

    def tick(self, key: str) -> None:
        """Ticks the format of a key, if it can be."""
        place = next((i for i, each in enumerate(self.rows) if each.key == key), -1)
        self.setData(self.index(place), Qt.CheckState.Checked, Qt.ItemDataRole.CheckStateRole)

    def toggle(self, index: QModelIndex) -> None:
        """Ticks a format, or no longer."""
        row = self.at(index)
        if row is not None and row.can:
            on = row.key not in self.ticked
            state = Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
            self.setData(index, state, Qt.ItemDataRole.CheckStateRole)


class FormatList(List):
    """The rows in a list: Space or a click ticks one, Enter does what the list is for."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = FormatRows(self)
        self.setModel(self.rows)
        self.setItemDelegate(FormatRow(self))
        self.setAccessibleName("Formats")
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        theme.changed.connect(self.viewport().update)

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self.scheduleDelayedItemsLayout()  # reasons wrap anew

    def focusInEvent(self, event) -> None:
        super().focusInEvent(event)
        if not self.currentIndex().isValid() and self.rows.rows:
            self.setCurrentIndex(self.rows.index(0))


class FormatRow(QStyledItemDelegate):
    """Draws a format: box, name, what it is for, its file; below, why it can't be."""

    def __init__(self, view: FormatList):
        super().__init__(view)
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        row: Format = index.model().at(index)
        width = self._view.viewport().width()
        if row.can:
            return QSize(width, HEIGHT)
        room = QRect(0, 0, round(width - _left(0) - EDGE), 10_000)
        below = _REASON.boundingRect(room, WRAP, index.model().reason(index)).height()
        return QSize(width, HEIGHT - LIFT + below + BELOW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        row: Format = index.model().at(index)
        place = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setOpacity(1.0 if self._view.isEnabled() else 0.5)
        self._paint_ground(painter, option)
        line = QRectF(place.left(), place.top(), place.width(), HEIGHT)
        box = QRectF(place.left() + EDGE, line.center().y() - BOX / 2, BOX, BOX)
        if row.can:
            _paint_box(painter, box, row.key in index.model().ticked)
        else:
            paint_icon(painter, "circle-off", box.adjusted(1, 1, -1, -1), "muted")
        left, right = _left(place.left()), place.right() - EDGE
        tone = theme.color("text" if row.can else "muted")
        at = left - GAP - NAME
        name = QRectF(at, line.top(), NAME, line.height())
        draw_text(painter, name, row.title, sans(13, 500), tone)
        width = min(_FILE.horizontalAdvance(row.file), (right - left) / 3)
        file = QRectF(right - width, line.top(), width + 1, line.height())
        muted = theme.color("muted")
        draw_text(painter, file, row.file, mono(12), muted, Qt.TextElideMode.ElideMiddle)
        about = QRectF(left, line.top(), file.left() - GAP - left, line.height())
        draw_text(painter, about, row.line, sans(13), tone)
        if not row.can:
            top = line.bottom() - LIFT
            reason = QRectF(left, top, right - left, place.bottom() - top)
            painter.setFont(sans(12))
            painter.setPen(theme.color("warning"))
            painter.drawText(reason, WRAP, index.model().reason(index))
        painter.restore()

    def _paint_ground(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        place = QRectF(option.rect).adjusted(4, 1, -4, -1)
        if option.state & QStyle.StateFlag.State_Selected and self._view.hasFocus():
            draw_ground(painter, place, theme.color("selection"), theme.color("accent"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            draw_ground(painter, place, theme.color("hover"))

    def editorEvent(self, event: QEvent, model: Any, option: Any, index: QModelIndex) -> bool:
        """A click anywhere in the row ticks it; keys are left to the base."""
        kind = event.type()
        if kind == QEvent.Type.MouseButtonRelease:
            wanted = event.button() == Qt.MouseButton.LeftButton
        else:
            wanted = kind == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Space
        if wanted:
            model.toggle(index)
        return wanted


def _left(edge: float) -> float:
    """Where the text behind the name begins."""
    return edge + EDGE + BOX + 10 + NAME + GAP


def _paint_box(painter: QPainter, box: QRectF, on: bool) -> None:
    """As the style sheet has a QCheckBox."""
    place = box.adjusted(0.5, 0.5, -0.5, -0.5)
    painter.setPen(QPen(theme.color("accent" if on else "edge"), 1))
    painter.setBrush(theme.color("accent" if on else "field"))
    painter.drawRoundedRect(place, 4, 4)
    if on:
        paint_icon(painter, "check", box.adjusted(2, 2, -2, -2), "on_accent")


WRAP = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
_REASON, _FILE = QFontMetrics(sans(12)), QFontMetrics(mono(12))
