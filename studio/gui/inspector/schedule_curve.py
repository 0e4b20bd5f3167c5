"""The curve of a learning rate's schedule over the steps that the training plans."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from studio.graph.schedules import own_steps, planned, rate_of, sampled
from studio.gui.inspector.curve import Curve, short
from studio.gui.inspector.place import Place

ENDING = ("CosineDecay", "PolynomialDecay")
"""Schedules that come to an end, behind which the rate stays as it is."""


def _read(step: float, rate: float) -> str:
    return f"step {int(step):,}  {short(rate)}"


class ScheduleCurve(QWidget):
    """The curve, and what to know of it. Signal: `given(str, object)` a parameter and its value."""

    given = Signal(str, object)

    def __init__(self, place: Place):
        super().__init__()
        self._place = place
        self._call: Any = None
        self._wanted: int | None = None
        self._drawn: Any = None
        self.curve = Curve("Learning rate over the training", _read)
        self.words = QLabel(wordWrap=True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setProperty("role", "small")
        self.fit = QPushButton()
        self.fit.setObjectName("more")
        self.fit.setProperty("role", "link")
        self.fit.setCursor(Qt.CursorShape.PointingHandCursor)
        self.fit.clicked.connect(lambda: self.given.emit("decay_steps", self._wanted))
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 4, 0, 0)
        box.setSpacing(4)
        box.addWidget(self.curve)
        box.addWidget(self.words)
        box.addWidget(self.fit, 0, Qt.AlignmentFlag.AlignLeft)
        place.session.checked.connect(self.refresh)

    def show_call(self, call: Any) -> None:
        """Shows a schedule; nothing is drawn while something of it is missing or wrong."""
        self._call = call
        self.refresh()

    def refresh(self) -> None:
        """Draws it over the steps that are planned now."""
        session = self._place.session
        plan = planned(session.project, session.report.shapes.get("data"))
        if self._drawn == (self._call, plan):
            return
        self._drawn = (self._call, plan)
        rate = rate_of(self._call)
        self.curve.setVisible(rate is not None)
        self._wanted = None
        if rate is None:
            self.words.setText("Its curve is drawn here once all that it needs is given.")
            self.fit.hide()
            return
        own = own_steps(self._call)
        steps = plan.steps if plan is not None else own
        points = sampled(rate, steps)
        self.curve.show_points(points, ("0", f"{steps:,} steps"), zero=True)
        said = []
        if plan is None:
            said.append("How many batches there are isn't known: drawn over its own steps.")
        else:
            said.append(f"{_many(plan.epochs, 'epoch')} of {_many(plan.batches, 'batch', 'es')}.")
            said += self._beside(own, plan.steps)
        broken = next((step for step, value in points if not math.isfinite(value)), None)
        if broken is not None:
            said.append(f"From step {broken:,} on it is {short(rate(broken))}.")
        self.words.setText(" ".join(said))
        self.fit.setVisible(self._wanted is not None)
        self.fit.setText(f"Set decay_steps to {self._wanted:,}" if self._wanted else "")

    def _beside(self, own: int, steps: int) -> list[str]:
        """How the end of the schedule lies to that of the training, where they aren't one."""
        params = self._call.get("params", {})
        ends = self._call["op"].rpartition(".")[2] in ENDING and not params.get("cycle")
        if not ends or own == steps:
            return []
        wanted = steps - (own - math.ceil(params["decay_steps"]))
        self._wanted = wanted if wanted > 0 else None
        if own > steps:
            return [f"The schedule ends at step {own:,}, behind the training."]
        return [f"From step {own:,} on the rate stays as it is."]


def _many(count: int, name: str, plural: str = "s") -> str:
    return f"{count:,} {name}{plural if count != 1 else ''}"
