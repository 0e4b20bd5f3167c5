"""The processes of an export: the one that converts, and those that prove."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from studio.engine.ending import how_it_ended
from studio.graph.problems import printable

RUNTIMES = Path(__file__).parent / "runtimes"


class ConverterDied(Exception):  # noqa: N818  (it is an answer)
    """The process that converts has ended while it was asked; says how."""


class Converting:
    """The process that has the model; started when it is first asked."""

    def __init__(self, run: Path, model: Path, work: Path):
        self._arguments = [str(run), str(model), str(work)]
        self._run = run
        self._log = work / "converter.txt"
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> Converting:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @property
    def alive(self) -> bool:
        """Whether it is there to be asked."""
        return self._process is not None and self._process.poll() is None

    def ask(self, **asked: Any) -> dict[str, Any]:
        """Its answer; raises ConverterDied where it gives none."""
        if not self.alive:
            self._start()
        try:
            self._process.stdin.write(json.dumps(asked).encode() + b"\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except OSError:
            line = b""
        if not line.endswith(b"\n"):
            code = self._process.wait()
            self.end()
            raise ConverterDied(f"The process that converts {how_it_ended(code)}.")
        return json.loads(line)

    def _start(self) -> None:
        self.end()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "studio.engine.exporting.converter", *self._arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=self._run,
                env=_environment(),
                start_new_session=os.name == "posix",  # an interrupt is for whoever asks
            )

    def end(self) -> None:
        """Ends the process, whatever it is at."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                stream.close()


def prove(program: str, job: dict[str, Any], work: Path) -> list[dict[str, Any]]:
    """What a program of `runtimes/` says of each model of a job, in a process of its own.

    It is started again for those behind one at which it has died.
    """
    said: list[dict[str, Any]] = []
    while len(said) < len(job["models"]):
        left = job | {"models": job["models"][len(said) :], "answers": str(work / "answers.jsonl")}
        (work / "job.json").write_text(json.dumps(left), encoding="utf-8")
        with contextlib.suppress(FileNotFoundError):
            (work / "answers.jsonl").unlink()
        with (work / "runtime.txt").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, str(RUNTIMES / program), str(work / "job.json")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment(),
                start_new_session=os.name == "posix",
            )
            try:
                code = process.wait()
            finally:
                process.kill()
                process.wait()
        with contextlib.suppress(FileNotFoundError):
            lines = (work / "answers.jsonl").read_text(encoding="utf-8").splitlines()
            said += [json.loads(line) for line in lines]
        if len(said) < len(job["models"]) and code:
            said.append({"error": _last_words(work / "runtime.txt", code)})
    return said


def _last_words(log: Path, code: int) -> str:
    if code < 0:
        return f"the process that runs it {how_it_ended(code)}"
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return printable(lines[-1][:300]) if lines else how_it_ended(code)


def _environment() -> dict[str, str]:
    """A process that exports doesn't need a GPU, which a training may have for itself."""
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "TF_CONFIG": ""}
    found = quiet | {name: value for name, value in os.environ.items() if name != "TF_CONFIG"}
    if not found["TF_CONFIG"]:
        del found["TF_CONFIG"]
    return found
