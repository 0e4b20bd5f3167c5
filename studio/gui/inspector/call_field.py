"""A field for a call in a call: a schedule, an initializer, the layer of a wrapper."""

from __future__ import annotations

from functools import cache
from typing import Any

from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from studio.graph.catalogue.op import Op, Param
from studio.graph.catalogue.registry import find, of_kind, short_names
from studio.graph.catalogue.types import Either, OneCall
from studio.graph.document import is_call, is_reference
from studio.graph.library import family_of
from studio.graph.text import flat
from studio.gui.inspector.described import alike, code_op
from studio.gui.inspector.field import SEVERAL, Field
from studio.gui.inspector.parts import HEIGHT, Entry, Picker
from studio.gui.inspector.place import ABSENT, MIXED, Place
from studio.gui.inspector.written import NONE, same

_BY_NAME = ("activation", "function")
"""Kinds that take no parameters here, so that a name says all."""


def call_type(kind: Any) -> OneCall | None:
    """The calls that a type takes, alone or beside other values; None where it takes none."""
    if isinstance(kind, OneCall):
        return kind
    if isinstance(kind, Either):
        return next((found for each in kind.types if (found := call_type(each))), None)
    return None


class CallField(Field):
    """A list of all ops of some kinds; the one that is chosen has its own form below."""

    def __init__(self, param: Param, place: Place, bare: bool = False, framed: bool = True):
        """`framed`: whether a call with parameters is a card; one in a card isn't."""
        self._framed = framed
        self.kind = call_type(param.type)
        self.form: Any = None
        self.curve: Any = None
        """What a schedule does, drawn below its form."""
        self.plain: Any = param.default
        """The value that stood here instead of a call; a schedule begins with it."""
        super().__init__(param, place, bare)

    def make(self) -> QWidget:
        frame = QFrame()
        self._frame = frame
        box = QVBoxLayout(frame)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(8)
        self.picker = Picker(lambda: entries_of(self.param, self.place))
        self.picker.setFixedHeight(HEIGHT)
        self.picker.setAccessibleName(self.param.name)
        self.picker.picked.connect(self.choose)
        self.picker.menu_asked.connect(self.show_menu)
        self.row = QHBoxLayout()
        self.row.setSpacing(2)
        self.row.addWidget(self.picker, 1)
        box.addLayout(self.row)
        frame.setFocusProxy(self.picker)
        return frame

    def choose(self, value: Any) -> None:
        """Takes a call, with those parameters of the one before that it has as well."""
        self.put(self._with_kept(value) if is_call(value) else value)

    def _with_kept(self, value: dict[str, Any]) -> dict[str, Any]:
        op = find(value["op"])
        if op is None:
            return value
        before = self.value.get("params", {}) if is_call(self.value) else {}
        kept = {n: v for n, v in before.items() if n in op.params and op.params[n].accepts(v)}
        if "initial_learning_rate" in op.required and isinstance(self.plain, float):
            kept.setdefault("initial_learning_rate", self.plain)
        return value | {"params": kept} if kept else value

    # What is shown

    def display(self, value: Any) -> None:
        if value is MIXED:
            self.picker.show_text(SEVERAL, quiet=True)
        elif value is ABSENT:
            needed = self.param.required
            self.picker.show_text(
                "needed" if needed else self._title(self.param.default), quiet=True
            )
        else:
            self.picker.show_text(self._title(value))
        self._unfold(value)

    def _title(self, value: Any) -> str:
        if value is None:
            return NONE
        if isinstance(value, str):
            if any(kind in _BY_NAME for kind in self.kind.kinds):
                return value
            path = _path(self.kind, value)
            return path.rpartition(".")[2] if path else value
        if is_call(value) and isinstance(value["op"], str):
            return value["op"].rpartition(".")[2].removeprefix("code:")
        return flat(value)

    def _op(self, value: Any) -> Op | None:
        if not is_call(value) or not isinstance(value["op"], str):
            return None
        params = value.get("params", {})
        if not isinstance(params, dict):
            return None
        if value["op"].startswith("code:"):
            return code_op(self.place.session.project, value["op"])
        return find(value["op"])

    def _unfold(self, value: Any) -> None:
        """The form of the call that was chosen, where it has parameters."""
        op = self._op(value)
        values = value.get("params", {}) if op is not None else {}
        wanted = op if op is not None and (op.params or values) else None
        if self.form is not None and (wanted is None or not alike(self.form.op, wanted)):
            self.form.hide()
            self.form.deleteLater()
            self.form = None
        if wanted is not None and self.form is None:
            from studio.gui.inspector.form import Form

            self.form = Form(wanted, values, self.place, deep=True)
            self.form.given.connect(self._inner_given)
            self.form.cleared.connect(self._inner_cleared)
            self.form.setContentsMargins(0, 0, 5, 0)
            self._frame.layout().addWidget(self.form)
        elif wanted is not None:
            self.form.show_values(values)
        self._draw(op, value)
        if self.long != (self.form is not None):
            self._set_open(self.form is not None)
            self.reshaped.emit()

    def _draw(self, op: Op | None, value: Any) -> None:
        """The curve of a schedule."""
        drawn = op is not None and op.kind == "schedule"
        if drawn and self.curve is None:
            from studio.gui.inspector.schedule_curve import ScheduleCurve

            self.curve = ScheduleCurve(self.place)
            self.curve.setContentsMargins(0, 0, 5, 0)
            self.curve.given.connect(self._inner_set)
            self._frame.layout().addWidget(self.curve)
        if self.curve is not None:
            self.curve.setVisible(drawn)
            self.curve.show_call(value if drawn else None)

    def _set_open(self, is_open: bool) -> None:
        """The list becomes the head of a card, or a field again."""
        self.long = is_open
        if not self._framed:
            return
        self._frame.setProperty("role", "card" if is_open else "")
        self.picker.setProperty("head", is_open)
        inset = 10 if is_open else 0
        self._frame.layout().setContentsMargins(inset, inset // 4, inset // 2, inset)
        self.row.setContentsMargins(0, 0, 0, 0)
        for widget in (self._frame, self.picker):
            widget.style().unpolish(widget)
            widget.style().polish(widget)

    # What is changed inside

    def _inner_given(self, name: str, value: Any) -> None:
        self._inner({**self.value.get("params", {}), name: value})

    def _inner_set(self, name: str, value: Any) -> None:
        """A parameter that was set by something else than its field."""
        self.form.typing = None
        self._inner_given(name, value)
        self.form.show_values(self.value.get("params", {}))

    def _inner_cleared(self, name: str) -> None:
        self._inner({n: v for n, v in self.value.get("params", {}).items() if n != name})

    def _inner(self, params: dict[str, Any]) -> None:
        if is_reference(self.value) or not is_call(self.value):
            return
        bare = {key: item for key, item in self.value.items() if key != "params"}
        self.take(bare | ({"params": params} if params else {}), self.form.typing)
        self._draw(self._op(self.value), self.value)

    def show_value(self, value: Any) -> None:
        both = self.form is not None and is_call(value) and is_call(self.value)
        if both and value["op"] == self.value["op"] and not same(value, self.value):
            # The form below looks for itself which of its fields have changed.
            self.value = value
            self._unfold(value)
            return
        super().show_value(value)


def entries_of(param: Param, place: Place) -> list[Entry]:
    """What there is to choose from: null, the catalogue's ops, the project's own code."""
    kinds = call_type(param.type).kinds
    entries: list[Entry] = [(NONE, None)] if param.accepts(None) else []
    entries += _calls(kinds)
    code = place.code(kinds)
    if code:
        entries.append(("", None))
        entries += [(name, {"op": f"code:{name}"}) for name in code]
    return entries


@cache
def _calls(kinds: tuple[str, ...]) -> list[tuple[str, Any]]:
    """Title and value of every op of these kinds that may stand as a parameter."""
    found: list[tuple[str, Any]] = []
    activation = "activation" in kinds
    # Any function of tensors could be an activation, which is not what a list is for.
    for op in of_kind(*(kind for kind in kinds if kind != "function")):
        if op.kind in _BY_NAME:
            found.append((op.name, op.name))
        elif op.kind == "layer" and activation:
            # A layer may be an activation, but only such a one is meant.
            if op.family == "activation" and op.name != "Activation":
                found.append((op.name, {"op": op.path}))
        elif op.kind != "layer" or family_of(op) or op.path.endswith(("Cell", "RNNCells")):
            found.append((op.name, {"op": op.path}))
    found.sort(key=lambda each: (activation and isinstance(each[1], dict), each[0].lower()))
    return found


def _path(kind: OneCall, name: str) -> str:
    """The op that a short name stands for; empty where it stands for none."""
    for each in kind.kinds:
        if each != "code" and name in short_names(each):
            return short_names(each)[name]
    return ""
