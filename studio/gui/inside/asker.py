"""Asks the warm process what a node makes of a batch; only the last answer is told."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, Signal

from studio.graph.problems import ProjectError, StudioError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from studio.engine.inside.asking import Weights
    from studio.engine.warm import Answer
    from studio.gui.session import Session
    from studio.gui.window import Window


class ActivationAsker(QObject):
    """`told` is emitted with the answer; `failed` with why there is none, the graph and the node
    where that is (both may be empty); `untrusted` where the project's code may not run."""

    told = Signal(object)
    failed = Signal(str, str, str)
    untrusted = Signal()
    _answered = Signal(object)

    def __init__(self, window: Window):
        super().__init__()
        self._window = window
        self._future: Future[Answer] | None = None
        self._answered.connect(self._take, Qt.ConnectionType.QueuedConnection)

    @property
    def busy(self) -> bool:
        """Whether an answer is waited for."""
        return self._future is not None

    def ask(
        self, session: Session, graph: str, node: str, weights: Weights, call: int, sample: int
    ) -> None:
        """Asks about a node of the project as it is on the screen."""
        from studio.engine.inside.asking import KIND, SECONDS, question

        self.cancel()
        session.settle()
        trust = self._window.projects.trust
        key = hashlib.sha256(f"inside {session.folder}".encode()).hexdigest()[:16]
        place = trust.place / key
        try:
            place.mkdir(exist_ok=True)
            fields = question(
                session.project, session.folder, session.report, (graph, node), place,
                weights, call, sample,
            )  # fmt: skip
        except ProjectError as error:
            first = error.problems[0]
            self.failed.emit(first.message, first.graph, first.node or "")
            return
        except (StudioError, OSError) as error:
            self.failed.emit(str(error).split("\n")[0], "", "")
            return
        trusted = trust.trusted(session)
        self._future = trust.warm.ask(KIND, seconds=SECONDS, trusted=trusted, **fields)
        self._future.add_done_callback(self._answered.emit)

    def cancel(self) -> None:
        """Gives up what is being asked; one that hangs ends with its process."""
        future, self._future = self._future, None
        if future is not None:
            self._window.projects.trust.warm.cancel(future)

    def _take(self, future: Future[Answer]) -> None:
        if future is not self._future:
            return  # something else is asked meanwhile
        self._future = None
        if future.cancelled():
            return
        answer = future.result()
        if answer.reason == "untrusted":
            self.untrusted.emit()
        elif answer.error:
            self.failed.emit(answer.error, *self._place(answer))
        elif "failed" in answer.result:
            failed: dict[str, Any] = answer.result["failed"]
            self.failed.emit(failed["message"], failed["graph"], failed["node"])
        else:
            self.told.emit(answer.result)

    def _place(self, answer: Answer) -> tuple[str, str]:
        """The node of an error: the one that is named first, or that uses the code at fault."""
        session = self._window.session
        if session is None:
            return "", ""
        named = re.match(r'"(\w+)" fails', answer.error)
        for name, graph in session.project.graphs().items():
            for node in graph.nodes.values():
                uses = answer.code and node.op == f"code:{answer.code}"
                if name != "data" and (uses or (named and node.id == named[1])):
                    return name, node.id
        return "", ""
