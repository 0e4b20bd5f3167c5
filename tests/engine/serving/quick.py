"""A served model that is there at once: the real server, and a process that has no TensorFlow.

`python -m tests.engine.serving.quick PORT SECONDS MOST_BYTES` serves it; with `worker` it is that
process. Its input "x" is doubled; by some numbers it sleeps, dies, or goes on for ever.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import Any

from studio.engine.answering import converse
from studio.engine.serving import connection
from studio.engine.serving.model import About, Model
from studio.engine.serving.server import Serving, listening, run_server
from studio.engine.serving.signature import DEFAULT, Signature, Tensor
from studio.engine.warm import Warm
from studio.graph.targets import Target

SLEEP, DIE, FREEZE, FAIL = 101, 102, 103, 104
LOADING, SECONDS_OF_A_HEAD = 0.3, 1.0


def predict(fields: dict[str, Any]) -> dict[str, Any]:
    values = json.loads(fields["inputs"]["x"]["values"])
    if values[0] == SLEEP:
        time.sleep(values[1])
    if values[0] == DIE:
        os.kill(os.getpid(), signal.SIGKILL)
    if values[0] == FREEZE:
        os.kill(os.getpid(), signal.SIGSTOP)
    if values[0] == FAIL:
        return {"error": "The model failed: it had to.", "status": 500}
    return {"text": str([2 * value for value in values])}


def main() -> None:
    port, seconds, most_bytes = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    tensor = Tensor("x", (), "float32")
    signature = Signature(DEFAULT, (tensor,), (Tensor("y", (), "float32"),))
    about = About(
        name="quick",
        run="none",
        note="<script>alert(1)</script> & more",
        signatures={DEFAULT: signature},
        default=DEFAULT,
        targets=(Target("y", "values"),),
    )
    how = Serving(port=port, seconds=seconds, most_bytes=most_bytes)
    connection.SECONDS = SECONDS_OF_A_HEAD
    with listening(how.host, port) as listener, Warm((__spec__.name, "worker")) as warm:
        warm.start()
        run_server(
            Model(about, warm, seconds),
            how,
            listener,
            lambda at: print(f"The model quick is served at {at} (Ctrl-C ends it).", flush=True),
        )


if __name__ == "__main__":
    if sys.argv[1:] == ["worker"]:
        converse({"predict": predict}, lambda: time.sleep(LOADING))
    else:
        main()
