"""What is wrong with a project, said so that a person can mend it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from studio.graph.problems import ERROR, Problem

from .samples import check_value, node_of, sample

Value = dict[str, Any]


def params(node: str, graph: str = "model", **values: Any) -> Callable[[Value], None]:
    return lambda value: node_of(value, node, graph).setdefault("params", {}).update(values)


def without(node: str, param: str, graph: str = "model") -> Callable[[Value], None]:
    return lambda value: node_of(value, node, graph)["params"].pop(param)


def fields(node: str, graph: str = "model", **values: Any) -> Callable[[Value], None]:
    return lambda value: node_of(value, node, graph).update(values)


def edges(*added: list[str], graph: str = "model") -> Callable[[Value], None]:
    return lambda value: value[graph]["edges"].extend(added)


def lost(*removed: list[str], graph: str = "model") -> Callable[[Value], None]:
    return lambda value: [value[graph]["edges"].remove(edge) for edge in removed]


def renamed(old: str, new: str, graph: str = "model") -> Callable[[Value], None]:
    def change(value: Value) -> None:
        node_of(value, old, graph)["id"] = new
        for edge in value[graph]["edges"]:
            edge[:] = [new if end == old else end for end in edge]

    return change


def training(**values: Any) -> Callable[[Value], None]:
    return lambda value: value["training"].update(values)


def of(graph: str, **values: Any) -> Callable[[Value], None]:
    return lambda value: value[graph].update(values)


MSE = {"op": "keras.losses.MeanSquaredError"}
ACCURACY = {"op": "keras.metrics.SparseCategoricalAccuracy"}
CCE = {"op": "keras.losses.CategoricalCrossentropy"}
CASES = [
    # change of digits_cnn, code, graph, node, words in the sentence
    # -- ops
    (fields("pool", op="keras.layers.MaxPool2d"), "unknown-op", "model", "pool",
     ['model.nodes[7] "pool"', '"keras.layers.MaxPool2d"', "Did you mean", "MaxPool"]),
    (fields("digit", op="keras.layers.Dens"), "unknown-op", "model", "digit",
     ['"keras.layers.Dens"', '"keras.layers.Dense"']),
    (fields("digit", op="Dense"), "unknown-op", "model", "digit", ["keras.layers.Dense"]),
    (fields("digit", op="qqqqqq.zzzzzz"), "unknown-op", "model", "digit", ["qqqqqq.zzzzzz"]),
    (fields("digit", op=""), "unknown-op", "model", "digit", ['no op ""']),
    (fields("shuffle", "data", op="tf.data.Dataset.shufle"), "unknown-op", "data", "shuffle",
     ["data.nodes[4]", "tf.data.Dataset.shuffle"]),
    (fields("digit", op="keras.optimizers.Adam"), "wrong-op", "model", "digit",
     ["is an optimizer", "layer"]),
    (fields("cache", "data", op="keras.layers.Dense"), "wrong-op", "data", "cache",
     ["is a layer", "a source or a stage"]),
    (fields("digit", op="block:no"), "lost-block", "model", "digit", ['"no"', "under blocks"]),
    (fields("digit", op="code:no"), "lost-code", "model", "digit", ['"no"', "under code"]),
    # -- parameters
    (without("digit", "units"), "missing-param", "model", "digit",
     ["Dense needs units", "a whole number of at least 1"]),
    (without("conv1", "kernel_size"), "missing-param", "model", "conv1",
     ["needs kernel_size", "a list of 2"]),
    (params("digit", unit=3), "unknown-param", "model", "digit",
     ['no parameter "unit"', 'Did you mean "units"']),
    (params("digit", units="10"), "bad-param", "model", "digit",
     ['units is "10"', "a whole number of at least 1", "Write 10, without quotes."]),
    (params("digit", units=10.0), "bad-param", "model", "digit", ["is 10.0", "Write 10."]),
    (params("digit", units=0), "bad-param", "model", "digit", ["units is 0", "at least 1"]),
    (params("digit", units=-3), "bad-param", "model", "digit", ["units is -3", "at least 1"]),
    (params("digit", units=True), "bad-param", "model", "digit", ["units is true"]),
    (params("digit", units=None), "bad-param", "model", "digit", ["units is null"]),
    (params("digit", units=[10]), "bad-param", "model", "digit", ["units is [10]"]),
    (params("conv1", padding="smae"), "bad-param", "model", "conv1",
     ['"valid" or "same"', 'Did you mean "same"']),
    (params("conv1", kernel_size=[3, 3, 3]), "bad-param", "model", "conv1", ["a list of 2"]),
    (params("conv1", kernel_size=[3, 0]), "bad-param", "model", "conv1", ["at least 1"]),
    (params("conv1", activation="rellu"), "bad-param", "model", "conv1",
     ["activation", 'Did you mean "relu"']),
    (params("conv1", activation=3), "bad-param", "model", "conv1",
     ["an activation", "by its name"]),
    (params("conv1", activation={"op": "keras.losses.Huber"}), "wrong-op", "model", "conv1",
     ["is a loss"]),
    (params("conv1", kernel_initializer={"op": "keras.initializers.HeNormol"}), "unknown-op",
     "model", "conv1", ["keras.initializers.HeNormal"]),
    (params("conv1", kernel_initializer={"op": "keras.initializers.HeNormal",
                                         "params": {"sed": 1}}), "unknown-param",
     "model", "conv1", ['"sed"', '"seed"']),
    (params("conv1", kernel_initializer={"op": 3}), "bad-param", "model", "conv1", ['"op"']),
    (params("conv1", kernel_initializer={"op": "keras.initializers.HeNormal", "parms": {}}),
     "bad-param", "model", "conv1", ['"parms"', '"params"']),
    (params("scale", "data", function={"op": "studio.map.rescale", "parms": {"scale": 0.5}}),
     "bad-param", "data", "scale", ['"parms"', '"params"']),
    (params("dropout", rate=1.5), "bad-param", "model", "dropout", ["rate is 1.5", "from 0 to 1"]),
    (params("image", shape=[8, 8, "1"]), "bad-param", "model", "image", ["[28, 28, 1]"]),
    (params("image", shape=8), "bad-param", "model", "image", ["shape is 8"]),
    (params("image", shape=[8, -8, 1]), "bad-param", "model", "image", ["[8, -8, 1]"]),
    (params("train", "data", batch_size=0), "bad-param", "data", "train", ["at least 1"]),
    (params("split", "data", validation=1.5), "bad-param", "data", "split", ["below 1"]),
    (params("scale", "data", function="rescale"), "bad-param", "data", "scale", ["a map"]),
    (params("scale", "data", function={"op": "studio.map.rescal"}), "unknown-op", "data", "scale",
     ["studio.map.rescale"]),
    (params("digit", units={"$": "n"}), "bad-param", "model", "digit", ['"n"', "isn't there"]),
    (params("digit", units={"$": [1]}), "bad-param", "model", "digit", ["units"]),
    (params("conv1", kernel_size=[{"$": "n"}, 3]), "bad-param", "model", "conv1", ['"n"']),
    (params("scale", "data", function={"op": "studio.map.rescale",
                                       "params": {"scale": {"$": "n"}}}), "bad-param",
     "data", "scale", ['"n"', "isn't there"]),
    (fields("digit", repeat=3), "bad-param", "model", "digit", ["repeat is for blocks"]),
    # -- ids and edges
    (renamed("conv2", "2conv"), "bad-id", "model", "2conv", ['"2conv" is no Python identifier']),
    (renamed("conv2", "my conv"), "bad-id", "model", "my conv", ["no Python identifier"]),
    (renamed("conv2", "class"), "bad-id", "model", "class", ["a word of Python itself"]),
    (renamed("conv2", "None"), "bad-id", "model", "None", ["a word of Python itself"]),
    (renamed("conv2", "__x"), "bad-id", "model", "__x", ["two underscores"]),
    (renamed("conv2", "naïve"), "bad-id", "model", "naïve", ["beyond a-z"]),
    (renamed("conv2", ""), "bad-id", "model", "", ["no Python identifier"]),
    (renamed("shuffle", "x-y", "data"), "bad-id", "data", "x-y", ["data.nodes[4]"]),
    (edges(["conv9", "pool"]), "lost-edge", "model", "conv9",
     ["model.edges[12]", '"conv9" to "pool"', "Did you mean"]),
    (edges(["relu", "nowhere"]), "lost-edge", "model", "nowhere", ['no node "nowhere"']),
    (edges(["relu", "pool"]), "occupied-port", "model", "pool",
     ["model.edges[12]", '"relu" into "pool"', "Concatenate or Add"]),
    (edges(["digit", "image"]), "lost-port", "model", "image", ["takes nothing in"]),
    (edges(["train", "digits"], graph="data"), "lost-port", "data", "digits", ["takes nothing in"]),
    (edges(["relu.x", "skip"]), "lost-port", "model", "relu", ['"relu.x"', "output"]),
    (edges(["relu", "skip.left"]), "lost-port", "model", "skip", ['"skip.left"', "inputs"]),
    (edges(["split.tests", "test"], graph="data"), "lost-port", "data", "split",
     ["train, validation, test", 'Did you mean "test"']),
    (lost(["relu", "conv3"]), "unfed", "model", "conv3", ["nothing feeds it", "Draw an edge"]),
    (lost(["split.train", "cache"], graph="data"), "unfed", "data", "cache", ["nothing feeds it"]),
    (edges(["conv3", "conv2"]), "cycle", "model", "conv2",
     ['"conv2" -> "norm" -> "relu" -> "conv3" -> "conv2"', "Remove one"]),
    (edges(["skip", "skip"]), "cycle", "model", "skip", ['"skip" -> "skip"']),
    (edges(["train", "split"], graph="data"), "cycle", "data", "split", ['"split" -> "cache"']),
    # -- outputs
    (of("model", outputs=["number"]), "lost-output", "model", "number",
     ["model.outputs[0]", '"number", which isn\'t there']),
    (of("model", outputs=["digit.y"]), "lost-output", "model", "digit", ['"digit.y"', "output"]),
    (of("model", outputs=["digit", "digit"]), "lost-output", "model", "digit", ["a second time"]),
    (of("model", outputs=[]), "lost-output", "model", "", ["no output", '["digit"]']),
    (of("data", outputs={"train": "trian"}), "lost-output", "data", "trian",
     ["data.outputs.train", 'Did you mean "train"']),
    (of("data", outputs={"train": "train", "valid": "validation"}), "lost-output", "data", "",
     ['"valid"', 'Did you mean "validation"']),
    (of("data", outputs={"train": "split.x"}), "lost-output", "data", "split", ["train, valid"]),
    (of("model", style="seq"), "bad-style", "model", "", ['is "seq"', "functional"]),
    # -- shared layers
    (lambda v: v["model"]["nodes"].append({"id": "b", "shares": "no"}), "lost-share", "model", "b",
     ['"no", which isn\'t there']),
    (lambda v: v["model"]["nodes"].append({"id": "b", "shares": "b"}), "lost-share", "model", "b",
     ["shares"]),
    (lambda v: v["model"]["nodes"].append({"id": "b", "shares": "conv1", "params": {"filters": 1}}),
     "bad-param", "model", "b", ["params of its own", '"conv1"']),
    # -- shapes
    (params("conv3", filters=16), "shape", "model", "skip",
     ['"conv1" gives (None, 8, 8, 32)', '"conv3" gives (None, 8, 8, 16)', "sizes 16 and 32"]),
    (params("conv3", padding="valid"), "shape", "model", "skip", ["(None, 6, 6, 32)"]),
    (params("image", shape=[8, 8]), "shape", "model", "conv1",
     ["expects 4 axes (batch, height, width, channels)", '"image" gives (None, 8, 8) float32',
      "Reshape"]),
    (params("conv4", kernel_size=5), "shape", "model", "conv4",
     ["a window of 5 over an axis of 4", '"pool" gives (None, 4, 4, 32)', '"same"']),
    (params("conv2", groups=5), "shape", "model", "conv2", ["5 groups", "32 channels"]),
    (params("conv2", strides=2, dilation_rate=2), "shape", "model", "conv2", ["not both"]),
    (params("image", shape=[8, 8, None]), "shape", "model", "conv1", ["the number of channels"]),
    (params("norm", axis=7), "shape", "model", "norm", ["axis 7", '"conv2" gives']),
    # -- joins
    (training(losses={"number": CCE}), "lost-output", "training", "number",
     ["training.losses.number", "Its outputs are digit"]),
    (training(metrics={"digi": []}), "lost-output", "training", "digi",
     ["training.metrics.digi", 'Did you mean "digit"']),
    (training(loss_weights={"x": 1}), "lost-output", "training", "x", ["training.loss_weights.x"]),
    (training(losses={"digit": CCE}), "label-loss", "training", "digit",
     ["(None,)", "(None, 10)", '"train" gives the label', "SparseCategoricalCrossentropy"]),
    (training(losses={"digit": MSE}), "label-loss", "training", "digit", ["element by element"]),
    (training(metrics={"digit": [ACCURACY, {"op": "keras.metrics.F1Score"}]}), "label-metric",
     "training", "digit", ["training.metrics.digit[1]", "(None,)", "(None, 10)", '"train" gives',
     '"digit" the output', "one_hot"]),
    (training(losses={}, metrics={"digit": [{"op": "keras.metrics.Mean"}]}), "label-metric",
     "training", "digit", ["training.metrics.digit[0]", "Mean takes values"]),
    (training(losses={"digit": {"op": "tf.data.Dataset.batch", "params": {"batch_size": 1}}}),
     "wrong-op", "training", "digit", ["is a stage"]),
    (params("digit", units=1), "label-loss", "training", "digit", ["1 unit", "BinaryCross"]),
    (params("digit", units=9), "label-range", "training", "digit", ["9", "units"]),
    (params("image", shape=[8, 7, 1]), "join", "data", "train",
     ["(None, 8, 8) float32", '"image" takes (None, 8, 7, 1)', "for train"]),
    (params("digits", "data", label=None), "join", "data", "train", ["no label", "source's label"]),
    (lambda v: v["data"]["outputs"].update(train="cache"), "join", "data", "cache",
     ["tf.data.Dataset.batch"]),
    (training(loop="fast"), "bad-param", "training", "", ["training.loop", "fit or custom"]),
    (training(optimizer={"op": "keras.optimizers.Adem"}), "unknown-op", "training", "",
     ["training.optimizer", "keras.optimizers.Adam"]),
    (training(optimizer={"op": "keras.layers.Dense", "params": {"units": 1}}), "wrong-op",
     "training", "", ["is a layer", "an optimizer"]),
    (training(optimizer={"op": "keras.optimizers.Adam", "params": {"learning_rate": -1}}),
     "bad-param", "training", "", ["learning_rate is -1", "at least 0"]),
    (training(callbacks=[{"op": "keras.callbacks.EarlyStoping"}]), "unknown-op", "training", "",
     ["training.callbacks[0]", "keras.callbacks.EarlyStopping"]),
    (params("train", "data", batch_size=2000, drop_remainder=True), "shape", "data", "train",
     ["there would be none", "elements"]),
    (params("split", "data", validation=0.6, test=0.6), "shape", "data", "split",
     ["leaves no element for training"]),
    (params("split", "data", validation=0.0001), "shape", "data", "split", ["for validation"]),
]  # fmt: skip


def found(problems: list[Problem], code: str, graph: str, node: str) -> list[Problem]:
    return [p for p in problems if (p.code, p.graph, p.node) == (code, graph, node)]


@pytest.mark.parametrize(
    ("change", "code", "graph", "node", "words"),
    CASES,
    ids=[f"{code} {node} {words[0]}" for _, code, _, node, words in CASES],
)
def test_a_mistake_is_told_with_its_place_and_how_to_mend_it(
    change, code, graph, node, words
) -> None:
    value = sample("digits_cnn")
    change(value)
    problems = check_value(value).problems
    there = found(problems, code, graph, node)
    assert there, [problem.sentence() for problem in problems]
    sentences = [problem.sentence() for problem in there]
    fitting = [all(word in sentence for word in words) for sentence in sentences]
    assert any(fitting), sentences
    sentence = sentences[fitting.index(True)]
    assert sentence.isprintable()
    assert len(sentence) < 500
    assert there[0].severity == ERROR
    assert there[0].hint or code in ("shape", "label-range"), "nothing says how to mend it"
    assert set(there[0].as_json()) == {"severity", "code", "graph", "node", "message", "hint"}


@pytest.mark.parametrize(
    ("change", "code", "graph", "node", "words"), CASES, ids=[str(i) for i in range(len(CASES))]
)
def test_one_mistake_is_not_told_twice(change, code, graph, node, words) -> None:
    value = sample("digits_cnn")
    change(value)
    sentences = [problem.sentence() for problem in check_value(value).problems]
    assert len(sentences) == len(set(sentences))


@pytest.mark.parametrize(("style", "told"), [("auto", 3), ("functional", 3), ("subclass", 0)])
def test_a_feature_that_no_input_takes_would_be_given_to_another(style, told) -> None:
    value = sample("penguins")
    value["data"]["nodes"][0]["params"]["features"]["a_year"] = "year"
    value["model"]["style"] = style
    problems = [p for p in check_value(value).problems if p.severity == ERROR]
    assert {p.code for p in problems} <= {"join"}
    assert [p.node for p in problems] == ["train", "validation", "test"][:told]
    assert all('the feature "a_year"' in p.message and p.hint for p in problems)
