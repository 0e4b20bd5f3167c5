"""Models of every make, read from Keras' own configuration, are the models that they were."""

from __future__ import annotations

import json
from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import layers, ops

from studio.codegen.model import write_model
from studio.codegen.source import Source
from studio.graph.checks import check
from studio.graph.document import Project
from studio.graph.importer import import_model
from studio.graph.problems import errors
from tests.conformance.applications import give


def sequential() -> keras.Model:
    inner = keras.Sequential([layers.Dense(4), layers.ReLU()], name="inner")
    model = keras.Sequential([inner, layers.Dense(2)])
    model.build((None, 3))
    return model


def blocks() -> keras.Model:
    """Two inputs, two outputs, called twice, in a model that is itself in a model."""
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    both = layers.Add()([a, b])
    pair = keras.Model([b, a], [layers.Dense(4)(both), ops.subtract(1.0, a)], name="pair")
    x, y = keras.Input((4,), name="x"), keras.Input((4,), name="y")
    first, second = pair([x, y])
    third, _ = pair([second, first])
    outer = keras.Model([x, y], [third, second], name="outer")
    z = keras.Input((4,), name="z")
    left, right = outer([z, layers.Dense(4)(z)])
    return keras.Model(z, layers.Concatenate()([left, right, z]))


def by_name() -> keras.Model:
    """A model in a model whose inputs have names that aren't in the order of its layers."""
    given = {"second": keras.Input((3,), name="s"), "first": keras.Input((3,), name="f")}
    inner = keras.Model(given, ops.subtract(given["first"], given["second"]), name="minus")
    x = keras.Input((3,), name="x")
    return keras.Model(x, inner({"first": layers.Dense(3)(x), "second": x}))


def arithmetic() -> keras.Model:
    x = keras.Input((4, 6), name="x")
    y = 1.0 - x * 0.5 + ops.maximum(x, 0.25) / (ops.exp(x) + 2)
    y = ops.concatenate([y, ops.mean(x, axis=1, keepdims=True)], axis=1)
    y = ops.pad(y, [[0, 0], [1, 0], [0, 0]], constant_values=3.0)
    y = ops.einsum("bij,bkj->bik", y, x)
    y = ops.where(y > 0.0, y, -1.0)
    return keras.Model(x, ops.logsumexp(ops.reshape(y, (-1, 24)), axis=-1, keepdims=True))


def attention() -> keras.Model:
    x = keras.Input((4, 6), name="x")
    y = layers.MultiHeadAttention(2, 3)(query=x, value=x, key=layers.Dense(6)(x))
    y = layers.LayerNormalization(axis=[1, 2])(layers.Add()([x, y]))
    return keras.Model(x, y)


def recurrent() -> keras.Model:
    x = keras.Input((4, 3), name="x")
    whole, h, c = layers.LSTM(5, return_sequences=True, return_state=True, name="whole")(x)
    y = layers.LSTM(5, name="last")(whole, initial_state=[h, c])
    z = layers.Bidirectional(layers.GRU(2), merge_mode="ave", name="both")(whole)
    w = layers.TimeDistributed(layers.Dense(2), name="each")(whole)
    v = layers.RNN([layers.GRUCell(3), layers.LSTMCell(2)], name="cells")(w)
    return keras.Model(x, [y, z, v])


def settings() -> keras.Model:
    """What isn't a number: initializers, regularizers, constraints, policies, functions."""
    x = keras.Input((8, 8, 3), name="x")
    y = layers.Conv2D(
        4,
        (3, 1),
        activation=keras.activations.gelu,
        kernel_initializer=keras.initializers.VarianceScaling(2.0, mode="fan_out"),
        kernel_regularizer=keras.regularizers.L1L2(1e-4, 1e-3),
        bias_constraint=keras.constraints.MaxNorm(3),
        dtype="mixed_bfloat16",
        name="conv",
    )(x)
    y = layers.SpectralNormalization(layers.Conv2D(2, 1, trainable=False), name="norm")(y)
    y = layers.ZeroPadding2D(((1, 0), (0, 2)))(y)
    y = layers.Resizing(4, 4, interpolation="nearest")(y)
    return keras.Model(x, layers.Rescaling([0.5, 2.0], offset=[0.0, 1.0])(y))


MODELS = (sequential, blocks, by_name, arithmetic, attention, recurrent, settings)


def rebuilt(project: Project, style: str) -> keras.Model:
    source = Source()
    write_model(source, project, style, check(project).shapes["model"], None)
    lines = ["import keras", *(line for part in source.sections for line in part.lines)]
    module: dict[str, object] = {}
    exec(compile("\n".join(lines), "model.py", "exec"), module)
    return module["build_model"]()


def flat(value: object) -> list[np.ndarray]:
    return [np.asarray(each) for each in keras.tree.flatten(value)]


@pytest.mark.parametrize("style", ["functional", "subclass"])
@pytest.mark.parametrize("make", MODELS)
@pytest.mark.filterwarnings("default")
def test_a_model_read_and_written_is_the_same(make: Callable[[], keras.Model], style: str) -> None:
    keras.utils.set_random_seed(5)
    model = make()
    project = import_model(json.loads(model.to_json())["config"])
    report = check(project)
    assert not errors(report.problems)
    ends = [report.shapes["model"].at(end) for end in project.model.outputs]
    assert [(s.shape, s.dtype) for s in ends] == [(x.shape, x.dtype) for x in model.outputs]
    rng = np.random.default_rng(5)
    x = ops.convert_to_tensor(rng.normal(size=(3, *model.input_shape[1:])), "float32")
    wanted = model(x)
    made = rebuilt(project, style)
    made(x)
    give(made, model)
    outputs = made(x)
    if isinstance(outputs, dict):
        outputs = list(outputs.values())
    for a, b in zip(flat(outputs), flat(wanted), strict=True):
        np.testing.assert_array_equal(a, b)
