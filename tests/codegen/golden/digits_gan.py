"""Trains digits_gan.

Written by Studio; needs keras, tensorflow and numpy, not Studio.
"""

import csv
import gzip
import itertools
import json
import os
import shutil
import sys
import time
import zipfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

HERE = Path(__file__).resolve().parent
SEED = 7
EPOCHS = 100
CHECKPOINTS_KEPT = 2
CHECKPOINT_SECONDS = 300


def take_turns(model, batch, optimizers):
    """The discriminator learns to tell images apart, then the generator to pass for them."""
    x, verdicts, _ = keras.utils.unpack_x_y_sample_weight(batch)
    generator, discriminator = map(model.get_layer, ("generator", "discriminator"))
    # Other noise in each step, and the same in each run.
    seed = tf.stack([0, model.optimizer.iterations.value])
    noise = tf.random.stateless_normal(tf.shape(x["noise"]), seed)
    x = {"noise": noise, "image": x["image"]}

    with tf.GradientTape() as tape:
        told = model.compute_loss(x, verdicts, model(x, training=True))
    gradients = tape.gradient(told, discriminator.trainable_variables)
    optimizers["discriminator"].apply(gradients, discriminator.trainable_variables)

    with tf.GradientTape() as tape:
        fake = model(x, training=True)["fake"]
        passed = keras.losses.binary_crossentropy(tf.ones_like(fake), fake)
        made = tf.reduce_mean(passed)
    gradients = tape.gradient(made, generator.trainable_variables)
    model.optimizer.apply(gradients, generator.trainable_variables)
    return {"loss": told, "generator_loss": made}


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


