"""What the bar says of the run, and the line below that shows how far it is."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from studio.gui.look.theme import sans, theme


class Told(QAbstractButton):
    """A sentence in one line, elided where there is no room; a click leads to what it is about."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setFont(sans())
        self.tone = "muted"
        self.tell("", "muted", False)

    def tell(self, text: str, tone: str, clickable: bool) -> None:
        """Says something; `tone` is a colour of the theme."""
        if (text, tone, clickable) == (self.text(), self.tone, self.isEnabled()):
            return
        self.tone = tone
        self.setText(text.replace("&", "&&"))
        # A tooltip would take marks in an error's text for HTML.
        self.setToolTip(f"<p>{escape(text, quote=False)}</p>" if text else "")
        self.setAccessibleName(text or "No run")
        self.setEnabled(clickable)
        self.setCursor(
            Qt.CursorShape.PointingHandCursor if clickable else Qt.CursorShape.ArrowCursor
        )
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, 28)

    def paintEvent(self, event) -> None:
        painter = QPainter(self)
        color = theme.color(self.tone)
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(theme.color("accent"))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        painter.setPen(color)
        font = self.font()
        font.setUnderline(self.underMouse() and self.isEnabled())
        painter.setFont(font)
        room = self.rect().adjusted(6, 0, -6, 0)
        text = self.text().replace("&&", "&")
        elided = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, elided)


class ProgressLine(QWidget):
    """A line that grows from the left; `done` from 0 to 1, None to show none."""

    def __init__(self, parent: QWidget):
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.done: float | None = None

    def set(self, done: float | None) -> None:
        """Shows how far it is."""
        if done != self.done:
            self.done = done
            self.update()

    def paintEvent(self, event) -> None:
        if self.done is not None:
            painter = QPainter(self)
            painter.fillRect(
                QRectF(0, 0, self.width() * self.done, self.height()), theme.color("accent")
            )
