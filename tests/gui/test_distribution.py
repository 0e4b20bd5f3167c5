"""Devices, strategy, batches and cluster in the window; what is set there is in the document."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from studio.engine.files import standing_alone
from studio.graph.distribution import scaled, shared_out
from studio.graph.document import Project
from studio.graph.edits import SetParam, SetProject, SetTraining
from studio.graph.file import load, plain
from studio.graph.ops.strategies import CENTRAL, MIRRORED, MULTI_WORKER, ONE
from studio.gui.distribution.choosing import chosen, devices_of, with_chosen
from studio.gui.window import Window
from tests.conftest import events
from tests.gui.conftest import settle
from tests.gui.test_inspector import pick, type_over

pytestmark = pytest.mark.slow  # they take long, and one window is theirs for all that time

LONG = 400_000
CPU = {"type": "CPU", "name": "/physical_device:CPU:0"}
A100 = {"type": "GPU", "name": "NVIDIA A100"}


@pytest.fixture
def opened(shared):
    """A function: template name -> the panel's page about a copy of it, as it is at first, with
    devices that a machine could have."""

    def page_of(name: str, *found: dict[str, str]):
        window = shared(name)
        panel = window.panel("distribution")
        panel.attach(window.session)
        page = panel.page
        page._devices_told(list(found) or [CPU])
        settle(window)
        return page

    return page_of


def click(widget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def written(page) -> Any:
    """The distribution as project.json has it."""
    return plain(page.session.project).get("distribution")


def boxes(page) -> list[tuple[str, bool]]:
    return [(box.device, box.isChecked()) for box in page.boxes.boxes]


def facts(page) -> dict[str, str]:
    return dict(page.batch.facts.rows)


def tick(page, name: str) -> None:
    box = next(each for each in page.boxes.boxes if each.device == name)
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Space)
    settle(page.window_)


# Strategy and devices


def test_from_one_device_to_two_halves_of_it(opened, qtbot) -> None:
    """A person with a laptop tries MirroredStrategy, and takes it all back."""
    page = opened("digits_cnn")
    assert boxes(page) == [("CPU:0", True)] and not page.boxes.boxes[0].isEnabled()
    assert facts(page)["learning rate"] == "0.003"
    pick(qtbot, page.strategy.picker, "MirroredStrategy")
    settle(page.window_)
    assert written(page) == {"op": MIRRORED}
    assert "This machine has one device, CPU:0: split it below" in page.help.text()
    type_over(qtbot, page.virtual.editor, "2")
    settle(page.window_)
    assert written(page) == {"op": MIRRORED, "virtual_devices": 2}
    assert boxes(page) == [("CPU:0", True), ("CPU:1", True)]
    assert facts(page) == {"replicas": "2", "batch of a replica": "32", "learning rate": "0.003"}
    pick(qtbot, page.batch.scale.editor, "linear")
    settle(page.window_)
    assert written(page)["scale_learning_rate"] == "linear"
    assert facts(page)["learning rate"] == "0.003 × 2 = 0.006"
    pick(qtbot, page.batch.scale.editor, "sqrt")
    settle(page.window_)
    assert facts(page)["learning rate"] == "0.003 × √2 = 0.004243"
    type_over(qtbot, page.batch.batch.editor, "65")
    settle(page.window_)
    assert page.session.project.data.nodes["train"].params["batch_size"] == 65
    assert facts(page)["batch of a replica"] == "33 and 32"
    while page.session.project.distribution is not None:
        assert page.session.undo()
    settle(page.window_)
    assert page.strategy.picker.placeholderText() == "none"
    assert page.session.project.data.nodes["train"].params["batch_size"] == 64


def test_devices_are_ticked_by_the_keyboard(opened) -> None:
    page = opened("digits_cnn", CPU, A100, A100, A100)
    page.session.do(SetProject("distribution", {"op": MIRRORED}))
    settle(page.window_)
    assert boxes(page)[0] == ("GPU:0", True) and boxes(page)[3] == ("CPU:0", False)
    assert "NVIDIA A100" in page.boxes.boxes[0].text()
    tick(page, "GPU:1")
    assert written(page)["params"] == {"devices": ["GPU:0", "GPU:2"]}
    assert facts(page)["replicas"] == "2"
    tick(page, "GPU:0")
    tick(page, "GPU:2")  # the last one stays
    assert written(page)["params"] == {"devices": ["GPU:2"]}
    assert [name for name, on in boxes(page) if on] == ["GPU:2"]
    tick(page, "GPU:1")
    tick(page, "GPU:0")
    assert written(page) == {"op": MIRRORED}  # all there are, on any machine


def test_one_device_is_chosen_at_a_time(opened) -> None:
    page = opened("digits_cnn", CPU, A100)
    strategy = {"op": ONE, "params": {"device": "/device:GPU:0"}}
    page.session.do(SetProject("distribution", strategy))
    settle(page.window_)
    assert boxes(page) == [("GPU:0", True), ("CPU:0", False)]
    tick(page, "CPU:0")
    assert written(page)["params"] == {"device": "CPU:0"}
    assert boxes(page) == [("GPU:0", False), ("CPU:0", True)]


def test_a_device_that_isnt_there_stays_in_sight(opened) -> None:
    page = opened("digits_cnn")
    page.session.do(SetProject("distribution", {"op": MIRRORED, "params": {"devices": ["GPU:3"]}}))
    settle(page.window_)
    assert boxes(page) == [("CPU:0", False), ("GPU:3", True)]
    assert "not on this machine" in page.boxes.boxes[1].text()


CHOICES = [
    # what was found, parts, strategy, params, what trains
    ([CPU], None, MIRRORED, {}, ["CPU:0"]),
    ([CPU], 3, MIRRORED, {}, ["CPU:0", "CPU:1", "CPU:2"]),
    ([CPU, A100], 2, MIRRORED, {}, ["GPU:0", "GPU:1"]),
    ([CPU, A100, A100], None, CENTRAL, {}, ["GPU:0", "GPU:1"]),
    ([CPU, A100], None, MIRRORED, {"devices": ["/gpu:0", "CPU:0"]}, ["GPU:0", "CPU:0"]),
    ([CPU], None, ONE, {"device": "/CPU:0"}, ["CPU:0"]),
    ([CPU], None, MULTI_WORKER, {}, []),
]


@pytest.mark.parametrize(("found", "parts", "op", "params", "wanted"), CHOICES)
def test_which_devices_a_strategy_trains_with(found, parts, op, params, wanted) -> None:
    devices = devices_of(found, parts)
    assert chosen(op, params, devices, parts) == wanted
    if wanted:
        named = with_chosen(op, params, devices, parts, wanted)
        assert set(chosen(op, named, devices, parts)) == set(wanted)
        defaults = op != ONE and not params
        assert bool(named) != defaults


def test_batches_and_rates_are_shared_and_scaled() -> None:
    assert shared_out(64, 3) == [22, 22, 20]
    assert shared_out(2, 4) == [1, 1, 0, 0]
    assert (scaled(0.1, "linear", 4), scaled(0.1, "sqrt", 4), scaled(0.1, None, 4)) == (
        0.4,
        0.2,
        0.1,
    )


# What can't be done


def test_what_a_project_cant_do_under_a_strategy_is_said_and_mended(opened, qtbot) -> None:
    page = opened("digits_cnn")
    pick(qtbot, page.strategy.picker, "MultiWorkerMirroredStrategy")
    settle(page.window_)
    said = [problem.message for problem in page.problems.problems]
    assert len(said) == 1 and "fit can't train under MultiWorkerMirroredStrategy" in said[0]
    links = [b for b in page.problems.findChildren(type(page.boxes.look)) if b.isVisible()]
    click(links[0])
    settle(page.window_)
    assert page.session.project.training.loop == "custom"
    assert page.problems.problems == () and not page.problems.isVisible()


def test_a_problem_of_the_cluster_leads_to_its_line(opened) -> None:
    page = opened("multi_worker")
    cluster = {"worker": ["a:2222", "b"]}
    page.session.do(SetProject("distribution", {"op": MULTI_WORKER, "cluster": cluster}))
    window = page.window_
    settle(window)
    from studio.gui.panels.problems import go_to

    window.panel("node")
    go_to(window, next(each for each in window.session.errors if each.code == "bad-cluster"))
    settle(window)
    assert window.focusWidget() is page.addresses.rows[1].line


# The cluster


def test_the_tasks_of_a_cluster_are_named_and_told_their_tf_config(opened, qtbot) -> None:
    page = opened("parameter_server")
    assert page.configs.isHidden() and not page.no_hosts.isHidden()
    for _ in range(4):
        click(page.addresses.add)
        settle(page.window_)
    rows = page.addresses.rows
    assert [row.role for row in rows] == ["chief", "worker", "worker", "ps"]
    for row, address in zip(rows, ("a:1", "b:2", "b:3", "c:4"), strict=True):
        type_over(qtbot, row.line, address)
    settle(page.window_)
    cluster = {"chief": ["a:1"], "worker": ["b:2", "b:3"], "ps": ["c:4"]}
    assert written(page)["cluster"] == cluster
    page.configs.picker.setFocus()
    qtbot.keyClicks(page.configs.picker, "w")
    for each in (Qt.Key.Key_Down, Qt.Key.Key_Return):
        qtbot.keyClick(page.configs.picker.view(), each)
    told = json.loads(page.configs.text.toPlainText())
    assert told == {"cluster": cluster, "task": {"type": "worker", "index": 1}}
    click(page.configs.copy)
    assert json.loads(QGuiApplication.clipboard().text()) == told
    pick(qtbot, rows[3].picker, "worker")
    settle(page.window_)
    assert written(page)["cluster"]["worker"] == ["b:2", "b:3", "c:4"]
    page.session.undo()
    settle(page.window_)
    click(page.addresses.rows[2].remove)
    settle(page.window_)
    assert written(page)["cluster"] == cluster | {"worker": ["b:2"]}
    assert page.counts.told == "chief=1,worker=1,ps=1"


def test_an_address_that_is_none_is_said_and_not_taken(opened, qtbot) -> None:
    page = opened("multi_worker")
    click(page.addresses.add)
    settle(page.window_)
    row = page.addresses.rows[0]
    type_over(qtbot, row.line, "grpc://a:1")
    assert "with a protocol before the host" in row.wrong.text() and row.wrong.isVisible()
    assert written(page)["cluster"]["worker"][0].startswith("g") is False
    QTest.keyClick(row.line, Qt.Key.Key_Escape)
    assert row.line.text() == written(page)["cluster"]["worker"][0]
    assert not row.wrong.isVisible()


LOCAL = [
    ("multi_worker", "worker=2", ["chief", "worker"]),
    ("parameter_server", "chief=1,worker=2,ps=1", ["chief", "worker", "ps"]),
]


@pytest.mark.parametrize(("name", "told", "roles"), LOCAL)
def test_the_tasks_here_are_counted(opened, qtbot, name, told, roles) -> None:
    page = opened(name)
    assert page.counts.told == told
    assert [r for r, field in page.counts.fields.items() if field.isVisibleTo(page)] == roles
    type_over(qtbot, page.counts.fields["worker"].editor, "3")
    assert page.counts.command.text().endswith(told.replace("worker=2", "worker=3"))
    count = {"multi_worker": "replicas", "parameter_server": "workers"}[name]
    assert facts(page)[count] == "3"
    assert "cluster" not in written(page)  # how many there are here isn't the project's


def test_run_leads_to_the_tasks_where_a_strategy_needs_them(opened, monkeypatch) -> None:
    monkeypatch.delenv("TF_CONFIG", raising=False)
    page = opened("multi_worker")
    window = page.window_
    window.panel("node")
    click(window.bar.run)
    assert not window.runner.running
    assert window.focusWidget() is page.counts.start


def test_a_folder_for_a_cluster_is_written_as_the_command_does(opened, qtbot, tmp_path) -> None:
    """Of the project as it stands on the screen: what isn't saved is in it."""
    page = opened("multi_worker")
    page.session.do(SetTraining("epochs", 3))
    folder = page.folder
    assert not folder.begin.isEnabled()
    pick(qtbot, folder.fields["for"].editor, "kubernetes")
    assert folder.fields["image"].isVisibleTo(page)
    type_over(qtbot, folder.fields["image"].editor, "registry.example/digits:2")
    type_over(qtbot, folder.fields["gpus"].editor, "2")
    target = tmp_path / "out"
    type_over(qtbot, folder.place, str(target))
    QTest.keyClick(folder.place, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not folder.work.working, timeout=LONG)
    assert "out is ready for kubernetes" in folder.words.text()
    assert load(target / "project.json").training.epochs == 3
    manifest = (target / "tfjob.yaml").read_text()
    assert "registry.example/digits:2" in manifest and "nvidia.com/gpu: '2'" in manifest
    click(folder.begin)  # it is there already
    qtbot.waitUntil(lambda: not folder.work.working, timeout=LONG)
    assert "is there already, and not empty" in folder.words.text()


