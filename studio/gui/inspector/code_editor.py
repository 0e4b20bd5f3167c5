"""An editor for the user's own Python: line numbers, colours, and the line that is wrong."""

from __future__ import annotations

import re

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QSyntaxHighlighter,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
)
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QTextEdit, QVBoxLayout, QWidget

from studio.gui.inspector.parts import is_undo
from studio.gui.look.theme import mono, sans, theme

LONGEST = 200_000
"""Letters that are coloured; more would make typing slow."""


class Colours(QSyntaxHighlighter):
    """Python in the theme's colours, by Pygments, which reads the whole text once a change."""

    def __init__(self, document: QTextDocument):
        super().__init__(document.parent())
        self._stale = True
        self._lines: list[list[tuple[int, int, str]]] = []
        # Connected before the highlighter itself listens: what it colours is read anew first.
        document.contentsChange.connect(self._changed)
        self.setDocument(document)
        theme.changed.connect(self.rehighlight)

    def _changed(self) -> None:
        self._stale = True

    def highlightBlock(self, text: str) -> None:
        if self._stale:
            self._stale = False
            source = self.document().toPlainText()
            self._lines = tokens(source) if len(source) <= LONGEST else []
        number = self.currentBlock().blockNumber()
        spans = self._lines[number] if number < len(self._lines) else []
        for start, length, colour in spans:
            look = QTextCharFormat()
            look.setForeground(theme.color(colour))
            self.setFormat(start, length, look)
        # Where the last colour of a line changes, the next line is looked at as well.
        self.setCurrentBlockState(hash(spans[-1][2]) & 0xFFFF if spans else 0)


def tokens(source: str) -> list[list[tuple[int, int, str]]]:
    """For each line the spans that have a colour: (start, length, the colour's name)."""
    from pygments.lexers.python import PythonLexer
    from pygments.token import Comment, Keyword, Name, Number, Operator, String

    kinds = (
        (Comment, "code_comment"),
        (Keyword, "code_keyword"),
        (Operator.Word, "code_keyword"),
        (String, "code_string"),
        (Number, "code_number"),
        (Name.Function, "code_name"),
        (Name.Class, "code_name"),
        (Name.Decorator, "code_name"),
        (Name.Builtin, "code_name"),
    )
    lines: list[list[tuple[int, int, str]]] = [[]]
    at = 0
    for kind, text in PythonLexer(stripnl=False, ensurenl=False).get_tokens(source):
        colour = next((colour for each, colour in kinds if kind in each), "")
        for index, part in enumerate(text.split("\n")):
            if index:
                lines.append([])
                at = 0
            if part and colour:
                lines[-1].append((at, len(part), colour))
            at += len(part)
    return lines


class _Numbers(QWidget):
    """The numbers of the lines, left of the text."""

    def __init__(self, text: CodeText):
        super().__init__(text)
        self._text = text

    def sizeHint(self) -> QSize:
        return QSize(self._text.gutter(), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        self._text.paint_numbers(QPainter(self), event.rect())


class CodeText(QPlainTextEdit):
    """The text itself."""

    def __init__(self) -> None:
        super().__init__()
        self.setFont(mono(12))
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setTabChangesFocus(False)
        self.setAccessibleName("Code")
        self._numbers = _Numbers(self)
        self._colours = Colours(self.document())
        self.wrong_line = 0
        self.blockCountChanged.connect(self._widen)
        self.updateRequest.connect(self._scrolled)
        self._widen()

    def gutter(self) -> int:
        """The width of the line numbers."""
        digits = max(2, len(str(self.blockCount())))
        return self.fontMetrics().horizontalAdvance("0") * digits + 14

    def _widen(self) -> None:
        self.setViewportMargins(self.gutter(), 0, 0, 0)

    def _scrolled(self, rect: QRect, down: int) -> None:
        if down:
            self._numbers.scroll(0, down)
        else:
            self._numbers.update(0, rect.y(), self._numbers.width(), rect.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        inside = self.contentsRect()
        self._numbers.setGeometry(inside.left(), inside.top(), self.gutter(), inside.height())

    def paint_numbers(self, painter: QPainter, area: QRect) -> None:
        """Draws the numbers of the lines in sight."""
        painter.setFont(mono(11))
        block = self.firstVisibleBlock()
        top = self.blockBoundingGeometry(block).translated(self.contentOffset()).top()
        while block.isValid() and top <= area.bottom():
            height = self.blockBoundingRect(block).height()
            number = block.blockNumber() + 1
            painter.setPen(theme.color("error" if number == self.wrong_line else "muted"))
            rect = QRect(0, int(top), self.gutter() - 8, int(height))
            painter.drawText(rect, Qt.AlignmentFlag.AlignRight, str(number))
            block = block.next()
            top += height

    def mark_line(self, number: int) -> None:
        """Marks the line that is wrong; none with 0."""
        self.wrong_line = number
        found = []
        if number:
            mark = QTextEdit.ExtraSelection()
            mark.format.setBackground(theme.color("error", 40))
            mark.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
            mark.cursor = QTextCursor(self.document().findBlockByNumber(number - 1))
            found.append(mark)
        self.setExtraSelections(found)
        self._numbers.update()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and is_undo(event):
            event.ignore()
            return False
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        cursor = self.textCursor()
        if is_undo(event):
            event.ignore()
        elif event.key() == Qt.Key.Key_Tab:
            cursor.insertText("    ")
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            line = cursor.block().text()[: cursor.positionInBlock()]
            indent = re.match(r" *", line)[0] + ("    " if line.rstrip().endswith(":") else "")
            cursor.insertText(f"\n{indent}")
            self.ensureCursorVisible()
        elif event.key() == Qt.Key.Key_Escape:
            self.focusNextChild()  # Tab belongs to the text
        else:
            super().keyPressEvent(event)


class CodeEditor(QWidget):
    """The text, and below it what is wrong with it. Signal: `typed(str)` the source as it is."""

    typed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(4)
        self.text = CodeText()
        self.text.setMinimumHeight(240)
        self.text.textChanged.connect(self._changed)
        self._said = QLabel(wordWrap=True)
        self._said.setProperty("role", "error")
        self._said.setFont(sans(11))
        box.addWidget(self.text, 1)
        box.addWidget(self._said)
        self._said.hide()
        self._source = ""

    def show_source(self, source: str) -> None:
        """Shows a source; one that is being typed stays as it is."""
        if source == self._source:
            return
        self._source = source
        self.text.setPlainText(source)

    def show_problem(self, message: str) -> None:
        """Says what is wrong, and marks the line that the sentence names."""
        line = re.search(r"in line (\d+)", message)
        self.text.mark_line(int(line[1]) if line else 0)
        self._said.setText(message[:1].upper() + message[1:])
        self._said.setVisible(bool(message))

    def _changed(self) -> None:
        source = self.text.toPlainText()
        if source != self._source:
            self._source = source
            self.typed.emit(source)
