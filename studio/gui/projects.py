"""Opening, saving and closing projects: what stands between the window and the files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from studio.graph.document import DataGraph, ModelGraph, Project, Training
from studio.graph.file import read, save, shown
from studio.graph.journal import begin, owner
from studio.graph.part_edits import ReplaceProject
from studio.graph.problems import Problem, ProjectError, StudioError
from studio.gui.on_disk import OnDisk
from studio.gui.questions import CANCEL, SAVE, Questions
from studio.gui.recovering import Recovering
from studio.gui.session import Session
from studio.gui.trust import Trust

if TYPE_CHECKING:
    from studio.gui.window import Window


class Projects:
    """The projects of a window, one at a time."""

    def __init__(self, window: Window):
        self._window = window
        self._session: Session | None = None
        self.ask = Questions(window)
        self.disk = OnDisk(window)
        self.trust = Trust(window)
        self.recovering = Recovering(window)

    def begin(self, path: Path | None) -> None:
        """What the app begins with: a project, or what was left behind without a file."""
        if path is None or not self.open(path):
            self.recovering.offer(None)

    # Opening

    def new(self) -> None:
        """An empty project, not yet in a file."""
        if self.may_close():
            self._show(empty(), None)

    def open(self, path: Path | str) -> bool:
        """Opens a project's file, or its folder; False where it is none, which is said."""
        path = Path(path)
        try:
            project, problems = _read(path)
        except StudioError as error:
            self.refuse(error)
            return False
        if not self.may_close():
            return False
        file = (path / "project.json" if path.is_dir() else path).resolve()
        self._show(project, file, problems)
        self._window.settings.opened(file)
        return True

    def choose(self) -> None:
        """Asks for a project to open."""
        path = self.ask.project_to_open()
        if path is not None:
            self.open(path)

    def make(self, template: str) -> bool:
        """Asks for a folder, makes a project of a template there, and opens it."""
        from platformdirs import user_documents_path

        from studio.graph.templates import copy

        documents = user_documents_path()
        place = self.ask.folder_for(f"Where to make {template}", documents)
        if place is None:
            return False
        try:
            return self.open(copy(template, _free(place, template)))
        except StudioError as error:
            self.refuse(error)
            return False

    def refuse(self, error: StudioError | str) -> None:
        """Says in the window why something couldn't be done."""
        sentence = str(error).split("\n")[0]
        self._window.say(sentence)
        self._window.notices.put("refused", sentence, "error")

    def _show(self, project: Project, path: Path | None, unread: Sequence[Problem] = ()) -> None:
        self._leave()
        session = Session(project, path, unread=unread, ask=self.trust.answer)
        other = owner(path) if path is not None else None
        left = self.recovering.found(path) if path is not None else []
        session.journal = begin(project, path)
        self._session = session
        session.changed.connect(self._journal_looked_at)
        self._window.notices.clear()
        self._window.show_session(session)
        self.disk.watch(path)
        self.trust.attach(session)
        if unread:
            self._tell_unread(unread)
        if other is not None:
            self._window.notices.put(
                "owner",
                f"{session.name} is open in another window too (process {other}). "
                "What is saved last is what stays.",
                "warning",
            )
        self.recovering.tell(left)

    def _tell_unread(self, unread: Sequence[Problem]) -> None:
        more = f" There is more ({len(unread)} in all)." if len(unread) > 1 else ""
        self._window.notices.put(
            "unread",
            f"Some of the file can't be read, and would be lost by saving. {unread[0].sentence()}"
            f"{more}",
            "warning",
            (("Show problems", lambda: self._window.panel("problems")),),
        )

    def _journal_looked_at(self) -> None:
        problem = self._session.journal.problem if self._session.journal is not None else ""
        if not problem:
            self._window.notices.drop("journal")
        elif "journal" not in self._window.notices.by_key:
            self._window.notices.put("journal", problem, "warning")

    def reload(self) -> None:
        """Reads the file again; undo brings back what was in the window."""
        session = self._session
        try:
            project, problems = _read(session.path)
        except StudioError as error:
            self.refuse(error)
            return
        session.unread = tuple(problems)
        session.do(ReplaceProject(project, "Reload from the disk"))
        session.history.mark_saved()
        session.saved.emit()
        session.journal.saved(session.project, session.path)
        self.disk.written()
        self.trust.look()
        self._window.say("Reloaded. Undo brings back what was here.")

    # Saving

    def save(self) -> bool:
        """Writes the project to its file; asks for one where it has none."""
        session = self._window.session
        if session.path is None:
            return self.save_as()
        if self.disk.foreign:
            self.disk.tell()
            self._window.say("Not saved: the file was changed by another program meanwhile.")
            return False
        return self._write(session.path)

    def save_as(self) -> bool:
        """Asks for a file, and writes the project there."""
        session = self._window.session
        suggested = session.path or Path("project.json")
        path = self.ask.file_to_write("Save the project", suggested)
        return path is not None and self._write(path)

    def _write(self, path: Path) -> bool:
        session = self._window.session
        path = path.resolve()
        try:
            save(session.project, path)
        except StudioError as error:
            self.refuse(error)
            return False
        if session.journal is not None:
            session.journal.saved(session.project, path)
        elsewhere = path != session.path
        session.mark_saved(path)
        if elsewhere:
            self.disk.watch(path)
        self.disk.written()
        self.trust.remember()
        for key in ("refused", "unread"):
            self._window.notices.drop(key)
        self._window.settings.opened(path)
        self._window.say(f"Saved in {shown(path)}.")
        return True

    # Closing

    def may_close(self) -> bool:
        """Whether the project in the window may go: asks where it isn't saved."""
        session = self._window.session
        if session is None or not session.unsaved:
            return True
        answer = self.ask.unsaved(session.name)
        return self.save() if answer == SAVE else answer != CANCEL

    def leave(self) -> None:
        """Goes back to the start page, if the project may go."""
        if self.may_close():
            self._leave()
            self._window.notices.clear()
            self._window.show_session(None)

    def _leave(self) -> None:
        """A clean end of the project that was shown: nothing of it is to be recovered."""
        self.disk.watch(None)
        self.trust.attach(None)
        self.recovering.rest()
        if self._session is not None:
            if self._session.journal is not None:
                self._session.journal.close()
            self._session.journal = None
            self._session = None

    def close(self) -> None:
        """The window is about to go."""
        self._leave()
        self.trust.close()

    # Trust

    def trusted(self, session: Session) -> bool:
        """Whether the project's own code may run."""
        return self.trust.trusted(session)


def empty() -> Project:
    """A project to begin with."""
    return Project(name="", model=ModelGraph(), data=DataGraph(), training=Training())


def _read(path: Path) -> tuple[Project, list[Problem]]:
    """A project's file, as far as it can be read; raises StudioError where nothing can."""
    project, problems = read(path)
    if problems and not project.graphs():
        raise ProjectError(problems)
    return project, problems


def _free(place: Path, template: str) -> Path:
    """A folder of the template's name that isn't there yet; the place itself where it is empty."""
    if place.is_dir() and not any(place.iterdir()):
        return place
    return unused(place, template)


def unused(place: Path, name: str) -> Path:
    """A folder of this name within a place, or of the name with a number, that isn't there yet."""
    found, number = place / name, 1
    while found.exists():
        number += 1
        found = place / f"{name}_{number}"
    return found
