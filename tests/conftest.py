"""What several tests share: the command as a real process, and each template trained once."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

from tests.templates import NAMES, template_folder

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = NAMES
CLUSTERED = {"multi_worker": "worker=2", "parameter_server": "chief=1,worker=2,ps=1"}
"""Templates that are trained by several processes, and which."""

# The processes that tests start find each other's bytecode, whatever the shell says: to compile
# Studio anew takes longer than most commands do.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def slow(*values):
    """Parameters whose tests `make slow` runs, and `make test` doesn't; a tuple is several."""
    sets = (each if isinstance(each, tuple) else (each,) for each in values)
    return [pytest.param(*each, marks=pytest.mark.slow) for each in sets]


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


_EACH = """
import json, sys
from studio.cli import main

for arguments in json.loads(sys.argv[1]):
    try:
        code = main(arguments)
    except SystemExit as end:
        code = end.code
    for stream in (sys.stdout, sys.stderr):
        print(end=f"\\0{code}\\0", file=stream, flush=True)
"""


def studio_each(*commands: Sequence[object], **keywords) -> list[subprocess.CompletedProcess]:
    """Runs `studio` with each of these arguments, all in one process: what each of them said."""
    arguments = [list(map(str, command)) for command in commands]
    done = subprocess.run(
        [sys.executable, "-c", _EACH, json.dumps(arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
        **keywords,
    )
    out, err = done.stdout.split("\0"), done.stderr.split("\0")
    codes = list(map(int, out[1::2]))
    return [
        subprocess.CompletedProcess(*each)
        for each in zip(arguments, codes, out[:-1:2], err[:-1:2], strict=True)
    ]


def events(folder: Path) -> list[dict]:
    """The events of a run."""
    return [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]


@pytest.fixture(scope="session", autouse=True)
def frozen() -> None:
    """What has been imported is no garbage: Keras needn't look through it for each new session."""
    gc.collect()
    gc.freeze()


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
