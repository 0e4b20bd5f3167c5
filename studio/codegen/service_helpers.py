"""Functions of a script that takes its data from a tf.data service."""

from __future__ import annotations

SERVICE_HELPERS = {
    "data_service": (
        '''def data_service(address=None):
    """Returns the address of a tf.data service, once it answers there."""
    address = address or os.environ.get("TF_DATA_SERVICE", "")
    host, _, port = address.removeprefix("grpc://").rpartition(":")
    if not (host and port.isdigit()):
        raise ValueError(
            f"The address of a tf.data service is {address!r}. Start one, and set "
            "TF_DATA_SERVICE to its dispatcher's, such as grpc://localhost:5000."
        )
    for _ in range(30):  # it may have been started together with this script
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
            return f"grpc://{host}:{port}"
        except OSError:
            time.sleep(1)
    raise ConnectionError(
        f"No tf.data service answers at {address}. Start its dispatcher there, and its "
        "workers, or set TF_DATA_SERVICE to the address of another one."
    )''',
        ("os", "socket", "time"),
    ),
}
