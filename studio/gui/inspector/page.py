"""A page of a panel that scrolls down, and through which Tab goes as the eye does."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QLayout, QScrollArea, QVBoxLayout, QWidget
from shiboken6 import isValid


class Page(QScrollArea):
    """A widget with a panel's edges around it. Its fields come and go, so the order is made anew.

    Qt's own order is that in which widgets were made; here it is that of the layouts.
    """

    def __init__(self, content: QWidget):
        super().__init__()
        page = _Inside(self)
        page.setObjectName("panel")
        box = QVBoxLayout(page)
        box.setContentsMargins(14, 14, 14, 14)
        box.setSpacing(0)
        box.addWidget(content)
        box.addStretch(1)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(page)
        self._wanted: QWidget | None = None
        self.verticalScrollBar().rangeChanged.connect(self._follow)

    def bring(self, field: QWidget) -> None:
        """Scrolls to a field; again while the page grows, until the field is left."""
        self._wanted = field
        self.ensureWidgetVisible(field, 0, 40)

    def _follow(self) -> None:
        focus, wanted = QApplication.focusWidget(), self._wanted
        if (
            wanted is None
            or focus is None
            or not isValid(wanted)
            or not (wanted is focus or wanted.isAncestorOf(focus))
        ):
            self._wanted = None
        else:
            self.ensureWidgetVisible(wanted, 0, 40)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._wanted = None
        super().wheelEvent(event)


class _Inside(QWidget):
    """What scrolls."""

    def __init__(self, page: Page):
        super().__init__()
        self._page = page

    def focusNextPrevChild(self, forward: bool) -> bool:
        order = [w for w in _stops(self.layout()) if w.isVisible() and w.isEnabled()]
        at = QApplication.focusWidget()
        if at not in order:
            return super().focusNextPrevChild(forward)
        index = order.index(at) + (1 if forward else -1)
        following = order[index] if 0 <= index < len(order) else self._outside(at, forward)
        if following is None:
            return False
        reason = Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
        following.setFocus(reason)
        if self.isAncestorOf(following):
            self._page.ensureWidgetVisible(following, 0, 48)
        return True

    def _outside(self, start: QWidget, forward: bool) -> QWidget | None:
        """The next place to go to that is not on this page."""
        at = start
        while True:
            at = at.nextInFocusChain() if forward else at.previousInFocusChain()
            if at is start:
                return None
            stops = at.focusPolicy() & Qt.FocusPolicy.TabFocus and at.focusProxy() is None
            if stops and at.isVisible() and at.isEnabled() and not self.isAncestorOf(at):
                return at


def _stops(layout: QLayout | None) -> Iterator[QWidget]:
    """The widgets in a layout that Tab stops at, in its order."""
    for index in range(layout.count() if layout is not None else 0):
        item = layout.itemAt(index)
        widget = item.widget()
        if widget is None:
            yield from _stops(item.layout())
            continue
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.focusProxy() is None:
            yield widget
        yield from _stops(widget.layout())
