"""A tensor as it is looked at: its figures, a histogram over the batch, and one sample of it."""

from __future__ import annotations

import base64
import math
from typing import Any

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.engine.inside.judging import figure, share
from studio.gui.look.theme import mono, sans, theme

EDGE, GAP, LINE = 14, 6, 18
HEAD, FIGURES, BESIDE = 24, 206, 390
"""Pixels down to the figures, that they are wide, and from which the sample is beside them."""
TILE, WHOLE = 44, 116
"""Pixels that one of several images is wide, and one that is the only one."""
HISTOGRAM, BARS = 58, 96
"""Pixels that the histogram is high, and the bars of a vector."""
MOST = 256
"""Entries of a colour table: an image tells as many values."""


class TensorCard(QWidget):
    """Paints one tensor that the warm process has told of."""

    def __init__(self, told: dict[str, Any], title: str):
        super().__init__()
        self.told, self.title = told, title
        self._images: list[QImage] | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(title)
        self.setAccessibleDescription(self.text)
        self.setMinimumWidth(220)
        theme.changed.connect(self._themed)

    @property
    def text(self) -> str:
        """What it says, in words."""
        told = self.told.get("figures")
        said = [f"{self.told['dtype']} {shape(self.told['batch'])}"]
        if told is not None:
            said += [f"{name} {value}" for name, value in figures_of(told)]
        return ", ".join(said)

    @property
    def sample(self) -> dict[str, Any]:
        """The sample that is shown."""
        return self.told["sample"]

    def _themed(self) -> None:
        self._images = None
        self.update()

    # Geometry

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.setFixedHeight(self._height())

    def _beside(self) -> bool:
        """Whether the sample has room beside the figures."""
        return self.width() >= BESIDE

    @property
    def _left(self) -> int:
        """Where the sample begins, from the left."""
        return EDGE + FIGURES + GAP if self._beside() and "figures" in self.told else EDGE

    def _figures_height(self) -> int:
        return 4 * LINE + GAP + HISTOGRAM if "figures" in self.told else 0

    def _height(self) -> int:
        sample, figures = self._sample_height(), self._figures_height()
        beside = self._beside() and figures
        return HEAD + (max(sample, figures) if beside else sample + GAP + figures) + EDGE

    def _sample_height(self) -> int:
        sample = self.sample
        if sample.get("maps"):
            return LINE + self._tile(len(sample["maps"]) - 1).bottom() + 1
        if sample.get("bars"):
            return LINE + BARS
        return LINE * (1 + len(_values(sample)))

    def _tile(self, index: int) -> QRect:
        """Where an image stands, below the line that tells of them."""
        count = len(self.sample["maps"])
        size = WHOLE if count == 1 else TILE
        across = max(1, (self.width() - self._left - EDGE + GAP) // (size + GAP))
        row, column = divmod(index, across)
        return QRect(self._left + column * (size + GAP), row * (size + GAP), size, size)

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(sans(12, 600))
        painter.setPen(theme.color("text"))
        self._line(painter, 0, self.title, EDGE)
        wide = painter.fontMetrics().horizontalAdvance(self.title)
        painter.setFont(mono(11))
        painter.setPen(theme.color("muted"))
        of = f"{self.told['dtype']} {shape(self.told['batch'])}"
        self._line(painter, 0, of, EDGE + wide + 10)
        painter.translate(0, HEAD)
        if "figures" in self.told:
            below = 0 if self._beside() else self._sample_height() + GAP
            painter.translate(0, below)
            self._paint_figures(painter)
            painter.translate(0, -below)
        self._paint_sample(painter)

    def _paint_sample(self, painter: QPainter) -> None:
        sample = self.sample
        painter.setFont(sans(11))
        painter.setPen(theme.color("muted"))
        self._line(painter, 0, self._sample_words())
        if sample.get("maps"):
            painter.translate(0, LINE)
            self._paint_maps(painter)
        elif sample.get("bars"):
            painter.translate(0, LINE)
            self._paint_bars(painter, sample["bars"])
        else:
            painter.setFont(mono(12))
            painter.setPen(theme.color("text"))
            for number, line in enumerate(_values(sample), 1):
                self._line(painter, number * LINE, line)

    def _line(self, painter: QPainter, y: int, text: str, left: int | None = None) -> None:
        left = self._left if left is None else left
        room = QRect(left, y, max(self.width() - left - EDGE, 10), LINE)
        said = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, said)

    def _paint_figures(self, painter: QPainter) -> None:
        told = self.told["figures"]
        for number, (name, value) in enumerate(figures_of(told)):
            column, row = divmod(number, 4)
            x = EDGE + column * FIGURES // 2
            painter.setPen(theme.color("muted"))
            painter.setFont(sans(11))
            painter.drawText(QRect(x, row * LINE, 40, LINE), Qt.AlignmentFlag.AlignVCenter, name)
            wrong = name == "bad"
            painter.setPen(theme.color("error" if wrong else "text"))
            painter.setFont(mono(12))
            place = QRect(x + 38, row * LINE, 70, LINE)
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, value)
        wide = FIGURES - 10 if self._beside() else min(self.width() - 2 * EDGE, 2 * FIGURES)
        box = QRectF(EDGE, 4 * LINE + GAP, wide, HISTOGRAM)
        paint_histogram(painter, self.told["histogram"], box)

    def _sample_words(self) -> str:
        sample = self.sample
        if not sample.get("maps"):
            return f"one sample, {shape(sample['shape'])}"
        count, of = len(sample["maps"]), sample["of"]
        between = f"{figure(sample['low'])} to {figure(sample['high'])}"
        if sample.get("axis") == "rows" or of == 1:
            return f"one sample, {shape(sample['shape'])}, {between}"
        first = f"{count} of {of} channels" if of > count else f"{of} channels"
        return f"one sample, {first}, {between}"

    def images(self) -> list[QImage]:
        """The images in their colours."""
        if self._images is None:
            table = colours(self.sample["low"], self.sample["high"])
            self._images = []
            for text in self.sample["maps"]:
                image = QImage.fromData(base64.b64decode(text))
                if not self.sample.get("colour"):
                    image = image.convertToFormat(QImage.Format.Format_Grayscale8)
                    image.reinterpretAsFormat(QImage.Format.Format_Indexed8)
                    image.setColorTable(table)
                self._images.append(image)
        return self._images

    def _paint_maps(self, painter: QPainter) -> None:
        for index, image in enumerate(self.images()):
            box = self._tile(index)
            size = image.size().scaled(box.size(), Qt.AspectRatioMode.KeepAspectRatio)
            if max(size.width(), size.height()) and min(size.width(), size.height()) < 6:
                size = size.expandedTo(QSize(6, 6))
            target = QRect(box.topLeft(), size)
            smooth = size.width() < image.width()
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
            painter.drawImage(target, image)
            painter.setPen(theme.color("hairline"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(target).adjusted(-0.5, -0.5, 0.5, 0.5))

    def _paint_bars(self, painter: QPainter, values: list[float | None]) -> None:
        found = [value for value in values if value is not None]
        low, high = min([0.0, *found]), max([0.0, *found])
        room = QRectF(self._left, 2, self.width() - self._left - EDGE, BARS - 4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("field"))
        painter.drawRoundedRect(room, 4, 4)
        room = room.adjusted(6, 6, -6, -6)
        span = high - low or 1.0
        step = min(room.width() / len(values), 24.0)
        zero = room.bottom() + low / span * room.height()
        for index, value in enumerate(values):
            if value is None:
                painter.setBrush(theme.color("error"))
                value = high or 1.0
            else:
                painter.setBrush(theme.color("accent" if value >= 0 else "second"))
            height = value / span * room.height()
            bar = QRectF(room.left() + index * step, zero, max(step - 1.5, 0.8), -height)
            painter.drawRect(bar.normalized())
        painter.setPen(theme.color("edge"))
        painter.drawLine(QPointF(room.left(), zero), QPointF(room.right(), zero))


def paint_histogram(painter: QPainter, told: dict[str, Any], box: QRectF) -> None:
    """Bars as high as the root of their counts, so that rare values are seen too."""
    counts = told["counts"]
    most = math.sqrt(max(counts)) or 1.0
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("field"))
    painter.drawRoundedRect(box, 4, 4)
    room = box.adjusted(4, 4, -4, -16)
    step = room.width() / len(counts)
    painter.setBrush(theme.color("accent", 190))
    for index, count in enumerate(counts):
        if count:
            height = max(math.sqrt(count) / most * room.height(), 1.0)
            left = room.left() + index * step
            painter.drawRect(QRectF(left, room.bottom() - height, max(step - 0.5, 0.5), height))
    painter.setPen(theme.color("muted"))
    painter.setFont(mono(10))
    foot = QRectF(box.left() + 5, box.bottom() - 15, box.width() - 10, 14)
    painter.drawText(foot, Qt.AlignmentFlag.AlignLeft, figure(told["low"]))
    painter.drawText(foot, Qt.AlignmentFlag.AlignRight, figure(told["high"]))


