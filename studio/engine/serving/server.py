"""`studio serve`: the model of a run behind an address, from its loading to Ctrl-C."""

from __future__ import annotations

import importlib.util
import os
import re
import socket
from collections.abc import Callable

import msgspec
from msgspec import Struct

from studio.codegen.predicting import write_predict_script
from studio.engine.predicting import SCRIPT
from studio.engine.serving.requests import one_row
from studio.engine.serving.sample import sample_rows
from studio.engine.serving.signature import DEFAULT, IMAGES, RAW, Signature, signatures
from studio.engine.trained import Trained
from studio.engine.warm import Warm
from studio.graph.file import shown, write_atomically
from studio.graph.problems import StudioError, quoted
from studio.graph.targets import targets

PORT, HOST = 8501, "127.0.0.1"
"""Where it listens, unless it is said: TensorFlow Serving's port, for this machine alone."""

WORKER = "studio.engine.serving.worker"

MOST_BYTES = 8 << 20
SECONDS = 30.0
"""What a request may have in its body, and how long it may take, unless it is said."""

MOST_CONNECTIONS = 256
GRACE = 2
"""Seconds in which requests may still be answered once the end is asked for."""

LACKING = {
    RAW: "The data of the project have no one kind of row that could be prepared, so --raw can't "
    "be: ask with the model's inputs.",
    IMAGES: "The data of the project aren't image files that are brought to one size, so --images "
    "can't be: ask with the model's inputs.",
}

NEEDED = ("fastapi", "uvicorn")
MISSING = (
    "studio serve needs FastAPI and uvicorn, which aren't installed beside Studio. Install them "
    "with: pip install 'tf-model-studio[serve]'"
)


class Serving(Struct, frozen=True):
    """How a model is served."""

    host: str = HOST
    port: int = PORT
    name: str | None = None
    signature: str = DEFAULT
    """What a request holds that names none."""
    seconds: float = SECONDS
    most_bytes: int = MOST_BYTES


def serve(run: Trained, how: Serving, ready: Callable[[str, str], None]) -> None:
    """Serves the model of a run until it is interrupted.

    `ready` is told the model's name and the address, once both are there. Raises StudioError where
    the packages, the port or the model can't be had.
    """
    if any(importlib.util.find_spec(name) is None for name in NEEDED):
        raise StudioError(MISSING)
    name = model_name(run, how.name)
    found = signatures(run)
    if how.signature not in found:
        raise StudioError(LACKING[how.signature])
    with listening(how.host, how.port) as listener, model_process(run, found) as warm:
        _load(warm)
        from studio.engine.serving.model import About, Model

        samples, split = sample_rows(warm, run, found)
        about = About(
            name=name,
            run=run.folder.name,
            note=run.project.note or "",
            signatures=found,
            default=how.signature,
            targets=targets(run.project, run.report.shapes),
            samples=samples,
            split=split,
        )
        for at, row in about.samples.items():  # the first of its kind takes longer
            warm.ask("predict", **one_row(row, found[at]).fields()).result()
        warm.start()  # should a row have taken too long
        run_server(Model(about, warm, how.seconds), how, listener, lambda at: ready(name, at))


def model_process(run: Trained, found: dict[str, Signature]) -> Warm:
    """The process of a run's model, which is to be asked by these signatures; not yet started.

    Its predict.py is written for that. Raises StudioError where that can't be.
    """
    script = run.folder / SCRIPT
    try:
        text = write_predict_script(run.project, run.folder, run.report).text
        write_atomically(script, text.encode())
    except OSError as error:
        raise StudioError(f"{shown(script)} can't be written: {error.strerror}.") from None
    told = msgspec.json.encode(found).decode()
    return Warm((WORKER, str(run.path.absolute()), str(script.absolute()), told))


def model_name(run: Trained, given: str | None) -> str:
    """Under which name a model is served: the given one, or its project's."""
    if given is not None:
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,100}", given):
            raise StudioError(
                f"{quoted(given)} can't be a model's name: it stands in an address. Expected are "
                "letters, digits and _ . - alone."
            )
        return given
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", run.project.name or "").strip("-.")
    return plain[:100] or "model"


def listening(host: str, port: int) -> socket.socket:
    """A socket that is bound to an address; StudioError where it can't be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError):
        raise StudioError(f"There is no address {quoted(host)} on this machine.") from None
    made = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # elsewhere it would let two servers have one port
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(1)  # a second server on this port shall not wait for the first one's model
    except OSError as error:
        made.close()
        raise StudioError(
            f"Port {port} of {host} can't be listened at: {error.strerror}. Name another with "
            "--port (0: any that is free)."
        ) from None
    return made


def _load(warm: Warm) -> None:
    """Waits until the model is there; StudioError where it can't be loaded."""
    answer = warm.ask("hello").result()
    if not warm.ready:
        raise StudioError(answer.error)


def run_server(model, how: Serving, listener: socket.socket, ready: Callable[[str], None]) -> None:
    """Answers until an interrupt, or SIGTERM."""
    import uvicorn

    from studio.engine.serving.app import application
    from studio.engine.serving.connection import Connection

    class Server(uvicorn.Server):
        async def startup(self, sockets=None) -> None:
            await super().startup(sockets)
            shown_host = f"[{how.host}]" if ":" in how.host else how.host
            ready(f"http://{shown_host}:{listener.getsockname()[1]}/")

    config = uvicorn.Config(
        application(model, how.most_bytes, how.host),
        http=Connection,
        ws="none",
        lifespan="on",
        log_level="error",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=GRACE,
    )
    Server(config).run(sockets=[listener])
