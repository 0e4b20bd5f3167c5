"""A script to look at: line numbers, colours, lines that are marked; text that changes in place."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextBlock,
    QTextCharFormat,
    QTextCursor,
    QTextFormat,
    QTextLayout,
)
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from studio.gui.lists import common
from studio.gui.look.theme import mono, theme
from studio.gui.python_colours import spans, states

Ranges = list[tuple[int, int]]


class ScriptView(QPlainTextEdit):
    """Python that can be read, searched and copied. `chosen(int)`: a line, from 1, was clicked.

    Lines get their colours when they are to be seen: a script of any length is
    there at once, and scrolling looks at a few lines.
    """

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__(readOnly=True)
        self.setProperty("role", "plain")
        self.setAccessibleName("Script")
        self.setFont(mono(12))
        self.setUndoRedoEnabled(False)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.lines: list[str] = [""]
        self.marked: Ranges = []
        self.stale = False
        self._states = [0]
        self._look = 0
        self._formats: dict[str, QTextCharFormat] = {}
        self._numbers = _Numbers(self)
        self.blockCountChanged.connect(self._make_room)
        self.updateRequest.connect(self._scrolled)
        theme.changed.connect(self._recolour)
        self._make_room()

    # The text

    def set_text(self, text: str) -> None:
        """Shows another text; lines that stay keep their place in sight, and the selection."""
        new = text.split("\n")
        if new == self.lines:
            return
        first, last = common(self.lines, new)
        if not last:  # the end of both is an empty line; without one all of it is exchanged
            first = 0
        old = len(self.lines)
        top = self.firstVisibleBlock().blockNumber()
        document = self.document()
        cursor = QTextCursor(document)
        cursor.setPosition(document.findBlockByNumber(first).position())
        end = (
            document.findBlockByNumber(old - last).position()
            if last
            else document.characterCount() - 1
        )
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        middle = "".join(f"{line}\n" for line in new[first : len(new) - last])
        cursor.insertText(middle if last else text)
        self.lines = new
        self._states = states(new)
        if first < top:
            bar = self.verticalScrollBar()
            bar.setValue(bar.value() + len(new) - old)
        self.viewport().update()

    def set_stale(self, stale: bool) -> None:
        """Greys the text, as the project says something else by now."""
        if stale != self.stale:
            self.stale = stale
            self._recolour()

    # Colours

    def _recolour(self) -> None:
        self._look += 1
        self._formats.clear()
        self._mark()
        self.viewport().update()
        self._numbers.update()

    def _format(self, colour: str) -> QTextCharFormat:
        if colour not in self._formats:
            found = QTextCharFormat()
            found.setForeground(theme.color(colour))
            self._formats[colour] = found
        return self._formats[colour]

    def _colour(self, block: QTextBlock) -> None:
        number = block.blockNumber()
        state = self._states[number] if number < len(self._states) else 0
        # A block that is given another text keeps what it was told of the old one.
        key = hash((self._look, state, block.text())) & 0x7FFFFFFF
        if block.userState() == key:
            return
        block.setUserState(key)
        if self.stale:
            wanted = ((0, block.length(), "muted"),)
        else:
            wanted = spans(block.text(), state)
        ranges = []
        for at, length, colour in wanted:
            one = QTextLayout.FormatRange()
            one.start, one.length, one.format = at, length, self._format(colour)
            ranges.append(one)
        block.layout().setFormats(ranges)

    def paintEvent(self, event: QPaintEvent) -> None:
        block = self.firstVisibleBlock()
        left = self.viewport().height() // max(self.fontMetrics().height(), 1) + 2
        while block.isValid() and left:
            self._colour(block)
            block, left = block.next(), left - 1
        super().paintEvent(event)

    # Marks

    def mark(self, ranges: Ranges, reveal: bool = True) -> None:
        """Marks lines, and scrolls to the first of them if none is in sight."""
        self.marked = ranges
        self._mark()
        if not ranges or not reveal:
            return
        first = self.firstVisibleBlock().blockNumber() + 1
        last = first + self.viewport().height() // max(self.fontMetrics().height(), 1) - 2
        if not any(begin <= last and end >= first for begin, end in ranges):
            self.verticalScrollBar().setValue(max(ranges[0][0] - 1 - (last - first) // 3, 0))

    def _mark(self) -> None:
        found = []
        for begin, end in self.marked:
            one = QTextEdit.ExtraSelection()
            one.format.setBackground(theme.color("selection"))
            one.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
            cursor = QTextCursor(self.document())
            for number in range(begin - 1, end):
                block = self.document().findBlockByNumber(number)
                if block.isValid():
                    cursor.setPosition(block.position())
                    one.cursor = QTextCursor(cursor)
                    found.append(QTextEdit.ExtraSelection(one))
        self.setExtraSelections(found)
        self._numbers.update()

    # Choosing a line

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and not self.textCursor().hasSelection():
            self.chosen.emit(self.cursorForPosition(event.position().toPoint()).blockNumber() + 1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit(self.textCursor().blockNumber() + 1)
        else:
            super().keyPressEvent(event)

    # Line numbers

    def numbers_width(self) -> int:
        """Pixels that the line numbers take."""
        digits = max(len(str(self.blockCount())), 2)
        return 18 + self.fontMetrics().horizontalAdvance("9") * digits

    def _make_room(self) -> None:
        self.setViewportMargins(self.numbers_width(), 0, 0, 0)

    def _scrolled(self, rect: QRect, dy: int) -> None:
        if dy:
            self._numbers.scroll(0, dy)
        else:
            self._numbers.update(0, rect.y(), self._numbers.width(), rect.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        inner = self.contentsRect()
        self._numbers.setGeometry(
            QRect(inner.left(), self.viewport().y(), self.numbers_width(), self.viewport().height())
        )

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._make_room()

    def paint_numbers(self, event: QPaintEvent) -> None:
        """Draws the line numbers."""
        painter = QPainter(self._numbers)
        painter.fillRect(event.rect(), theme.color("panel"))
        painter.setFont(self.font())
        block = self.firstVisibleBlock()
        top = self.blockBoundingGeometry(block).translated(self.contentOffset()).top()
        marked = {n for begin, end in self.marked for n in range(begin, end + 1)}
        width = self._numbers.width() - 8
        quiet, bold = theme.color("faint"), theme.color("accent")
        while block.isValid() and top <= event.rect().bottom():
            height = self.blockBoundingRect(block).height()
            if top + height >= event.rect().top():
                number = block.blockNumber() + 1
                painter.setPen(QColor(bold if number in marked else quiet))
                box = QRect(0, round(top), width, round(height))
                painter.drawText(
                    box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(number)
                )
            top += height
            block = block.next()


class _Numbers(QWidget):
    """The column of line numbers."""

    def __init__(self, view: ScriptView):
        super().__init__(view)
        self._view = view

    def sizeHint(self) -> QSize:
        return QSize(self._view.numbers_width(), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        self._view.paint_numbers(event)
