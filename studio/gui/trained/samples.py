"""Samples of an evaluation: pictures in a grid or rows of a table, and the chosen one large."""

from __future__ import annotations

import base64
import binascii
from html import escape
from pathlib import Path
from typing import Any

from PySide6.QtCore import QModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QListView,
    QPlainTextEdit,
    QSizePolicy,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QTableView,
    QWidget,
)

from studio.engine.figures import number
from studio.graph.problems import printable
from studio.gui.lists import List, ListRows
from studio.gui.look.letters import draw_text
from studio.gui.look.theme import mono, theme
from studio.gui.preview.pictures import paint_picture
from studio.gui.preview.samples import SamplesModel, text_of
from studio.gui.preview.tables import plain
from studio.gui.trained.told import is_number

SIDE, CAPTION, GAP = 64, 18, 8
"""Pixels: of a picture in the grid, of what stands under it, and round it."""

DETAIL, LOW = 268, 230
"""Pixels that the chosen sample is wide, and below which height its text stands beside it."""

ROOM = DETAIL + 90
"""Pixels below which there is no room for the chosen one beside the others."""

FIRST, LAST = 56, 420
"""Pixels that a column is wide, at least and at most."""

LARGEST = 64 << 20
"""Bytes of a picture's file that is read."""


class Samples(QWidget):
    """Samples as the report tells them, in its folder: the chosen one large, where there is room.

    With `alike`, what is the same of all of them has no column: of a cell's the classes.
    """

    def __init__(self, name: str, alike: bool = False):
        super().__init__()
        self._alike = alike
        self.samples: list[dict[str, Any]] = []
        self.grid = Grid()
        self.grid.setAccessibleName(name)
        self.model = SamplesModel()
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setAccessibleName(name)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        plain(self.table).setMaximumSectionSize(4 * LAST)
        self.table.verticalHeader().setDefaultSectionSize(24)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.grid)
        self.stack.addWidget(self.table)
        self.detail = Detail()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(self.stack, 1)
        row.addWidget(self.detail)
        self.grid.selectionModel().currentChanged.connect(self._choose)
        self.table.selectionModel().currentChanged.connect(self._choose)

    @property
    def view(self) -> QAbstractItemView:
        """The grid or the table, whichever shows the samples."""
        return self.stack.currentWidget()

    def show_samples(self, samples: list[dict[str, Any]], place: Path | None) -> None:
        """Shows these, the first one large."""
        self.samples = samples
        pictures = [pictures_of(each, place) for each in samples]
        seen = any(pictures)
        self.detail.show_sample(None, [])
        self._pictures = pictures
        # The model that isn't shown holds nothing, so that nothing of it is chosen.
        cards = list(zip(samples, pictures, strict=True)) if seen else []
        self.grid.rows.put([])
        self.grid.rows.put(cards)
        names, rows = table_of([] if seen else samples, self._alike)
        self.model.show(names, rows)
        for column in range(len(names)):
            self.table.resizeColumnToContents(column)
            wide = max(FIRST, min(self.table.columnWidth(column) + 16, LAST))
            self.table.setColumnWidth(column, wide)
        self.stack.setCurrentWidget(self.grid if seen else self.table)
        if samples:
            model = self.view.model()
            self.view.setCurrentIndex(model.index(0, 0))
        self._fit()

    def _fit(self) -> None:
        self.detail.setVisible(bool(self.samples) and self.width() > ROOM)

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self._fit()

    def _choose(self, index: QModelIndex, _: QModelIndex | None = None) -> None:
        if index.isValid() and index.row() < len(self.samples):
            self.detail.show_sample(self.samples[index.row()], self._pictures[index.row()])


