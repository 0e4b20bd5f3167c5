"""The pad on which a person draws for a model: by the mouse, a pen, or the keys."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.gui.look.theme import sans, theme

LEAST, MOST = 96, 300
"""Pixels that its sides have, at least and at most."""

STEP = 1 / 20
"""How far a key moves the pen, as a part of the side."""

MOVES = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}

OTHERS = (Qt.Key.Key_Space, Qt.Key.Key_Backspace, Qt.Key.Key_Delete)


class Pad(QWidget):
    """Points of strokes are parts of its side, so that they stay where they are when it grows.

    Signals: `drawn()` the strokes have changed; `entered()` somebody is about to draw.
    """

    drawn = Signal()
    entered = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.strokes: list[list[QPointF]] = []
        self.image: QImage | None = None
        self.pen = 0.1
        self._at: QPointF | None = None
        self._down = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setMinimumSize(LEAST, LEAST)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Drawing pad")
        self.setAccessibleDescription(
            "Draw with the mouse. By the keys: arrows move the pen, Space puts it down or lifts "
            "it, Backspace takes the last stroke away, Delete clears all."
        )
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(MOST, MOST)

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self.setMaximumWidth(max(LEAST, min(self.height(), MOST)))  # it is square

    @property
    def place(self) -> QRectF:
        """The square in which is drawn."""
        side = min(self.width(), self.height(), MOST)
        found = QRectF(0, 0, side, side)
        found.moveTop((self.height() - side) / 2)
        return found

    def clear(self) -> None:
        """Takes all away."""
        self.strokes, self.image, self._down = [], None, False
        self.update()
        self.drawn.emit()

    def undo(self) -> None:
        """Takes the last stroke away."""
        self._down = False
        if self.image is not None:
            self.clear()
        elif self.strokes:
            self.strokes.pop()
            self.update()
            self.drawn.emit()

    def show_image(self, image: QImage) -> None:
        """Shows an image in the place of strokes."""
        self.strokes, self.image = [], image
        self.update()
        self.drawn.emit()

    def _part(self, point: QPointF) -> QPointF:
        """A point of the widget as a part of the square; what is outside is at its edge."""
        place = self.place
        x = (point.x() - place.left()) / place.width()
        y = (point.y() - place.top()) / place.height()
        return QPointF(max(0.0, min(x, 1.0)), max(0.0, min(y, 1.0)))

    def _begin(self, at: QPointF) -> None:
        self.image = None
        self.strokes.append([at])
        self.update()
        self.drawn.emit()

    def _go_on(self, at: QPointF) -> None:
        self.strokes[-1].append(at)
        self.update()
        self.drawn.emit()

    # The mouse

    def enterEvent(self, event) -> None:
        super().enterEvent(event)
        self.entered.emit()

    def focusInEvent(self, event) -> None:
        super().focusInEvent(event)
        self.entered.emit()
        self.update()

    def focusOutEvent(self, event) -> None:
        super().focusOutEvent(event)
        self._down = False
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.place.contains(event.position()):
            self.entered.emit()
            self._at = None
            self._begin(self._part(event.position()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton and self.strokes:
            self._go_on(self._part(event.position()))

    # The keys

    def event(self, event: QEvent) -> bool:
        """Its keys are its own here, whatever else they do in the window."""
        if event.type() == QEvent.Type.ShortcutOverride and event.key() in (*MOVES, *OTHERS):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in MOVES:
            right, down = MOVES[key]
            before = self._at or QPointF(0.5, 0.5)
            self._at = QPointF(
                max(0.0, min(before.x() + right * STEP, 1.0)),
                max(0.0, min(before.y() + down * STEP, 1.0)),
            )
            if self._down:
                self._go_on(self._at)
            self.update()
        elif key == Qt.Key.Key_Space:
            self._at = self._at or QPointF(0.5, 0.5)
            self._down = not self._down
            if self._down:
                self._begin(self._at)
            self.update()
        elif key == Qt.Key.Key_Backspace:
            self.undo()
        elif key == Qt.Key.Key_Delete:
            self.clear()
        else:
            super().keyPressEvent(event)

    # Painting

    def paintEvent(self, event) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        place = self.place.adjusted(1, 1, -1, -1)
        focus = self.hasFocus()
        painter.setPen(QPen(theme.color("accent" if focus else "edge"), 2 if focus else 1))
        painter.setBrush(theme.color("field"))
        painter.drawRoundedRect(place, 6, 6)
        clip = QPainterPath()
        clip.addRoundedRect(place.adjusted(1, 1, -1, -1), 5, 5)
        painter.setClipPath(clip)
        if self.image is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            size = self.image.size().scaled(
                place.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio
            )
            target = QRectF(0, 0, size.width(), size.height())
            target.moveCenter(place.center())
            painter.drawImage(target, self.image)
        elif not self.strokes:
            painter.setPen(theme.color("muted"))
            painter.setFont(sans(12))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(place.adjusted(10, 10, -10, -10), flags, "Draw here")
        self._paint_strokes(painter)
        if focus and self._at is not None:
            self._paint_pen(painter)

    def _there(self, part: QPointF) -> QPointF:
        place = self.place
        return QPointF(
            place.left() + part.x() * place.width(), place.top() + part.y() * place.height()
        )

    def _paint_strokes(self, painter: QPainter) -> None:
        cap, join = Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
        wide = self.pen * self.place.width()
        painter.setPen(QPen(theme.color("text"), wide, Qt.PenStyle.SolidLine, cap, join))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for stroke in self.strokes:
            path = QPainterPath(self._there(stroke[0]))
            for point in stroke[1:] or stroke:
                path.lineTo(self._there(point) + QPointF(0.01, 0))
            painter.drawPath(path)

    def _paint_pen(self, painter: QPainter) -> None:
        at = self._there(self._at)
        painter.setPen(QPen(theme.color("accent"), 1.5))
        painter.setBrush(theme.color("accent") if self._down else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(at, 5, 5)
