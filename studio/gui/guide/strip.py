"""The strip that says what is to be done, and how many steps there are."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from studio.gui.look.icons import icon
from studio.gui.look.theme import theme

DOT, GAP = 7, 7


class Strip(QWidget):
    """One sentence or two, dots for the steps, a button to go on where nothing else does."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("guide")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("The first minute")
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 8, 8, 8)
        row.setSpacing(12)
        self.dots = Dots()
        self.text = QLabel(wordWrap=True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.next = QPushButton("Next")
        self.next.setProperty("role", "primary")
        self.closer = QPushButton()
        self.closer.setIcon(icon("x", "muted"))
        self.closer.setProperty("role", "flat")
        self.closer.setFixedSize(26, 26)
        self.closer.setToolTip("End the guide; Help has it")
        self.closer.setAccessibleName("End the guide")
        row.addWidget(self.dots)
        row.addWidget(self.text, 1)
        row.addWidget(self.next)
        row.addWidget(self.closer)
        self.hide()

    def tell(self, text: str, step: int, of: int, goes_on: bool) -> None:
        """Says what is to be done in step `step`, counted from 0; `goes_on` shows Next."""
        self.dots.put(step, of)
        if text != self.text.text():
            self.text.setText(text)
            self.text.setAccessibleName(f"Step {min(step + 1, of)} of {of}: {text}")
        self.next.setVisible(goes_on)
        self.show()


class Dots(QWidget):
    """A dot for each step: those that are done filled, that which is to be done larger."""

    def __init__(self) -> None:
        super().__init__()
        self._step, self._of = 0, 1
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)

    def put(self, step: int, of: int) -> None:
        """Shows that so many are done."""
        if (step, of) != (self._step, self._of):
            self._step, self._of = step, of
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(self._of * DOT + (self._of - 1) * GAP + 4, DOT + 6)

    def paintEvent(self, event) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for index in range(self._of):
            painter.setBrush(theme.color("accent" if index <= self._step else "edge"))
            radius = DOT / 2 + (1.5 if index == self._step else 0)
            middle = QPointF(2 + DOT / 2 + index * (DOT + GAP), self.height() / 2)
            painter.drawEllipse(middle, radius, radius)