def test_options_are_those_that_an_engine_takes(opened, qtbot) -> None:
    page = opened("multi_worker")

    def shown() -> list[str]:
        return [name for name, f in page.folder.fields.items() if f.isVisibleTo(page)]

    assert shown() == ["for", "gpus", "cpus", "port"]
    assert page.folder.fields["gpus"].editor.placeholderText() == "1"
    pick(qtbot, page.folder.fields["for"].editor, "ssh")
    assert shown() == ["for", "gpus"]
    pick(qtbot, page.folder.fields["for"].editor, "indexed-job")
    assert shown() == ["for", "gpus", "cpus", "port", "image"]
    assert page.folder.fields["gpus"].editor.placeholderText() == "0"


def test_paths_outside_of_the_project_are_told_in_full(tmp_path) -> None:
    source = {"id": "rows", "op": "studio.data.csv", "params": {"path": "../rows.csv"}}
    from studio.graph.read import read_project

    project, _ = read_project({"studio": 1, "data": {"nodes": [source]}})
    found = standing_alone(project, tmp_path / "digits").data.nodes["rows"].params["path"]
    assert Path(found).resolve() == tmp_path / "rows.csv"
    inside = SetParam("data", "rows", "path", "data/rows.csv").apply(project)
    assert standing_alone(inside, tmp_path) == inside
    assert standing_alone(Project(), tmp_path) == Project()


