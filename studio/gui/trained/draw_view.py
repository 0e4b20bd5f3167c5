"""Drawing for a model: the pad, the picture as the model sees it, and what the model says."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import (
    QHBoxLayout,
    QProgressBar,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from studio.graph.problems import StudioError
from studio.gui.look.theme import theme
from studio.gui.notice import Line
from studio.gui.preview.pictures import paint_picture
from studio.gui.trained.bars import Bars
from studio.gui.trained.pad import Pad
from studio.gui.trained.page import button, small

if TYPE_CHECKING:
    from concurrent.futures import Future

    from studio.engine.drawing import Drawing, Sketch

SEEN = 132
"""Pixels that the picture as the model sees it is wide, at most."""


UNKNOWN = (
    "The pictures of the training can't be looked at: the drawing is given as numbers from 0 to 1, "
    "bright on dark."
)


class DrawView(QWidget):
    """The model is loaded, in a process of its own, when somebody is about to draw.

    `found` is emitted once it is known whether something can be drawn for it (`sketch`, else
    None). `head` is the row with what is said and the buttons.
    """

    found = Signal()
    _looked = Signal(object, object)
    _begun = Signal(object, object)
    _answered = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.sketch: Sketch | None = None
        self.ready = False
        self._drawing: Drawing | None = None
        self._threads: list[threading.Thread] = []
        self._waiting: Future | None = None
        self._again = False
        self._loading = False
        self.pad = Pad()
        self.pad.drawn.connect(self._draw)
        self.pad.entered.connect(self._begin)
        self.seen = Seen()
        self.bars = Bars()
        self.said = Line("", Qt.TextElideMode.ElideRight)
        self.said.setProperty("role", "small")
        self._lay_out()
        queued = Qt.ConnectionType.QueuedConnection
        self._looked.connect(self._take_sketch, queued)
        self._begun.connect(self._take_begun, queued)
        self._answered.connect(self._take_answer, queued)
        theme.changed.connect(self.update)

    def _lay_out(self) -> None:
        self.bar = QProgressBar(textVisible=False)
        self.bar.setFixedWidth(90)
        self.bar.setRange(0, 0)
        self.bar.setAccessibleName("The model is being loaded")
        self.give_up = button("Cancel", "x")
        self.give_up.clicked.connect(self.cancel)
        self.undo = button("Undo", "undo-2", "flat")
        self.undo.setToolTip("Takes the last stroke away (Backspace)")
        self.undo.clicked.connect(self.pad.undo)
        self.clear = button("Clear", "trash-2", "flat")
        self.clear.setToolTip("Clears the pad (Delete)")
        self.clear.clicked.connect(self.pad.clear)
        self.head = QWidget()
        head = QHBoxLayout(self.head)
        head.setContentsMargins(0, 0, 0, 0)
        head.setSpacing(4)
        head.addWidget(self.said, 1)
        head.addWidget(self.bar)
        head.addWidget(self.give_up)
        head.addWidget(self.undo)
        head.addWidget(self.clear)
        middle = QVBoxLayout()
        middle.setSpacing(2)
        middle.addWidget(small("As the model sees it"))
        middle.addWidget(self.seen, 1)
        row = QHBoxLayout()
        row.setSpacing(14)
        row.addWidget(self.pad, 3)
        row.addLayout(middle, 2)
        row.addWidget(self.bars, 3)
        box = QVBoxLayout(self)
        box.setContentsMargins(14, 4, 14, 8)
        box.addLayout(row)
        self._show_loading(False)

    # Which model

    def show_run(self, folder: Path | None) -> None:
        """Is about the model of another run from now on, and finds out what it takes."""
        self._leave()
        self.sketch = None
        self.pad.clear()
        if folder is None:
            return
        from studio.engine.drawing import Drawing

        drawing = self._drawing = Drawing(folder)
        self._in_thread(lambda: self._looked.emit(drawing, drawing.look()))

    def _in_thread(self, work: Any) -> None:
        self._threads = [each for each in self._threads if each.is_alive()]
        thread = threading.Thread(target=work, name="drawing", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _take_sketch(self, drawing: Drawing, sketch: Sketch | None) -> None:
        if drawing is not self._drawing:
            return  # another run is shown by now
        self.sketch = sketch
        if sketch is not None:
            wide, high = sketch.size
            self.said.say(f"Draw what the model takes: {wide} × {high} pixels.")
            self._show_seen()
        self.found.emit()

    # Loading it

    def _begin(self) -> None:
        """Loads the model, unless it is there or on its way."""
        if self.sketch is None or self.ready or self._loading or self._drawing is None:
            return
        self._show_loading(True)
        self.said.say("Loading the model…")
        drawing, sketch = self._drawing, self.sketch

        def load() -> None:
            try:
                self._begun.emit(drawing, drawing.begin(sketch))
            except StudioError as error:
                self._begun.emit(drawing, error)

        self._in_thread(load)

    def _show_loading(self, loading: bool) -> None:
        self._loading = loading
        self.bar.setVisible(loading)
        self.give_up.setVisible(loading)
        self.undo.setVisible(not loading)
        self.clear.setVisible(not loading)

    def _take_begun(self, drawing: Drawing, found: Sketch | StudioError) -> None:
        if drawing is not self._drawing:
            return
        self._show_loading(False)
        if isinstance(found, StudioError):
            self._fresh()
            self.said.say(f"The model can't be loaded. {found}")
            return
        self.sketch, self.ready = found, True
        self.pad.pen = min(0.2, found.style.pen * 0.75)
        self.pad.update()
        self.said.say("" if found.style.known else UNKNOWN)
        self._draw()

    def cancel(self) -> None:
        """Gives up loading the model; what is drawn stays."""
        self._fresh()
        self._show_loading(False)
        self.said.say("The model wasn't loaded. Draw to load it.")

    def _fresh(self) -> None:
        """Ends the process; the next stroke finds a new one."""
        drawing = self._drawing
        self._leave()
        if drawing is not None:
            self._drawing = type(drawing)(drawing.folder)

    @property
    def loading(self) -> bool:
        """Whether the model is being loaded."""
        return self._loading

    def _leave(self) -> None:
        """Ends the model's process; a thread that waits for it may still be about to end."""
        drawing, self._drawing = self._drawing, None
        self.ready = False
        self._waiting, self._again = None, False
        if drawing is not None:
            drawing.close()
        self._show_loading(False)
        self.bars.show_said([])

    def close_work(self) -> None:
        """Ends the model's process and the threads that wait for it, before this returns."""
        self._leave()
        for thread in self._threads:
            thread.join()
        self._threads = []

    # What is drawn

    def show_image(self, image: QImage) -> None:
        """Takes an image in the place of a drawing."""
        self.pad.show_image(image)
        self._begin()

    def _draw(self) -> None:
        """Shows what the model is given, and asks it: one question at a time, the last always."""
        if self.sketch is None:
            return
        there = bool(self.pad.strokes) or self.pad.image is not None
        self.undo.setEnabled(there)
        self.clear.setEnabled(there)
        ink = self._show_seen()
        if not there:
            self.bars.show_said([])
        if not self.ready or self._drawing is None:
            return
        if self._waiting is not None:
            self._again = True
            return
        if there:
            from studio.gui.trained.strokes import pixels_of

            self._waiting = self._drawing.ask(self.sketch, pixels_of(ink, self.sketch))
            self._waiting.add_done_callback(self._answered.emit)

    def _show_seen(self) -> QImage:
        from studio.gui.trained.strokes import as_seen, drawn, shown

        if self.pad.image is not None:
            ink = shown(self.pad.image, self.sketch)
        else:
            ink = drawn(self.pad.strokes, 1.0, self.sketch)
        self.seen.show_image(as_seen(ink, self.sketch))
        return ink

    def _take_answer(self, future: Future) -> None:
        if future is not self._waiting:
            return
        self._waiting = None
        if future.cancelled():
            return
        from studio.engine.drawing import said_of

        try:
            said = said_of(future.result(), self.sketch)
        except StudioError as error:
            self.said.say(str(error))
            said = []
        there = bool(self.pad.strokes) or self.pad.image is not None
        self.bars.show_said(said if there else [])
        if self._again:
            self._again = False
            self._draw()


class Seen(QWidget):
    """The picture that the model is given, pixel by pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.image: QImage | None = None
        self.setMinimumSize(64, 64)
        self.setMaximumWidth(SEEN)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("The picture as the model sees it")
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(SEEN, SEEN)

    def show_image(self, image: QImage) -> None:
        """Shows it."""
        self.image = image
        self.update()

    def paintEvent(self, event) -> None:
        if self.image is None:
            return
        painter = QPainter(self)
        side = min(self.width(), self.height())
        paint_picture(painter, self.image, QRect(0, 0, side, side))
