"""The curves of a run, live while it goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFileDialog, QMenu, QStackedWidget, QVBoxLayout

from studio.gui.look.theme import theme
from studio.gui.panel import Empty, Panel

if TYPE_CHECKING:
    from studio.engine.curve_reader import CurveReader
    from studio.engine.curves import Curves
    from studio.gui.plots.board import Board
    from studio.gui.plots.controls import Controls
    from studio.gui.window import Window

EACH = 100
"""Milliseconds between two looks."""

MOST = 1 << 18
"""Bytes of events that are read in one look: some 10 ms of work."""

SLICE = 0.02
"""Seconds that are written in one turn."""

ASIDE = ("learning_rate",)
"""Told by Keras among the metrics; it has a plot of its own below."""

AT_ONCE = 1
"""Plots that are made in one turn: each takes some 15 ms."""

OTHERS = 4
"""Plots beside that of the loss, unless others are chosen."""


class TrainingPanel(Panel):
    """Plots of the run that the window shows; it reads the run's events itself, while visible."""

    def __init__(self, window: Window):
        super().__init__(window)
        self.curves: Curves | None = None
        self.board: Board | None = None
        self._reader: CurveReader | None = None
        self._drawn = -1
        self._over = False
        self._writing: Iterator[float] | None = None
        self._written = Path()
        box = QVBoxLayout(self)
        box.setContentsMargins(14, 4, 14, 6)
        box.setSpacing(2)
        self.controls: Controls | None = None
        self._box = box
        self._pages = QStackedWidget()
        box.addWidget(self._pages, 1)
        self._nothing = Empty(
            "Nothing trained yet",
            "Run trains the project as it is on the screen. Loss and metrics are drawn here "
            "while it trains, step by step.",
            "Run",
            lambda: window.run_command("run.start"),
        )
        self._waiting = Empty("Starting", "")
        for page in (self._nothing, self._waiting):
            self._pages.addWidget(page)
        self._timer = QTimer(self, interval=EACH)
        self._timer.timeout.connect(self._look)
        self._writer = QTimer(self, interval=0)
        self._writer.timeout.connect(self._write)
        window.runner.showing.connect(self._show_run)
        theme.changed.connect(self._colour)
        self._show_run(window.runner.shown)

    # The run

    def _show_run(self, folder: Path | None) -> None:
        self.curves, self._reader, self._drawn, self._over = None, None, -1, False
        self._name_it("")
        if self.controls is not None:
            self.controls.enable(False)
        if self.board is not None:
            self.board.forget()
        self._pages.setCurrentWidget(self._waiting if folder else self._nothing)
        if folder is None:
            self._timer.stop()
            return
        self._waiting.say("Starting", "The first points come with the first steps.")
        if self.isVisible():
            self._begin()

    def _name_it(self, said: str) -> None:
        """Says at the top which run it is, or what is at the cross."""
        if self.controls is not None:
            folder = self.window_.runner.shown
            self.controls.name.setText(said or (folder.name if folder else ""))

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self._begin()

    def hideEvent(self, event) -> None:
        super().hideEvent(event)
        self._timer.stop()

    def _begin(self) -> None:
        folder = self.window_.runner.shown
        if folder is None or (self._over and not self._reader.behind):
            return
        if self.curves is None:
            from studio.engine.curve_reader import CurveReader

            self._reader = CurveReader(folder)
            self.curves = self._reader.curves
        self._timer.start()
        self._look()

    def _look(self) -> None:
        """Reads what is new, and has it drawn."""
        events = self._reader.read(MOST)
        behind = self._reader.behind
        last = next((each for each in reversed(events) if each["event"] == "state"), None)
        if last is not None:
            self._state(last)
        more = False
        if self.curves.version != self._drawn and self.curves.metrics:
            self._drawn = self.curves.version
            more = self._choose(AT_ONCE)
            self._drawn = -1 if more else self._drawn
            self.board.draw_soon(self.curves, whole=not self._over)
        self._timer.setInterval(0 if behind or more else EACH)
        if self._over and not behind and not more:
            self._timer.stop()

    def _state(self, event: dict) -> None:
        from studio.engine.events import FINAL

        self._over = event["state"] in FINAL
        if event["state"] == "running":
            self._waiting.say("Reading the data", "The first points come with the first steps.")
        elif self._over:
            said = event.get("message", "")
            self._waiting.say(f"{event['state'].capitalize()} before its first step", said)

    def draw(self) -> None:
        """Draws all there is now."""
        self._drawn = self.curves.version
        if self.curves.metrics:
            self._choose()
            self.board.draw(self.curves, whole=not self._over)

    # The plots

    def _choose(self, most: int | None = None) -> bool:
        """Has the plots on the board that are to be shown, at most so many new ones; whether
        there are more.
        """
        if self.board is None:
            self._make()
        if self._pages.currentWidget() is not self.board:
            self._pages.setCurrentWidget(self.board)
            self.controls.enable(True)
            self._name_it("")
        metrics, figures = self.shown_metrics(), self.shown_figures()
        self.board.choose(metrics, self.curves, figures, most)
        return len(metrics) + len(figures) > len(list(self.board.all))

    def _make(self) -> None:
        from studio.engine.axis import KINDS
        from studio.gui.plots.board import Board
        from studio.gui.plots.controls import MOST as HEAVIEST
        from studio.gui.plots.controls import Controls, weight_of
        from studio.gui.plots.view import View

        kept = self.window_.settings
        kind, weight = kept.get("plots.along", KINDS[0]), kept.get("plots.smoothing", 0.0)
        weight = weight if 0 <= weight <= HEAVIEST else 0.0
        view = View(kind if kind in KINDS else KINDS[0], weight, kept.get("plots.log", False))
        self.board = board = Board(view)
        self._pages.addWidget(board)
        self.controls = controls = Controls()
        self._box.insertWidget(0, controls)
        controls.show_view(view)
        controls.kinds.idClicked.connect(lambda at: board.count(KINDS[at]))
        controls.slider.valueChanged.connect(lambda place: board.smooth(weight_of(place)))
        controls.log.clicked.connect(board.set_log)
        controls.back.clicked.connect(lambda: board.do("back", 0, 0))
        controls.whole.clicked.connect(lambda: board.do("all", 0, 0))
        controls.shown.menu().aboutToShow.connect(self._fill)
        controls.save.menu().aboutToShow.connect(self._fill_save)
        board.seen.connect(self._keep_view)
        board.told.connect(self._name_it)

    def _keep_view(self) -> None:
        """Shows how the plots are seen, and remembers it."""
        view, kept = self.board.view, self.window_.settings
        self.controls.show_view(view)
        kept.set("plots.along", view.kind)
        kept.set("plots.smoothing", view.smoothing)
        kept.set("plots.log", view.log)

    # Which of them

    def shown_metrics(self) -> list[str]:
        """Those chosen, else the loss and the first of the others."""
        names = [name for name in self.curves.metrics if name not in ASIDE]
        names = names or list(self.curves.metrics)
        chosen = self.window_.settings.get("plots.metrics", [])
        if any(name in names for name in chosen):
            return [name for name in names if name in chosen]
        return names[: 1 + OTHERS]

    def shown_figures(self) -> list[str]:
        """What is shown beside the metrics: all but what was turned off."""
        hidden = self.window_.settings.get("plots.hidden", [])
        return [each.name for each in self.curves.beside.shown() if each.name not in hidden]

    def _fill(self) -> None:
        menu = self.controls.shown.menu()
        menu.clear()
        shown = self.shown_metrics()
        names = [name for name in self.curves.metrics if name not in ASIDE] or shown
        for name in names:
            self._tick(menu, name, name in shown, self.choose, shown != [name])
        if len(names) > 1 + OTHERS and shown != names:
            menu.addSeparator()
            menu.addAction("All metrics", lambda: self._keep_metrics(names))
        figures = [each.name for each in self.curves.beside.shown()]
        if figures:
            menu.addSeparator()
        for name in figures:
            title = name[:1].upper() + name[1:]
            self._tick(menu, title, name in self.shown_figures(), self.choose_figure, True, name)

    def _tick(self, menu: QMenu, title: str, on: bool, choose, able: bool, name: str = "") -> None:
        name = name or title
        action = menu.addAction(title.replace("&", "&&"))
        action.setCheckable(True)
        action.setChecked(on)
        action.setEnabled(able)
        action.toggled.connect(lambda on: choose(name, on))

    def choose(self, metric: str, on: bool) -> None:
        """Shows a metric, or no longer; also in the runs to come."""
        shown = self.shown_metrics()
        self._keep_metrics([*shown, metric] if on else [e for e in shown if e != metric])

    def _keep_metrics(self, names: list[str]) -> None:
        self.window_.settings.set("plots.metrics", names)
        self.draw()

    def choose_figure(self, name: str, on: bool) -> None:
        """Shows what is told beside the metrics, or no longer."""
        hidden = [e for e in self.window_.settings.get("plots.hidden", []) if e != name]
        self.window_.settings.set("plots.hidden", hidden if on else [*hidden, name])
        self.draw()

    # Saving

    def save_csv(self, path: Path, everything: bool = False) -> None:
        """Writes every point of the metrics; OSError where it can't be written."""
        from studio.gui.plots.saving import save_csv

        for _ in save_csv(self.window_.runner.shown, path, everything):
            pass

    def save_png(self, path: Path) -> None:
        """Writes the plots as they are seen; OSError where they can't be written."""
        from studio.gui.plots.saving import save_png

        self.board.draw_all()
        save_png(self.board, path)

    def save_svg(self, path: Path) -> None:
        """Writes the plots as a drawing; OSError where they can't be written."""
        from studio.gui.plots.saving import save_svg

        self.board.draw_all()
        save_svg(self.board, path, self.window_.runner.shown.name)

    def _fill_save(self) -> None:
        menu = self.controls.save.menu()
        menu.clear()
        if self._writing is not None:
            menu.addAction(f"Stop writing {self._written.name}", self.stop_writing)
            return
        menu.addAction("Plots as PNG…", lambda: self._ask("Save the plots", "png", self.save_png))
        menu.addAction("Plots as SVG…", lambda: self._ask("Save the plots", "svg", self.save_svg))
        menu.addAction("Metrics as CSV…", lambda: self._ask_csv(False))
        menu.addAction("Everything as CSV…", lambda: self._ask_csv(True))

    def _asked(self, title: str, ending: str) -> Path | None:
        start = f"{self.window_.runner.shown.name}.{ending}"
        name, _ = QFileDialog.getSaveFileName(self, title, start, f"*.{ending}")
        return Path(name) if name else None

    def _ask(self, title: str, ending: str, save) -> None:
        path = self._asked(title, ending)
        if path is None:
            return
        try:
            save(path)
        except OSError as error:
            self.window_.say(f"{path} can't be written: {error.strerror}.")
        else:
            self.window_.say(f"Saved in {path}.")

    def _ask_csv(self, everything: bool) -> None:
        path = self._asked("Save the points", "csv")
        if path is not None:
            self.write_csv(path, everything)

    def write_csv(self, path: Path, everything: bool = False) -> None:
        """Like `save_csv`, a little in each turn; it can be stopped."""
        from studio.gui.plots.saving import save_csv

        self._writing = save_csv(self.window_.runner.shown, path, everything)
        self._written = path
        self._writer.start()

    def _write(self) -> None:
        until = time.perf_counter() + SLICE
        try:
            part = next(self._writing)
            while time.perf_counter() < until:
                part = next(self._writing)
        except StopIteration:
            self._end_writing(f"Saved in {self._written}.")
        except OSError as error:
            self._end_writing(f"{self._written} can't be written: {error.strerror}.")
        else:
            self.window_.say(f"Writing {self._written.name}: {part:.0%}")

    def stop_writing(self) -> None:
        """Leaves a file that is being written undone."""
        if self._writing is not None:
            self._end_writing(f"{self._written.name} wasn't written.")

    def _end_writing(self, said: str) -> None:
        self._writer.stop()
        self._writing.close()
        self._writing = None
        self.window_.say(said)

    def close_work(self) -> None:
        """The window closes: a file that is being written is left undone."""
        super().close_work()
        self.stop_writing()

    def _colour(self) -> None:
        if self.board is not None:
            self.board.colour()
