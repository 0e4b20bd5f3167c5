"""Fields in which a value is picked: a switch for yes and no, a list for a few values."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QWidget

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.types import Bool
from studio.graph.text import flat
from studio.gui.inspector.field import SEVERAL, Field
from studio.gui.inspector.parts import HEIGHT, Entry, Picker, Switch
from studio.gui.inspector.place import ABSENT, MIXED, Place
from studio.gui.inspector.written import NONE


class BoolField(Field):
    """A switch."""

    def make(self) -> QWidget:
        switch = Switch()
        switch.clicked.connect(lambda on: self.take(on, None))
        return switch

    def display(self, value: Any) -> None:
        switch: Switch = self.editor
        plain = value if isinstance(value, bool) else self.param.default is True
        switch.setChecked(plain)
        # A value of another kind stays in sight: the switch would hide it.
        strange = not isinstance(value, bool) and value is not ABSENT
        switch.setText(SEVERAL if value is MIXED else _text(value) if strange else "")
        self._quiet(value is ABSENT)

    def take(self, value: Any, typing: str | None = "") -> None:
        switch: Switch = self.editor
        switch.setText("")
        super().take(value, typing)
        self._quiet(value is ABSENT)

    def _quiet(self, quiet: bool) -> None:
        self.editor.quiet = quiet
        self.editor.update()


class ChoiceField(Field):
    """A list of a few values; a value that is none of them is shown as well."""

    def __init__(self, param: Param, place: Place, values: tuple[Any, ...], bare: bool = False):
        self._values = values
        super().__init__(param, place, bare)

    def make(self) -> QWidget:
        picker = Picker(self._entries)
        picker.setFixedHeight(HEIGHT)
        picker.picked.connect(self.put)
        return picker

    def _entries(self) -> list[Entry]:
        values = list(self._values)
        if self.param.accepts(None) and None not in values:
            values.insert(0, None)
        return [(_text(value), value) for value in values]

    def display(self, value: Any) -> None:
        picker: Picker = self.editor
        if value is ABSENT:
            picker.show_text(self.default_text, quiet=True)
        else:
            picker.show_text(SEVERAL if value is MIXED else _text(value), quiet=value is MIXED)


def bool_field(param: Param, place: Place, bare: bool = False) -> Field:
    """A switch, or a list where null is a third value."""
    if isinstance(param.type, Bool) and param.accepts(None):
        return ChoiceField(param, place, (True, False), bare)
    return BoolField(param, place, bare)


def _text(value: Any) -> str:
    if value is None:
        return NONE
    return value if isinstance(value, str) and value else flat(value)
