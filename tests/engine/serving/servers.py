"""Servers as a person starts them: the command in a process of its own, at a free port."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
from msgspec.structs import replace

from studio.codegen.script import write_script
from studio.engine.run import prepare
from studio.graph.checks import check
from studio.graph.document import Project
from studio.graph.file import load
from tests.conftest import hear_interrupts
from tests.engine.nursery import Nursery
from tests.templates import template_folder

PATIENCE = 120.0


def run_of(project: Project, folder: Path, runs: Path, nursery: Nursery) -> Path:
    """The folder of a run of a project that has trained for an epoch."""
    project = replace(project, training=replace(project.training, epochs=1))
    report = check(project, folder)
    place = prepare(project, folder, runs, write_script(project, folder, report=report))
    assert nursery.live(place, False) == 0, (place / "log.txt").read_text()
    return place


def run_of_template(name: str, runs: Path, nursery: Nursery) -> Path:
    """The folder of a run of a template, for an epoch."""
    folder = template_folder(name)
    return run_of(load(folder / "project.json"), folder, runs, nursery)


class Server:
    """A server that answers; `client` asks it, `process` is its own."""

    def __init__(self, address: str, popen: subprocess.Popen, errors: list[str]):
        self.address = address
        self.popen = popen
        self.errors = errors
        self.client = httpx.Client(base_url=address, timeout=PATIENCE)
        self.about = self.client.get("/page.json").json()
        self.process = psutil.Process(popen.pid)

    @property
    def path(self) -> str:
        return f"/v1/models/{self.about['name']}"

    def ask(self, **body: Any) -> httpx.Response:
        """The answer to a request for predictions."""
        return self.client.post(f"{self.path}:predict", json=body)

    def answered(self, **body: Any) -> dict[str, Any]:
        """The answer to a good request, once there is one: the process may be on its way."""
        until = time.monotonic() + PATIENCE
        while (answer := self.ask(**body)).status_code != 200:
            assert answer.status_code in (503, 504) and time.monotonic() < until
        return answer.json()

    def worker(self) -> psutil.Process:
        """The process that has the model; waits until there is one."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            for each in self.process.children():
                if each.status() != psutil.STATUS_ZOMBIE:
                    return each
            time.sleep(0.02)
        raise AssertionError("The process of the model isn't there.")

    def ready(self) -> None:
        """Waits until the model is loaded."""
        until = time.monotonic() + PATIENCE
        while self.state() != "AVAILABLE":
            assert time.monotonic() < until
            time.sleep(0.1)

    def state(self) -> str:
        answer = self.client.get(self.path)
        assert answer.status_code == 200
        return answer.json()["model_version_status"][0]["state"]


@contextmanager
def serving(*arguments: object, module: str = "studio", command: str = "serve") -> Iterator[Server]:
    """A server with these arguments, until the end of the block."""
    popen = subprocess.Popen(
        [sys.executable, "-m", module, *([command] if command else []), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        preexec_fn=hear_interrupts,
    )
    errors: list[str] = []
    thread = threading.Thread(target=lambda: errors.extend(popen.stderr), daemon=True)
    thread.start()
    try:
        line = popen.stdout.readline()
        assert " is served at http://" in line, (line, popen.wait(10), errors)
        server = Server(line.split(" is served at ")[1].split()[0].rstrip("/"), popen, errors)
        with closing(server.client):
            yield server
    finally:
        if popen.poll() is None:
            popen.send_signal(signal.SIGTERM)
        popen.wait(20)
        thread.join()
        popen.stdout.close()
        popen.stderr.close()
