"""A confusion matrix, painted: true classes in rows, predicted ones in columns."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QToolTip

from studio.gui.look.theme import mono, sans, theme
from studio.gui.look.tokens import contrast

LEAST, MOST = 20, 88
"""Pixels that a cell is wide and high, at least and at most."""

WRITTEN = 26
"""Pixels from which a cell has room for its figure."""

NAMES = 110
"""Pixels that the names of classes have, at most."""

AXIS = 18
"""Pixels of the words beside and above the names."""

PAD = 8

MOVES = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}

ENDS = (Qt.Key.Key_Home, Qt.Key.Key_End)
ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)


class Matrix(QAbstractScrollArea):
    """Cells that the mouse and the keys choose; the names stay in sight when it is scrolled.

    Signals: `chosen(int, int)` a cell, by its true and its predicted class; `hovered(object)` the
    cell under the mouse, or None.
    """

    chosen = Signal(int, int)
    hovered = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.counts: list[list[int]] = []
        self.shares = True
        self.current: tuple[int, int] | None = None
        self._over: tuple[int, int] | None = None
        self._sums: list[int] = []
        self._cell = (LEAST, LEAST)
        self._left = self._top = 0
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Confusion matrix: true classes in rows, predicted in columns")
        self.viewport().setMouseTracking(True)
        theme.changed.connect(self.viewport().update)

    # What it shows

    def show_counts(self, names: list[str], counts: list[list[int]]) -> None:
        """Shows how often each class of the rows was taken for each of the columns."""
        if len(names) != len(self.names):
            self.current = None
            self.horizontalScrollBar().setValue(0)
            self.verticalScrollBar().setValue(0)
        self.names, self.counts = names, counts
        self._sums = [sum(row) for row in counts]
        self._measure()
        self._describe()

    def show_shares(self, shares: bool) -> None:
        """Writes the share of a row into its cells, or the count."""
        self.shares = shares
        self.viewport().update()

    def share(self, true: int, predicted: int) -> float:
        """The part of a true class that was taken for the other."""
        total = self._sums[true]
        return self.counts[true][predicted] / total if total else 0.0

    def sentence(self, cell: tuple[int, int]) -> str:
        """What a cell says, in words."""
        true, predicted = cell
        count, total = self.counts[true][predicted], self._sums[true]
        name, other = self.names[true], self.names[predicted]
        what = f"{name} taken for {other}" if true != predicted else f"{name} known as such"
        part = f" ({self.share(true, predicted):.1%})" if total else ""
        return f"{what}: {count:,} of {total:,}{part}"

    def choose(self, true: int, predicted: int) -> None:
        """Makes a cell the current one, in sight, and tells so."""
        self.current = (true, predicted)
        self._reveal()
        self._describe()
        self.viewport().update()
        self.chosen.emit(true, predicted)

    def _describe(self) -> None:
        self.setAccessibleDescription(self.sentence(self.current) if self.current else "")

    # Where what stands

    def _measure(self) -> None:
        """Sees how large cells can be, and whether it has to be scrolled."""
        count, room = len(self.names), self.viewport().size()
        metrics = QFontMetricsF(sans(11))
        longest = max((metrics.horizontalAdvance(name) for name in self.names), default=0)
        names = min(NAMES, round(longest) + 10)
        self._left = AXIS + names
        wide = (room.width() - self._left - PAD) // max(1, count)
        upright = longest + 6 > max(LEAST, min(wide, MOST))
        self._top = AXIS + (names if upright else 20)
        high = (room.height() - self._top - PAD) // max(1, count)
        self._upright = upright
        self._cell = tuple(max(LEAST, min(size, MOST)) for size in (wide, high))
        for bar, size, cell, before in (
            (self.horizontalScrollBar(), room.width(), self._cell[0], self._left),
            (self.verticalScrollBar(), room.height(), self._cell[1], self._top),
        ):
            bar.setSingleStep(cell)
            bar.setPageStep(max(1, size - before))
            bar.setRange(0, max(0, before + cell * count + PAD - size))
        self.viewport().update()

    def rect_of(self, true: int, predicted: int) -> QRect:
        """Where a cell is, in the viewport."""
        wide, high = self._cell
        x = self._left + predicted * wide - self.horizontalScrollBar().value()
        y = self._top + true * high - self.verticalScrollBar().value()
        return QRect(x, y, wide, high)

    def cell_at(self, point: QPoint) -> tuple[int, int] | None:
        """The cell at a point of the viewport."""
        if point.x() < self._left or point.y() < self._top:
            return None
        column = (point.x() - self._left + self.horizontalScrollBar().value()) // self._cell[0]
        row = (point.y() - self._top + self.verticalScrollBar().value()) // self._cell[1]
        count = len(self.names)
        return (row, column) if row < count and column < count else None

    def _reveal(self) -> None:
        rect, room = self.rect_of(*self.current), self.viewport().rect()
        for bar, low, high, start, end in (
            (self.horizontalScrollBar(), rect.left(), rect.right(), self._left, room.right()),
            (self.verticalScrollBar(), rect.top(), rect.bottom(), self._top, room.bottom()),
        ):
            if low < start:
                bar.setValue(bar.value() - (start - low))
            elif high > end - PAD:
                bar.setValue(bar.value() + high - (end - PAD))

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self._measure()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.viewport().update()

    # The mouse and the keys

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self.cell_at(event.position().toPoint()))

    def leaveEvent(self, event) -> None:
        super().leaveEvent(event)
        self._hover(None)

    def _hover(self, cell: tuple[int, int] | None) -> None:
        if cell == self._over:
            return
        self._over = cell
        self.hovered.emit(cell)
        self.viewport().update()
        if cell is None:
            QToolTip.hideText()
        else:
            place = self.viewport().mapToGlobal(self.rect_of(*cell).bottomRight())
            text = f"<p>{escape(self.sentence(cell), quote=False)}</p>"
            QToolTip.showText(place, text, self.viewport(), self.rect_of(*cell))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        cell = self.cell_at(event.position().toPoint())
        if cell is not None and event.button() == Qt.MouseButton.LeftButton:
            self.choose(*cell)

    def event(self, event: QEvent) -> bool:
        """Its keys are its own here, whatever else they do in the window."""
        if event.type() == QEvent.Type.ShortcutOverride and event.key() in (*MOVES, *ENDS, *ENTER):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        last = len(self.names) - 1
        if last < 0:
            super().keyPressEvent(event)
            return
        row, column = self.current or (0, 0)
        if event.key() in MOVES:
            down, right = MOVES[event.key()]
            row, column = (row + down, column + right) if self.current else (0, 0)
        elif event.key() == Qt.Key.Key_Home:
            row = column = 0
        elif event.key() == Qt.Key.Key_End:
            row = column = last
        elif event.key() not in ENTER:
            super().keyPressEvent(event)
            return
        self.choose(max(0, min(row, last)), max(0, min(column, last)))

    # Painting

    def paintEvent(self, event) -> None:
        painter = QPainter(self.viewport())
        painter.fillRect(self.viewport().rect(), theme.color("panel"))
        if not self.names:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_cells(painter)
        self._paint_names(painter)
        if self.hasFocus() and self.current is None:
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            seen = QRectF(self.viewport().rect()).adjusted(1, 1, -1, -1)
            painter.drawRoundedRect(seen, 4, 4)

    def _in_sight(self) -> tuple[range, range]:
        """The rows and the columns of which something is to be seen."""
        room, found = self.viewport().size(), []
        for bar, size, cell, before in (
            (self.verticalScrollBar(), room.height(), self._cell[1], self._top),
            (self.horizontalScrollBar(), room.width(), self._cell[0], self._left),
        ):
            first = bar.value() // cell
            last = first + (size - before) // cell + 2
            found.append(range(first, min(len(self.names), last)))
        return found[0], found[1]

    def _paint_cells(self, painter: QPainter) -> None:
        rows, columns = self._in_sight()
        written = min(self._cell) >= LEAST and self._cell[0] >= WRITTEN
        painter.setFont(mono(11 if self._cell[0] >= 34 else 10))
        for row in rows:
            for column in columns:
                rect = QRectF(self.rect_of(row, column)).adjusted(1, 1, -1, -1)
                count = self.counts[row][column]
                ground = self._colour(row, column)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(ground)
                painter.drawRoundedRect(rect, 3, 3)
                if written and count:
                    painter.setPen(_ink(ground))
                    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, self._figure(row, column))
        for cell, name, wide in ((self._over, "muted", 1.0), (self.current, "text", 2.0)):
            if cell is not None:
                painter.setPen(QPen(theme.color(name), wide))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRoundedRect(QRectF(self.rect_of(*cell)).adjusted(1, 1, -1, -1), 3, 3)

    def _figure(self, row: int, column: int) -> str:
        if self.shares:
            share = 100 * self.share(row, column)
            return f"{share:.0f}" if share >= 1 else "<1"
        count = self.counts[row][column]
        if count < 10_000:
            return str(count)
        return f"{count / 1000:.0f}k" if count < 1e6 else f"{count / 1e6:.0f}M"

    def _colour(self, row: int, column: int) -> QColor:
        """The more, the stronger: what is right in one colour, what is wrong in another."""
        if not self.counts[row][column]:
            return theme.color("field")
        share = self.share(row, column)
        # A few that are wrong are what one looks for: they are to be seen among zeros.
        strength = 0.12 + 0.88 * share if row == column else 0.18 + 0.82 * share**0.6
        return mixed("accent" if row == column else "error", "field", strength)

    def _paint_names(self, painter: QPainter) -> None:
        """Over the cells that are scrolled below them."""
        rows, columns = self._in_sight()
        size, ground = self.viewport().size(), theme.color("panel")
        painter.fillRect(0, 0, size.width(), self._top, ground)
        painter.fillRect(0, 0, self._left, size.height(), ground)
        font = sans(11)
        metrics = QFontMetricsF(font)
        marked = self._over or self.current
        painter.save()
        painter.setClipRect(0, self._top, self._left, size.height() - self._top)
        for row in rows:
            rect = self.rect_of(row, 0)
            place = QRectF(AXIS, rect.top(), self._left - AXIS - 6, rect.height())
            self._name(painter, place, self.names[row], marked is not None and marked[0] == row)
        painter.restore()
        painter.save()
        painter.setClipRect(self._left, 0, size.width() - self._left, self._top)
        for column in columns:
            rect = self.rect_of(0, column)
            strong = marked is not None and marked[1] == column
            if self._upright:
                painter.save()
                painter.translate(rect.center().x() + 1, self._top - 6)
                painter.rotate(-90)
                place = QRectF(0, -rect.width() / 2, self._top - AXIS - 6, rect.width())
                self._name(painter, place, self.names[column], strong, Qt.AlignmentFlag.AlignLeft)
                painter.restore()
            else:
                place = QRectF(rect.left(), AXIS, rect.width(), self._top - AXIS - 2)
                flag = Qt.AlignmentFlag.AlignHCenter
                self._name(painter, place, self.names[column], strong, flag)
        painter.restore()
        painter.setFont(sans(11, 600))
        painter.setPen(theme.color("muted"))
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(self._left + 2, 0, 200, AXIS), left, "Predicted")
        painter.save()
        bottom = self.rect_of(min(rows[-1], len(self.names) - 1), 0).bottom() if rows else 0
        painter.translate(0, min(max(self._top + metrics.height() * 2, bottom), size.height()))
        painter.rotate(-90)
        painter.drawText(QRectF(2, 0, 200, AXIS), left, "True")
        painter.restore()

    def _name(
        self,
        painter: QPainter,
        place: QRectF,
        text: str,
        strong: bool,
        side: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignRight,
    ) -> None:
        font = sans(11, 600 if strong else 400)
        painter.setFont(font)
        painter.setPen(theme.color("text" if strong else "muted"))
        elided = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, place.width())
        flags = side | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine
        painter.drawText(place, flags, elided)


def mixed(name: str, ground: str, strength: float) -> QColor:
    """A colour of the theme over a ground, so strong."""
    over, under = theme.color(name), theme.color(ground)
    pairs = zip(over.getRgb()[:3], under.getRgb()[:3], strict=True)
    return QColor(*(round(strength * one + (1 - strength) * other) for one, other in pairs))


def _ink(ground: QColor) -> QColor:
    """The colour in which text is read best on a ground."""
    inks = (theme.color("text"), theme.color("on_accent"))
    return max(inks, key=lambda ink: contrast(ink.name(), ground.name()))
