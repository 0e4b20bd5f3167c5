"""A graph for every stage of tf.data, and the same written by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from studio.engine.local_cluster import free_ports

from .by_hand_sources import (
    LABELLED,
    NAMED,
    PLAIN_WORDS,
    SERIES,
    TEXT,
    TEXTS,
    WORDS,
    D,
    a,
    labelled,
    loosely,
    named,
    row,
    series,
    text,
    texts,
    words,
)
from .projects import Json, call, csv, mapped, node, stage

SERVICE = free_ports(1)[0]
"""Where a tf.data service is to be started."""


def s(op: str, **params: Any) -> Json:
    return stage("s", op, **params)


def compare(comparison: str, value: Any, *part: Any) -> Json:
    return call("studio.predicate.compare", part=[*part], comparison=comparison, value=value)


def among(*values: Any, part: list[Any]) -> Json:
    return call("studio.predicate.one_of", part=part, values=[*values])


def long(**bounds: int) -> Json:
    return call("studio.predicate.length", part=[], **bounds)


def joined(op: str, *, choice: bool = False, **params: Any) -> Json:
    """Rows and the series' numbers as one column each, put together."""
    other = {**csv("series.csv", features="value"), "id": "others"}
    first = csv(features="a")
    nodes, edges = [first, other], [["rows", "s"], ["others", "s"]]
    if choice:
        nodes += [
            {**csv(features="y"), "id": "which"},
            stage("some", "filter", predicate=compare("<", 2.0)),
            mapped("numbers", "cast", dtype="int64"),
        ]
        edges += [["which", "some"], ["some", "numbers"], ["numbers", "s.choice_dataset"]]
    nodes.append(s(op, **params))
    return {"nodes": nodes, "edges": edges, "outputs": {"train": "s"}}


def which() -> D:
    return D.range(12).map(lambda i: i % 3).filter(lambda x: x < 2)


VALUE = call("studio.key.value", part=[1])
LENGTH = call("studio.key.length", part=[])


