"""One parameter: its name, what it is edited with, and what is wrong with what was typed."""

from __future__ import annotations

from html import escape
from typing import Any

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.graph.catalogue.op import Param
from studio.graph.document import is_reference
from studio.gui.inspector.parts import HEIGHT, FieldLabel
from studio.gui.inspector.place import ABSENT, MIXED, Place
from studio.gui.inspector.written import same, written
from studio.gui.look.icons import icon
from studio.gui.look.theme import sans

SEVERAL = "several"


class Field(QWidget):
    """The base of all fields; it changes nothing itself, but says what was given.

    Signals: `given(object)` a value that the parameter takes; `cleared()` when
    the call is to leave it out again; `reshaped()` when `long` has changed.
    """

    given = Signal(object)
    cleared = Signal()
    reshaped = Signal()

    long = False
    """Whether it takes both columns."""

    steps = False
    """Whether its value can be counted up and down."""

    def __init__(self, param: Param, place: Place, bare: bool = False):
        super().__init__()
        self.param, self.place = param, place
        self.value: Any = ABSENT
        self.wrong = ""
        self.typing: str | None = ""
        """What is being typed, where it is a value within; None if it was picked at once."""
        self._reset: QToolButton | None = None
        self._chip: QPushButton | None = None
        self._error: QLabel | None = None
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(4)
        self._head: QHBoxLayout | None = None
        if not bare:
            self._head = QHBoxLayout()
            self._head.setSpacing(4)
            label = FieldLabel(param.name.rpartition(".")[2], self.steps)
            label.setToolTip(_tip(param))
            label.stepped.connect(self.step)
            self.label = label
            self._head.addWidget(label, 1)
            self._box.addLayout(self._head)
        self.editor = self.make()
        self.editor.setAccessibleName(param.name.rpartition(".")[2])
        self.editor.setAccessibleDescription(param.help)
        if hasattr(self.editor, "menu_asked"):
            self.editor.menu_asked.connect(self.show_menu)
        self._box.addWidget(self.editor)
        self.setFocusProxy(self.editor)
        self.display(ABSENT)

    # What each kind of field says of itself

    def make(self) -> QWidget:
        """The widget that the value is edited with."""
        raise NotImplementedError

    def display(self, value: Any) -> None:
        """Shows a value, ABSENT or MIXED; never a reference."""
        raise NotImplementedError

    def step(self, steps: int) -> None:
        """Counts the value up or down."""

    def rename(self, label: str) -> None:
        """Calls it otherwise than its parameter, which the screen reader still tells."""
        if self._head is not None:
            self.label.text = label
        whose = self.param.name.rpartition(".")[2]
        self.editor.setAccessibleName(f"{label} of {whose}" if whose != label else label)

    def make_heading(self, title: str) -> None:
        """Its name is the title of a group."""
        if self._head is not None:
            self.label.text = title
            self.label.setFont(sans(11, 600))
            self._box.setContentsMargins(0, 6, 0, 0)

    # The value

    @property
    def default_text(self) -> str:
        """What stands in the place of a value that the call leaves out."""
        if self.param.required:
            return "needed"
        return written(self.param.type, self.param.default) if self.param.default != "" else ""

    def show_value(self, value: Any) -> None:
        """Shows what the document says; what is shown already, and being typed, is left alone."""
        if self.value is value:
            return
        plain = not any(each is ABSENT or each is MIXED for each in (self.value, value))
        if plain and same(self.value, value):
            self.value = value
            return
        typed, self.value = self.value, value
        default = typed is not MIXED and same(typed, self.param.default)
        if value is ABSENT and default and self.editor.hasFocus():  # 1, on the way to 16
            self._mark()
            return
        self.say("")
        self._show()

    def _show(self) -> None:
        reference = is_reference(self.value)
        if reference and self._chip is None:
            self._chip = QPushButton()
            self._chip.setProperty("role", "chip")
            self._chip.setFixedHeight(HEIGHT)
            self._chip.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            self._chip.customContextMenuRequested.connect(
                lambda at: self.show_menu(self._chip.mapToGlobal(at))
            )
            self._chip.clicked.connect(
                lambda: self.show_menu(self._chip.mapToGlobal(self._chip.rect().bottomLeft()))
            )
            self._box.insertWidget(self._box.indexOf(self.editor) + 1, self._chip)
        if self._chip is not None:
            self._chip.setVisible(reference)
            self.editor.setVisible(not reference)
        if reference:
            self._chip.setText(f"= {self.value['$']}")
            self._chip.setAccessibleName(f"{self.param.name} is the block's {self.value['$']}")
        else:
            self.display(self.value)
        self._mark()

    def take(self, value: Any, typing: str | None = "") -> None:
        """Gives a value on to the document; ABSENT leaves the parameter out."""
        self.say("")
        self.value, self.typing = value, typing
        self._mark()
        if value is ABSENT:
            self.cleared.emit()
        else:
            self.given.emit(value)

    def put(self, value: Any) -> None:
        """Takes a value that was picked, not typed, and shows it."""
        self.take(value, None)
        self._show()

    def restore(self) -> None:
        """Shows the document's value again, after what was typed could not be it."""
        self.say("")
        self._show()

    def say(self, sentence: str) -> None:
        """Says below the field what is wrong with what was typed; nothing when it is right."""
        if sentence == self.wrong:
            return
        self.wrong = sentence
        if self._error is None:
            self._error = QLabel(wordWrap=True)
            self._error.setProperty("role", "error")
            self._error.setFont(sans(11))
            self._box.addWidget(self._error)
        self._error.setText(sentence)
        self._error.setVisible(bool(sentence))
        self.editor.setProperty("wrong", "true" if sentence else "false")
        self.editor.style().unpolish(self.editor)
        self.editor.style().polish(self.editor)

    def _mark(self) -> None:
        """The button that takes a changed value back, where there is a default to go back to."""
        changed = self.value is not ABSENT and not self.param.required and self._head is not None
        if changed and self._reset is None:
            self._reset = QToolButton()
            self._reset.setObjectName("reset")
            self._reset.setProperty("role", "tiny")
            self._reset.setIcon(icon("rotate-ccw", "muted"))
            self._reset.setFixedSize(16, 16)
            self._reset.setIconSize(QSize(11, 11))
            self._reset.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # by keyboard: the menu
            self._reset.setToolTip(f"Back to the default: {self.default_text or 'nothing'}")
            self._reset.setAccessibleName(f"Reset {self.param.name}")
            self._reset.clicked.connect(lambda: self.put(ABSENT))
            self._head.addWidget(self._reset)
        if self._reset is not None:
            self._reset.setVisible(changed)

    # Its menu

    def show_menu(self, at: QPoint) -> None:
        """Opens the field's menu at a place on the screen."""
        menu = self.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(at)

    def menu(self) -> QMenu:
        """What can be done with the field: back to the default, a parameter of the block."""
        menu = QMenu(self)
        reset = menu.addAction(
            f"Reset to {self.default_text or 'nothing'}", lambda: self.put(ABSENT)
        )
        reset.setEnabled(self.value is not ABSENT and not self.param.required)
        names = self.place.parameters
        if names:
            inner = menu.addMenu("Use a parameter of the block")
            for name in names:
                inner.addAction(name, lambda name=name: self.put({"$": name}))
        if is_reference(self.value):
            value = names.get(self.value["$"], ABSENT)
            fits = value is not ABSENT and self.param.accepts(value)
            menu.addAction("Use a value of its own", lambda: self.put(value if fits else ABSENT))
        return menu


def _tip(param: Param) -> str:
    """The parameter's own line of help, wrapped where it is long."""
    return f"<p>{escape(param.help, quote=False)}</p>" if param.help else param.name
