"""A call of a list as a card: its icon, its name, a line of what matters; its form when opened."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.graph.caption import DOT, call_line
from studio.graph.catalogue.registry import find
from studio.graph.document import is_call
from studio.gui.inspector.call_field import CallField
from studio.gui.look.icons import icon, paint_icon
from studio.gui.look.theme import sans, theme

if TYPE_CHECKING:
    from studio.gui.inspector.rows_field import RowsField

CLOSED, OPENED = 46, 36
"""Pixels that a card's head is high."""

KINDS = {
    "callback": "repeat",
    "metric": "chart-line",
    "loss": "chart-line",
    "layer": "layers",
    "export": "package",
    "map": "wand-sparkles",
}
OWN = {
    "BackupAndRestore": "save-all",
    "CSVLogger": "table",
    "EarlyStopping": "square",
    "History": "history",
    "LambdaCallback": "code",
    "LearningRateScheduler": "spline",
    "ModelCheckpoint": "save",
    "OrbaxCheckpoint": "hard-drive",
    "ProgbarLogger": "terminal",
    "ReduceLROnPlateau": "arrow-down",
    "RemoteMonitor": "upload",
    "SwapEMAWeights": "refresh-cw",
    "TensorBoard": "chart-line",
    "TerminateOnNaN": "triangle-alert",
}
"""The icons of callbacks, each of which does something of its own."""


def title_of(value: Any) -> str:
    """What a call is called; a value that is none as it is written."""
    if is_call(value) and isinstance(value["op"], str):
        return value["op"].rpartition(".")[2].removeprefix("code:")
    return str(value)


def icon_of(value: Any) -> str:
    """The icon of what a call makes."""
    path = value["op"] if is_call(value) and isinstance(value["op"], str) else ""
    if path.startswith("code:"):
        return "code"
    op = find(path)
    return OWN.get(title_of(value)) or KINDS.get(op.kind if op is not None else "", "box")


def line_of(value: Any) -> str:
    """What matters of a call; what it does, where nothing was set."""
    op = find(value["op"]) if is_call(value) and isinstance(value["op"], str) else None
    line, params = call_line(value), value.get("params") if is_call(value) else None
    if op is not None and op.kind == "metric" and isinstance(params, dict) and "name" in params:
        line = DOT.join(filter(None, (str(params["name"]), line)))  # by which it is logged
    return line or (op.help if op is not None else "")


class CardHead(QWidget):
    """What is seen of a closed card. Return opens it, Alt+Up and Down move it, Delete removes it.

    Signals: `toggled()`; `moved(int)` up or down by so many; `removed()`; `gone_to(int)` to the
    card so many further; `dragged(float)` a height on the screen; `dropped()`; `let_go()`.
    """

    toggled = Signal()
    moved = Signal(int)
    removed = Signal()
    gone_to = Signal(int)
    dragged = Signal(float)
    dropped = Signal()
    let_go = Signal()

    def __init__(self, card: CallCard):
        super().__init__()
        self._card = card
        self._pressed: QPointF | None = None
        self._drags = False
        self.title = self.line = ""
        self.image = "box"
        self.open = False
        self.opens = self.movable = True
        self.problem = ""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedHeight(CLOSED)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 6, 0)
        row.addStretch(1)
        self.remove = QToolButton()
        self.remove.setProperty("role", "tiny")
        self.remove.setIcon(icon("x", "muted"))
        self.remove.setIconSize(QSize(14, 14))
        self.remove.setFixedSize(22, 22)
        self.remove.setToolTip("Remove")
        self.remove.clicked.connect(self.removed)
        row.addWidget(self.remove, 0, Qt.AlignmentFlag.AlignVCenter)

    def show_call(self, value: Any, opens: bool, is_open: bool, movable: bool) -> None:
        """Shows what there is to know of a call."""
        self.title, self.line, self.image = title_of(value), line_of(value), icon_of(value)
        self.opens, self.open, self.movable = opens, is_open, movable
        self.setFixedHeight(OPENED if is_open or not self.line else CLOSED)
        self.remove.setAccessibleName(f"Remove {self.title}")
        self.setAccessibleName(self.title)
        state = ("opened. " if is_open else "closed. ") if opens else ""
        self.setAccessibleDescription(f"{state}{self.problem or self.line}")
        self._tell()
        self.setCursor(Qt.CursorShape.PointingHandCursor if opens else Qt.CursorShape.ArrowCursor)
        self.update()

    def show_problem(self, sentence: str) -> None:
        """Shows that something is wrong with it; nothing where the sentence is empty."""
        if sentence != self.problem:
            self.problem = sentence
            self._tell()
            self.update()

    def _tell(self) -> None:
        """What doesn't fit on the card stands in its tooltip."""
        self.setToolTip(f"<p>{escape(self.problem or self.line, quote=False)}</p>")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_ground(painter)
        two = self.height() == CLOSED
        image, colour = ("circle-alert", "error") if self.problem else (self.image, "muted")
        paint_icon(painter, image, QRectF(13, 9 if two else 10, 16, 16), colour)
        right = self.width() - 32 - (18 if self.opens else 0)
        elide = Qt.TextElideMode.ElideRight
        painter.setFont(sans(13, 500))
        painter.setPen(theme.color("text"))
        place = QRectF(38, 6 if two else 0, right - 38, 20 if two else self.height())
        text = painter.fontMetrics().elidedText(self.title, elide, int(place.width()))
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, text)
        if two:
            painter.setFont(sans(11))
            painter.setPen(theme.color("error" if self.problem else "muted"))
            place = QRectF(38, 24, right - 38, 16)
            said = self.problem or self.line
            text = painter.fontMetrics().elidedText(said, elide, int(place.width()))
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, text)
        if self.opens:
            name = "chevron-up" if self.open else "chevron-down"
            paint_icon(painter, name, QRectF(right + 2, (self.height() - 14) / 2, 14, 14), "muted")

    def _draw_ground(self, painter: QPainter) -> None:
        if self.underMouse() or self._drags:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("selection" if self._drags else "hover"))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 7, 7)
        if self.hasFocus():
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 7, 7)
        if self.movable and (self.underMouse() or self.hasFocus() or self._drags):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("edge"))
            middle = self.height() / 2
            for x in (4.5, 8.5):
                for y in (-4.5, 0, 4.5):
                    painter.drawEllipse(QPointF(x, middle + y), 1.1, 1.1)

    # By the mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.globalPosition()
            self.setFocus(Qt.FocusReason.MouseFocusReason)
        else:
            event.ignore()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None or not self.movable:
            return
        far = (event.globalPosition() - self._pressed).manhattanLength()
        if not self._drags and far < QApplication.startDragDistance():
            return
        self._drags = True
        self.dragged.emit(event.globalPosition().y())
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, self._pressed = self._pressed, None
        if self._drags:
            self._stop()
            self.dropped.emit()
        elif (
            pressed is not None and self.opens and self.rect().contains(event.position().toPoint())
        ):
            self.toggled.emit()

    def _stop(self) -> None:
        self._drags = False
        self._pressed = None
        self.update()

    # By the keyboard

    def keyPressEvent(self, event: QKeyEvent) -> None:
        alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        up, down = event.key() == Qt.Key.Key_Up, event.key() == Qt.Key.Key_Down
        if event.key() == Qt.Key.Key_Escape and self._drags:
            self._stop()
            self.let_go.emit()
        elif up or down:
            (self.moved if alt else self.gone_to).emit(1 if down else -1)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            if self.opens:
                self.toggled.emit()
        elif event.key() == Qt.Key.Key_Delete:
            self.removed.emit()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = self._card.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()


