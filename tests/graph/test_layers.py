"""Shapes of layers: what Keras 3 makes of an input, or why it refuses it.

The expected values are those of Keras, not of the code: see also the conformance test.
"""

from __future__ import annotations

import pytest

from .rules import N, f32, layer, typed

DENSE, CONV1, CONV2, CONV3 = (f"keras.layers.{n}" for n in ("Dense", "Conv1D", "Conv2D", "Conv3D"))
MAX1, MAX2, MEAN2 = (
    f"keras.layers.{n}" for n in ("MaxPooling1D", "MaxPooling2D", "AveragePooling2D")
)
IMAGE = f32(N, 8, 8, 3)
# op, inputs, params -> shape, number of weights (trained, not trained), flops of one sample
LAYERS = [
    (DENSE, [f32(N, 8)], {"units": 4}, (N, 4), (36, 0), 2 * 8 * 4 + 4),
    (DENSE, [f32(N, 8)], {"units": 4, "use_bias": False}, (N, 4), (32, 0), 2 * 8 * 4),
    (DENSE, [f32(N, 3, 8)], {"units": 4}, (N, 3, 4), (36, 0), 3 * (2 * 8 * 4 + 4)),
    (DENSE, [f32(N, N, 8)], {"units": 4}, (N, N, 4), (36, 0), None),
    (DENSE, [f32(2, 8)], {"units": 4}, (2, 4), (36, 0), 68),
    (DENSE, [f32(N, 8)], {"units": 4, "trainable": False}, (N, 4), (0, 36), 68),
    ("keras.layers.Embedding", [typed("int32", N, 6)], {"input_dim": 10, "output_dim": 4},
     (N, 6, 4), (40, 0), 0),
    ("keras.layers.Embedding", [typed("int64", N)], {"input_dim": 10, "output_dim": 4},
     (N, 4), (40, 0), 0),
    ("keras.layers.Embedding", [f32(N, N)], {"input_dim": 10, "output_dim": 4},
     (N, N, 4), (40, 0), 0),
    ("keras.layers.Activation", [f32(N, 3, 4)], {"activation": "relu"}, (N, 3, 4), (0, 0), 12),
    ("keras.layers.ReLU", [f32(N, N)], {}, (N, N), (0, 0), None),
    ("keras.layers.Dropout", [f32(N, 3)], {"rate": 0.5}, (N, 3), (0, 0), 0),
    (CONV2, [IMAGE], {"filters": 4, "kernel_size": 3}, (N, 6, 6, 4), (112, 0), 36 * 4 * 55),
    (CONV2, [IMAGE], {"filters": 4, "kernel_size": 3, "padding": "same"}, (N, 8, 8, 4), (112, 0),
     64 * 4 * 55),
    (CONV2, [IMAGE], {"filters": 4, "kernel_size": [3, 2], "strides": 2, "padding": "same",
                      "use_bias": False}, (N, 4, 4, 4), (72, 0), 16 * 4 * 36),
    (CONV2, [f32(N, 9, 8, 3)], {"filters": 4, "kernel_size": 3, "strides": [2, 1]},
     (N, 4, 6, 4), (112, 0), 24 * 4 * 55),
    (CONV2, [IMAGE], {"filters": 4, "kernel_size": 3, "dilation_rate": 2}, (N, 4, 4, 4), (112, 0),
     16 * 4 * 55),
    (CONV2, [f32(N, 8, 8, 4)], {"filters": 6, "kernel_size": 3, "groups": 2}, (N, 6, 6, 6),
     (114, 0), 36 * 6 * 37),
    (CONV2, [f32(N, N, N, 3)], {"filters": 4, "kernel_size": 3}, (N, N, N, 4), (112, 0), None),
    (CONV2, [f32(N, 3, 8, 9)], {"filters": 4, "kernel_size": 3, "data_format": "channels_first"},
     (N, 4, 6, 7), (112, 0), 42 * 4 * 55),
    (CONV1, [f32(N, 10, 3)], {"filters": 4, "kernel_size": 3}, (N, 8, 4), (40, 0), 8 * 4 * 19),
    (CONV1, [f32(N, 10, 3)], {"filters": 4, "kernel_size": 3, "padding": "causal"}, (N, 10, 4),
     (40, 0), 10 * 4 * 19),
    (CONV1, [f32(N, 10, 3)], {"filters": 4, "kernel_size": 3, "padding": "causal", "strides": 3},
     (N, 4, 4), (40, 0), 4 * 4 * 19),
    (CONV3, [f32(N, 4, 5, 6, 2)], {"filters": 3, "kernel_size": [1, 2, 3], "strides": 2},
     (N, 2, 2, 2, 3), (39, 0), 8 * 3 * 25),
    (MAX1, [f32(N, 9, 2)], {}, (N, 4, 2), (0, 0), 16),
    (MAX2, [f32(N, 9, 8, 2)], {}, (N, 4, 4, 2), (0, 0), 32 * 4),
    (MAX2, [f32(N, 9, 8, 2)], {"pool_size": 3, "strides": 2}, (N, 4, 3, 2), (0, 0), 24 * 9),
    (MAX2, [f32(N, 9, 8, 2)], {"pool_size": 3, "strides": 2, "padding": "same"}, (N, 5, 4, 2),
     (0, 0), 40 * 9),
    (MEAN2, [f32(N, 9, 8, 2)], {"pool_size": [3, 1]}, (N, 3, 8, 2), (0, 0), 48 * 3),
    (MEAN2, [f32(N, 9, 8, 2)], {"pool_size": 2, "data_format": "channels_first"}, (N, 9, 4, 1),
     (0, 0), 36 * 4),
    ("keras.layers.MaxPooling3D", [f32(N, 4, 5, 6, 1)], {}, (N, 2, 2, 3, 1), (0, 0), 12 * 8),
    ("keras.layers.GlobalMaxPooling1D", [f32(N, 9, 2)], {}, (N, 2), (0, 0), 18),
    ("keras.layers.GlobalAveragePooling2D", [f32(N, 9, 8, 2)], {}, (N, 2), (0, 0), 144),
    ("keras.layers.GlobalAveragePooling2D", [f32(N, N, N, 2)], {"keepdims": True}, (N, 1, 1, 2),
     (0, 0), None),
    ("keras.layers.GlobalMaxPooling3D", [f32(N, 2, 3, 4, 5)], {"data_format": "channels_first"},
     (N, 2), (0, 0), 120),
    ("keras.layers.Add", [f32(N, 4), f32(N, 4)], {}, (N, 4), (0, 0), 4),
    ("keras.layers.Add", [f32(N, 4)] * 3, {}, (N, 4), (0, 0), 8),
    ("keras.layers.Multiply", [f32(N, 3, 4), f32(N, 1, 4)], {}, (N, 3, 4), (0, 0), 12),
    ("keras.layers.Subtract", [f32(N, 4), f32(N, 1)], {}, (N, 4), (0, 0), 4),
    ("keras.layers.Average", [f32(N, 4), f32(N, 4)], {}, (N, 4), (0, 0), 4),
    ("keras.layers.Maximum", [f32(N, N), f32(N, N)], {}, (N, N), (0, 0), None),
    ("keras.layers.Concatenate", [f32(N, 3, 4), f32(N, 3, 5)], {}, (N, 3, 9), (0, 0), 0),
    ("keras.layers.Concatenate", [f32(N, 3, 4), f32(N, 2, 4)], {"axis": 1}, (N, 5, 4), (0, 0), 0),
    ("keras.layers.Concatenate", [f32(N, N, 4), f32(N, 2, 4)], {"axis": -2}, (N, N, 4), (0, 0), 0),
    ("keras.layers.BatchNormalization", [f32(N, 3, 4)], {}, (N, 3, 4), (8, 8), 24),
    ("keras.layers.BatchNormalization", [f32(N, 3, 4)], {"axis": 1}, (N, 3, 4), (6, 6), 24),
    ("keras.layers.BatchNormalization", [f32(N, 4)], {"scale": False}, (N, 4), (4, 8), 8),
    ("keras.layers.BatchNormalization", [f32(N, 4)], {"trainable": False}, (N, 4), (0, 16), 8),
    ("keras.layers.Normalization", [f32(N, 2)], {"mean": [1.0, 2.0], "variance": [1.0, 2.0]},
     (N, 2), (0, 0), 4),
    ("keras.layers.Rescaling", [f32(N, 3)], {"scale": 2.0}, (N, 3), (0, 0), 6),
    ("keras.layers.Flatten", [f32(N, 3, 4)], {}, (N, 12), (0, 0), 0),
    ("keras.layers.Flatten", [f32(N)], {}, (N, 1), (0, 0), 0),
    ("keras.layers.Flatten", [f32(N, N, 4)], {}, (N, N), (0, 0), 0),
    ("keras.layers.Reshape", [f32(N, 12)], {"target_shape": [3, 4]}, (N, 3, 4), (0, 0), 0),
    ("keras.layers.Reshape", [f32(N, 12)], {"target_shape": [2, -1]}, (N, 2, 6), (0, 0), 0),
    ("keras.layers.Reshape", [f32(N, N)], {"target_shape": [2, -1]}, (N, 2, N), (0, 0), 0),
    ("keras.layers.Reshape", [f32(N)], {"target_shape": [1, 1]}, (N, 1, 1), (0, 0), 0),
    ("keras.layers.LSTM", [f32(N, 5, 3)], {"units": 4}, (N, 4), (128, 0), 1460),
    ("keras.layers.LSTM", [f32(N, 5, 3)], {"units": 4, "use_bias": False}, (N, 4), (112, 0), 1380),
    ("keras.layers.LSTM", [f32(N, N, 3)], {"units": 4, "return_sequences": True}, (N, N, 4),
     (128, 0), None),
    ("keras.layers.LSTM", [f32(N, 5, 3), f32(N, 4), f32(N, 4)], {"units": 4}, (N, 4), (128, 0),
     1460),
    ("keras.layers.GRU", [f32(N, 5, 3)], {"units": 4}, (N, 4), (108, 0), 1180),
    ("keras.layers.GRU", [f32(N, 5, 3)], {"units": 4, "reset_after": False}, (N, 4), (96, 0), 1120),
    ("keras.layers.SimpleRNN", [f32(N, 5, 3)], {"units": 4, "dropout": 0.2}, (N, 4), (32, 0), 340),
]  # fmt: skip


