"""For each advice: where it stands, a project that calls for it, and one that must not."""

from __future__ import annotations

from collections.abc import Sequence

from .build import (
    BINARY,
    BINARY_LOGITS,
    FLAT,
    MSE,
    ONE_HOT,
    SPARSE,
    SPARSE_LOGITS,
    Json,
    call,
    callback,
    classes,
    conv,
    data,
    dense,
    digits,
    measure,
    model,
    node,
    pictures,
    project,
    row,
    table,
    watched,
    yes_or_no,
)

SOFT = dense("digit", 10, "softmax")
SIGMOID = dense("digit", 10, "sigmoid")
BIG = (2048, 1024)


def metric(name: str, /, **params) -> Json:
    return call("metrics", name, **params)


def scores(**training) -> Json:
    return yes_or_no(dense("answer", 1), loss=BINARY_LOGITS, **training)


def merged(*edges: list[str], op: str = "Add") -> Json:
    chain = model(dense("a", 4, "relu"), dense("b", 4, "relu"), node("sum", op), shape=(4,))
    chain["edges"] = [["x", "a"], ["x", "b"], *edges]
    return project(None, chain, MSE)


def text(buckets: int, rows: int, last: bool = True) -> Json:
    source = data(
        node("source", "csv", path="texts.csv", label="yes", features="text"),
        node("words", "map_hash_words", buckets=buckets, length=6),
        node("shuffle", "shuffle", buffer_size=100),
        node("batch", "batch", batch_size=16),
    )
    mean = [node("mean", "GlobalAveragePooling1D")] if last else []
    embedding = node("table", "Embedding", input_dim=rows, output_dim=4)
    chain = model(embedding, *mean, dense("answer", 1, "sigmoid"), shape=(6,), dtype="int64")
    return project(source, chain, BINARY)


def stages(*more: Json, label: str = "kind", file: str = "table.csv") -> Json:
    chain = model(dense("kind", 4), shape=(2,))
    return project(table(label, *more, file=file), chain, SPARSE_LOGITS)


def small(label: str = "kind", **batch) -> Json:
    shuffled = node("shuffle", "shuffle", buffer_size=200)
    return stages(shuffled, node("batch", "batch", **batch), label=label)


def branches(batch: Json, **training) -> Json:
    split = node("split", "split", validation=0.2)
    shuffled = node("shuffle", "shuffle", buffer_size=200)
    source = node("source", "csv", path="table.csv", label="kind", features=["a", "b"])
    train = node("batch", "batch", batch_size=16)
    made = data(source, split, shuffled, train, validation=[batch])
    return project(made, model(dense("kind", 4), shape=(2,)), SPARSE_LOGITS, **training)


def worded(batch: str, *layers: Json, ragged: bool | None = None, **table: bool) -> Json:
    source = data(
        node("source", "csv", path="texts.csv", label="yes", features="text"),
        node("words", "map_hash_words", buckets=64, length=None),
        node("shuffle", "shuffle", buffer_size=100),
        node("batch", batch, batch_size=16),
    )
    embedding = node("table", "Embedding", input_dim=64, output_dim=4, **table)
    mean = node("mean", "GlobalAveragePooling1D")
    chain = model(embedding, *layers, mean, dense("answer", 1, "sigmoid"), dtype="int64")
    chain["nodes"][0]["params"] |= {"shape": [None]} | ({"ragged": True} if ragged else {})
    return project(source, chain, BINARY)


def flipped(*order: str) -> Json:
    flip = call("layers", "RandomFlip", mode="horizontal")
    nodes = {
        "augment": node("augment", "map_augment", layers=[flip]),
        "cache": node("cache", "cache"),
        "shuffle": node("shuffle", "shuffle", buffer_size=60),
        "batch": node("batch", "batch", batch_size=8),
    }
    value = pixels()
    scale = node("scale", "map_rescale", scale=1 / 255)
    channel = node("channel", "map_add_channel")
    source = value["data"]["nodes"][0]
    value["data"] = data(source, scale, channel, *(nodes[name] for name in order))
    value["model"]["nodes"][0]["params"]["shape"] = [4, 4, 1]
    return value


def twice(file: str, *more: Json) -> Json:
    """One source for training and another, of a file, for the test."""
    value = stages(
        node("shuffle", "shuffle", buffer_size=200), node("batch", "batch", batch_size=16)
    )
    again = node("again", "csv", path=file, label="kind", features=["a", "b"])
    test = [again, *more, node("held_out", "batch", batch_size=16)]
    value["data"]["nodes"] += test
    value["data"]["edges"] += row(test)
    value["data"]["outputs"]["test"] = "held_out"
    return value


def pixels(*more: Json, loss: Json = BINARY) -> Json:
    source = data(
        node("source", "csv", path="pixels.csv", label="kind"),
        *more,
        node("shuffle", "shuffle", buffer_size=60),
        node("batch", "batch", batch_size=8),
    )
    chain = model(node("flat", "Flatten"), dense("answer", 1, "sigmoid"), shape=(4, 4))
    return project(source, chain, loss)


