"""Undo and redo: the edits that were made, with the projects between them."""

from __future__ import annotations

from collections.abc import Hashable

from msgspec import Struct
from msgspec.structs import replace

from studio.graph.document import Project
from studio.graph.edits import Edit

LONGEST = 1000
"""Steps that can be undone; older ones are forgotten."""


class Step(Struct, frozen=True):
    """An edit, and the project before it."""

    edit: Edit
    before: Project
    merge: Hashable = None
    """The typing that it belongs to; None where nothing may be added to it any more."""


class History:
    """A project as it changes. Projects share all that an edit didn't touch, so steps are small."""

    def __init__(self, project: Project):
        self.project = project
        self._done: list[Step] = []
        self._undone: list[Edit] = []

    def do(self, edit: Edit, merge: Hashable = None) -> Project:
        """Makes a change; what had been undone can't be redone any more.

        With `merge` it becomes one step with the last, where that had the same
        key and nothing came between: typing into one field is one step.
        """
        after = edit.apply(self.project)
        before = self.project
        if merge is not None and self._done and self._done[-1].merge == merge:
            before = self._done.pop().before
        else:
            self.seal()
        self._done.append(Step(edit, before, merge))
        del self._done[:-LONGEST]
        self._undone.clear()
        self.project = after
        return after

    def seal(self) -> None:
        """Ends a typing: the next edit is a step of its own, whatever its key."""
        if self._done and self._done[-1].merge is not None:
            self._done[-1] = replace(self._done[-1], merge=None)

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
