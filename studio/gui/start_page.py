"""What is shown without a project: recent ones, and the templates as pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QSize, Qt, QTimer
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListView,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from studio.gui.guide.card import FirstMinute
from studio.gui.lists import List
from studio.gui.look.icons import icon
from studio.gui.look.theme import theme
from studio.gui.recent import recent
from studio.gui.start_lists import CARD, CardDelegate, Cards, RecentDelegate, RecentRows

if TYPE_CHECKING:
    from studio.gui.window import Window


AGAIN = 2000
"""Milliseconds between two looks whether the runs of recent projects still go on."""


class StartPage(QWidget):
    """The page of a window without a project.

    What it shows is looked for once it is to be seen, and a picture at a time,
    so that the window is there at once.
    """

    def __init__(self, window: Window):
        super().__init__()
        self._window = window
        self.setObjectName("start")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(self)
        row.setContentsMargins(48, 40, 24, 0)
        row.setSpacing(40)
        row.addLayout(self._left())
        row.addLayout(self._right(), 1)
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._draw_one)
        self._again = QTimer(self, interval=AGAIN)
        self._again.timeout.connect(self.refresh)
        theme.changed.connect(self._themed)

    def _left(self) -> QVBoxLayout:
        box = QVBoxLayout()
        box.setSpacing(8)
        title = QLabel("Studio")
        title.setProperty("role", "heading")
        about = QLabel("Draw a Keras model, see every shape, train it.")
        about.setProperty("role", "muted")
        box.addWidget(title)
        box.addWidget(about)
        box.addSpacing(12)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for text, image, role, command in (
            ("New project", "file-plus", "primary", "file.new"),
            ("Open…", "folder-open", "outline", "file.open"),
        ):
            button = QPushButton(text)
            button.setIcon(icon(image, "on_accent" if role == "primary" else "text"))
            button.setProperty("role", role)
            button.clicked.connect(lambda _=False, c=command: self._window.run_command(c))
            buttons.addWidget(button)
        buttons.addStretch(1)
        box.addLayout(buttons)
        box.addSpacing(20)
        self.recent_title = _group("Recent")
        box.addWidget(self.recent_title)
        self.rows = RecentRows()
        self.recent = List()
        self.recent.setAccessibleName("Recent projects")
        self.recent.setModel(self.rows)
        self.recent.setMouseTracking(True)
        self.recent.setUniformItemSizes(True)
        self.recent.setFixedWidth(320)
        self.recent.setItemDelegate(RecentDelegate(self.recent, self._forget))
        self.recent.clicked.connect(self._open)
        self.recent.activated.connect(self._open)
        self.recent.installEventFilter(self)
        self.none = QLabel("Projects that you open are listed here.")
        self.none.setProperty("role", "muted")
        box.addWidget(self.recent, 1)
        box.addWidget(self.none, 1, Qt.AlignmentFlag.AlignTop)
        return box

    def _right(self) -> QVBoxLayout:
        box = QVBoxLayout()
        box.setSpacing(8)
        self.first = FirstMinute()
        self.first.clicked.connect(lambda: self._window.run_command("help.first_minute"))
        box.addWidget(_group("Begin with your first minute"))
        inset = QHBoxLayout()
        inset.setContentsMargins(2, 0, 16, 8)
        inset.addWidget(self.first)
        box.addLayout(inset)
        box.addWidget(_group("Begin with a template"))
        self.cards = Cards()
        self.templates = List()
        self.templates.setAccessibleName("Templates")
        self.templates.setModel(self.cards)
        self.templates.setViewMode(QListView.ViewMode.IconMode)
        self.templates.setMovement(QListView.Movement.Static)
        self.templates.setResizeMode(QListView.ResizeMode.Adjust)
        self.templates.setUniformItemSizes(True)
        self.templates.setGridSize(CARD)
        self.templates.setMouseTracking(True)
        self.templates.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.templates.setItemDelegate(CardDelegate(self.templates))
        self.templates.clicked.connect(self._make)
        self.templates.activated.connect(self._make)
        box.addWidget(self.templates, 1)
        return box

    def minimumSizeHint(self) -> QSize:
        """It stands in one stack with the graphs, which may be lower than it is."""
        return QSize(super().minimumSizeHint().width(), 0)

    @property
    def busy(self) -> bool:
        """Whether there are pictures still to be drawn."""
        return self._timer.isActive()

    # Keeping it current

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self.refresh()
        self._timer.start()

    def hideEvent(self, event) -> None:
        super().hideEvent(event)
        self._timer.stop()
        self._again.stop()

    def refresh(self) -> None:
        """Looks anew for the recent projects."""
        found = recent(self._window.settings.recent)
        if found != self.rows.rows:
            self.rows.put(found)
        if any(each.training for each in found) and self.isVisible():
            self._again.start()
        else:
            self._again.stop()
        some = self.rows.rowCount() > 0
        self.recent.setVisible(some)
        self.none.setVisible(not some)

    def _draw_one(self) -> None:
        """The next thing that takes a while: the list of templates, then a picture."""
        self.first.read_digits()
        if not self.cards.fill() and not self.cards.draw_next():
            self._timer.stop()

    def _themed(self) -> None:
        self.cards.forget()
        self.recent.viewport().update()
        if self.isVisible():
            self._timer.start()

    # What is chosen

    def _open(self, index: QModelIndex) -> None:
        row = self.rows.at(index)
        if row is not None:
            self._window.projects.open(row.path)
            if row.missing:
                self.refresh()

    def _forget(self, index: QModelIndex) -> None:
        row = self.rows.at(index)
        if row is not None:
            self._window.settings.forget(row.path)
            self.refresh()

    def _make(self, index: QModelIndex) -> None:
        name = self.cards.name(index)
        if name:
            self._window.projects.make(name)

    def eventFilter(self, watched, event) -> bool:
        if (
            watched is self.recent
            and event.type() == event.Type.KeyPress
            and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)
        ):
            self._forget(self.recent.currentIndex())
            return True
        return False


def _group(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "group")
    return label
