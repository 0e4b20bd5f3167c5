"""The threshold of a yes or no, and what comes of it: a slider whose figures follow at once."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QWidget

from studio.gui.look.theme import mono
from studio.gui.trained.page import button, small
from studio.gui.trained.told import is_number, numbers_of

EVEN = 0.5


class Threshold(QWidget):
    """Signal: `moved(float)` the probability above which a sample is taken for the second class."""

    moved = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self._yes: list[float] = []
        self._no: list[float] = []
        self._best: float | None = None
        self.total = (0, 0)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Threshold")
        self.slider.setFixedWidth(180)
        self.slider.setPageStep(50)
        self.slider.valueChanged.connect(self._slid)
        self.figure = QLabel()
        self.figure.setFont(mono(12))
        self.said = QLabel()
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        self.said.setProperty("role", "small")
        self.even = button("0.5", role="filter")
        self.even.setToolTip("The threshold that accuracy and confusion are told for")
        self.even.clicked.connect(lambda: self.set_value(EVEN))
        self.best = button("Best F1", role="filter")
        self.best.setToolTip("The threshold that gives the best F1 on these samples")
        self.best.clicked.connect(self._to_best)
        row.addWidget(small("Threshold"))
        row.addWidget(self.slider)
        row.addWidget(self.figure)
        row.addWidget(self.even)
        row.addWidget(self.best)
        row.addSpacing(8)
        row.addWidget(self.said, 1)

    @property
    def there(self) -> bool:
        """Whether the output has thresholds."""
        return bool(self._yes)

    @property
    def value(self) -> float:
        """The threshold."""
        return self.slider.value() / max(1, self.slider.maximum())

    def show_output(self, output: dict[str, Any]) -> None:
        """Takes what an output's report says of each threshold, and begins at one half."""
        found = numbers_of(output.get("thresholds"), "true_positives", "false_positives")
        names, support = output.get("classes"), output.get("support")
        self._yes, self._no = found if found is not None and len(found[0]) > 2 else ([], [])
        counts = []
        if isinstance(names, list) and len(names) == 2 and isinstance(support, dict):
            counts = [support.get(str(name)) for name in names]
        if len(counts) != 2 or not all(isinstance(each, int) for each in counts):
            self._yes, self._no = [], []
        self.setVisible(self.there)
        if not self.there:
            return
        self.total = counts[0], counts[1]
        best = output.get("best_f1")
        best = best.get("threshold") if isinstance(best, dict) else None
        self._best = float(best) if is_number(best) else None
        self.best.setEnabled(self._best is not None)
        self.slider.blockSignals(True)
        self.slider.setRange(0, len(self._yes) - 1)
        self.slider.setValue(round(EVEN * (len(self._yes) - 1)))
        self.slider.blockSignals(False)
        self._say()

    def set_value(self, value: float) -> None:
        """Moves the slider."""
        self.slider.setValue(round(value * self.slider.maximum()))

    def _to_best(self) -> None:
        """The best one counts from it on, a step of the slider above it: so to the one below."""
        import math

        self.slider.setValue(max(0, math.ceil(self._best * self.slider.maximum()) - 1))

    def confusion(self) -> list[list[int]]:
        """True rows, predicted columns, at this threshold."""
        yes, no = (int(each[self.slider.value()]) for each in (self._yes, self._no))
        return [[self.total[0] - no, no], [self.total[1] - yes, yes]]

    def figures(self) -> dict[str, float | None]:
        """What comes of the threshold; None for what has no meaning."""
        (right_no, wrong_yes), (wrong_no, right_yes) = self.confusion()
        said, there = right_yes + wrong_yes, right_yes + wrong_no
        precision = right_yes / said if said else None
        recall = right_yes / there if there else None
        both = 2 * right_yes + wrong_yes + wrong_no
        whole = right_no + wrong_yes + wrong_no + right_yes
        return {
            "precision": precision,
            "recall": recall,
            "F1": 2 * right_yes / both if both else None,
            "accuracy": (right_no + right_yes) / whole if whole else None,
        }

    def rates(self) -> tuple[float, float] | None:
        """False and true positives at this threshold, as parts of those that could be."""
        if not all(self.total):
            return None
        (_, wrong_yes), (_, right_yes) = self.confusion()
        return wrong_yes / self.total[0], right_yes / self.total[1]

    def _slid(self) -> None:
        self._say()
        self.moved.emit(self.value)

    def _say(self) -> None:
        self.figure.setText(f"{self.value:.3f}")
        told = (
            f"{name} {'none' if value is None else f'{value:.3f}'}"
            for name, value in self.figures().items()
        )
        self.said.setText(" · ".join(told))
        self.slider.setAccessibleDescription(f"{self.value:.3f}: {self.said.text()}")
