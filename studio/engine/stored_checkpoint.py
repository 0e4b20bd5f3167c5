"""The layers in a TensorFlow checkpoint, as the warm process reads them for `studio weights`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from studio.codegen.weight_helpers import CHECKPOINT
from studio.engine.own_code import Fault


def checkpoint(fields: dict[str, Any]) -> list[dict[str, Any]]:
    """The layers of the checkpoint with the prefix `path`: name, shapes and dtypes of each."""
    import tensorflow as tf
    from tensorflow.core.protobuf import trackable_object_graph_pb2

    names: dict[str, Any] = {"tf": tf, "trackable_object_graph_pb2": trackable_object_graph_pb2}
    exec(compile(CHECKPOINT, "checkpoint", "exec"), names)
    path = fields["path"]
    try:
        reader, layers, keys = names["stored_layers"](path, "name")
    except (tf.errors.OpError, ValueError, IndexError, RuntimeError) as error:
        missing = "_CHECKPOINTABLE_OBJECT_GRAPH" in str(error)
        why = "of TensorFlow 1, without objects" if missing else "damaged, or no checkpoint"
        raise Fault(f"The checkpoint {Path(path).name} can't be read: it is {why}.") from None
    dtypes = reader.get_variable_to_dtype_map()
    return [
        {
            "name": name,
            "shapes": list(map(list, shapes.values())),
            "dtypes": [dtypes[keys[key, last][1]].name for last in shapes],
            "sizes": [dtypes[keys[key, last][1]].size for last in shapes],
        }
        for key, (name, shapes) in layers.items()
    ]
