"""No frame is late while a run goes on that tells as much as a run can: all panels in turn."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QTimer

from studio.gui.docks import PLACES
from studio.gui.window import Window
from tests.gui import teller
from tests.gui.conftest import settle

LATE = 50.0
"""Milliseconds that no frame may take."""

EACH = 5
SECONDS, ROUNDS = 2.5, 3
"""For which each panel is watched, and how often one that was late."""


class Watch:
    """A timer that notes how long the window was busy between two of its beats.

    What the window itself has worked is measured by the time of the processor: other programs
    that share it are no fault of the window's.
    """

    def __init__(self, parent: Window):
        self.frames: list[tuple[float, float, str]] = []
        self.doing = ""
        self._wall, self._own = time.perf_counter(), time.thread_time()
        self._timer = QTimer(parent, interval=EACH)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def _beat(self) -> None:
        wall, own = time.perf_counter(), time.thread_time()
        self.frames.append(((wall - self._wall) * 1000, (own - self._own) * 1000, self.doing))
        self._wall, self._own = wall, own

    def stop(self) -> None:
        self._timer.stop()

    def longest(self) -> dict[str, tuple[float, float]]:
        """What was shown -> the longest frame, in the processor's time and as it was."""
        found: dict[str, tuple[float, float]] = {}
        for wall, own, doing in self.frames:
            longest = found.get(doing, (0.0, 0.0))
            found[doing] = max(longest[0], own), max(longest[1], wall)
        return found


@pytest.fixture
def fast(window, project) -> Iterator[Window]:
    """A window that follows 2,000 steps a second with 20 metrics."""
    assert window.projects.open(project("digits_cnn"))
    settle(window)
    _, process = teller.begin(
        window.session.project,
        window.runner.folder(),
        "20260501-101500-digits_cnn",
        rate=2000,
        steps=1000,
        metrics=19,
    )
    yield window
    process.kill()
    process.wait()


@pytest.mark.slow
def test_no_frame_is_late_while_a_run_tells_two_thousand_steps_a_second(fast) -> None:
    for place in PLACES:  # what is made once is made before
        fast.panel(place.name)
        settle(fast)
    assert fast.projects.open(fast.session.path)
    fast.panel("training")
    wait(2)
    late = [place.name for place in PLACES]
    calmest: dict[str, float] = {}
    for _ in range(ROUNDS):  # what is late by the machine's other work is not late each time
        watch = Watch(fast)
        for name in late:
            watch.doing = f"to {name}"
            fast.panel(name)
            wait(0.3)
            watch.doing = name
            wait(SECONDS)
        watch.stop()
        found = watch.longest()
        print({name: f"{own:.0f} ms ({wall:.0f})" for name, (own, wall) in found.items()})
        calmest |= {name: min(own, calmest.get(name, own)) for name, (own, _) in found.items()}
        late = [name for name in late if max(calmest[name], calmest[f"to {name}"]) > LATE]
        if not late:
            break
    assert not late, calmest
    assert fast.runner.run.progress.step > 2000 * SECONDS * len(PLACES) * 0.5


def wait(seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        QCoreApplication.processEvents()
        time.sleep(0.001)
