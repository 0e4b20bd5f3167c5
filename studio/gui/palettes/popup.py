"""A sheet over the window, with a shadow of its own: it goes when one looks elsewhere.

It is a child of the window, not a window: so it stands where it should on every
desktop, and is on the window's picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from studio.gui.look.theme import theme

if TYPE_CHECKING:
    from studio.gui.window import Window

SHADOW = 18
CORNER = 10.0
TOP = 84
"""How far below the window's top it stands."""


class Popup(QWidget):
    """The base: `closed` is emitted once, when it goes. One at a time is open in a window."""

    closed = Signal()

    def __init__(self, window: Window, name: str, size: tuple[int, int]):
        super().__init__(window)
        for other in window.findChildren(Popup):
            if other is not self:
                other.dismiss()
        self.window_ = window
        self.open = True
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.wanted = size
        self.point: QPoint | None = None
        """Where its top is to be (in the window); in the middle of the window where None."""
        self.box = QVBoxLayout(self)
        self.box.setContentsMargins(SHADOW + 1, SHADOW + 1, SHADOW + 1, SHADOW + 1)
        self.box.setSpacing(0)
        self._before = QApplication.focusWidget()

    def show_at(self, focus: QWidget, point: QPoint | None = None) -> None:
        """Opens it, with the focus in one of its widgets."""
        self.point = point
        self.place()
        self.show()
        self.raise_()
        focus.setFocus(Qt.FocusReason.PopupFocusReason)
        QApplication.instance().installEventFilter(self)
        QApplication.instance().focusChanged.connect(self._focus_moved)

    def place(self) -> None:
        """Puts it where it belongs, inside the window."""
        room = self.window_.rect()
        width = min(self.wanted[0], room.width() - 24) + 2 * SHADOW
        height = min(self.wanted[1], room.height() - 24) + 2 * SHADOW
        x, y = (room.width() - width) // 2, min(TOP, (room.height() - height) // 2) - SHADOW
        if self.point is not None:
            x, y = self.point.x() - SHADOW, self.point.y() - SHADOW
        x = min(max(x, 12 - SHADOW), room.width() - width - 12 + SHADOW)
        y = min(max(y, 12 - SHADOW), room.height() - height - 12 + SHADOW)
        self.setGeometry(x, y, width, height)

    def dismiss(self) -> None:
        """Closes it, and gives the focus back to what had it."""
        if not self.open:
            return
        self.open = False
        inside = self.isAncestorOf(QApplication.focusWidget() or self.window_)
        QApplication.instance().removeEventFilter(self)
        QApplication.instance().focusChanged.disconnect(self._focus_moved)
        self.hide()
        if inside:
            self._give_back()
        self.closed.emit()
        self.deleteLater()

    def _give_back(self) -> None:
        before = self._before
        try:
            if before is not None and before.isVisible():
                before.setFocus(Qt.FocusReason.PopupFocusReason)
                return
        except RuntimeError:
            pass  # it was closed meanwhile
        if self.window_.canvas is not None:
            self.window_.canvas.setFocus(Qt.FocusReason.PopupFocusReason)

    def _focus_moved(self, _: QWidget | None, now: QWidget | None) -> None:
        if now is None:
            return  # another application, or a menu, is in front
        if now is not self and not self.isAncestorOf(now):
            self.dismiss()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.window_ and event.type() == QEvent.Type.Resize:
            self.place()
        elif (
            # Not every widget takes the focus when it is clicked.
            event.type() == QEvent.Type.MouseButtonPress
            and isinstance(watched, QWidget)
            and watched is not self
            and not self.isAncestorOf(watched)
        ):
            self.dismiss()
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.cancel()
        event.accept()  # no key goes to the window below

    def cancel(self) -> None:
        """What Escape does."""
        self.dismiss()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        sheet = QRectF(self.rect()).adjusted(SHADOW, SHADOW, -SHADOW, -SHADOW)
        painter.setPen(Qt.PenStyle.NoPen)
        strength = 5 if theme.tokens.name == "light" else 16
        for grow in range(SHADOW, 0, -2):
            painter.setBrush(theme.color("shadow", strength * (SHADOW - grow + 2) // SHADOW + 1))
            box = sheet.adjusted(-grow, -grow + 4, grow, min(grow + 4, SHADOW))
            painter.drawRoundedRect(box, CORNER + grow, CORNER + grow)
        painter.setBrush(theme.color("panel"))
        painter.setPen(QPen(theme.color("hairline"), 1))
        painter.drawRoundedRect(sheet.adjusted(0.5, 0.5, -0.5, -0.5), CORNER, CORNER)