def random_rows(count, draw, seed):
    """Returns rows that are drawn 1,024 at a time, so that none of them is kept.

    `draw(rows, seed)` makes some of them; they are the same each time.
    """
    parts = tf.data.Dataset.range(-(-count // 1024)).map(
        lambda part: draw(1024, tf.random.fold_in((seed, 0), part)),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    rows = parts.unbatch().take(count)
    return rows.apply(tf.data.experimental.assert_cardinality(count))


def load_noise():
    """Returns a dataset of the rows."""
    return random_rows(
        1797, lambda rows, seed: tf.random.stateless_normal((rows, 16), seed), SEED
    )


def load_digits():
    """Returns a dataset of the rows, as (features, label)."""
    columns = read_csv_gz(HERE / "assets/data/digits.csv.gz")
    names = [f"pixel_{i}_{j}" for i in range(8) for j in range(8)]
    features = np.array([columns[name] for name in names], "float32").T
    features = features.reshape(-1, 8, 8)
    labels = np.array(columns["digit"], float)
    labels = labels.astype("int32")
    return tf.data.Dataset.from_tensor_slices((features, labels))


def load_verdict():
    """Returns a dataset of the rows."""
    tensors = {"real": [1.0], "fake": [0.0]}
    return tf.data.Dataset.from_tensors(tensors)


def make_datasets():
    """Returns the datasets of batches by name: train, validation, test."""
    noise = load_noise()
    digits = load_digits()
    verdict = load_verdict()
    scale = digits.map(
        lambda x, y: (x * 0.0625, y), num_parallel_calls=tf.data.AUTOTUNE
    )
    always = verdict.repeat()
    together = tf.data.Dataset.zip(noise, scale, always)
    named = together.map(
        lambda part_0, part_1, part_2: (
            {"noise": part_0, "image": part_1[0]},
            {"real": part_2["real"], "fake": part_2["fake"]},
        ),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    split = split_dataset(named, validation=0.1, test=0.1, seed=SEED)
    shuffle = split["train"].shuffle(2000)
    validation = split["validation"].batch(256)
    test = split["test"].batch(256)
    train = shuffle.batch(64)
    return {
        "train": train.prefetch(tf.data.AUTOTUNE),
        "validation": validation.prefetch(tf.data.AUTOTUNE),
        "test": test.prefetch(tf.data.AUTOTUNE),
    }


@keras.saving.register_keras_serializable("digits_gan")
class Generator(keras.layers.Layer):
    """The block generator."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.wide = keras.layers.Dense(128, activation="relu", name="wide")
        self.wider = keras.layers.Dense(256, activation="relu", name="wider")
        self.pixels = keras.layers.Dense(64, activation="sigmoid", name="pixels")
        self.image = keras.layers.Reshape((8, 8), name="image")

    def call(self, noise):
        wide = self.wide(noise)
        wider = self.wider(wide)
        pixels = self.pixels(wider)
        image = self.image(pixels)
        return image


@keras.saving.register_keras_serializable("digits_gan")
class Discriminator(keras.layers.Layer):
    """The block discriminator."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.flatten = keras.layers.Flatten(name="flatten")
        self.wide = keras.layers.Dense(256, activation="leaky_relu", name="wide")
        self.drop = keras.layers.Dropout(0.4, name="drop")
        self.narrow = keras.layers.Dense(128, activation="leaky_relu", name="narrow")
        self.drop_again = keras.layers.Dropout(0.4, name="drop_again")
        self.verdict = keras.layers.Dense(1, name="verdict")

    def call(self, image):
        flatten = self.flatten(image)
        wide = self.wide(flatten)
        drop = self.drop(wide)
        narrow = self.narrow(drop)
        drop_again = self.drop_again(narrow)
        verdict = self.verdict(drop_again)
        return verdict


def build_model():
    """Returns the model."""
    noise = keras.Input(shape=(16,), name="noise")
    image = keras.Input(shape=(8, 8), name="image")
    generator = Generator(name="generator")(noise)
    discriminator_layer = Discriminator(name="discriminator")
    discriminator = discriminator_layer(image)
    real = keras.layers.Activation("sigmoid", name="real")(discriminator)
    of_made = discriminator_layer(generator)
    fake = keras.layers.Activation("sigmoid", name="fake")(of_made)
    return keras.Model(
        inputs={"noise": noise, "image": image},
        outputs={"real": real, "fake": fake},
        name="digits_gan",
    )


def size_of(batch):
    """Returns the number of elements in a batch of features."""
    return tf.shape(tf.nest.flatten(batch)[0])[0]


def on_iterator(step):
    """Returns a step that takes its batch from an iterator, inside TensorFlow."""

    @tf.function
    def steps(iterator):
        return step(next(iterator))

    return steps


def run_steps(function, iterator, count, begin, first=0):
    """Yields the number of a step and its logs, until `count` of them or the data's end."""
    for step in itertools.count(first) if count is None else range(first, count):
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


def scalars_of(logs):
    """Returns what a step logs, each a tensor that is a scalar."""
    if not isinstance(logs, dict):
        raise TypeError(
            f"The train step returned {logs!r}; expected its logs, a dict of scalars by name."
        )
    found = {name: tf.convert_to_tensor(value) for name, value in logs.items()}
    for name, value in found.items():
        if value.shape.rank != 0:
            raise ValueError(
                f"The train step logs {name!r} with the shape {value.shape}; expected a scalar."
            )
    return found


def mean_logs(logs, means, batch):
    """Returns the means over the epoch of what a step logs; a batch counts by its size."""
    for name, value in scalars_of(logs).items():
        if name not in means:
            means[name] = keras.metrics.Mean(name=name)
        means[name].update_state(value, sample_weight=size_of(batch))
    return {name: means[name].result() for name in logs}


def make_steps(model, optimizers, means):
    """Returns the compiled steps that train and test a model."""
    mean_loss = model.metrics[0]  # what is logged as "loss"

    @tf.function
    def train_step(batch):
        logs = take_turns(model, batch, optimizers)
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


def damage_of(checkpoint):
    """Returns what is wrong with a checkpoint's files; nothing where they can be read."""
    try:
        json.loads((checkpoint / "state.json").read_text(encoding="utf-8"))
        with zipfile.ZipFile(checkpoint / "arrays.npz") as arrays:
            broken = arrays.testzip()
    except (OSError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile) as error:
        return f"{type(error).__name__}: {error}"
    return f"{broken} in arrays.npz has changed" if broken else ""


class Checkpoints:
    """Keeps what a training needs to go on as if it had never ended.

    A folder for each: the variables of the model, its optimizer and its metrics, the
    state of the callbacks, and the place: epoch, steps done in it, and their logs.
    """

    def __init__(self, folder, model, callbacks, resume, *parts):
        self.folder, self.model, self.callbacks = folder, model, callbacks
        self.epoch, self.step, self.logs = 0, 0, {}
        self.saved, self.pause = time.monotonic(), 0.0
        self.parts = [*parts]  # dicts of optimizers and metrics, by name
        if not resume:  # those there are belong to another training
            shutil.rmtree(folder, ignore_errors=True)

    def passed(self, epoch, step, logs):
        """Notes that steps of an epoch are done, and writes a checkpoint where one is due."""
        self.epoch, self.step, self.logs = epoch, step, logs
        pause = max(self.pause, CHECKPOINT_SECONDS if step else 0)
        if time.monotonic() - self.saved >= pause:
            self.save()

    def variables(self):
        """Returns the variables that training changes, each once, in a fixed order."""
        model = self.model
        found = [*model.variables, *model.optimizer.variables]
        found += [each for metric in model.metrics for each in metric.variables]
        for part in self.parts:
            found += [each for one in part.values() for each in one.variables]
        return list({id(each): each for each in found}.values())

    def save(self):
        """Writes a checkpoint beside, and gives it its name when it is whole."""
        target = self.folder / f"{self.epoch:06}-{self.step:09}"
        if target.exists() or self.epoch == self.step == 0:
            return
        begun = time.monotonic()
        found = [keras.ops.convert_to_numpy(each) for each in self.variables()]
        arrays = {f"variable{index}": array for index, array in enumerate(found)}

        def aside(value):
            """Keeps a number of numpy's or an array among the arrays."""
            if not isinstance(value, (np.ndarray, np.generic, tf.Tensor)):
                raise TypeError
            array, name = np.asarray(value), f"array{len(arrays)}"
            arrays[name] = array
            return {"array": name, "dtype": str(array.dtype)}

        callbacks = [attributes(each, aside) for each in self.callbacks]
        state = {"epoch": self.epoch, "step": self.step, "logs": dict(self.logs)}
        state |= {"stopped": self.model.stop_training, "callbacks": callbacks}
        beside = self.folder / "unfinished"
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        with open(beside / "state.json", "w", encoding="utf-8") as file:
            json.dump(state, file, default=aside)
            file.flush()
            os.fsync(file.fileno())
        with open(beside / "arrays.npz", "wb") as file:
            np.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        beside.rename(target)
        for old in self.kept()[:-CHECKPOINTS_KEPT]:
            shutil.rmtree(old)
        self.saved = time.monotonic()
        self.pause = 50 * (self.saved - begun)  # so it takes 2 % of the time at most

    def kept(self):
        """Returns the folders of the checkpoints, the last one last."""
        return sorted(self.folder.glob("[0-9]*-[0-9]*"))

    def whole(self):
        """Returns the last checkpoint, putting aside what can't be read; None if there is none."""
        kept, damaged = self.kept(), {}
        while kept and (damage := damage_of(kept[-1])):
            damaged[kept.pop()] = damage
        if damaged and not kept:
            raise RuntimeError(
                f"No checkpoint in {self.folder} can be read ({damage}). "
                "Remove that folder to train from the beginning."
            )
        for folder, damage in damaged.items():
            aside = folder.with_name(f"damaged-{folder.name}")
            shutil.rmtree(aside, ignore_errors=True)
            folder.rename(aside)
            told = f"The checkpoint {folder.name} can't be read ({damage})"
            print(f"{told}: the training goes on from {kept[-1].name}.")
        return kept[-1] if kept else None

    def restore(self, begin_epoch=None):
        """Takes the last checkpoint's state, if there is one, and with it its place.

        Within an epoch its beginning is told before, as callbacks expect it.
        """
        folder = self.whole()
        if folder is None:
            return
        arrays = np.load(folder / "arrays.npz")

        def back(value):
            if set(value) != {"array", "dtype"}:
                return value
            # numpy's files don't know bfloat16, and hold it as bytes.
            return arrays[value["array"]].view(value["dtype"])

        text = (folder / "state.json").read_text(encoding="utf-8")
        state = json.loads(text, object_hook=back)
        if state["step"]:
            begin_epoch(state["epoch"])
        for index, variable in enumerate(self.variables()):
            variable.assign(arrays[f"variable{index}"].view(variable.dtype))
        for callback, kept in zip(self.callbacks, state["callbacks"], strict=True):
            vars(callback).update(kept)
        self.epoch, self.step, self.logs = state["epoch"], state["step"], state["logs"]
        self.model.stop_training = state["stopped"]


def attributes(callback, aside):
    """Returns what a callback knows, save what JSON can't hold."""
    known = {}
    for name, value in vars(callback).items():
        try:
            known[name] = json.loads(json.dumps(value, default=aside))
        except TypeError:
            continue  # a model, a function, an open file
    # Keras turns the sign of the one in each training; the other is of the file as it is.
    for name in ("min_delta", "append_header"):
        known.pop(name, None)
    return known


def train(callbacks=(), resume=False):
    """Trains a model, anew or from a checkpoint; returns it, history and datasets."""
    keras.utils.set_random_seed(SEED)
    datasets = make_datasets()
    model = build_model()
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=0.0005, beta_1=0.5),
        loss={
            "real": keras.losses.BinaryCrossentropy(),
            "fake": keras.losses.BinaryCrossentropy(),
        },
        metrics={
            "real": [keras.metrics.BinaryAccuracy(name="accuracy")],
            "fake": [keras.metrics.BinaryAccuracy(name="accuracy")],
        },
        jit_compile=False,
    )
    optimizers = {
        "discriminator": keras.optimizers.Adam(learning_rate=0.0005, beta_1=0.5)
    }
    means = {}  # of what the step logs, by name
    train_steps, test_steps = make_steps(model, optimizers, means)
    tested = count_of(datasets["validation"])
    count = count_of(datasets["train"])
    callbacks = keras.callbacks.CallbackList(
        [*callbacks],
        add_history=True,
        add_progbar=True,
        verbose=2,
        epochs=EPOCHS,
        steps=count,
        model=model,
    )
    place = Checkpoints(
        HERE / "checkpoints", model, [model.history], resume, optimizers, means
    )
    callbacks.params["checkpoint"] = place.save  # for callbacks that want one
    model.stop_training = False
    callbacks.on_train_begin()
    # Traced, the steps have made all variables that a checkpoint knows.
    train_steps.get_concrete_function(
        tf.data.IteratorSpec(datasets["train"].element_spec)
    )
    test_steps.get_concrete_function(
        tf.data.IteratorSpec(datasets["validation"].element_spec)
    )
    if resume:
        place.restore(callbacks.on_epoch_begin)
    # Each pass is shuffled in another order: the next is what it would have been.
    for _ in range(place.epoch):
        iter(datasets["train"])
        if count is not None:
            iter(datasets["train"])
    for epoch in range(place.epoch, EPOCHS):
        if model.stop_training:
            break
        first = place.step  # above 0 where a checkpoint was within the epoch
        if first == 0:
            model.reset_metrics()
            for mean in means.values():
                mean.reset_state()
            callbacks.on_epoch_begin(epoch)
        iterator = iter(datasets["train"])
        for _ in range(first):
            next(iterator)
        steps = run_steps(
            train_steps, iterator, count, callbacks.on_train_batch_begin, first
        )
        for step, logs in steps:
            callbacks.on_train_batch_end(step, logs)
            place.passed(epoch, step + 1, logs)
            if model.stop_training:
                break
        if count is not None:
            iter(datasets["train"])  # as fit does: so shuffling is the same
        logs = dict(place.logs)
        results = evaluate(model, test_steps, datasets["validation"], tested, callbacks)
        logs |= {f"val_{name}": value for name, value in results.items()}
        callbacks.on_epoch_end(epoch, logs)
        place.passed(epoch + 1, 0, logs)
    model.optimizer.finalize_variable_values(model.trainable_variables)
    callbacks.on_train_end(place.logs)
    return model, model.history, datasets


def main(callbacks=(), resume=False):
    """Trains, tests and saves the model."""
    model, _, datasets = train(callbacks, resume)
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
    main(resume="--resume" in sys.argv[1:])
