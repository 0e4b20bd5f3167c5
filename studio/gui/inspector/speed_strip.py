"""What a step takes by how it is compiled: measured here, or by the run that is shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace
from PySide6.QtCore import Qt

from studio.graph.edits import SetTraining, Several
from studio.gui.inspector.measure import Measure, use_button
from studio.gui.inspector.times_table import TimesTable
from studio.gui.look.theme import mono

if TYPE_CHECKING:
    from studio.graph.document import Project
    from studio.gui.window import Window

KEPT = "artifacts/speed.json"
"""Where a run whose speed is "auto" keeps what it has measured."""

MOST = 12


class Way(Struct, frozen=True):
    """One way of training a step: batches a call (0 for eager), XLA, milliseconds."""

    steps: int
    xla: bool
    ms: float

    @property
    def name(self) -> str:
        """What it is called, as `studio speed` does."""
        from studio.engine.speed import name

        return name(self.steps, self.xla) if self.steps else "eager"


class SpeedStrip(Measure):
    """A row a way, the fastest marked; the one that is selected can be taken over."""

    def __init__(self, window: Window):
        super().__init__(
            window,
            "Measure the speed",
            "Measures a training step as it is compiled one way and another, in a process of its "
            "own; it takes half a minute or more",
            "Measuring the training step…",
        )
        self.ways: list[Way] = []
        self._of: tuple[Any, ...] = ()
        self.table = TimesTable("What a training step takes", ("Step", "ms", "×"))
        self.table.itemSelectionChanged.connect(self._name_use)
        self.table.itemActivated.connect(lambda _: self._use())
        self.use = use_button()
        self.use.clicked.connect(self._use)
        self.box.insertWidget(1, self.table)
        self.box.addWidget(self.use, 0, Qt.AlignmentFlag.AlignLeft)

    def arguments(self) -> list[object]:
        return ["speed", "--json"]

    def start(self) -> None:
        if not self.work.working:
            self._of = _measured(self.window_.session.project)
        super().start()

    def take(self, told: dict[str, Any]) -> None:
        ways = [Way(int(w["steps"]), bool(w["xla"]), float(w["ms"])) for w in told["ways"]]
        best = Way(int(told["best"]["steps"]), bool(told["best"]["xla"]), 0.0)
        shares = ", ".join(f"{share:.0%} {name}" for name, share in told["shares"].items())
        fed = float(told["fed_ms"])
        failed = [f"{words}." for words in told["failed"]]
        self._of = self._of or _measured(self.window_.session.project)
        self._show(ways, best)
        self.say(" ".join([f"With its data a step takes {fed:.3g} ms: {shares}.", *failed]))

    def refresh(self) -> None:
        """Says where what was measured is of a project that has changed since."""
        session = self.window_.session
        if self.ways and self._of and session is not None:
            stale = self._of != _measured(session.project)
            self.table.setToolTip("The project has changed since it was measured." if stale else "")
        self._name_use()

    def show_run(self, folder: Path | None) -> None:
        """Shows what a run has measured, where its speed was "auto" and nothing else is shown."""
        if self.ways or self.work.working or folder is None:
            return
        try:
            kept = json.loads((folder / KEPT).read_bytes())
            measured = [Way(w["steps"], w["xla"], float(w["ms"])) for w in kept["measured"]]
            chosen = Way(kept["chosen"]["steps"], kept["chosen"]["xla"], 0.0)
            note = str(kept["note"])
        except (OSError, ValueError, KeyError, TypeError):
            return  # it has measured nothing, or not yet
        self._show(measured[:MOST], chosen)
        self.ways = []  # what is measured here takes its place
        said = f"As the run {folder.name} has measured it."
        self.say(f"{said} {note[:1].upper()}{note[1:]}." if note else said)

    def forget(self) -> None:
        """Another project is shown."""
        self.close_work()
        self.ways, self._of = [], ()
        self.table.setRowCount(0)
        self.table.hide()
        self.use.hide()
        self.say("")

    # The table

    def _show(self, ways: list[Way], best: Way) -> None:
        self.ways = ways[:MOST]
        self._rows = self.ways
        table = self.table
        table.blockSignals(True)
        table.setRowCount(len(self.ways))
        one = next((way.ms for way in self.ways if (way.steps, way.xla) == (1, False)), None)
        chosen = 0
        for row, way in enumerate(self.ways):
            is_best = (way.steps, way.xla) == (best.steps, best.xla)
            chosen = row if is_best else chosen
            times = f"{one / way.ms:.2f}" if one and way.ms > 0 else ""
            for column, text in enumerate((way.name, f"{way.ms:.3g}", times)):
                font = mono(11)
                font.setBold(is_best)
                item = table.put(row, column, text, font)
                item.setToolTip("The fastest" if is_best else "")
        table.fit()
        table.selectRow(chosen)
        table.blockSignals(False)
        table.setVisible(bool(ways))
        self._name_use()

    @property
    def selected(self) -> Way | None:
        """The way that is selected; None where that can't be written into a project."""
        row = self.table.currentRow()
        if not 0 <= row < self.table.rowCount():
            return None
        way = self._rows[row]
        return way if way.steps else None

    def _name_use(self) -> None:
        way, session = self.selected, self.window_.session
        self.use.setVisible(way is not None and not self.table.isHidden())
        if way is None or session is None or session.project.training is None:
            return
        training = session.project.training
        now = (training.steps_per_execution, training.jit_compile) == (way.steps, way.xla)
        self.use.setEnabled(not now)
        self.use.setText(f"{way.name} is set" if now else f"Use {way.name}")

    def _use(self) -> None:
        way = self.selected
        if way is None or not self.use.isEnabled():
            return
        edits = (
            SetTraining("steps_per_execution", way.steps),
            SetTraining("jit_compile", way.xla),
        )
        self.adopt(Several(edits, f"Train with {way.name}"))
        self._name_use()


def _measured(project: Project) -> tuple[Any, ...]:
    """What of a project the times hang on."""
    training = project.training
    if training is not None:
        training = replace(training, steps_per_execution=1, jit_compile=False, epochs=1)
    return project.model, project.data, training, project.code
