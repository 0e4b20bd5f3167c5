"""Trains mirrored.

Written by Studio; needs keras, tensorflow and numpy, not Studio.
"""

import math
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

HERE = Path(__file__).resolve().parent
SEED = 7
EPOCHS = 4


def split_dataset(dataset, validation, test, seed):
    """Returns three parts by name: train, validation and test.

    Shares below 1 are fractions; with a seed the elements are mixed first, in
    the same order each time, so that no element is ever in two parts.
    """
    count = int(dataset.cardinality())
    if count < 0:  # tf.data can't tell before it has counted them
        count = int(dataset.reduce(np.int64(0), lambda total, _: total + 1))
    validation, test = (
        int(part * count) if part < 1 else part for part in (validation, test)
    )
    if seed is not None:
        dataset = dataset.shuffle(count, seed=seed, reshuffle_each_iteration=False)
    return {
        "train": dataset.skip(validation + test),
        "validation": dataset.take(validation),
        "test": dataset.skip(validation).take(test),
    }


def random_rows(count, draw, seed):
    """Returns rows that are drawn 1,024 at a time, so that none of them is kept.

    `draw(rows, seed)` makes some of them; they are the same each time.
    """
    parts = tf.data.Dataset.range(-(-count // 1024)).map(
        lambda part: draw(1024, tf.random.fold_in((seed, 0), part)),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    rows = parts.unbatch().take(count)
    return rows.apply(tf.data.experimental.assert_cardinality(count))


def noisy_scores(features, center, spread, outputs, noise, weights, seed):
    """Returns weighted sums of features, with some noise: what a model can learn.

    `center` and `spread` are those of the features; `weights` is the seed of the
    weights, which are the same for all rows, `seed` that of the noise.
    """
    size = math.prod(features.shape[1:])
    flat = tf.reshape(tf.cast(features, "float32"), (-1, size))
    kernel = tf.random.stateless_normal((size, outputs), (weights, 1)) / size**0.5
    scores = (flat - center) / spread @ kernel
    return scores + noise * tf.random.stateless_normal(
        tf.shape(scores), tf.random.fold_in(seed, 1)
    )


def load_rows():
    """Returns a dataset of the rows, as (features, label)."""

    def draw(rows, seed):
        features = tf.random.stateless_normal((rows, 10), seed)
        scores = noisy_scores(
            features,
            center=0.0,
            spread=1.0,
            outputs=1,
            noise=0.1,
            weights=SEED,
            seed=seed,
        )
        return features, scores[:, 0]

    return random_rows(1048576, draw, SEED)


def make_datasets():
    """Returns the datasets of batches by name: train, validation, test."""
    rows = load_rows()
    split = split_dataset(rows, validation=16384, test=32768, seed=None)
    train = split["train"].batch(8192)
    validation = split["validation"].batch(8192)
    test = split["test"].batch(8192)
    return {
        "train": train.prefetch(tf.data.AUTOTUNE),
        "validation": validation.prefetch(tf.data.AUTOTUNE),
        "test": test.prefetch(tf.data.AUTOTUNE),
    }


def build_model():
    """Returns the model."""
    return keras.Sequential(
        [
            keras.Input(shape=(10,), name="row"),
            keras.layers.Dense(16, activation="relu", name="hidden"),
            keras.layers.Dense(1, name="sum"),
        ],
        name="mirrored",
    )


VIRTUAL_DEVICES = 2
MEGABYTES = 2048  # that each part of a GPU may take


def split_devices(count):
    """Splits the GPUs, or else the CPU, into logical devices; returns their names."""
    kind = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
    for device in tf.config.list_physical_devices(kind):
        if tf.config.get_logical_device_configuration(device):
            continue  # that has been done
        limit = {"memory_limit": MEGABYTES} if kind == "GPU" else {}
        parts = [tf.config.LogicalDeviceConfiguration(**limit) for _ in range(count)]
        tf.config.set_logical_device_configuration(device, parts)
    return [each.name for each in tf.config.list_logical_devices(kind)]


def make_strategy():
    """Returns how the training is spread over devices."""
    devices = split_devices(VIRTUAL_DEVICES)
    return tf.distribute.MirroredStrategy(devices=devices)


def train(callbacks=()):
    """Trains a new model; returns it, its history and the datasets."""
    strategy = make_strategy()
    keras.utils.set_random_seed(SEED)
    datasets = make_datasets()
    with strategy.scope():
        model = build_model()
        model.compile(
            optimizer=keras.optimizers.Adam(learning_rate=0.01),
            loss=keras.losses.MeanSquaredError(),
            metrics=[keras.metrics.MeanAbsoluteError(name="mae")],
            jit_compile=False,
        )
    history = model.fit(
        datasets["train"],
        validation_data=datasets["validation"],
        epochs=EPOCHS,
        shuffle=False,
        callbacks=[*callbacks],
        verbose=2,
    )
    return model, history, datasets


def main(callbacks=()):
    """Trains, tests and saves the model."""
    model, _, datasets = train(callbacks)
    results = model.evaluate(
        datasets["test"], callbacks=[*callbacks], verbose=0, return_dict=True
    )
    path = HERE / "artifacts" / "model.keras"
    path.parent.mkdir(exist_ok=True)
    model.save(path)
    print(f"saved {path}")
    for name, value in results.items():
        print(f"test {name}: {np.round(value, 4)}")


if __name__ == "__main__":
    main()