def described(case) -> str:
    op, inputs, params = getattr(case, "values", case)[:3]
    shapes = " ".join(str(spec.shape) for spec in inputs)
    return f"{op.rpartition('.')[2]} {shapes} {params}"


@pytest.mark.parametrize(
    ("op", "inputs", "params", "shape", "weights", "flops"), LAYERS, ids=map(described, LAYERS)
)
def test_a_layer_gives_the_shape_and_has_the_weights_that_keras_says(
    op, inputs, params, shape, weights, flops
) -> None:
    result = layer(op, inputs, **params)
    assert (result.output().shape, result.output().dtype) == (shape, "float32")
    trained = sum(each.count for each in result.weights if each.trainable)
    assert (trained, sum(each.count for each in result.weights) - trained) == weights
    assert result.flops == flops


REFUSED = [
    (DENSE, [f32(N)], {"units": 4}, ["at least 2 axes", '"x0" gives (None,) float32']),
    (DENSE, [f32(N, N)], {"units": 4}, ["the size of the last axis"]),
    ("keras.layers.Embedding", [typed("string", N, 3)], {"input_dim": 9, "output_dim": 4},
     ["gets text", "StringLookup"]),
    (CONV2, [f32(N, 8, 8)], {"filters": 4, "kernel_size": 3}, ["4 axes", "(None, 8, 8)"]),
    (CONV2, [f32(N, 8, 8, N)], {"filters": 4, "kernel_size": 3}, ["the number of channels"]),
    (CONV2, [IMAGE], {"filters": 4, "kernel_size": 3, "groups": 2}, ["2 groups", "3 channels"]),
    (CONV2, [f32(N, 8, 8, 4)], {"filters": 3, "kernel_size": 3, "groups": 2}, ["3 filters"]),
    (CONV2, [IMAGE], {"filters": 4, "kernel_size": 9}, ["a window of 9 over an axis of 8"]),
    (CONV2, [IMAGE], {"filters": 4, "kernel_size": 4, "dilation_rate": 3}, ["a window of 10"]),
    (CONV2, [IMAGE], {"filters": 4, "kernel_size": 3, "dilation_rate": [2, 1], "strides": [1, 2]},
     ["not both"]),
    (CONV2, [IMAGE], {"filters": 4, "kernel_size": 3, "padding": "causal"}, ["padding"]),
    (MAX2, [f32(N, 8, 8, 1)], {"pool_size": 10}, ["a window of 10 over an axis of 8"]),
    (MAX2, [f32(N, 8)], {}, ["4 axes (batch, height, width, channels)"]),
    ("keras.layers.GlobalMaxPooling1D", [f32(N, 8)], {}, ["3 axes (batch, steps, channels)"]),
    ("keras.layers.Add", [f32(N, 4), f32(N, 3)], {}, ["(None, 4)", "(None, 3)", "3 and 4 differ"]),
    ("keras.layers.Subtract", [f32(N, 4)], {}, ["2 inputs"]),
    ("keras.layers.Subtract", [f32(N, 4)] * 3, {}, ["2 inputs"]),
    ("keras.layers.Add", [f32(2, 4), f32(3, 4)], {}, ["2", "3"]),
    ("keras.layers.Concatenate", [f32(N, 3, 4), f32(N, 2, 4)], {}, ["axis 1", "2 and 3"]),
    ("keras.layers.Concatenate", [f32(N, 3, 4), f32(N, 3)], {}, ["the same number of axes"]),
    ("keras.layers.Concatenate", [f32(N, 3, 4), f32(N, 3, 4)], {"axis": 3}, ["axis 3"]),
    ("keras.layers.BatchNormalization", [f32(N, 4)], {"axis": 2}, ["axis 2"]),
    ("keras.layers.BatchNormalization", [f32(N, N)], {}, ["the size of axis -1"]),
    ("keras.layers.Normalization", [f32(N, 2)], {"mean": [1.0] * 3, "variance": [1.0] * 3},
     ["3 numbers", "2 features"]),
    ("keras.layers.Normalization", [f32(N, 2)], {"mean": [1.0, 2.0], "variance": 1.0},
     ["mean", "variance"]),
    ("keras.layers.Normalization", [f32(N, N)], {"mean": [1.0], "variance": [1.0]}, ["axis"]),
    ("keras.layers.Reshape", [f32(N, 12)], {"target_shape": [5, -1]}, ["12 elements"]),
    ("keras.layers.Reshape", [f32(N, 12)], {"target_shape": [13]}, ["(13,) of 12 elements"]),
    ("keras.layers.Reshape", [f32(N, 12)], {"target_shape": [-1, -1]}, ["one size"]),
    ("keras.layers.Reshape", [f32(N, 0)], {"target_shape": [0, -1]}, ["elements"]),
    ("keras.layers.LSTM", [f32(N, 5)], {"units": 4}, ["3 axes (batch, steps, features)"]),
    ("keras.layers.LSTM", [f32(N, 5, N)], {"units": 4}, ["the number of features"]),
    ("keras.layers.LSTM", [f32(N, 5, 3), f32(N, 4)], {"units": 4}, ["2 states", "not 1"]),
    ("keras.layers.LSTM", [f32(N, 5, 3)], {"units": 4, "stateful": True}, ["batch"]),
    ("keras.layers.StringLookup", [typed("string", N, 3)], {"vocabulary": ["a", "a"]}, ['"a"']),
    ("keras.layers.ReLU", [f32(N, 3)], {"max_value": -1.0}, ["max_value", "at least 0"]),
    (DENSE, [f32(N, 3)], {"units": 3, "dtype": "nonsense"}, ["nonsense"]),
    (DENSE, [typed("string", N, 3)], {"units": 3}, ["string"]),
]  # fmt: skip


