"""The script of a project: current, coloured, following the selection both ways, exported."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from studio.codegen.script import write_script
from studio.graph.document import Code
from studio.graph.edits import SetCode, SetParam
from studio.gui.python_colours import CODE, IN_DOUBLE, IN_SINGLE, spans, states
from studio.gui.script_view import ScriptView
from tests.gui.conftest import settle
from tests.gui.test_projects import Answers, notice

LEFT = Qt.MouseButton.LeftButton
NO_MODIFIER = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def code(cnn, qtbot):
    """A window whose code is in front, and written."""
    panel = cnn.panel("code")
    current(cnn, qtbot)
    panel.view.grab()
    return cnn


def current(window, qtbot) -> str:
    """The text in the panel once it is that of the project."""
    settle(window)
    qtbot.waitUntil(lambda: not window.docks["code"].panel.writer.busy, timeout=20_000)
    return window.docks["code"].panel.view.toPlainText()


def script_of(window) -> str:
    session = window.session
    return write_script(session.project, session.folder, report=session.report).text


def line_of(window, text: str) -> int:
    lines = window.docks["code"].panel.view.toPlainText().split("\n")
    return next(number for number, line in enumerate(lines, 1) if text in line)


def click_line(window, number: int) -> None:
    view = window.docks["code"].panel.view
    view.verticalScrollBar().setValue(max(number - 3, 0))
    block = view.document().findBlockByNumber(number - 1)
    rect = view.blockBoundingGeometry(block).translated(view.contentOffset())
    QTest.mouseClick(view.viewport(), LEFT, NO_MODIFIER, QPoint(40, round(rect.center().y())))
    settle(window)


def colours(view: ScriptView, number: int) -> dict[str, str]:
    """What of a line has which colour."""
    block = view.document().findBlockByNumber(number - 1)
    return {
        block.text()[each.start : each.start + each.length]: each.format.foreground().color().name()
        for each in block.layout().formats()
    }


def test_it_is_the_script_that_a_run_would_use(code) -> None:
    assert code.docks["code"].panel.view.toPlainText() == script_of(code)


def test_it_follows_edits_undo_and_redo(code, qtbot) -> None:
    first = current(code, qtbot)
    code.session.do(SetParam("model", "conv4", "filters", 48))
    assert "Conv2D(48" in current(code, qtbot)
    assert current(code, qtbot) == script_of(code)
    code.run_command("edit.undo")
    assert current(code, qtbot) == first
    code.run_command("edit.redo")
    assert "Conv2D(48" in current(code, qtbot)


def test_a_burst_of_edits_ends_with_the_last(code, qtbot) -> None:
    for filters in range(10, 40):
        code.session.do(SetParam("model", "conv4", "filters", filters), merge="conv4.filters")
    assert "Conv2D(39" in current(code, qtbot)


def test_an_edit_leaves_the_scrolling_and_the_selection_where_they_are(code, qtbot) -> None:
    view = code.docks["code"].panel.view
    number = line_of(code, "conv4 = ")
    view.verticalScrollBar().setValue(number - 5)
    cursor = view.textCursor()
    cursor.setPosition(view.document().findBlockByNumber(number - 1).position())
    cursor.movePosition(cursor.MoveOperation.EndOfLine, cursor.MoveMode.KeepAnchor)
    view.setTextCursor(cursor)
    chosen = cursor.selectedText()
    top = view.firstVisibleBlock().text()
    # It becomes longer above what is in sight.
    source = "class Twice(keras.layers.Layer):\n    def call(self, x):\n        return 2 * x\n"
    code.session.do(SetCode("Twice", Code("layer", source)))
    assert "class Twice" in current(code, qtbot)
    assert view.firstVisibleBlock().text() == top
    assert view.textCursor().selectedText() == chosen


def test_the_lines_of_the_selected_nodes_are_marked_and_in_sight(code) -> None:
    panel = code.docks["code"].panel
    code.select("model", ["conv1", "digit"])
    ranges = [panel.script.nodes["model", name] for name in ("conv1", "digit")]
    assert panel.view.marked == sorted(each for found in ranges for each in found)
    shown = panel.view.firstVisibleBlock().blockNumber() + 1
    assert any(begin >= shown for begin, _ in panel.view.marked)
    code.select("model", [])
    assert panel.view.marked == []


@pytest.mark.parametrize(("text", "node"), [("conv2 = ", "conv2"), ("skip = ", "skip")])
def test_a_click_on_a_line_selects_its_node(code, text, node) -> None:
    click_line(code, line_of(code, text))
    assert (code.graph, code.selected()) == ("model", [node])


def test_a_click_on_a_line_of_the_data_shows_the_data(code) -> None:
    click_line(code, line_of(code, "cache.shuffle("))
    assert code.graph == "data"
    assert code.selected() == ["shuffle"]


def test_enter_selects_the_node_of_the_line_with_the_cursor(code) -> None:
    view = code.docks["code"].panel.view
    cursor = view.textCursor()
    cursor.setPosition(view.document().findBlockByNumber(line_of(code, "pool = ") - 1).position())
    view.setTextCursor(cursor)
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert code.selected() == ["pool"]


def test_with_errors_the_last_script_stays_greyed_with_the_reason(code, qtbot) -> None:
    panel = code.docks["code"].panel
    before = current(code, qtbot)
    code.session.do(SetParam("model", "conv1", "filters", 0))
    assert current(code, qtbot) == before
    assert panel.view.stale
    assert 'model.nodes[1] "conv1": filters is 0' in panel.why.text()
    code.run_command("edit.undo")
    assert current(code, qtbot) == before
    assert not panel.view.stale
    assert panel.why.text() == ""


def test_an_empty_project_says_what_a_script_needs(window, qtbot) -> None:
    window.projects.new()
    panel = window.panel("code")
    assert current(window, qtbot) == ""
    assert "no data" in panel.why.text()


def test_it_is_not_written_while_it_is_not_seen(code, qtbot) -> None:
    before = current(code, qtbot)
    code.panel("log")
    settle(code)
    code.session.do(SetParam("model", "conv4", "filters", 48))
    assert current(code, qtbot) == before
    code.panel("code")
    assert "Conv2D(48" in current(code, qtbot)


def test_the_style_is_an_edit(code, qtbot) -> None:
    panel = code.docks["code"].panel
    panel.style_.setFocus()
    QTest.keyClick(panel.style_, Qt.Key.Key_End)
    assert code.session.project.model.style == "subclass"
    assert "(keras.Model)" in current(code, qtbot)
    code.run_command("edit.undo")
    assert "(keras.Model)" not in current(code, qtbot)
    assert panel.style_.currentText() == "Auto"


def test_copy_takes_the_whole_script_or_what_is_selected(code) -> None:
    panel = code.docks["code"].panel
    panel.copy()
    assert QApplication.clipboard().text() == script_of(code)
    cursor = panel.view.textCursor()
    cursor.movePosition(cursor.MoveOperation.Start)
    cursor.select(cursor.SelectionType.LineUnderCursor)
    panel.view.setTextCursor(cursor)
    panel.copy()
    assert QApplication.clipboard().text() == cursor.selectedText()


def test_the_exported_script_compiles_and_its_data_lies_beside_it(code, tmp_path) -> None:
    target = tmp_path / "out" / "train.py"
    target.parent.mkdir()
    code.projects.ask = Answers(file_to_write=target)
    code.run_command("file.export_script")
    assert target.read_text() == script_of(code)
    subprocess.run([sys.executable, "-m", "py_compile", target], check=True, timeout=60)
    assert [each.name for each in target.parent.rglob("*.gz")] == ["digits.csv.gz"]


def test_the_exported_notebook_holds_the_same_code(code, tmp_path) -> None:
    target = tmp_path / "train.ipynb"
    code.projects.ask = Answers(file_to_write=target)
    code.run_command("file.export_notebook")
    cells = json.loads(target.read_text())["cells"]
    assert any("def build_model" in "".join(cell["source"]) for cell in cells)


def test_the_exported_diagram_is_that_of_the_graph_in_front(code, tmp_path) -> None:
    code.projects.ask = Answers(file_to_write=tmp_path / "picture.svg")
    code.tabs.show("data")
    code.run_command("file.export_diagram")
    assert ">scale</text>" in (tmp_path / "picture.svg").read_text()
    code.projects.ask = Answers(file_to_write=tmp_path / "picture.gif")
    code.run_command("file.export_diagram")
    assert ".svg or .png" in notice(code, "refused").text


def test_what_can_not_be_exported_is_said(code) -> None:
    code.session.do(SetParam("model", "conv1", "filters", 0))
    code.run_command("file.export_script")
    assert "filters is 0" in notice(code, "refused").text


# The view


def test_lines_in_sight_are_coloured_and_no_others(code) -> None:
    view = code.docks["code"].panel.view
    view.verticalScrollBar().setValue(0)
    view.grab()
    number = line_of(code, "import keras")
    assert "import" in colours(view, number)
    assert colours(view, view.blockCount() - 1) == {}


def test_a_changed_line_is_coloured_anew_and_the_others_keep_theirs(qapp, qtbot) -> None:
    view = ScriptView()
    qtbot.addWidget(view)
    view.resize(400, 300)
    view.show()
    view.set_text('x = 1\ny = "a"\n')
    view.grab()
    assert list(colours(view, 1)) == ["1"]
    view.set_text('x = """1\ny = "a"\n"""\n')
    view.grab()
    assert list(colours(view, 2)) == ['y = "a"']
    view.set_text('y = "a"\n')
    view.grab()
    assert [each.strip('"') for each in colours(view, 1)][-1] in ("a", "")


WIDE = ("ä\n\U0001d6fc = 1\nb\n", "\U0001d6fc = 2\n")  # characters that are two to Qt
TEXTS = [
    "",
    "a\n",
    "a\nb\n",
    "b\n",
    "a\nx\nb\n",
    "x\ny\n",
    "a",
    "ä\n\U0001d6fc = 1\nb\n",
    "\U0001d6fc = 2\n",
    "\n\n",
]


@pytest.mark.parametrize("before", TEXTS)
@pytest.mark.parametrize("after", TEXTS)
def test_any_text_becomes_any_other(qapp, qtbot, before, after) -> None:
    view = ScriptView()
    qtbot.addWidget(view)
    view.set_text(before)
    view.set_text(after)
    assert view.toPlainText() == after


# Colours by line


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (['x = """a', "b", '"""', "c"], [CODE, IN_DOUBLE, IN_DOUBLE, CODE]),
        (["x = '''a", '"""', "'''", "c"], [CODE, IN_SINGLE, IN_SINGLE, CODE]),
        (['"""one line"""', "c"], [CODE, CODE]),
        (['# """', "c"], [CODE, CODE]),
        (['x = \'"""\'', "c"], [CODE, CODE]),
        (['"""a""" + """b', "c"], [CODE, IN_DOUBLE]),
        (['""', '"""', '"""', ""], [CODE, CODE, IN_DOUBLE, CODE]),
    ],
)
def test_a_line_knows_whether_it_begins_in_a_string(lines, expected) -> None:
    assert states(lines) == expected


@pytest.mark.parametrize("state", [CODE, IN_DOUBLE, IN_SINGLE])
@pytest.mark.parametrize("line", ["def f(x):", 'a = "b"  # c', 'end""" + 1', "x'''", "", "\t\\"])
def test_what_is_coloured_lies_within_the_line(line, state) -> None:
    for at, length, _ in spans(line, state):
        assert 0 <= at < at + length <= len(line)
