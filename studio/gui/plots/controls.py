"""What stands above the plots: what is counted, how much is smoothed, the way back."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QBoxLayout,
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QSlider,
    QToolButton,
    QWidget,
)

from studio.engine.axis import KINDS
from studio.gui.look.icons import icon
from studio.gui.plots.view import View

NARROW = 640
"""Pixels below which the head has two lines."""

MOST = 0.995
"""The weight of smoothing at the end of the slider."""

TITLES = {"epoch": "Epoch", "step": "Step", "time": "Time"}


def weight_of(place: int) -> float:
    """The weight at a place of the slider, from 0 to 100: it is finer where it matters more."""
    return round(MOST * (1 - (1 - place / 100) ** 2), 3)


def place_of(weight: float) -> int:
    """The other way round."""
    return round(100 * (1 - (1 - min(max(weight, 0.0), MOST) / MOST) ** 0.5))


class Controls(QWidget):
    """The head of the panel; it tells the board, and shows what the board's view is."""

    def __init__(self) -> None:
        super().__init__()
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(4)
        self.name = QLabel()
        self.name.setTextFormat(Qt.TextFormat.PlainText)
        self.name.setProperty("role", "small")
        self.name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.kinds = QButtonGroup(self)
        self.buttons = QWidget()
        self.forms = QWidget()
        forms, row = QHBoxLayout(self.forms), QHBoxLayout(self.buttons)
        for layout in (forms, row):
            layout.setContentsMargins(0, 0, 0, 0)
            layout.setSpacing(4)
        for at, kind in enumerate(KINDS):
            button = QPushButton(TITLES[kind], checkable=True)
            button.setProperty("role", "filter")
            button.setAccessibleName(f"Count along the plots: {kind}")
            self.kinds.addButton(button, at)
            forms.addWidget(button)
        forms.addSpacing(10)
        label = QLabel("Smooth")
        label.setProperty("role", "small")
        self.slider = QSlider(Qt.Orientation.Horizontal, minimum=0, maximum=100)
        self.slider.setFixedWidth(84)
        self.slider.setAccessibleName("Smoothing")
        self.slider.setToolTip("How much the steps are smoothed, exponentially")
        label.setBuddy(self.slider)
        self.weight = QLabel()
        self.weight.setProperty("role", "value")
        self.weight.setFixedWidth(40)
        for widget in (label, self.slider, self.weight):
            forms.addWidget(widget)
        self.log = QPushButton("Log", checkable=True)
        self.log.setProperty("role", "filter")
        self.log.setToolTip("Show values by their logarithm (L)")
        self.log.setAccessibleName("Logarithmic values")
        forms.addWidget(self.log)
        self.back = self._tool("rotate-ccw", "Back to what was in sight before (Backspace)")
        self.whole = self._tool("maximize", "Show all (Home)")
        self.shown = self._tool("eye", "Which plots are shown", QMenu(self))
        self.save = self._tool("download", "Save the plots", QMenu(self))
        for button in (self.back, self.whole, self.shown, self.save):
            row.addWidget(button)
        first = QHBoxLayout()
        first.setSpacing(4)
        first.addWidget(self.name, 1)
        self._box.addLayout(first, 1)
        self._box.addWidget(self.forms)
        self._first = first
        self._box.addWidget(self.buttons)

    def _tool(self, image: str, text: str, menu: QMenu | None = None) -> QToolButton:
        button = QToolButton(popupMode=QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setProperty("role", "flat")
        button.setIcon(icon(image, "muted"))
        button.setIconSize(QSize(15, 15))
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.setToolTip(text)
        button.setAccessibleName(text)
        if menu is not None:
            button.setMenu(menu)
        return button

    def show_view(self, view: View) -> None:
        """Shows what a view is."""
        self.kinds.button(KINDS.index(view.kind)).setChecked(True)
        for control, value in ((self.slider, place_of(view.smoothing)),):
            control.blockSignals(True)
            control.setValue(value)
            control.blockSignals(False)
        self.weight.setText(f"{view.smoothing:.3g}" if view.smoothing else "off")
        self.log.setChecked(view.log)
        self.back.setEnabled(view.can_go_back)
        self.whole.setEnabled(view.span is not None)

    def enable(self, on: bool) -> None:
        """There is something to be shown, or nothing yet."""
        self.forms.setVisible(on)
        self.buttons.setVisible(on)

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        narrow = self.width() < NARROW
        if narrow == (self._box.direction() == QBoxLayout.Direction.TopToBottom):
            return
        self._box.removeWidget(self.buttons)
        self._first.removeWidget(self.buttons)
        if narrow:
            self._box.setDirection(QBoxLayout.Direction.TopToBottom)
            self._first.addWidget(self.buttons)
            self._box.setAlignment(self.forms, Qt.AlignmentFlag.AlignLeft)
        else:
            self._box.setDirection(QBoxLayout.Direction.LeftToRight)
            self._box.setAlignment(self.forms, Qt.AlignmentFlag(0))
            self._box.addWidget(self.buttons)
