"""Layers and functions of a user's own, each with what it is called on."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from studio.graph.file import load
from tests.conftest import ROOT


class Own(Struct):
    name: str
    source: str
    params: dict[str, Any] = {}
    inputs: list[Any] = []
    """[[port, [[shape, dtype, ragged], ...]], ...]"""
    kind: str = "layer"
    others: dict[str, tuple[str, str]] = {}


def tensor(*shape: int | None, dtype: str = "float32") -> list[Any]:
    return [list(shape), dtype, 0]


def projection() -> str:
    return load(ROOT / "templates" / "custom_layer").code["Projection"].source


NESTED = """class Nested(keras.layers.Layer):
    def __init__(self, units, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.inner = keras.Sequential([
            keras.layers.Dense(units, activation=activation),
            keras.layers.Dropout(0.5),
            keras.layers.BatchNormalization(),
        ])
        self.frozen = keras.layers.Dense(2, trainable=False)

    def call(self, inputs):
        return self.frozen(self.inner(inputs))
"""

STATES = """class States(keras.layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.lstm = keras.layers.LSTM(units, return_state=True)

    def call(self, inputs, initial=None):
        outputs, state, carry = self.lstm(inputs)
        return outputs, state if initial is None else initial
"""

GIVEN = """class Given(keras.layers.Layer):
    def build(self, input_shape):
        start = np.ones((input_shape[-1], 2), "float32")
        self.kernel = keras.Variable(start, name="kernel")

    def call(self, inputs):
        return inputs @ self.kernel
"""

MIXED = """class Mixed(keras.layers.Layer):
    def call(self, inputs):
        first, second = inputs
        return keras.ops.cast(first, "int32") + keras.ops.shape(second)[1]
"""

OWN = {
    "template": Own("Projection", projection(), {"units": 64}, [["inputs", [tensor(None, 64)]]]),
    "any_rank": Own(
        "Projection", projection(), {"units": 3}, [["inputs", [tensor(None, None, 5)]]]
    ),
    "half": Own(
        "Projection", projection(), {"dtype": "mixed_float16"}, [["inputs", [tensor(2, 4)]]]
    ),
    "nested": Own(
        "Nested",
        NESTED,
        {"units": 6, "activation": {"op": "keras.activations.gelu"}},
        [["inputs", [tensor(None, 8)]]],
    ),
    "with_a_call": Own(
        "Nested",
        NESTED,
        {"units": 6, "activation": {"op": "keras.layers.LeakyReLU", "params": {}}},
        [["inputs", [tensor(None, 8)]]],
    ),
    "with_own": Own(
        "Nested",
        NESTED,
        {"units": 6, "activation": {"op": "code:steep"}},
        [["inputs", [tensor(None, 8)]]],
        others={"steep": ("function", "def steep(x):\n    return keras.ops.sigmoid(8 * x)\n")},
    ),
    "two_outputs": Own("States", STATES, {"units": 4}, [["inputs", [tensor(None, 9, 3)]]]),
    "two_ports": Own(
        "States",
        STATES,
        {"units": 4},
        [["inputs", [tensor(None, 9, 3)]], ["initial", [tensor(None, 7)]]],
    ),
    "a_given_array": Own("Given", GIVEN, {}, [["inputs", [tensor(None, 3)]]]),
    "several": Own(
        "Mixed", MIXED, {}, [["inputs", [tensor(None, 3), tensor(None, 5, dtype="int64")]]]
    ),
    "function": Own(
        "top",
        "def top(scores, count=2):\n    return keras.ops.top_k(scores, count)[0]\n",
        {"count": 3},
        [["scores", [tensor(None, 10)]]],
        "function",
    ),
    "function_of_several": Own(
        "both",
        "def both(tensors):\n    return keras.ops.concatenate(tensors), tensors[0]\n",
        {},
        [["tensors", [tensor(None, 2), tensor(None, 2)]]],
        "function",
    ),
}
