"""A panel: what stands in a dock. It is made when it is first shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

if TYPE_CHECKING:
    from studio.gui.session import Session
    from studio.gui.window import Window


class Panel(QWidget):
    """The base of all panels. `attach` is called with each session that is opened, or None.

    `in_front` says whether it is to be seen: to Qt, what stands behind another
    tab is visible too. `come_up` is called when it comes to the front.
    """

    def __init__(self, window: Window):
        super().__init__()
        self.setObjectName("panel")
        self.window_ = window
        self.session: Session | None = None
        self.in_front = False

    def attach(self, session: Session | None) -> None:
        """Shows another project; overridden, and called through, by each panel."""
        self.session = session

    def come_up(self) -> None:
        """It is to be seen from now on: what was left undone is done."""

    def close_work(self) -> None:
        """The window closes: what the panel has at work is ended before this returns."""


class Saying(QWidget):
    """A sentence in the place of what would be shown, and a button below that may be hidden."""

    def __init__(self, button: str, press: Callable[[], object]):
        super().__init__()
        self.words = QLabel(wordWrap=True, alignment=Qt.AlignmentFlag.AlignCenter)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setProperty("role", "muted")
        self.words.setMaximumWidth(600)
        self.button = QPushButton(button)
        self.button.setProperty("role", "outline")
        self.button.clicked.connect(lambda: press())
        column = QVBoxLayout(self)
        column.addStretch(2)
        # A label that wraps has the height for its width only where the layout gives it that.
        inner = QHBoxLayout()
        inner.addStretch(1)
        inner.addWidget(self.words, 1000)
        inner.addStretch(1)
        column.addLayout(inner)
        column.addWidget(self.button, alignment=Qt.AlignmentFlag.AlignCenter)
        column.addStretch(3)


class Empty(QWidget):
    """What an empty panel says: what it is for, and the first step."""

    def __init__(self, title: str, text: str, button: str = "", run=None):
        super().__init__()
        # A label that wraps has the height for its width only where the layout gives it that.
        middle = QWidget()
        middle.setMaximumWidth(440)
        row = QHBoxLayout(self)
        row.addStretch(1)
        row.addWidget(middle, 1000)
        row.addStretch(1)
        layout = QVBoxLayout(middle)
        layout.setSpacing(6)
        layout.addStretch(2)
        self._labels = []
        for words, role in ((title, "title"), (text, "muted")):
            label = QLabel(words, wordWrap=True, alignment=Qt.AlignmentFlag.AlignCenter)
            label.setTextFormat(Qt.TextFormat.PlainText)  # names of files stand in it
            label.setProperty("role", role)
            layout.addWidget(label)
            self._labels.append(label)
        self.button = QPushButton(button)
        self.button.setProperty("role", "outline")
        if button:
            self.button.clicked.connect(run)
        else:
            self.button.hide()
        layout.addWidget(self.button, alignment=Qt.AlignmentFlag.AlignCenter)
        layout.addStretch(3)

    def say(self, title: str, text: str) -> None:
        """Says something else."""
        for label, words in zip(self._labels, (title, text), strict=True):
            label.setText(words)


class PageTabs(QHBoxLayout):
    """The row above a panel's pages: a button for each, one of them checked; more may follow."""

    def __init__(self, titles: Mapping[str, str], show: Callable[[str], object]):
        """`titles` are those of the pages by their names; the first is checked at first."""
        super().__init__()
        self.setContentsMargins(8, 4, 14, 2)
        self.setSpacing(2)
        self.buttons: dict[str, QPushButton] = {}
        for name, title in titles.items():
            button = QPushButton(title, checkable=True, checked=not self.buttons)
            button.setProperty("role", "filter")
            button.clicked.connect(lambda _=False, name=name: show(name))
            self.buttons[name] = button
            self.addWidget(button)
        group = QButtonGroup(next(iter(self.buttons.values())))
        for button in self.buttons.values():
            group.addButton(button)
