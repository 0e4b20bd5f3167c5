"""What the pipelines of the tests begin with, and the same written by hand."""

from __future__ import annotations

import tensorflow as tf

from .projects import Json, csv, line, mapped, npz

D = tf.data.Dataset
LABELLED = csv(label="y")
SERIES = csv("series.csv", features="value")
TEXTS = csv("words.csv", features="text", label="a")
TEXT = csv("words.csv", features="text")
NAMED = csv(features={"one": "a", "two": ["a", "b"]}, label="y")
IMAGES = npz(features="x", label="y")


def labelled() -> D:
    a = tf.range(12, dtype=tf.float32)
    return D.from_tensor_slices((tf.stack([a, a / 4], -1), tf.range(12) % 3))


def series() -> D:
    return D.from_tensor_slices(tf.range(12, dtype=tf.float32) ** 2)


def text() -> D:
    return D.from_tensor_slices([f"The {'ab'[i % 2]}, b!" for i in range(12)])


def texts() -> D:
    return D.zip(text(), D.from_tensor_slices(tf.range(12)))


def named() -> D:
    return labelled().map(lambda x, y: ({"one": x[0], "two": x}, y))


def images() -> D:
    x = tf.reshape(tf.range(72, dtype=tf.float32), [12, 2, 3])
    return D.from_tensor_slices((x, tf.range(12) % 3))


def row(*nodes: Json) -> Json:
    return {"nodes": list(nodes), "edges": line(*nodes), "outputs": {"train": nodes[-1]["id"]}}


WORDS = mapped("w", "split_words")
PLAIN_WORDS = [TEXT, WORDS]


def words() -> D:
    return text().map(tf.strings.split)


def a() -> D:
    return D.from_tensor_slices(tf.range(12, dtype=tf.float32))


def loosely(dataset: D) -> D:
    """The same elements, of sizes that aren't known."""
    return dataset.flat_map(D.from_tensors)