def test_the_fastest_strategy_is_taken_over(opened) -> None:
    """What `studio speed --strategies` tells, as a table; its edit is the project's by a click."""
    from studio.engine.strategies import NONE, Advice, Measured, adopting, offered
    from studio.strategy_commands import _as_json

    page = opened("digits_cnn")
    ways = [NONE, *(each for each in offered(0) if each.key == "mirrored-2")]
    rows = [
        Measured(each.key, each.name, each.devices, "", ms, ms, ms, ms, ms)
        for each, ms in zip(ways, (4.0, 2.5), strict=True)
    ]
    lacks = Measured("tpu", "TPU", 8, "needs a TPU")
    edit = adopting(page.session.project, ways[1])
    found = Advice((*rows, lacks), 64, 0.1, 0, rows[1], edit)
    page.compare._done(json.dumps(_as_json(found)))
    table = page.compare.table
    texts = [[table.item(r, c).text() for c in range(3)] for r in range(3)]
    assert texts == [["none", "4", "100%"], ["Mirrored, 2 devices", "2.5", "80%"], ["TPU", "", ""]]
    assert "needs a TPU" in table.item(2, 0).toolTip()
    assert page.compare.words.text().startswith("Fastest: Mirrored, 2 devices, 1.60 times")
    click(page.compare.use)
    settle(page.window_)
    assert written(page) == {"op": MIRRORED, "virtual_devices": 2}
    assert page.session.project.training.loop == "custom"
    page.session.undo()
    assert written(page) is None


