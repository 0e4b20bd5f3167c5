"""A process of a tf.data service: `python -m studio.engine.data_service PARENT TASK ADDRESS ...`

The dispatcher gets the addresses of all workers, to which it gives the data to make; a worker
gets that of the dispatcher. Each tells in the folder that it runs in when it is ready.
"""

from __future__ import annotations

import faulthandler
import signal
import sys
from pathlib import Path

from studio.engine.events import EventWriter
from studio.engine.local_cluster import port_of
from studio.engine.members import READY
from studio.engine.parent import leave_with

DISPATCHER = "dispatcher"
PROTOCOL = "grpc"


def main(task: str, address: str, others: list[str]) -> None:
    """Serves as long as the process that has started it is there."""
    import tensorflow as tf

    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    service, port = tf.data.experimental.service, port_of(address)
    if task == DISPATCHER:
        # Which it must know for the modes that give each worker its part beforehand.
        config = service.DispatcherConfig(port=port, protocol=PROTOCOL, worker_addresses=others)
        server = service.DispatchServer(config)
    else:
        server = service.WorkerServer(
            service.WorkerConfig(
                dispatcher_address=others[0],
                worker_address=address,
                port=port,
                protocol=PROTOCOL,
            )
        )
    EventWriter(Path.cwd()).write("member", task=task, state=READY)
    server.join()


if __name__ == "__main__":
    leave_with(int(sys.argv[1]))
    main(*sys.argv[2:4], sys.argv[4:])
