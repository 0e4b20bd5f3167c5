"""The learning rate range test, below the optimizer: begun, its curve, and what it suggests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt

from studio.graph.problems import StudioError
from studio.gui.inspector.curve import Curve, short
from studio.gui.inspector.measure import Measure, use_button

if TYPE_CHECKING:
    from studio.gui.window import Window


class RateStrip(Measure):
    """What `studio lr` finds."""

    def __init__(self, window: Window):
        super().__init__(
            window,
            "Find a learning rate",
            "Trains a little with a rising rate, in a process of its own; nothing of it is kept",
            "Training with a rising learning rate…",
        )
        self.rate: float | None = None
        self.curve = Curve("Loss over the learning rate", _read)
        self.curve.hide()
        self.use = use_button()
        self.use.clicked.connect(self._use)
        self.box.insertWidget(1, self.curve)
        self.box.addWidget(self.use, 0, Qt.AlignmentFlag.AlignLeft)

    def arguments(self) -> list[object]:
        return ["lr", "--json"]

    def take(self, told: dict[str, Any]) -> None:
        rates = [float(each) for each in told["rates"]]
        raw = zip(rates, map(float, told["losses"]), strict=True)
        smoothed = list(zip(rates, map(float, told["smoothed"]), strict=True))
        self.rate = None if told["suggested"] is None else float(told["suggested"])
        self.curve.setVisible(len(rates) > 1)
        if len(rates) > 1:
            ends = (short(rates[0]), short(rates[-1]))
            self.curve.show_points(smoothed, ends, log=True, faint=list(raw), mark=self.rate)
        self.say(str(told["words"]))
        self.use.setVisible(self.rate is not None)
        if self.rate is not None:
            self.use.setText(f"Use {self.rate:g}")

    def forget(self) -> None:
        """Another project is shown: what was found is of none that is there."""
        self.close_work()
        self.rate = None
        self.curve.hide()
        self.use.hide()
        self.say("")

    def _use(self) -> None:
        from studio.engine.learning_rate import adopting

        training = self.window_.session.project.training
        try:
            self.adopt(adopting(training.optimizer, self.rate))
        except (StudioError, AttributeError):
            self.say("The optimizer has no rate of its own any more.", bad=True)


def _read(rate: float, loss: float) -> str:
    return f"rate {short(rate)}  loss {short(loss)}"
