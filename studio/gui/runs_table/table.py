"""The table itself: rows are selected, cells of tags and note are edited in place."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QItemSelection, QItemSelectionModel, QModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QKeySequence, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLineEdit,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from studio.gui.runs_model import RunsModel
from studio.gui.runs_table.columns import EDITED
from studio.gui.runs_table.sparks import SparkDelegate, Sparks

KEYS = (
    QKeySequence.StandardKey.SelectAll,
    QKeySequence.StandardKey.Copy,
    QKeySequence.StandardKey.Delete,
)
"""Of the table while it has the focus, whatever they do elsewhere."""

ENDS = (Qt.Key.Key_Home, Qt.Key.Key_End)

WIDTHS = "runs_widths"
"""The name under which widths are remembered."""

NARROWEST = 120
"""Pixels of the name, where it gets what the others leave."""


class RunsTable(QTableView):
    """Signals: `chosen()` when the current run is another; `picked()` when the selection is;
    `opened()` for a double click or Enter on a run; `copying()`, `deleting()` for their keys.
    """

    chosen = Signal()
    picked = Signal()
    opened = Signal()
    copying = Signal()
    deleting = Signal()

    def __init__(self, model: RunsModel, sparks: Sparks, settings):
        super().__init__()
        self._settings = settings
        self._restoring = False
        self._wanted: tuple[Path | None, list[Path]] = (None, [])
        self._before: list[Path] = []
        self.rows = model
        self.setModel(model)
        self.setAccessibleName("Runs of the project")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(28)
        self._sparks = SparkDelegate(sparks, lambda row: model.rows[row], self)
        self._named = CellDelegate(model, self)
        self._plain = QStyledItemDelegate(self)
        self.setItemDelegate(self._plain)
        sparks.ready.connect(self.viewport().update)
        self._arrange_head()
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.doubleClicked.connect(self._double)
        model.modelAboutToBeReset.connect(self._keep)
        model.modelReset.connect(self._restore)
        self.selectionModel().currentRowChanged.connect(self._current)
        self.selectionModel().selectionChanged.connect(self._selected)
        self._laid: list[str] = []
        self._lay_out()

    def _arrange_head(self) -> None:
        head = self.horizontalHeader()
        head.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        head.setHighlightSections(False)
        head.setMinimumSectionSize(48)
        head.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        key, down = self.rows.choice.sort
        order = Qt.SortOrder.DescendingOrder if down else Qt.SortOrder.AscendingOrder
        head.setSortIndicator(self.rows.column_of(key), order)
        self.setSortingEnabled(True)
        head.sectionResized.connect(self._resized)

    # The columns

    def _lay_out(self) -> None:
        """Gives columns that are new their widths."""
        keys = [each.key for each in self.rows.columns]
        if keys == self._laid:
            return
        self._laid = keys
        kept = self._settings.get(WIDTHS, {})
        head = self.horizontalHeader()
        head.blockSignals(True)
        for at, column in enumerate(self.rows.columns):
            width = kept.get(column.key)
            head.resizeSection(at, width if isinstance(width, int) else column.width)
            own = {"curve": self._sparks, "name": self._named} | dict.fromkeys(EDITED, self._named)
            self.setItemDelegateForColumn(at, own.get(column.key, self._plain))
        key, down = self.rows.choice.sort
        order = Qt.SortOrder.DescendingOrder if down else Qt.SortOrder.AscendingOrder
        head.setSortIndicator(self.rows.column_of(key), order)
        head.blockSignals(False)
        self.updateGeometries()

    def _resized(self, at: int, _: int, width: int) -> None:
        if width and at < len(self.rows.columns):
            kept = self._settings.get(WIDTHS, {})
            self._settings.set(WIDTHS, kept | {self.rows.columns[at].key: width})

    # The selection, which outlives that rows come and go

    def _keep(self) -> None:
        self._before = self.selected()
        self._restoring = True

    def _restore(self) -> None:
        self._lay_out()
        # What was chosen is so again when a filter that hid it is gone.
        self.select(self._wanted[1], self._wanted[0])
        self._restoring = False
        if self.selected() != self._before:
            self.picked.emit()

    def select(self, folders: list[Path], current: Path | None = None) -> None:
        """Selects these runs, as far as they are shown, and nothing else."""
        wanted, selection = set(folders), QItemSelection()
        last = len(self.rows.columns) - 1
        for row, known in enumerate(self.rows.rows):
            if known.folder in wanted:
                selection.select(self.rows.index(row, 0), self.rows.index(row, last))
        flag = QItemSelectionModel.SelectionFlag
        self.selectionModel().select(selection, flag.ClearAndSelect)
        row = self.rows.row_of(current)
        if row >= 0:
            self.selectionModel().setCurrentIndex(self.rows.index(row, 0), flag.NoUpdate)

    @property
    def current(self) -> Path | None:
        """The folder of the run that the keys are at."""
        row = self.currentIndex().row()
        return self.rows.rows[row].folder if 0 <= row < len(self.rows.rows) else None

    def selected(self) -> list[Path]:
        """The folders of the selected runs, from above to below."""
        chosen = sorted(index.row() for index in self.selectionModel().selectedRows())
        return [self.rows.rows[row].folder for row in chosen if row < len(self.rows.rows)]

    def _current(self, *_: object) -> None:
        if not self._restoring:
            self._wanted = self.current, self.selected()
            self.chosen.emit()

    def _selected(self, *_: object) -> None:
        if not self._restoring:
            self._wanted = self.current, self.selected()
            self.picked.emit()

    # Keys and clicks

    def _double(self, index: QModelIndex) -> None:
        if self.rows.columns[index.column()].key not in EDITED:
            self.opened.emit()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and (
            event.key() in ENDS or any(map(event.matches, KEYS))
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copying.emit()
        elif event.matches(QKeySequence.StandardKey.Delete):
            self.deleting.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._at_rest:
            self.opened.emit()
        elif event.key() == Qt.Key.Key_F2 and self._at_rest:
            self.edit_note()
        else:
            super().keyPressEvent(event)

    @property
    def _at_rest(self) -> bool:
        return self.state() != QAbstractItemView.State.EditingState

    def edit_note(self, key: str = "") -> None:
        """Edits the tags or the note of the current run: the cell that the keys are at, or it."""
        at = self.currentIndex()
        if not at.isValid():
            return
        column = self.rows.columns[at.column()].key
        key = key or (column if column in EDITED else "note")
        place = self.rows.column_of(key)
        if place >= 0:
            index = self.rows.index(at.row(), place)
            flag = QItemSelectionModel.SelectionFlag.NoUpdate
            self.selectionModel().setCurrentIndex(index, flag)
            self.scrollTo(index)
            self.edit(index)


class CellDelegate(QStyledItemDelegate):
    """Draws a cell, with the colour of its curve before a run's name; edits tags and notes."""

    def __init__(self, model: RunsModel, parent: QWidget):
        super().__init__(parent)
        self._model = model

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index) -> None:
        colour = self._colour(index)
        if colour is not None:
            option = QStyleOptionViewItem(option)
            option.rect = option.rect.adjusted(14, 0, 0, 0)
        super().paint(painter, option, index)
        if colour is not None:
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            rect = option.rect
            painter.drawEllipse(rect.left() - 6, rect.center().y() - 3, 8, 8)
            painter.restore()

    def _colour(self, index) -> QColor | None:
        if self._model.columns[index.column()].key != "name":
            return None
        return self._model.marks.get(self._model.rows[index.row()].folder)

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index) -> QLineEdit:
        line = QLineEdit(parent)
        line.setObjectName("inPlace")
        title = self._model.columns[index.column()].title
        line.setAccessibleName(f"{title} of {self._model.rows[index.row()].folder.name}")
        return line
