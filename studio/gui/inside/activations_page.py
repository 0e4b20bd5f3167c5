"""Run to here: what a node of the model is given and gives, for one sample of a real batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSignalBlocker, QSize, Qt, QTimer
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.gui.inside.asker import ActivationAsker
from studio.gui.inside.sample_field import SampleField
from studio.gui.inside.tensor_card import TensorCard
from studio.gui.look.icons import icon
from studio.gui.notice import Line
from studio.gui.panel import Empty, Saying

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from studio.engine.inside.asking import Weights
    from studio.gui.session import Session
    from studio.gui.window import Window

SOON = 150
"""Milliseconds that a node must stay selected before it is looked at."""


class ActivationsPage(QWidget):
    """The activations of the node that was asked for; it follows the selection from then on."""

    def __init__(self, window: Window):
        super().__init__()
        self._window = window
        self.session: Session | None = None
        self.at: tuple[str, str] = ("", "")
        self.result: dict[str, Any] | None = None
        self._failing: tuple[str, str] = ("", "")
        self._looking: Iterator[Weights] | None = None
        self._asked_for: tuple[Any, ...] | None = None
        self.asker = ActivationAsker(window)
        self.asker.setParent(self)
        self.asker.told.connect(self._told)
        self.asker.failed.connect(self._failed)
        self.asker.untrusted.connect(self._untrusted)
        self._timer = QTimer(self, interval=SOON, singleShot=True)
        self._timer.timeout.connect(self._ask)
        self._finding = QTimer(self, interval=0)
        self._finding.timeout.connect(self._find_one)
        self.head = self._head()
        self.pages = QStackedWidget()
        self.empty = Empty(
            "Run to here",
            "Select a node of the model, and see what it makes of a real batch of the data: what "
            "goes in, what comes out, as images, histograms and numbers.",
            "Run to the selected node",
            lambda: window.run_command("graph.run_to_here"),
        )
        self.pages.addWidget(self.empty)
        self.pages.addWidget(self._page())
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.pages)

    def _page(self) -> QWidget:
        self.shown = QStackedWidget()
        self.shown.addWidget(self._saying())
        self.shown.addWidget(self._columns())
        return self.shown

    def _head(self) -> QWidget:
        self.title = Line("", Qt.TextElideMode.ElideRight)
        self.title.setProperty("role", "title")
        self.note = Line("", Qt.TextElideMode.ElideRight)
        self.note.setProperty("role", "small")
        self.note.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.cancel = QPushButton("Cancel")
        self.cancel.setProperty("role", "outline")
        self.cancel.clicked.connect(self._give_up)
        self.cancel.hide()
        self.call = QComboBox()
        self.call.setAccessibleName("Which call of the node is shown")
        self.call.activated.connect(lambda _: self._soon())
        self.call.hide()
        self.weights = QComboBox()
        self.weights.setAccessibleName("The weights that the batch goes through")
        self.weights.setToolTip("The weights that the batch goes through")
        self.weights.setMaximumWidth(260)
        self.weights.setMinimumContentsLength(10)
        self.weights.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.weights.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.weights.activated.connect(lambda _: self._soon())
        self.sample = SampleField()
        self.sample.chosen.connect(lambda _: self._soon())
        self.again = _button("refresh-cw", "Look again", self._look_again)
        self.steps = [
            _button("chevron-left", "The sample before", lambda: self.sample.step(-1)),
            _button("chevron-right", "The next sample", lambda: self.sample.step(1)),
        ]
        self.of = QLabel()
        self.of.setProperty("role", "small")
        head = QWidget()
        row = QHBoxLayout(head)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.title, 3)
        sample = (self.steps[0], self.sample, self.of, self.steps[1])
        for each in (self.note, self.cancel, self.call, self.weights, *sample, self.again):
            row.addWidget(each, 2 * (each is self.weights) + (each is self.note))
        row.setSpacing(6)
        self._controls = (self.weights, *sample, self.again)
        for each in self._controls:
            each.hide()
        return head

    def _saying(self) -> QWidget:
        saying = Saying("", self._press)
        self.words, self.button = saying.words, saying.button
        return saying

    def _columns(self) -> QWidget:
        self.columns = [Column("Goes in"), Column("Comes out")]
        whole = QWidget()
        row = QHBoxLayout(whole)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for number, column in enumerate(self.columns):
            if number:
                line = QFrame()
                line.setProperty("role", "line")
                line.setFixedWidth(1)
                line.setMaximumHeight(16777215)
                row.addWidget(line)
            row.addWidget(column, 1)
        return whole

    # What is looked at

    def attach(self, session: Session | None) -> None:
        """Another project is shown."""
        self.release()
        self.session, self.at, self.result, self._asked_for = session, ("", ""), None, None
        self.weights.clear()
        self.title.say("")
        self.note.say("")
        for each in (*self._controls, self.call, self.cancel):
            each.hide()
        self.pages.setCurrentIndex(0)

    def release(self) -> None:
        """Ends what is under way."""
        self._timer.stop()
        self._finding.stop()
        self._looking = None
        self.asker.cancel()

    def run_to(self, graph: str, node: str) -> None:
        """Shows a node's activations."""
        self._show(graph, node)
        self._offer()
        self._asked_for = None
        self._timer.stop()
        self._ask()

    def follow(self, graph: str, nodes: list[str]) -> None:
        """Another node is selected: shown too, once one has been asked for."""
        if not self.at[1] or graph == "data" or len(nodes) != 1 or (graph, nodes[0]) == self.at:
            return
        self._show(graph, nodes[0])
        self._timer.start()

    def _show(self, graph: str, node: str) -> None:
        if (graph, node) != self.at:
            with QSignalBlocker(self.call):
                self.call.clear()
            self.call.hide()
        self.at = (graph, node)
        self.pages.setCurrentIndex(1)
        for each in self._controls:
            each.show()
        self._name()

    def _name(self, more: str = "") -> None:
        graph, node = self.at
        where = "" if graph == "model" else f" in {graph.removeprefix('block:')}"
        self.title.say(f"{node}{where}{more}")

    # Which weights

    def _offer(self) -> None:
        """Offers the weights that training begins with, and finds the runs whose weights fit."""
        from studio.engine.inside.asking import BEGINNING, fitting

        if not self.weights.count():
            self.weights.addItem(BEGINNING.words, BEGINNING)
        folder = self._window.runner.folder()
        if folder is None or self.session is None:
            return
        chosen = self.weights.currentData()
        self._fit: list[Weights] = [BEGINNING]
        self._chosen = chosen
        self._looking = fitting(self.session.project, folder)
        self._finding.start()

    def _find_one(self) -> None:
        """Looks at one more run."""
        found = next(self._looking, None)
        if found is not None:
            if found.path:
                self._fit.append(found)
            return
        self._finding.stop()
        self._looking = None
        with QSignalBlocker(self.weights):
            chosen = self.weights.currentData()
            self.weights.clear()
            for each in self._fit:
                self.weights.addItem(each.words, each)
            place = next((i for i, each in enumerate(self._fit) if each == chosen), 0)
            self.weights.setCurrentIndex(place)

    # Asking

    def _soon(self) -> None:
        if self.at[1]:
            self._timer.start()

    def _look_again(self) -> None:
        self._asked_for = None
        self._offer()
        self._ask()

    def _ask(self) -> None:
        if self.session is None or not self.at[1]:
            return
        weights = self.weights.currentData()
        call, sample = max(self.call.currentIndex(), 0), self.sample.value - 1
        key = (self.session.project, self.at, weights, call, sample)
        if key == self._asked_for:
            return
        self._asked_for = key
        graph, node = self.at
        self.asker.ask(self.session, graph, node, weights, call, sample)
        if self.asker.busy:
            self.cancel.show()
            self.note.say("Running the batch to here…")
            if self.result is None:
                self._say("Making the model, and running a batch of the data to here…")

    def _give_up(self) -> None:
        self.asker.cancel()
        self._asked_for = None
        self._rest("")
        if self.result is None:
            self._say("Cancelled. Look again with the button above.")

    def _rest(self, note: str) -> None:
        self.cancel.hide()
        self.note.say(note)

    def _say(self, sentence: str, button: str = "") -> None:
        self.words.setText(sentence)
        self.button.setText(button)
        self.button.setVisible(bool(button))
        self.shown.setCurrentIndex(0)

    def _failed(self, sentence: str, graph: str, node: str) -> None:
        self._rest("")
        self.result, self._failing, self._asked_for = None, (graph, node), None
        self._say(sentence, f"Show {node}" if node else "")

    def _untrusted(self) -> None:
        self._rest("")
        self.result, self._failing, self._asked_for = None, ("", ""), None
        self._say("The project's own Python is part of this model. It runs once you trust it.",
                  "Trust")  # fmt: skip

    def _press(self) -> None:
        graph, node = self._failing
        if node:
            self._window.select(graph, [node])
        else:
            self._window.projects.trust.agree()
            self._ask()

    def _told(self, result: dict[str, Any]) -> None:
        """Shows the answer."""
        self.result = result
        self.sample.show_value(result["sample"] + 1, result["samples"])
        self.of.setText(f"of {result['samples']}")
        calls = result["calls"]
        with QSignalBlocker(self.call):
            self.call.clear()
            self.call.addItems([each or f"call {n}" for n, each in enumerate(calls, 1)])
            self.call.setCurrentIndex(result["call"])
        self.call.setVisible(len(calls) > 1)
        label = result["label"]
        self._name(f" · the sample is labelled {label['values'][0]}" if label is not None else "")
        self._rest("")
        for column, told in zip(self.columns, (result["inputs"], result["outputs"]), strict=True):
            column.show_tensors(told)
        self.shown.setCurrentIndex(1)


