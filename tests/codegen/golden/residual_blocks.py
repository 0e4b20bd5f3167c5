"""Trains residual_blocks.

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
EPOCHS = 20


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
    split = split_dataset(scale, validation=0.1, test=0.1, seed=SEED)
    shuffle = split["train"].shuffle(2000)
    validation = split["validation"].batch(256)
    test = split["test"].batch(256)
    train = shuffle.batch(64)
    return {
        "train": train.prefetch(tf.data.AUTOTUNE),
        "validation": validation.prefetch(tf.data.AUTOTUNE),
        "test": test.prefetch(tf.data.AUTOTUNE),
    }


def residual(x, filters=32, name="residual"):
    """Returns what the block residual makes of its inputs."""
    conv1 = keras.layers.Conv2D(
        filters, 3, padding="same", use_bias=False, name=f"{name}_conv1"
    )(x)
    norm1 = keras.layers.BatchNormalization(momentum=0.9, name=f"{name}_norm1")(conv1)
    relu1 = keras.layers.Activation("relu", name=f"{name}_relu1")(norm1)
    conv2 = keras.layers.Conv2D(
        filters, 3, padding="same", use_bias=False, name=f"{name}_conv2"
    )(relu1)
    norm2 = keras.layers.BatchNormalization(momentum=0.9, name=f"{name}_norm2")(conv2)
    skip = keras.layers.Add(name=f"{name}_skip")([x, norm2])
    relu2 = keras.layers.Activation("relu", name=f"{name}_relu2")(skip)
    return relu2


def build_model():
    """Returns the model."""
    image = keras.Input(shape=(8, 8, 1), name="image")
    stem = keras.layers.Conv2D(16, 3, padding="same", activation="relu", name="stem")(
        image
    )
    stage1 = stem
    for number in range(1, 3):
        stage1 = residual(stage1, filters=16, name=f"stage1_{number}")
    down = keras.layers.Conv2D(32, 2, strides=2, activation="relu", name="down")(stage1)
    stage2 = down
    for number in range(1, 3):
        stage2 = residual(stage2, filters=32, name=f"stage2_{number}")
    mean = keras.layers.GlobalAveragePooling2D(name="mean")(stage2)
    digit = keras.layers.Dense(10, name="digit")(mean)
    return keras.Model(inputs=image, outputs=digit, name="residual_blocks")


def make_callbacks():
    """Returns the callbacks, in their order."""
    return [
        keras.callbacks.ReduceLROnPlateau(factor=0.3, patience=3),
        keras.callbacks.EarlyStopping(patience=6, restore_best_weights=True),
    ]


def train(callbacks=()):
    """Trains a new model; returns it, its history and the datasets."""
    keras.utils.set_random_seed(SEED)
    datasets = make_datasets()
    model = build_model()
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=0.002),
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
