"""Whether a project's own Python may run: only once the person in front has said so.

What was agreed to is remembered by the code's content, not by where it lies:
code that somebody has changed is other code. What is written in this window is
the person's own, and trusted with the rest.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from studio.graph.asking import CodeCall
from studio.graph.document import Project
from studio.graph.spec import Refused, Result

if TYPE_CHECKING:
    from studio.engine.code_shapes import CodeShapes
    from studio.engine.warm import Warm
    from studio.gui.session import Session
    from studio.gui.window import Window

LATE = 1200
"""Milliseconds after opening at which trusted code is first asked: the window comes first."""
MOST = 500
"""Contents that are remembered."""


def content_hash(project: Project) -> str:
    """What a project's code comes to; another one: it was changed."""
    code = sorted((name, each.kind, each.source) for name, each in project.code.items())
    return hashlib.sha256(json.dumps(code).encode()).hexdigest()


class Trust(QObject):
    """The trust in the project of a window; its code's shapes, asked once it is trusted."""

    answered = Signal(str)

    def __init__(self, window: Window):
        super().__init__(window)
        self._window = window
        self._session: Session | None = None
        self._agreed = False
        self._warm: Warm | None = None
        self._place: Path | None = None
        self._shapes: CodeShapes | None = None
        self._asks = False
        self._timer = QTimer(self, interval=LATE, singleShot=True)
        self._timer.timeout.connect(self._begin)
        self.answered.connect(self._know)

    @property
    def warm(self) -> Warm:
        """The process that knows TensorFlow, begun by its first question; ends with the window."""
        if self._warm is None:
            from studio.engine.warm import Warm

            self._warm = Warm()
        return self._warm

    @property
    def place(self) -> Path:
        """A folder for the files that are put before that process; it goes with the window."""
        if self._place is None:
            self._place = Path(mkdtemp(prefix="studio-"))
        return self._place

    def attach(self, session: Session | None) -> None:
        """Another project is shown."""
        self._session = session
        self._shapes = None
        self.look()

    def look(self) -> None:
        """Sees whether the project's code, read anew, is known, and asks where it isn't."""
        self._timer.stop()
        self._asks = False
        self._window.notices.drop("trust")
        session = self._session
        if session is None:
            return
        code = session.project.code
        known = self._window.settings.get("trusted", [])
        self._agreed = not code or content_hash(session.project) in known
        if self._agreed:
            self._timer.start()
        else:
            self.tell()

    def tell(self) -> None:
        """Asks whether the project's code may run."""
        names = list(self._session.project.code)
        shown = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
        self._window.notices.put(
            "trust",
            f"This project brings its own Python ({shown}). It is shown, but not run, until you "
            "trust it.",
            "warning",
            (("Not now", lambda: None), ("Trust", self.agree)),
        )

    def trusted(self, session: Session) -> bool:
        """Whether all code of a project may run."""
        return session is self._session and (self._agreed or not session.project.code)

    def agree(self) -> None:
        """The person trusts the code as it is."""
        self._agreed = True
        self._window.notices.drop("trust")
        self.remember()
        self._begin()

    def remember(self) -> None:
        """Keeps what is trusted for the next time, as the code is now."""
        session = self._session
        if session is None or not self._agreed or not session.project.code:
            return
        self.know(session.project)

    def knows(self, project: Project) -> bool:
        """Whether all code of a project may run that isn't the one in front: a run's, say."""
        if not project.code:
            return True
        known = self._window.settings.get("trusted", [])
        return content_hash(project) in known

    def know(self, project: Project) -> None:
        """The person trusts the code of a project, as it is there."""
        key = content_hash(project)
        others = [each for each in self._window.settings.get("trusted", []) if each != key]
        self._window.settings.set("trusted", [*others, key][-MOST:])

    # Asking it for its shapes

    def answer(self, call: CodeCall) -> Result | Refused | None:
        """What a call of the code gives; None while it isn't known, or may not be asked."""
        if not self._asks:
            return None
        if self._shapes is None:
            from studio.engine.code_shapes import CodeShapes

            self._shapes = CodeShapes(self.warm, True, self.answered.emit)
        return self._shapes(call)

    def _begin(self) -> None:
        self._asks = True
        if self._session.project.code:
            self._session.infer_again(*self._session.project.code)

    def _know(self, name: str) -> None:
        if self._asks and self._session is not None and name in self._session.project.code:
            self._session.infer_again(name)

    def close(self) -> None:
        """The window is about to go: the process ends with it."""
        self._timer.stop()
        self._session = None
        self._asks = False
        if self._warm is not None:
            self._warm.close()
            self._warm = None
        if self._place is not None:
            shutil.rmtree(self._place, ignore_errors=True)
            self._place = None
