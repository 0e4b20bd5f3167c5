"""Predictions for the rows of a file: chosen or dropped here, answered by the model of the run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QImageReader
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QHBoxLayout,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from studio.engine.figures import number
from studio.graph.document import Project
from studio.graph.problems import printable
from studio.gui.look.theme import mono
from studio.gui.notice import Line
from studio.gui.panel import Empty
from studio.gui.preview.tables import plain
from studio.gui.trained.draw_view import DrawView
from studio.gui.trained.page import Page, button, foot_row

if TYPE_CHECKING:
    from studio.gui.window import Window

ROWS, COLUMNS = 200, 60
"""What is shown of a table, at most."""

LETTERS = 200
"""Of a text that a cell shows."""

WIDEST = 320
"""Pixels that a column is wide at first, at most."""

WAYS = 32
"""Pixels that the choice between a drawing and a file is high."""

LARGEST = 1024
"""Pixels of a side of a dropped image; a larger one is read smaller."""

IMAGES = "studio.data.images"
"""The source whose rows are files of images: there a dropped one is a row like any."""

RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter

TITLE = "Predict a file"
ABOUT = (
    "Drop a file here: a table, arrays in .npy or .npz, images or texts, whatever the data of the "
    "run were. The model says what it makes of each row."
)


class PredictPage(Page):
    """A table of predictions, the first rows of it."""

    def __init__(self, window: Window):
        super().__init__(window)
        self.setAcceptDrops(True)
        self.file: Path | None = None
        self.nothing = Empty(TITLE, ABOUT, "Choose a file…", self.choose)
        self.table = QTableWidget()
        self.table.setAccessibleName("Predictions")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        head = plain(self.table)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        head.setMaximumSectionSize(4 * WIDEST)
        self.table.verticalHeader().setDefaultSectionSize(24)
        self.table.setWordWrap(False)
        self.draw = DrawView()
        self.draw.found.connect(self._can_draw)
        self._images = self._late = False
        self._rows: list[dict[str, Any]] | None = None
        self._saving: Path | None = None
        self.lay_out((self.nothing, self.table, self.draw), (self._head(), self.going))
        self.layout().insertWidget(0, self._ways())
        self.work.done.connect(self._done)
        self.work.failed.connect(self._failed)
        self.work.cancelled.connect(self._cancelled)

    def _ways(self) -> QWidget:
        """The choice between a drawing and a file, where both can be."""
        self.ways = QWidget()
        self.ways.setFixedHeight(WAYS)
        row = QHBoxLayout(self.ways)
        row.setContentsMargins(14, 0, 14, 0)
        row.setSpacing(2)
        group = QButtonGroup(self)
        self.way = {}
        for name in ("Draw", "A file"):
            made = button(name, role="filter")
            made.setCheckable(True)
            made.clicked.connect(self._turn)
            group.addButton(made)
            self.way[name] = made
            row.addWidget(made)
        row.addSpacing(10)
        row.addWidget(self.draw.head, 1)
        self.ways.hide()
        return self.ways

    def _head(self) -> QWidget:
        self.head = QWidget()
        row = foot_row(self.head)
        self.said = Line("", Qt.TextElideMode.ElideMiddle)
        self.said.setProperty("role", "small")
        self.again = button("Again", "refresh-cw")
        self.again.setToolTip("Predict the same file again")
        self.again.clicked.connect(lambda: self.predict(self.file))
        self.other = button("Choose a file…", "folder-open")
        self.other.clicked.connect(self.choose)
        self.save = button("Save as…", "save")
        self.save.setToolTip("Save the predictions of all rows as a table")
        self.save.clicked.connect(self._save)
        row.addWidget(self.said, 1)
        row.addWidget(self.save)
        row.addWidget(self.again)
        row.addWidget(self.other)
        return self.head

    def show_run(self, folder: Path | None, project: Project | None = None) -> None:
        super().show_run(folder, project)
        nodes = project.data.nodes if project is not None and project.data is not None else {}
        self._images = any(node.op == IMAGES for node in nodes.values())
        self._late = True
        self._rows = None
        self.ways.hide()
        self.draw.show_run(None)
        self._file_shown = self.nothing
        self._empty(TITLE, ABOUT)

    def come_up(self) -> None:
        if self._late:
            self._late = False
            self.draw.show_run(self.folder)

    def _empty(self, title: str, text: str) -> None:
        self.nothing.say(title, text)
        self._show_file(self.nothing)
        self.foot.setCurrentWidget(self.head)
        self.foot.hide()

    # A drawing, or a file

    def _can_draw(self) -> None:
        """It is known whether something can be drawn for the model: then that comes first."""
        there = self.draw.sketch is not None
        self.ways.setVisible(there)
        if there and not self.work.working and self._file_shown is self.nothing:
            self.way["Draw"].setChecked(True)
            self._turn()
            if self.isVisible():
                self.filled.emit()

    def _show_file(self, widget: QWidget) -> None:
        """Shows what there is of a file."""
        self._file_shown = widget
        self.way["A file"].setChecked(True)
        self._turn()

    def _turn(self) -> None:
        drawing = self.way["Draw"].isChecked() and self.draw.sketch is not None
        self.draw.head.setVisible(drawing)
        self.body.setCurrentWidget(self.draw if drawing else self._file_shown)
        if not self.work.working:
            self.foot.setVisible(not drawing and self._file_shown is self.table)

    # The file

    def choose(self) -> None:
        """Asks for a file, and predicts it."""
        if self.work.working:
            return
        folder = self.window_.session.folder
        found = self.window_.projects.ask.file_to_read(TITLE, folder)
        if found is not None:
            self.predict(found)

    def dragEnterEvent(self, event) -> None:
        self.dragMoveEvent(event)

    def dragMoveEvent(self, event) -> None:
        """Takes all files: what is refused here would be data for the project, to the window."""
        if event.mimeData().hasUrls():
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()

    def dropEvent(self, event) -> None:
        files = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        if self.work.working:
            self.refuse("The rows of another file are being predicted: wait for them, or cancel.")
        elif len(files) != 1:
            self.refuse("Drop one file here, or one folder of images, that is on this machine.")
        else:
            # The program that it comes from waits for the drop to end.
            QTimer.singleShot(0, self, lambda: self._take(Path(files[0])))

    def _take(self, file: Path) -> None:
        """Predicts a dropped file; one image stands for a drawing where the data aren't files."""
        if self.draw.sketch is None or self._images or not file.is_file():
            self.predict(file)
            return
        reader = QImageReader(str(file))
        if not reader.canRead():
            self.predict(file)
            return
        size = reader.size()
        if max(size.width(), size.height()) > LARGEST:
            room = QSize(LARGEST, LARGEST)
            reader.setScaledSize(size.scaled(room, Qt.AspectRatioMode.KeepAspectRatio))
        image = reader.read()
        if image.isNull():
            self.refuse(f"{file.name} can't be read as an image: {reader.errorString()}.")
            return
        self.window_.notices.drop("model")
        self.way["Draw"].setChecked(True)
        self._turn()
        self.draw.show_image(image)

    def predict(self, file: Path) -> None:
        """Predicts the rows of a file."""
        if self.folder is None or self.work.working:
            return
        self.window_.notices.drop("model")
        self.file = file
        self._saving = None
        self.way["A file"].setChecked(True)
        self._turn()
        self.nothing.button.setEnabled(False)
        self.foot.show()
        self.foot.setCurrentWidget(self.going)
        self.going.begin(f"Predicting {file.name}…")
        self.going.cancel.setFocus()
        self.work.start("predict", self.folder, "--input", file, "--json")

    # What comes of it

    def _rest(self) -> None:
        self.nothing.button.setEnabled(True)
        self.foot.setCurrentWidget(self.head)
        self._turn()
        self.foot.setVisible(self.body.currentWidget() is self.table)
        self.rested.emit()

    def _done(self, printed: str) -> None:
        if self._saving is not None:
            saved, self._saving = self._saving, None
            self._rest()
            self.save.setFocus()
            self.window_.say(f"The predictions are in {saved}.")
            return
        rows, whole = first_rows(printed, ROWS)
        if rows is None:
            self._failed("What the command has printed is no table.")
            return
        self._rows = first_rows(printed, whole)[0] if whole is not None else None
        self.show_rows(rows, whole)
        self._rest()
        self.table.setFocus()

    def show_rows(self, rows: list[dict[str, Any]], of: int | None) -> None:
        """Shows the first rows of a table that has `of`, or nobody knows how many."""
        columns = list(dict.fromkeys(name for row in rows for name in row))[:COLUMNS]
        self.table.clear()
        self.table.setColumnCount(len(columns))
        self.table.setRowCount(len(rows))
        self.table.setHorizontalHeaderLabels([printable(name) for name in columns])
        for column, name in enumerate(columns):
            if any(_is_number(row.get(name)) for row in rows[:1]):
                self.table.horizontalHeaderItem(column).setTextAlignment(RIGHT)
        for place, row in enumerate(rows):
            for column, name in enumerate(columns):
                self.table.setItem(place, column, _cell(row.get(name)))
        for column in range(len(columns)):
            self.table.resizeColumnToContents(column)
            self.table.setColumnWidth(column, min(self.table.columnWidth(column) + 16, WIDEST))
        if of == len(rows):
            count = f"{of:,} row{'s' * (of != 1)}"
        else:
            count = f"the first {len(rows):,} of {'many' if of is None else f'{of:,}'} rows"
        self.said.say(f"{self.file.name if self.file else ''} · {count}")
        self._show_file(self.table)

    def _save(self) -> None:
        """Writes the predictions of all rows: those that are here, else they are made again."""
        if self.work.working or self.file is None:
            return
        suggested = self.file.with_name(f"{self.file.stem}-predictions.csv")
        kinds = "CSV (*.csv);;JSON (*.json);;Arrays of NumPy (*.npz)"
        path = self.window_.projects.ask.file_to_write("Save the predictions", suggested, kinds)
        if path is None:
            return
        path = path if path.suffix else path.with_suffix(".csv")
        if path.suffix == ".csv" and self._rows is not None:
            from studio.engine.predicting import table_of
            from studio.graph.file import write_atomically

            try:
                write_atomically(path, table_of(self._rows).encode())
            except OSError as error:
                self.refuse(f"{path} can't be written: {error.strerror}. Name another place.")
                return
            self.window_.notices.drop("model")
            self.window_.say(f"The predictions are in {path}.")
            return
        self._saving = path
        self.foot.setCurrentWidget(self.going)
        self.going.begin(f"Writing the predictions to {path.name}…")
        self.going.cancel.setFocus()
        self.work.start("predict", self.folder, "--input", self.file, "-o", path)

    def _failed(self, sentence: str) -> None:
        if self._saving is not None:
            self._saving = None
            self._rest()
            self.save.setFocus()
            self.refuse(f"The predictions can't be saved. {sentence}")
            return
        self.said.say("")
        name = self.file.name if self.file is not None else "The file"
        self._empty(f"{name} can't be predicted", sentence)
        self._rest()
        self.nothing.button.setFocus()

    def _cancelled(self) -> None:
        self._saving = None
        self._rest()
        shown = self.body.currentWidget() is self.table
        (self.again if shown else self.nothing.button).setFocus()
        self.window_.say("The prediction was given up.")

    def close_work(self) -> None:
        self._late = True
        self.draw.close_work()
        if self.work.working:
            super().close_work()
            self._rest()


