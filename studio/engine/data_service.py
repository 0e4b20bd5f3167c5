"""A process of a tf.data service: `python -m studio.engine.data_service PARENT ADDRESS`.

With the address of a dispatcher behind its own it is a worker, which makes elements; else it is
the dispatcher, which tells the workers what to make.
"""

from __future__ import annotations

import faulthandler
import signal
import sys

from studio.engine.parent import leave_with

PROTOCOL = "grpc"


def main(address: str, dispatcher: str | None) -> None:
    """Serves as long as the process that has started it is there."""
    import tensorflow as tf

    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    service, port = tf.data.experimental.service, int(address.rpartition(":")[2])
    if dispatcher is None:
        server = service.DispatchServer(service.DispatcherConfig(port=port, protocol=PROTOCOL))
    else:
        server = service.WorkerServer(
            service.WorkerConfig(
                dispatcher_address=dispatcher,
                worker_address=address,
                port=port,
                protocol=PROTOCOL,
            )
        )
    server.join()


if __name__ == "__main__":
    leave_with(int(sys.argv[1]))
    main(sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None)
