"""Evaluating: the key figures of a model on the data it wasn't trained with, and the pictures."""

from __future__ import annotations

import contextlib
import json
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from studio.graph.problems import printable
from studio.gui.look.theme import mono, sans
from studio.gui.notice import Line
from studio.gui.panel import Empty
from studio.gui.preview.tables import plain
from studio.gui.trained.evaluation import figures_of, left_out_of, pictures_of
from studio.gui.trained.page import Page, begun, button, foot_row
from studio.gui.trained.pictures import PictureRow
from studio.gui.trained.work import last_object

if TYPE_CHECKING:
    from studio.gui.window import Window

PLACE, REPORT = "artifacts/evaluation", "evaluation.json"
"""Where an evaluation is kept in the run: a folder for each split, with its pictures."""

WIDTH = 300
"""Pixels that the figures are wide, beside the pictures."""

LARGEST = 32 << 20
"""Bytes of a report that is read."""


class EvaluatePage(Page):
    """What the run's evaluation says: the one that is there, or a new one."""

    def __init__(self, window: Window):
        super().__init__(window)
        self.nothing = Empty(
            "Not evaluated yet",
            "The model answers the test split of its own data: what it gets right and wrong, by "
            "class or as errors, in figures and pictures.",
            "Evaluate",
            self.start,
        )
        self.lay_out((self.nothing, self._found()), (self._head(), self.going))
        self.work.told.connect(self._told)
        self.work.done.connect(self._done)
        self.work.failed.connect(self._failed)
        self.work.cancelled.connect(self._cancelled)

    def _found(self) -> QWidget:
        self.found = QWidget()
        self.figures = QTableWidget(0, 2)
        self.figures.setAccessibleName("Figures of the evaluation")
        self.figures.setFixedWidth(WIDTH)
        self.figures.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.figures.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        head = plain(self.figures)
        head.hide()
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        head.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.figures.verticalHeader().setDefaultSectionSize(24)
        self.pictures = PictureRow()
        row = QHBoxLayout(self.found)
        row.setContentsMargins(6, 0, 8, 0)
        row.setSpacing(8)
        row.addWidget(self.figures)
        row.addWidget(self.pictures, 1)
        return self.found

    def _head(self) -> QWidget:
        self.head = QWidget()
        row = foot_row(self.head)
        self.said = Line("", Qt.TextElideMode.ElideRight)
        self.said.setProperty("role", "small")
        self.again = button("Evaluate again", "refresh-cw")
        self.again.clicked.connect(self.start)
        row.addWidget(self.said, 1)
        row.addWidget(self.again)
        return self.head

    def show_run(self, folder: Path | None) -> None:
        super().show_run(folder)
        self.foot.setCurrentWidget(self.head)
        self.show_evaluation(*_kept(folder) if folder is not None else (None, None))

    def show_evaluation(self, told: dict[str, Any] | None, place: Path | None) -> None:
        """Shows an evaluation, with the pictures of the folder in which it is kept; None: none."""
        there = told is not None
        self.foot.setVisible(there)
        self.body.setCurrentWidget(self.found if there else self.nothing)
        rows = figures_of(told) if there else []
        self.figures.clearSpans()
        self.figures.setRowCount(len(rows))
        for row, (name, text) in enumerate(rows):
            self.figures.setItem(row, 0, _item(name, sans(12, 600) if not text else None))
            self.figures.setItem(row, 1, _item(text, mono(), right=True))
            if not text:
                self.figures.setSpan(row, 0, 1, 2)
        files = []
        if there and place is not None:
            named = [place / name for name in pictures_of(told) if Path(name).name == name]
            files = named or sorted(place.glob("*.png"))
        self.pictures.show_files(files)
        split = told.get("split") if there else None
        said = [f"On the {printable(split)} split."] if isinstance(split, str) else []
        self.said.say(" ".join([*said, *(left_out_of(told) if there else [])]))

    # At work

    def start(self) -> None:
        """Evaluates the model on its own data."""
        if self.folder is None or self.work.working:
            return
        self.window_.notices.drop("model")
        self.foot.show()
        self.foot.setCurrentWidget(self.going)
        self.nothing.button.setEnabled(False)
        self.going.begin("Evaluating the model on its own data…")
        self.going.cancel.setFocus()
        self.work.start("evaluate", self.folder, "--json")

    def _told(self, told: dict[str, Any]) -> None:
        """A line of progress: what it is doing, and how many batches of it are done."""
        doing, done, of = (told.get(name) for name in ("at", "done", "total"))
        if isinstance(doing, str):
            counted = isinstance(done, int) and isinstance(of, int) and of > 0
            said = f", {done} of {of}" if counted else ""
            self.going.tell(f"{begun(doing)}{said}", done / of if counted else None)

    def _rest(self) -> None:
        self.nothing.button.setEnabled(True)
        self.foot.setCurrentWidget(self.head)
        self.foot.setVisible(self.body.currentWidget() is self.found)
        self.rested.emit()

    def _done(self, printed: str) -> None:
        told = last_object(printed)
        place = _place(self.folder, told)
        self._rest()
        if told is None or "event" in told:
            self.refuse("The evaluation has ended without a report.")
            return
        self.show_evaluation(told, place)
        self.figures.setFocus()

    def _failed(self, sentence: str) -> None:
        self._rest()
        self._first_button().setFocus()
        self.refuse(f"The model can't be evaluated. {sentence}")

    def _cancelled(self) -> None:
        self._rest()
        self._first_button().setFocus()
        self.window_.say("The evaluation was given up.")

    def _first_button(self) -> QWidget:
        return self.again if self.body.currentWidget() is self.found else self.nothing.button

    def close_work(self) -> None:
        if self.work.working:
            super().close_work()
            self._rest()


def _item(text: str, font: Any = None, right: bool = False) -> QTableWidgetItem:
    item = QTableWidgetItem(text)
    item.setToolTip(f"<p>{escape(text, quote=False)}</p>" if text else "")
    if font is not None:
        item.setFont(font)
    if right:
        item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return item


def _kept(folder: Path) -> tuple[dict[str, Any] | None, Path | None]:
    """The newest evaluation that the run holds, and its folder; None where there is none."""
    reports = []
    for report in (folder / PLACE).glob(f"*/{REPORT}"):
        with contextlib.suppress(OSError):
            about = report.stat()
            if about.st_size <= LARGEST:
                reports.append((about.st_mtime_ns, report))
    for _, report in sorted(reports, reverse=True):
        with contextlib.suppress(OSError, ValueError):
            told = json.loads(report.read_bytes())
            if isinstance(told, dict):
                return told, report.parent
    return None, None


def _place(folder: Path, told: dict[str, Any] | None) -> Path | None:
    """Where the pictures of an evaluation are: in the folder of its split."""
    split = (told or {}).get("split")
    if isinstance(split, str) and split.isidentifier():
        return folder / PLACE / split
    return _kept(folder)[1]