class CallCard(QFrame):
    """One call of a list."""

    def __init__(self, rows: RowsField, index: int):
        super().__init__()
        self._rows, self.index = rows, index
        self.open = False
        self.item: Any = None
        self.setProperty("role", "card")
        self.head = CardHead(self)
        self.head.toggled.connect(self.toggle)
        self.head.moved.connect(lambda by: rows.move(self.index, by))
        self.head.removed.connect(lambda: rows.remove(self.index))
        self.head.gone_to.connect(lambda by: rows.go_to(self.index + by))
        self.head.dragged.connect(lambda y: rows.drag(self.index, y))
        self.head.dropped.connect(rows.drop)
        self.head.let_go.connect(rows.let_go)
        self.field = CallField(rows.item, rows.place, bare=True, framed=False)
        self.field.given.connect(lambda value: rows.change(self.index, value, self.field.typing))
        self.field.reshaped.connect(self._arrange)
        self.field.picker.picked.connect(lambda _: self._replaced())
        self.field.setContentsMargins(12, 2, 7, 10)
        self.field.picker.hide()
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.head)
        box.addWidget(self.field)
        self.setFocusProxy(self.head)

    @property
    def remove(self) -> QToolButton:
        """The button that takes it out."""
        return self.head.remove

    def show_item(self, item: Any, count: int) -> None:
        """Shows a call, one of so many."""
        self.item = item
        self._count = count
        self.field.show_value(item)
        self._arrange()

    def toggle(self) -> None:
        """Opens it, or closes it."""
        self.open = not self.open
        self._arrange()

    def _arrange(self) -> None:
        opens = self.field.form is not None
        replacing = not self.field.picker.isHidden()
        self.field.setVisible((self.open and opens) or replacing)
        self.head.show_call(self.item, opens, self.open and opens, self._count > 1)

    def menu(self) -> QMenu:
        """What can be done with it."""
        menu = QMenu(self)
        if self.head.opens:
            menu.addAction("Close" if self.open else "Open", self.toggle)
        menu.addAction("Replace…", self._replace)
        up = menu.addAction("Move up\tAlt+Up", lambda: self._rows.move(self.index, -1))
        down = menu.addAction("Move down\tAlt+Down", lambda: self._rows.move(self.index, 1))
        up.setEnabled(self.index > 0)
        down.setEnabled(self.index < self._count - 1)
        menu.addSeparator()
        menu.addAction("Remove\tDel", lambda: self._rows.remove(self.index))
        return menu

    def _replace(self) -> None:
        """Lets another call be picked for its place; what both have is kept."""
        self.field.picker.show()
        self._arrange()
        self.field.picker.setFocus()
        self.field.picker.showPopup()

    def _replaced(self) -> None:
        self.field.picker.hide()
        self._arrange()
        self.head.setFocus()