def figures_of(told: dict[str, Any]) -> list[tuple[str, str]]:
    """The figures by their names, as they are shown."""
    found = [(name, figure(told[name])) for name in ("min", "max", "mean", "std")]
    found.append(("zeros", share(told["zeros"])))
    if told.get("dead") is not None:
        found.append(("dead", share(told["dead"])))
    if told["bad"]:
        found.append(("bad", share(told["bad"])))
    return found


def colours(low: float, high: float) -> list[int]:
    """The colour of each of 256 values from low to high: nothing is the ground, what is above it
    goes to one colour, what is below to another."""
    most = max(abs(low), abs(high)) or 1.0
    ground = theme.color("field")
    above, below = theme.color("accent"), theme.color("second")
    if low >= 0:  # an image: dark to light
        ground, above = QColor(0, 0, 0), QColor(255, 255, 255)
        most, low = (high - low) or 1.0, 0.0
        high = most
    table = []
    for index in range(MOST):
        value = low + index / (MOST - 1) * (high - low)
        end, part = (above if value >= 0 else below), min(abs(value) / most, 1.0)
        mixed = (
            round(a + (b - a) * part)
            for a, b in zip(ground.getRgb()[:3], end.getRgb()[:3], strict=True)
        )
        table.append(QColor(*mixed).rgb())
    return table


def shape(sizes: list[int | None] | None) -> str:
    """A shape as Python writes it, with a ? where sizes differ."""
    if sizes is None:
        return "?"
    said = ", ".join("?" if size is None else str(size) for size in sizes)
    return f"({said},)" if len(sizes) == 1 else f"({said})"


def _values(sample: dict[str, Any]) -> list[str]:
    """The values of a sample in lines."""
    said = [str(each) for each in sample.get("values", [])]
    if not said:
        return ["no values"]
    if len(said) == 1:
        return [said[0]]
    return [", ".join(said[at : at + 8]) for at in range(0, min(len(said), 40), 8)]
