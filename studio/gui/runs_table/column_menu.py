"""The menu of the table's header: which columns are shown, and what the small curves are of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from studio.engine.run_parameters import Values, differing, paths
from studio.engine.runs import Known
from studio.gui.runs_table.columns import FIXED, METRIC, PARAMETER, Choice

FIRST = 14
"""Parameters that are offered at once; the others in menus of their own."""


class ColumnMenu(QMenu):
    """Every column as a tick; the parameters in which the runs differ come first.

    `changed` is called after each choice.
    """

    def __init__(
        self,
        parent: QWidget,
        choice: Choice,
        rows: list[Known],
        values: list[Values],
        changed: Callable[[], None],
    ):
        super().__init__(parent)
        self._choice, self._rows, self._changed = choice, rows, changed
        self.setToolTipsVisible(True)
        for key, column in FIXED.items():
            self._tick(self, column.title, key, key not in choice.hidden, enabled=key != "name")
        metrics = sorted({name for known in rows for name in known.progress.results})
        self._metrics(metrics)
        self._parameters(values)
        self.addSeparator()
        self.addAction("Columns as at first", self._reset)

    def _metrics(self, metrics: list[str]) -> None:
        shown = self._choice.shown_metrics(self._rows)
        menu = self._submenu("Metrics", bool(metrics))
        for name in metrics:
            self._tick(menu, name, METRIC + name, name in shown)
        menu = self._submenu("Curve of", bool(metrics))
        for name in ("", *(each for each in metrics if not each.startswith("test_"))):
            action = menu.addAction(_shown(name or "val_loss, else loss"))
            action.setCheckable(True)
            action.setChecked(name == self._choice.curve)
            action.triggered.connect(lambda _=False, name=name: self._curve(name))

    def _parameters(self, values: list[Values]) -> None:
        chosen = self._choice.parameters
        # What is chosen stands there even where the runs of now agree on it.
        different = list(dict.fromkeys([*chosen, *differing(values)]))
        if different:
            self.addSeparator()
            self.addAction("Parameters that differ:").setEnabled(False)
            for path in different[:FIRST]:
                self._parameter(self, path)
        others = [path for path in paths(values) if path not in different[:FIRST]]
        menu = self._submenu("More parameters", bool(others))
        for part, inside in groupby(sorted(others, key=_part), _part):
            self._fill(menu.addMenu(_shown(part)), inside)

    def _fill(self, menu: QMenu, inside: Iterable[str]) -> None:
        menu.setToolTipsVisible(True)
        for path in inside:
            self._parameter(menu, path)

    def _parameter(self, menu: QMenu, path: str) -> None:
        on = path in self._choice.parameters
        self._tick(menu, path, PARAMETER + path, on)

    def _submenu(self, title: str, enabled: bool) -> QMenu:
        menu = self.addMenu(title)
        menu.setEnabled(enabled)
        return menu

    def _tick(self, menu: QMenu, title: str, key: str, on: bool, enabled: bool = True) -> QAction:
        action = menu.addAction(_shown(title))
        action.setCheckable(True)
        action.setChecked(on)
        action.setEnabled(enabled)
        action.setData(key)
        action.toggled.connect(lambda on: self._toggle(key, on))
        return action

    def _toggle(self, key: str, on: bool) -> None:
        self._choice.toggle(key, on, self._rows)
        self._changed()

    def _curve(self, metric: str) -> None:
        self._choice.curve = metric
        self._choice.hidden.discard("curve")
        self._choice.remember()
        self._changed()

    def _reset(self) -> None:
        self._choice.reset()
        self._changed()


def _part(path: str) -> str:
    """The menu in which a parameter stands: its section, and its node where it has one."""
    words = path.split(".")
    return ".".join(words[:3] if "nodes" in words[:3] else words[:1])


def _shown(text: str) -> str:
    """As a menu takes it: a single & would underline a letter."""
    return text.replace("&", "&&")
