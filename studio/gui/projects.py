"""Opening, saving and closing projects: what stands between the window and the files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog, QMessageBox

from studio.graph.document import DataGraph, ModelGraph, Project, Training
from studio.graph.file import read, save
from studio.graph.problems import ProjectError, StudioError
from studio.gui.session import Session

if TYPE_CHECKING:
    from studio.gui.window import Window

FILES = "Projects (project.json *.json);;All files (*)"


class Projects:
    """The projects of a window."""

    def __init__(self, window: Window):
        self._window = window

    def new(self) -> None:
        """An empty project, not yet in a file."""
        if self.may_close():
            empty = Project(name="", model=ModelGraph(), data=DataGraph(), training=Training())
            self._window.show_session(Session(empty))

    def open(self, path: Path) -> bool:
        """Opens a project's file, or its folder; False where it is none, which is said."""
        try:
            project, problems = read(path)
            if problems and not project.graphs():
                raise ProjectError(problems)
        except StudioError as error:
            self._window.say(" ".join(str(error).split("\n")[:1]))
            return False
        if not self.may_close():
            return False
        path = Path(path)
        file = (path / "project.json" if path.is_dir() else path).resolve()
        self._window.show_session(Session(project, file))
        self._window.settings.opened(file)
        return True

    def choose(self) -> None:
        """Asks for a project to open."""
        name, _ = QFileDialog.getOpenFileName(self._window, "Open a project", "", FILES)
        if name:
            self.open(Path(name))

    def save(self) -> bool:
        """Writes the project to its file; asks for one where it has none."""
        session = self._window.session
        return self._write(session.path) if session.path else self.save_as()

    def save_as(self) -> bool:
        """Asks for a file, and writes the project there."""
        name, _ = QFileDialog.getSaveFileName(
            self._window, "Save the project", "project.json", FILES
        )
        return bool(name) and self._write(Path(name))

    def _write(self, path: Path) -> bool:
        session = self._window.session
        try:
            save(session.project, path)
        except (StudioError, OSError) as error:
            self._window.say(f"{path} can't be written: {getattr(error, 'strerror', error)}.")
            return False
        session.mark_saved(path.resolve())
        self._window.settings.opened(path)
        self._window.say(f"Saved in {path}.")
        return True

    def may_close(self) -> bool:
        """Whether the project in the window may go: asks where it isn't saved."""
        session = self._window.session
        if session is None or not session.unsaved:
            return True
        answer = QMessageBox.question(
            self._window,
            "Save the changes?",
            f"{session.name} has changes that are in no file.",
            QMessageBox.StandardButton.Save
            | QMessageBox.StandardButton.Discard
            | QMessageBox.StandardButton.Cancel,
            QMessageBox.StandardButton.Save,
        )
        if answer == QMessageBox.StandardButton.Save:
            return self.save()
        return answer == QMessageBox.StandardButton.Discard

    def close(self) -> None:
        """The window is about to go."""
