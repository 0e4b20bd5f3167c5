"""What leaves a stage of the data: what is known without running it, and samples of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from studio.graph.elements import Elements
from studio.gui.panel import Empty, Panel, Saying
from studio.gui.preview.asker import StageAsker
from studio.gui.preview.costs import Costs
from studio.gui.preview.head import Head
from studio.gui.preview.known import WIDTH, Known
from studio.gui.preview.naming import named, names_of
from studio.gui.preview.pictures import Pictures, cards_of
from studio.gui.preview.samples import SamplesModel
from studio.gui.preview.specs import called, many, parts
from studio.gui.preview.tables import plain

if TYPE_CHECKING:
    from studio.gui.session import Session
    from studio.gui.window import Window

SOON = 120
"""Milliseconds that a stage must stay selected, or unchanged, before its data is looked at."""
NARROW, SHARE, ROOMY = 260, 0.56, 720
"""Pixels that the tensors have at least, and what of the panel at most; and those from which on the
figures have room in its head."""
FIRST, LAST = 56, 420
"""Pixels that a column of the samples is wide, at least and at most."""


class PreviewPanel(Panel):
    """The elements of the selected stage: how many, the tensors of one, and samples of them."""

    def __init__(self, window: Window):
        super().__init__(window)
        self.end = ""
        self.result: dict[str, Any] | None = None
        self.asker = StageAsker(window)
        self.asker.setParent(self)
        self.asker.told.connect(self._told)
        self.asker.failed.connect(self._failed)
        self.asker.untrusted.connect(self._untrusted)
        self.coster = StageAsker(window, costs=True)
        self.coster.setParent(self)
        self.coster.told.connect(self._costs_told)
        self.coster.failed.connect(self._costs_failed)
        self.coster.untrusted.connect(self._untrusted)
        self._timer = QTimer(self, interval=SOON, singleShot=True)
        self._timer.timeout.connect(self._ask)
        self._pages = QStackedWidget()
        self.empty = Empty(
            "Select a stage of the data",
            "Its elements are shown here: what each is made of, with shapes and types, and samples "
            "of them. With a node of the model selected, it is the data that feeds training.",
            "Show the data graph",
            lambda: window.tabs.show("data"),
        )
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self._page())
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._pages)
        window.selection_changed.connect(self.refresh)

    def _page(self) -> QWidget:
        page = QWidget()
        box = QVBoxLayout(page)
        box.setContentsMargins(0, 6, 0, 0)
        box.setSpacing(6)
        box.addLayout(self._head())
        line = QFrame()
        line.setProperty("role", "line")
        box.addWidget(line)
        row = QHBoxLayout()
        row.setSpacing(0)
        self.known = Known()
        row.addWidget(self.known)
        row.addWidget(self._samples(), 1)
        box.addLayout(row, 1)
        return page

    def _head(self) -> Head:
        head = self.head = Head()
        self.title, self.note, self.cancel = head.title, head.note, head.cancel
        self.port, self.take = head.port, head.take
        self.columns, self.clock, self.again = head.columns, head.clock, head.again
        head.port.activated.connect(self._soon)
        head.take.activated.connect(self._soon)
        head.again.clicked.connect(lambda: self._ask(again=True))
        head.cancel.clicked.connect(self._give_up)
        head.columns.clicked.connect(lambda: self.window_.run_command("graph.columns"))
        head.clock.clicked.connect(self._time_wanted)
        return head

    def _samples(self) -> QWidget:
        self.model = SamplesModel()
        self.model.setParent(self)
        self.rows = QTableView()
        self.rows.setModel(self.model)
        self.rows.setAccessibleName("Samples")
        self.rows.setWordWrap(False)
        plain(self.rows)
        self.pictures = Pictures()
        self.costs = Costs()
        self.costs.chosen.connect(lambda node: self.window_.select("data", [node]))
        saying = Saying("Trust", self._agree)
        self.words, self.trust = saying.words, saying.button
        self.shown = QStackedWidget()
        for widget in (saying, self.rows, self.pictures, self.costs):
            self.shown.addWidget(widget)
        return self.shown

    def resizeEvent(self, event: QResizeEvent) -> None:
        """With little room the tensors leave more of it to the samples, and the figures go."""
        super().resizeEvent(event)
        self.known.setFixedWidth(min(WIDTH, max(NARROW, round(SHARE * self.width()))))
        self.note.setVisible(self.width() >= ROOMY)

    def attach(self, session: Session | None) -> None:
        super().attach(session)
        self.asker.cancel()
        self._leave_costs()
        self._timer.stop()
        self.end, self.result = "", None
        if session is not None:
            session.changed.connect(self.refresh)
        self.refresh()

    def come_up(self) -> None:
        if self.session is not None and self.session.project.data is not None:
            self.window_.projects.trust.warm.start()  # it is there when a stage is selected
        self.refresh()

    def refresh(self, *_: object) -> None:
        """Shows the selected stage; only while the panel is in front."""
        if not self.in_front or self.session is None:
            return
        node = self._chosen()
        if not node:
            self._pages.setCurrentIndex(0)
            self._timer.stop()
            self.asker.cancel()
            self._leave_costs()
            self.end = ""
            return
        self._pages.setCurrentIndex(1)
        self._show(node)

    def _chosen(self) -> str:
        """The end whose data is shown: the selected stage, or what feeds training."""
        chosen = self.window_.selected()
        data = self.session.project.data
        if self.window_.graph == "data":
            return chosen[0] if len(chosen) == 1 else ""
        return data.outputs.get("train", "") if chosen and data is not None else ""

    def _show(self, end: str) -> None:
        node = end.partition(".")[0]
        shapes = self.session.shapes("data")
        result, refused = shapes.nodes.get(node), shapes.refused.get(node)
        outputs = result.outputs if result is not None else {}
        rows: list[tuple[str, ...]] = []
        told: list[str] = []
        for port, elements in outputs.items():
            if isinstance(elements, Elements):
                several = port if len(outputs) > 1 else ""
                told.append(f"{several} {many(elements)}".strip())
                rows += [(f"{several} {part}".strip(), *rest) for part, *rest in parts(elements)]
        if rows:
            self.title.say(f"{node}: {' · '.join(told)}")
        else:
            why = refused.message if refused is not None else "not known before its input is"
            self.title.say(f"{node}: {why}")
        self.known.show_specs(rows)
        self.head.offer(list(outputs), end.partition(".")[2])
        data = self.session.project.data
        table = self.window_.graph == "data" and data.nodes[node].op == "studio.data.csv"
        self.columns.setVisible(table)
        wanted = self._wanted(node)
        if wanted != self.end:
            self._leave_costs()
            self.end, self.result = wanted, None
            self._say("")
        self._timer.start()

    def _wanted(self, node: str) -> str:
        several = self.port.count() > 1
        return f"{node}.{self.port.currentText()}" if several else node

    # Asking

    def _soon(self, *_: object) -> None:
        self._leave_costs()
        self.end = self._wanted(self.end.partition(".")[0])
        self._timer.start()

    def _ask(self, again: bool = False) -> None:
        if not self.end or not self.in_front or self.session is None:
            return
        if self.clock.isChecked():
            self._ask_costs(again)
            return
        self.asker.ask(self.session, self.end, self.take.currentData(), again)
        if self.asker.busy:
            self.cancel.show()
            self.note.setText("Looking at the data…")
            if self.result is None:
                self._say("Looking at the data…")

    def _give_up(self) -> None:
        self.asker.cancel()
        self._leave_costs()
        self.cancel.hide()
        self.note.setText("")
        if self.result is not None:
            self._told(self.result)
        else:
            self._say("Cancelled. Look again with the button above.")

    # What the stages cost

    def _time_wanted(self, on: bool) -> None:
        """Measures; or shows samples again."""
        if on:
            self.asker.cancel()
            self._ask_costs(again=True)
            return
        self._leave_costs()
        if self.result is not None:
            self._told(self.result)
        else:
            self._ask(again=True)

    def _ask_costs(self, again: bool) -> None:
        self.coster.ask(self.session, self.end, again=again)
        if self.coster.busy:
            self.cancel.show()
            self.note.setText("Measuring, which takes some seconds…")
            if self.shown.currentWidget() is not self.costs:
                self.words.setText("Going through each stage…")
                self.trust.hide()
                self.shown.setCurrentIndex(0)

    def _leave_costs(self) -> None:
        self.coster.cancel()
        self.clock.setChecked(False)

    def _costs_told(self, result: dict[str, Any]) -> None:
        self.cancel.hide()
        self.note.setText("")
        self.costs.show_costs(result)
        self.shown.setCurrentWidget(self.costs)

    def _costs_failed(self, sentence: str) -> None:
        self.clock.setChecked(False)
        self._say(sentence)

    def _agree(self) -> None:
        self.window_.projects.trust.agree()
        self._ask(again=True)

    def _say(self, sentence: str, trust: bool = False) -> None:
        """Says something in the place of samples."""
        self.words.setText(sentence)
        self.trust.setVisible(trust)
        self.shown.setCurrentIndex(0)
        self.known.clear_figures()
        if not self.asker.busy:
            self.cancel.hide()
            self.note.setText("")

    def _failed(self, sentence: str) -> None:
        self.result = None
        self._say(sentence)

    def _untrusted(self) -> None:
        self.result = None
        self._say("The project's own Python makes this data. It runs once you trust it.", True)

    def _told(self, result: dict[str, Any]) -> None:
        """Shows what was seen."""
        self.result = result
        self.cancel.hide()
        names, classes = [called(each["path"]) for each in result["spec"]], self._classes()
        rows = named(result["spec"], result.get("rows", result["elements"]), classes)
        cards = cards_of(names, rows)
        self.model.show(names, rows)
        self._size_columns()
        if cards:
            self.pictures.show_cards(cards)
        if rows:
            self.shown.setCurrentIndex(2 if cards else 1)
        else:
            self._say(result.get("error") or "There are no elements.")
        port = self.port.currentText() if self.port.count() > 1 else ""
        self.known.show_figures(result, port, classes)
        self.note.setText(self._summed(result, len(rows)))
        self.note.setToolTip(result.get("error", ""))

    def _classes(self) -> tuple[str, ...]:
        """The names of the classes that the label of the shown stage numbers."""
        return names_of(self.session.shapes("data").at(self.end))

    def _summed(self, result: dict[str, Any], count: int) -> str:
        what = "rows of batches" if "rows" in result else "elements"
        said = [f"{count} {what}", f"figures of {result['looked_at']:,}"]
        if result["per_second"]:
            rounded = float(f"{result['per_second']:.2g}")
            said.append(f"about {rounded:,.0f} elements/s")
        if result["late"]:
            said.append("the time was up before there were more")
        if result.get("error"):
            said.append(result["error"])
        return " · ".join(said)

    def _size_columns(self) -> None:
        """Each has what it needs; the longest texts, or else the last, the room that is left."""
        head, columns = self.rows.horizontalHeader(), range(self.model.columnCount())
        length = 0
        for column in columns:
            wanted = max(self.rows.sizeHintForColumn(column), head.sectionSizeHint(column)) + 8
            head.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
            head.resizeSection(column, max(FIRST, min(wanted, LAST)))
            length += head.sectionSize(column)
        texts = [column for column in columns if self.model.texts(column)]
        fits = length <= self.rows.width() - self.rows.verticalScrollBar().sizeHint().width()
        if texts and fits:  # with too little room, a stretched one would have the least of all
            widest = max(texts, key=self.rows.sizeHintForColumn)
            head.setSectionResizeMode(widest, QHeaderView.ResizeMode.Stretch)
        head.setStretchLastSection(not texts)
