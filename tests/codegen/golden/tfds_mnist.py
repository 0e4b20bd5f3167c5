"""Trains tfds_mnist.

Written by Studio; needs keras, tensorflow, numpy and tensorflow_datasets, not Studio.
"""

import urllib.request
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

HERE = Path(__file__).resolve().parent
SEED = 7
EPOCHS = 5


def load_tfds(name, data_dir=None, **options):
    """Returns a dataset of tensorflow_datasets, which is downloaded and prepared once."""
    builder = tfds.builder(name, data_dir=data_dir)
    if not builder.is_prepared():  # without a network tfds itself tries for minutes
        try:
            urllib.request.urlopen("https://storage.googleapis.com", timeout=15)
        except urllib.error.HTTPError:
            pass  # it answers
        except OSError as error:
            raise RuntimeError(
                f"{name} isn't prepared on this machine, and there is no network to "
                f"download it ({error}). Prepare it elsewhere with tfds.load({name!r}), "
                f"and copy its folder to {builder.data_dir}."
            ) from error
    return tfds.load(name, data_dir=data_dir, **options)


def load_train_images():
    """Returns a dataset of the rows, as (features, label)."""
    return load_tfds(
        "mnist",
        split="train[:90%]",
        as_supervised=True,
        shuffle_files=True,
        read_config=tfds.ReadConfig(shuffle_seed=SEED),
    )


def load_validation_images():
    """Returns a dataset of the rows, as (features, label)."""
    return load_tfds("mnist", split="train[90%:]", as_supervised=True)


def load_test_images():
    """Returns a dataset of the rows, as (features, label)."""
    return load_tfds("mnist", split="test", as_supervised=True)


def make_datasets():
    """Returns the datasets of batches by name: train, validation, test."""
    train_images = load_train_images()
    validation_images = load_validation_images()
    test_images = load_test_images()
    train_scaled = train_images.map(
        lambda x, y: (tf.cast(x, "float32") * 0.00392156862745098, y),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    validation_scaled = validation_images.map(
        lambda x, y: (tf.cast(x, "float32") * 0.00392156862745098, y),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    test_scaled = test_images.map(
        lambda x, y: (tf.cast(x, "float32") * 0.00392156862745098, y),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    shuffle = train_scaled.shuffle(10000)
    validation = validation_scaled.batch(512)
    test = test_scaled.batch(512)
    train = shuffle.batch(128)
    return {
        "train": train.prefetch(tf.data.AUTOTUNE),
        "validation": validation.prefetch(tf.data.AUTOTUNE),
        "test": test.prefetch(tf.data.AUTOTUNE),
    }


def build_model():
    """Returns the model."""
    return keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1), name="image"),
            keras.layers.Conv2D(32, 3, activation="relu", name="conv1"),
            keras.layers.MaxPooling2D(pool_size=2, name="pool1"),
            keras.layers.Conv2D(64, 3, activation="relu", name="conv2"),
            keras.layers.GlobalAveragePooling2D(name="mean"),
            keras.layers.Dense(10, name="digit"),
        ],
        name="tfds_mnist",
    )


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
