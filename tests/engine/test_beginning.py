"""A training that doesn't come to its first step says where it is."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from studio.engine import beginning
from studio.engine.events import EventReader, EventWriter
from studio.engine.run import LINES, SCRIPT
from studio.graph.file import load
from tests.conftest import ROOT

TEXT = "import time\n\n\ndef make_datasets():\n    time.sleep(1.5)\n"


@pytest.fixture
def told(tmp_path: Path):
    """A function: how many steps are done in the end -> what is told of a script that waits."""

    def tell(steps: int) -> list[dict]:
        (tmp_path / SCRIPT).write_text(TEXT, encoding="utf-8")
        (tmp_path / LINES).write_text(json.dumps({"data:split": [[5, 5]]}), encoding="utf-8")
        project, done = load(ROOT / "templates" / "digits_cnn"), [0]
        events = EventWriter(tmp_path)
        watch = beginning.Beginning(tmp_path, project, events, lambda: done[0], seconds=0.3)
        names: dict = {}
        exec(compile(TEXT, str(tmp_path / SCRIPT), "exec"), names)
        watch.start()
        done[0] = steps
        names["make_datasets"]()
        watch.close()
        events.close()
        return EventReader(tmp_path).read()

    return tell


def test_a_stage_that_takes_long_is_named_once(told) -> None:
    (event,) = told(0)
    assert event["event"] == "problem"
    assert (event["code"], event["graph"], event["node"]) == ("slow-start", "data", "split")
    assert event["line"] == 5
    assert 'at "split" (data)' in event["message"]


def test_nothing_is_said_where_steps_are_done(told) -> None:
    assert told(3) == []


@pytest.mark.slow
def test_a_generator_without_an_end_is_told_by_a_real_run(tmp_path, monkeypatch) -> None:
    from studio.engine.run import start, wait
    from tests.templates import template_folder

    found = load(template_folder("generator"))
    code = found.code["moons"]
    endless = code.source.replace("range(count)", "iter(int, 1)")
    source = found.data.nodes["moons"]
    params = {name: value for name, value in source.params.items() if name != "count"}
    nodes = found.data.nodes | {"moons": replace(source, params=params)}
    project = replace(
        found,
        code=found.code | {"moons": replace(code, source=endless)},
        data=replace(found.data, nodes=nodes),
    )
    made = start(project, template_folder("generator"), tmp_path)
    until = time.monotonic() + 120
    while not made.progress.problem and not made.progress.ended and time.monotonic() < until:
        time.sleep(0.2)
        made.poll()
    assert made.progress.problem["code"] == "slow-start"
    assert made.progress.problem["node"] == "split"
    made.kill()
    assert wait(made, 30)
