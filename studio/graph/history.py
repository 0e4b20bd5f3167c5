"""Undo and redo: the edits that were made, with the projects between them."""

from __future__ import annotations

from collections.abc import Hashable

from msgspec import Struct
from msgspec.structs import replace

from studio.graph.document import Project
from studio.graph.edits import Edit, Several

LONGEST = 1000
"""Steps that can be undone; older ones are forgotten."""


class Step(Struct, frozen=True):
    """An edit, and the projects before and after it."""

    edit: Edit
    before: Project
    after: Project
    merge: Hashable = None
    """The typing that it belongs to; None where nothing may be added to it any more."""


class History:
    """A project as it changes. Projects share all that an edit didn't touch, so steps are small.

    A project is what it was when it is the same object: so `saved` is compared
    by identity, and undoing back to it leaves nothing to save. A recovered project is
    begun with the `saved` one that its file holds. `forgotten` says whether there were
    steps that are too old to be undone.
    """

    def __init__(self, project: Project, saved: Project | None = None):
        self.project = project
        self.saved = saved or project
        self.forgotten = False
        self._steps: list[Step] = []
        self._done = 0

    @property
    def changed(self) -> bool:
        """Whether the project differs from the one that was saved."""
        return self.project is not self.saved

    @property
    def position(self) -> int:
        """How many steps are done; those behind can be done again."""
        return self._done

    @property
    def saved_position(self) -> int | None:
        """How many steps lead to what was saved; None where none do any more."""
        if not self._steps:
            return None if self.changed else 0
        states = [self._steps[0].before, *(step.after for step in self._steps)]
        # Where it stands there twice, as after a step that changed nothing, it is the nearest.
        found = [at for at, project in enumerate(states) if project is self.saved]
        return min(found, key=lambda at: abs(at - self._done), default=None)

    def mark_saved(self) -> None:
        """The project as it is now is what stands in its file; typing begins anew."""
        self.saved = self.project
        self.seal()

    def do(self, edit: Edit, merge: Hashable = None) -> Project:
        """Makes a change; what had been undone can't be redone any more.

        With `merge` it becomes one step with the last, where that had the same
        key and nothing came between: typing into one field is one step.
        """
        after = edit.apply(self.project)
        before = self.project
        del self._steps[self._done :]
        last = self._steps[-1] if self._steps else None
        if merge is not None and last is not None and last.merge == merge:
            self._steps[-1] = _merged(last, edit, after)
        else:
            self.seal()
            self._steps.append(Step(edit, before, after, merge))
        self.forgotten = self.forgotten or len(self._steps) > LONGEST
        del self._steps[:-LONGEST]
        self._done = len(self._steps)
        self.project = after
        return after

    def seal(self) -> None:
        """Ends a typing: the next edit is a step of its own, whatever its key."""
        if self._done and self._steps[self._done - 1].merge is not None:
            self._steps[self._done - 1] = replace(self._steps[self._done - 1], merge=None)

    def undo(self) -> Edit | None:
        """Takes the last edit back and returns it; None where there is none."""
        if not self._done:
            return None
        self.jump(self._done - 1)
        return self._steps[self._done].edit

    def redo(self) -> Edit | None:
        """Makes the edit again that was last undone; None where there is none."""
        if self._done == len(self._steps):
            return None
        self.jump(self._done + 1)
        return self._steps[self._done - 1].edit

    def jump(self, position: int) -> Project:
        """Goes to where so many steps are done: 0 is the oldest project still known."""
        if not 0 <= position <= len(self._steps):
            raise IndexError(position)
        self.seal()
        self._done = position
        if position:
            self.project = self._steps[position - 1].after
        elif self._steps:
            self.project = self._steps[0].before
        return self.project

    def labels(self) -> tuple[list[str], list[str]]:
        """What was done, oldest first, and what can be redone, next first."""
        labels = [step.edit.label for step in self._steps]
        return labels[: self._done], labels[self._done :]


def _merged(step: Step, edit: Edit, after: Project) -> Step:
    """A step with one more edit in it; a value that is set anew is set once."""
    edits = step.edit.edits if isinstance(step.edit, Several) else (step.edit,)
    if _sets_the_same(edits[-1], edit):
        edits = edits[:-1]
    edits = (*edits, edit)
    whole = edits[0] if len(edits) == 1 else Several(edits, edit.label)
    return replace(step, edit=whole, after=after)


def _sets_the_same(first: Edit, second: Edit) -> bool:
    """Whether the second edit only gives what the first one set another value."""
    return (
        type(first) is type(second)
        and hasattr(first, "value")
        and replace(first, value=second.value) == second
    )
