"""Undo and redo: the edits that were made, with the projects between them."""

from __future__ import annotations

from msgspec import Struct

from studio.graph.document import Project
from studio.graph.edits import Edit

LONGEST = 1000
"""Steps that can be undone; older ones are forgotten."""


class Step(Struct, frozen=True):
    """An edit, and the project before it."""

    edit: Edit
    before: Project


class History:
    """A project as it changes. Projects share all that an edit didn't touch, so steps are small."""

    def __init__(self, project: Project):
        self.project = project
        self._done: list[Step] = []
        self._undone: list[Edit] = []

    def do(self, edit: Edit) -> Project:
        """Makes a change; what had been undone can't be redone any more."""
        after = edit.apply(self.project)
        self._done.append(Step(edit, self.project))
        del self._done[:-LONGEST]
        self._undone.clear()
        self.project = after
        return after

    def undo(self) -> Edit | None:
        """Takes the last edit back and returns it; None where there is none."""
        if not self._done:
            return None
        step = self._done.pop()
        self._undone.append(step.edit)
        self.project = step.before
        return step.edit

    def redo(self) -> Edit | None:
        """Makes the edit again that was last undone; None where there is none."""
        if not self._undone:
            return None
        edit = self._undone.pop()
        self._done.append(Step(edit, self.project))
        self.project = edit.apply(self.project)
        return edit

    def labels(self) -> tuple[list[str], list[str]]:
        """What was done, oldest first, and what can be redone, next first."""
        undone = [edit.label for edit in reversed(self._undone)]
        return [step.edit.label for step in self._done], undone
