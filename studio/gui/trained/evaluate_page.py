"""Evaluating: what the model of a run gets right and wrong on a split of its own data."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QWidget

from studio.engine.evaluated import FILE, PLACE, SPLITS
from studio.graph.document import Project
from studio.graph.problems import printable
from studio.gui.notice import Line
from studio.gui.panel import Empty
from studio.gui.trained.evaluation import left_out_of
from studio.gui.trained.page import Page, begun, button
from studio.gui.trained.results import Results
from studio.gui.trained.work import last_object

if TYPE_CHECKING:
    from studio.gui.window import Window

LARGEST = 32 << 20
"""Bytes of a report that is read."""

HEAD = 34
"""Pixels that the row above the results is high."""

ABOUT = (
    "The model answers a split of its own data: what it gets right and wrong, by class or as "
    "errors, with the samples themselves."
)


class EvaluatePage(Page):
    """What the run's evaluation on a split says: the one that is there, or a new one."""

    def __init__(self, window: Window):
        super().__init__(window)
        self.nothing = Empty("Not evaluated yet", ABOUT, "Evaluate", self.start)
        self.found = Results()
        self.figures, self.pictures = self.found.figures, self.found.pictures
        self.lay_out((self.nothing, self.found), (self.going,))
        self.layout().insertWidget(0, self._head())
        self.work.told.connect(self._told)
        self.work.done.connect(self._done)
        self.work.failed.connect(self._failed)
        self.work.cancelled.connect(self._cancelled)

    def _head(self) -> QWidget:
        self.head = QWidget()
        self.head.setFixedHeight(HEAD)
        row = QHBoxLayout(self.head)
        row.setContentsMargins(8, 0, 14, 0)
        row.setSpacing(8)
        self.said = Line("", Qt.TextElideMode.ElideRight)
        self.said.setProperty("role", "small")
        self.split = QComboBox()
        self.split.setAccessibleName("Split that the model is held to")
        self.split.setMaximumWidth(110)
        self.split.currentIndexChanged.connect(self._choose_split)
        self.again = button("Again", "refresh-cw")
        self.again.setToolTip("Evaluate the model on this split again")
        self.again.clicked.connect(self.start)
        row.addWidget(self.found.head, 6)
        row.addWidget(self.said, 1)
        row.addWidget(self.split)
        row.addWidget(self.again)
        return self.head

    # The run and its split

    def show_run(self, folder: Path | None, project: Project | None = None) -> None:
        super().show_run(folder, project)
        there = project.data.outputs if project is not None and project.data is not None else {}
        splits = [name for name in SPLITS if name in there]
        newest = _newest(folder) if folder is not None else None
        with QSignalBlocker(self.split):
            self.split.clear()
            for name in splits:
                self.split.addItem(begun(name), name)
            self.split.setCurrentIndex(max(0, self.split.findData(newest)))
        self.split.setVisible(len(splits) > 1)
        self.foot.hide()
        self._choose_split()

    def _choose_split(self) -> None:
        """Shows what is kept of the chosen split."""
        place = self._place()
        self.show_evaluation(_read(place / FILE) if place is not None else None, place)

    def _place(self) -> Path | None:
        """The folder in which the evaluation on the chosen split is kept."""
        if self.folder is None:
            return None
        name = self.split.currentData()
        return self.folder / PLACE / (name or SPLITS[0])

    def show_evaluation(self, told: dict[str, Any] | None, place: Path | None) -> None:
        """Shows an evaluation, with the files of the folder in which it is kept; None: none."""
        there = told is not None
        name = self.split.currentText().lower()
        title = f"Not evaluated on the {name} split yet" if name else "Not evaluated yet"
        self.nothing.say(title, ABOUT)
        self.body.setCurrentWidget(self.found if there else self.nothing)
        self.again.setVisible(there)
        self.found.head.setVisible(there)
        self.found.show_evaluation(told or {}, place)
        split = told.get("split") if there else None
        # Where there is a choice of the split, it says itself which one it is.
        one = isinstance(split, str) and self.split.count() < 2
        said = [f"On the {printable(split)} split."] if one else []
        if there and _sampled(told):
            said.append("Curves are of samples drawn at random.")
        self.said.say(" ".join([*said, *(left_out_of(told) if there else [])]))
        self.said.setVisible(bool(self.said.text()) or not there)

    @property
    def wants_room(self) -> bool:
        """Whether there are results to be seen."""
        return self.body.currentWidget() is self.found

    # At work

    def start(self) -> None:
        """Evaluates the model on the chosen split of its own data."""
        if self.folder is None or self.work.working:
            return
        self.window_.notices.drop("model")
        self.foot.show()
        self.nothing.button.setEnabled(False)
        split = self.split.currentData()
        of = f"the {split} split of its own data" if split else "its own data"
        self.going.begin(f"Evaluating the model on {of}…")
        self.going.cancel.setFocus()
        which = ("--split", split) if split else ()
        self.work.start("evaluate", self.folder, *which, "--json")

    def _told(self, told: dict[str, Any]) -> None:
        """A line of progress: what it is doing, and how many batches of it are done."""
        doing, done, of = (told.get(name) for name in ("at", "done", "total"))
        if isinstance(doing, str):
            counted = isinstance(done, int) and isinstance(of, int) and of > 0
            said = f", {done} of {of}" if counted else ""
            self.going.tell(f"{begun(doing)}{said}", done / of if counted else None)

    def _rest(self) -> None:
        self.nothing.button.setEnabled(True)
        self.foot.hide()
        self.rested.emit()

    def _done(self, printed: str) -> None:
        told = last_object(printed)
        self._rest()
        if told is None or "event" in told:
            self.refuse("The evaluation has ended without a report.")
            return
        self.show_evaluation(told, self._place_of(told))
        self.filled.emit()
        self.found.views.setFocus()

    def _place_of(self, told: dict[str, Any]) -> Path | None:
        """Where the files of an evaluation are: in the folder of its split."""
        split = told.get("split")
        return self.folder / PLACE / split if split in SPLITS else self._place()

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


def _sampled(told: dict[str, Any]) -> bool:
    outputs = told.get("outputs")
    each = outputs.values() if isinstance(outputs, dict) else ()
    return any(isinstance(one, dict) and ("sampled" in one or one.get("curves")) for one in each)


def _newest(folder: Path) -> str | None:
    """The split of the newest evaluation that the run holds; None where there is none."""
    reports = []
    for split in SPLITS:
        with contextlib.suppress(OSError):
            reports.append(((folder / PLACE / split / FILE).stat().st_mtime_ns, split))
    return max(reports)[1] if reports else None


def _read(report: Path) -> dict[str, Any] | None:
    """What a report says; None where there is none that could be read."""
    with contextlib.suppress(OSError, ValueError):
        if report.stat().st_size <= LARGEST:
            told = json.loads(report.read_bytes())
            return told if isinstance(told, dict) else None
    return None
