"""The page of a window without a project: recent projects, and templates as pictures."""

from __future__ import annotations

import os
import re
from datetime import datetime

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from studio.graph.checks import check
from studio.graph.templates import available
from studio.gui import thumbnails
from studio.gui.look.theme import theme
from studio.gui.recent import recent, recent_menu
from studio.gui.start_lists import PICTURE
from studio.resources import TEMPLATES
from tests.conftest import TEMPLATES as NAMES
from tests.gui.conftest import settle
from tests.gui.test_projects import Answers

LEFT = Qt.MouseButton.LeftButton
NO_MODIFIER = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def page(window, qtbot):
    """The page, with all pictures drawn."""
    qtbot.waitUntil(lambda: not window.start.busy, timeout=30_000)
    return window.start


def click(view, row: int) -> None:
    place = view.visualRect(view.model().index(row, 0)).topLeft() + QPoint(20, 20)
    QTest.mouseClick(view.viewport(), LEFT, NO_MODIFIER, place)


def test_every_template_is_a_card_with_its_name_sentence_and_picture(page) -> None:
    cards = page.cards
    names = [cards.name(cards.index(row)) for row in range(cards.rowCount())]
    assert names == NAMES
    for row, name in enumerate(names):
        assert cards.about(cards.index(row)) == available()[name]
        assert cards.picture(name).deviceIndependentSize().toSize() == PICTURE


def test_a_picture_shows_the_graph_in_the_colours_of_the_theme(qapp) -> None:
    path = TEMPLATES / "digits_cnn" / "project.json"
    theme.apply("dark")
    dark = thumbnails.thumbnail(path, PICTURE)
    theme.apply("light")
    light = thumbnails.thumbnail(path, PICTURE)
    assert dark.pixelColor(2, 2).name() != light.pixelColor(2, 2).name()
    colours = {light.pixelColor(x, y).name() for x in range(480) for y in range(0, 296, 4)}
    assert len(colours) > 20, "there is nothing on it"


def test_a_picture_is_drawn_once_and_again_for_another_content(qapp, project, monkeypatch) -> None:
    path = project("digits_mlp") / "project.json"
    first = thumbnails.thumbnail(path, PICTURE)
    kept = list(thumbnails.cache_folder().glob("*.png"))
    assert len(kept) == 1
    with monkeypatch.context() as patch:
        patch.setattr(thumbnails, "_drawn", lambda *_: pytest.fail("drawn a second time"))
        assert thumbnails.thumbnail(path, PICTURE) == first
    path.write_text(path.read_text().replace("hidden1", "renamed"))
    assert thumbnails.thumbnail(path, PICTURE) != first
    assert len(list(thumbnails.cache_folder().glob("*.png"))) == 2
    kept[0].write_bytes(b"no picture")
    path.write_text(path.read_text().replace("renamed", "hidden1"))
    assert thumbnails.thumbnail(path, PICTURE) == first


def test_what_is_no_project_has_an_empty_picture(qapp, tmp_path) -> None:
    assert thumbnails.thumbnail(tmp_path / "none.json", PICTURE).isNull()
    (tmp_path / "bad.json").write_text("[]")
    assert thumbnails.thumbnail(tmp_path / "bad.json", PICTURE).isNull()


@pytest.mark.parametrize("name", ["penguins", "images_from_folder"])
def test_a_card_makes_a_project_in_the_folder_that_is_asked_for(
    name, window, page, tmp_path
) -> None:
    place = tmp_path / "mine"
    place.mkdir()
    window.projects.ask = Answers(folder_for=place)
    click(page.templates, NAMES.index(name))
    assert window.session.path == place / "project.json"
    assert window.session.name == name
    assert check(window.session.project, place).problems == []


def test_a_folder_that_is_not_empty_gets_a_new_one_inside(window, page, tmp_path) -> None:
    (tmp_path / "digits_cnn").mkdir()
    window.projects.ask = Answers(folder_for=tmp_path)
    click(page.templates, NAMES.index("digits_cnn"))
    assert window.session.path == tmp_path / "digits_cnn_2" / "project.json"


