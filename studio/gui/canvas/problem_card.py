"""The card beside a node's badge: what is wrong with it, and what mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, Qt, QTimer
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QVBoxLayout, QWidget

from studio.graph.problems import Problem

if TYPE_CHECKING:
    from studio.gui.canvas.node_item import NodeItem
    from studio.gui.canvas.view import CanvasView

WIDTH = 240
GAP = 16
STAYS = 260
"""Milliseconds that the card stays when the pointer is neither on it nor on the badge."""
MOST = 3
"""Problems that are told in full."""


def show_for(view: CanvasView, item: NodeItem) -> ProblemCard | None:
    """Shows the card of a view beside a node; None, and no card, where nothing is wrong with it."""
    card = view.findChild(ProblemCard) or ProblemCard(view)
    return card if card.show_for(view, item) else None


class ProblemCard(QFrame):
    """One a view; a child of its viewport, so it takes no focus and goes with it."""

    def __init__(self, view: CanvasView):
        super().__init__(view.viewport())
        self.setProperty("role", "card")
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.node = ""
        self.problems: list[Problem] = []
        self.buttons: list[QPushButton] = []
        self._view = view
        self._body: QWidget | None = None
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._timer = QTimer(self, interval=STAYS, singleShot=True)
        self._timer.timeout.connect(self.hide)
        view.scene().drawn.connect(self._drawn)
        self.hide()

    def show_for(self, view: CanvasView, item: NodeItem) -> bool:
        """Shows what is wrong with a node beside it; False where nothing is."""
        scene = view.scene()
        found = [
            each
            for each in scene.session.problems
            if each.graph == scene.name and each.node == item.id
        ]
        self._timer.stop()
        if not found:
            self.hide()
            return False
        if (item.id, found) != (self.node, self.problems) or self.isHidden():
            self.node, self.problems = item.id, found
            self._fill(found)
        self._place(item)
        self.show()
        self.raise_()
        return True

    def leave(self) -> None:
        """The pointer has left the badge: the card goes, unless it is on the card by then."""
        self._timer.start()

    def _fill(self, problems: list[Problem]) -> None:
        if self._body is not None:
            self._box.removeWidget(self._body)
            self._body.hide()
            self._body.deleteLater()
        self._body = QWidget()
        self.buttons = []
        box = QVBoxLayout(self._body)
        box.setContentsMargins(12, 10, 12, 10)
        box.setSpacing(4)
        for index, problem in enumerate(problems[:MOST]):
            if index:
                box.addSpacing(6)
            head = _label(title(problem), problem.severity)
            head.setStyleSheet("font-weight: 600")
            box.addWidget(head)
            text = " ".join(filter(None, (problem.message, problem.hint)))
            box.addWidget(_label(text, "muted"))
            if problem.fix is not None:
                box.addWidget(self._mend(problem))
        if len(problems) > MOST:
            box.addWidget(_label(f"{len(problems) - MOST} more", "muted"))
        self._box.addWidget(self._body)
        self._body.setFixedWidth(WIDTH - 2)
        self._body.setFixedHeight(box.heightForWidth(WIDTH - 2))

    def _mend(self, problem: Problem) -> QPushButton:
        text = self.fontMetrics().elidedText(
            problem.fix.label, Qt.TextElideMode.ElideRight, WIDTH - 30
        )
        button = QPushButton(text.replace("&", "&&"))
        button.setProperty("role", "link")
        button.setToolTip(problem.fix.label)
        button.clicked.connect(lambda: self._do(problem))
        self.buttons.append(button)
        return button

    def _do(self, problem: Problem) -> None:
        self.hide()
        self._view.scene().session.do(problem.fix)
        self._view.setFocus()

    def _place(self, item: NodeItem) -> None:
        """Left of the node where there is room, else right of it; always within the viewport."""
        self.setFixedWidth(WIDTH)
        self.adjustSize()
        room = self.parentWidget().rect()
        box = self._view.viewportTransform().mapRect(item.rect)
        x = box.left() - GAP - self.width()
        if x < 4:
            x = min(box.right() + GAP, room.width() - self.width() - 4)
        y = min(max(box.top() - 4, 4), max(room.height() - self.height() - 4, 4))
        self.move(QPointF(x, y).toPoint())

    def _drawn(self) -> None:
        """The graph has changed: the card follows its node, or goes with what was wrong."""
        if self.isHidden():
            return
        item = self._view.scene().nodes.get(self.node)
        if item is None:
            self.hide()
        else:
            self.show_for(self._view, item)

    def enterEvent(self, event: QEnterEvent) -> None:
        self._timer.stop()

    def leaveEvent(self, event: QEvent) -> None:
        self.leave()


def title(problem: Problem) -> str:
    """What kind of problem it is, in words."""
    return problem.code.replace("-", " ").capitalize()


def _label(text: str, role: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setProperty("role", role)
    return label