def grams(*more: Json) -> Json:
    source = data(
        node("source", "csv", path="table.csv", label="yes", features=["a", "grams"]),
        node("shuffle", "shuffle", buffer_size=100),
        node("batch", "batch", batch_size=16),
    )
    return project(source, model(*more, dense("answer", 1, "sigmoid"), shape=(2,)), BINARY)


def in_block(layer: Json) -> Json:
    """A column of grams through a block that holds one layer."""
    inner = {"nodes": [node("x", "Input"), layer], "edges": [["x", layer["id"]]]}
    block = inner | {"inputs": ["x"], "outputs": [layer["id"]]}
    return grams({"id": "norm", "op": "block:scaled"}) | {"blocks": {"scaled": block}}


def words(*layers: Json) -> Json:
    """A hundred texts, and what a lookup makes of them, added up."""
    source = data(
        node("source", "csv", path="texts.csv", label="yes", features="text"),
        node("shuffle", "shuffle", buffer_size=100),
        node("batch", "batch", batch_size=16),
    )
    mean = {"id": "answer", "op": "keras.ops.mean", "params": {"axis": -1, "keepdims": True}}
    return project(source, model(*layers, mean, shape=(1,), dtype="string"), BINARY)


def gappy(*stages: Json, missing: str) -> Json:
    """A column with an empty cell, measured by a Normalization."""
    source = data(
        node("source", "csv", path="gaps.csv", label="yes", features={"x": "a"}, missing=missing),
        *stages,
        node("shuffle", "shuffle", buffer_size=100),
        node("batch", "batch", batch_size=16),
    )
    layers = node("norm", "Normalization"), dense("answer", 1, "sigmoid")
    return project(source, model(*layers, shape=(1,)), BINARY)


MANY = {"output_mode": "multi_hot"}


def series(*layers: Json, shape: tuple[int, ...] = (9, 3)) -> Json:
    return project(None, model(*layers, dense("answer", 1), shape=shape), MSE)


def leaking(validation: str) -> Json:
    value = stages()
    value["data"]["nodes"] += [node("held_out", "batch", batch_size=64)]
    value["data"]["edges"] += [[validation, "held_out"]]
    value["data"]["outputs"]["validation"] = "held_out"
    return value


def divided() -> Json:
    first, rest = node("first", "take", count=150), node("rest", "skip", count=150)
    value = stages(
        first, node("shuffle", "shuffle", buffer_size=150), node("batch", "batch", batch_size=16)
    )
    value["data"]["nodes"] += [rest, node("held_out", "batch", batch_size=64)]
    value["data"]["edges"] += [["source", "rest"], ["rest", "held_out"]]
    value["data"]["outputs"]["validation"] = "held_out"
    return value


def with_stage(value: Json) -> Json:
    value["data"]["nodes"] += [node("lost", "take", count=3), node("more", "cache")]
    value["data"]["edges"] += [["source", "lost"], ["lost", "more"]]
    return value


def beside(*nodes: Json, edges: Sequence[list[str]] = ()) -> Json:
    value = classes()
    value["model"]["nodes"] += nodes
    value["model"]["edges"] += edges
    return value


def optimizer(name: str, rate) -> Json:
    return classes(optimizer=call("optimizers", name, learning_rate=rate))


SCHEDULE = call(
    "optimizers.schedules",
    "ExponentialDecay",
    initial_learning_rate=0.01,
    decay_steps=100,
    decay_rate=0.9,
)
WARM_UP = call(
    "optimizers.schedules",
    "CosineDecay",
    initial_learning_rate=0.0,
    decay_steps=100,
    warmup_target=0.01,
    warmup_steps=10,
)
NORM = node("norm", "BatchNormalization")
RELU = node("relu", "Activation", activation="relu")
POOL = node("pool", "MaxPooling2D", pool_size=2)
STEPS = {"return_sequences": True}

SPREAD = {
    "distribution": {"op": "tf.distribute.MirroredStrategy", "params": {"devices": ["a", "b"]}}
}
HALF = {"precision": "mixed_float16"}
WIDE = dense("digit", 10, dtype="float32")
APART = {"optimizers": {"slow": call("optimizers", "SGD")}, "trained_by": {"digit": "slow"}}

