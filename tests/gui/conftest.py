"""The window as the tests drive it: offscreen, with settings and state of its own."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import (
    QCoreApplication,
    QEvent,
    QPointF,
    Qt,
    QTimer,
    QtMsgType,
    qInstallMessageHandler,
)
from PySide6.QtTest import QTest
from shiboken6 import isValid

from studio.graph import templates
from studio.gui.app import application
from studio.gui.settings import Settings
from studio.gui.window import Window

# What the offscreen platform says of itself, whatever the program does.
HARMLESS = ("This plugin does not support",)


@pytest.fixture(scope="session")
def qapp(tmp_path_factory):
    """The application, with Studio's fonts and theme."""
    app = application(Settings(tmp_path_factory.mktemp("settings") / "settings.json"))
    app.setCursorFlashTime(0)
    yield app
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    timers = [each for each in gc.get_objects() if isinstance(each, QTimer)]
    going = [each for each in timers if isValid(each) and each.isActive()]
    assert not going, [each.parent() for each in going]
    assert not [each for each in app.topLevelWidgets() if isValid(each) and each.isVisible()]


@pytest.fixture(autouse=True)
def own_state(tmp_path, monkeypatch) -> None:
    """Nothing of a test is kept in the folders of the person who runs it."""
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))


@pytest.fixture(autouse=True)
def silence() -> Iterator[None]:
    """A warning of Qt fails the test that caused it."""
    said: list[str] = []

    def hear(kind: QtMsgType, context: object, text: str) -> None:
        if kind != QtMsgType.QtDebugMsg and not text.startswith(HARMLESS):
            said.append(text)

    before = qInstallMessageHandler(hear)
    yield
    qInstallMessageHandler(before)
    assert not said, said


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """No thread and no process outlives a test."""
    before = set(threading.enumerate())
    running = {each.pid for each in psutil.Process().children(recursive=True)}
    yield
    started = [e for e in psutil.Process().children(recursive=True) if e.pid not in running]
    _, alive = psutil.wait_procs(started, timeout=10)
    assert not alive, alive
    left = [thread for thread in threading.enumerate() if thread not in before]
    for thread in left:
        thread.join(2)
    assert not [thread for thread in left if thread.is_alive()]


@pytest.fixture
def window(qapp, qtbot, tmp_path) -> Iterator[Window]:
    """A window on its start page."""
    yield from opened(Window(Settings(tmp_path / "settings.json")), qtbot)


def opened(window: Window, qtbot) -> Iterator[Window]:
    """Shows a window, and closes it whatever is unsaved."""
    window.resize(1440, 900)
    window.show()
    qtbot.waitExposed(window)
    # Keys that an earlier test held are held no more: Qt asks for them when rows are selected.
    QTest.keyRelease(window, Qt.Key.Key_Shift)
    yield window
    if window.session is not None:
        window.session.mark_saved()
    window.close()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture(scope="module")
def shared(qapp, tmp_path_factory) -> Iterator[Callable[[str], Window]]:
    """A function: template name -> the one window of these tests, on a copy of it as it was.

    To make a window anew for each test takes longer than most of them.
    """
    place = tmp_path_factory.mktemp("shared")
    window = Window(Settings(place / "settings.json"))
    window.resize(1440, 900)
    window.show()
    assert QTest.qWaitForWindowExposed(window)

    def on(name: str) -> Window:
        folder = place / name
        if not folder.exists():
            templates.copy(name, folder)
        session = window.session
        if session is not None and session.folder == folder:
            session.jump(0)
        else:
            if session is not None:
                session.mark_saved()
            assert window.projects.open(folder)
        window.runner.show(None)
        window.panel("node")
        settle(window)
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        window.activateWindow()
        assert QTest.qWaitForWindowActive(window)
        return window

    yield on
    window.session.mark_saved()
    window.close()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def project(tmp_path) -> Callable[[str], Path]:
    """A function: template name -> a copy of it that may be changed."""

    def copy(name: str) -> Path:
        return templates.copy(name, tmp_path / name).parent

    return copy


@pytest.fixture
def cnn(window, project) -> Window:
    """A window on the template digits_cnn, whole in sight."""
    assert window.projects.open(project("digits_cnn"))
    window.canvas.frame(animated=False)
    settle(window)
    return window


def settle(window: Window) -> None:
    """Lets the window catch up with what was done."""
    for _ in range(5):
        QCoreApplication.processEvents()
    if window.session is not None:
        window.session.settle()
    QCoreApplication.processEvents()


def at(window: Window, point: QPointF):
    """A point of the scene, in the viewport."""
    return window.canvas.viewportTransform().map(point).toPoint()


def middle(window: Window, node: str):
    """The middle of a node, in the viewport."""
    return at(window, window.canvas.scene().nodes[node].rect.center())


def drag(window: Window, start, end, button=Qt.MouseButton.LeftButton, steps: int = 5) -> None:
    """Presses the button at a place of the viewport, and lets it go at another."""
    port = window.canvas.viewport()
    QTest.mousePress(port, button, Qt.KeyboardModifier.NoModifier, start)
    for step in range(1, steps + 1):
        QTest.mouseMove(port, start + (end - start) * step / steps)
        QCoreApplication.processEvents()
    QTest.mouseRelease(port, button, Qt.KeyboardModifier.NoModifier, end)
    settle(window)
