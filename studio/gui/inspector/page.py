"""A page of a panel that scrolls down, and through which Tab goes as the eye does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from PySide6.QtCore import Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QScrollArea, QVBoxLayout, QWidget
from shiboken6 import isValid


class Page(QScrollArea):
    """A widget with a panel's edges around it. Its fields come and go, so the order is made anew.

    Qt's own order is that in which widgets were made; here it is that in which they lie.
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
        order = [w for w in _stops(self) if w.isVisible() and w.isEnabled()]
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


def _stops(widget: QWidget) -> Iterator[QWidget]:
    """The widgets within one that Tab stops at, row by row, as they lie.

    Layouts aren't asked: PySide keeps what stands for an item of a layout when Qt has deleted the
    item, and takes it for whatever comes to its address, which ends the process.
    """
    if widget.layout() is None:
        return
    direct = Qt.FindChildOption.FindDirectChildrenOnly
    children = widget.findChildren(QWidget, options=direct)
    for child in _as_they_lie(
        each for each in children if each.isVisible() and not each.isWindow()
    ):
        if child.focusPolicy() & Qt.FocusPolicy.TabFocus and child.focusProxy() is None:
            yield child
        yield from _stops(child)


def _as_they_lie(widgets: Iterable[QWidget]) -> Iterator[QWidget]:
    """From the top to the bottom; those that lie beside each other from the left to the right."""
    row: list[QWidget] = []
    for each in sorted(widgets, key=QWidget.y):
        if row and each.y() > row[0].geometry().center().y():
            yield from sorted(row, key=QWidget.x)
            row = []
        row.append(each)
    yield from sorted(row, key=QWidget.x)