# code: (graph, node, a project that calls for it, projects that don't, whether it has a fix)
CASES = {
    # -- outputs
    "probabilities-as-logits": (
        "training", "digit",
        classes(last=SOFT, loss=SPARSE_LOGITS),
        [classes(last=SOFT, loss=SPARSE), classes()],
        True,
    ),
    "logits-as-probabilities": (
        "training", "digit",
        classes(loss=SPARSE),
        [classes(last=SOFT, loss=SPARSE), classes(), measure()],
        True,
    ),
    "scores-cut-off": (
        "model", "digit",
        classes(last=dense("digit", 10, "relu")),
        [classes(), classes(dense("hidden", 20, "relu"))],
        True,
    ),
    "softmax-of-one": (
        "model", "answer",
        yes_or_no(dense("answer", 1, "softmax")),
        [yes_or_no(), classes(last=SOFT, loss=SPARSE)],
        True,
    ),
    "sigmoid-of-classes": (
        "model", "digit",
        classes(last=SIGMOID, loss=SPARSE),
        [classes(last=SIGMOID, loss=BINARY), yes_or_no()],
        True,
    ),
    "softmax-with-binary-loss": (
        "training", "digit",
        classes(last=SOFT, loss=BINARY),
        [classes(last=SIGMOID, loss=BINARY), classes(last=SOFT, loss=ONE_HOT)],
        True,
    ),
    "dropout-on-output": (
        "model", "drop",
        project(
            digits(),
            model(node("flat", "Flatten"), dense("digit", 10), node("drop", "Dropout", rate=0.2)),
            SPARSE_LOGITS,
        ),
        [classes(dense("hidden", 20, "relu"), node("drop", "Dropout", rate=0.2))],
        True,
    ),
    # -- labels
    "spare-units": (
        "model", "digit",
        classes(last=dense("digit", 12)),
        [classes(), classes(loss=call("losses", "SparseCategoricalCrossentropy",
                                      from_logits=True, ignore_class=11),
                            last=dense("digit", 12))],
        True,
    ),
    "labels-beyond-binary": (
        "training", "answer",
        yes_or_no(label="kind"),
        [yes_or_no(), classes(last=SIGMOID, loss=BINARY)],
        True,
    ),
    "softmax-for-regression": (
        "model", "digit",
        project(None, model(node("flat", "Flatten"), SOFT), MSE),
        [classes(last=SOFT, loss=MSE), measure()],
        True,
    ),
    "output-out-of-reach": (
        "model", "answer",
        measure(last=dense("answer", 1, "relu")),
        [measure(), measure(last=dense("answer", 1, "sigmoid"), label="yes"),
         measure(last=dense("answer", 1, "tanh"), label="signed")],
        True,
    ),
    "dropout-before-measure": (
        "model", "drop",
        measure(dense("hidden", 4, "relu"), node("drop", "Dropout", rate=0.2)),
        [
            measure(dense("h1", 4, "relu"), node("d", "Dropout", rate=0.2), dense("h2", 4, "relu")),
            measure(node("noise", "Dropout", rate=0.2)),
            classes(dense("hidden", 20, "relu"), node("drop", "Dropout", rate=0.2)),
        ],
        True,
    ),
    # -- metrics
    "binary-metric-of-classes": (
        "training", "digit",
        classes(metrics=[metric("BinaryAccuracy", name="accuracy")]),
        [yes_or_no(metrics=[metric("BinaryAccuracy")]),
         classes(last=SIGMOID, loss=BINARY, metrics=[metric("BinaryAccuracy")])],
        True,
    ),
    "metric-labels": (
        "training", "digit",
        classes(metrics=[metric("TopKCategoricalAccuracy", k=3)]),
        [classes(metrics=[metric("SparseTopKCategoricalAccuracy", k=3)]),
         classes(last=SOFT, loss=ONE_HOT, metrics=[metric("CategoricalAccuracy")])],
        True,
    ),
    "accuracy-by-equality": (
        "training", "answer",
        yes_or_no(metrics=[metric("Accuracy")]),
        [yes_or_no(metrics=[metric("BinaryAccuracy", name="accuracy")])],
        True,
    ),
    "accuracy-of-measures": (
        "training", "answer",
        measure(metrics=[metric("BinaryAccuracy")]),
        [measure(metrics=[metric("MeanAbsoluteError")]),
         classes(last=SOFT, loss=MSE, metrics=[metric("CategoricalAccuracy")])],
        True,
    ),
    "metric-of-logits": (
        "training", "answer",
        scores(metrics=[metric("BinaryAccuracy")]),
        [scores(metrics=[metric("BinaryAccuracy", threshold=0.0)]),
         scores(metrics=[metric("AUC", from_logits=True)]),
         yes_or_no(metrics=[metric("BinaryAccuracy"), metric("AUC")]),
         classes(metrics=[metric("SparseCategoricalAccuracy")])],
        True,
    ),
    # -- layers
    "linear-stack": (
        "model", "hidden",
        classes(dense("hidden", 40)),
        [classes(dense("hidden", 40, "relu")), classes(dense("narrow", 4)),
         classes(dense("hidden", 40), RELU)],
        True,
    ),
    "bias-before-norm": (
        "model", "conv",
        pictures(conv(), NORM, RELU),
        [pictures(conv(use_bias=False), NORM, RELU), pictures(conv(activation="relu"), NORM),
         pictures(conv(), node("norm", "BatchNormalization", trainable=False), RELU),
         pictures(conv(), RELU, NORM)],
        True,
    ),
    "squeezed-before-norm": (
        "model", "conv",
        pictures(conv(activation="sigmoid"), NORM),
        [pictures(conv(activation="relu"), NORM), pictures(conv(activation="sigmoid"))],
        True,
    ),
    "high-dropout": (
        "model", "drop",
        pictures(conv(activation="relu"), node("drop", "Dropout", rate=0.9)),
        [pictures(conv(activation="relu"), node("drop", "Dropout", rate=0.5))],
        True,
    ),
    "hidden-softmax": (
        "model", "hidden",
        classes(dense("hidden", 20, "softmax")),
        [classes(dense("hidden", 20, "relu")), classes(last=SOFT, loss=SPARSE)],
        True,
    ),
    "huge-dense": (
        "model", "wide",
        project(None, model(conv(filters=64), node("flat", "Flatten"), dense("wide", 64, "relu"),
                            dense("digit", 10), shape=(32, 32, 3)), SPARSE_LOGITS),
        [pictures(conv(filters=64), shape=(32, 32, 3)),
         project(None, model(dense("wide", 1200, "relu"), dense("digit", 10), shape=(1000,)),
                 SPARSE_LOGITS)],
        True,
    ),
    "norm-of-one": (
        "data", "batch",
        {**small(batch_size=1), "model": model(dense("h", 4, use_bias=False), NORM, RELU,
                                               dense("kind", 4), shape=(2,))},
        [small(batch_size=1),
         {**small(batch_size=8), "model": model(dense("h", 4, use_bias=False), NORM, RELU,
                                                dense("kind", 4), shape=(2,))}],
        True,
    ),
    # -- flow
    "idle-layer": (
        "model", "again",
        classes(node("again", "Flatten")),
        [classes(), classes(RELU), pictures(POOL),
         pictures(node("cast", "Activation", activation="linear", dtype="float32"))],
        True,
    ),
    "activation-twice": (
        "model", "relu",
        pictures(conv(activation="relu"), RELU),
        [pictures(conv(), RELU), pictures(conv(activation="relu"))],
        True,
    ),
    "same-tensor": (
        "model", "sum",
        merged(["a", "sum"], ["a", "sum"], ["b", "sum"]),
        [merged(["a", "sum"], ["b", "sum"]),
         merged(["a", "sum"], ["a", "sum"], ["b", "sum"], op="Concatenate")],
        False,
    ),
    "same-name": (
        "model", "second",
        classes(dense("hidden", 20, "relu"), dense("second", 20, "relu", name="hidden")),
        [classes(dense("hidden", 20, "relu"), dense("second", 20, "relu", name="other"))],
        True,
    ),
    "idle-stage": (
        "data", "lost",
        with_stage(stages()),
        [stages(), watched(validation=False)],
        True,
    ),
    "seen-in-training": (
        "data", "held_out",
        leaking("source"),
        [divided(), branches(node("held_out", "batch", batch_size=16))],
        False,
    ),
    # -- windows
    "too-small-from-here": (
        "model", "pool",
        pictures(conv("c1", activation="relu"), POOL, conv("c2", kernel_size=5)),
        [pictures(conv("c1", activation="relu"), POOL, conv("c2"))],
        True,
    ),
    "single-place": (
        "model", "last_pool",
        pictures(POOL, node("last_pool", "MaxPooling2D"), conv("c1", padding="same"),
                 conv("c2", padding="same"), shape=(6, 6, 1)),
        [pictures(POOL, conv("c1", padding="same"), conv("c2", padding="same")),
         pictures(conv("whole", kernel_size=8), conv("c1", kernel_size=1))],
        True,
    ),
    "kernel-in-padding": (
        "model", "conv",
        pictures(conv(kernel_size=5, padding="same"), shape=(2, 2, 1)),
        [pictures(conv(padding="same"), shape=(2, 2, 1)),
         pictures(conv(kernel_size=5, padding="same"), shape=(None, None, 1))],
        True,
    ),
    "stride-over-window": (
        "model", "conv",
        pictures(conv(kernel_size=2, strides=3)),
        [pictures(conv(kernel_size=1, strides=2)), pictures(conv(strides=2))],
        True,
    ),
    # -- what goes in
    "unscaled-pixels": (
        "model", "x",
        pixels(),
        [pixels(node("scale", "map_rescale", scale=1 / 255)), classes()],
        True,
    ),
    "unscaled-columns": ("model", "x", grams(), [grams(NORM), yes_or_no()], False),
    "not-adapted": (
        "block:scaled", "inner",
        in_block(node("inner", "Normalization")),
        [
            in_block(node("inner", "Normalization", mean=[0.0, 3000.0], variance=[1.0, 9.0])),
            grams(node("norm", "Normalization")),
        ],
        False,
    ),
    "open-vocabulary": (
        "model", "code",
        words(node("code", "StringLookup", output_mode="multi_hot")),
        [
            words(node("code", "StringLookup", **MANY, max_tokens=9, pad_to_max_tokens=True)),
            words(node("code", "StringLookup", **MANY, vocabulary=["a", "b"])),
        ],
        True,
    ),
    "gaps-measured": (
        "model", "norm",
        gappy(missing="keep"),
        [
            gappy(node("filled", "map_fill_missing", values={"x": 0.0}), missing="keep"),
            gappy(missing="drop"),
        ],
        False,
    ),
    # -- sequences
    "no-sequence": (
        "model", "second",
        series(node("first", "LSTM", units=4), node("second", "GRU", units=4)),
        [series(node("first", "LSTM", units=4, **STEPS), node("second", "GRU", units=4))],
        True,
    ),
    "table-as-sequence": (
        "model", "rnn",
        series(node("flat", "Flatten"), node("rnn", "LSTM", units=4)),
        [series(node("rnn", "LSTM", units=4)),
         series(node("each", "Reshape", target_shape=[9, 1]), node("rnn", "GRU", units=4),
                shape=(9,))],
        True,
    ),
    "steps-to-the-end": ("model", "table", text(50, 50, last=False), [text(50, 50)], True),
    "small-vocabulary": ("model", "table", text(80, 50), [text(50, 50), text(50, 90)], True),
    "one-step": (
        "model", "lstm",
        series(node("lstm", "LSTM", units=4), shape=(1, 9)),
        [series(node("lstm", "LSTM", units=4)),
         series(node("lstm", "LSTM", units=4, return_state=True), shape=(1, 9))],
        False,
    ),
    # -- data
    "sorted-classes": (
        "data", "batch",
        stages(node("batch", "batch", batch_size=16), file="sorted.csv"),
        [stages(file="sorted.csv"), stages(node("batch", "batch", batch_size=16)),
         stages(node("batch", "batch", batch_size=16), file="sorted.csv", label="yes")],
        True,
    ),
    "shuffle-behind-batch": (
        "data", "shuffle",
        stages(node("batch", "batch", batch_size=16), node("shuffle", "shuffle", buffer_size=99)),
        [stages()],
        True,
    ),
    "small-shuffle": (
        "data", "shuffle",
        stages(node("shuffle", "shuffle", buffer_size=5), node("batch", "batch", batch_size=16)),
        [stages()],
        True,
    ),
    "batch-twice": (
        "data", "again",
        stages(node("shuffle", "shuffle", buffer_size=99), node("batch", "batch", batch_size=16),
               node("again", "batch", batch_size=4)),
        [stages()],
        True,
    ),
    "one-batch": (
        "data", "batch",
        small(batch_size=512),
        [small(batch_size=200), branches(node("held_out", "batch", batch_size=512))],
        True,
    ),
    "rest-not-evaluated": (
        "data", "held_out",
        branches(node("held_out", "batch", batch_size=16, drop_remainder=True)),
        [branches(node("held_out", "batch", batch_size=16)),
         branches(node("held_out", "batch", batch_size=20, drop_remainder=True)),
         small(batch_size=16, drop_remainder=True)],
        True,
    ),
    "cached-shuffle": (
        "data", "cache",
        stages(node("shuffle", "shuffle", buffer_size=99), node("cache", "cache"),
               node("batch", "batch", batch_size=16)),
        [stages(node("cache", "cache"), node("shuffle", "shuffle", buffer_size=99),
                node("batch", "batch", batch_size=16))],
        True,
    ),
    "endless-cache": (
        "data", "cache",
        {**stages(node("again", "repeat"), node("cache", "cache"),
                  node("shuffle", "shuffle", buffer_size=99), node("batch", "batch", batch_size=9)),
         "training": {"steps_per_epoch": 9}},
        [stages(node("again", "repeat", count=2), node("cache", "cache"),
                node("shuffle", "shuffle", buffer_size=99), node("batch", "batch", batch_size=9))],
        True,
    ),
    "map-before-batch": (
        "data", "twice",
        stages(node("shuffle", "shuffle", buffer_size=99), node("twice", "map_rescale", scale=2.0),
               node("batch", "batch", batch_size=16)),
        [stages(node("shuffle", "shuffle", buffer_size=99), node("batch", "batch", batch_size=16),
                node("twice", "map_rescale", scale=2.0)),
         stages(node("twice", "map_rescale", scale=2.0), node("shuffle", "shuffle", buffer_size=99),
                node("batch", "batch", batch_size=16)),
         text(64, 64)],
        True,
    ),
    "cached-augment": (
        "data", "cache",
        flipped("augment", "cache", "shuffle", "batch"),
        [flipped("cache", "augment", "shuffle", "batch"),
         flipped("cache", "shuffle", "batch", "augment")],
        True,
    ),
    "repeat-before-shuffle": (
        "data", "shuffle",
        stages(node("again", "repeat", count=2), node("shuffle", "shuffle", buffer_size=99),
               node("batch", "batch", batch_size=16)),
        [stages(node("shuffle", "shuffle", buffer_size=99), node("again", "repeat", count=2),
                node("batch", "batch", batch_size=16))],
        True,
    ),
    "sorted-shuffle": (
        "data", "shuffle",
        stages(node("shuffle", "shuffle", buffer_size=60), node("batch", "batch", batch_size=16),
               file="sorted.csv"),
        [stages(node("shuffle", "shuffle", buffer_size=150), node("batch", "batch", batch_size=16),
                file="sorted.csv"),
         stages(node("shuffle", "shuffle", buffer_size=60), node("batch", "batch", batch_size=16))],
        True,
    ),
    "uneven-batch": (
        "data", "batch",
        worded("batch"),
        [worded("padded_batch"), worded("ragged_batch", ragged=True)],
        True,
    ),
    "ragged-layer": (
        "model", "drop",
        worded("ragged_batch", node("drop", "Dropout", rate=0.2), ragged=True),
        [worded("ragged_batch", ragged=True),
         worded("padded_batch", node("drop", "Dropout", rate=0.2))],
        False,
    ),
    "shared-rows": (
        "data", "again",
        twice("table.csv"),
        [twice("other.csv"), twice("table.csv", node("few", "take", count=9)),
         stages(node("batch", "batch", batch_size=16)),
         branches(node("held_out", "batch", batch_size=16))],
        False,
    ),
    # -- training
    "no-validation": (
        "training", "",
        watched(callback("EarlyStopping", monitor="val_loss"), validation=False),
        [watched(callback("EarlyStopping")),
         watched(callback("EarlyStopping", monitor="loss"), validation=False),
         watched(callback("ModelCheckpoint", filepath="m.keras"), validation=False)],
        True,
    ),
    "unknown-monitor": (
        "training", "",
        watched(callback("EarlyStopping", monitor="val_acuracy")),
        [watched(callback("EarlyStopping", monitor="val_accuracy")),
         watched(callback("EarlyStopping", monitor="loss"))],
        True,
    ),
    "monitor-direction": (
        "training", "",
        watched(callback("EarlyStopping", monitor="val_accuracy", mode="min")),
        [watched(callback("EarlyStopping", monitor="val_accuracy", mode="max")),
         watched(callback("EarlyStopping", monitor="val_loss", mode="min"))],
        True,
    ),
    "patience-over-epochs": (
        "training", "",
        watched(callback("EarlyStopping", patience=10)),
        [watched(callback("EarlyStopping", patience=9)),
         watched(callback("EarlyStopping", patience=10, restore_best_weights=True))],
        True,
    ),
    "stops-before-plateau": (
        "training", "",
        watched(callback("EarlyStopping", patience=4), callback("ReduceLROnPlateau", patience=4)),
        [watched(callback("EarlyStopping", patience=4), callback("ReduceLROnPlateau", patience=2)),
         watched(callback("EarlyStopping", patience=4, monitor="loss"),
                 callback("ReduceLROnPlateau", patience=4))],
        True,
    ),
    "schedule-and-callback": (
        "training", "",
        watched(callback("ReduceLROnPlateau", patience=2),
                optimizer=call("optimizers", "SGD", learning_rate=SCHEDULE)),
        [watched(callback("ReduceLROnPlateau", patience=2)), optimizer("SGD", SCHEDULE)],
        True,
    ),
    "learning-rate": (
        "training", "",
        optimizer("Adam", 0.5),
        [optimizer("Adam", 0.1), optimizer("SGD", 1.0), optimizer("Adadelta", 1.0),
         optimizer("Adam", WARM_UP)],
        True,
    ),
    "nothing-trains": (
        "training", "",
        classes(last=dense("digit", 10, trainable=False)),
        [classes(), classes(dense("hidden", 20, "relu", trainable=False))],
        True,
    ),
    "steps-beyond-data": (
        "training", "",
        classes(steps_per_epoch=500),
        [classes(steps_per_epoch=5), classes()],
        True,
    ),
    "never-validated": (
        "training", "",
        classes(validation_freq=11),
        [classes(validation_freq=10), classes(validation_freq=[3, 12]),
         watched(validation=False, validation_freq=11)],
        True,
    ),
    # -- strategies
    "unsynchronized-norm": (
        "model", "norm",
        classes(node("norm", "BatchNormalization"), loop="custom") | SPREAD,
        [classes(node("norm", "BatchNormalization")),
         classes(node("norm", "BatchNormalization", synchronized=True), loop="custom") | SPREAD],
        True,
    ),
    "uneven-replicas": (
        "data", "batch",
        project(digits(batch=33), model(FLAT, dense("digit", 10)), SPARSE_LOGITS, loop="custom")
        | SPREAD,
        [classes(loop="custom") | SPREAD],
        True,
    ),
    "uneven-first-batch": (
        "data", "held_out",
        classes() | SPREAD,
        [classes(loop="custom") | SPREAD, classes()],
        True,
    ),
    "clipped-parts": (
        "training", "",
        pictures(conv(), optimizer=call("optimizers", "Adam", global_clipnorm=1.0)) | SPREAD,
        [classes(optimizer=call("optimizers", "Adam", global_clipnorm=1.0)),
         classes(optimizer=call("optimizers", "Adam", global_clipnorm=1.0), loop="custom")
         | SPREAD],
        True,
    ),
    # -- precision
    "narrow-output": (
        "model", "digit",
        classes(**HALF),
        [classes(last=WIDE, **HALF), classes(precision="float64"),
         classes(dense("ten", 10), **HALF,
                 last=node("digit", "Activation", activation="linear", dtype="float32"))],
        True,
    ),
    "no-narrow-images": (
        "model", "holes",
        pictures(node("holes", "RandomErasing"), conv(), last=WIDE, **HALF),
        [pictures(node("holes", "RandomErasing"), conv(), last=WIDE),
         pictures(node("holes", "RandomErasing", dtype="float32"), conv(), last=WIDE, **HALF),
         pictures(node("holes", "RandomErasing"), conv(), last=WIDE,
                  precision="mixed_bfloat16")],
        True,
    ),
    "narrow-measures": (
        "model", "norm",
        classes(node("norm", "Normalization"), last=WIDE, **HALF),
        [classes(node("norm", "Normalization"), last=WIDE),
         classes(node("norm", "Normalization", dtype="float32"), last=WIDE, **HALF),
         classes(node("norm", "Normalization", mean=0.5, variance=2.0), last=WIDE, **HALF)],
        True,
    ),
    "narrow-weights": (
        "training", "",
        classes(last=WIDE, precision="bfloat16"),
        [classes(last=WIDE, **HALF)],
        True,
    ),
    "penalty-dtype": (
        "model", "hidden",
        classes(dense("hidden", 20, "relu", kernel_regularizer="l2"), precision="float64"),
        [classes(dense("hidden", 20, "relu", kernel_regularizer="l2"), last=WIDE, **HALF),
         classes(dense("hidden", 20, "relu", kernel_regularizer="l2", dtype="float32"),
                 precision="float64"),
         classes(dense("hidden", 20, "relu"), precision="float64")],
        True,
    ),
    "unscaled-loss": (
        "training", "",
        classes(last=WIDE, loop="custom", **HALF, **APART),
        [classes(last=WIDE, loop="custom", **HALF),
         classes(last=WIDE, loop="custom", precision="mixed_bfloat16", **APART)],
        True,
    ),
}  # fmt: skip

