"""Trains two_inputs_two_outputs.

Written by Studio; needs keras, tensorflow and numpy, not Studio.
"""

import csv
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

HERE = Path(__file__).resolve().parent
SEED = 7
EPOCHS = 80


def read_csv(path):
    """Returns the columns of a CSV file by name, each a tuple of texts."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        header, *rows = (row for row in csv.reader(file) if row)
    return dict(zip(header, zip(*rows)))


def complete_rows(columns, names):
    """Returns columns without the rows in which one of the named cells is empty."""
    complete = [all(cells) for cells in zip(*(columns[name] for name in names))]
    return {
        name: [cell for cell, keep in zip(columns[name], complete) if keep]
        for name in names
    }


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


def load_birds():
    """Returns a dataset of the rows, as (features, label)."""
    columns = read_csv(HERE / "assets/data/penguins.csv")
    columns = complete_rows(
        columns,
        [
            "bill_length_mm",
            "bill_depth_mm",
            "flipper_length_mm",
            "island",
            "body_mass_g",
            "species",
        ],
    )
    features = {
        "beak": np.array(
            [
                columns["bill_length_mm"],
                columns["bill_depth_mm"],
                columns["flipper_length_mm"],
            ],
            "float32",
        ).T,
        "island": np.array([columns["island"]]).T,
        "mass": np.array([columns["body_mass_g"]], "float32").T,
    }
    classes = ["Adelie", "Chinstrap", "Gentoo"]
    labels = np.array([classes.index(cell) for cell in columns["species"]], "int32")
    return tf.data.Dataset.from_tensor_slices((features, labels))


def make_datasets():
    """Returns the datasets of batches by name: train, validation, test."""
    birds = load_birds()
    named = birds.map(
        lambda part_0, part_1: (
            {"beak": part_0["beak"], "island": part_0["island"]},
            {"species": part_1, "mass": part_0["mass"]},
        ),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    split = split_dataset(named, validation=0.15, test=0.15, seed=SEED)
    shuffle = split["train"].shuffle(400)
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
    beak = keras.Input(shape=(3,), name="beak")
    island = keras.Input(shape=(1,), dtype="string", name="island")
    standard = keras.layers.Normalization(
        mean=[43.9, 17.2, 200.9], variance=[29.8, 3.9, 197.7], name="standard"
    )(beak)
    code = keras.layers.StringLookup(
        vocabulary=["Biscoe", "Dream", "Torgersen"], output_mode="one_hot", name="code"
    )(island)
    both = keras.layers.Concatenate(name="both")([standard, code])
    hidden = keras.layers.Dense(32, activation="relu", name="hidden")(both)
    species = keras.layers.Dense(3, name="species")(hidden)
    heavy = keras.layers.Dense(1, name="heavy")(hidden)
    mass = keras.layers.Rescaling(800.0, offset=4200.0, name="mass")(heavy)
    return keras.Model(
        inputs={"beak": beak, "island": island},
        outputs={"species": species, "mass": mass},
        name="two_inputs_two_outputs",
    )


def make_callbacks():
    """Returns the callbacks, in their order."""
    return [keras.callbacks.EarlyStopping(patience=12, restore_best_weights=True)]


def train(callbacks=()):
    """Trains a new model; returns it, its history and the datasets."""
    keras.utils.set_random_seed(SEED)
    datasets = make_datasets()
    model = build_model()
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=0.01),
        loss={
            "species": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            "mass": keras.losses.MeanAbsolutePercentageError(),
        },
        loss_weights={"species": 1.0, "mass": 0.1},
        metrics={
            "species": [keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
            "mass": [keras.metrics.MeanAbsoluteError(name="mae")],
        },
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
