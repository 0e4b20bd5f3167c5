"""Where the lines of a plot are drawn, and what mouse and keys do there."""

from __future__ import annotations

import time

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import QFrame

from studio.gui.look.theme import theme
from studio.gui.plots.axes import AlongAxis, ValueAxis

ZOOM = 1.25
"""What one notch of the wheel does."""

FAR = 4
"""Pixels from which on a press that moves is a drag."""

KEYS = {
    (Qt.Key.Key_Left, False): ("step", -1),
    (Qt.Key.Key_Right, False): ("step", 1),
    (Qt.Key.Key_Left, True): ("pan", -0.2),
    (Qt.Key.Key_Right, True): ("pan", 0.2),
    (Qt.Key.Key_Plus, False): ("zoom", 1 / 1.5),
    (Qt.Key.Key_Plus, True): ("zoom", 1 / 1.5),
    (Qt.Key.Key_Equal, False): ("zoom", 1 / 1.5),
    (Qt.Key.Key_Minus, False): ("zoom", 1.5),
    (Qt.Key.Key_Home, False): ("all", 0),
    (Qt.Key.Key_0, False): ("all", 0),
    (Qt.Key.Key_Backspace, False): ("back", 0),
    (Qt.Key.Key_N, False): ("mark", 1),
    (Qt.Key.Key_N, True): ("mark", -1),
    (Qt.Key.Key_L, False): ("log", 0),
    (Qt.Key.Key_Escape, False): ("leave", 0),
}
"""Key, whether with Shift: what it does, and how far."""


class Surface(pg.PlotWidget):
    """Signals: `hovered(float | None)` the place along it that the mouse is at;
    `asked(str, float, float)` what is to be done, how far, and around which place.
    """

    hovered = Signal(object)
    asked = Signal(str, float, float)

    def __init__(self, unit: str = ""):
        self.value_axis, self.along_axis = ValueAxis(unit), AlongAxis()
        axes = {"left": self.value_axis, "bottom": self.along_axis}
        super().__init__(axisItems=axes, enableMenu=False)
        self.spent = 0.0
        """Seconds that painting has taken so far."""
        self.cross: float | None = None
        self._pressed: QPointF | None = None
        self._dragged: tuple[float, float] | None = None
        self._panning = False
        item = self.getPlotItem()
        item.hideButtons()
        item.setContentsMargins(0, 4, 10, 0)
        view = item.getViewBox()
        view.setMouseEnabled(False, False)
        view.disableAutoRange()
        view.setDefaultPadding(0.0)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.colour()

    def colour(self) -> None:
        """Takes the colours of the theme."""
        self.setBackground(theme.color("panel"))
        self.value_axis.colour()
        self.along_axis.colour()

    @property
    def pixels(self) -> int:
        """How wide the part is in which lines are drawn."""
        return max(50, int(self.getViewBox().width()))

    def add(self, item: pg.GraphicsObject) -> None:
        """Draws one more thing, which doesn't choose what is in sight."""
        self.getPlotItem().addItem(item, ignoreBounds=True)

    def set_ranges(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        """What is in sight."""
        self.getViewBox().setRange(xRange=x, yRange=y, padding=0, disableAutoRange=False)

    def show_cross(self, x: float | None) -> None:
        """A line over all plots at one place, painted over what is drawn."""
        if x == self.cross:
            return
        for place in (self.cross, x):
            self._repaint(place)
        self.cross = x

    def _repaint(self, place: float | None) -> None:
        if place is not None:
            rect, at = self._inside(), self._pixel(place)
            self.viewport().update(QRectF(at - 2, rect.top(), 4, rect.height()).toRect())

    def _inside(self) -> QRectF:
        view = self.getViewBox()
        return view.mapRectToScene(view.boundingRect())

    def _pixel(self, place: float) -> float:
        return self.getViewBox().mapViewToScene(QPointF(place, 0.0)).x()

    def place(self, point: QPointF) -> float:
        """What is along the plot at a point of the widget."""
        return self.getViewBox().mapSceneToView(point).x()

    def paintEvent(self, event) -> None:
        began = time.perf_counter()
        super().paintEvent(event)
        painter = QPainter(self.viewport())
        rect = self._inside()
        if self._dragged is not None and not self._panning:
            start, end = sorted(self._dragged)
            painter.fillRect(
                QRectF(start, rect.top(), end - start, rect.height()), theme.color("accent", 40)
            )
        if self.cross is not None:
            at = self._pixel(self.cross)
            if rect.left() - 1 <= at <= rect.right() + 1:
                painter.setPen(QPen(theme.color("muted"), 1))
                painter.drawLine(QPointF(at, rect.top()), QPointF(at, rect.bottom()))
        if self.hasFocus():
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.drawRoundedRect(QRectF(self.viewport().rect()).adjusted(1, 1, -1, -1), 4, 4)
        painter.end()
        self.spent += time.perf_counter() - began

    def focusInEvent(self, event) -> None:
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

    # The mouse

    def mousePressEvent(self, event) -> None:
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            self._pressed = event.position()
            shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._panning = shift or event.button() == Qt.MouseButton.MiddleButton
        event.accept()

    def mouseMoveEvent(self, event) -> None:
        at = event.position()
        if self._pressed is not None:
            self._drag(at)
        elif self._inside().contains(at):
            self.hovered.emit(self.place(at))
        else:
            self.hovered.emit(None)
        event.accept()

    def _drag(self, at: QPointF) -> None:
        if self._dragged is None and abs(at.x() - self._pressed.x()) < FAR:
            return
        first = self._dragged is None
        if self._panning:
            by = self.place(self._pressed) - self.place(at)
            self.asked.emit("grab" if first else "drag", by, 0.0)
            self._pressed = at
        else:
            self.viewport().update()
        self._dragged = (self._pressed.x(), at.x())

    def mouseReleaseEvent(self, event) -> None:
        dragged, panned = self._dragged, self._panning
        self._pressed = self._dragged = None
        self._panning = False
        if dragged is not None and not panned:
            y = self._inside().center().y()
            start, end = (self.place(QPointF(x, y)) for x in sorted(dragged))
            self.asked.emit("span", start, end)
        self.viewport().update()
        event.accept()

    def mouseDoubleClickEvent(self, event) -> None:
        self.asked.emit("all", 0.0, 0.0)
        event.accept()

    def wheelEvent(self, event) -> None:
        """Zooms with Ctrl, or where the plot is the one in use; else the board scrolls."""
        control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        turned = event.angleDelta()
        if turned.x() and not turned.y():
            self.asked.emit("pan", -turned.x() / 1200, 0.0)
        elif control or self.hasFocus():
            self.asked.emit("zoom", ZOOM ** (-turned.y() / 120), self.place(event.position()))
        else:
            event.ignore()
            return
        event.accept()

    def leaveEvent(self, event) -> None:
        super().leaveEvent(event)
        self.hovered.emit(None)

    def event(self, event) -> bool:
        """Its keys are its own, also where a command of the window has the same."""
        if event.type() == QEvent.Type.ShortcutOverride and _meant(event) is not None:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event) -> None:
        found = _meant(event)
        if found is None:
            event.ignore()  # the board scrolls, or a command is run
            return
        what, by = found
        self.asked.emit(what, float(by), float("nan"))
        event.accept()


def _meant(event: QKeyEvent) -> tuple[str, float] | None:
    """What a key means, of those in `KEYS`."""
    held = event.modifiers()
    if held & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier):
        return None
    return KEYS.get((Qt.Key(event.key()), bool(held & Qt.KeyboardModifier.ShiftModifier)))
