"""The head of the Preview: what is shown, and the buttons that say how much of it."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QToolButton

from studio.gui.look.icons import icon
from studio.gui.notice import Line

TAKES, USUAL = (8, 24, 64, 200), 24
"""Elements that can be asked for, and how many are at first."""


class Head(QHBoxLayout):
    """Widgets in a row; what they do is said by the panel."""

    def __init__(self) -> None:
        super().__init__()
        self.title = Line("", Qt.TextElideMode.ElideRight)
        self.title.setProperty("role", "title")
        self.note = QLabel()
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setProperty("role", "small")
        self.port = QComboBox()
        self.port.setAccessibleName("Which output of the stage is shown")
        self.take = QComboBox()
        self.take.setAccessibleName("How many elements are shown")
        for count in TAKES:
            self.take.addItem(f"{count} elements", count)
        self.take.setCurrentIndex(TAKES.index(USUAL))
        self.again = _flat("refresh-cw", "Look again", "Look again")
        what = "Measure what each stage up to this one costs"
        self.clock = _flat("clock", "Where the time goes", what)
        self.clock.setCheckable(True)
        self.columns = QPushButton("Columns…")
        self.columns.setToolTip("Say what the columns are for, and how they are prepared")
        self.cancel = QPushButton("Cancel")
        for button in (self.columns, self.cancel):
            button.setProperty("role", "outline")
            button.hide()
        self.setContentsMargins(14, 0, 14, 0)
        self.setSpacing(8)
        self.addWidget(self.title, 1)
        buttons = (self.columns, self.port, self.take, self.clock, self.again)
        for widget in (self.note, self.cancel, *buttons):
            self.addWidget(widget)

    def offer(self, ports: list[str], port: str) -> None:
        """The outputs to choose from, where there are several."""
        if [self.port.itemText(i) for i in range(self.port.count())] != ports:
            with QSignalBlocker(self.port):
                self.port.clear()
                self.port.addItems(ports)
        if port in ports:
            self.port.setCurrentText(port)
        self.port.setVisible(len(ports) > 1)


def _flat(name: str, tip: str, what: str) -> QToolButton:
    button = QToolButton(icon=icon(name, "muted"), toolTip=tip)
    button.setAccessibleName(what)
    button.setProperty("role", "flat")
    return button
