"""What a node's required parameters are at first: something that works, to be changed."""

from __future__ import annotations

from functools import cache
from typing import Any

from studio.graph.catalogue import types
from studio.graph.catalogue.op import Param
from studio.graph.catalogue.registry import find

_BY_NAME: dict[str, Any] = {
    "units": 64,
    "filters": 32,
    "kernel_size": 3,
    "pool_size": 2,
    "rate": 0.5,
    "stddev": 0.1,
    "activation": "relu",
    "num_heads": 4,
    "key_dim": 32,
    "head_dim": 32,
    "num_query_heads": 4,
    "num_key_value_heads": 2,
    "input_dim": 1000,
    "output_dim": 64,
    "target_shape": [-1],
    "height": 32,
    "width": 32,
    "factor": 0.1,
    "height_factor": 0.1,
    "width_factor": 0.1,
    "batch_size": 32,
    "buffer_size": 1000,
    "length": 16,
    "num_classes": 10,
    "shape": [8],
    "axes": -1,
    "axis": -1,
    "dtype": "float32",
}
_ALWAYS: dict[str, dict[str, Any]] = {"keras.Input": {"shape": [32]}}
"""What Keras lets out, but a node of a model can't be without."""
_CLASS = {"op": "studio.key.value", "params": {"part": [1]}}
_LABELLED = {"op": "studio.predicate.compare", "params": {"part": [1], "value": 0}}
_BY_OP: dict[str, dict[str, Any]] = {
    "keras.layers.Bidirectional": {"layer": {"op": "keras.layers.LSTM", "params": {"units": 64}}},
    "keras.layers.TimeDistributed": {
        "layer": {"op": "keras.layers.Dense", "params": {"units": 64}}
    },
    "keras.layers.SpectralNormalization": {
        "layer": {"op": "keras.layers.Dense", "params": {"units": 64}}
    },
    "keras.layers.RNN": {"cell": {"op": "keras.layers.LSTMCell", "params": {"units": 64}}},
    "keras.layers.Rescaling": {"scale": 0.00392156862745098},
    "keras.layers.RepeatVector": {"n": 4},
    "tf.data.Dataset.map": {"function": {"op": "studio.map.rescale"}},
    "tf.data.Dataset.take": {"count": 1000},
    "tf.data.Dataset.skip": {"count": 1000},
    "tf.data.Dataset.filter": {"predicate": _LABELLED},
    "tf.data.Dataset.take_while": {"predicate": _LABELLED},
    "tf.data.Dataset.shard": {"num_shards": 2, "index": 0},
    "tf.data.Dataset.flat_map": {"map_func": {"op": "studio.expand.slices"}},
    "tf.data.Dataset.interleave": {"map_func": {"op": "studio.expand.slices"}},
    "tf.data.Dataset.scan": {"initial_state": 0, "scan_func": {"op": "studio.scan.running_sum"}},
    "tf.data.experimental.service.distribute": {"processing_mode": "DATA"},
    "tf.data.Dataset.snapshot": {"path": "snapshot"},
    "tf.data.Dataset.window": {"size": 16},
    "tf.data.Dataset.rejection_resample": {"class_func": _CLASS, "target_dist": [0.5, 0.5]},
    "tf.data.Dataset.group_by_window": {
        "key_func": _CLASS,
        "reduce_func": {"op": "studio.reduce.batch", "params": {"batch_size": 32}},
        "window_size": 32,
    },
    "tf.data.Dataset.bucket_by_sequence_length": {
        "element_length_func": {"op": "studio.key.length", "params": {"part": [0]}},
        "bucket_boundaries": [16, 64],
        "bucket_batch_sizes": [64, 32, 16],
    },
    "tf.data.experimental.assert_cardinality": {"expected_cardinality": 1000},
}


def starting(path: str) -> dict[str, Any]:
    """The parameters that a new node of this op begins with; those that can be left out are."""
    return dict(_starting(path))


@cache
def _starting(path: str) -> dict[str, Any]:
    op = find(path)
    found = dict(_ALWAYS.get(path, {}))
    for param in op.params.values() if op is not None else ():
        if param.required:
            value = _BY_OP.get(op.path, {}).get(param.name, _BY_NAME.get(param.name))
            value = value if param.accepts(value) else _by_type(param)
            if value is not None:
                found[param.name] = value
    return found


def _by_type(param: Param) -> Any:
    """A plain value that the type accepts; None where none is known."""
    kind = param.type
    if isinstance(kind, types.Choice):
        return next((value for value in kind.values if value is not None), None)
    for value in (1, 2, 0.5, [1], [1, 1], "x"):
        if param.accepts(value) and not isinstance(kind, (types.Path, types.OneCall)):
            return value
    return None