class Grid(List):
    """Pictures of samples, each with what was true and what was predicted."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = Cards(self)
        self.setModel(self.rows)
        self.setItemDelegate(_Delegate(self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        theme.changed.connect(self.viewport().update)


class Cards(ListRows):
    """Samples with their pictures."""

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.at(index)
        if row is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return caption(row[0])
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            said = ", ".join(f"{name} {text}" for name, text in about(row[0]))
            html = role == Qt.ItemDataRole.ToolTipRole
            return f"<p>{escape(said, quote=False)}</p>" if html else said
        return row[1] if role == Qt.ItemDataRole.UserRole else None


class _Delegate(QStyledItemDelegate):
    """Draws a picture with its caption."""

    def sizeHint(self, option, index: QModelIndex) -> QSize:
        return QSize(SIDE + 2 * GAP + 8, SIDE + CAPTION + GAP)

    def paint(self, painter: QPainter, option, index: QModelIndex) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chosen = option.state & QStyle.StateFlag.State_Selected
        whole = QRectF(option.rect).adjusted(1, 1, -1, -1)
        if chosen:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("selection"))
            painter.drawRoundedRect(whole, 6, 6)
        body = QRect(0, 0, SIDE, SIDE)
        body.moveCenter(option.rect.center())
        body.moveTop(option.rect.top() + 4)
        pictures = index.data(Qt.ItemDataRole.UserRole)
        if pictures:
            paint_picture(painter, pictures[0][1], body)
        if chosen:
            painter.setPen(QPen(theme.color("accent"), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(whole, 6, 6)
        below = QRectF(whole.left() + 2, body.bottom() + 1, whole.width() - 4, CAPTION)
        text = index.data()
        wide = painter.fontMetrics().horizontalAdvance(text)
        if wide < below.width():
            below.setLeft(below.left() + (below.width() - wide) / 2)
        draw_text(painter, below, text, mono(11), theme.color("text" if chosen else "muted"))
        painter.restore()


class Detail(QFrame):
    """One sample: its pictures as large as there is room, and all that is told of it."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.setFixedWidth(DETAIL)
        self.pictures: list[tuple[str, QImage]] = []
        self.picture = _Large(self)
        self.text = QPlainTextEdit(readOnly=True)
        self.text.setProperty("role", "plain")
        self.text.setAccessibleName("The chosen sample")
        self.text.setTabChangesFocus(True)
        self.text.setMinimumHeight(40)
        self.text.setViewportMargins(-8, 0, -8, 0)
        self._box = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._box.setContentsMargins(6, 6, 6, 6)
        self._box.setSpacing(2)
        self._box.addWidget(self.picture, 3)
        self._box.addWidget(self.text, 3)

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        ways, low = QBoxLayout.Direction, self.height() < LOW
        self._box.setDirection(ways.LeftToRight if low else ways.TopToBottom)
        self._box.setStretch(1, 6 if low else 3)
        self._box.setStretch(0, 4 if low else 3)

    def show_sample(self, sample: dict[str, Any] | None, pictures: list) -> None:
        """Shows a sample with its pictures by name."""
        self.pictures = pictures
        self.picture.setVisible(bool(pictures))
        self.picture.setAccessibleName("; ".join(name for name, _ in pictures))
        self.picture.update()
        read = texts_of(sample) if sample is not None else {}
        rows = about(sample) if sample is not None else []
        rows = [row for row in rows if row[0] not in read]
        wide = max((len(name) for name, _ in rows), default=0)
        lines = "\n".join(f"{name:<{wide}}  {text}" for name, text in rows)
        self.text.setPlainText("\n\n".join([*read.values(), lines]))


class _Large(QWidget):
    """The pictures of a sample beside each other."""

    def __init__(self, detail: Detail):
        super().__init__()
        self._detail = detail
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(56, 56)
        theme.changed.connect(self.update)

    def paintEvent(self, event) -> None:
        pictures = self._detail.pictures
        if not pictures:
            return
        painter = QPainter(self)
        each = self.width() // len(pictures)
        named = len(pictures) > 1
        for place, (name, image) in enumerate(pictures):
            room = QRect(place * each, 0, each - (4 if named else 0), self.height() - 16 * named)
            paint_picture(painter, image, room)
            if named:
                below = QRectF(room.left(), room.bottom() + 1, room.width(), 15)
                draw_text(painter, below, printable(name), mono(11), theme.color("muted"))


def pictures_of(sample: dict[str, Any], place: Path | None) -> list[tuple[str, QImage]]:
    """The pictures of a sample by name: what was true and predicted, then its features."""
    found = []
    named = sample.get("pictures")
    features = sample.get("features")
    parts = [
        *((name, {"picture": file}) for name, file in _items(named)),
        *((name or "picture", part) for name, part in _items(features)),
    ]
    for name, part in parts:
        image = _image(part, place) if isinstance(part, dict) else None
        if image is not None and not image.isNull():
            found.append((str(name), image))
    return found


