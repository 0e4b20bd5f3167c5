"""Trains lstm_states.

Written by Studio; needs keras, tensorflow and numpy, not Studio.
"""

import csv
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

HERE = Path(__file__).resolve().parent
SEED = 7
EPOCHS = 60


def read_csv(path):
    """Returns the columns of a CSV file by name, each a tuple of texts."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        header, *rows = (row for row in csv.reader(file) if row)
    return dict(zip(header, zip(*rows)))


def windows(series, length, horizon):
    """Returns windows of a series, each with the value `horizon` steps behind it."""
    span = length + horizon
    slices = series.window(span, shift=1, drop_remainder=True)
    slices = slices.flat_map(lambda each: each.batch(span, drop_remainder=True))
    slices = slices.map(lambda each: (each[:length], each[-1]))
    count = int(series.cardinality()) - span + 1
    if count < 0:  # tf.data can't tell how long the series is
        return slices
    return slices.apply(tf.data.experimental.assert_cardinality(count))


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


def load_yearly():
    """Returns a dataset of the rows."""
    columns = read_csv(HERE / "assets/data/sunspots.csv")
    names = ["sunspots"]
    features = np.array([columns[name] for name in names], "float32").T
    return tf.data.Dataset.from_tensor_slices(features)


def make_datasets():
    """Returns the datasets of batches by name: train, validation, test."""
    yearly = load_yearly()
    scale = yearly.map(lambda x: x * 0.01, num_parallel_calls=tf.data.AUTOTUNE)
    windows_ = windows(scale, length=33, horizon=1)
    split = split_dataset(windows_, validation=0.15, test=0.15, seed=None)
    shuffle = split["train"].shuffle(300)
    validation = split["validation"].batch(256)
    test = split["test"].batch(256)
    train = shuffle.batch(16)
    return {
        "train": train.prefetch(tf.data.AUTOTUNE),
        "validation": validation.prefetch(tf.data.AUTOTUNE),
        "test": test.prefetch(tf.data.AUTOTUNE),
    }


def build_model():
    """Returns the model."""
    years = keras.Input(shape=(33, 1), name="years")
    encoder, encoder_state_h, encoder_state_c = keras.layers.LSTM(
        24, return_state=True, name="encoder"
    )(years)
    again = keras.layers.RepeatVector(1, name="again")(encoder)
    decoder = keras.layers.LSTM(24, name="decoder")(
        again, initial_state=[encoder_state_h, encoder_state_c]
    )
    next_year = keras.layers.Dense(1, name="next_year")(decoder)
    return keras.Model(inputs=years, outputs=next_year, name="lstm_states")


def make_callbacks():
    """Returns the callbacks, in their order."""
    return [keras.callbacks.EarlyStopping(patience=12, restore_best_weights=True)]


def train(callbacks=()):
    """Trains a new model; returns it, its history and the datasets."""
    keras.utils.set_random_seed(SEED)
    datasets = make_datasets()
    model = build_model()
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=0.003),
        loss=keras.losses.MeanSquaredError(),
        metrics=[keras.metrics.MeanAbsoluteError(name="mae")],
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
