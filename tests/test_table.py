"""A summary in the terminal: columns, folded where there is no room, nothing that could harm."""

from __future__ import annotations

from typing import Any

from studio.table import lines

TOTALS = {"params": 12, "trainable_params": 8, "weight_bytes": 48, "flops": None}
TOTALS |= {"activation_bytes": 2000}


def found(*rows: dict[str, Any]) -> dict[str, Any]:
    given = {"op": "keras.layers.Dense", "outputs": [], "params": 1234, "flops": None}
    return {"nodes": [given | row for row in rows], "totals": TOTALS}


def output(*shape: int | None) -> dict[str, Any]:
    return {"shape": list(shape), "dtype": "float32"}


def test_texts_stand_left_and_numbers_right_in_columns_as_wide_as_they_need() -> None:
    told = lines(found({"id": "a", "outputs": [output(None, 4)]}, {"id": "second", "params": 5}))
    assert list(told) == [
        "node    op     output          params  FLOPs",
        "------  -----  --------------  ------  -----",
        "a       Dense  (·, 4) float32   1,234      ?",
        "second  Dense  ?                    5      ?",
        "",
        "12 parameters (8 trainable, 0.00 MB); ? FLOPs and 2.0 kB of activations a sample",
    ]


def test_a_line_for_each_output_and_a_word_for_a_shared_layer() -> None:
    told = list(lines(found({"id": "l", "shares": "m", "outputs": [output(2), output(3)]})))
    assert told[2] == "l     Dense (shares m)  (2) float32   1,234      ?"
    assert told[3] == "                        (3) float32"


def test_the_widest_columns_are_folded_to_the_room_there_is() -> None:
    name = "conv_of_a_very_long_name_indeed"
    told = list(lines(found({"id": name, "outputs": [output(None, 4)]}), room=60))
    assert max(map(len, told[:-1])) <= 60
    assert "".join(line[:24].split("  ")[0].strip() for line in told[2:4]) == name
    assert list(lines(found({"id": name}), room=1))  # no room at all is no reason to fail


def test_a_model_without_nodes_has_its_totals() -> None:
    assert len(list(lines({"nodes": [], "totals": TOTALS}))) == 4


def test_what_a_terminal_would_take_for_a_command_is_escaped() -> None:
    text = "\n".join(lines(found({"id": "\x1b[2J", "op": "no\u202e\ud800"})))
    assert text.replace("\n", "").isprintable()
