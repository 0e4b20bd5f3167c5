"""Fields in which the value is typed: texts, numbers, sizes, lists, paths, and JSON."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path as File
from typing import Any

from msgspec.structs import replace
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFileDialog, QMenu, QToolButton, QWidget

from studio.graph.catalogue.types import DictOf, Float, Folder, Int, ListOf, Path, Text, Type
from studio.graph.document import references
from studio.graph.text import Float as TypedFloat
from studio.gui.inspector.field import SEVERAL, Field
from studio.gui.inspector.parts import HEIGHT, Line
from studio.gui.inspector.place import ABSENT, MIXED
from studio.gui.inspector.written import read, written
from studio.gui.look.icons import icon


class Prose(Text, frozen=True):
    """A text of some length."""


class LineField(Field):
    """A line of text; each letter that makes it a value of the parameter gives that value.

    An empty line leaves the parameter out.
    """

    def make(self, line: Line | None = None) -> QWidget:
        line = line or Line(mono=not isinstance(self.param.type, Text))
        line.setFixedHeight(HEIGHT)
        line.textEdited.connect(self._typed)
        line.editingFinished.connect(self._finished)
        line.escaped.connect(self.restore)
        line.stepped.connect(self.step)
        self.long = (
            isinstance(self.param.type, (Path, Prose, DictOf)) or type(self.param.type) is Type
        )
        if isinstance(self.param.type, ListOf):
            self.long = not isinstance(self.param.type.item, (Int, Float))
        return line

    def display(self, value: Any) -> None:
        line: Line = self.editor
        quiet = value is ABSENT or value is MIXED
        text = "" if quiet else written(self.param.type, value)
        line.setPlaceholderText(SEVERAL if value is MIXED else self.default_text)
        if text != line.text():
            line.setText(text)
            line.setCursorPosition(0)
        line.setToolTip(text if len(text) > 18 else "")

    def _typed(self, text: str) -> None:
        if not text.strip():
            if not self.param.required:
                self.take(ABSENT)
            else:
                self.say(f"Needed: {self.param.expected()}.")
            return
        try:
            value = read(self.param, text)
        except ValueError as error:
            value = self._referring(text)
            if value is None:
                self.say(str(error))
                return
        self.take(value)

    def _finished(self) -> None:
        """Writes what was typed as values are written: 3x3 as 3 × 3."""
        if not self.wrong:
            self.display(self.value)

    def _referring(self, text: str) -> Any:
        """A value with parameters of the block in it, [{"$": "size"}, 3]; None if it is none."""
        if "$" not in text or not self.place.parameters:
            return None
        try:
            value = read(replace(self.param, type=Type()), text)
        except ValueError:
            return None
        names = references(value)
        return value if names and set(names) <= self.place.parameters.keys() else None

    def menu(self) -> QMenu:
        menu = super().menu()
        line: Line = self.editor
        menu.addSeparator()
        menu.addAction("Cut", line.cut).setEnabled(line.hasSelectedText())
        menu.addAction("Copy", line.copy).setEnabled(line.hasSelectedText())
        menu.addAction("Paste", line.paste)
        menu.addAction("Select all", line.selectAll)
        return menu


class NumberField(LineField):
    """A number, also counted by the arrow keys, the wheel, and by dragging its name."""

    steps = True

    def step(self, steps: int) -> None:
        value = self.value
        if value is ABSENT:
            value = None if self.param.required else self.param.default
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            value = self._lowest() if value is None else None
            steps = 0
        if value is None:
            return
        wanted = self._stepped(value, steps)
        if wanted is not None and self.param.type.accepts(wanted):
            self.take(wanted)
            self._show()
            self.editor.selectAll()

    def _lowest(self) -> int | float:
        """Where counting begins that began from nothing."""
        kind = self.param.type
        return kind.min if getattr(kind, "min", None) is not None else 1

    def _stepped(self, value: int | float, steps: int) -> int | float | None:
        kind = self.param.type
        low, high = getattr(kind, "min", None), getattr(kind, "max", None)
        if isinstance(kind, Int):
            return _clipped(int(value) + steps, low, high)
        number = Decimal(str(value))
        unit = _unit(number, low, high)
        wanted = _clipped(float(number + unit * steps), low, high)
        text = f"{wanted:.12g}"
        if isinstance(value, int) and wanted == int(wanted) and not getattr(kind, "point", False):
            return int(wanted)
        return TypedFloat(text if any(c in text for c in ".e") else f"{text}.0")


def _unit(number: Decimal, low: float | None, high: float | None) -> Decimal:
    """A step that suits a number: a twentieth of a range, else a tenth of its magnitude."""
    if low == 0 and high == 1 and (number == 0 or number >= Decimal("0.05")):
        return Decimal("0.05")
    if number == 0:
        return Decimal("0.1")
    return Decimal(1).scaleb(number.adjusted() - (0 if abs(number) >= 10 else 1))


def _clipped(value: Any, low: Any, high: Any) -> Any:
    if low is not None and value < low:
        return low
    return high if high is not None and value > high else value


class PathLine(Line):
    """A line with a button at its end that asks for a file."""

    def __init__(self, browse: Callable[[], None]):
        super().__init__()
        self._button = QToolButton(self)
        self._button.setProperty("role", "tiny")
        self._button.setIcon(icon("folder-open", "muted"))
        self._button.setIconSize(QSize(14, 14))
        self._button.setCursor(Qt.CursorShape.ArrowCursor)
        self._button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # by keyboard: the menu
        self._button.setToolTip("Browse for a file")
        self._button.setAccessibleName("Browse for a file")
        self._button.clicked.connect(browse)
        self.setTextMargins(0, 0, 20, 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._button.setGeometry(self.width() - 27, (self.height() - 22) // 2, 22, 22)


class PathField(LineField):
    """A path, typed or chosen; one inside the project's folder is written relative to it."""

    def make(self) -> QWidget:
        return super().make(PathLine(self.browse))

    def browse(self) -> None:
        """Asks for a file, or a folder where that is wanted."""
        folder = str(self.place.session.folder.resolve())
        if isinstance(self.param.type, Folder):
            name = QFileDialog.getExistingDirectory(self.window(), "Choose a folder", folder)
        else:
            name, _ = QFileDialog.getOpenFileName(self.window(), "Choose a file", folder)
        if name:
            self.choose(File(name))

    def choose(self, path: File) -> None:
        """Takes a file or folder."""
        folder = self.place.session.folder.resolve()
        path = path.resolve()
        inside = path.is_relative_to(folder)
        self.put((path.relative_to(folder) if inside else path).as_posix())

    def menu(self) -> QMenu:
        menu = super().menu()
        menu.addSeparator()
        menu.addAction("Browse…", self.browse)
        return menu
