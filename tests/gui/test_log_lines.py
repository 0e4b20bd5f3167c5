"""The lines of a log: as a terminal would leave them, and which of them matter."""

from __future__ import annotations

import json

import pytest

from studio.gui.log_lines import FIRST, LogReader, plain


@pytest.mark.parametrize(
    "written, shown",
    [
        (b"Epoch 1/2", "Epoch 1/2"),
        (b"\x1b[1m\x1b[32mgood\x1b[0m\x1b[37m\x1b[0m", "good"),
        (b"\x1b]0;title\x07text", "text"),
        (b"10 %\r50 %\r100 %", "100 %"),
        (b"from windows\r", "from windows"),
        (b"\x08\x08\x0823/23", "23/23"),
        ("schön \u202e gedreht".encode(), "schön  gedreht"),
        (b"\xff\x00", "�"),
        (b"\tin", "\tin"),
    ],
)
def test_a_line_is_shown_as_a_terminal_would_leave_it(written, shown) -> None:
    assert plain(written) == shown


TRACEBACK = """Epoch 1/2
W0000 00:00:17 cpu.cc:12] something slow
E0000 00:00:17 cuda.cc:12] no device
Traceback (most recent call last):
  File "/runs/x/train.py", line 12, in <module>
    main()
  File "/runs/x/train.py", line 31, in build
    x = Own()(x)
  File "/lib/other.py", line 31, in call
ValueError: no
after
"""


def test_errors_are_seen_and_lead_to_their_nodes(tmp_path) -> None:
    (tmp_path / "lines.json").write_text(json.dumps({"block:b:own": [[30, 32]], "model:x": []}))
    (tmp_path / "log.txt").write_text(TRACEBACK)
    lines = LogReader(tmp_path).read()
    assert [line.tone for line in lines] == ["text", "warning", *["error"] * 8, "text"]
    assert [line.text for line in lines if line.node] == [lines[6].text]
    assert lines[6].node == ("block:b", "own")


def test_it_is_read_as_it_grows_and_half_a_line_waits(tmp_path) -> None:
    reader = LogReader(tmp_path)
    assert reader.read() == []
    with (tmp_path / "log.txt").open("w") as file:
        found = []
        for piece in ("one\ntw", "o\n", "", "three", "\n\n"):
            file.write(piece)
            file.flush()
            found.append([line.text for line in reader.read()])
    assert found == [["one"], ["two"], [], [], ["three", ""]]


def test_of_a_long_log_the_end_is_read(tmp_path) -> None:
    (tmp_path / "log.txt").write_text("".join(f"line {i:06}\n" for i in range(200_000)))
    reader = LogReader(tmp_path)
    lines = reader.read()
    while reader.behind:  # in parts, so that nobody waits long
        lines += reader.read()
    assert lines[-1].text == "line 199999" and "log.txt" in lines[0].text
    assert len(lines) <= FIRST / 12 + 1
