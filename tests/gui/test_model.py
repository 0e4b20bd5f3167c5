"""The model of a run in the window: exported, cancelled, proved, evaluated, asked.

Predictions are those of the real command. Exports and evaluations are told by a stand-in
(exporter.py), a process that speaks the same protocol: it can fail, hang and die when it is told.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import QEvent, QMimeData, QObject, QPoint, QPointF, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from studio.graph import templates
from studio.gui.settings import Settings
from studio.gui.trained import work
from studio.gui.trained.evaluation import figures_of
from studio.gui.trained.predict_page import first_rows
from studio.gui.trained.work import last_object, sentence_of
from studio.gui.window import Window
from studio.resources import ASSETS
from tests.conftest import studio
from tests.gui.conftest import opened, settle

LONG = 90_000
"""Milliseconds that a process may take on a busy machine."""

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture(scope="module")
def ran(tmp_path_factory) -> Path:
    """The folder of a project that has been trained for one epoch, once for all tests here."""
    folder = templates.copy("penguins", tmp_path_factory.mktemp("ran") / "penguins").parent
    done = studio("run", folder, "--epochs", 1, "--json")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def notes(tmp_path, monkeypatch) -> Path:
    """Where the stand-in notes its processes; all commands go to it."""
    monkeypatch.setattr(
        work, "STUDIO", (sys.executable, str(Path(__file__).parent / "exporter.py"))
    )
    monkeypatch.setenv("EXPORTER_NOTES", str(tmp_path / "notes"))
    return tmp_path / "notes"


@pytest.fixture
def model(window, ran, notes, qtbot):
    """The panel, with the formats of the run's model."""
    return listed(window, ran, qtbot)


def listed(window: Window, folder: Path, qtbot):
    assert window.projects.open(folder)
    window.run_command("run.export")
    panel = window.docks["model"].panel
    qtbot.waitUntil(lambda: bool(panel.pages["export"].list.rows.rows), timeout=LONG)
    settle(window)
    return panel


def the_run(folder: Path) -> Path:
    return next((folder / "runs").iterdir())


def click(widget) -> None:
    QTest.mouseClick(widget, LEFT)


def key(widget, *keys) -> None:
    for each in keys:
        QTest.keyClick(widget, each)


def tick(page, *names: str) -> None:
    """Clicks on the rows of formats."""
    for row, each in enumerate(page.list.rows.rows):
        if each.key in names:
            index = page.list.rows.index(row)
            page.list.scrollTo(index)
            place = page.list.visualRect(index).center()
            QTest.mouseClick(page.list.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, place)


def texts(table) -> list[list[str]]:
    return [
        [
            item.text() if (item := table.item(row, column)) is not None else ""
            for column in range(table.columnCount())
        ]
        for row in range(table.rowCount())
    ]


def gone(notes: Path) -> bool:
    """Whether neither the stand-in nor what it has started is there."""
    return not any(_alive(int(each)) for each in notes.read_text().split())


