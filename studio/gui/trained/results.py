"""The results of an evaluation: figures, and for an output what it gets right and wrong."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QStackedWidget,
    QTabBar,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.graph.problems import printable
from studio.gui.look.theme import mono, sans
from studio.gui.preview.tables import plain
from studio.gui.trained.classes_table import ClassesTable
from studio.gui.trained.confusion_view import ConfusionView
from studio.gui.trained.evaluation import figures_of, pictures_of
from studio.gui.trained.pictures import PictureRow
from studio.gui.trained.samples import Samples
from studio.gui.trained.threshold import Threshold
from studio.gui.trained.told import outputs_of, rows_of

WIDTH = 420
"""Pixels that the figures are wide, at most."""

VIEWS = {
    "confusion": "Confusion",
    "residuals": "Residuals",
    "worst": "Worst",
    "classes": "Classes",
    "curves": "ROC, PR",
    "figures": "Figures",
    "pictures": "Pictures",
}

TIPS = {
    "confusion": "Who was taken for whom",
    "residuals": "How far predicted values are from the true ones",
    "worst": "The samples of the highest loss",
    "classes": "Precision, recall and F1 of each class",
    "curves": "ROC and precision-recall curves",
    "figures": "All figures of the evaluation",
    "pictures": "The pictures that are kept in the run",
}


class Results(QWidget):
    """One of several views of the chosen output. `head` is the row in which they are chosen."""

    def __init__(self) -> None:
        super().__init__()
        self.evaluation: dict[str, Any] = {}
        self.place: Path | None = None
        self.names: list[str] = []
        self.named: dict[str, dict[str, Any]] = {}
        self.figures = _figures()
        self.confusion = ConfusionView()
        self.worst = Samples("Worst samples")
        self.classes = ClassesTable()
        self.pictures = PictureRow()
        self.threshold = Threshold()
        self.threshold.moved.connect(self._move)
        self.stack = QStackedWidget()
        # What draws by pyqtgraph is made when it is first shown: its import takes a while.
        self.pages: dict[str, QWidget] = {}
        for name, widget in (
            ("confusion", self.confusion),
            ("residuals", QWidget()),
            ("worst", self.worst),
            ("classes", self.classes),
            ("curves", QWidget()),
            ("figures", _at_left(self.figures)),
            ("pictures", self.pictures),
        ):
            self.pages[name] = widget
            self.stack.addWidget(widget)
        box = QVBoxLayout(self)
        box.setContentsMargins(14, 0, 8, 4)
        box.setSpacing(4)
        box.addWidget(self.threshold)
        box.addWidget(self.stack, 1)
        self.head = self._head()

    def _head(self) -> QWidget:
        head = QWidget()
        row = QHBoxLayout(head)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.output = QComboBox()
        self.output.setAccessibleName("Output of the model")
        self.output.setMaximumWidth(120)
        self.output.currentIndexChanged.connect(self._show_output)
        self.views = QTabBar()
        self.views.setAccessibleName("Views of the evaluation")
        self.views.setExpanding(False)
        self.views.setDrawBase(False)
        self.views.setUsesScrollButtons(True)
        self.views.setElideMode(Qt.TextElideMode.ElideNone)
        self.views.currentChanged.connect(self._turn)
        row.addWidget(self.views, 1)
        row.addWidget(self.output)
        return head

    # What is shown

    def show_evaluation(self, evaluation: dict[str, Any], place: Path | None) -> None:
        """Shows an evaluation, with the files of the folder in which it is kept."""
        self.evaluation, self.place = evaluation, place
        self._show_figures(figures_of(evaluation))
        files = []
        if place is not None:
            named = [place / name for name in pictures_of(evaluation) if Path(name).name == name]
            files = named or sorted(place.glob("*.png"))
        self.pictures.show_files(files)
        before = self.output.currentText()
        self.named = {printable(name): each for name, each in outputs_of(evaluation)}
        with QSignalBlocker(self.output):
            self.output.clear()
            self.output.addItems(list(self.named))
            self.output.setCurrentIndex(max(0, self.output.findText(before)))
        self.output.setVisible(len(self.named) > 1)
        self._show_output()

    def _show_figures(self, rows: list[tuple[str, str]]) -> None:
        self.figures.clearSpans()
        self.figures.setRowCount(len(rows))
        for row, (name, text) in enumerate(rows):
            self.figures.setItem(row, 0, _item(name, sans(12, 600) if not text else None))
            self.figures.setItem(row, 1, _item(text, mono(), right=True))
            if not text:
                self.figures.setSpan(row, 0, 1, 2)

    @property
    def shown(self) -> dict[str, Any]:
        """What is told of the chosen output."""
        return self.named.get(self.output.currentText(), {})

    def _show_output(self) -> None:
        """Fills the views, and leaves out those of which nothing is told."""
        told = self.shown
        worst = rows_of(told, "worst")
        self.worst.show_samples(worst, self.place)
        there = {
            "confusion": self.confusion.show_output(told, self.place),
            "residuals": isinstance(told.get("residuals"), dict),
            "worst": bool(worst),
            "classes": self.classes.show_output(told),
            "curves": "roc" in told or any("roc" in row for row in rows_of(told, "per_class")),
            "figures": True,
            "pictures": self.pictures.rows.rowCount() > 0,
        }
        self.threshold.show_output(told)
        before = self.view
        self._drawn: set[str] = set()
        self.names = [name for name in VIEWS if there[name]]
        with QSignalBlocker(self.views):
            while self.views.count():
                self.views.removeTab(0)
            for name in self.names:
                self.views.setTabToolTip(self.views.addTab(VIEWS[name]), TIPS[name])
            self.views.setCurrentIndex(self.names.index(before) if before in self.names else 0)
        self._turn()

    @property
    def view(self) -> str:
        """The name of the view that is chosen."""
        return self.names[self.views.currentIndex()] if self.names else ""

    def show_view(self, name: str) -> None:
        """Shows one of the views."""
        self.views.setCurrentIndex(self.names.index(name))

    def _turn(self) -> None:
        name = self.view
        if name in ("curves", "residuals") and name not in self._drawn:
            self._drawn.add(name)
            self._draw(name)
        self.stack.setCurrentWidget(self.pages[name])
        self.threshold.setVisible(self.threshold.there and name in ("confusion", "curves"))

    def _draw(self, name: str) -> None:
        """Draws the charts of the chosen output."""
        if not hasattr(self.pages[name], "show_output"):
            self._replace(name)
        self.pages[name].show_output(self.shown)
        if name == "curves":
            self._mark()

    def _replace(self, name: str) -> None:
        if name == "curves":
            from studio.gui.trained.curves_view import CurvesView as View
        else:
            from studio.gui.trained.residuals_view import ResidualsView as View
        old, self.pages[name] = self.pages[name], View()
        self.stack.removeWidget(old)
        old.deleteLater()
        self.stack.addWidget(self.pages[name])

    # The threshold

    def _move(self, value: float) -> None:
        self.confusion.show_threshold(value, self.threshold.confusion())
        if "curves" in self._drawn:
            self._mark()

    def _mark(self) -> None:
        curves, rates = self.pages["curves"], self.threshold.rates()
        if self.threshold.there and rates is not None:
            precision = self.threshold.figures()["precision"]
            curves.show_threshold(self.threshold.value, rates, precision)
        else:
            curves.no_threshold()


def _figures() -> QTableWidget:
    table = QTableWidget(0, 2)
    table.setAccessibleName("Figures of the evaluation")
    table.setMaximumWidth(WIDTH)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    head = plain(table)
    head.hide()
    head.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    head.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
    table.verticalHeader().setDefaultSectionSize(24)
    return table


def _at_left(widget: QWidget) -> QWidget:
    whole = QWidget()
    row = QHBoxLayout(whole)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(widget, 1)
    row.addStretch(0)
    return whole


def _item(text: str, font: Any = None, right: bool = False) -> QTableWidgetItem:
    item = QTableWidgetItem(text)
    item.setToolTip(f"<p>{escape(text, quote=False)}</p>" if text else "")
    if font is not None:
        item.setFont(font)
    if right:
        item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return item