def test_going_back_from_the_question_stays_on_the_page(window, page) -> None:
    window.projects.ask = Answers(folder_for=None)
    click(page.templates, 0)
    assert window.session is None


def test_arrows_walk_the_cards_and_enter_makes_one(window, page, tmp_path) -> None:
    window.projects.ask = Answers(folder_for=tmp_path / "new")
    page.templates.setFocus()
    page.templates.setCurrentIndex(page.cards.index(0))
    QTest.keyClick(page.templates, Qt.Key.Key_Right)
    assert page.templates.currentIndex().row() == 1
    QTest.keyClick(page.templates, Qt.Key.Key_Down)
    assert page.templates.currentIndex().row() > 2
    QTest.keyClick(page.templates, Qt.Key.Key_Left)
    name = page.cards.name(page.templates.currentIndex())
    QTest.keyClick(page.templates, Qt.Key.Key_Return)
    assert window.session.path == tmp_path / "new" / name / "project.json"


def test_recent_projects_are_listed_the_last_one_first_and_opened(window, page, project) -> None:
    paths = [project(name) / "project.json" for name in ("digits_cnn", "penguins")]
    for path in paths:
        assert window.projects.open(path)
    window.run_command("file.leave")
    settle(window)
    rows = [page.rows.at(page.rows.index(row)) for row in range(page.rows.rowCount())]
    assert [row.name for row in rows] == ["penguins", "digits_cnn"]
    # Midnight may have gone by since they were opened.
    assert all(re.fullmatch(r"(today|yesterday) \d\d:\d\d", row.when) for row in rows)
    click(page.recent, 1)
    assert window.session.path == paths[0]


def test_a_project_that_is_gone_is_listed_as_missing_and_taken_off_the_list(
    window, page, tmp_path
) -> None:
    window.settings.opened(tmp_path / "gone" / "project.json")
    page.refresh()
    settle(window)
    assert page.rows.at(page.rows.index(0)).missing
    click(page.recent, 0)
    assert window.session is None
    assert "can't be read" in window.notices.by_key["refused"].text
    row = page.recent.visualRect(page.rows.index(0))
    QTest.mouseClick(
        page.recent.viewport(),
        LEFT,
        NO_MODIFIER,
        page.recent.itemDelegate().cross(row).center(),
    )
    assert page.rows.rowCount() == 0
    assert window.settings.recent == []


def test_delete_takes_a_project_off_the_list(window, page, tmp_path) -> None:
    for name in ("a", "b"):
        window.settings.opened(tmp_path / name / "project.json")
    page.refresh()
    page.recent.setFocus()
    page.recent.setCurrentIndex(page.rows.index(0))
    QTest.keyClick(page.recent, Qt.Key.Key_Delete)
    assert [path.parent.name for path in window.settings.recent] == ["a"]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (datetime(2026, 3, 10, 9, 5), "today 09:05"),
        (datetime(2026, 3, 9, 23, 59), "yesterday 23:59"),
        (datetime(2026, 3, 5), "5 days ago"),
        (datetime(2025, 3, 5), "2025-03-05"),
        (datetime(2026, 3, 11), "today 00:00"),
    ],
)
def test_when_is_said_in_words(tmp_path, written, said) -> None:
    path = tmp_path / "digits" / "project.json"
    path.parent.mkdir()
    path.touch()
    os.utime(path, (written.timestamp(), written.timestamp()))
    (row,) = recent([path], datetime(2026, 3, 10, 12))
    assert (row.name, row.when) == ("digits", said)


def test_the_menu_of_recent_projects_opens_one(window, project) -> None:
    path = project("digits_cnn") / "project.json"
    window.settings.opened(path)
    menu = recent_menu(window)
    menu.actions()[0].trigger()
    assert window.session.path == path
    menu.deleteLater()


def test_a_new_project_begins_with_the_keyboard_alone(window, page) -> None:
    page.setFocus()
    QTest.keyClick(page, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    settle(window)
    assert window.session is not None
    assert window.session.path is None
