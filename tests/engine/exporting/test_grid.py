"""Every template x every format: what can hold it is equal, what can't is refused before."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from studio.graph.checks import check
from studio.graph.checks.exports import why_not
from studio.graph.document import Call
from studio.graph.exporting import BY_WORD, FORMATS
from studio.graph.file import load
from studio.graph.ops.exports import NO_LITERT, NO_ONNX
from tests.conftest import ROOT
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


UNKNOWN = ("keras.layers.Hashing", "keras.ops.fft", "keras.ops.inv", "keras.ops.searchsorted")
KNOWN = ("keras.layers.GRU", "keras.ops.sort")


def test_what_converters_are_said_not_to_know_they_dont() -> None:
    """A converter that has learnt an op shows here."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.engine.exporting.converters", *UNKNOWN, *KNOWN],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    said = {line.split()[0]: line for line in done.stdout.splitlines()}
    for path in UNKNOWN:
        assert path in NO_LITERT and path in NO_ONNX
        assert " ok" not in said[path], said[path]
    for path in KNOWN:
        assert said[path].count(": ok") == 2, said[path]
