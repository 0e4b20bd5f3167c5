"""Trains tfrecord_digits.

Written by Studio; needs keras, tensorflow and numpy, not Studio.
"""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

HERE = Path(__file__).resolve().parent
SEED = 7
EPOCHS = 20


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


def matching_files(folder, pattern):
    """Returns the files in a folder that match a pattern, sorted; there must be some."""
    files = sorted(str(path) for path in folder.glob(pattern) if path.is_file())
    if not files:
        raise FileNotFoundError(f"No file in {folder} matches {pattern}.")
    return files


def side_by_side(files, reader, cycle_length):
    """Returns the records of several files, which take turns of 64 records."""
    return tf.data.Dataset.from_tensor_slices(files).interleave(
        reader,
        cycle_length=cycle_length,
        block_length=64,
        num_parallel_calls=tf.data.AUTOTUNE,
    )


def map_in_batches(dataset, function, size=512):
    """Returns a dataset mapped many elements at a time: faster than one by one."""
    batches = dataset.batch(size).map(function, num_parallel_calls=tf.data.AUTOTUNE)
    return batches.unbatch()


def load_records():
    """Returns a dataset of the rows, as (features, label)."""
    files = matching_files(HERE / "digits", "*.tfrecord")
    records = side_by_side(files, tf.data.TFRecordDataset, cycle_length=4)
    features = {
        "image": tf.io.FixedLenFeature((8, 8, 1), "int64"),
        "digit": tf.io.FixedLenFeature((), "int64"),
    }

    def parse(records):
        parsed = tf.io.parse_example(records, features)
        return parsed["image"], parsed["digit"]

    return map_in_batches(records, parse)


def make_datasets():
    """Returns the datasets of batches by name: train, validation, test."""
    records = load_records()
    counted = records.apply(tf.data.experimental.assert_cardinality(1797))
    scale = counted.map(
        lambda x, y: (tf.cast(x, "float32") * 0.0625, y),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    split = split_dataset(scale, validation=0.1, test=0.1, seed=SEED)
    cache = split["train"].cache()
    validation_cache = split["validation"].cache()
    test = split["test"].batch(256)
    shuffle = cache.shuffle(2000)
    validation = validation_cache.batch(256)
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
            keras.Input(shape=(8, 8, 1), name="image"),
            keras.layers.Conv2D(32, 3, padding="same", use_bias=False, name="conv1"),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.Activation("relu", name="relu"),
            keras.layers.SeparableConv2D(64, 3, activation="relu", name="conv2"),
            keras.layers.Flatten(name="flat"),
            keras.layers.Dropout(0.4, name="dropout"),
            keras.layers.Dense(10, name="digit"),
        ],
        name="tfrecord_digits",
    )


def make_callbacks():
    """Returns the callbacks, in their order."""
    return [keras.callbacks.EarlyStopping(patience=5, restore_best_weights=True)]


def train(callbacks=()):
    """Trains a new model; returns it, its history and the datasets."""
    keras.utils.set_random_seed(SEED)
    datasets = make_datasets()
    model = build_model()
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=0.003),
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
