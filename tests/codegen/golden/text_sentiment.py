"""Trains text_sentiment.

Written by Studio; needs keras, tensorflow and numpy, not Studio.
"""

import csv
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

HERE = Path(__file__).resolve().parent
SEED = 7
EPOCHS = 20


def read_csv(path):
    """Returns the columns of a CSV file by name, each a tuple of texts."""
    with open(path, encoding="utf-8-sig", newline="") as file:
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


def hash_all_words(text, buckets):
    """Returns all words of a text as numbers from 1 (of a batch of texts, ragged)."""
    plain = tf.strings.regex_replace(tf.strings.lower(text), "[[:punct:]]+", " ")
    return 1 + tf.strings.to_hash_bucket_fast(tf.strings.split(plain), buckets - 1)


def load_texts():
    """Returns a dataset of the rows, as (features, label)."""
    columns = read_csv(HERE / "assets/data/sentiment.csv")
    labels = np.array(columns["positive"], float)
    labels = labels.astype("int32")
    return tf.data.Dataset.from_tensor_slices((np.array(columns["text"]), labels))


def make_datasets():
    """Returns the datasets of batches by name: train, validation, test."""
    texts = load_texts()
    split = split_dataset(texts, validation=0.1, test=0.1, seed=SEED)
    shuffle = split["train"].shuffle(5000)
    validation_batch = split["validation"].batch(256)
    test_batch = split["test"].batch(256)
    batch = shuffle.batch(64)
    validation = validation_batch.map(
        lambda x, y: (hash_all_words(x, buckets=8192), y),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    test = test_batch.map(
        lambda x, y: (hash_all_words(x, buckets=8192), y),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    train = batch.map(
        lambda x, y: (hash_all_words(x, buckets=8192), y),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    return {
        "train": train.prefetch(tf.data.AUTOTUNE),
        "validation": validation.prefetch(tf.data.AUTOTUNE),
        "test": test.prefetch(tf.data.AUTOTUNE),
    }


def build_model():
    """Returns the model."""
    return keras.Sequential(
        [
            keras.Input(shape=(None,), dtype="int64", ragged=True, name="words"),
            keras.layers.Embedding(8192, 24, name="embedding"),
            keras.layers.GlobalAveragePooling1D(name="mean"),
            keras.layers.Dropout(0.4, name="dropout"),
            keras.layers.Dense(24, activation="relu", name="hidden"),
            keras.layers.Dense(1, activation="sigmoid", name="positive"),
        ],
        name="text_sentiment",
    )


def make_callbacks():
    """Returns the callbacks, in their order."""
    return [keras.callbacks.EarlyStopping(patience=4, restore_best_weights=True)]


def train(callbacks=()):
    """Trains a new model; returns it, its history and the datasets."""
    keras.utils.set_random_seed(SEED)
    datasets = make_datasets()
    model = build_model()
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=0.003),
        loss=keras.losses.BinaryCrossentropy(),
        metrics=[keras.metrics.BinaryAccuracy(name="accuracy")],
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