VGG = {"op": "keras.applications.VGG16", "params": {"weights": None, "classes": 10}}
LARGE = [node("wide", "Reshape", target_shape=[8, 8, 1]), node("large", "UpSampling2D", size=4)]

# Other projects that call for an advice, by another way through its check.
MORE = {
    "mask of a ragged tensor": (
        "ragged-layer", worded("ragged_batch", ragged=True, mask_zero=True),
    ),
    "batch of words for a ragged input": ("uneven-batch", worded("batch", ragged=True)),
    "a lookup whose size is told": (
        "open-vocabulary", words(node("code", "StringLookup", **MANY, max_tokens=9)),
    ),
    "words of texts": (
        "open-vocabulary", words(node("code", "TextVectorization", **MANY)),
    ),
    "the softmax of a ready-made model": (
        "probabilities-as-logits",
        classes(*LARGE, last={"id": "digit", **VGG}),
    ),
    "a ready-made model's classes amid": ("hidden-softmax", classes(*LARGE, {"id": "vgg", **VGG})),
    "binary logits": ("logits-as-probabilities", yes_or_no(dense("answer", 1))),
    "softmax as a layer": (
        "probabilities-as-logits",
        classes(dense("ten", 10), last=node("digit", "Activation", activation="softmax")),
    ),
    "tanh as probabilities": ("scores-cut-off", yes_or_no(dense("answer", 1, "tanh"))),
    "softmax of one measure": ("softmax-of-one", measure(last=dense("answer", 1, "softmax"))),
    "a softmax without one-hot labels": (
        "softmax-with-binary-loss",
        project(None, model(node("flat", "Flatten"), SOFT), BINARY),
    ),
    "a signed label": ("labels-beyond-binary", yes_or_no(label="signed")),
    "binary labels as scores": (
        "labels-beyond-binary",
        yes_or_no(dense("answer", 1), label="kind", loss=BINARY_LOGITS),
    ),
    "a sigmoid": ("output-out-of-reach", measure(last=dense("answer", 1, "sigmoid"))),
    "an input that nothing takes": ("unused", beside(node("extra", "Input", shape=[3]))),
    "a branch that ends nowhere": (
        "unused", beside(dense("b1", 5), dense("b2", 5), edges=[["flat", "b1"], ["b1", "b2"]]),
    ),
    "a table into a GRU": (
        "table-as-sequence", series(node("rnn", "GRU", units=4), shape=(9,)),
    ),
    "behind a Dense": (
        "table-as-sequence",
        series(dense("hidden", 8, "relu"), node("rnn", "Bidirectional", layer=call("layers", "LSTM",
               units=3)), shape=(9,)),
    ),
    "of a picture": (
        "table-as-sequence",
        series(node("flat", "Flatten"), node("rnn", "LSTM", units=4), shape=(4, 4, 3)),
    ),
    "one-hot labels": (
        "metric-labels",
        classes(last=SOFT, loss=ONE_HOT, metrics=[metric("SparseCategoricalAccuracy")]),
    ),
    "precision of class numbers": (
        "binary-metric-of-classes", classes(metrics=[metric("Precision")]),
    ),
    "area of scores": ("metric-of-logits", scores(metrics=[metric("AUC")])),
    "recall of scores": ("metric-of-logits", scores(metrics=[metric("Recall")])),
    "logits of probabilities": (
        "metric-of-logits",
        yes_or_no(metrics=[metric("AUC", from_logits=True)]),
    ),
    "a norm between": ("linear-stack", classes(dense("hidden", 40, use_bias=False), NORM)),
    "all dropped": ("high-dropout", pictures(conv(), node("drop", "SpatialDropout2D", rate=1.0))),
    "a linear activation": (
        "idle-layer", pictures(conv(), node("none", "Activation", activation="linear")),
    ),
    "a pooling of 1": ("idle-layer", pictures(node("pool", "MaxPooling2D", pool_size=1))),
    "the same shape": ("idle-layer", classes(node("same", "Reshape", target_shape=[64]))),
    "the id of a later node": (
        "same-name", classes(dense("hidden", 20, "relu", name="digit")),
    ),
    "two softmaxes": (
        "activation-twice",
        classes(dense("ten", 10, "softmax"), loss=SPARSE,
                last=node("digit", "Activation", activation="softmax")),
    ),
    "a small input": ("too-small-from-here", pictures(conv("c1", kernel_size=9))),
    "a wide pooling stride": (
        "stride-over-window", pictures(node("pool", "MaxPooling2D", pool_size=2, strides=4)),
    ),
    "a stride to one place": (
        "single-place",
        pictures(conv("c0", strides=4, padding="same"), conv("c1", padding="same"),
                 conv("c2", padding="same"), shape=(4, 4, 1)),
    ),
    "a lookup": (
        "small-vocabulary",
        project(None, model(node("look", "StringLookup", vocabulary=["a", "b", "c"]),
                            node("table", "Embedding", input_dim=3, output_dim=2),
                            node("flat", "Flatten"), dense("answer", 1), shape=(1,),
                            dtype="string"), MSE),
    ),
    "both directions": (
        "no-sequence",
        series(node("first", "Bidirectional", layer=call("layers", "LSTM", units=4)),
               node("second", "LSTM", units=4)),
    ),
    "a convolution of steps": (
        "no-sequence",
        series(node("first", "GRU", units=4), node("second", "Conv1D", filters=2, kernel_size=2),
               node("mean", "GlobalAveragePooling1D")),
    ),
    "a split by position": (
        "sorted-classes",
        stages(node("split", "split", validation=0.2, shuffle=False),
               node("batch", "batch", batch_size=16), file="sorted.csv"),
    ),
    "all of the data": ("seen-in-training", leaking("shuffle")),
    "a rate of 0": ("learning-rate", optimizer("Adam", 0.0)),
    "a schedule": (
        "learning-rate",
        optimizer("Adam", call("optimizers.schedules", "CosineDecay",
                               initial_learning_rate=2.0, decay_steps=100)),
    ),
    "epochs that there aren't": ("never-validated", classes(validation_freq=[12, 20])),
    "a softmax in bfloat16": (
        "narrow-output", classes(last=SOFT, loss=SPARSE, precision="mixed_bfloat16"),
    ),
    "an activation by itself": (
        "narrow-output",
        classes(dense("ten", 10), node("soft", "Activation", activation="softmax"), **HALF,
                last=node("digit", "Flatten"), loss=SPARSE),
    ),
    "a penalty on what leaves it": (
        "penalty-dtype",
        classes(node("held", "ActivityRegularization", l2=0.1), last=WIDE, **HALF),
    ),
    "weights in float16": ("narrow-weights", classes(last=WIDE, precision="float16")),
    "little patience": (
        "stops-before-plateau",
        watched(callback("EarlyStopping", patience=1), callback("ReduceLROnPlateau", patience=4)),
    ),
    "validation steps": (
        "steps-beyond-data", watched(callback("EarlyStopping"), validation_steps=50),
    ),
    "a name that is like none": (
        "unknown-monitor", watched(callback("EarlyStopping", monitor="zzz")),
    ),
}  # fmt: skip

# Problems of the other checks that have a mend: code, node, project.
MENDS = {
    "unused": ("b", merged(["a", "sum"], ["x", "sum"])),
    "lost-edge": ("nowhere", merged(["a", "sum"], ["b", "sum"], ["a", "nowhere"])),
    "label-range": ("digit", classes(last=dense("digit", 8))),
    "label-loss": (
        "digit", project(digits(), model(node("flat", "Flatten"), SOFT), ONE_HOT),
    ),
    "endless": ("batch", stages(node("shuffle", "shuffle", buffer_size=99), node("again", "repeat"),
                                node("batch", "batch", batch_size=16))),
}  # fmt: skip
