"""The small widgets that fields are made of: a label, a line, a list to pick from, a switch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QEvent, QObject, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLineEdit, QSizePolicy, QWidget

from studio.gui.look.theme import sans, theme

HEIGHT = 30
_PIXELS_A_STEP = 4


class FieldLabel(QWidget):
    """The name above a field, elided where it is long. Dragged sideways it steps a number."""

    stepped = Signal(int)

    def __init__(self, text: str, steps: bool = False):
        super().__init__()
        self.text = text
        self._steps = steps
        self._from: float | None = None
        self.setFixedHeight(16)
        self.setMinimumWidth(20)
        self.setFont(sans(11))
        if steps:
            self.setCursor(Qt.CursorShape.SizeHorCursor)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(theme.color("muted"))
        metrics = self.fontMetrics()
        text = metrics.elidedText(self.text, Qt.TextElideMode.ElideMiddle, self.width())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter, text)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._steps and event.button() == Qt.MouseButton.LeftButton:
            self._from = event.position().x()
        else:
            event.ignore()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._from is None:
            return
        steps = int((event.position().x() - self._from) / _PIXELS_A_STEP)
        if steps:
            self._from += steps * _PIXELS_A_STEP
            self.stepped.emit(steps)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._from = None


class Line(QLineEdit):
    """One line of text. Undo is left to the window: what is typed is set at once.

    Signals: `stepped(int)` by the arrow keys, or the wheel while it has the
    focus; `escaped()`; `menu_asked(QPoint)` with a place on the screen.
    """

    stepped = Signal(int)
    escaped = Signal()
    menu_asked = Signal(QPoint)

    def __init__(self, mono: bool = True):
        super().__init__()
        if mono:
            self.setProperty("role", "value")
        self.setMinimumWidth(20)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and is_undo(event):
            event.ignore()
            return False
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Up: 1,
            Qt.Key.Key_Down: -1,
            Qt.Key.Key_PageUp: 10,
            Qt.Key.Key_PageDown: -10,
        }.get(event.key())
        if is_undo(event):
            event.ignore()
        elif steps is not None:
            shifted = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            self.stepped.emit(steps * (10 if shifted else 1))
        elif event.key() == Qt.Key.Key_Escape:
            self.escaped.emit()
            event.ignore()
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus() and event.angleDelta().y():
            self.stepped.emit(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
        else:
            event.ignore()  # the panel scrolls

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_asked.emit(event.globalPos())


def is_undo(event: QKeyEvent) -> bool:
    """Whether a key is that of undo or redo, which belong to the window."""
    return event.matches(QKeySequence.StandardKey.Undo) or event.matches(
        QKeySequence.StandardKey.Redo
    )


_OPENING = (
    Qt.Key.Key_Up,
    Qt.Key.Key_Down,
    Qt.Key.Key_Space,
    Qt.Key.Key_Return,
    Qt.Key.Key_Enter,
)

Entry = tuple[str, Any]
"""What a list shows, and what it stands for; ("", None) is a line between others."""


class Picker(QComboBox):
    """A list to pick one from, filled when it is first needed: some have hundreds of entries.

    Signal: `picked(object)` what the chosen entry stands for.
    """

    picked = Signal(object)
    menu_asked = Signal(QPoint)

    def __init__(self, entries: Callable[[], Sequence[Entry]]):
        super().__init__()
        self._make = entries
        self._entries: list[Entry] | None = None
        self._shown = ""
        self._typed = ""
        self._listens = False
        self.setProperty("role", "value")
        self.setMinimumWidth(20)
        self.setMinimumContentsLength(1)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMaxVisibleItems(16)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.activated.connect(self._activated)

    def show_text(self, text: str, quiet: bool = False) -> None:
        """Shows an entry, or a text that is none; `quiet` in the colour of defaults."""
        self._shown, self._entries = text, None
        self.clear()
        if quiet:
            self.setPlaceholderText(text)
        else:
            self.addItem(text)
        self.setCurrentIndex(-1 if quiet else 0)
        if self.property("quiet") != quiet:
            self.setProperty("quiet", quiet)
            self.style().unpolish(self)
            self.style().polish(self)
        self.setToolTip(text if len(text) > 14 else "")

    def fill(self) -> list[Entry]:
        """The entries, asked for now if they weren't."""
        if self._entries is None:
            entries = list(self._make())
            quiet = self.currentIndex() < 0
            self.clear()
            for text, _ in entries:
                if text:
                    self.addItem(text)
                else:
                    self.insertSeparator(self.count())
            self._entries = entries
            index = -1 if quiet else self.findText(self._shown)
            if index < 0 and not quiet:
                self._entries.insert(0, (self._shown, ...))
                self.insertItem(0, self._shown)
                index = 0
            self.setCurrentIndex(index)
        return self._entries

    def showPopup(self) -> None:
        self.fill()
        width = max(self.fontMetrics().horizontalAdvance(t) for t, _ in self._entries or [("", 0)])
        self.view().setMinimumWidth(min(width + 48, 320))
        self._typed = ""
        if not self._listens:
            self._listens = True
            self.view().installEventFilter(self)
        super().showPopup()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and event.text().strip().isprintable():
            if event.text().strip():
                self._search(event.text())
                return True
            if event.key() == Qt.Key.Key_Backspace:
                self._typed = self._typed[:-1]
                self._search("")
                return True
        return super().eventFilter(watched, event)

    def _search(self, letter: str) -> None:
        """Goes to the entry that begins with what was typed, else to one that contains it."""
        self._typed += letter.lower()
        texts = [self.itemText(index).lower() for index in range(self.count())]
        ranks = (str.startswith, str.__contains__)
        found = (i for fits in ranks for i, t in enumerate(texts) if fits(t, self._typed))
        index = next(found, -1)
        if index >= 0:
            self.view().setCurrentIndex(self.model().index(index, 0))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # A closed list would pick at each letter on the way to the one that is meant.
        text = event.text()
        if is_undo(event):
            event.ignore()
        elif text.isprintable() and text.strip():
            self.showPopup()
            self._search(text)
        elif event.key() in _OPENING:
            self.showPopup()
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # the panel scrolls; a choice is no number

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_asked.emit(event.globalPos())

    def _activated(self, index: int) -> None:
        entries = self.fill()
        if 0 <= index < len(entries) and entries[index][1] is not ...:
            self.picked.emit(entries[index][1])


