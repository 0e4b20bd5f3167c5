"""The script of every template, byte for byte as it is kept under golden/.

A change of what is written shows in the diff of those files. To refresh them:

    STUDIO_REFRESH_GOLDEN=1 pytest tests/codegen/test_golden.py

then read the diff before it is committed.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from studio.codegen.script import write_script
from studio.graph.file import load
from tests.templates import NAMES, template_folder

from .ruff import ruff

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", NAMES)
def test_the_script_of_a_template_is_the_one_that_is_kept(name: str) -> None:
    folder = template_folder(name)
    made = write_script(load(folder), folder).text.encode()
    kept = GOLDEN / f"{name}.py"
    if os.environ.get("STUDIO_REFRESH_GOLDEN") == "1":
        GOLDEN.mkdir(exist_ok=True)
        kept.write_bytes(made)
    assert made.decode() == kept.read_bytes().decode()


def test_each_script_that_is_kept_is_a_templates() -> None:
    assert sorted(path.stem for path in GOLDEN.iterdir()) == NAMES


@pytest.mark.parametrize("command", [("check",), ("format", "--check")])
def test_ruffs_own_defaults_find_nothing_in_them(command: tuple[str, ...]) -> None:
    judged = ruff(*command, GOLDEN)
    assert judged.returncode == 0, judged.stdout + judged.stderr
