"""Events are appended whole and read as they come."""

from __future__ import annotations

import math

from studio.engine.events import NAME, EventReader, EventWriter


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