def _alive(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


class Opened(QObject):
    """Hears what the system would open."""

    def __init__(self) -> None:
        super().__init__()
        self.places: list[str] = []

    @Slot(QUrl)
    def take(self, url: QUrl) -> None:
        self.places.append(url.toLocalFile())


@pytest.fixture
def system():
    heard = Opened()
    QDesktopServices.setUrlHandler("file", heard, "take")
    yield heard
    QDesktopServices.unsetUrlHandler("file")


# Exporting


def test_formats_are_chosen_by_the_keyboard_exported_and_proved(
    model, ran, qtbot, system, tmp_path
) -> None:
    page = model.pages["export"]
    rows = page.list.rows
    assert model.name.text() == the_run(ran).name
    assert page.list.hasFocus() and not page.export.isEnabled()
    assert [each.title for each in rows.rows if not each.can] == [
        "LiteRT",
        "LiteRT float16",
        "LiteRT dynamic",
        "LiteRT int8",
    ]
    assert "StringLookup" in rows.reason(rows.index(5))
    assert rows.reason(rows.index(7)) == "For the same reason as LiteRT."
    high = page.list.visualRect(rows.index(5)).height()
    model.window_.resize(900, 900)
    settle(model.window_)
    assert page.list.visualRect(rows.index(5)).height() > high, "its reason wraps"
    model.window_.resize(1440, 900)
    settle(model.window_)
    key(page.list, Qt.Key.Key_Home, Qt.Key.Key_Space)
    key(page.list, *[Qt.Key.Key_Down] * 5, Qt.Key.Key_Space)  # this one can't be
    key(page.list, Qt.Key.Key_End, Qt.Key.Key_Space)
    tick(page, "onnx", "tflite")
    assert [each.key for each in rows.wanted] == ["keras", "onnx", "yaml"]
    assert page.export.text() == "Export 3" and page.place.text() == str(the_run(ran) / "artifacts")
    page.place.setText(str(tmp_path))

    said = []
    page.work.told.connect(lambda _: said.append((page.going.text.text(), page.going.bar.value())))
    key(page.list, Qt.Key.Key_Return)
    settle(model.window_)
    assert page.going.cancel.hasFocus() and not page.list.isEnabled()
    qtbot.waitUntil(lambda: not page.work.working, timeout=LONG)
    settle(model.window_)
    assert said == [
        ("Converting Keras, 1 of 3", 0),
        ("Converting ONNX, 2 of 3", 167),
        ("Converting YAML, 3 of 3", 333),
        ("Proving Keras, 1 of 3", 500),
        ("Proving ONNX, 2 of 3", 667),
        ("Proving YAML, 3 of 3", 833),
        ("Proving YAML, 3 of 3", 833),  # the report is told too, and is no progress
    ]
    tolerance = "Outputs may differ by 1e-05 of their scale."
    figures = ["14.2 KB", "3.1e-08", "0.979 → 0.979", "3.08 → 1.17", tolerance]
    assert texts(page.proofs) == [[name, *figures] for name in ("Keras", "ONNX", "YAML")]
    assert page.proofs.horizontalHeaderItem(3).text() == "accuracy"
    assert page.said.text() == "3 of 3 proved" and page.proofs.hasFocus()
    assert "model" not in model.window_.notices.by_key

    key(page.proofs, Qt.Key.Key_Down, Qt.Key.Key_Return)
    assert system.places == [str(tmp_path)]
    QTest.keyClick(page.proofs, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == str(tmp_path / "exported_model.onnx")
    click(page.again)
    assert page.list.hasFocus() and page.body.currentWidget() is page.list
    assert len(rows.wanted) == 3, "what was ticked stays"
    click(page.last)
    assert page.body.currentWidget() is page.proofs and len(texts(page.proofs)) == 3


def test_a_proof_that_fails_says_why(model, ran, qtbot, monkeypatch) -> None:
    monkeypatch.setenv("EXPORTER", "bad")
    page = model.pages["export"]
    tick(page, "h5", "savedmodel", "onnx")
    click(page.export)
    qtbot.waitUntil(lambda: not page.work.working, timeout=LONG)
    settle(model.window_)
    why = "The outputs differ by 0.31, where outputs may differ by 1e-05 of their scale."
    shown = texts(page.proofs)
    assert [row[0] for row in shown] == ["HDF5", "", "SavedModel", "ONNX"]
    assert shown[0][1:] == ["14.2 KB", "3.1e-01", "0.979 → 0.638", "3.08 → 1.17", ""]
    assert shown[1][1] == why
    assert shown[3][1] == "tf2onnx knows no StringLookup (node island)."
    table = page.proofs
    spoken = table.item(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == f"HDF5 failed: {why}"
    assert page.said.text() == "1 of 3 proved"
    notice = model.window_.notices.by_key["model"]
    assert notice.tone == "error"
    assert notice.text == "Not proved: HDF5, ONNX. The Model panel says why."
    table.setCurrentCell(1, 1)
    assert table.path == the_run(ran) / "artifacts" / "exported_model.h5"
    assert page.copy.isEnabled()
    table.setCurrentCell(3, 0)
    assert table.path is None and not page.copy.isEnabled() and not page.show_.isEnabled()
    high = table.rowHeight(1)
    model.window_.resize(900, 700)
    settle(model.window_)
    assert table.isColumnHidden(5) and table.rowHeight(1) >= high, "a long sentence wraps"
    monkeypatch.setenv("EXPORTER", "good")
    click(page.again)
    click(page.export)
    assert "model" not in model.window_.notices.by_key, "what was said is over"
    qtbot.waitUntil(lambda: not page.work.working, timeout=LONG)
    assert [row[0] for row in texts(page.proofs)] == ["HDF5", "SavedModel", "ONNX"]


@pytest.mark.parametrize("end", ["waits", "stubborn"])
def test_an_export_is_given_up_and_leaves_nothing(
    model, ran, qtbot, monkeypatch, notes, end
) -> None:
    monkeypatch.setenv("EXPORTER", end)
    monkeypatch.setattr(work, "GRACE", LONG if end == "waits" else 300)
    page = model.pages["export"]
    begin(page, qtbot)
    key(page.going.cancel, Qt.Key.Key_Space)
    assert page.going.text.text() == "Ending…" and not page.going.cancel.isEnabled()
    qtbot.waitUntil(lambda: not page.work.working, timeout=LONG)
    settle(model.window_)
    qtbot.waitUntil(lambda: gone(notes), timeout=LONG)
    if end == "waits":
        assert not (the_run(ran) / "artifacts" / ".export-half").exists()
    assert page.body.currentWidget() is page.list and page.list.isEnabled()
    assert page.export.hasFocus() and page.export.isEnabled()
    assert model.window_.said == "The export was given up."
    assert "model" not in model.window_.notices.by_key
    clean(ran)


def begin(page, qtbot) -> None:
    """Exports two formats, until the second is being proved."""
    tick(page, "keras", "h5")
    click(page.export)
    qtbot.waitUntil(lambda: page.going.text.text() == "Proving HDF5, 2 of 2", timeout=LONG)


def clean(folder: Path) -> None:
    """What a process that was killed couldn't take away."""
    shutil.rmtree(the_run(folder) / "artifacts" / ".export-half", ignore_errors=True)


@pytest.mark.parametrize("end", ["waits", "stubborn"])
def test_a_window_that_closes_ends_what_is_at_work(
    qapp, qtbot, ran, tmp_path, monkeypatch, notes, end
) -> None:
    window = Window(Settings(tmp_path / "settings.json"))
    life = opened(window, qtbot)
    next(life)
    panel = listed(window, ran, qtbot)
    monkeypatch.setenv("EXPORTER", end)
    if end == "stubborn":
        monkeypatch.setattr(work, "LAST", 300)
    begin(panel.pages["export"], qtbot)
    assert not gone(notes)
    next(life, None)
    qtbot.waitUntil(lambda: gone(notes), timeout=2000)
    if end == "waits":
        assert not (the_run(ran) / "artifacts" / ".export-half").exists()
    clean(ran)


@pytest.mark.parametrize(
    "end, sentence",
    [
        ("dies", "Nothing was exported. The process was ended by the system (SIGKILL)"),
        (
            "refused",
            "Nothing was exported. /proc can't be written: Permission denied. Name another",
        ),
    ],
)
def test_an_export_that_comes_to_nothing_says_why(
    model, ran, qtbot, monkeypatch, notes, end, sentence
) -> None:
    monkeypatch.setenv("EXPORTER", end)
    page = model.pages["export"]
    tick(page, "keras", "h5")
    click(page.export)
    qtbot.waitUntil(lambda: not page.work.working, timeout=LONG)
    settle(model.window_)
    notice = model.window_.notices.by_key["model"]
    assert notice.text.startswith(sentence) and notice.tone == "error"
    if end == "dies":
        qtbot.waitUntil(lambda: gone(notes), timeout=LONG)
    assert page.body.currentWidget() is page.list and page.export.isEnabled()
    clean(ran)


def test_formats_that_cant_be_listed_are_asked_for_again(
    window, ran, notes, qtbot, monkeypatch
) -> None:
    monkeypatch.setenv("EXPORTER", "none")
    assert window.projects.open(ran)
    window.run_command("run.export")
    page = window.docks["model"].panel.pages["export"]
    qtbot.waitUntil(page.waiting.button.isVisible, timeout=LONG)
    said = [label.text() for label in page.waiting._labels]
    assert said == [
        "The formats can't be listed",
        "The run's project.json can't be read: it is no JSON.",
    ]
    monkeypatch.setenv("EXPORTER", "good")
    click(page.waiting.button)
    qtbot.waitUntil(lambda: page.body.currentWidget() is page.list, timeout=LONG)
    assert len(page.list.rows.rows) == 12


def test_a_command_that_isnt_there_is_said(model, qtbot, monkeypatch) -> None:
    monkeypatch.setattr(work, "STUDIO", ("/nowhere/python",))
    page = model.pages["export"]
    tick(page, "keras")
    click(page.export)
    settle(model.window_)
    assert "can't be started" in model.window_.notices.by_key["model"].text
    assert not page.work.working and page.export.isEnabled()


# Which run


def test_another_run_is_shown_when_the_work_is_done(
    model, ran, qtbot, monkeypatch, tmp_path
) -> None:
    window, page = model.window_, model.pages["export"]
    first = the_run(ran)
    second = tmp_path / "runs" / first.name.replace("-penguins", "-other")
    shutil.copytree(first, second)
    monkeypatch.setenv("EXPORTER", "waits")
    begin(page, qtbot)
    window.runner.show(second)
    settle(window)
    assert model.name.text() == first.name and not model.other.isVisible()
    click(page.going.cancel)
    qtbot.waitUntil(lambda: not page.work.working, timeout=LONG)
    assert model.name.text() == first.name and model.other.isVisible()
    click(model.other)
    settle(window)
    assert model.name.text() == second.name and not model.other.isVisible()
    qtbot.waitUntil(lambda: bool(page.list.rows.rows), timeout=LONG)
    assert page.place.text() == str(second / "artifacts")

    (second / "artifacts" / "model.keras").unlink()
    window.runner.show(None)
    window.runner.show(second)
    assert model.body.currentWidget() is model.without
    title, said = (label.text() for label in model.without._labels)
    assert title == "This run has no model" and "has saved no model" in said
    window.run_command("run.evaluate")
    window.run_command("run.predict")
    assert not model.working and model.body.currentWidget() is model.without


def test_a_project_that_was_never_trained_says_what_to_do(window, project, notes) -> None:
    assert window.projects.open(project("penguins"))
    window.run_command("run.export")
    panel = window.docks["model"].panel
    assert panel.body.currentWidget() is panel.nothing and panel.nothing.button.text() == "Run"
    assert not notes.exists()


def test_code_that_came_with_a_run_isnt_run_before_it_is_trusted(
    window, ran, project, notes, qtbot
) -> None:
    folder = project("custom_layer")
    run = folder / "runs" / the_run(ran).name
    shutil.copytree(the_run(ran), run)
    shutil.copy(folder / "project.json", run)
    assert window.projects.open(folder)
    window.run_command("run.export")
    panel = window.docks["model"].panel
    assert panel.body.currentWidget() is panel.foreign
    assert "Projection" in panel.foreign._labels[1].text()
    window.run_command("run.evaluate")
    assert not panel.working and not panel.pages["export"]._lister.working
    panel.show_page("export")
    click(panel.foreign.button)
    qtbot.waitUntil(lambda: bool(panel.pages["export"].list.rows.rows), timeout=LONG)


# Evaluating


def test_an_evaluation_shows_its_figures_and_pictures(
    model, ran, qtbot, monkeypatch, system
) -> None:
    window, page = model.window_, model.pages["evaluate"]
    said = []
    page.work.told.connect(lambda _: said.append(page.going.text.text()))
    monkeypatch.setenv("EXPORTER", "refused")
    click(model.tabs["evaluate"])
    assert page.nothing.isVisible()
    click(page.nothing.button)
    qtbot.waitUntil(lambda: not page.work.working, timeout=LONG)
    assert window.notices.by_key["model"].text == (
        "The model can't be evaluated. The data file data/penguins.csv is gone."
    )
    monkeypatch.setenv("EXPORTER", "good")
    window.run_command("run.evaluate")
    assert page.going.isVisible() and "model" not in window.notices.by_key
    qtbot.waitUntil(lambda: not page.work.working, timeout=LONG)
    settle(window)
    assert said[:2] == ["Importing TensorFlow", "Evaluating, 1 of 2"]
    figures = [
        ["samples", "47"],
        ["loss", "0.213"],
        ["accuracy", "0.957"],
        ["species", ""],
        ["accuracy", "0.957"],
        ["macro F1", "0.950"],
        ["F1 of Adelie", "0.952"],
        ["F1 of Gentoo", "0.962"],
    ]
    assert texts(page.figures) == figures
    assert page.said.text() == '"mass" has no labels.'
    page.found.show_view("pictures")
    rows = page.pictures.rows
    shown = [rows.index(row).data() for row in range(rows.rowCount())]
    assert shown == ["Species ROC", "Species confusion"], "in the order of the report"
    first = page.pictures.visualRect(rows.index(0))
    window.resizeDocks([window.docks["model"]], [560], Qt.Orientation.Vertical)
    settle(window)
    larger, second = (page.pictures.visualRect(rows.index(each)) for each in (0, 1))
    assert larger.height() > first.height() and second.left() > larger.right()
    page.pictures.setFocus()
    key(page.pictures, Qt.Key.Key_Right, Qt.Key.Key_Return)
    place = the_run(ran) / "artifacts" / "evaluation" / "test"
    assert system.places == [str(place / "species-confusion.png")]
    assert window.projects.open(ran)  # as another day
    settle(window)
    window.run_command("run.export")
    click(model.tabs["evaluate"])
    assert texts(page.figures) == figures, "it is kept in the run"
    shutil.rmtree(place)


# Predicting


def drop(widget, *files: Path) -> None:
    """Drags files over a widget, which takes them, and lets them go there."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
    keys = (Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    copy = Qt.DropAction.CopyAction
    over = QDragEnterEvent(QPoint(20, 20), copy, data, *keys)
    over.ignore()
    QApplication.sendEvent(widget, over)
    assert over.isAccepted()
    there = QDropEvent(QPointF(20, 20), copy, data, *keys, QEvent.Type.Drop)
    QApplication.sendEvent(widget, there)


@pytest.mark.slow
def test_a_file_is_predicted_by_the_real_command(window, ran, qtbot, monkeypatch, tmp_path) -> None:
    assert window.projects.open(ran)
    missing = tmp_path / "<b>missing.csv"
    monkeypatch.setattr(window.projects.ask, "file_to_read", lambda *_: missing)
    window.run_command("run.predict")
    panel = window.docks["model"].panel
    page = panel.pages["predict"]
    settle(window)
    assert page.going.isVisible() is page.work.working
    qtbot.waitUntil(lambda: not page.work.working, timeout=LONG)
    title, said = (label.text() for label in page.nothing._labels)
    assert title == "<b>missing.csv can't be predicted" and said.endswith("is not there.")
    assert all(each.textFormat() == Qt.TextFormat.PlainText for each in page.nothing._labels)
    assert page.nothing.isVisible()

    rows = (ASSETS / "data" / "penguins.csv").read_text().splitlines()
    file = tmp_path / "birds.csv"
    file.write_text("\n".join([*rows, *rows[1:]]))
    drop(page, file, missing)
    assert window.notices.by_key["model"].text.startswith("Drop one file here")
    printed: list[str] = []
    page.work.done.connect(printed.append)
    drop(page, file)
    qtbot.waitUntil(lambda: page.work.working, timeout=LONG)
    assert "model" not in window.notices.by_key
    drop(page, missing)
    assert "are being predicted" in window.notices.by_key["model"].text
    qtbot.waitUntil(lambda: not page.work.working, timeout=LONG)
    settle(window)
    table = page.table
    assert table.isVisible() and table.hasFocus() and table.rowCount() == 200
    heads = [table.horizontalHeaderItem(each).text() for each in range(table.columnCount())]
    assert heads == ["row", "species", "species_probability"]
    found = texts(table)
    assert {row[1] for row in found} <= {"Adelie", "Chinstrap", "Gentoo"}
    told = json.loads("".join(printed))
    assert page.said.text() == f"birds.csv · the first 200 of {len(told)} rows"
    assert [row[:2] for row in found] == [[str(row["row"]), row["species"]] for row in told[:200]]
    assert [row[2] for row in found] == [f"{row['species_probability']:.3f}" for row in told[:200]]
    saved = tmp_path / "answers"
    monkeypatch.setattr(window.projects.ask, "file_to_write", lambda *_: saved)
    click(page.save)
    assert window.said == f"The predictions are in {saved}.csv."
    lines = saved.with_suffix(".csv").read_text().splitlines()
    assert lines[0] == "row,species,species_probability" and len(lines) == len(told) + 1
    row, species, likely = lines[-1].split(",")
    assert (row, species) == (str(told[-1]["row"]), told[-1]["species"])
    assert float(likely) == pytest.approx(told[-1]["species_probability"], rel=1e-5)
    saved = tmp_path / "nowhere" / "answers.csv"
    click(page.save)
    assert "can't be written: No such file or directory" in window.notices.by_key["model"].text


# What is read of what a command prints


@pytest.mark.parametrize(
    "printed, rows, of",
    [
        ('[{"a": 1}, {"a": 2}, {"a": 3}]', [{"a": 1}, {"a": 2}], 3),
        ("[]", [], 0),
        ('[{"a": 1}, {"a": 2}, {"a": 3}, {"a', [{"a": 1}, {"a": 2}], None),
        ('[\n {"a": 1},\n {"a": 2', [{"a": 1}], None),
        ("[1, 2]", None, None),
        ('{"a": 1}', None, None),
        ("Nothing", None, None),
        ("", None, None),
    ],
)
def test_the_first_rows_of_a_table_that_may_be_cut_off(printed, rows, of) -> None:
    assert first_rows(printed, 2) == (rows, of)


@pytest.mark.parametrize(
    "said, sentence",
    [
        ("studio: It is gone. Look for it.\n", "It is gone. Look for it."),
        ("W0000 tensorflow\nerror: data: a\nerror: data: b\n", "data: a data: b"),
        ("usage: studio\nstudio: error: no such word\n", "no such word"),
        ("Killed\n", "Killed"),
        ("", ""),
    ],
)
def test_what_a_command_has_said(said, sentence) -> None:
    assert sentence_of(said) == sentence


def test_the_last_object_is_the_answer() -> None:
    assert last_object('{"at": "keras"}\n{"exports": []}\n') == {"exports": []}
    assert last_object('{\n "exports": []\n}\n') == {"exports": []}
    assert last_object("[1]\n") is None and last_object("") is None


def test_figures_of_a_report_that_is_another() -> None:
    assert figures_of(
        {"outputs": [{"name": "mass", "mae": 293.04, "r2": 0.81}], "left_out": 3}
    ) == [
        ("mass", ""),
        ("MAE", "293.040"),
        ("R²", "0.810"),
    ]
    assert figures_of({"outputs": "none", "keras": {"loss": True}}) == []
