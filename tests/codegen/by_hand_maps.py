"""A graph for every ready-made function of a map, and the same written by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from .by_hand_sources import (
    IMAGES,
    LABELLED,
    NAMED,
    PLAIN_WORDS,
    TEXT,
    TEXTS,
    WORDS,
    D,
    images,
    labelled,
    loosely,
    named,
    row,
    text,
    texts,
    words,
)
from .projects import Json, csv, mapped, npz, stage

PICTURES = [IMAGES, mapped("c", "add_channel")]


def pictures() -> D:
    return images().map(lambda x, y: (x[..., tf.newaxis], y))


BATCH = stage("b", "batch", batch_size=5)
LIST = ["b", "The", "zebra"]


def looked_up(words: Any) -> Any:
    known = tf.constant(LIST)
    found = tf.cast(words[..., tf.newaxis] == known, tf.int64)
    return tf.reduce_sum(found * tf.range(2, 5, dtype=tf.int64), -1) + tf.cast(
        tf.reduce_sum(found, -1) == 0, tf.int64
    )


def ragged_words(data: D) -> D:
    return data.map(lambda x: tf.strings.split(x))


MAPS: dict[str, tuple[Json, Callable[[], D]]] = {
    "standardise": (
        row(LABELLED, mapped("s", "standardise", mean=[1, 2], deviation=[2.0, 0.5])),
        lambda: labelled().map(lambda x, y: ((x - [1.0, 2.0]) / [2.0, 0.5], y)),
    ),
    "standardise with one for all": (
        row(NAMED, BATCH, mapped("s", "standardise", mean=1.5, deviation=2)),
        lambda: named().batch(5).map(
            lambda x, y: ({k: (v - 1.5) / 2.0 for k, v in x.items()}, y)),
    ),
    "standardise of whole numbers": (
        row(npz(features="small"), mapped("s", "standardise", mean=1, deviation=2)),
        lambda: images().map(lambda x, y: (x[0, 0] - 1.0) / 2.0),
    ),
    "parse_numbers": (
        row(npz("texts.npz", features="text", label="y"), mapped("s", "parse_numbers")),
        lambda: labelled().map(lambda x, y: (x[0] + 0.5, y)),
    ),
    "parse_numbers of words": (
        row(npz("texts.npz", features="text"), mapped("w", "split_words", sep="."),
            mapped("s", "parse_numbers", dtype="int64")),
        lambda: D.range(12).map(lambda i: tf.stack([i, 5])).apply(loosely),
    ),
    "parse_numbers among named features": (
        row(npz("texts.npz", features={"t": "text", "y": "y"}), mapped("s", "parse_numbers")),
        lambda: labelled().map(lambda x, y: {"t": x[0] + 0.5, "y": y}),
    ),
    "normalise_text": (
        row(TEXTS, mapped("s", "normalise_text")),
        lambda: texts().map(lambda x, y: (tf.strings.regex_replace(
            tf.strings.lower(x), "[,!]", " "), y)),
    ),
    "normalise_text in lower case alone": (
        row(TEXT, BATCH, mapped("s", "normalise_text", strip_punctuation=False)),
        lambda: text().batch(5).map(tf.strings.lower),
    ),
    "split_words": (row(TEXT, mapped("s", "split_words")), words),
    "split_words of batches": (
        row(TEXT, BATCH, mapped("s", "split_words")), lambda: ragged_words(text().batch(5)),
    ),
    "split_words by commas": (
        row(TEXT, BATCH, mapped("s", "split_words", sep=", ")),
        lambda: text().batch(5).map(lambda x: tf.strings.split(x, ", ")),
    ),
    "look_up_words": (
        row(*PLAIN_WORDS, mapped("s", "look_up_words", vocabulary=LIST)),
        lambda: words().map(looked_up),
    ),
    "look_up_words of a file, ragged": (
        row(TEXT, BATCH, WORDS, mapped("s", "look_up_words", vocabulary="vocabulary.txt")),
        lambda: text().batch(5).map(lambda x: tf.RaggedTensor.from_row_splits(
            looked_up(tf.strings.split(x).values), tf.strings.split(x).row_splits)),
    ),
    "hash_words of any length": (
        row(TEXT, BATCH, mapped("s", "hash_words", buckets=9, length=None)),
        lambda: text().batch(5).map(
            lambda x: tf.strings.split(
                tf.strings.regex_replace(tf.strings.lower(x), "[,!]", " "))).map(
            lambda x: x.with_values(tf.strings.to_hash_bucket_fast(x.values, 8) + 1)),
    ),
    "hash_words of any length, one by one": (
        row(TEXTS, mapped("s", "hash_words", buckets=9, length=None)),
        lambda: texts().map(lambda x, y: (tf.strings.to_hash_bucket_fast(tf.strings.split(
            tf.strings.regex_replace(tf.strings.lower(x), "[,!]", " ")), 8) + 1, y)),
    ),
    "pad": (
        row(*PLAIN_WORDS, mapped("s", "pad", length=5, value="-")),
        lambda: words().map(lambda x: tf.ensure_shape(tf.concat([x, ["-", "-"]], 0), [5])),
    ),
    "pad that cuts": (
        row(*PLAIN_WORDS, mapped("s", "pad", length=2)),
        lambda: words().map(lambda x: tf.ensure_shape(x[:2], [2])),
    ),
    "pad of numbers": (
        row(LABELLED, mapped("s", "pad", length=3)),
        lambda: labelled().map(lambda x, y: (tf.concat([x, [0.0]], 0), y)),
    ),
    "pad of ragged batches": (
        row(TEXT, BATCH, WORDS, mapped("s", "pad", length=4)),
        lambda: ragged_words(text().batch(5)).map(lambda x: x.to_tensor("", shape=[None, 4])),
    ),
    "to_dense": (
        row(TEXT, BATCH, WORDS, mapped("s", "to_dense", value="-")),
        lambda: ragged_words(text().batch(5)).map(lambda x: x.to_tensor("-")),
    ),
    "to_dense of word numbers": (
        row(TEXTS, BATCH, mapped("h", "hash_words", buckets=9, length=None),
            mapped("s", "to_dense")),
        lambda: texts().map(lambda x, y: (tf.strings.to_hash_bucket_fast(tf.strings.split(
            tf.strings.regex_replace(tf.strings.lower(x), "[,!]", " ")), 8) + 1, y)
            ).padded_batch(5),
    ),
    "to_ragged": (
        row(csv(features=["a", "y"]), BATCH, mapped("s", "to_ragged", padding=0)),
        lambda: labelled().map(lambda x, y: tf.stack([x[0], tf.cast(y, tf.float32)])).batch(5).map(
            lambda x: tf.RaggedTensor.from_tensor(x, padding=0)),
    ),
    "resize": (
        row(*PICTURES, mapped("s", "resize", height=4, width=2)),
        lambda: pictures().map(lambda x, y: (tf.image.resize(x, (4, 2)), y)),
    ),
    "resize of batches by the nearest": (
        row(*PICTURES, BATCH, mapped("s", "resize", height=4, width=2, method="nearest",
                                     antialias=True)),
        lambda: pictures().batch(5).map(
            lambda x, y: (tf.image.resize(x, (4, 2), "nearest", antialias=True), y)),
    ),
    "resize with its ratio": (
        row(*PICTURES, mapped("s", "resize", height=6, width=6, preserve_aspect_ratio=True)),
        lambda: pictures().map(
            lambda x, y: (tf.image.resize(x, (6, 6), preserve_aspect_ratio=True), y)),
    ),
    "center_crop": (
        row(*PICTURES, BATCH, mapped("s", "center_crop", height=2, width=1)),
        lambda: pictures().batch(5).map(lambda x, y: (x[:, :, 1:2], y)),
    ),
    "standardise_image": (
        row(*PICTURES, mapped("s", "standardise_image")),
        lambda: pictures().map(lambda x, y: (tf.image.per_image_standardization(x), y)),
    ),
    "pick": (row(LABELLED, mapped("s", "pick", part=[1])), lambda: labelled().map(lambda x, y: y)),
    "to_features_and_label": (
        row(LABELLED, mapped("s", "to_features_and_label", features=[1], label=[0])),
        lambda: labelled().map(lambda x, y: (y, x)),
    ),
    "to_features_and_label with a weight": (
        row(NAMED, mapped("s", "to_features_and_label", features=[0, "two"], label=[1],
                          sample_weight=[0, "one"])),
        lambda: named().map(lambda x, y: (x["two"], y, x["one"])),
    ),
    "to_features_and_label by name": (
        row(NAMED, mapped("s", "to_features_and_label", features={"n": [0, "two"]}, label=[1])),
        lambda: named().map(lambda x, y: ({"n": x["two"]}, y)),
    ),
    "to_features_and_label of a vector": (
        row(csv(features={"a": "a", "b": "b", "y": "y"}),
            mapped("s", "to_features_and_label", features=[["b"], ["a"]], label=["y"])),
        lambda: labelled().map(lambda x, y: (x[::-1], tf.cast(y, tf.float32))),
    ),
    "select": (
        row(NAMED, mapped("s", "select", names=["two"])),
        lambda: named().map(lambda x, y: ({"two": x["two"]}, y)),
    ),
    "drop": (
        row(NAMED, mapped("s", "drop", names=["two"])),
        lambda: named().map(lambda x, y: ({"one": x["one"]}, y)),
    ),
    "rename": (
        row(NAMED, mapped("s", "rename", names={"two": "three"})),
        lambda: named().map(lambda x, y: ({"one": x["one"], "three": x["two"]}, y)),
    ),
    "merge": (
        {
            "nodes": [
                csv(features={"a": "a"}), {**csv(features={"b": "b"}), "id": "more"},
                stage("z", "zip"), mapped("s", "merge"),
            ],
            "edges": [["rows", "z"], ["more", "z"], ["z", "s"]],
            "outputs": {"train": "s"},
        },
        lambda: labelled().map(lambda x, y: {"a": x[0], "b": x[1]}),
    ),
}  # fmt: skip