@pytest.mark.parametrize(("op", "inputs", "params", "words"), REFUSED, ids=map(described, REFUSED))
def test_what_keras_refuses_is_refused_with_both_shapes(op, inputs, params, words) -> None:
    sentences = layer(op, inputs, **params)
    assert isinstance(sentences, list), f"taken as {sentences}"
    assert any(all(word in sentence for word in words) for sentence in sentences), sentences


DTYPES = [
    (DENSE, [typed("int32", N, 8)], {"units": 4}, "float32", "float32"),
    (DENSE, [typed("float64", N, 8)], {"units": 4}, "float32", "float32"),
    (DENSE, [f32(N, 8)], {"units": 4, "dtype": "float16"}, "float16", "float16"),
    (DENSE, [f32(N, 8)], {"units": 4, "dtype": "mixed_float16"}, "float16", "float32"),
    (DENSE, [f32(N, 8)], {"units": 4, "dtype": "mixed_bfloat16"}, "bfloat16", "float32"),
    ("keras.layers.BatchNormalization", [typed("int32", N, 8)], {}, "float32", "float32"),
    ("keras.layers.LSTM", [typed("int32", N, 5, 3)], {"units": 2}, "float32", "float32"),
    ("keras.layers.Add", [typed("int32", N, 8), f32(N, 8)], {}, "float32", None),
    ("keras.layers.GlobalAveragePooling1D", [typed("int32", N, 5, 3)], {}, "float32", None),
    ("keras.layers.Rescaling", [typed("uint8", N, 3)], {"scale": 0.1}, "float32", None),
    ("keras.layers.Flatten", [typed("int32", N, 3)], {}, "int32", None),
    ("keras.layers.Flatten", [typed("string", N, 3)], {}, "string", None),
    ("keras.layers.Reshape", [typed("int32", N, 4)], {"target_shape": [2, 2]}, "int32", None),
    ("keras.layers.StringLookup", [typed("string", N, 3)], {"vocabulary": ["a"]}, "int64", None),
    ("keras.layers.StringLookup", [typed("string", N, 1)],
     {"vocabulary": ["a"], "output_mode": "one_hot"}, "float32", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("op", "inputs", "params", "dtype", "of_weights"), DTYPES, ids=map(described, DTYPES)
)
def test_a_layer_computes_and_keeps_its_weights_in_its_dtype(
    op, inputs, params, dtype, of_weights
) -> None:
    result = layer(op, inputs, **params)
    assert result.output().dtype == dtype
    assert {each.dtype for each in result.weights} == ({of_weights} if of_weights else set())


@pytest.mark.parametrize(
    ("mode", "shape", "wanted"),
    [
        ("int", (N,), (N,)),
        ("int", (N, 3), (N, 3)),
        ("one_hot", (N,), (N, 3)),
        ("one_hot", (N, 1), (N, 3)),
        ("one_hot", (N, 4), (N, 4, 3)),
        ("multi_hot", (N, 4), (N, 3)),
        ("count", (N, 4), (N, 3)),
    ],
)
def test_a_lookup_is_as_wide_as_its_vocabulary_and_the_unknown(mode, shape, wanted) -> None:
    op, words = "keras.layers.StringLookup", ["red", "green"]
    result = layer(op, [typed("string", *shape)], vocabulary=words, output_mode=mode)
    assert result.output().shape == wanted


@pytest.mark.parametrize(
    ("name", "states"), [("LSTM", 2), ("GRU", 1), ("SimpleRNN", 1)], ids=lambda value: str(value)
)
def test_a_recurrent_layer_gives_its_states_at_ports_of_their_own(name, states) -> None:
    result = layer(f"keras.layers.{name}", [f32(N, 5, 3)], units=4, return_state=True)
    ports = ["output", "state_h", "state_c"][: states + 1]
    assert list(result.outputs) == ports
    assert [spec.shape for spec in result.outputs.values()] == [(N, 4)] * (states + 1)


@pytest.mark.parametrize(
    ("params", "trained", "kept"),
    [
        ({"units": 4, "lora_rank": 2}, 28, 32),
        ({"units": 4}, 36, 0),
    ],
)
def test_what_is_trained_is_told_from_what_is_kept(params, trained, kept) -> None:
    weights = layer(DENSE, [f32(N, 8)], **params).weights
    assert sum(each.count for each in weights if each.trainable) == trained
    assert sum(each.count for each in weights if not each.trainable) == kept


@pytest.mark.parametrize("op", ["Add", "Maximum"])
def test_a_size_that_is_unknown_on_one_side_stays_unknown(op) -> None:
    result = layer(f"keras.layers.{op}", [f32(N, N), f32(N, 4)])
    assert result.output().shape == (N, N)
