"""Deterministic ops: asked for before anything is built, and both loops are one under them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from msgspec.structs import replace

from studio.codegen.script import write_script

from .test_loop import small

PROGRAM = """
import json
from tensorflow.python.framework import config
import fit, custom

found = []
for script in (fit, custom):
    history = script.train()[1].history
    found.append({name: list(map(float, values)) for name, values in history.items()})
print(json.dumps([config.is_op_determinism_enabled(), *found]))
"""


def test_both_loops_are_one_with_deterministic_ops(tmp_path: Path) -> None:
    """In a process of its own, since TensorFlow can't take it back."""
    project = small(tmp_path, deterministic=True)
    for loop in ("fit", "custom"):
        made = replace(project, training=replace(project.training, loop=loop))
        text = write_script(made, tmp_path).text
        (tmp_path / f"{loop}.py").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.returncode == 0, done.stderr
    on, theirs, ours = json.loads(done.stdout.splitlines()[-1])
    assert on
    assert ours == theirs
