"""The head of the inspector: what the node is, its name, and what it is beside its call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from studio.graph.catalogue.op import REQUIRED, Op, Param
from studio.graph.catalogue.types import Bool, Int, Text
from studio.graph.checks.structure import identifier_problem
from studio.graph.document import Graph, Node, Project
from studio.graph.ports import takes_nothing
from studio.gui.inspector.choice_field import BoolField
from studio.gui.inspector.line_field import LineField, NumberField
from studio.gui.inspector.place import ABSENT, Place
from studio.gui.look.theme import sans, theme
from studio.gui.look.tokens import family_colour

if TYPE_CHECKING:
    from studio.gui.inspector.field import Field

NAME = Param("name", Text(empty=False), REQUIRED, "The node's name in the graph and in the code.")
BYPASS = Param("bypass", Bool(), False, "Lets its first input go past it, to its outputs.")
REPEAT = Param("repeat", Int(1, 1000), 1, "How many times the block stands here in a row.")


class _Dot(QWidget):
    """The colour of a family."""

    def __init__(self) -> None:
        super().__init__()
        self.family = ""
        self.setFixedSize(10, 18)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(family_colour(self.family)))
        painter.drawRoundedRect(QRectF(0, 4, 10, 10), 3, 3)


class NameField(LineField):
    """A node's name: checked while typing, given when it is finished."""

    def make(self) -> QWidget:
        self.taken: frozenset[str] = frozenset()
        line = super().make()
        line.textEdited.disconnect(self._typed)
        line.textEdited.connect(self._check)
        return line

    def _check(self, text: str) -> None:
        why = identifier_problem(text)
        if not text:
            self.say("A node needs a name.")
        elif why:
            self.say(f"{why}. Use letters, digits and underscores, a letter first.")
        elif text != self.value and text in self.taken:
            self.say(f"There is already a node {text}.")
        else:
            self.say("")

    def _finished(self) -> None:
        text = self.editor.text()
        if not self.wrong and text != self.value:
            self.take(text)
        elif self.wrong and not self.editor.hasFocus():
            self.restore()


class Title(QWidget):
    """The family's dot, what the node calls, and Help, which unfolds a few lines about it."""

    def __init__(self) -> None:
        super().__init__()
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(8)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStrut(26)
        self._dot = _Dot()
        row.addWidget(self._dot)
        self.label = QLabel()
        self.label.setFont(sans(13, 600))
        row.addWidget(self.label, 1)
        self.help = QPushButton("Help")
        self.help.setObjectName("end")
        self.help.setProperty("role", "link")
        self.help.setCheckable(True)
        self.help.toggled.connect(self._unfold)
        row.addWidget(self.help)
        box.addLayout(row)
        self._text = QLabel(wordWrap=True)
        self._text.setProperty("role", "muted")
        self._text.setFont(sans(12))
        self._text.setTextFormat(Qt.TextFormat.RichText)
        self._text.setOpenExternalLinks(True)
        self._text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextBrowserInteraction
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        box.addWidget(self._text)
        self._text.hide()
        self._op: Op | None = None
        theme.changed.connect(self._render)

    def show_op(self, op: Op, title: str, family: str) -> None:
        """Shows what a node calls."""
        self._op = op
        self.label.setText(title)
        self.label.setToolTip(op.path)
        self._dot.family = family
        self._dot.update()
        self.help.setVisible(bool(op.kind and (op.help or page(op.path))))
        self._render()

    def _unfold(self, shown: bool) -> None:
        self._render()
        self._text.setVisible(shown)

    def _render(self) -> None:
        if self._op is None or not self.help.isChecked():
            return
        address = page(self._op.path)
        link = ""
        if address:
            colour = theme.tokens.accent
            shown = address.removeprefix("https://www.")
            link = f'<br><a style="color:{colour}" href="{address}">{shown}</a>'
        self._text.setText(f"{self._op.help.replace('&', '&amp;').replace('<', '&lt;')}{link}")


def page(path: str) -> str:
    """The address of an op's page; empty where it has none."""
    head = path.partition(".")[0]
    if head not in ("keras", "tf"):
        return ""
    path = path.removeprefix("tf.").replace(".", "/")
    return f"https://www.tensorflow.org/api_docs/python/tf/{path}"


class Head(QWidget):
    """Name, bypass, repeat and whose layer it is.

    Signals: `renamed(str)`; `set_(str, object)` a field of the node and its value; `parted()` when
    a shared layer is to be the node's own.
    """

    renamed = Signal(str)
    set_ = Signal(str, object)
    parted = Signal()

    def __init__(self, place: Place):
        super().__init__()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(12)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        self.name = NameField(NAME, place)
        self.name.given.connect(lambda value: self.renamed.emit(value))
        self.bypass = BoolField(BYPASS, place)
        self.repeat = NumberField(REPEAT, place)
        for index, field in enumerate((self.name, self.bypass, self.repeat)):
            grid.addWidget(field, index // 2, index % 2, Qt.AlignmentFlag.AlignTop)
        self._connect(self.bypass, "bypass", False)
        self._connect(self.repeat, "repeat", 1)
        self._shares = QWidget()
        row = QHBoxLayout(self._shares)
        row.setContentsMargins(0, 0, 0, 0)
        self._whose = QLabel(wordWrap=True)
        self._whose.setProperty("role", "muted")
        self._whose.setFont(sans(12))
        row.addWidget(self._whose, 1)
        self.part = QPushButton("Give it its own")
        self.part.setObjectName("end")
        self.part.setProperty("role", "link")
        self.part.clicked.connect(self.parted)
        row.addWidget(self.part)
        grid.addWidget(self._shares, 2, 0, 1, 2)

    def _connect(self, field: Field, name: str, default: Any) -> None:
        field.given.connect(lambda value: self.set_.emit(name, value))
        field.cleared.connect(lambda: self.set_.emit(name, default))

    def show_node(self, project: Project, graph: Graph, node: Node) -> None:
        """Shows one node."""
        self.name.taken = frozenset(graph.nodes)
        self.name.show_value(node.id)
        self.bypass.setVisible(node.bypass or not takes_nothing(project, node, graph))
        self.bypass.show_value(node.bypass or ABSENT)
        block = (node.op or "").startswith("block:")
        self.repeat.setVisible(block)
        self.repeat.show_value(node.repeat if node.repeat != 1 else ABSENT)
        self._shares.setVisible(node.shares is not None)
        if node.shares is not None:
            self._whose.setText(f"Calls the layer of {node.shares}")