# Real processes

SHARING = """
import sys
import tensorflow as tf

parts = [tf.config.LogicalDeviceConfiguration()] * 3
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], parts)
strategy = tf.distribute.MirroredStrategy([f"CPU:{index}" for index in range(3)])
for size in map(int, sys.argv[1:]):
    batches = tf.data.Dataset.range(size).batch(size)
    for batch in strategy.experimental_distribute_dataset(batches):
        print(*(each.shape[0] for each in strategy.experimental_local_results(batch)))
"""


@pytest.mark.slow
def test_a_batch_is_shared_as_tensorflow_shares_it() -> None:
    sizes = (64, 65, 66, 2, 1)
    done = subprocess.run(
        [sys.executable, "-c", SHARING, *map(str, sizes)], capture_output=True, text=True
    )
    found = [[int(each) for each in line.split()] for line in done.stdout.splitlines()]
    assert found == [shared_out(size, 3) for size in sizes], done.stderr


@pytest.mark.slow
def test_the_devices_of_this_machine_are_asked_of_tensorflow(window, project, qtbot) -> None:
    assert window.projects.open(project("digits_cnn"))
    page = window.panel("distribution").page
    assert page.boxes.boxes == []
    qtbot.waitUntil(lambda: bool(page.boxes.boxes), timeout=LONG)
    assert "CPU:0" in [name for name, _ in boxes(page)]
    assert not page.asker.busy


@pytest.mark.slow
def test_a_cluster_on_this_machine_is_one_run_that_the_window_follows(opened, qtbot) -> None:
    page = opened("multi_worker")
    window: Window = page.window_
    for name, value in (("epochs", 2), ("callbacks", [])):
        page.session.do(SetTraining(name, value))
    settle(window)
    click(page.counts.start)
    runner = window.runner
    assert runner.running
    folder = runner.run.folder
    assert json.loads((folder / "cluster.json").read_text()) == {"roles": {"worker": 2}}
    qtbot.waitUntil(lambda: not runner.going(folder), timeout=LONG)
    assert runner.run.progress.state == "completed"
    assert window.bar.progress.text().startswith("completed in")
    epochs = [each for each in events(folder) if each["event"] == "epoch"]
    assert [each["epoch"] for each in epochs] == [1, 2]
    panel = window.docks["training"].panel
    qtbot.waitUntil(lambda: panel.board is not None and len(panel.board.plots) == 2)