def _image(part: dict[str, Any], place: Path | None) -> QImage | None:
    png, file = part.get("png"), part.get("picture")
    if isinstance(png, str):
        try:
            return QImage.fromData(base64.b64decode(png, validate=True))
        except (binascii.Error, ValueError):
            return None
    if isinstance(file, str) and place is not None and Path(file).name == file:
        path = place / file
        return QImage(str(path)) if path.is_file() and path.stat().st_size < LARGEST else None
    return None


def _items(value: Any) -> list[tuple[Any, Any]]:
    return list(value.items()) if isinstance(value, dict) else []


TOLD = ("true", "predicted", "probability", "true_probability", "residual", "loss", "index")
"""What is told of a sample beside its features, in this order."""

CALLED = {"true_probability": "of the true", "index": "row"}


def about(sample: dict[str, Any]) -> list[tuple[str, str]]:
    """All that is told of a sample: names and texts."""
    rows = [(CALLED.get(name, name), said(sample[name])) for name in TOLD if name in sample]
    for name, part in _items(sample.get("features")):
        if _is_part(part):
            rows.append((printable(str(name)) or "value", text_of(part, len(part["values"]))))
    return rows


def texts_of(sample: dict[str, Any]) -> dict[str, str]:
    """The features of a sample that are texts to be read, by what they are called."""
    return {
        printable(str(name)) or "value": text_of(part, len(part["values"]))
        for name, part in _items(sample.get("features"))
        if _is_part(part) and part["dtype"] == "string"
    }


def caption(sample: dict[str, Any]) -> str:
    """What stands under a picture: what was true, and what was taken for it."""
    true, predicted = (said(sample.get(name, "")) for name in ("true", "predicted"))
    if "residual" in sample:
        return said(sample["loss"]) if "loss" in sample else ""
    return true if true == predicted else f"{true} → {predicted}"


def said(value: Any) -> str:
    """A value of the report as people read it."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return " ".join(map(said, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{printable(str(name))} {said(each)}" for name, each in value.items())
    if isinstance(value, bool) or value is None:
        return "" if value is None else str(value).lower()
    return f"{value:,}" if isinstance(value, int) else number(value)


def table_of(
    samples: list[dict[str, Any]], alike: bool = False
) -> tuple[list[str], list[list[dict[str, Any]]]]:
    """Samples as the columns and rows of a table: what is told of them, and their features.

    With `alike` the classes are left out where they are the same of all.
    """
    told = [name for name in TOLD if any(name in each for each in samples)]
    if alike:
        told = [n for n in told if n not in TOLD[:2] or any(s[n] != samples[0][n] for s in samples)]
    features = list(
        dict.fromkeys(
            name
            for each in samples
            for name, part in _items(each.get("features"))
            if _is_part(part)
        )
    )
    readable = [
        name
        for name in features
        if any(
            _is_part(part) and part["dtype"] == "string"
            for part in (dict(_items(each.get("features"))).get(name) for each in samples)
        )
    ]
    features = readable + [name for name in features if name not in readable]
    nothing = {"shape": [], "dtype": "string", "values": [""]}
    rows = []
    for each in samples:
        parts = dict(_items(each.get("features")))
        row = [parts[name] if _is_part(parts.get(name)) else nothing for name in features]
        first, behind = row[: len(readable)], row[len(readable) :]
        rows.append([*first, *(_cell(each.get(name)) for name in told), *behind])
    heads = [printable(str(name)) or "value" for name in features]
    called = [CALLED.get(name, name) for name in told]
    return [*heads[: len(readable)], *called, *heads[len(readable) :]], rows


def _cell(value: Any) -> dict[str, Any]:
    kind = "number" if is_number(value) else "string"
    return {"shape": [], "dtype": kind, "values": [said(value)]}


def _is_part(part: Any) -> bool:
    """Whether a feature is told by its values, in the form of studio.engine.tensors."""
    return (
        isinstance(part, dict)
        and isinstance(part.get("values"), list)
        and isinstance(part.get("dtype"), str)
        and "shape" in part
    )
