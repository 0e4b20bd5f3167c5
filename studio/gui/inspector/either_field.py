"""A field for a plain value or a call: a learning rate, or its schedule."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.types import Type
from studio.graph.document import is_call
from studio.gui.inspector.call_field import CallField, call_type
from studio.gui.inspector.field import Field
from studio.gui.inspector.line_field import LineField
from studio.gui.inspector.place import ABSENT, MIXED, Place


class EitherField(Field):
    """Two fields of which one is shown, and a small button beside the name that changes them."""

    long = True

    def __init__(self, param: Param, place: Place, plain: Type, kind: type[LineField]):
        self._plain = plain
        self._kind = kind
        self.steps = kind.steps
        super().__init__(param, place)
        self._button = QToolButton()
        self._button.setProperty("role", "link")
        self._button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._button.setFixedHeight(16)
        self._button.clicked.connect(self.turn)
        self._head.insertWidget(1, self._button)
        self._name_button()

    def make(self) -> QWidget:
        holder = QWidget()
        self._holder = QVBoxLayout(holder)
        self._holder.setContentsMargins(0, 0, 0, 0)
        self._line = self._add(self._kind(replace(self.param, type=self._plain), self.place, True))
        self._call: CallField | None = None
        holder.setFocusProxy(self._line)
        return holder

    def _add(self, field: Any) -> Any:
        field.given.connect(lambda value: self.take(value, field.typing))
        field.cleared.connect(lambda: self.take(ABSENT, field.typing))
        field.menu = self.menu
        self._holder.addWidget(field)
        return field

    @property
    def calls(self) -> bool:
        """Whether the call is shown, not the plain value."""
        return self._call is not None and not self._call.isHidden()

    def turn(self) -> None:
        """Shows the other of the two; nothing is given until something is chosen there."""
        self._show_call(not self.calls)
        if self.calls:
            self._call.show_value(self.value if is_call(self.value) else ABSENT)
            if not is_call(self.value):
                self._call.plain = self.param.default if self.value is ABSENT else self.value
                self._call.picker.show_text("choose", quiet=True)
            self._call.setFocus()
        else:
            if is_call(self.value):
                self.take(ABSENT, None)
            self._line.show_value(self.value)
            self._line.setFocus()

    def _show_call(self, calls: bool) -> None:
        if calls and self._call is None:
            # null belongs to the plain value, if to any.
            kind = call_type(self.param.type)
            self._call = self._add(CallField(replace(self.param, type=kind), self.place, True))
        if self._call is not None:
            self._call.setVisible(calls)
        self._line.setVisible(not calls)
        self.editor.setFocusProxy(self._call if calls else self._line)
        self._name_button()

    def _name_button(self) -> None:
        if not hasattr(self, "_button"):
            return
        other = call_type(self.param.type).kinds[0].replace("_", " ")
        text = "value" if self.calls else other
        self._button.setText(text)
        self._button.setAccessibleName(f"Give {self.param.name} a {text}")
        self._button.setToolTip(f"Give a {text} instead")

    def display(self, value: Any) -> None:
        if value is not MIXED:
            self._show_call(is_call(value))
        shown = self._call if self.calls else self._line
        shown.show_value(value)

    def show_value(self, value: Any) -> None:
        if is_call(value) and is_call(self.value) and self.calls:
            self.value = value
            self._call.show_value(value)
            return
        super().show_value(value)

    def step(self, steps: int) -> None:
        if not self.calls:
            self._line.step(steps)
