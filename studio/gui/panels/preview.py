"""What leaves a stage of the data: what is known without running it, and samples of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSignalBlocker, Qt, QTimer
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QTableView,
    QTableWidget,
    QTableWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.graph.elements import Elements, Structure
from studio.graph.spec import Spec, shape_text
from studio.gui.look.icons import icon
from studio.gui.look.theme import mono
from studio.gui.panel import Empty, Panel
from studio.gui.preview.asker import StageAsker
from studio.gui.preview.balance import Balance
from studio.gui.preview.pictures import Pictures, cards_of
from studio.gui.preview.samples import SamplesModel, figure

if TYPE_CHECKING:
    from studio.gui.session import Session
    from studio.gui.window import Window

COLUMNS = ("Part", "Name", "Shape", "Type", "Range", "Mean")
PARTS = ("features", "label", "sample weight")
TAKES = (8, 24, 64, 200)
SOON = 120
"""Milliseconds that a stage must stay selected, or unchanged, before its data is looked at."""
LEFT = 480
"""Pixels for what is known of the elements, beside the samples."""
FIRST, LAST = 90, 420
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
        row.addWidget(self._known())
        row.addWidget(self._samples(), 1)
        box.addLayout(row, 1)
        return page

    def _head(self) -> QHBoxLayout:
        self.title = QLabel()
        self.title.setProperty("role", "title")
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.note = QLabel()
        self.note.setProperty("role", "small")
        self.port = QComboBox()
        self.port.setAccessibleName("Which output of the stage is shown")
        self.port.activated.connect(self._soon)
        self.take = QComboBox()
        self.take.setAccessibleName("How many elements are shown")
        for count in TAKES:
            self.take.addItem(f"{count} elements", count)
        self.take.setCurrentIndex(TAKES.index(24))
        self.take.activated.connect(self._soon)
        self.again = QToolButton(icon=icon("refresh-cw", "muted"), toolTip="Look again")
        self.again.setAccessibleName("Look again")
        self.again.setProperty("role", "flat")
        self.again.clicked.connect(lambda: self._ask(again=True))
        self.cancel = QPushButton("Cancel")
        self.cancel.setProperty("role", "outline")
        self.cancel.clicked.connect(self._give_up)
        row = QHBoxLayout()
        row.setContentsMargins(14, 0, 14, 0)
        row.setSpacing(8)
        row.addWidget(self.title, 1)
        for widget in (self.note, self.cancel, self.port, self.take, self.again):
            row.addWidget(widget)
        self.cancel.hide()
        return row

    def _known(self) -> QWidget:
        """What an element is made of, and how often each label was seen."""
        self.table = QTableWidget(0, len(COLUMNS))
        self.table.setHorizontalHeaderLabels(COLUMNS)
        self.table.setAccessibleName("What an element is made of")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        head = _plain(self.table)
        head.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        head.setStretchLastSection(True)
        self.counted = QLabel()
        self.counted.setProperty("role", "group")
        self.balance = Balance()
        below = QWidget()
        below.setObjectName("panel")
        column = QVBoxLayout(below)
        column.setContentsMargins(14, 2, 14, 8)
        column.setSpacing(4)
        column.addWidget(self.counted)
        column.addWidget(self.balance)
        column.addStretch(1)
        self._below = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        self._below.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._below.setAccessibleName("How often each label was seen")
        self._below.setWidget(below)
        whole = QWidget()
        whole.setFixedWidth(LEFT)
        box = QVBoxLayout(whole)
        box.setContentsMargins(14, 0, 0, 0)
        box.setSpacing(6)
        box.addWidget(self.table)
        box.addWidget(self._below, 1)
        return whole

    def _samples(self) -> QWidget:
        self.model = SamplesModel()
        self.model.setParent(self)
        self.rows = QTableView()
        self.rows.setModel(self.model)
        self.rows.setAccessibleName("Samples")
        self.rows.setWordWrap(False)
        _plain(self.rows)
        self.pictures = Pictures()
        self.words = QLabel(wordWrap=True, alignment=Qt.AlignmentFlag.AlignCenter)
        self.words.setProperty("role", "muted")
        self.words.setMaximumWidth(560)
        self.trust = QPushButton("Trust")
        self.trust.setProperty("role", "outline")
        self.trust.clicked.connect(self._agree)
        saying = QWidget()
        column = QVBoxLayout(saying)
        column.addStretch(2)
        # A label that wraps has the height for its width only where the layout gives it that.
        inner = QHBoxLayout()
        inner.addStretch(1)
        inner.addWidget(self.words, 1000)
        inner.addStretch(1)
        column.addLayout(inner)
        column.addWidget(self.trust, alignment=Qt.AlignmentFlag.AlignCenter)
        column.addStretch(3)
        self.shown = QStackedWidget()
        for widget in (saying, self.rows, self.pictures):
            self.shown.addWidget(widget)
        return self.shown

    def attach(self, session: Session | None) -> None:
        super().attach(session)
        self.asker.cancel()
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
            self.title.setText(f"{node}: {' · '.join(told)}")
        else:
            why = refused.message if refused is not None else "not known before its input is"
            self.title.setText(f"{node}: {why}")
        self.title.setToolTip(self.title.text())
        self._fill(rows)
        self._offer(list(outputs), end.partition(".")[2])
        wanted = self._wanted(node)
        if wanted != self.end:
            self.end, self.result = wanted, None
            self._say("")
        self._timer.start()

    def _fill(self, rows: list[tuple[str, ...]]) -> None:
        shown = [
            [self.table.item(row, column).text() for column in range(4)]
            for row in range(self.table.rowCount())
        ]
        if shown != [list(row) for row in rows]:
            self.table.setRowCount(len(rows))
            for row, texts in enumerate(rows):
                for column, text in enumerate((*texts, "", "")):
                    item = QTableWidgetItem(text)
                    if column >= 1:
                        item.setFont(mono())
                    self.table.setItem(row, column, item)
        self.table.setColumnHidden(0, not any(row[0] for row in rows))
        self.table.setColumnHidden(1, not any(row[1] for row in rows))
        height = self.table.verticalHeader().defaultSectionSize() * min(len(rows), 5)
        self.table.setFixedHeight(self.table.horizontalHeader().sizeHint().height() + height + 4)

    def _offer(self, ports: list[str], port: str) -> None:
        """The outputs to choose from, where there are several."""
        if [self.port.itemText(i) for i in range(self.port.count())] != ports:
            with QSignalBlocker(self.port):
                self.port.clear()
                self.port.addItems(ports)
        if port in ports:
            self.port.setCurrentText(port)
        self.port.setVisible(len(ports) > 1)

    def _wanted(self, node: str) -> str:
        several = self.port.count() > 1
        return f"{node}.{self.port.currentText()}" if several else node

    # Asking

    def _soon(self, *_: object) -> None:
        self.end = self._wanted(self.end.partition(".")[0])
        self._timer.start()

    def _ask(self, again: bool = False) -> None:
        if not self.end or not self.in_front or self.session is None:
            return
        self.asker.ask(self.session, self.end, self.take.currentData(), again)
        if self.asker.busy:
            self.cancel.show()
            self.note.setText("Looking at the data…")
            if self.result is None:
                self._say("Looking at the data…")

    def _give_up(self) -> None:
        self.asker.cancel()
        self.cancel.hide()
        self.note.setText("")
        if self.result is None:
            self._say("Cancelled. Look again with the button above.")

    def _agree(self) -> None:
        self.window_.projects.trust.agree()
        self._ask(again=True)

    def _say(self, sentence: str, trust: bool = False) -> None:
        """Says something in the place of samples."""
        self.words.setText(sentence)
        self.trust.setVisible(trust)
        self.shown.setCurrentIndex(0)
        self.counted.setText("")
        self.balance.show_counts([])
        for row in range(self.table.rowCount()):
            for column in (4, 5):
                self.table.item(row, column).setText("")
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
        names = [called(each["path"]) for each in result["spec"]]
        rows = result.get("rows", result["elements"])
        cards = cards_of(names, rows)
        self.model.show(names, rows)
        self._size_columns()
        if cards:
            self.pictures.show_cards(cards)
        if rows:
            self.shown.setCurrentIndex(2 if cards else 1)
        else:
            self._say(result.get("error") or "There are no elements.")
        self._figures(result)
        classes = result["classes"][:1]
        self.balance.show_counts(classes[0]["counts"] if classes else [])
        self.counted.setText(f"Labels of {classes[0]['of']:,}" if classes else "")
        self.note.setText(self._summed(result, len(rows)))
        self.note.setToolTip(result.get("error", ""))

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

    def _figures(self, result: dict[str, Any]) -> None:
        """Ranges beside the tensors that they are of."""
        offset = 0
        if self.port.count() > 1:  # the tensors of the outputs before stand above
            offset = self.port.currentIndex() * len(result["spec"])
        for index, known in enumerate(result["ranges"]):
            row = offset + index
            if known is None or row >= self.table.rowCount():
                continue
            missing = f", {known['nan']:.0%} NaN" if known["nan"] else ""
            if known["min"] is not None:
                between = f"{figure(known['min'])} to {figure(known['max'])}{missing}"
                self.table.item(row, 4).setText(between)
                self.table.item(row, 5).setText(figure(known["mean"]))
            else:
                self.table.item(row, 4).setText("NaN alone")

    def _size_columns(self) -> None:
        """Texts have the room that is left; numbers what they need."""
        head = self.rows.horizontalHeader()
        texts = [c for c in range(self.model.columnCount()) if self.model.texts(c)]
        for column in range(self.model.columnCount()):
            wanted = self.rows.sizeHintForColumn(column) + 16
            head.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
            head.resizeSection(column, max(FIRST, min(wanted, LAST)))
        if texts:
            widest = max(texts, key=self.rows.sizeHintForColumn)
            head.setSectionResizeMode(widest, QHeaderView.ResizeMode.Stretch)
        head.setStretchLastSection(not texts)


def _plain(table: QTableView) -> QHeaderView:
    """The look of both tables; returns the head."""
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setTabKeyNavigation(False)
    table.setShowGrid(False)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(28)
    head = table.horizontalHeader()
    head.setHighlightSections(False)
    head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    return head


def called(path: list[Any]) -> str:
    """What a tensor of an element is called: its own name, or that of its part."""
    names = [key for key in path if isinstance(key, str)]
    if names:
        return ".".join(names)
    if not path:
        return "element"
    return PARTS[path[0]] if path[0] < len(PARTS) else ".".join(map(str, path))


def many(elements: Elements) -> str:
    """How many there are."""
    if elements.infinite:
        return "elements without end"
    if elements.count is None:
        return "elements, how many is known when it runs"
    return f"{elements.count:,} element{'s' * (elements.count != 1)}"


def parts(elements: Elements) -> list[tuple[str, str, str, str]]:
    """The tensors of an element: the part they are in, their names, shapes and types."""
    structure = elements.structure
    if not isinstance(structure, tuple):
        return [("", *rest) for rest in _tensors(structure, "")]
    found = []
    for index, part in enumerate(structure):
        called = PARTS[index] if index < len(PARTS) else str(index)
        found += [(called, *rest) for rest in _tensors(part, "")]
    return found


def _tensors(structure: Structure, name: str) -> list[tuple[str, str, str]]:
    if isinstance(structure, dict):
        pairs = structure.items()
    elif isinstance(structure, tuple):
        pairs = enumerate(structure)
    else:
        return [_tensor(structure, name)]
    return [
        row
        for key, value in pairs
        for row in _tensors(value, f"{name}.{key}" if name else str(key))
    ]


def _tensor(spec: Spec, name: str) -> tuple[str, str, str]:
    ragged = f", {spec.ragged} ragged" if spec.ragged else ""
    return name, shape_text(spec.shape), spec.dtype + ragged
