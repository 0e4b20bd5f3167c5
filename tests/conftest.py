"""What several tests share: the command as a real process, and each template trained once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.templates import NAMES, template_folder

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = NAMES
CLUSTERED = {"multi_worker": "worker=2", "parameter_server": "chief=1,worker=2,ps=1"}
"""Templates that are trained by several processes, and which."""


def slow(*values):
    """Parameters whose tests `make slow` runs, and `make test` doesn't."""
    return [pytest.param(each, marks=pytest.mark.slow) for each in values]


def hear_interrupts() -> None:
    """For a process that begins: it heeds an interrupt.

    A shell that starts the tests in the background has them, and all that they
    start, ignore it.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def studio(*arguments: object, cwd: Path | None = None, **keywords) -> subprocess.CompletedProcess:
    """Runs the command `studio` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "studio", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=keywords.pop("timeout", 300),
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"} | keywords.pop("env", {}),
        **keywords,
    )


def events(folder: Path) -> list[dict]:
    """The events of a run."""
    return [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A function: template name -> (the report of its run, the run's folder); trained once."""
    runs = tmp_path_factory.mktemp("runs")

    @cache
    def train(name: str) -> tuple[dict, Path]:
        cluster = ("--local-cluster", CLUSTERED[name]) if name in CLUSTERED else ()
        done = studio("run", template_folder(name), "--runs", runs, "--json", *cluster)
        assert done.returncode == 0, done.stdout + done.stderr
        report = json.loads(done.stdout.splitlines()[-1])
        return report, Path(report["folder"])

    return train
