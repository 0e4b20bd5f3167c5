"""Who was taken for whom: the matrix or the worst confusions, and the samples of a cell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QHBoxLayout,
    QHeaderView,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.engine.evaluated import EACH, samples_of
from studio.gui.look.theme import mono
from studio.gui.notice import Line
from studio.gui.preview.tables import plain
from studio.gui.trained.matrix import Matrix
from studio.gui.trained.page import button
from studio.gui.trained.samples import Samples
from studio.gui.trained.told import classes_of, is_number, matrix_of, rows_of

MANY = 40
"""Classes from which the list of confusions comes first: the matrix has to be scrolled."""

LISTED = 200
"""Confusions that are listed."""

HEAD = 28
TIPS = {
    "Share": "The part of a true class that was taken for each, in percent",
    "Counts": "How many were taken for each",
    "Matrix": "All classes against all",
    "List": "The pairs of classes that are confused most often",
}
HALF = 0.5
TENTHS = 10


class ConfusionView(QWidget):
    """The matrix at the left, the samples of the chosen cell at the right."""

    def __init__(self) -> None:
        super().__init__()
        self.place: Path | None = None
        self.names: list[str] = []
        self._file: Path | None = None
        self._threshold: float | None = None
        self.matrix = Matrix()
        self.matrix.chosen.connect(self._show_cell)
        self.list = _list()
        self.list.currentCellChanged.connect(lambda row, *_: self._pick(row))
        self.sides = QStackedWidget()
        self.sides.addWidget(self.matrix)
        self.sides.addWidget(self.list)
        self.samples = Samples("Samples of the cell", alike=True)
        self.said = Line("", Qt.TextElideMode.ElideRight)
        self.said.setProperty("role", "small")
        left, right = QWidget(), QWidget()
        for side, margin, widgets in (
            (left, 0, (self._choices(), self.sides)),
            (right, 10, (self.said, self.samples)),
        ):
            column = QVBoxLayout(side)
            column.setContentsMargins(margin, 0, 0, 0)
            column.setSpacing(4)
            widgets[0].setFixedHeight(HEAD)
            column.addWidget(widgets[0])
            column.addWidget(widgets[1], 1)
        self.split = QSplitter(Qt.Orientation.Horizontal)
        self.split.setChildrenCollapsible(False)
        self.split.setHandleWidth(1)
        for place, (widget, stretch) in enumerate(((left, 4), (right, 5))):
            policy = QSizePolicy.Policy.Ignored if widget is right else QSizePolicy.Policy.Preferred
            widget.setSizePolicy(policy, QSizePolicy.Policy.Preferred)
            self.split.addWidget(widget)
            self.split.setStretchFactor(place, stretch)
        self.split.setSizes([400, 500])
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.split)

    def _choices(self) -> QWidget:
        whole = QWidget()
        row = QHBoxLayout(whole)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        self.buttons = {}
        for names in (("Share", "Counts"), ("Matrix", "List")):
            group = QButtonGroup(self)
            for name in names:
                made = button(name, role="filter")
                made.setCheckable(True)
                made.setToolTip(TIPS[name])
                made.setChecked(name == names[0])
                group.addButton(made)
                self.buttons[name] = made
                row.addWidget(made)
            row.addSpacing(10)
        self.buttons["Share"].toggled.connect(self.matrix.show_shares)
        self.buttons["Matrix"].toggled.connect(self._turn)
        row.addStretch(1)
        return whole

    # What it shows

    def show_output(self, output: dict[str, Any], place: Path | None) -> bool:
        """Shows an output's confusion; False where there is none to be told."""
        self.place, self._threshold = place, None
        self.names = classes_of(output)
        counts = matrix_of(output, len(self.names))
        confused = self._confused(output, counts)
        if counts is None and not confused:
            return False
        file = output.get("cells")
        named = isinstance(file, str) and place is not None and Path(file).name == file
        self._file = place / file if named else None
        if output.get("kind") == "binary":
            self._threshold = HALF
        self.matrix.current = None
        self.matrix.show_counts(self.names if counts is not None else [], counts or [])
        self._fill(confused)
        self.buttons["Matrix"].setEnabled(counts is not None)
        first = "Matrix" if counts is not None and len(self.names) < MANY else "List"
        self.buttons[first].setChecked(True)
        self._turn()
        self._nothing()
        return True

    def show_threshold(self, value: float, counts: list[list[int]]) -> None:
        """Shows what another threshold makes of a yes or no, the same cell chosen."""
        self._threshold = value
        self.matrix.show_counts(self.names, counts)
        self._fill(_pairs(counts))
        if self.matrix.current is not None:
            self._show_cell(*self.matrix.current)

    def _confused(
        self, output: dict[str, Any], counts: list[list[int]] | None
    ) -> list[tuple[int, int, int]]:
        """Pairs of different classes, the most confused first: true, predicted, how often."""
        if counts is not None:
            return _pairs(counts)
        places = {name: at for at, name in enumerate(self.names)}
        found = []
        for row in rows_of(output, "confused"):
            pair = [places.get(str(row.get(name))) for name in ("true", "predicted")]
            if None not in pair and is_number(row.get("count")):
                found.append((pair[0], pair[1], int(row["count"])))
        return found

    def _fill(self, confused: list[tuple[int, int, int]]) -> None:
        self.confused = confused[:LISTED]
        self.list.blockSignals(True)
        self.list.setRowCount(len(self.confused))
        for row, (true, predicted, count) in enumerate(self.confused):
            texts = (self.names[true], self.names[predicted], f"{count:,}", self._part(true, count))
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                if column > 1:
                    item.setFont(mono())
                    item.setTextAlignment(
                        Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                    )
                self.list.setItem(row, column, item)
        self.list.blockSignals(False)

    def _part(self, true: int, count: int) -> str:
        if not self.matrix.counts:
            return ""
        total = sum(self.matrix.counts[true])
        return f"{count / total:.1%}" if total else ""

    def _turn(self) -> None:
        matrix = self.buttons["Matrix"].isChecked()
        self.sides.setCurrentWidget(self.matrix if matrix else self.list)
        for name in ("Share", "Counts"):
            self.buttons[name].setEnabled(matrix)

    # The chosen cell

    def _pick(self, row: int) -> None:
        if not 0 <= row < len(self.confused):
            return
        true, predicted, count = self.confused[row]
        if self.matrix.names:
            self.matrix.choose(true, predicted)
        else:
            said = f"{self.names[true]} taken for {self.names[predicted]}: {count:,}"
            self._show(true, predicted, said, count)

    def _show_cell(self, true: int, predicted: int) -> None:
        count = self.matrix.counts[true][predicted]
        self._show(true, predicted, self.matrix.sentence((true, predicted)), count)

    def _show(self, true: int, predicted: int, said: str, count: int) -> None:
        found = samples_of(self._file, self._wanted(true, predicted)) if self._file else []
        if self._threshold is not None:
            found = [each for each in found if self._falls(each, predicted)]
        found = found[:EACH]
        if len(found) < count and self._file is not None:
            said += f" · {len(found)} kept to be looked at" if found else " · none of them was kept"
        elif self._file is None:
            said += " · evaluate again to see samples"
        self.said.say(said)
        self.samples.show_samples(found, self.place)

    def _wanted(self, true: int, predicted: int) -> Callable[[int, int], bool]:
        if self._threshold is None:
            return lambda row, column: (row, column) == (true, predicted)
        # Of a yes or no samples are kept by the tenth of their probability.
        edge = self._threshold * TENTHS
        if predicted:
            return lambda row, tenth: row == true and tenth + 1 >= edge
        return lambda row, tenth: row == true and tenth <= edge

    def _falls(self, sample: dict[str, Any], predicted: int) -> bool:
        """Whether a sample is taken for a class at this threshold; its words follow."""
        likely, said = sample.get("probability"), sample.get("predicted")
        if not is_number(likely) or said not in self.names:
            return False
        second = likely if self.names.index(said) else 1 - likely
        if (second > self._threshold) != bool(predicted):
            return False
        sample["predicted"] = self.names[predicted]
        sample["probability"] = second if predicted else 1 - second
        return True

    def _nothing(self) -> None:
        self.said.say("Choose a cell to see samples of it.")
        self.samples.show_samples([], None)


def _pairs(counts: list[list[int]]) -> list[tuple[int, int, int]]:
    found = [
        (true, predicted, count)
        for true, row in enumerate(counts)
        for predicted, count in enumerate(row)
        if count and true != predicted
    ]
    return sorted(found, key=lambda each: -each[2])


def _list() -> QTableWidget:
    table = QTableWidget(0, 4)
    table.setAccessibleName("Worst confusions")
    table.setHorizontalHeaderLabels(["true", "taken for", "times", "of the class"])
    for column in (2, 3):
        table.horizontalHeaderItem(column).setTextAlignment(
            Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        )
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    head = plain(table)
    head.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
    table.verticalHeader().setDefaultSectionSize(24)
    return table
