"""Trains penguins_features.

Written by Studio; needs keras, tensorflow and numpy, not Studio.
"""

import csv
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

HERE = Path(__file__).resolve().parent
SEED = 7
EPOCHS = 40


def read_csv(path):
    """Returns the columns of a CSV file by name, each a tuple of texts."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        header, *rows = (row for row in csv.reader(file) if row)
    return dict(zip(header, zip(*rows)))


def numbers(cells, dtype="float32"):
    """Returns the numbers of a column, NaN where a cell is empty."""
    return np.array([cell or "nan" for cell in cells], dtype)


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


def fill_missing(features, values, flags=False):
    """Returns features with values where there are none: NaN, or an empty text."""
    filled = dict(features)
    for name, value in values.items():
        column = features[name]
        missing = column == "" if column.dtype == "string" else tf.math.is_nan(column)
        filled[name] = tf.where(missing, tf.constant(value, column.dtype), column)
        if flags:
            filled[f"{name}_missing"] = tf.cast(missing, "float32")
    return filled


def load_birds():
    """Returns a dataset of the rows, as (features, label)."""
    columns = read_csv(HERE / "assets/data/penguins.csv")
    features = {
        "bill": np.array(
            [numbers(columns["bill_length_mm"]), numbers(columns["bill_depth_mm"])],
            "float32",
        ).T,
        "flipper": numbers(columns["flipper_length_mm"]),
        "mass": numbers(columns["body_mass_g"]),
        "island": np.array(columns["island"]),
        "sex": np.array(columns["sex"]),
        "year": numbers(columns["year"]),
    }
    classes = ["Adelie", "Chinstrap", "Gentoo"]
    labels = np.array([classes.index(cell) for cell in columns["species"]], "int32")
    return tf.data.Dataset.from_tensor_slices((features, labels))


def make_datasets():
    """Returns the datasets of batches by name: train, validation, test."""
    birds = load_birds()
    filled = birds.map(
        lambda x, y: (
            fill_missing(
                x,
                values={
                    "bill": [44.0, 17.2],
                    "flipper": 201.0,
                    "mass": 4200.0,
                    "sex": "unknown",
                },
            ),
            y,
        ),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    split = split_dataset(filled, validation=0.15, test=0.15, seed=SEED)
    shuffle = split["train"].shuffle(400)
    validation = split["validation"].batch(64)
    test = split["test"].batch(64)
    train = shuffle.batch(16)
    return {
        "train": train.prefetch(tf.data.AUTOTUNE),
        "validation": validation.prefetch(tf.data.AUTOTUNE),
        "test": test.prefetch(tf.data.AUTOTUNE),
    }


def build_model():
    """Returns the model."""
    bill = keras.Input(shape=(2,), name="bill")
    flipper = keras.Input(shape=(1,), name="flipper")
    mass = keras.Input(shape=(1,), name="mass")
    island = keras.Input(shape=(1,), dtype="string", name="island")
    sex = keras.Input(shape=(1,), dtype="string", name="sex")
    year = keras.Input(shape=(1,), name="year")
    bill_scaled = keras.layers.Normalization(name="bill_scaled")(bill)
    flipper_scaled = keras.layers.Normalization(name="flipper_scaled")(flipper)
    mass_bins = keras.layers.Discretization(
        num_bins=6, output_mode="one_hot", name="mass_bins"
    )(mass)
    island_code = keras.layers.StringLookup(
        max_tokens=4, output_mode="one_hot", pad_to_max_tokens=True, name="island_code"
    )(island)
    island_and_sex = keras.layers.HashedCrossing(
        16, output_mode="one_hot", name="island_and_sex"
    )([island, sex])
    year_code = keras.layers.IntegerLookup(max_tokens=4, name="year_code")(year)
    year_vector = keras.layers.Embedding(4, 2, name="year_vector")(year_code)
    year_flat = keras.layers.Flatten(name="year_flat")(year_vector)
    all_ = keras.layers.Concatenate(name="all")(
        [bill_scaled, flipper_scaled, mass_bins, island_code, island_and_sex, year_flat]
    )
    hidden = keras.layers.Dense(16, activation="relu", name="hidden")(all_)
    species = keras.layers.Dense(3, name="species")(hidden)
    return keras.Model(
        inputs={
            "bill": bill,
            "flipper": flipper,
            "mass": mass,
            "island": island,
            "sex": sex,
            "year": year,
        },
        outputs=species,
        name="penguins_features",
    )


def adapt_layers(model, dataset):
    """Has layers measure the training data: means, vocabularies, bins."""
    features = dataset.map(lambda x, _: x)
    model.get_layer("bill_scaled").adapt(features.map(lambda x: x["bill"]))
    model.get_layer("flipper_scaled").adapt(
        features.map(lambda x: tf.expand_dims(x["flipper"], -1))
    )
    model.get_layer("mass_bins").adapt(
        features.map(lambda x: tf.expand_dims(x["mass"], -1))
    )
    model.get_layer("island_code").adapt(
        features.map(lambda x: tf.expand_dims(x["island"], -1))
    )
    model.get_layer("year_code").adapt(
        features.map(lambda x: tf.expand_dims(x["year"], -1))
    )


def make_callbacks():
    """Returns the callbacks, in their order."""
    return [keras.callbacks.EarlyStopping(patience=8, restore_best_weights=True)]


def train(callbacks=()):
    """Trains a new model; returns it, its history and the datasets."""
    keras.utils.set_random_seed(SEED)
    datasets = make_datasets()
    model = build_model()
    adapt_layers(model, datasets["train"])
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=0.01),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
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
