"""Trains generator.

Written by Studio; needs keras, tensorflow and numpy, not Studio.
"""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

HERE = Path(__file__).resolve().parent
SEED = 7
EPOCHS = 20


def moons(count, seed):
    """Yields points of two interleaved half circles, each with the number of its circle."""
    random = np.random.default_rng(seed)
    for index in range(count):
        moon = index % 2
        angle = random.uniform(0.0, np.pi)
        x, y = np.cos(angle) + moon, np.sin(angle)
        if moon:
            y = 0.5 - y
        yield [x, y] + random.normal(0.0, 0.1, size=2), moon


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


def load_moons():
    """Returns a dataset of the rows, as (features, label)."""
    signature = (tf.TensorSpec((2,), "float32"), tf.TensorSpec((), "int32"))
    dataset = tf.data.Dataset.from_generator(
        lambda: moons(count=2000, seed=7), output_signature=signature
    )
    return dataset.apply(tf.data.experimental.assert_cardinality(2000))


def make_datasets():
    """Returns the datasets of batches by name: train, validation, test."""
    moons = load_moons()
    cache = moons.cache()
    split = split_dataset(cache, validation=0.1, test=0.2, seed=SEED)
    shuffle = split["train"].shuffle(2000)
    validation = split["validation"].batch(256)
    test = split["test"].batch(256)
    train = shuffle.batch(32)
    return {
        "train": train.prefetch(tf.data.AUTOTUNE),
        "validation": validation.prefetch(tf.data.AUTOTUNE),
        "test": test.prefetch(tf.data.AUTOTUNE),
    }


def build_model():
    """Returns the model."""
    return keras.Sequential(
        [
            keras.Input(shape=(2,), name="point"),
            keras.layers.Dense(32, activation="relu", name="hidden"),
            keras.layers.Dense(32, activation="relu", name="deeper"),
            keras.layers.Dense(1, activation="sigmoid", name="moon"),
        ],
        name="generator",
    )


def train(callbacks=()):
    """Trains a new model; returns it, its history and the datasets."""
    keras.utils.set_random_seed(SEED)
    datasets = make_datasets()
    model = build_model()
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=0.01),
        loss=keras.losses.BinaryCrossentropy(),
        metrics=[keras.metrics.BinaryAccuracy(name="accuracy")],
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
