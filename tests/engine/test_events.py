"""Events are appended whole and read as they come."""

from __future__ import annotations

import math

from studio.engine.events import NAME, EventReader, EventWriter
from studio.engine.members import log_of, members
from studio.engine.progress import Progress


def test_what_is_written_is_read_once(tmp_path):
    writer, reader = EventWriter(tmp_path), EventReader(tmp_path)
    assert reader.read() == []
    writer.write("step", step=1, epoch=1, metrics={"loss": 0.5})
    writer.write("step", step=2, epoch=1, metrics={"loss": 0.25})
    assert [event["step"] for event in reader.read()] == [1, 2]
    assert reader.read() == []
    writer.write("epoch", epoch=1, metrics={})
    assert [event["event"] for event in reader.read()] == ["epoch"]
    writer.close()


def test_a_line_that_is_not_whole_waits(tmp_path):
    reader = EventReader(tmp_path)
    path = tmp_path / NAME
    path.write_bytes(b'{"event": "a"}\n{"event": "b"')
    assert [event["event"] for event in reader.read()] == ["a"]
    with path.open("ab") as file:
        file.write(b', "x": 1}\n')
    assert reader.read() == [{"event": "b", "x": 1}]


def test_a_line_that_a_crash_cut_short_is_passed_over(tmp_path):
    (tmp_path / NAME).write_bytes(b'{"event": "a"}\n{"eve\n[1]\n{"event": "b"}\n')
    assert [event["event"] for event in EventReader(tmp_path).read()] == ["a", "b"]


def test_a_number_that_is_not_finite_is_null_so_that_a_line_is_always_json(tmp_path):
    writer = EventWriter(tmp_path)
    writer.write("step", step=1, epoch=1, metrics={"loss": math.nan, "top": math.inf})
    writer.close()
    assert EventReader(tmp_path).read()[0]["metrics"] == {"loss": None, "top": None}


def test_no_folder_no_events(tmp_path):
    assert EventReader(tmp_path / "none").read() == []


def test_members_are_told_with_their_deaths_until_they_are_all_started_again(tmp_path):
    writer, progress = EventWriter(tmp_path), Progress()
    writer.write("state", state="queued")
    writer.write("member", task="worker:1", state="started", process=7)
    writer.write("member", task="worker:1", state="died", message="The task worker 1 was ended.")
    writer.write("member", task="worker:1", state="started", process=8)
    writer.write("member", task="worker:0", state="ended")
    for wrong in ({"task": 1}, {"state": None}, {"process": "7"}, {"message": []}):
        writer.write("member", **({"task": "ps:0", "state": "started"} | wrong))
    for event in EventReader(tmp_path).read():
        progress.take(event)
    assert list(progress.members) == ["worker:1", "worker:0"]
    assert progress.members["worker:1"] == {
        "task": "worker:1",
        "state": "started",
        "process": 8,
        "message": "The task worker 1 was ended.",
        "deaths": 1,
    }
    assert [each["state"] for each in members(tmp_path)] == ["started", "ended"]
    writer.write("state", state="failed", message="It died.", task="worker:1")
    assert [each["state"] for each in members(tmp_path)] == ["ended", "ended"]
    writer.write("state", state="queued")
    assert members(tmp_path) == []


def test_a_file_that_a_task_writes_to_is_never_one_elsewhere(tmp_path):
    (tmp_path / "log-worker-1.txt").touch()
    assert log_of(tmp_path, "worker:1") == "log-worker-1.txt"
    for name in ("", "chief:0", "../worker:1", "worker:x", "worker:1/.."):
        assert log_of(tmp_path, name) == "log.txt"
