"""Strokes of a pen, and images, as a picture like those that a model was trained on."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen

from studio.engine.drawing import Sketch

FINE = 320
"""Pixels of the longer side on which strokes are drawn, before they are made as coarse as asked."""

LARGEST = 6.0
"""How many times a drawing is enlarged at most: a dot stays a small one."""

INKED = 64
"""From which strength on, of 255, a pixel of an image is taken for drawn."""


def drawn(strokes: list[list[QPointF]], side: float, sketch: Sketch) -> QImage:
    """The ink of strokes on a pad of a size, as grey values: of the size that the model takes.

    As large, as thick and with its mass where those of the training have theirs.
    """
    style = sketch.style
    points = [point for stroke in strokes for point in stroke]
    if not points:
        return blank(sketch)
    xs, ys = [p.x() for p in points], [p.y() for p in points]
    longer = max(max(xs) - min(xs), max(ys) - min(ys), 1e-6)
    wide, high = sketch.size
    size = style.size * min(wide, high)
    pen = style.pen * size
    scale = min((size - pen) / longer, LARGEST * min(wide, high) / side)
    middle = QPointF((max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2)
    path = QPainterPath()
    for stroke in strokes:
        path.moveTo((stroke[0] - middle) * scale)
        for point in stroke[1:] or stroke:  # a dot is a line to itself
            path.lineTo((point - middle) * scale + QPointF(0.001, 0))

    def paint(painter: QPainter) -> None:
        cap, join = Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
        painter.setPen(QPen(QColor("white"), pen, Qt.PenStyle.SolidLine, cap, join))
        painter.drawPath(path)

    return _placed(paint, sketch)


def shown(image: QImage, sketch: Sketch) -> QImage:
    """An image, as from a file: its ink in the size that the model takes.

    What is drawn on it is cut out, whatever ground it has, and put where the training has it. Of
    a model that takes colours the whole image is taken as it is.
    """
    wide, high = sketch.size
    smooth = Qt.TransformationMode.SmoothTransformation
    if sketch.channels == 3:
        rgb = image.convertToFormat(QImage.Format.Format_RGB888)
        return rgb.scaled(QSize(wide, high), Qt.AspectRatioMode.IgnoreAspectRatio, smooth)
    # What can be seen through has white behind it, as on paper.
    paper = QImage(image.size(), QImage.Format.Format_RGB32)
    paper.fill(QColor("white"))
    painter = QPainter(paper)
    painter.drawImage(0, 0, image)
    painter.end()
    keep = Qt.AspectRatioMode.KeepAspectRatio
    small = paper.scaled(QSize(FINE, FINE), keep, smooth) if _large(paper) else paper
    ink = _ink(small.convertToFormat(QImage.Format.Format_Grayscale8))
    there = _box(ink)
    if there is None:
        return blank(sketch)
    cut = ink.copy(there.toRect())
    size = sketch.style.size * min(wide, high)
    scale = size / max(cut.width(), cut.height())
    place = QRectF(0, 0, cut.width() * scale, cut.height() * scale)
    place.moveCenter(QPointF(0, 0))

    def paint(painter: QPainter) -> None:
        painter.drawImage(place, cut)

    return _placed(paint, sketch)


def blank(sketch: Sketch) -> QImage:
    """A picture on which nothing is drawn."""
    made = QImage(QSize(*sketch.size), QImage.Format.Format_Grayscale8)
    made.fill(0)
    return made


def pixels_of(ink: QImage, sketch: Sketch) -> list[float]:
    """The numbers that the model takes, row by row: between the values of the training."""
    style = sketch.style
    if ink.format() == QImage.Format.Format_RGB888:
        wide = ink.width() * 3
        values = [b for row in range(ink.height()) for b in bytes(ink.constScanLine(row))[:wide]]
        return [style.low + each * (style.high - style.low) / 255 for each in values]
    ground, top = (style.high, style.low) if style.bright else (style.low, style.high)
    shades = [ground + each * (top - ground) / 255 for each in _bytes(ink)]
    return [each for each in shades for _ in range(sketch.channels)]


def as_seen(ink: QImage, sketch: Sketch) -> QImage:
    """The picture as the training has it: ink bright on dark, or dark on bright."""
    seen = QImage(ink)
    if sketch.style.bright and ink.format() == QImage.Format.Format_Grayscale8:
        seen.invertPixels()
    return seen


def _placed(paint, sketch: Sketch) -> QImage:
    """What `paint` draws round the origin, in the model's pixels, with its mass in its place."""
    wide, high = sketch.size
    aim = QPointF(sketch.style.x * wide, sketch.style.y * high)
    made = _painted(paint, QPointF(wide / 2, high / 2), sketch)
    found = _middle(made)
    if found is None:
        return made
    return _painted(paint, QPointF(wide / 2, high / 2) + aim - found, sketch)


def _painted(paint, middle: QPointF, sketch: Sketch) -> QImage:
    wide, high = sketch.size
    times = max(1, round(FINE / max(wide, high)))
    fine = QImage(QSize(wide * times, high * times), QImage.Format.Format_Grayscale8)
    fine.fill(0)
    painter = QPainter(fine)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.scale(times, times)
    painter.translate(middle)
    paint(painter)
    painter.end()
    mode, smooth = Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    coarse = fine.scaled(QSize(wide, high), mode, smooth)
    return coarse.convertToFormat(QImage.Format.Format_Grayscale8)


def _bytes(image: QImage) -> list[int]:
    wide = image.width()
    return [b for row in range(image.height()) for b in bytes(image.constScanLine(row))[:wide]]


def _middle(image: QImage) -> QPointF | None:
    """Where the mass of the ink lies; None where there is none."""
    wide, values = image.width(), _bytes(image)
    mass = sum(values)
    if not mass:
        return None
    x = sum(value * (at % wide + 0.5) for at, value in enumerate(values)) / mass
    y = sum(value * (at // wide + 0.5) for at, value in enumerate(values)) / mass
    return QPointF(x, y)


def _ink(image: QImage) -> QImage:
    """How much each pixel differs from the image's ground, which is what its edge has most of."""
    wide, high, values = image.width(), image.height(), _bytes(image)
    edge = sorted(
        value
        for at, value in enumerate(values)
        if at % wide in (0, wide - 1) or at // wide in (0, high - 1)
    )
    ground = edge[len(edge) // 2]
    away = [abs(value - ground) for value in values]
    most = max(max(away), 1)
    stretched = bytes(each * 255 // most if most > INKED else 0 for each in away)
    return QImage(stretched, wide, high, wide, QImage.Format.Format_Grayscale8).copy()


def _box(image: QImage) -> QRectF | None:
    """The part of an image on which something is drawn."""
    wide = image.width()
    there = [at for at, value in enumerate(_bytes(image)) if value > INKED]
    if not there:
        return None
    xs, ys = [at % wide for at in there], [at // wide for at in there]
    return QRectF(min(xs), min(ys), max(xs) - min(xs) + 1, max(ys) - min(ys) + 1)


def _large(image: QImage) -> bool:
    return max(image.width(), image.height()) > FINE
