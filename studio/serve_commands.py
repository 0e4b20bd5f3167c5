"""`studio serve`: what it does, and what it prints."""

from __future__ import annotations

import contextlib
import signal
import sys
from pathlib import Path

from studio.engine.find_run import find

DONE = 0


def serve(options) -> int:
    """Serves the model of a run until it is interrupted."""
    from studio.engine.serving.host import is_loopback
    from studio.engine.serving.server import Serving
    from studio.engine.serving.server import serve as served
    from studio.engine.trained import trained

    if not is_loopback(options.host):
        print(
            f"warning: other machines can reach {options.host}, and nobody has to say who it is: "
            "whoever can ask this model may.",
            file=sys.stderr,
        )
    run = trained(find(options.run, options.runs, Path()))

    def ready(name: str, address: str) -> None:
        print(f"The model {name} is served at {address} (Ctrl-C ends it).", flush=True)

    how = Serving(
        host=options.host,
        port=options.port,
        name=options.name,
        signature=options.signature,
        seconds=options.timeout,
        most_bytes=options.max_bytes,
    )
    with contextlib.suppress(ValueError):  # only the main thread may
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    served(run, how, ready)
    return DONE
