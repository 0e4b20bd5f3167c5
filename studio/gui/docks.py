"""The docks of the window: which there are, where they stand, and how they look."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from msgspec import Struct
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDockWidget, QTabBar, QTabWidget, QVBoxLayout, QWidget

from studio.gui.panel import Panel

if TYPE_CHECKING:
    from studio.gui.session import Session
    from studio.gui.window import Window

LEFT, RIGHT, BELOW = (
    Qt.DockWidgetArea.LeftDockWidgetArea,
    Qt.DockWidgetArea.RightDockWidgetArea,
    Qt.DockWidgetArea.BottomDockWidgetArea,
)


class Place(Struct, frozen=True):
    """A dock: its name, title, side, and the class of its panel as module:class."""

    name: str
    title: str
    area: Qt.DockWidgetArea
    panel: str


PLACES = (
    Place("library", "Library", LEFT, "library:LibraryPanel"),
    Place("outline", "Outline", LEFT, "outline:OutlinePanel"),
    Place("node", "Node", RIGHT, "node:NodePanel"),
    Place("training-settings", "Training", RIGHT, "training_settings:TrainingSettingsPanel"),
    Place("distribution", "Devices", RIGHT, "distribution:DistributionPanel"),
    Place("history", "History", RIGHT, "history:HistoryPanel"),
    Place("problems", "Problems", BELOW, "problems:ProblemsPanel"),
    Place("code", "Code", BELOW, "code:CodePanel"),
    Place("preview", "Preview", BELOW, "preview:PreviewPanel"),
    Place("inside", "Inside", BELOW, "inside:InsidePanel"),
    Place("training", "Training", BELOW, "training:TrainingPanel"),
    Place("model", "Model", BELOW, "model:ModelPanel"),
    Place("runs", "Runs", BELOW, "runs:RunsPanel"),
    Place("log", "Log", BELOW, "log:LogPanel"),
)
"""In the order of their tabs."""

SIZES = {LEFT: 232, RIGHT: 312, BELOW: 280}


class Dock(QDockWidget):
    """A dock whose panel is made when it is first shown, and told of the session from then on."""

    def __init__(self, window: Window, place: Place):
        super().__init__(place.title, window)
        self.setObjectName(place.name)
        self.place = place
        self.panel: Panel | None = None
        self._window = window
        self._holder = QWidget()
        self._holder.setObjectName("panel")
        box = QVBoxLayout(self._holder)
        box.setContentsMargins(0, 0, 0, 0)
        self.setWidget(self._holder)
        self._bare = QWidget()
        self._bare.setFixedHeight(0)
        self.setTitleBarWidget(self._bare)  # its tab names it; a window of its own has a title
        self.topLevelChanged.connect(self._floated)
        self.visibilityChanged.connect(self._shown)

    def _floated(self, floating: bool) -> None:
        self.setTitleBarWidget(None if floating else self._bare)

    def _shown(self, visible: bool) -> None:
        if visible:
            self.wake()
        if self.panel is not None:
            self.panel.in_front = visible
            if visible:
                self.panel.come_up()

    def wake(self) -> Panel:
        """The panel, made now if it wasn't."""
        if self.panel is None:
            module, _, name = self.place.panel.partition(":")
            kind = getattr(import_module(f"studio.gui.panels.{module}"), name)
            self.panel = kind(self._window)
            self._holder.layout().addWidget(self.panel)
            self.panel.attach(self._window.session)
        return self.panel

    def attach(self, session: Session | None) -> None:
        """Tells the panel, if it is there, of another project."""
        if self.panel is not None:
            self.panel.attach(session)

    def close_work(self) -> None:
        """Ends what the panel, if it is there, has at work."""
        if self.panel is not None:
            self.panel.close_work()

    def sizeHint(self) -> QSize:
        size = SIZES[self.place.area]
        return QSize(size, 400) if self.place.area != BELOW else QSize(800, size)


def make_docks(window: Window) -> dict[str, Dock]:
    """All docks, in their places."""
    window.setDockOptions(
        window.DockOption.AllowTabbedDocks
        | window.DockOption.AllowNestedDocks
        | window.DockOption.GroupedDragging
    )
    for area in (LEFT, RIGHT, BELOW):
        window.setTabPosition(area, QTabWidget.TabPosition.North)
    window.setCorner(Qt.Corner.BottomLeftCorner, LEFT)
    window.setCorner(Qt.Corner.BottomRightCorner, RIGHT)
    docks = {place.name: Dock(window, place) for place in PLACES}
    arrange(window, docks)
    return docks


def arrange(window: Window, docks: dict[str, Dock]) -> None:
    """Puts every dock into its own place, the first of each side in front."""
    first: dict[Qt.DockWidgetArea, Dock] = {}
    for dock in docks.values():
        area = dock.place.area
        dock.setFloating(False)
        window.addDockWidget(area, dock)
        if area in first:
            window.tabifyDockWidget(first[area], dock)
        first.setdefault(area, dock)
        dock.show()
    for dock in first.values():
        dock.raise_()
    sides = [dock for area, dock in first.items() if area != BELOW]
    window.resizeDocks(sides, [SIZES[d.place.area] for d in sides], Qt.Orientation.Horizontal)
    window.resizeDocks([first[BELOW]], [SIZES[BELOW]], Qt.Orientation.Vertical)
    hide_stale_bars(window, docks)


def hide_stale_bars(window: Window, docks: dict[str, Dock]) -> None:
    """Hides tab bars that belong to no group of docks any more.

    Qt makes bars for every state that docks go through while they are put in their
    places, and leaves those it needs no longer where they are.
    """
    groups = set()
    for dock in docks.values():
        group = [dock, *window.tabifiedDockWidgets(dock)]
        groups.add(tuple(sorted(each.windowTitle() for each in group if not each.isHidden())))
    direct = Qt.FindChildOption.FindDirectChildrenOnly
    for bar in window.findChildren(QTabBar, options=direct):
        titles = tuple(sorted(bar.tabText(index) for index in range(bar.count())))
        bar.setAccessibleName("Panels")
        if titles not in groups:
            bar.hide()
