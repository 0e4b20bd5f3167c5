"""Trains shared_text.

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


def hash_words(text, buckets, length):
    """Returns the first words of a text as numbers from 1; 0 where there is none."""
    plain = tf.strings.regex_replace(tf.strings.lower(text), "[[:punct:]]+", " ")
    words = tf.strings.split(plain)[:length]
    numbers = 1 + tf.strings.to_hash_bucket_fast(words, buckets - 1)
    padded = tf.pad(numbers, [[0, length - tf.size(numbers)]])
    return tf.ensure_shape(padded, [length])


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


def load_texts():
    """Returns a dataset of the rows, as (features, label)."""
    columns = read_csv(HERE / "assets/data/sentiment.csv")
    labels = np.array(columns["positive"], float)
    labels = labels.astype("int32")
    return tf.data.Dataset.from_tensor_slices((np.array(columns["text"]), labels))


def make_datasets():
    """Returns the datasets of batches by name: train, validation, test."""
    texts = load_texts()
    words = texts.map(
        lambda x, y: (hash_words(x, buckets=8192, length=48), y),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    cache = words.cache()
    split = split_dataset(cache, validation=0.1, test=0.1, seed=SEED)
    train_others = split["train"].shuffle(5000)
    validation_others = split["validation"].shuffle(
        5000, seed=1, reshuffle_each_iteration=False
    )
    test_others = split["test"].shuffle(5000, seed=1, reshuffle_each_iteration=False)
    train_pairs = tf.data.Dataset.zip(split["train"], train_others)
    validation_pairs = tf.data.Dataset.zip(split["validation"], validation_others)
    test_pairs = tf.data.Dataset.zip(split["test"], test_others)
    train_named = train_pairs.map(
        lambda part_0, part_1: (
            {"first": part_0[0], "second": part_1[0]},
            {"first_positive": part_0[1], "second_positive": part_1[1]},
        ),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    validation_named = validation_pairs.map(
        lambda part_0, part_1: (
            {"first": part_0[0], "second": part_1[0]},
            {"first_positive": part_0[1], "second_positive": part_1[1]},
        ),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    test_named = test_pairs.map(
        lambda part_0, part_1: (
            {"first": part_0[0], "second": part_1[0]},
            {"first_positive": part_0[1], "second_positive": part_1[1]},
        ),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    shuffle = train_named.shuffle(5000)
    validation = validation_named.batch(256)
    test = test_named.batch(256)
    train = shuffle.batch(64)
    return {
        "train": train.prefetch(tf.data.AUTOTUNE),
        "validation": validation.prefetch(tf.data.AUTOTUNE),
        "test": test.prefetch(tf.data.AUTOTUNE),
    }


def build_model():
    """Returns the model."""
    first = keras.Input(shape=(48,), dtype="int64", name="first")
    second = keras.Input(shape=(48,), dtype="int64", name="second")
    first_words_layer = keras.layers.Embedding(8192, 24, name="first_words")
    first_words = first_words_layer(first)
    first_mean = keras.layers.GlobalAveragePooling1D(name="first_mean")(first_words)
    second_words = first_words_layer(second)
    second_mean = keras.layers.GlobalAveragePooling1D(name="second_mean")(second_words)
    both = keras.layers.Concatenate(name="both")([first_mean, second_mean])
    dropout = keras.layers.Dropout(0.4, name="dropout")(both)
    hidden = keras.layers.Dense(24, activation="relu", name="hidden")(dropout)
    first_positive = keras.layers.Dense(1, activation="sigmoid", name="first_positive")(
        hidden
    )
    second_positive = keras.layers.Dense(
        1, activation="sigmoid", name="second_positive"
    )(hidden)
    return keras.Model(
        inputs={"first": first, "second": second},
        outputs={"first_positive": first_positive, "second_positive": second_positive},
        name="shared_text",
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
        loss={
            "first_positive": keras.losses.BinaryCrossentropy(),
            "second_positive": keras.losses.BinaryCrossentropy(),
        },
        metrics={
            "first_positive": [keras.metrics.BinaryAccuracy(name="accuracy")],
            "second_positive": [keras.metrics.BinaryAccuracy(name="accuracy")],
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
