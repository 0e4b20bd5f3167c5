"""What a run has printed, as it comes; a line of a traceback leads to its node."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
)

from studio.gui.log_lines import Line, LogReader
from studio.gui.look.icons import icon
from studio.gui.look.theme import theme
from studio.gui.panel import Empty, Panel

if TYPE_CHECKING:
    from studio.gui.window import Window

EACH = 200
MOST_LINES = 5000


class LogPanel(Panel):
    """The log of the run that the window shows."""

    def __init__(self, window: Window):
        super().__init__(window)
        self._reader: LogReader | None = None
        self._lines: list[Line] = []
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 4, 14, 0)
        box.setSpacing(0)
        self._name = QLabel()
        self._name.setProperty("role", "small")
        self._name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.follow = self._button("arrow-down", "Follow the end", checkable=True)
        self.follow.setChecked(True)
        self.follow.toggled.connect(self._to_end)
        self._copy = self._button("copy", "Copy the log")
        self._copy.clicked.connect(
            lambda: QGuiApplication.clipboard().setText(self.text.toPlainText())
        )
        row = QHBoxLayout()
        row.setSpacing(4)
        row.setContentsMargins(14, 0, 0, 0)
        for widget, stretch in ((self._name, 1), (self.follow, 0), (self._copy, 0)):
            row.addWidget(widget, stretch)
        box.addLayout(row)
        self.text = _Text(self)
        self._pages = QStackedWidget()
        box.addWidget(self._pages, 1)
        self._pages.addWidget(
            Empty("Nothing printed yet", "What a run prints, and why it fails, is read here.")
        )
        self._pages.addWidget(self.text)
        self._timer = QTimer(self, interval=EACH)
        self._timer.timeout.connect(self._look)
        window.runner.showing.connect(self._show_run)
        theme.changed.connect(self._colour)
        self._show_run(window.runner.shown)

    def _button(self, image: str, text: str, checkable: bool = False) -> QToolButton:
        button = QToolButton(checkable=checkable)
        button.setProperty("role", "flat")
        button.setIcon(icon(image, "muted"))
        button.setIconSize(QSize(15, 15))
        button.setToolTip(text)
        button.setAccessibleName(text)
        return button

    def _show_run(self, folder: Path | None) -> None:
        self.text.clear()
        self._lines = []
        self._name.setText(folder.name if folder else "")
        self._reader = LogReader(folder) if folder else None
        self._pages.setCurrentIndex(0)
        for button in (self.follow, self._copy):
            button.setVisible(False)
        if self.isVisible():
            self._begin()

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self._begin()

    def hideEvent(self, event) -> None:
        super().hideEvent(event)
        self._timer.stop()

    def _begin(self) -> None:
        if self._reader is not None:
            self._timer.start()
            self._look()

    def _look(self) -> None:
        if self._reader is None:
            return  # a look that was due when the project was closed
        lines = self._reader.read()
        self._timer.setInterval(0 if self._reader.behind else EACH)
        if lines:
            self._lines = (self._lines + lines)[-MOST_LINES:]
            self._append(lines)
        elif self._reader.behind:
            return  # within one long line
        elif not self.window_.runner.going(self.window_.runner.shown):
            self._timer.stop()

    def _append(self, lines: list[Line]) -> None:
        if self._pages.currentIndex() == 0:
            self._pages.setCurrentIndex(1)
            for button in (self.follow, self._copy):
                button.setVisible(True)
        self.text.add(lines)
        self._to_end(self.follow.isChecked())

    def _to_end(self, on: bool) -> None:
        if on:
            bar = self.text.verticalScrollBar()
            bar.setValue(bar.maximum())

    def _colour(self) -> None:
        if self._lines:
            self.text.clear()
            self._append(self._lines)

    def go(self, place: tuple[str, str]) -> None:
        """To a node, if the project still has it."""
        self.window_.go(*place)


class _Text(QPlainTextEdit):
    """The lines. A click on a link, or Enter in its line, goes to its node."""

    def __init__(self, panel: LogPanel):
        super().__init__()
        self._panel = panel
        self.setProperty("role", "plain")
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setMaximumBlockCount(MOST_LINES)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        self.setAccessibleName("Log of the run")
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.viewport().setMouseTracking(True)

    def add(self, lines: list[Line]) -> None:
        """Puts lines behind the others."""
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.beginEditBlock()
        for line in lines:
            if not self.document().isEmpty():
                cursor.insertBlock()
            style = QTextCharFormat()
            style.setForeground(theme.color(line.tone))
            if line.node is None:
                cursor.insertText(line.text, style)
                continue
            style.setAnchor(True)
            style.setAnchorHref(":".join(line.node))
            style.setFontUnderline(True)
            style.setForeground(theme.color("accent"))
            cursor.insertText(f"{line.text}  → {line.node[1]}", style)
        cursor.endEditBlock()

    def _follow(self, link: str) -> bool:
        if link:
            graph, _, node = link.rpartition(":")
            self._panel.go((graph, node))
        return bool(link)

    def mouseMoveEvent(self, event) -> None:
        super().mouseMoveEvent(event)
        link = self.anchorAt(event.position().toPoint())
        shape = Qt.CursorShape.PointingHandCursor if link else Qt.CursorShape.IBeamCursor
        self.viewport().setCursor(shape)

    def mouseReleaseEvent(self, event) -> None:
        super().mouseReleaseEvent(event)
        if not self.textCursor().hasSelection():
            self._follow(self.anchorAt(event.position().toPoint()))

    def keyPressEvent(self, event) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            cursor = self.textCursor()
            cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock)
            if self._follow(cursor.charFormat().anchorHref()):
                return
        super().keyPressEvent(event)

    def wheelEvent(self, event) -> None:
        super().wheelEvent(event)
        bar = self.verticalScrollBar()
        self._panel.follow.setChecked(bar.value() >= bar.maximum() - 1)
