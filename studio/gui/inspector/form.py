"""The form of a call: a field a parameter, in the order in which they matter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QWidget
from shiboken6 import isValid

from studio.graph.catalogue.op import Op, Param
from studio.graph.catalogue.types import Type
from studio.gui.inspector.field import Field
from studio.gui.inspector.kinds import field_for
from studio.gui.inspector.place import ABSENT, Place

COMMON = ("trainable", "dtype", "autocast", "name")
"""What every layer has, and few set."""


class Form(QWidget):
    """The fields of an op's parameters; those at their defaults that rarely matter are folded.

    Signals: `given(str, object)` a parameter and the value it is to have;
    `cleared(str)` a parameter that is to be left out. The form shows what
    `show_values` tells it and changes nothing itself. `groups` are titles, by
    the name of the parameter that they stand above; `labels` what fields are
    called that aren't called as their parameters. With `ordered` the fields
    stand as the op has them, also those that are folded.
    """

    given = Signal(str, object)
    cleared = Signal(str)

    def __init__(
        self,
        op: Op,
        values: Mapping[str, Any],
        place: Place,
        deep: bool = False,
        groups: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        ordered: bool = False,
    ):
        super().__init__()
        self.op, self.place, self.groups = op, place, groups or {}
        self.labels = labels or {}
        self.fields: dict[str, Field] = {}
        self.unfolded = False
        self.typing: str | None = None
        """Which value was last typed into, as a path of names; None if it was picked at once."""
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(12 if not deep else 8)
        self._grid.setColumnStretch(0, 1)
        self._grid.setColumnStretch(1, 1)
        self._titles: dict[str, QLabel] = {}
        self._more = QPushButton(self)
        self._more.setObjectName("more")
        self._more.setProperty("role", "link")
        self._more.setCursor(Qt.CursorShape.PointingHandCursor)
        self._more.clicked.connect(self.turn)
        self._filler = QWidget(self)
        self._filler.setFixedHeight(1)
        self._values: dict[str, Any] = {}
        self._below: dict[str, QWidget] = {}
        self._placed: list[QWidget] = []
        self._order = list(op.params) if ordered else _order(op)
        self._first = _first(op, self._order)
        self.show_values(values)

    def begin(self, values: Mapping[str, Any]) -> None:
        """Shows another call of the same op, as if the form were new."""
        for field in self.findChildren(Field):
            if field.wrong:
                field.restore()
        self._values = dict(values)
        self._drop()
        self.show_values(values)
        self.arrange()

    def show_values(self, values: Mapping[str, Any]) -> None:
        """Shows what the document says; fields that show it already are left alone."""
        self._values = dict(values)
        missing = [name for name in self._shown() if name not in self.fields]
        for name in missing:
            self._make(name)
        for name, field in self.fields.items():
            field.show_value(self._values.get(name, ABSENT))
        if missing or self._grid.count() == 0:
            self.arrange()

    def turn(self) -> None:
        """Unfolds the parameters at their defaults, or folds them again."""
        self.unfolded = not self.unfolded
        self._drop()
        self.show_values(self._values)
        self.arrange()

    def put_below(self, name: str, widget: QWidget) -> None:
        """Has something stand below a field, where that is to be seen."""
        widget.setParent(self)
        self._below[name] = widget
        self.arrange()

    def _drop(self) -> None:
        """Takes away the fields that are folded."""
        if self.unfolded:
            return
        for name in self.fields.keys() - self._first - self._values.keys():
            field = self.fields.pop(name)
            field.hide()
            field.deleteLater()

    def _shown(self) -> list[str]:
        """The names of the fields that are to be seen, in their order."""
        known = [
            name
            for name in self._order
            if self.unfolded or name in self._first or name in self._values or name in self.fields
        ]
        return known + [name for name in self._values if name not in self.op.params]

    def _make(self, name: str) -> None:
        param = self.op.params.get(name)
        if param is None:
            param = Param(name, Type(), None, f"{self.op.name} has no parameter of this name.")
        field = field_for(param, self.place)
        if name in self.labels:
            field.rename(self.labels[name])
        if self._heads(name):
            field.make_heading(self.groups[name])
        field.given.connect(lambda value: self._given(name, value))
        field.cleared.connect(lambda: self._cleared(name))
        field.reshaped.connect(self.arrange)
        self.fields[name] = field

    def _given(self, name: str, value: Any) -> None:
        self._values[name] = value
        self._typed(name)
        self.given.emit(name, value)

    def _cleared(self, name: str) -> None:
        self._values.pop(name, None)
        self._typed(name)
        self.cleared.emit(name)

    def _typed(self, name: str) -> None:
        typing = self.fields[name].typing
        self.typing = None if typing is None else f".{name}{typing}"

    def arrange(self) -> None:
        """Puts the fields into two columns; a long one takes both."""
        grid = self._grid
        # An item that is taken stays, and the widget would tell it of its new size, not the one
        # that takes its place; one that Python deletes is taken for whatever comes to its address.
        for widget in filter(isValid, self._placed):
            grid.removeWidget(widget)
        self._placed.clear()
        row = column = 0
        lone, calling = None, False
        for name in self._shown():
            field = self.fields.get(name)
            if field is None:
                continue
            title = "" if self._heads(name) else self.groups.get(name, "")
            if not calling and getattr(field.param, "call", False):
                calling, title = True, "Call"
            if title:
                row, column = row + (column > 0), 0
                self._put(self._title(title), row, 0, 1, 2)
                row += 1
            if field.long and column:
                row, column = row + 1, 0
            lone = row if not field.long and column == 0 else None
            wide = 2 if field.long else 1
            self._put(field, row, column, 1, wide, Qt.AlignmentFlag.AlignTop)
            column += wide
            if column == 2:
                row, column = row + 1, 0
            if name in self._below:
                row, column = row + (column > 0), 0
                self._put(self._below[name], row, 0, 1, 2)
                row += 1
        for name, widget in self._below.items():
            widget.setVisible(name in self.fields)
        if lone is not None:  # a column of which nothing is in sight would have no width
            self._put(self._filler, lone, 1)
        row += column > 0
        hidden = sum(name not in self.fields for name in self._order)
        foldable = self.unfolded and any(
            name not in self._first and name not in self._values for name in self._order
        )
        self._more.setVisible(bool(hidden or foldable))
        if hidden or foldable:
            defaults = "their defaults" if hidden > 1 else "its default"
            self._more.setText(f"Show {hidden} more at {defaults}" if hidden else "Show fewer")
            self._put(self._more, row, 0, 1, 2, Qt.AlignmentFlag.AlignLeft)

    def _put(self, widget: QWidget, *place: Any) -> None:
        self._grid.addWidget(widget, *place)
        self._placed.append(widget)

    def _heads(self, name: str) -> bool:
        """Whether a group is called as its first field, so that one title is enough."""
        return self.groups.get(name, "").lower() == name

    def _title(self, text: str) -> QLabel:
        if text not in self._titles:
            label = QLabel(text)
            label.setProperty("role", "group")
            label.setContentsMargins(0, 6, 0, 0)
            self._titles[text] = label
        return self._titles[text]


def _order(op: Op) -> list[str]:
    """Required parameters, then those of note, then the others; what every layer has comes last."""

    def rank(name: str) -> int:
        if name in op.required:
            return 0
        if name in op.shown:
            return 1
        if getattr(op.params[name], "call", False):
            return 4
        return 3 if name in COMMON and len(op.params) > len(COMMON) else 2

    shown = {name: at for at, name in enumerate(op.shown)}
    places = {name: at for at, name in enumerate(op.params)}
    return sorted(op.params, key=lambda name: (rank(name), shown.get(name, 99), places[name]))


def _first(op: Op, order: list[str]) -> set[str]:
    """The parameters that are always to be seen: where nothing says which, the first two."""
    first = set(op.required) | set(op.shown)
    if not first:
        first = set([name for name in order if name not in COMMON][:2])
    # A single one isn't worth a fold.
    return first if len(order) - len(first) > 1 else set(order)
