"""Trains autoencoder.

Written by Studio; needs keras, tensorflow and numpy, not Studio.
"""

import csv
import gzip
import itertools
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

HERE = Path(__file__).resolve().parent
SEED = 7
EPOCHS = 60


def reconstruct(model, batch, hidden, extra):
    """Hides pixels at random; what the model puts there counts `extra` times more."""
    x, y, _ = keras.utils.unpack_x_y_sample_weight(batch)
    image = x["image"]
    # Other pixels in each step, and the same ones in each run.
    seed = tf.stack([0, model.optimizer.iterations.value])
    chance = tf.random.stateless_uniform(tf.shape(image), seed)
    seen = tf.cast(chance >= hidden, image.dtype)
    with tf.GradientTape() as tape:
        decoded = model({"image": image * seen}, training=True)["decoded"]
        error = decoded - y["decoded"]
        loss = tf.reduce_mean(error**2 * (1 + extra * (1 - seen)))
    gradients = tape.gradient(loss, model.trainable_variables)
    model.optimizer.apply(gradients, model.trainable_variables)
    return {"loss": loss, "mae": tf.reduce_mean(abs(error))}


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


def size_of(batch):
    """Returns the number of elements in a batch of features."""
    return tf.shape(tf.nest.flatten(batch)[0])[0]


def on_iterator(step):
    """Returns a step that takes its batch from an iterator, inside TensorFlow."""

    @tf.function
    def steps(iterator):
        return step(next(iterator))

    return steps


def run_steps(function, iterator, count, begin):
    """Yields the number of a step and its logs, until `count` of them or the data's end."""
    for step in itertools.count() if count is None else range(count):
        begin(step)
        try:
            logs = function(iterator)
        except tf.errors.OutOfRangeError:
            return
        yield step, logs


def count_of(dataset):
    """Returns the number of a dataset's elements; None where TensorFlow can't tell."""
    count = int(dataset.cardinality())
    return count if count >= 0 else None


def mean_logs(logs, means, batch):
    """Returns the means over the epoch of what a step logs; a batch counts by its size."""
    if not isinstance(logs, dict):
        raise TypeError(
            f"The train step returned {logs!r}; expected its logs, a dict of scalars by name."
        )
    for name, value in logs.items():
        value = tf.convert_to_tensor(value)
        if value.shape.rank != 0:
            raise ValueError(
                f"The train step logs {name!r} with the shape {value.shape}; expected a scalar."
            )
        if name not in means:
            means[name] = keras.metrics.Mean(name=name)
        means[name].update_state(value, sample_weight=size_of(batch))
    return {name: means[name].result() for name in logs}


def make_steps(model, means):
    """Returns the compiled steps that train and test a model."""
    mean_loss = model.metrics[0]  # what is logged as "loss"

    @tf.function
    def train_step(batch):
        logs = reconstruct(model, batch, hidden=0.1, extra=1.0)
        return mean_logs(logs, means, batch)

    @tf.function
    def test_step(batch):
        x, y, weights = keras.utils.unpack_x_y_sample_weight(batch)
        predictions = model(x, training=False)
        loss = model.compute_loss(x, y, predictions, weights, training=False)
        mean_loss.update_state(loss, sample_weight=size_of(x))
        return model.compute_metrics(x, y, predictions, weights)

    return on_iterator(train_step), on_iterator(test_step)


def evaluate(model, function, dataset, count, callbacks):
    """Tests a model on a dataset; returns its loss and metrics by name."""
    model.reset_metrics()
    logs = {}
    callbacks.on_test_begin()
    steps = run_steps(function, iter(dataset), count, callbacks.on_test_batch_begin)
    for step, logs in steps:
        callbacks.on_test_batch_end(step, logs)
    callbacks.on_test_end(logs)
    return logs


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
    means = {}  # of what the step logs, by name
    train_steps, test_steps = make_steps(model, means)
    tested = count_of(datasets["validation"])
    count = count_of(datasets["train"])
    callbacks = keras.callbacks.CallbackList(
        [*make_callbacks(), *callbacks],
        add_history=True,
        add_progbar=True,
        verbose=2,
        epochs=EPOCHS,
        steps=count,
        model=model,
    )
    model.stop_training = False
    callbacks.on_train_begin()
    logs = {}
    for epoch in range(EPOCHS):
        model.reset_metrics()
        for mean in means.values():
            mean.reset_state()
        callbacks.on_epoch_begin(epoch)
        iterator = iter(datasets["train"])
        steps = run_steps(train_steps, iterator, count, callbacks.on_train_batch_begin)
        for step, logs in steps:
            callbacks.on_train_batch_end(step, logs)
            if model.stop_training:
                break
        if count is not None:
            iter(datasets["train"])  # as fit does: so shuffling is the same
        logs = dict(logs)
        results = evaluate(model, test_steps, datasets["validation"], tested, callbacks)
        logs |= {f"val_{name}": value for name, value in results.items()}
        callbacks.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    model.optimizer.finalize_variable_values(model.trainable_variables)
    callbacks.on_train_end(logs)
    return model, model.history, datasets


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
