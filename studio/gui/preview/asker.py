"""Asks the warm process what leaves a stage; only the answer to the last question is told."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, Signal

from studio.graph.problems import StudioError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from studio.engine.warm import Answer
    from studio.gui.session import Session
    from studio.gui.window import Window

WITHIN, SECONDS = 3.0, 30.0
"""Seconds after which what there is of the elements is shown; and after which the process ends."""


class StageAsker(QObject):
    """`told` is emitted with a result, `failed` with why there is none.

    `costs` says that it asks what the stages cost, and not what leaves one.
    """

    told = Signal(object)
    failed = Signal(str)
    untrusted = Signal()
    _answered = Signal(object)

    def __init__(self, window: Window, costs: bool = False):
        super().__init__()
        self._window = window
        self._costs = costs
        self._future: Future[Answer] | None = None
        self._script: tuple[Any, ...] | None = None
        self._answered.connect(self._take, Qt.ConnectionType.QueuedConnection)

    @property
    def busy(self) -> bool:
        """Whether an answer is waited for."""
        return self._future is not None

    def ask(self, session: Session, end: str, take: int = 0, again: bool = False) -> None:
        """Asks for so many elements of a stage, or for costs, unless that was asked last."""
        from studio.engine.looking import costs_question, question

        trust = self._window.projects.trust
        # A relative path is another file in another folder.
        place = trust.place / hashlib.sha256(str(session.folder).encode()).hexdigest()[:16]
        try:
            place.mkdir(exist_ok=True)
            about = (session.project, session.folder, session.report, end, place)
            asked = costs_question(*about) if self._costs else question(*about, soon=True)
        except (StudioError, OSError) as error:
            self.cancel()
            self.failed.emit(str(error).split("\n")[0])
            return
        key = (end, take, asked.script, str(place), trust.trusted(session))
        if key == self._script and not again:
            return
        self.cancel()
        self._script = key
        kind, more = "costs", {}
        if not self._costs:
            kind, more = "preview", {"take": take, "within": WITHIN, "fresh": again}
        self._future = trust.warm.ask(
            kind, seconds=SECONDS, trusted=trust.trusted(session), **more, **asked.fields
        )
        self._future.add_done_callback(self._answered.emit)

    def cancel(self) -> None:
        """Gives up what is being asked; one that hangs ends with its process."""
        future, self._future, self._script = self._future, None, None
        if future is not None:
            self._window.projects.trust.warm.cancel(future)

    def _take(self, future: Future[Answer]) -> None:
        if future is not self._future:
            return  # something else is looked at meanwhile
        self._future = None
        if future.cancelled():
            return
        answer = future.result()
        if answer.reason == "untrusted":
            self.untrusted.emit()
        elif answer.error:
            self.failed.emit(answer.error)
        else:
            self.told.emit(answer.result)
