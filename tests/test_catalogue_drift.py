"""assets/ is what its generators make of the installed Keras and of the document."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from studio.graph.schema import schema
from studio.graph.text import dump
from tests.conftest import ROOT


def test_the_catalogue_is_that_of_the_installed_keras():
    """After an update of Keras: `make catalogue`, then look at what changed."""
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "generate_catalogue.py", "--check"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_schema_is_that_of_the_document():
    assert Path(ROOT, "assets", "project.schema.json").read_text() == dump(schema())
