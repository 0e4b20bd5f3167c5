"""Every template x every format: what can hold it is equal, what can't is refused before."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from studio.graph.checks import check
from studio.graph.checks.exports import why_not
from studio.graph.document import Call
from studio.graph.exporting import BY_WORD, FORMATS
from studio.graph.file import load
from tests.engine.exporting.grid import NAMES, row
from tests.templates import template_folder

pytestmark = pytest.mark.slow

LOST = {
    ("penguins", "tflite-int8"),
    ("two_inputs_two_outputs", "tflite-int8"),
}
"""Columns of thousands and of tens in one tensor: too much of it is lost in 8 bits, and said."""


@cache
def refused(name: str) -> dict[str, str]:
    folder = template_folder(name)
    project = load(folder / "project.json")
    shapes = check(project, folder).shapes
    return {each.word: why_not(project, shapes, Call(each.op, each.params)) for each in FORMATS}


@pytest.mark.parametrize("name", NAMES)
def test_a_template_in_every_format(name: str, tmp_path: Path) -> None:
    found = row(name, tmp_path)
    assert list(found) == list(BY_WORD)
    for word, each in found.items():
        why = refused(name)[word]
        if why:
            assert (each["ok"], each["path"], each["message"]) == (False, None, why)
            continue
        assert each["path"] is not None, (word, each["message"])
        if (name, word) in LOST:
            assert not each["ok"] and "Too much is lost" in each["message"], (word, each)
        else:
            assert each["ok"], (word, each["message"])
