"""The colours can be read, the fonts and icons are there, and every widget says what it is."""

from __future__ import annotations

import re

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFontInfo
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLineEdit, QWidget

from studio.gui.docks import PLACES
from studio.gui.look.icons import icon
from studio.gui.look.sheet import style_sheet
from studio.gui.look.theme import mono, sans
from studio.gui.look.tokens import FAMILIES, TEXT_ON, THEMES, contrast
from studio.gui.settings import Settings
from studio.gui.window import Window
from studio.resources import ASSETS
from tests.gui.conftest import opened, settle


@pytest.mark.parametrize("tokens", THEMES.values(), ids=THEMES)
@pytest.mark.parametrize(("text", "grounds"), TEXT_ON, ids=[text for text, _ in TEXT_ON])
def test_text_is_read_on_every_ground_it_stands_on(tokens, text: str, grounds) -> None:
    for ground in grounds:
        found = contrast(getattr(tokens, text), getattr(tokens, ground))
        assert found >= 4.5, f"{text} on {ground}: {found:.2f}"


@pytest.mark.parametrize("tokens", THEMES.values(), ids=THEMES)
def test_marks_stand_out_from_their_ground(tokens) -> None:
    for family, colour in FAMILIES.items():
        for ground in ("node", "panel"):
            assert contrast(colour, getattr(tokens, ground)) >= 2.5, (family, ground)
    for mark in ("accent", "good", "warning", "error"):
        assert contrast(getattr(tokens, mark), tokens.canvas) >= 3


@pytest.mark.parametrize("tokens", THEMES.values(), ids=THEMES)
def test_the_style_sheet_names_only_colours_of_the_theme_and_icons_that_are_there(tokens) -> None:
    sheet = style_sheet(tokens)
    colours = {getattr(tokens, name) for name in tokens.__struct_fields__}
    assert set(re.findall(r"#[0-9A-Fa-f]{6}\b", sheet)) <= colours
    for path in re.findall(r"url\(([^)]+)\)", sheet):
        assert (ASSETS / "icons" / path.rpartition("/")[2]).is_file(), path


def test_the_fonts_are_those_that_studio_brings(qapp) -> None:
    assert QFontInfo(sans()).family() == "Inter"
    assert QFontInfo(mono()).family() == "JetBrains Mono"


def test_an_icon_takes_the_colour_it_is_given(qapp) -> None:
    image = icon("play", "#FF0000").pixmap(32, 32).toImage()
    colours = {
        image.pixelColor(x, y).name()
        for x in range(32)
        for y in range(32)
        if image.pixelColor(x, y).alpha() == 255
    }
    assert colours == {QColor("#FF0000").name()}


def test_every_widget_that_takes_the_focus_says_what_it_is(cnn) -> None:
    for place in PLACES:
        cnn.panel(place.name)
        settle(cnn)
    cnn.canvas.scene().select(["conv1"])
    settle(cnn)
    nameless = []
    for widget in cnn.findChildren(QWidget):
        takes = widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        if not takes or not widget.isVisibleTo(cnn) or widget.objectName().startswith("qt_"):
            continue
        said = widget.accessibleName() or widget.toolTip()
        if isinstance(widget, QAbstractButton):
            said = said or widget.text()
        inner = isinstance(widget.parent(), QComboBox) and isinstance(widget, QLineEdit)
        if not said and not inner:
            nameless.append(f"{type(widget).__name__} in {type(widget.parent()).__name__}")
    assert not nameless, sorted(set(nameless))


def test_a_floating_panel_and_a_hidden_one_are_put_back(cnn) -> None:
    cnn.docks["code"].setFloating(True)
    cnn.docks["library"].hide()
    settle(cnn)
    cnn.run_command("view.reset")
    settle(cnn)
    assert not cnn.docks["code"].isFloating()
    assert not cnn.docks["library"].isHidden()


def test_the_layout_is_remembered(qapp, qtbot, tmp_path, project) -> None:
    kept = tmp_path / "kept.json"
    for turn in (1, 2):
        for window in opened(Window(Settings(kept)), qtbot):
            path = project("digits_mlp") if turn == 1 else window.settings.recent[0]
            assert window.projects.open(path)
            settle(window)
            assert window.docks["outline"].isHidden() == (turn == 2)
            window.docks["outline"].hide()
