"""Trains autoencoder.

Written by Studio; needs keras, tensorflow and numpy, not Studio.
"""

import csv
import gzip
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

HERE = Path(__file__).resolve().parent
SEED = 7
EPOCHS = 60


def read_csv_gz(path):
    """Returns the columns of a gzipped CSV file by name, each a tuple of texts."""
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as file:
        header, *rows = (row for row in csv.reader(file) if row)
    return dict(zip(header, zip(*rows)))


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


def load_digits():
    """Returns a dataset of the rows, as (features, label)."""
    columns = read_csv_gz(HERE / "assets/data/digits.csv.gz")
    names = [f"pixel_{i}_{j}" for i in range(8) for j in range(8)]
    features = np.array([columns[name] for name in names], "float32").T
    features = features.reshape(-1, 8, 8)
    labels = np.array(columns["digit"], float)
    labels = labels.astype("int32")
    return tf.data.Dataset.from_tensor_slices((features, labels))


def make_datasets():
    """Returns the datasets of batches by name: train, validation, test."""
    digits = load_digits()
    scale = digits.map(
        lambda x, y: (x * 0.0625, y), num_parallel_calls=tf.data.AUTOTUNE
    )
    itself = scale.map(
        lambda part_0, part_1: ({"image": part_0}, {"decoded": part_0}),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    split = split_dataset(itself, validation=0.1, test=0.1, seed=SEED)
    shuffle = split["train"].shuffle(2000)
    validation = split["validation"].batch(256)
    test = split["test"].batch(256)
    train = shuffle.batch(64)
    return {
        "train": train.prefetch(tf.data.AUTOTUNE),
        "validation": validation.prefetch(tf.data.AUTOTUNE),
        "test": test.prefetch(tf.data.AUTOTUNE),
    }


def build_model():
    """Returns the model."""
    image = keras.Input(shape=(8, 8), name="image")
    flatten = keras.layers.Flatten(name="flatten")(image)
    wide = keras.layers.Dense(48, activation="relu", name="wide")(flatten)
    code = keras.layers.Dense(8, activation="relu", name="code")(wide)
    wider = keras.layers.Dense(48, activation="relu", name="wider")(code)
    pixels = keras.layers.Dense(64, activation="sigmoid", name="pixels")(wider)
    decoded = keras.layers.Reshape((8, 8), name="decoded")(pixels)
    return keras.Model(
        inputs={"image": image}, outputs={"decoded": decoded}, name="autoencoder"
    )


def make_callbacks():
    """Returns the callbacks, in their order."""
    return [keras.callbacks.EarlyStopping(patience=8, restore_best_weights=True)]


def train(callbacks=()):
    """Trains a new model; returns it, its history and the datasets."""
    keras.utils.set_random_seed(SEED)
    datasets = make_datasets()
    model = build_model()
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=0.003),
        loss={"decoded": keras.losses.MeanSquaredError()},
        metrics={"decoded": [keras.metrics.MeanAbsoluteError(name="mae")]},
        jit_compile=False,
    )
    history = model.fit(
        datasets["train"],
        validation_data=datasets["validation"],
        epochs=EPOCHS,
        shuffle=False,
        callbacks=[*make_callbacks(), *callbacks],
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
