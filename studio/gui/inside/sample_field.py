"""The number of a sample: typed, or changed by the arrow keys, the wheel, or two buttons beside."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QLineEdit

STEPS = {
    Qt.Key.Key_Up: 1,
    Qt.Key.Key_Down: -1,
    Qt.Key.Key_PageUp: 10,
    Qt.Key.Key_PageDown: -10,
}


class SampleField(QLineEdit):
    """A whole number from 1 on. `chosen` is emitted when a person has changed it."""

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__("1")
        self.value, self._most = 1, 1
        self.setProperty("role", "value")
        self.setFixedWidth(46)
        self.setAccessibleName("Which sample of the batch is shown")
        self.editingFinished.connect(self._typed)

    def show_value(self, value: int, most: int) -> None:
        """Shows another number, of so many."""
        self.value, self._most = value, most
        self.setText(str(value))

    def step(self, by: int) -> None:
        """Goes on, or back, as far as there are samples."""
        self._take(self.value + by)

    def _typed(self) -> None:
        text = self.text().strip()
        self._take(int(text) if text.isascii() and text.isdigit() else self.value)

    def _take(self, value: int) -> None:
        value = min(max(value, 1), self._most)
        changed, self.value = value != self.value, value
        self.setText(str(value))
        if changed:
            self.chosen.emit(value)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        by = STEPS.get(Qt.Key(event.key()))
        if by is None:
            super().keyPressEvent(event)
        else:
            self.step(by)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            self.step(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