def _button(image: str, name: str, run: Callable[[], object]) -> QToolButton:
    button = QToolButton(icon=icon(image, "muted"), toolTip=name)
    button.setAccessibleName(name)
    button.setProperty("role", "flat")
    button.setIconSize(QSize(15, 15))
    button.setFixedWidth(26)
    button.clicked.connect(run)
    return button


class Column(QScrollArea):
    """Tensors, one below the other."""

    def __init__(self, title: str):
        super().__init__()
        self._title = title
        self.cards: list[TensorCard] = []
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(title)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def show_tensors(self, told: list[dict[str, Any]]) -> None:
        """Shows these, in the place of those before."""
        whole = QWidget()
        whole.setObjectName("panel")
        box = QVBoxLayout(whole)
        box.setContentsMargins(0, 6, 0, 0)
        box.setSpacing(8)
        self.cards = []
        for number, each in enumerate(told):
            several = each["port"] or (str(number + 1) if len(told) > 1 else "")
            card = TensorCard(each, f"{self._title} {several}".strip())
            self.cards.append(card)
            box.addWidget(card)
        if not told:
            label = QLabel("It is an input: this is where the data comes in.")
            label.setProperty("role", "muted")
            label.setContentsMargins(14, 0, 14, 0)
            box.addWidget(label)
        box.addStretch(1)
        self.setWidget(whole)
