"""What a model says of a drawing: a bar a class, the likeliest strong."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.engine.drawing import Said
from studio.engine.figures import number
from studio.graph.problems import printable
from studio.gui.look.letters import draw_text
from studio.gui.look.theme import mono, sans, theme

LEAST, ROW, HEAD = 13, 20, 20
"""Pixels of a bar's row, at least and at most, and of an output's name."""

SHOWN = 12
"""Classes of an output that have a bar; of more, the likeliest."""

VALUES = 8
"""Plain numbers that are told."""

NAMES = 120
"""Pixels that the names have, at most."""


class Bars(QWidget):
    """The outputs below each other; with one alone its name is left out."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[Said] = []
        self.setMinimumWidth(160)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("What the model says")
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(240, 200)

    def show_said(self, said: list[Said]) -> None:
        """Shows what the outputs say; an empty list shows nothing."""
        self.said = said
        self.setAccessibleDescription("; ".join(map(words, said)))
        self.update()

    def rows(self) -> list[tuple[str, list[tuple[str, float]]]]:
        """What is drawn of each output: its name, and names with their probabilities."""
        found = []
        for each in self.said:
            rows = list(each.likely)
            if len(rows) > SHOWN:
                rows = sorted(rows, key=lambda row: -row[1])[:SHOWN]
            found.append((each.output, rows))
        return found

    def paintEvent(self, event) -> None:
        if not self.said:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        named = len(self.said) > 1
        count = sum(max(1, len(rows)) for _, rows in self.rows())
        room = self.height() - HEAD * len(self.said) * named
        high = max(LEAST, min(ROW, room // max(1, count)))
        y = 0.0
        for (output, rows), told in zip(self.rows(), self.said, strict=True):
            if named:
                place = QRectF(0, y, self.width(), HEAD)
                draw_text(painter, place, printable(output), sans(11, 600), theme.color("muted"))
                y += HEAD
            if not rows:
                text = values_text(told)
                place = QRectF(0, y, self.width(), high)
                draw_text(painter, place, text, mono(12), theme.color("text"))
                y += high
                continue
            best = max(chance for _, chance in rows)
            metrics = QFontMetricsF(sans(12, 600))
            longest = max(metrics.horizontalAdvance(printable(name)) for name, _ in rows)
            left = min(NAMES, longest) + 8
            for name, chance in rows:
                self._paint(painter, QRectF(0, y, self.width(), high), left, name, chance, best)
                y += high

    def _paint(
        self, painter: QPainter, row: QRectF, left: float, name: str, chance: float, best: float
    ) -> None:
        strong = chance == best
        ink = theme.color("text" if strong else "muted")
        font = sans(12, 600 if strong else 400)
        draw_text(painter, QRectF(0, row.top(), left - 6, row.height()), printable(name), font, ink)
        right = 48
        room = max(10.0, row.width() - left - right)
        bar = QRectF(left, row.top() + 2, room, row.height() - 4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("field"))
        painter.drawRoundedRect(bar, 3, 3)
        bar.setWidth(max(2.0, room * max(0.0, min(chance, 1.0))))
        painter.setBrush(theme.color("accent") if strong else theme.color("accent", 110))
        painter.drawRoundedRect(bar, 3, 3)
        painter.setFont(mono(11))
        painter.setPen(ink)
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        place = QRectF(left + room, row.top(), right - 2, row.height())
        painter.drawText(place, flags, f"{chance:.1%}")


def values_text(said: Said) -> str:
    """Plain numbers of an output, the first of them."""
    shown = " ".join(number(each) for each in said.values[:VALUES])
    return f"{shown} …" if len(said.values) > VALUES else shown


def words(said: Said) -> str:
    """What an output says, for who can't see the bars."""
    if not said.likely:
        return f"{printable(said.output)}: {values_text(said)}"
    rows = sorted(said.likely, key=lambda row: -row[1])[:3]
    return f"{printable(said.output)}: " + ", ".join(
        f"{printable(name)} {chance:.1%}" for name, chance in rows
    )