def first_rows(printed: str, most: int) -> tuple[list[dict[str, Any]] | None, int | None]:
    """The first rows of a list of objects, and how many there are: None where it is cut off.

    (None, None) where it is no such list.
    """
    text = printed.strip()
    try:
        found = json.loads(text)
    except ValueError:
        found = _begun(text, most)
        whole = None
    else:
        whole = len(found) if isinstance(found, list) else None
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found[:most]):
        return None, None
    return found[:most], whole


def _begun(text: str, most: int) -> list[Any] | None:
    """The values at the beginning of a list that doesn't end."""
    if not text.startswith("["):
        return None
    decoder, found, place = json.JSONDecoder(), [], 1
    while len(found) < most:
        while place < len(text) and text[place] in ", \n\r\t":
            place += 1
        try:
            value, place = decoder.raw_decode(text, place)
        except ValueError:
            break
        found.append(value)
    return found or None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _cell(value: Any) -> QTableWidgetItem:
    if isinstance(value, bool) or value is None:
        text = "" if value is None else str(value).lower()
    elif isinstance(value, int):
        text = str(value)
    elif isinstance(value, float):
        text = number(value)
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    item = QTableWidgetItem(printable(text[:LETTERS]) + ("…" if len(text) > LETTERS else ""))
    if _is_number(value):
        item.setFont(mono())
        item.setTextAlignment(RIGHT)
        item.setToolTip(str(value))
    return item
