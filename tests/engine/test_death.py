"""A training that dies is told in a sentence, with the place: by any cause, whoever looks."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from studio.engine import process
from studio.engine.events import EventReader, EventWriter
from studio.engine.process import Found
from studio.engine.run import Run, attach
from studio.engine.runs import read_run
from tests.conftest import slow
from tests.engine.nursery import Nursery
from tests.engine.test_not_finite import PLAIN, classes, dense, project
from tests.engine.test_resume import begun

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes are forked here")


def callback(body: str) -> dict[str, Any]:
    """A project with a callback that does something at the beginning of the second epoch."""
    source = f"""class Deadly(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            {body}
"""
    return {
        "model": PLAIN,
        "code": {"Deadly": ("callback", source)},
        "callbacks": [{"op": "code:Deadly"}],
    }


def layer(body: str) -> dict[str, Any]:
    source = f"""class Deadly(keras.layers.Layer):
    def call(self, inputs):
        {body}
        return inputs
"""
    return {
        "model": [dense("wide", 4), {"id": "deadly", "op": "code:Deadly"}, dense("kind", 3)],
        "code": {"Deadly": ("layer", source)},
    }


SEGMENTATION_FAULT = "import ctypes; ctypes.memset(8, 1, 4)"
NO_ROOM = (
    "import resource; import numpy; "
    "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize(); "
    "resource.setrlimit(resource.RLIMIT_AS, (used + 2**28, used + 2**28)); {}"
)
TENSOR = "import tensorflow as tf; tf.zeros([30000, 30000])"
RAISED = "raise ValueError('no such thing')"
SELF_KILLED = "import os; os.kill(os.getpid(), 9)"

FAILURES: dict[str, tuple[dict[str, Any], tuple[str, str], list[str]]] = {
    "an exception in a callback": (
        callback(RAISED),
        ("code", "Deadly"),
        ['failed at "Deadly" (code): ValueError: no such thing'],
    ),
    "an exception in a folder that has been changed": (
        callback(f"import os; os.remove('project.json'); {RAISED}"),
        ("", ""),
        ["failed: ValueError: no such thing"],
    ),
    "an exception in a layer's code": (
        layer("import tensorflow as tf; tf.debugging.assert_less(inputs, -1e9, 'too much')"),
        ("model", "deadly"),
        ['failed at "deadly" (model)', "too much"],
    ),
    "a label without a class": (
        {"model": PLAIN, "y": classes({5 + 11: 7})},
        ("model", "kind"),
        ['a label 7 (of "rows" in data)', 'the output "kind" has 3 classes, 0 to 2', "8 units"],
    ),
    "a label below 0, without logits": (
        {
            "model": [dense("wide", 4), dense("kind", 3, activation="softmax")],
            "y": classes({5 + 11: -2}),
            "losses": {"kind": {"op": "keras.losses.SparseCategoricalCrossentropy"}},
        },
        ("model", "kind"),
        ["a label -2", "begin at 0"],
    ),
    "no memory for an array": (
        callback(NO_ROOM.format("numpy.ones((30000, 30000))")),
        ("code", "Deadly"),
        ["memory ran out", "A smaller batch_size (it is 5)"],
    ),
    "no memory for a tensor": (
        callback(NO_ROOM.format(TENSOR)),
        ("code", "Deadly"),
        ["memory ran out for a tensor of shape [30000, 30000] (3.6 GB)", "batch_size (it is 5)"],
    ),
}

DEATHS: dict[str, tuple[dict[str, Any], int, tuple[str, str], list[str], list[str]]] = {
    "a segmentation fault in a callback": (
        callback(SEGMENTATION_FAULT),
        -11,
        ("code", "Deadly"),
        ['was ended by the system (SIGSEGV) at "Deadly" (code)'],
        ['crashed (Segmentation fault) at "Deadly" (code)'],
    ),
    "a segmentation fault in a layer": (
        layer(SEGMENTATION_FAULT + " if hasattr(inputs, 'graph') else None"),
        -11,
        ("model", "deadly"),
        ['(SIGSEGV) at "deadly" (model)'],
        ['crashed (Segmentation fault) at "deadly" (model)'],
    ),
    "an abort": (
        callback("import os; os.abort()"),
        -6,
        ("code", "Deadly"),
        ["(SIGABRT)"],
        ["crashed (Aborted)"],
    ),
    "a kill": (
        callback(SELF_KILLED),
        -9,
        ("", ""),
        ["was ended by the system (SIGKILL); often this means that memory ran out", "5/5"],
        ["ended before it was done, by something outside or by the system"],
    ),
    "an exit": (
        callback("import os; os._exit(3)"),
        3,
        ("", ""),
        ["ended with code 3 before it was done"],
        ["ended before it was done"],
    ),
}


class Ended:
    """A process that has ended with a code, as whoever started it knows."""

    def __init__(self, code: int):
        self.code = code

    def poll(self) -> int:
        return self.code


# Of `fit` one that fails in Python, and one that fails in the graph.
BY_FIT = ("an exception in a callback", "a label without a class")
LONG = "no memory for a tensor"
WAYS = [(name, "custom") for name in FAILURES if name != LONG]
WAYS += [(name, "fit") for name in BY_FIT]
FURTHER = [(LONG, "custom"), *((name, "fit") for name in FAILURES if name not in BY_FIT)]


@pytest.mark.parametrize(("name", "loop"), [*WAYS, *slow(*FURTHER)])
def test_an_exception_is_told_with_its_place(
    name: str, loop: str, tmp_path: Path, nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, place, words = FAILURES[name]
    run = begun(project(tmp_path, loop=loop, **settings), tmp_path, monkeypatch)
    assert nursery.live(run, resume=False) == 1, (run / "log.txt").read_text()
    end = EventReader(run).read()[-1]
    assert end["state"] == "failed"
    assert (end["graph"], end["node"]) == place, end["message"]
    for each in words:
        assert each in end["message"], end["message"]
    assert "\n" not in end["message"]


@pytest.mark.parametrize("name", DEATHS)
def test_a_death_is_told_with_its_place(
    name: str, tmp_path: Path, nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, code, place, words, seen = DEATHS[name]
    monkeypatch.setattr(process, "GRACE", 0.0)
    for process_of, expected in ((lambda: Ended(code), words), (None, seen)):
        run = begun(project(tmp_path, **settings), tmp_path, monkeypatch)
        assert nursery.live(run, resume=False) == code, (run / "log.txt").read_text()
        known = read_run(run)  # a list that looks before anybody has told the end
        assert known.progress.state == "lost"
        for each in seen:
            assert each in known.progress.message
        follower = Run(run, process_of()) if process_of else attach(run)
        follower.poll()
        progress = follower.progress
        assert progress.state == "failed"
        assert (progress.graph, progress.node) == place, progress.message
        for each in expected:
            assert each in progress.message, progress.message
        assert "See " in progress.message and not (run / "process.json").exists()
        assert read_run(run).progress.message == progress.message


def test_a_machine_that_was_restarted_loses_its_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of the process may be another's by now, even one that looks the same."""
    run = begun(project(tmp_path, PLAIN), tmp_path, monkeypatch)
    writer = EventWriter(run)
    writer.write("state", state="running")
    writer.close()
    process.note(run)
    about = json.loads((run / "process.json").read_text())
    assert not process.other_boot(run)
    (run / "process.json").write_text(json.dumps(about | {"boot": "another start"}))
    assert not Found(run).there
    known = read_run(run)
    assert known.progress.state == "lost"
    assert "restarted" in known.progress.message and "studio resume" in known.progress.message
    follower = attach(run)
    follower.poll()
    assert follower.progress.state == "lost"
    assert read_run(run).progress.message == known.progress.message


def test_a_start_by_its_time_is_the_same_when_the_clock_is_set(tmp_path: Path) -> None:
    about = {"machine": process.platform.node(), "process": 1}
    for seconds, other in (("1000.0", False), ("1300.0", True)):
        (tmp_path / "process.json").write_text(json.dumps(about | {"boot": seconds}))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(process, "boot", lambda: "1003.5")
            assert process.other_boot(tmp_path) is other


def test_a_folder_without_its_project_is_told_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begun(project(tmp_path, PLAIN), tmp_path, monkeypatch)
    (run / "project.json").unlink()
    follower = Run(run, Ended(-11))
    follower.poll()
    assert "(SIGSEGV)" in follower.progress.message
