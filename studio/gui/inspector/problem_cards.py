"""The problems of a node, each a small card with the button that mends it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from studio.graph.problems import ERROR, Problem
from studio.gui.look.icons import paint_icon
from studio.gui.look.theme import sans

MOST = 12


class ProblemCards(QWidget):
    """Cards, the worst first. Signal: `mended(Edit)` the edit that is to be made."""

    mended = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.problems: tuple[Problem, ...] = ()
        self._fixes: list[object] = []
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(8)
        self.hide()

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Shows these, and nothing where there are none."""
        found = tuple(sorted(problems, key=lambda each: each.severity != ERROR)[:MOST])
        fixes = [each.fix for each in found]
        if found == self.problems and all(a is b for a, b in zip(fixes, self._fixes, strict=True)):
            return
        self.problems, self._fixes = found, fixes
        while self._box.count():
            card = self._box.takeAt(0).widget()
            card.hide()
            card.deleteLater()
        for problem in found:
            self._box.addWidget(self._card(problem))
        self.setVisible(bool(found))

    def _card(self, problem: Problem) -> QFrame:
        bad = problem.severity == ERROR
        card = QFrame()
        card.setProperty("role", "card")
        box = QVBoxLayout(card)
        box.setContentsMargins(10, 8, 10, 8)
        box.setSpacing(4)
        row = QHBoxLayout()
        row.setSpacing(8)
        tone = "error" if bad else "warning"
        mark = _Mark("circle-alert" if bad else "triangle-alert", tone)
        row.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(_words(problem.message, tone, 12), 1)
        box.addLayout(row)
        if problem.hint and problem.fix is None:
            hint = _words(problem.hint, "muted", 11)
            hint.setContentsMargins(22, 0, 0, 0)
            box.addWidget(hint)
        if problem.fix is not None:
            button = QPushButton(problem.hint.rstrip(".") or problem.fix.label)
            if len(button.text()) > 38:
                box.addWidget(_inset(_words(problem.hint, "muted", 11)))
                button.setText(problem.fix.label)
            button.setObjectName("more")
            button.setProperty("role", "link")
            button.setToolTip(problem.fix.label)
            button.setCursor(Qt.CursorShape.PointingHandCursor)
            button.clicked.connect(lambda: self.mended.emit(problem.fix))
            line = QHBoxLayout()
            line.setContentsMargins(22, 0, 0, 0)
            line.addWidget(button)
            line.addStretch(1)
            box.addLayout(line)
        return card


class _Mark(QWidget):
    """An icon in a colour of the theme."""

    def __init__(self, name: str, colour: str):
        super().__init__()
        self._name, self._colour = name, colour
        self.setFixedSize(14, 18)

    def paintEvent(self, event: QPaintEvent) -> None:
        paint_icon(QPainter(self), self._name, QRectF(0, 2, 14, 14), self._colour)


def _inset(label: QLabel) -> QLabel:
    label.setContentsMargins(22, 0, 0, 0)
    return label


def _words(text: str, role: str, pixels: int) -> QLabel:
    label = QLabel(text[:1].upper() + text[1:], wordWrap=True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty("role", role)
    label.setFont(sans(pixels))
    return label
