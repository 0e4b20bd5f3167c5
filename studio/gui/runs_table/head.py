"""The head of the Runs panel: the filter, how many runs fit it, and what is done with several."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from studio.gui.look.icons import icon
from studio.gui.runs_table.filter_field import FilterField


class RunsHead(QWidget):
    """Its buttons do nothing themselves."""

    def __init__(self, filter: FilterField):
        super().__init__()
        self.count = QLabel()
        self.count.setProperty("role", "small")
        self.columns = _button("table", "Columns", "Choose the columns of the table")
        self.overlay = _button(
            "chart-line", "Overlay", "Draw the curves of the selected runs over each other"
        )
        self.overlay.setCheckable(True)
        self.compare = _button("git-compare", "Compare", "Compare the two selected runs")
        self.compare.setEnabled(False)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 6, 14, 6)
        row.setSpacing(6)
        row.addWidget(filter, 1)
        row.addSpacing(4)
        row.addWidget(self.count)
        row.addSpacing(4)
        for button in (self.columns, self.overlay, self.compare):
            row.addWidget(button)


def _button(name: str, text: str, tip: str) -> QPushButton:
    button = QPushButton(icon(name, "muted"), text)
    button.setIconSize(QSize(14, 14))
    button.setProperty("role", "flat")
    button.setToolTip(tip)
    return button
