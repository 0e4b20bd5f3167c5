"""One open project: the document, its history, and all that is known of it, kept current.

Views listen to `changed` and ask for what they show. An edit is followed at
once by the shapes, and a moment later, when the event loop is free, by the
problems and then the script: three short steps, so that no frame waits long.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from PySide6.QtCore import QObject, QTimer, Signal

from studio.graph.asking import Ask
from studio.graph.checks import Checker
from studio.graph.document import Graph, Project, owner
from studio.graph.edits import Edit
from studio.graph.history import History
from studio.graph.infer import Inference
from studio.graph.journal import Journal
from studio.graph.problems import Problem, StudioError, errors
from studio.graph.shapes import Shapes
from studio.graph.summary import summary

PAUSE = 700
"""Milliseconds without typing after which the next change of a value is a step of its own."""


class Change(Struct, frozen=True):
    """What an edit made of a project. Views find what is new by comparing identities."""

    before: Project
    after: Project

    def graph(self, name: str) -> tuple[Graph | None, Graph | None]:
        """A graph before and after."""
        return self.before.graph(name), self.after.graph(name)


class Session(QObject):
    """An open project. `path` is its file, None where it was never saved.

    Signals: `changed(Change)` when the document has; `checked()` when shapes and
    problems are those of the document; `failed(str)` a sentence about an edit
    that can't be done; `saved()` when the file, or whether it is current, has
    changed.
    """

    changed = Signal(object)
    checked = Signal()
    failed = Signal(str)
    saved = Signal()

    def __init__(
        self,
        project: Project,
        path: Path | None = None,
        folder: Path | None = None,
        unread: Sequence[Problem] = (),
        ask: Ask | None = None,
    ):
        """`unread` is what its file says and couldn't be read; `ask` tells what its code gives."""
        super().__init__()
        self.path = path
        self.folder = folder or (path.parent if path is not None else Path())
        self.history = History(project)
        self.journal: Journal | None = None
        self.unread = tuple(unread)
        self._ask = ask
        self._inference = Inference(self.folder, ask)
        self._checker = Checker(self.folder, self._inference)
        self.report = self._checker.run(project, self.unread)
        self._check_timer = _once(self, 0, self._check)
        self._pause = _once(self, PAUSE, self.history.seal)
        self._via: dict[str, tuple[str, str]] = {}
        self._totals: dict[str, Any] | None = None

    # The document

    @property
    def project(self) -> Project:
        """The document as it is now."""
        return self.history.project

    @property
    def name(self) -> str:
        """What the window calls it."""
        if self.project.name:
            return self.project.name
        return self.path.parent.name if self.path else "Untitled"

    @property
    def unsaved(self) -> bool:
        """Whether the document differs from its file."""
        return self.history.changed

    def mark_saved(self, path: Path | None = None) -> None:
        """Says that the file holds the document as it is now."""
        self.history.mark_saved()
        self._pause.stop()
        if self.unread:
            self.unread = ()
            self._check_timer.start()
        if path is not None and path != self.path:
            self._moved_to(path)
        self.saved.emit()

    def mark_changed(self) -> None:
        """Says that the file holds something else, whatever it was before."""
        self.history.saved = None
        self.saved.emit()

    def _moved_to(self, path: Path) -> None:
        """Takes relative paths from the folder of another file from now on."""
        self.path = path
        if path.parent != self.folder:
            self.folder = path.parent
            self._inference = Inference(self.folder, self._ask)
            self._checker = Checker(self.folder, self._inference)
            self._check_timer.start()

    # Changing it

    def do(self, edit: Edit, merge: str | None = None) -> bool:
        """Makes an edit; False where it can't be done, which `failed` then explains.

        Edits with the same `merge` that follow each other closely are one step
        of the history: the typing of one value.
        """
        before, was_unsaved = self.project, self.unsaved
        try:
            self.history.do(edit, merge=merge)
        except StudioError as error:
            self.failed.emit(str(error))
            return False
        if self.journal is not None:
            self.journal.record(edit, self.project)
        if merge is None:
            self._pause.stop()
        else:
            self._pause.start()
        self._moved(before, was_unsaved)
        return True

    def undo(self) -> Edit | None:
        """Takes the last step back."""
        return self._step(self.history.undo)

    def redo(self) -> Edit | None:
        """Does the step again that was last taken back."""
        return self._step(self.history.redo)

    def jump(self, position: int) -> None:
        """Goes to where so many steps of the history are done."""
        self._step(lambda: self.history.jump(position))

    def _step(self, step: Callable[[], Any]) -> Any:
        self._pause.stop()
        before, was_unsaved = self.project, self.unsaved
        found = step()
        if self.journal is not None and self.project is not before:
            self.journal.moved(self.project)
        self._moved(before, was_unsaved)
        return found

    def _moved(self, before: Project, was_unsaved: bool) -> None:
        if self.project is not before:
            self._infer()
            self.changed.emit(Change(before, self.project))
            self._check_timer.start()
        if self.unsaved != was_unsaved:
            self.saved.emit()

    # What is known of it

    def shapes(self, graph: str) -> Shapes:
        """The shapes of a graph; empty where there is no such graph.

        A block has those of one node that stands for it: the one it was last
        looked into through, else the first.
        """
        if not graph.startswith("block:"):
            return self.report.shapes.get(graph) or Shapes()
        via = self.seen_through(graph)
        outer = self.shapes(via[0]).nodes.get(via[1]) if via is not None else None
        return outer.inside[0] if outer is not None and outer.inside else Shapes()

    def look_into(self, block: str, graph: str, node: str) -> None:
        """From now on a block shows the shapes that it has at this node of a graph."""
        self._via[block] = (graph, node)

    def seen_through(self, block: str) -> tuple[str, str] | None:
        """The graph and the node of it through which a block is seen; None where none uses it."""
        if not block.startswith("block:"):
            return None
        graph, name = self._via.get(block, ("", ""))
        found = self.project.graph(graph)
        if found is not None and _stands_for(found, name, block):
            return graph, name
        for graph, found in self.project.graphs().items():
            for name in found.nodes:
                if graph != block and _stands_for(found, name, block):
                    return graph, name
        return None

    @property
    def totals(self) -> dict[str, Any]:
        """What the model amounts to: parameters, FLOPs, bytes; counted once a check."""
        if self._totals is None:
            self._totals = summary(self.project, self.shapes("model"))["totals"]
        return self._totals

    @property
    def problems(self) -> list[Problem]:
        """All that is wrong, or unwise, as of the last check."""
        return self.report.problems

    @property
    def errors(self) -> list[Problem]:
        """What stops a run."""
        return errors(self.report.problems)

    def _infer(self) -> None:
        """Shapes and errors at once; advice, which takes longest, a moment later."""
        self.report = self._checker.run(self.project, self.unread, advice=False)
        self._totals = None

    def infer_again(self, *code: str) -> None:
        """Has what calls these pieces of code inferred again: more is known of them now."""
        self._inference.again(*code)
        self._infer()
        self.changed.emit(Change(self.project, self.project))
        self._check_timer.start()

    def _check(self) -> None:
        self.report = self._checker.run(self.project, self.unread)
        self.checked.emit()

    def settle(self) -> None:
        """Does at once what waits for the event loop: for tests, and before a run."""
        if self._check_timer.isActive():
            self._check_timer.stop()
            self._check()


def _stands_for(graph: Graph, name: str, block: str) -> bool:
    node = graph.nodes.get(name)
    made = owner(graph, node) if node is not None else None
    return made is not None and made.op == block


def _once(parent: QObject, milliseconds: int, call: Any) -> QTimer:
    timer = QTimer(parent, interval=milliseconds, singleShot=True)
    timer.timeout.connect(call)
    return timer
