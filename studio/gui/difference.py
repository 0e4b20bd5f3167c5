"""What a project in the window says, and its file doesn't, line by line."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import unified_diff
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QDialog, QPlainTextEdit, QVBoxLayout, QWidget

from studio.graph.document import Project
from studio.graph.file import dumps, loads
from studio.graph.problems import StudioError
from studio.gui.look.theme import theme


def difference(path: Path, project: Project) -> list[str]:
    """A unified diff from the file to the project; layout that means nothing is left out."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        return [f"{path} can't be read: {error.strerror}."]
    try:
        there, problems = loads(raw)
        text = raw.decode("utf-8", "replace") if problems else dumps(there)
    except StudioError:
        text = raw.decode("utf-8", "replace")
    names = (f"{path.name} on the disk", f"{path.name} in this window")
    found = unified_diff(text.splitlines(), dumps(project).splitlines(), *names, lineterm="")
    return list(found) or ["They say the same."]


class Difference(QDialog):
    """A plain window with the difference."""

    def __init__(self, parent: QWidget, path: Path, project: Project):
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"{path.name}: on the disk, and in this window")
        self.resize(820, 560)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        self.text = difference_text()
        box.addWidget(self.text)
        fill(self.text, difference(path, project))


def difference_text() -> QPlainTextEdit:
    """A field in which a difference is read."""
    text = QPlainTextEdit(readOnly=True)
    text.setProperty("role", "plain")
    text.setAccessibleName("Difference")
    text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
    return text


def fill(text: QPlainTextEdit, lines: Iterable[str]) -> None:
    """Shows the lines of a unified diff, what is new and what is gone in colours of its own."""
    text.clear()
    cursor = QTextCursor(text.document())
    for line in lines:
        tone = {"+": "good", "-": "error", "@": "muted"}.get(line[:1], "text")
        look = QTextCharFormat()
        look.setForeground(QColor(getattr(theme.tokens, tone)))
        cursor.insertText(f"{line}\n", look)
    text.moveCursor(QTextCursor.MoveOperation.Start)
