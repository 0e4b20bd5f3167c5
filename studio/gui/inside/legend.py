"""The legend of what nodes glow with: the figure, its scale, and what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt
from PySide6.QtGui import QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.engine.inside.judging import figure, share
from studio.gui.inside.scale import MEASURES, heat
from studio.gui.look.icons import icon
from studio.gui.look.theme import mono, theme

if TYPE_CHECKING:
    from studio.gui.canvas.glow import Glow
    from studio.gui.window import Window

WIDTH, MARGIN = 264, 14


class Legend(QFrame):
    """Stands over the canvas, in its lower left corner, while a run shows what goes on inside."""

    def __init__(self, window: Window, glow: Glow):
        super().__init__()
        self._window, self._glow = window, glow
        self._stack: QWidget | None = None
        self.setProperty("role", "card")
        self.setAccessibleName("Legend of the glow")
        self.setFixedWidth(WIDTH)
        self.measure = QComboBox()
        self.measure.setAccessibleName("What nodes glow with")
        for each in MEASURES:
            self.measure.addItem(each.title, each.id)
        self.measure.activated.connect(self._chosen)
        self.off = QToolButton(icon=icon("x", "muted"), toolTip="Show no more of it")
        self.off.setAccessibleName("Show no more of what goes on inside")
        self.off.setProperty("role", "flat")
        self.off.setIconSize(QSize(14, 14))
        self.off.clicked.connect(lambda: glow.switch(False))
        self.scale = Scale()
        self.note = QLabel(wordWrap=True)
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setProperty("role", "small")
        self.note.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.measure, 1)
        row.addWidget(self.off)
        box = QVBoxLayout(self)
        box.setContentsMargins(10, 8, 8, 8)
        box.setSpacing(6)
        box.addLayout(row)
        box.addWidget(self.scale)
        box.addWidget(self.note)
        self.hide()

    def refresh(self) -> None:
        """Shows what there is now; hidden where nothing is asked for, or no run goes on."""
        stack = self._window.tabs.stack
        if self._stack is None:
            self._stack = stack
            self.setParent(stack)
            stack.installEventFilter(self)
        glow = self._glow
        shown = glow.on and self._window.canvas is not None and self._window.runner.running
        if not shown:
            self.hide()
            return
        self.measure.setCurrentIndex(MEASURES.index(glow.measure))
        scale = glow.range()
        values = glow.values()
        self.scale.show_range(scale.low, scale.high, bool(values))
        self.scale.setVisible(bool(values))
        self.note.setText(self._words(values))
        self.show()
        self._place()
        self.raise_()

    def _words(self, values: dict[str, float]) -> str:
        glow, event = self._glow, self._glow.event
        if glow.message:
            return glow.message
        if event is None:
            return "Waiting for the first look inside: a batch is being kept for it."
        said = [f"step {event.get('step', 0):,}"]
        norm = (event.get("gradients") or {}).get("norm")
        if norm is not None and glow.measure.part == "gradients":
            said.append(f"all {figure(norm)}")
        said.append(f"{share(event.get('share', 0.0))} of the time")
        if not values and event.get("note"):
            said.append(str(event["note"]))
        count = len(glow.findings)
        if count:
            said.append(f"{count} badge{'s' * (count > 1)}")
        return " · ".join(said)

    def _chosen(self, index: int) -> None:
        self._glow.show_measure(MEASURES[index])
        self._window.canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and not self.isHidden():
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        self.setFixedHeight(self.layout().heightForWidth(WIDTH))
        self.move(MARGIN, max(self._stack.height() - self.height() - MARGIN, 4))


class Scale(QWidget):
    """The colours from little to much, with the figures at both ends."""

    def __init__(self) -> None:
        super().__init__()
        self._low = self._high = ""
        self.setFixedHeight(26)
        theme.changed.connect(self.update)

    def show_range(self, low: float, high: float, known: bool) -> None:
        """Shows the two ends."""
        ends = (figure(low), figure(high)) if known else ("", "")
        if ends != (self._low, self._high):
            self._low, self._high = ends
            self.setAccessibleDescription(f"from {ends[0]} (blue) to {ends[1]} (red)")
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        bar = QRectF(0, 1, self.width(), 8)
        colours = QLinearGradient(bar.topLeft(), bar.topRight())
        for place in range(9):
            colours.setColorAt(place / 8, heat(place / 8))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colours)
        painter.drawRoundedRect(bar, 4, 4)
        painter.setPen(theme.color("muted"))
        painter.setFont(mono(11))
        room = QRectF(0, 11, self.width(), 15)
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft, self._low)
        painter.drawText(room, Qt.AlignmentFlag.AlignRight, self._high)