class Switch(QAbstractButton):
    """On or off; `quiet` in the colour of defaults."""

    menu_asked = Signal(QPoint)

    def __init__(self) -> None:
        super().__init__()
        self.setCheckable(True)
        self.quiet = False
        self.setFixedHeight(HEIGHT)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def sizeHint(self) -> QSize:
        return QSize(70, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        on, enabled = self.isChecked(), self.isEnabled()
        track = QRectF(2, (self.height() - 18) / 2, 32, 18)
        painter.setPen(QPen(theme.color("accent" if on else "edge"), 1))
        painter.setBrush(theme.color("accent" if on else "field", 255 if enabled else 120))
        painter.drawRoundedRect(track.adjusted(0.5, 0.5, -0.5, -0.5), 9, 9)
        knob = QRectF(track.right() - 16 if on else track.left() + 2, track.top() + 2, 14, 14)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("on_accent" if on else "edge"))
        painter.drawEllipse(knob.adjusted(1, 1, -1, -1))
        if self.hasFocus():
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(track.adjusted(-1, -2, 1, 2), 11, 11)
        painter.setPen(theme.color("muted" if self.quiet or not enabled else "text"))
        painter.setFont(sans(12))
        rect = self.rect().adjusted(42, 0, 0, 0)
        painter.drawText(
            rect, Qt.AlignmentFlag.AlignVCenter, self.text() or ("on" if on else "off")
        )

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_asked.emit(event.globalPos())
