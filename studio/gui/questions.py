"""What a person is asked in dialogs, each in one place, so that a test can answer instead."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from studio.graph.looking.kinds import ENDINGS

SAVE, DISCARD, CANCEL = "save", "discard", "cancel"
FILES = "Projects (project.json *.json);;All files (*)"
DATA = f"Data ({' '.join(f'*{ending}' for ending in ENDINGS)});;All files (*)"


class Questions:
    """The dialogs of a window. None, or `CANCEL`, is the answer of who goes back."""

    def __init__(self, parent: QWidget):
        self._parent = parent

    def unsaved(self, name: str) -> str:
        """What becomes of changes that are in no file: SAVE, DISCARD or CANCEL."""
        buttons = QMessageBox.StandardButton
        answer = QMessageBox.question(
            self._parent,
            "Save the changes?",
            f"{name} has changes that are in no file.",
            buttons.Save | buttons.Discard | buttons.Cancel,
            buttons.Save,
        )
        return {buttons.Save: SAVE, buttons.Discard: DISCARD}.get(answer, CANCEL)

    def project_to_open(self) -> Path | None:
        """A project's file."""
        name, _ = QFileDialog.getOpenFileName(self._parent, "Open a project", "", FILES)
        return Path(name) if name else None

    def data_to_add(self, folder: bool = False) -> Path | None:
        """A file with data, or a folder of files."""
        if folder:
            name = QFileDialog.getExistingDirectory(self._parent, "Add data from a folder")
        else:
            name, _ = QFileDialog.getOpenFileName(self._parent, "Add data from a file", "", DATA)
        return Path(name) if name else None

    def file_to_read(self, title: str, folder: Path) -> Path | None:
        """A file of any kind that is there."""
        name, _ = QFileDialog.getOpenFileName(self._parent, title, str(folder), "All files (*)")
        return Path(name) if name else None

    def file_to_write(self, title: str, suggested: Path, kinds: str = FILES) -> Path | None:
        """Where to write a file."""
        name, _ = QFileDialog.getSaveFileName(self._parent, title, str(suggested), kinds)
        return Path(name) if name else None

    def folder_for(self, title: str, suggested: Path) -> Path | None:
        """A folder in which something new is made."""
        name = QFileDialog.getExistingDirectory(self._parent, title, str(suggested))
        return Path(name) if name else None
