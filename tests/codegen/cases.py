"""Purpose-made projects, by what is special in each: name -> (folder of the data) -> project."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from .projects import (
    Json,
    call,
    chain,
    complete,
    csv,
    mapped,
    model_graph,
    node,
    npz,
    split_graph,
    stage,
    training,
)

Case = Callable[[Path], Json]

LABELLED = csv(label="y")
SERIES = csv("series.csv", features="value")
GAPS = csv(
    "gaps.csv", features={"b": "b", "ab": ["a", "b"], "word": "word"}, label="y", missing="keep"
)
NAMED = csv(features={"one": "a", "two": ["a", "b"]}, label="y")


def of_data(graph: Json, **parts: Any) -> Case:
    return lambda folder: complete(graph, folder, **parts)


def of_model(
    nodes: list[Json], edges: list[list[str]], *outputs: str, style: str = "auto", **parts: Any
) -> Case:
    """A model on the two numbers a and b, whose one output is trained with y."""

    def made(folder: Path) -> Json:
        graph = model_graph([X, *nodes], edges, *outputs, style=style)
        return complete(chain(LABELLED), folder, model=graph, training=training(*outputs)) | parts

    return made


X = node("x", "keras.Input", shape=[2])
DENSE = "keras.layers.Dense"


SOURCES: dict[str, Json] = {
    "csv of numbers": csv(),
    "csv with a label": LABELLED,
    "csv gzipped": csv("numbers.csv.gz", label="y"),
    "csv with a label of reals": csv("reals.csv", label="y"),
    "csv with a label of texts": csv("words.csv", label="kind", features="a"),
    "csv with classes given": csv("words.csv", label="kind", features="a", classes=[*"zyxw"]),
    "csv of one column": csv(features="a"),
    "csv of one column in a list": csv(features=["a"], label="y"),
    "csv of one text": csv("words.csv", features="text", label="a"),
    "csv of texts in a list": csv("words.csv", features=["text", "kind"], label="a"),
    "csv of named features": NAMED,
    "csv of named features without a label": csv(features={"one": "a", "two": ["a", "b"]}),
    "csv of named texts": csv("words.csv", features={"t": "text", "k": ["kind"]}, label="a"),
    "csv of numbers and texts by their names": csv("words.csv", label="a"),
    "csv numbered as a grid": csv("grid.csv", label="y"),
    "csv with gaps dropped": csv("gaps.csv", features=["a", "b"], label="y", missing="drop"),
    "csv with gaps kept": csv("gaps.csv", features=["a", "b"], label="y", missing="keep"),
    "csv with one column's gaps kept": csv("gaps.csv", features="b", missing="keep"),
    "csv with named gaps kept": csv(
        "gaps.csv", features={"b": "b", "ab": ["a", "b"], "word": "word"}, missing="keep"
    ),
    "csv with named gaps dropped": csv(
        "gaps.csv", features={"b": "b", "word": "word"}, label="y", missing="drop"
    ),
    "csv with odd column names": csv("odd.csv", label="y"),
    "npz of one array": npz("pair.npz", label="y"),
    "npz with an array chosen": npz(features="x", label="y"),
    "npz of named arrays": npz(features={"big": "x", "small": "small"}, label="y"),
    "npz without a label": npz(features="small"),
    "npy": npz("series.npy"),
}

STAGES: dict[str, tuple[Json, ...]] = {
    "shuffle": (LABELLED, stage("s", "shuffle", buffer_size=20)),
    "shuffle with a seed": (
        LABELLED,
        stage("s", "shuffle", buffer_size=20, seed=4, reshuffle_each_iteration=False),
    ),
    "shuffle with nulls": (
        LABELLED,
        stage("s", "shuffle", buffer_size=20, seed=None, reshuffle_each_iteration=None),
    ),
    "repeat": (LABELLED, stage("s", "repeat", count=3)),
    "take": (LABELLED, stage("s", "take", count=5)),
    "take all": (LABELLED, stage("s", "take", count=-1)),
    "skip": (LABELLED, stage("s", "skip", count=5)),
    "cache": (LABELLED, stage("s", "cache")),
    "prefetch": (LABELLED, stage("s", "prefetch")),
    "prefetch of two": (LABELLED, stage("s", "prefetch", buffer_size=2)),
    "window": (SERIES, stage("s", "window", length=4)),
    "window with a horizon": (SERIES, stage("s", "window", length=3, horizon=2)),
    "window of vectors": (csv(features=["a", "b"]), stage("s", "window", length=3)),
    "rescale": (LABELLED, mapped("s", "rescale", scale=0.5)),
    "rescale with an offset": (LABELLED, mapped("s", "rescale", scale=0.5, offset=-1.5)),
    "rescale with an offset alone": (LABELLED, mapped("s", "rescale", offset=2)),
    "rescale by nothing": (LABELLED, mapped("s", "rescale")),
    "rescale by zero": (LABELLED, mapped("s", "rescale", scale=0)),
    "rescale without a label": (csv(), mapped("s", "rescale", scale=2.0)),
    "rescale of whole numbers": (npz(features="small"), mapped("s", "rescale", scale=0.25)),
    "rescale of named features": (NAMED, mapped("s", "rescale", scale=0.5, offset=1.0)),
    "rescale of named whole numbers": (
        npz(features={"big": "x", "small": "small"}),
        mapped("s", "rescale", scale=1 / 255, offset=0.5),
    ),
    "rescale with one call at a time": (
        LABELLED,
        stage("s", "map", function=call("studio.map.rescale"), num_parallel_calls=1),
    ),
    "cast": (LABELLED, mapped("s", "cast", dtype="int32")),
    "cast without a label": (csv(), mapped("s", "cast", dtype="float64")),
    "cast of named features": (NAMED, mapped("s", "cast", dtype="float16")),
    "one-hot": (LABELLED, mapped("s", "one_hot", depth=3)),
    "one-hot of named features": (NAMED, mapped("s", "one_hot", depth=4)),
    "words": (
        csv("words.csv", features="text", label="a"),
        mapped("s", "hash_words", buckets=9, length=3),
    ),
    "words without a label": (
        csv("words.csv", features="text"),
        mapped("s", "hash_words", buckets=100, length=1),
    ),
    "words of named features": (
        csv("words.csv", features={"t": "text", "k": "kind"}),
        mapped("s", "hash_words", buckets=9, length=3),
    ),
    "gaps filled": (GAPS, mapped("s", "fill_missing", values={"b": 9.0, "ab": [1.0, 2.5]})),
    "gaps filled with flags": (
        GAPS,
        mapped("s", "fill_missing", values={"b": -1.0, "word": "none"}, flags=True),
    ),
    "dates taken apart": (
        csv("dates.csv", features={"day": "day", "i": "i"}, label="y"),
        mapped("s", "date_parts", column="day", parts=["weekday", "month", "year", "day"]),
    ),
    "dates with times": (
        csv("dates.csv", features={"time": ["time", "time"]}, label="y"),
        mapped("s", "date_parts", column="time", parts=["hour", "minute", "weekday"]),
    ),
    "arrange": (
        LABELLED,
        mapped("s", "arrange", features={"x": [0]}, labels={"answer": [1]}),
    ),
    "arrange without labels": (LABELLED, mapped("s", "arrange", features={"x": [0], "y": [1]})),
}
BATCHES: dict[str, Json] = {
    "batch": stage("b", "batch", batch_size=5),
    "batch without remainder": stage("b", "batch", batch_size=5, drop_remainder=True),
    "batch in parallel": stage("b", "batch", batch_size=5, num_parallel_calls=2),
}
SPLITS: dict[str, Json] = {
    "split in three": stage("split", "split", validation=0.25, test=0.25),
    "split by numbers": stage("split", "split", validation=3, test=2),
    "split with a seed": stage("split", "split", validation=0.25, test=2, seed=11),
    "split in order": stage("split", "split", validation=0.25, test=0.25, shuffle=False),
}
SAME_PAIR: Json = {
    "nodes": [
        LABELLED,
        stage("z", "zip"),
        mapped("m", "arrange", features={"x": [0, 0]}, labels={"d": [0, 1], "e": [1, 1]}),
        stage("b", "batch", batch_size=4),
    ],
    "edges": [["rows", "z"], ["rows", "z"], ["z", "m"], ["m", "b"]],
    "outputs": {"train": "b"},
}
TWO_HEADS = (
    [X, node("d", DENSE, units=1), node("e", DENSE, units=1)],
    [["x", "d"], ["x", "e"]],
    "d",
    "e",
)
_RNN = node("r", "keras.layers.Reshape", target_shape=[2, 1])
_LSTM = node("l", "keras.layers.LSTM", units=3, return_state=True)


def _two_heads(**given: Any) -> Case:
    return lambda folder: {
        "studio": 1,
        "name": "two",
        "data": SAME_PAIR,
        "model": model_graph(*TWO_HEADS[:2], "d", "e"),
        "training": training("d", "e", **given),
    }


MODELS: dict[str, Case] = {
    "a chain": of_model([node("d", DENSE, units=1)], [["x", "d"]], "d"),
    "a chain in the functional style": of_model(
        [node("d", DENSE, units=1)], [["x", "d"]], "d", style="functional"
    ),
    "a shared layer": of_model(
        [
            node("a", DENSE, units=2, activation="relu"),
            {"id": "b", "shares": "a"},
            node("sum", "keras.layers.Add"),
            node("d", DENSE, units=1),
        ],
        [["x", "a"], ["a", "b"], ["a", "sum"], ["b", "sum"], ["sum", "d"]],
        "d",
    ),
    "a shared layer whose first call leads nowhere": of_model(
        [node("a", DENSE, units=1), {"id": "b", "shares": "a"}], [["x", "a"], ["x", "b"]], "b"
    ),
    "two outputs": _two_heads(),
    "two outputs with weights": _two_heads(loss_weights={"d": 0.25, "e": 2}),
    "two outputs, one of them not trained": lambda folder: (
        _two_heads()(folder) | {"training": training("d")}
    ),
    "an initial state": of_model(
        [_RNN, _LSTM, {**_LSTM, "id": "m"}, node("d", DENSE, units=1)],
        [
            *(["x", "r"], ["r", "l"], ["r", "m"], ["m", "d"]),
            *(["l.state_h", "m.initial_state"], ["l.state_c", "m.initial_state"]),
        ],
        "d",
    ),
    "one of three states": of_model(
        [_RNN, _LSTM, node("d", DENSE, units=1)],
        [["x", "r"], ["r", "l"], ["l.state_c", "d"]],
        "d",
    ),
    "states that nothing takes": of_model(
        [_RNN, _LSTM, node("d", DENSE, units=1)], [["x", "r"], ["r", "l"], ["l", "d"]], "d"
    ),
    "calls in parameters": of_model(
        [
            node(
                "d",
                DENSE,
                units=1,
                kernel_initializer=call("keras.initializers.HeNormal", seed=1),
                kernel_regularizer=call("keras.regularizers.L1L2", l1=0.1, l2=1e-06),
                bias_constraint=call("keras.constraints.NonNeg"),
            )
        ],
        [["x", "d"]],
        "d",
    ),
    "an activation as a call": of_model(
        [node("d", DENSE, units=1, activation=call("keras.activations.relu"))], [["x", "d"]], "d"
    ),
    "a node that leads to no output": of_model(
        [node("d", DENSE, units=1), node("lost", DENSE, units=7)],
        [["x", "d"], ["x", "lost"]],
        "d",
    ),
}

HOSTILE_NAMES = {
    "empty": "",
    "spaces": "   ",
    "a docstring's end": '"""\nimport os\n"""',
    "a backslash at its end": "name\\",
    "a line end": "a\nb",
    "bidi marks": "\u202ename\u2066",
    "not ASCII": "Pingüine 企鹅",
    "braces": "{name} %s",
    "very long": "n" * 3000,
    "digits first": "1. try",
    "underscores": "__init__",
    "a path": "../../etc/passwd",
    "a surrogate": "\ud800",
}
COLLIDING = [
    *("keras", "tf", "np", "csv", "gzip", "Path", "input", "list", "print", "range", "len"),
    *("l", "O", "I", "_", "model", "datasets", "train", "main", "build_model", "make_datasets"),
    *("HERE", "SEED", "EPOCHS", "load_rows", "read_csv", "split_dataset", "callbacks", "history"),
    *("x", "y", "t", "weight", "part_0", "columns", "features", "labels", "names", "match", "type"),
]


def _collides_in_data(name: str) -> Case:
    """A source, a stage before a split, and a stage behind it of one odd name each."""

    def made(folder: Path) -> Json:
        split = stage("split", "split", validation=0.25, test=0.25, seed=None)
        return complete(
            split_graph(LABELLED, {**mapped("s", "rescale"), "id": name}, split), folder
        )

    return made


def _collides_as_source(name: str) -> Case:
    return of_data(chain({**LABELLED, "id": name}, stage("s", "shuffle", buffer_size=3)))


def _collides_in_model(name: str) -> Case:
    nodes = [node(name, DENSE, units=2), {"id": "again", "shares": name}, node("d", DENSE, units=1)]
    inputs = {**X, "id": "x_in"}
    edges = [["x_in", name], [name, "again"], ["again", "d"]]
    graph = model_graph([inputs, *nodes], edges, "d")
    return of_data(chain(LABELLED), model=graph, training=training("d"))


TRAININGS: dict[str, Json] = {
    "no seed": training("answer", seed=None),
    "no optimizer": training("answer", optimizer=None),
    "everything set": training(
        "answer",
        epochs=2,
        optimizer=call(
            "keras.optimizers.AdamW",
            learning_rate=call(
                "keras.optimizers.schedules.CosineDecay",
                initial_learning_rate=0.001,
                decay_steps=1000,
                warmup_steps=100,
                warmup_target=0.01,
            ),
            weight_decay=0.004,
            clipnorm=1.0,
        ),
        metrics={"answer": [call("keras.metrics.MeanAbsoluteError", name="mae")]},
        callbacks=[
            call("keras.callbacks.TerminateOnNaN"),
            call("keras.callbacks.CSVLogger", filename='it\'s "a" log\\.csv'),
        ],
        steps_per_epoch=2,
        steps_per_execution=2,
        jit_compile=True,
    ),
}

CASES: dict[str, Case] = (
    {f"source: {name}": of_data(chain(source)) for name, source in SOURCES.items()}
    | {f"stage: {name}": of_data(chain(*stages)) for name, stages in STAGES.items()}
    | {f"stage: {name}": of_data(chain(LABELLED, b, batch=None)) for name, b in BATCHES.items()}
    | {f"stage: {name}": of_data(split_graph(LABELLED, split)) for name, split in SPLITS.items()}
    | {
        "stage: split in two": of_data(
            split_graph(
                LABELLED, stage("split", "split", validation=0.5), outputs=("train", "validation")
            )
        ),
        "stage: zip and arrange": _two_heads(),
    }
    | {f"model: {name}": case for name, case in MODELS.items()}
    | {f"name: {name}": of_data(chain(LABELLED), name=text) for name, text in HOSTILE_NAMES.items()}
    | {f"data node: {name}": _collides_in_data(name) for name in COLLIDING}
    | {f"source node: {name}": _collides_as_source(name) for name in COLLIDING}
    | {f"model node: {name}": _collides_in_model(name) for name in COLLIDING}
    | {f"training: {name}": of_data(chain(LABELLED), training=t) for name, t in TRAININGS.items()}
)
