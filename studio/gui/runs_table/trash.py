"""Runs to the system's trash and back, with a notice that offers the way back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QFile, QStandardPaths, Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy

NOTICE = 12_000
"""Milliseconds that a notice stays."""

Moved = tuple[Path, Path]
"""Where a run is in the trash, and where it was."""


def throw_away(folders: list[Path]) -> tuple[list[Moved], list[Path]]:
    """Moves runs to the trash: those that are there, and those that couldn't be moved."""
    # Qt makes the trash there, but not the place for it.
    place = QStandardPaths.StandardLocation.GenericDataLocation
    Path(QStandardPaths.writableLocation(place)).mkdir(parents=True, exist_ok=True)
    moved, left = [], []
    for folder in folders:
        file = QFile(str(folder))
        if file.moveToTrash():
            moved.append((Path(file.fileName()), folder))
        else:
            left.append(folder)
    return moved, left


def take_back(moved: list[Moved]) -> str:
    """Moves runs back to where they were; a sentence about the first that can't be."""
    said = ""
    for place, folder in moved:
        try:
            place.rename(folder)
        except OSError as error:
            said = said or f"{folder.name} can't be taken back: {error.strerror}."
            continue
        # What the desktops of Linux keep beside what they throw away.
        (place.parent.parent / "info" / f"{place.name}.trashinfo").unlink(missing_ok=True)
    return said


def named(folders: list[Path]) -> str:
    """One by its name, several by their number."""
    return folders[0].name if len(folders) == 1 else f"{len(folders):,} runs"


class Strip(QFrame):
    """A sentence with one button, which goes by itself."""

    def __init__(self) -> None:
        super().__init__()
        self._call: Callable[[], object] | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 4, 14, 4)
        self._text = QLabel()
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.button = QPushButton()
        self.button.setProperty("role", "link")
        self.button.clicked.connect(self._pressed)
        row.addWidget(self._text, 1)
        row.addWidget(self.button)
        self._timer = QTimer(self, interval=NOTICE, singleShot=True)
        self._timer.timeout.connect(self.hide)
        self.hide()

    def tell(self, text: str, button: str, call: Callable[[], object]) -> None:
        """Says something; the button does `call`."""
        self._call = call
        self._text.setText(text)
        self.button.setText(button)
        self.show()
        self._timer.start()

    def _pressed(self) -> None:
        self.hide()
        self._call()
