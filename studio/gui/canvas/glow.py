"""What nodes glow with while their model trains, and the badges of those that something is wrong
with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from studio.engine.inside.instances import place_of_key
from studio.engine.inside.judging import Finding, judge
from studio.engine.inside.place import ask, asked
from studio.gui.canvas.scene import CanvasScene
from studio.gui.inside.legend import Legend
from studio.gui.inside.scale import MEASURES, Measure, Range, heat

if TYPE_CHECKING:
    from pathlib import Path

    from studio.engine.run import Run
    from studio.gui.window import Window

SETTING = "inside"


class Glow(QObject):
    """Asks the run that the window follows for what goes on inside, and shows it on the canvas.

    `told` is emitted with each event of that kind, `switched` when it is switched on or off.
    """

    told = Signal(object)
    switched = Signal(bool)

    def __init__(self, window: Window):
        super().__init__(window)
        self._window = window
        self.measure: Measure = MEASURES[0]
        self.event: dict[str, Any] | None = None
        self.findings: dict[str, Finding] = {}
        self.message = ""
        self._ranges: dict[str, Range] = {}
        self._lit: list[CanvasScene] = []
        self._project: Any = None
        self.legend = Legend(window, self)
        runner = window.runner
        runner.started.connect(self._started)
        runner.told.connect(self._take)
        runner.ended.connect(self._ended)
        window.session_changed.connect(self._attach)
        window.graph_changed.connect(self._paint)

    @property
    def on(self) -> bool:
        """Whether it is switched on, for this run and those that come."""
        return bool(self._window.settings.get(SETTING, False))

    def switch(self, on: bool) -> None:
        """Switches it on or off; a run that goes on is asked now."""
        self._window.settings.set(SETTING, on)
        folder = self._folder()
        if folder is not None:
            self._ask(folder, on)
        if not on:
            self._dark()
        self.switched.emit(on)
        self.legend.refresh()

    def show_measure(self, measure: Measure) -> None:
        """Lets nodes glow with another figure."""
        self.measure = measure
        self._paint()

    def next_measure(self) -> None:
        """The next of the figures."""
        self.show_measure(MEASURES[(MEASURES.index(self.measure) + 1) % len(MEASURES)])

    # The run

    def _folder(self) -> Path | None:
        runner = self._window.runner
        return runner.run.folder if runner.running else None

    def _ask(self, folder: Path, on: bool) -> None:
        try:
            ask(folder, on)
        except OSError as error:
            self._window.say(f"The run can't be asked in {folder}: {error.strerror}.")

    def _started(self, run: Run) -> None:
        self._dark()
        self._project = None
        if self.on:
            self._ask(run.folder, True)
        elif not run.progress.ended and asked(run.folder):  # another program has asked it
            self._window.settings.set(SETTING, True)
            self.switched.emit(True)
        self.legend.refresh()

    def _take(self, events: list[dict[str, Any]]) -> None:
        mine = [each for each in events if each["event"] == "inside"]
        if not mine or not self.on:
            return
        last = mine[-1]
        if "message" in last:
            self.message = str(last["message"])
            self._window.say(self.message)
        else:
            self.event, self.message = last, ""
            for measure in MEASURES:
                scale = self._ranges.setdefault(measure.id, Range())
                scale.take(measure.of(last), measure.logarithmic)
            self.findings = judge(self._ran(), last)
            self.told.emit(last)
        self._paint()

    def _ran(self) -> Any:
        """The project as it runs, which the one on the screen may not be any more."""
        if self._project is None:
            from studio.engine.look_run import read_project

            self._project = read_project(self._window.runner.run.folder)
        return self._project or self._window.session.project

    def _ended(self, state: str) -> None:
        self._dark()
        self.legend.refresh()

    def _attach(self, session: object) -> None:
        self._lit.clear()  # the scenes of another project are gone
        self._dark()
        self.legend.refresh()

    # The canvas

    def range(self) -> Range:
        """The range of the figure that is shown."""
        return self._ranges.setdefault(self.measure.id, Range())

    def values(self) -> dict[str, float]:
        """The figure that is shown, by the names of nodes."""
        return self.measure.of(self.event) if self.event is not None else {}

    def _paint(self, *_: object) -> None:
        """Gives the nodes of the graph in front their colours."""
        canvas = self._window.canvas
        if canvas is None:
            return
        scene, scale = canvas.scene(), self.range()
        levels: dict[str, Any] = {}
        for key, value in self.values().items():
            graph, node = place_of_key(key)
            if graph == scene.name:
                levels[node] = heat(scale.place(value, self.measure.logarithmic))
        marks = {}
        for key, finding in self.findings.items():
            graph, node = place_of_key(key)
            if graph == scene.name:
                marks[node] = finding
        if scene not in self._lit and (levels or marks):
            self._lit.append(scene)
        changed = False
        for name, item in scene.nodes.items():
            changed |= item.set_glow(levels.get(name), marks.get(name))
        if changed:
            scene.lit.emit()
        self.legend.refresh()

    def _dark(self) -> None:
        """Nothing glows any more."""
        self.event, self.findings, self.message = None, {}, ""
        self._ranges.clear()
        for scene in self._lit:
            for item in scene.nodes.values():
                item.set_glow(None, None)
            scene.lit.emit()
        self._lit.clear()
