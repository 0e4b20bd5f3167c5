"""The first minute, from the start page to an exported file, by clicks alone."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from studio.gui.window import Window
from tests.gui.conftest import settle

LONG = 180_000
"""Milliseconds that a training may take on a busy machine."""


@pytest.fixture
def documents(tmp_path, monkeypatch) -> Path:
    """Where the person's documents are; the folder isn't there yet."""
    place = tmp_path / "documents"
    monkeypatch.setenv("XDG_DOCUMENTS_DIR", str(place))
    return place


def click(widget: QWidget) -> None:
    """A click of the mouse where the widget lies in the window: what covers it would get it."""
    window = widget.window()
    point = widget.mapTo(window, widget.rect().center())
    child = window.childAt(point)
    QTest.mouseClick(child, Qt.MouseButton.LeftButton, pos=child.mapFrom(window, point))


def ringed(window: Window) -> QWidget | None:
    return window.guide.ring.target if window.guide.ring.isVisible() else None


def test_the_card_begins_it_and_each_step_is_said_and_marked(window, documents, qtbot) -> None:
    first = window.start.first
    assert first.accessibleName() == "Handwritten digits"
    click(first)
    settle(window)
    assert window.session.path.parent == documents / "handwritten-digits"
    assert window.guide.step.name == "run" and window.guide.strip.isVisible()
    assert "Press Run" in window.guide.strip.text.text()
    assert ringed(window) is window.bar.run

    def around() -> bool:
        corner = window.bar.run.mapTo(window, QPoint(0, 0))
        return window.guide.ring.geometry().contains(window.bar.run.rect().translated(corner))

    qtbot.waitUntil(around)  # the bar may still have been laid out
    click(window.guide.strip.closer)
    assert not window.guide.going and not window.guide.strip.isVisible() and not ringed(window)
    window.run_command("help.first_minute")
    settle(window)
    assert window.session.path.parent.name == "handwritten-digits_2"
    window.projects.open(documents / "handwritten-digits")
    settle(window)
    assert not window.guide.going, "another project ends it"


def test_a_place_that_cant_be_written_to_is_said(window, tmp_path, monkeypatch) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_DOCUMENTS_DIR", str(tmp_path / "file" / "documents"))
    click(window.start.first)
    assert window.session is None and not window.guide.going
    assert "refused" in window.notices.by_key


@pytest.mark.slow
def test_six_clicks_lead_to_a_model_its_mistakes_and_a_file(window, documents, qtbot) -> None:
    guide, clicks = window.guide, 0

    def press(widget: QWidget) -> None:
        nonlocal clicks
        qtbot.waitUntil(lambda: widget.isVisible() and widget.isEnabled(), timeout=LONG)
        QApplication.processEvents()
        click(widget)
        clicks += 1

    def arrive(step: str) -> None:
        qtbot.waitUntil(lambda: guide.step.name == step, timeout=LONG)
        settle(window)

    press(window.start.first)
    arrive("run")
    press(ringed(window))
    arrive("watch")
    said = guide.strip.text.text()
    qtbot.waitUntil(lambda: guide.strip.text.text() != said, timeout=LONG)
    arrive("evaluate")
    run = window.runner.run.folder
    press(ringed(window))
    arrive("look")
    evaluation = json.loads((run / "artifacts/evaluation/test/evaluation.json").read_text())
    assert evaluation["split"] == "test"
    press(ringed(window))
    arrive("export")
    qtbot.waitUntil(lambda: ringed(window) is not None, timeout=LONG)
    press(ringed(window))
    arrive("done")
    assert clicks <= 6
    (told,) = json.loads((run / "artifacts" / "exports.json").read_text())["exports"]
    assert told["ok"] is True and told["format"] == "keras"
    assert "config.json" in zipfile.ZipFile(told["path"]).namelist()
    events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    test = next(each for each in events if each["event"] == "test")
    assert test["metrics"]["accuracy"] > 0.97
    press(guide.strip.next)
    assert not guide.going