STAGES: dict[str, tuple[Json, Callable[[], D]]] = {
    "filter of a label": (
        row(LABELLED, s("filter", predicate=compare(">", 0, 1))),
        lambda: labelled().filter(lambda x, y: y > 0),
    ),
    "filter of a text": (
        row(TEXT, s("filter", predicate=compare("==", "The a, b!"))),
        lambda: text().filter(lambda x: x == "The a, b!"),
    ),
    "filter of a named number": (
        row(NAMED, s("filter", predicate=compare("<=", 2.5, 0, "one"))),
        lambda: named().filter(lambda x, y: x["one"] <= 2.5),
    ),
    "filter of some": (
        row(LABELLED, s("filter", predicate=among(0, 2, part=[1]))),
        lambda: labelled().filter(lambda x, y: y != 1),
    ),
    "filter of some texts": (
        row(TEXT, s("filter", predicate=among("The b, b!", part=[]))),
        lambda: text().filter(lambda x: x == "The b, b!"),
    ),
    "filter by length": (
        row(*PLAIN_WORDS, s("filter", predicate=long(min=2, max=3))),
        words,
    ),
    "filter by least length": (
        row(*PLAIN_WORDS, s("filter", predicate=long(min=4))),
        lambda: words().take(0),
    ),
    "filter by largest length": (
        row(*PLAIN_WORDS, s("filter", predicate=long(max=2))),
        lambda: words().take(0),
    ),
    "filter of NaN": (
        row(csv("gaps.csv", features=["a", "b"], label="y", missing="keep"),
            s("filter", predicate=call("studio.predicate.finite"))),
        lambda: D.range(1, 12).map(
            lambda i: (tf.cast(tf.stack([i, i]), tf.float32), tf.cast(i, tf.int32))
        ),
    ),
    "take_while": (
        row(SERIES, s("take_while", predicate=compare("<", 20.0))),
        lambda: series().take(5),
    ),
    "unique": (
        row(TEXT, s("unique")), lambda: D.from_tensor_slices(["The a, b!", "The b, b!"]),
    ),
    "shard": (row(LABELLED, s("shard", num_shards=5, index=1)), lambda: labelled().shard(5, 1)),
    "shard of none": (row(LABELLED, s("shard", num_shards=50, index=20)),
                      lambda: labelled().take(0)),
    "ignore_errors": (row(LABELLED, s("ignore_errors")), labelled),
    "ignore_errors of numbers that are none": (
        row(TEXT, mapped("n", "parse_numbers"), s("ignore_errors", log_warning=True)),
        lambda: a().take(0),
    ),
    "padded_batch": (
        row(*PLAIN_WORDS, s("padded_batch", batch_size=5)), lambda: words().padded_batch(5),
    ),
    "padded_batch with shapes and values": (
        row(TEXTS, WORDS, s("padded_batch", batch_size=5, padded_shapes=[[4], []],
                            padding_values=["-", 7], drop_remainder=True)),
        lambda: texts().map(lambda x, y: (tf.strings.split(x), y)).padded_batch(
            5, ([4], []), ("-", 7), drop_remainder=True),
    ),
    "padded_batch of named parts": (
        row(NAMED, s("padded_batch", batch_size=5,
                     padded_shapes=[{"one": [], "two": [3]}, None],
                     padding_values=[{"one": 0, "two": 1.5}, None])),
        lambda: named().padded_batch(
            5, ({"one": [], "two": [3]}, []), ({"one": 0.0, "two": 1.5}, 0)),
    ),
    "ragged_batch": (
        row(*PLAIN_WORDS, s("ragged_batch", batch_size=5)), lambda: words().ragged_batch(5),
    ),
    "ragged_batch without remainder": (
        row(TEXTS, WORDS, s("ragged_batch", batch_size=5, drop_remainder=True,
                            row_splits_dtype="int32")),
        lambda: texts().map(lambda x, y: (tf.strings.split(x), y)).ragged_batch(
            5, True, tf.int32),
    ),
    "unbatch": (
        row(LABELLED, stage("b", "batch", batch_size=5), s("unbatch")), labelled,
    ),
    "unbatch of ragged batches": (
        row(*PLAIN_WORDS, stage("b", "ragged_batch", batch_size=5), s("unbatch"),
            stage("c", "ragged_batch", batch_size=4)),
        lambda: words().ragged_batch(4),
    ),
    "unbatch of full batches": (
        row(LABELLED, stage("b", "batch", batch_size=5, drop_remainder=True), s("unbatch")),
        lambda: labelled().take(10),
    ),
    "rebatch": (
        row(LABELLED, stage("b", "batch", batch_size=5), s("rebatch", batch_size=4)),
        lambda: labelled().batch(4),
    ),
    "rebatch of full batches": (
        row(LABELLED, stage("b", "batch", batch_size=5, drop_remainder=True),
            s("rebatch", batch_size=4, drop_remainder=True)),
        lambda: labelled().take(8).batch(4, drop_remainder=True),
    ),
    "bucket_by_sequence_length": (
        row(*PLAIN_WORDS, s("bucket_by_sequence_length", element_length_func=LENGTH,
                            bucket_boundaries=[2, 4], bucket_batch_sizes=[2, 5, 1])),
        lambda: words().padded_batch(5),
    ),
    "bucket_by_sequence_length to the boundary": (
        row(*PLAIN_WORDS, s("bucket_by_sequence_length", element_length_func=LENGTH,
                            bucket_boundaries=[2, 6], bucket_batch_sizes=[2, 5, 1],
                            pad_to_bucket_boundary=True, padding_values="-",
                            drop_remainder=True)),
        lambda: words().take(10).padded_batch(5, padded_shapes=[5], padding_values="-").map(
            lambda x: tf.ensure_shape(x, [None, 5])).apply(loosely),
    ),
    "group_by_window": (
        row(LABELLED, s("group_by_window", key_func=VALUE, window_size=4,
                        reduce_func=call("studio.reduce.batch", batch_size=3))),
        lambda: labelled().group_by_window(
            lambda x, y: tf.cast(y, tf.int64), lambda k, g: g.batch(3), window_size=4),
    ),
    "group_by_window by length": (
        row(*PLAIN_WORDS, s("group_by_window", window_size=5,
                            key_func=call("studio.key.length", part=[], width=2),
                            reduce_func=call("studio.reduce.ragged_batch", batch_size=5))),
        lambda: words().ragged_batch(5),
    ),
    "group_by_window padded": (
        row(*PLAIN_WORDS, s("group_by_window", window_size=5, key_func=LENGTH,
                            reduce_func=call("studio.reduce.padded_batch", batch_size=5,
                                             drop_remainder=True))),
        lambda: words().take(10).padded_batch(5, drop_remainder=True),
    ),
    "rejection_resample": (
        row(LABELLED, s("rejection_resample", class_func=VALUE, target_dist=[1.0, 0.0, 0.0],
                        initial_dist=[0.34, 0.33, 0.33])),
        lambda: labelled().filter(lambda x, y: y == 0).map(lambda x, y: (y, (x, y))),
    ),
    "rejection_resample and pick": (
        row(LABELLED, s("rejection_resample", class_func=VALUE, target_dist=[0.0, 0.0, 1.0],
                        initial_dist=[0.34, 0.33, 0.33], seed=4), mapped("p", "pick", part=[1])),
        lambda: labelled().filter(lambda x, y: y == 2),
    ),
    "concatenate": (joined("concatenate"), lambda: a().concatenate(series())),
    "sample_from_datasets": (
        joined("sample_from_datasets", seed=5, rerandomize_each_iteration=False),
        lambda: D.sample_from_datasets([a(), series()], seed=5, rerandomize_each_iteration=False),
    ),
    "sample_from_datasets by weight": (
        joined("sample_from_datasets", weights=[0.0, 1.0], stop_on_empty_dataset=True), series,
    ),
    "choose_from_datasets": (
        joined("choose_from_datasets", choice=True),
        lambda: D.choose_from_datasets([a(), series()], which()),
    ),
    "choose_from_datasets to the end": (
        joined("choose_from_datasets", choice=True, stop_on_empty_dataset=False),
        lambda: D.choose_from_datasets([a(), series()], which(), False),
    ),
    "flat_map of slices": (
        row(LABELLED, stage("b", "batch", batch_size=5),
            s("flat_map", map_func=call("studio.expand.slices"))),
        labelled,
    ),
    "flat_map of named slices": (
        row(NAMED, mapped("p", "pick", part=[0]), stage("b", "batch", batch_size=5),
            s("flat_map", map_func=call("studio.expand.slices"))),
        lambda: named().map(lambda x, y: x),
    ),
    "window": (row(SERIES, node("s", "tf.data.Dataset.window", size=5)),
               lambda: series().window(5)),
    "window of windows": (
        row(SERIES, node("w", "tf.data.Dataset.window", size=5, shift=2, stride=2),
            s("flat_map", map_func=call("studio.expand.windows"))),
        lambda: series().window(5, 2, 2).flat_map(lambda x: x.batch(5)),
    ),
    "window of full windows": (
        row(LABELLED, node("w", "tf.data.Dataset.window", size=3, shift=1, drop_remainder=True),
            s("flat_map", map_func=call("studio.expand.windows", drop_remainder=True))),
        lambda: labelled().window(3, 1, drop_remainder=True).flat_map(
            lambda x, y: D.zip(x, y).batch(3, drop_remainder=True)),
    ),
    "window of named parts": (
        row(NAMED, node("w", "tf.data.Dataset.window", size=5),
            s("flat_map", map_func=call("studio.expand.windows", drop_remainder=True))),
        lambda: named().batch(5, drop_remainder=True),
    ),
    "interleave": (
        row(LABELLED, stage("b", "batch", batch_size=5),
            s("interleave", map_func=call("studio.expand.slices"), cycle_length=2, block_length=2)),
        lambda: labelled().batch(5).interleave(
            lambda x, y: D.from_tensor_slices((x, y)), 2, 2),
    ),
    "enumerate": (row(LABELLED, s("enumerate", start=3)), lambda: labelled().enumerate(3)),
    "scan of a sum": (
        row(SERIES, s("scan", initial_state=0, scan_func=call("studio.scan.running_sum"))),
        lambda: series().scan(0.0, lambda state, x: (state + x, state + x)),
    ),
    "scan of differences": (
        row(csv(features=["a", "b"]),
            s("scan", initial_state=1.5, scan_func=call("studio.scan.difference"))),
        lambda: labelled().map(lambda x, y: x).scan(
            tf.constant([1.5, 1.5]), lambda state, x: (x, x - state)),
    ),
    "snapshot": (row(LABELLED, s("snapshot", path="kept", compression=None)), labelled),
    "cache in a file": (row(LABELLED, s("cache", filename="rows")), labelled),
    "assert_cardinality": (
        row(LABELLED, stage("f", "filter", predicate=compare("==", 1, 1)),
            node("s", "tf.data.experimental.assert_cardinality", expected_cardinality=4)),
        lambda: labelled().filter(lambda x, y: y == 1),
    ),
    "with_options": (
        row(LABELLED, s("with_options", deterministic=True, private_threadpool_size=2,
                        max_intra_op_parallelism=1, auto_shard_policy="DATA", autotune=False,
                        ram_budget=10**8)),
        labelled,
    ),
    "distribute": (
        row(LABELLED, node("s", "tf.data.experimental.service.distribute",
                           processing_mode="DYNAMIC", job_name="all", max_outstanding_requests=1,
                           data_transfer_protocol="grpc", compression=None)),
        lambda: labelled().filter(lambda x, y: True),
    ),
    "distribute by a named service": (
        row(LABELLED, node("s", "tf.data.experimental.service.distribute", processing_mode="OFF",
                           service=f"grpc://localhost:{SERVICE}", max_outstanding_requests=1)),
        lambda: labelled().filter(lambda x, y: True),
    ),
    "endless": (
        row(LABELLED, stage("r", "repeat"), stage("e", "enumerate"),
            s("shard", num_shards=2, index=0)),
        lambda: labelled().repeat().enumerate().shard(2, 0),
    ),
}  # fmt: skip
