"""Notices: slim bars above the canvas that say what happened and offer what can be done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from studio.gui.look.icons import icon

TONES = {
    "info": ("info", "accent"),
    "warning": ("triangle-alert", "warning"),
    "error": ("circle-alert", "error"),
}
"""Tone -> icon, colour."""

Button = tuple[str, Callable[[], object]]


class Line(QLabel):
    """A sentence on one line; what doesn't fit is elided and stands in the tooltip."""

    def __init__(self, text: str, how: Qt.TextElideMode = Qt.TextElideMode.ElideMiddle):
        super().__init__()
        self._how = how
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.say(text)

    def say(self, text: str) -> None:
        """Shows another sentence."""
        self.setText(text)
        # A tooltip would take marks in a file's text for HTML.
        self.setToolTip(f"<p>{escape(text, quote=False)}</p>" if text else "")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        text = self.fontMetrics().elidedText(self.text(), self._how, self.width())
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter, text)


class Notice(QWidget):
    """One bar: a sentence, and buttons by their labels. A button also closes the bar."""

    def __init__(self, text: str, tone: str, buttons: Sequence[Button], close: Callable[[], None]):
        super().__init__()
        self.setObjectName("notice")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(36)
        self.setAccessibleName(text)
        self.text = text
        self.tone = tone
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 0, 8, 0)
        row.setSpacing(10)
        image, colour = TONES[tone]
        mark = QLabel()
        mark.setPixmap(icon(image, colour).pixmap(QSize(16, 16)))
        row.addWidget(mark)
        row.addWidget(Line(text), 1)
        self.buttons: dict[str, QPushButton] = {}
        for label, run in buttons:
            button = QPushButton(label)
            button.setProperty("role", "link")
            button.clicked.connect(lambda _=False, run=run: (close(), run()))
            self.buttons[label] = button
            row.addWidget(button)
        self.closer = QPushButton()
        self.closer.setIcon(icon("x", "muted"))
        self.closer.setProperty("role", "flat")
        self.closer.setFixedSize(26, 26)
        self.closer.setAccessibleName("Close this notice")
        self.closer.clicked.connect(close)
        row.addWidget(self.closer)


class Notices(QWidget):
    """The bars of a window, one below the other, each under a key: a second replaces the first."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Notices")
        self.by_key: dict[str, Notice] = {}
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(0)
        self.hide()

    def put(self, key: str, text: str, tone: str = "info", buttons: Sequence[Button] = ()) -> None:
        """Shows a notice until it is answered, closed or dropped."""
        self.drop(key)
        notice = Notice(text, tone, buttons, lambda: self.drop(key))
        self.by_key[key] = notice
        self._box.addWidget(notice)
        self.show()

    def drop(self, key: str) -> None:
        """Takes a notice away, if it is there."""
        notice = self.by_key.pop(key, None)
        if notice is not None:
            self._box.removeWidget(notice)
            notice.hide()
            notice.deleteLater()  # its own button may have been what called
        self.setVisible(bool(self.by_key))

    def clear(self) -> None:
        """Takes all away."""
        for key in list(self.by_key):
            self.drop(key)
