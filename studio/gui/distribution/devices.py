"""The devices of this machine as boxes to tick: those that the strategy trains with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QCheckBox, QLabel, QVBoxLayout, QWidget

from studio.gui.distribution.choosing import Device
from studio.gui.trained.page import button

if TYPE_CHECKING:
    from concurrent.futures import Future

    from studio.engine.warm import Answer
    from studio.gui.window import Window

SOON = 500
"""Milliseconds that the panel is in front before TensorFlow is loaded to look for devices."""


class DeviceAsker(QWidget):
    """Asks the warm process which devices there are. Signals: `told(list)`, `failed(str)`."""

    told = Signal(object)
    failed = Signal(str)
    _answered = Signal(object)

    def __init__(self, window: Window):
        super().__init__()
        self.hide()
        self._window = window
        self._future: Future[Answer] | None = None
        self._soon = QTimer(self, interval=SOON, singleShot=True)
        self._soon.timeout.connect(self._ask_if_seen)
        self._answered.connect(self._take, Qt.ConnectionType.QueuedConnection)

    @property
    def busy(self) -> bool:
        """Whether an answer is waited for."""
        return self._future is not None

    def ask_soon(self) -> None:
        """Asks, unless `cancel` comes first."""
        if not self.busy:
            self._soon.start()

    def _ask_if_seen(self) -> None:
        if self._window.docks["distribution"].panel.in_front:
            self.ask()

    def ask(self) -> None:
        """Asks now."""
        self.cancel()
        self._future = self._window.projects.trust.warm.ask("ping")
        self._future.add_done_callback(self._answered.emit)

    def cancel(self) -> None:
        """Wants no answer any more."""
        self._soon.stop()
        future, self._future = self._future, None
        if future is not None:
            self._window.projects.trust.warm.cancel(future)

    def _take(self, future: Future[Answer]) -> None:
        if future is not self._future:
            return
        self._future = None
        if future.cancelled():
            return
        answer = future.result()
        if answer.error:
            self.failed.emit(answer.error)
        else:
            self.told.emit(answer.result["devices"])


class Boxes(QWidget):
    """A box a device. Signals: `ticked(list)` the names that are wanted; `looked()` asks anew."""

    ticked = Signal(object)
    looked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.boxes: list[QCheckBox] = []
        self.look = button("Look for devices", "refresh-cw")
        self.look.setToolTip("Asks TensorFlow which devices this machine has")
        self.look.clicked.connect(self.looked)
        self.words = QLabel(wordWrap=True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setProperty("role", "small")
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(2)
        self._box.addWidget(self.words)
        self._box.addSpacing(4)
        self._box.addWidget(self.look, 0, Qt.AlignmentFlag.AlignLeft)

    def show_devices(
        self, devices: Sequence[Device], wanted: Sequence[str], one: bool, can: bool
    ) -> None:
        """Shows what there is and what is ticked; `one` may be at a time, none where it can't."""
        missing = [Device(name, "not on this machine", False) for name in wanted]
        names = {each.name for each in devices}
        shown = [*devices, *(each for each in missing if each.name not in names)]
        self._one = one
        while len(self.boxes) > len(shown):
            box = self.boxes.pop()
            box.hide()
            box.deleteLater()
        while len(self.boxes) < len(shown):
            box = QCheckBox()
            box.clicked.connect(lambda on, box=box: self._clicked(box, on))
            self._box.insertWidget(1 + len(self.boxes), box)  # below the words
            self.boxes.append(box)
        for box, device in zip(self.boxes, shown, strict=True):
            box.device = device.name
            text = f"{device.name}   {device.about}" if device.about else device.name
            box.setText(text.replace("&", "&&"))
            box.setAccessibleName(text)
            box.setChecked(device.name in wanted)
            box.setEnabled(can)

    def _clicked(self, box: Any, on: bool) -> None:
        if self._one:
            wanted = [box.device]
        else:
            wanted = [each.device for each in self.boxes if each.isChecked()]
        box.setChecked(not on)  # the document says how it stands
        self.ticked.emit(wanted)

    def say(self, text: str) -> None:
        """Says what is to be known of them."""
        self.words.setText(text)
        self.words.setVisible(bool(text))
