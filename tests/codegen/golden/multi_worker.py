"""Trains multi_worker.

Written by Studio; needs keras, tensorflow and numpy, not Studio.
"""

import atexit
import csv
import gzip
import itertools
import json
import os
import shutil
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

HERE = Path(__file__).resolve().parent
SEED = 7
EPOCHS = 40
CHECKPOINTS_KEPT = 2
CALLS_BETWEEN = 10  # two questions whether workers wish something
CHECKPOINT_SECONDS = 300


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
    cache = split["train"].cache()
    validation = split["validation"].batch(256)
    test = split["test"].batch(256)
    shuffle = cache.shuffle(2000)
    train = shuffle.batch(64)
    return {
        "train": train.prefetch(tf.data.AUTOTUNE),
        "validation": validation.prefetch(tf.data.AUTOTUNE),
        "test": test.prefetch(tf.data.AUTOTUNE),
    }


def build_model():
    """Returns the model."""
    return keras.Sequential(
        [
            keras.Input(shape=(8, 8), name="image"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(128, activation="relu", name="hidden1"),
            keras.layers.Dropout(0.3, name="dropout1"),
            keras.layers.Dense(128, activation="relu", name="hidden2"),
            keras.layers.Dropout(0.3, name="dropout2"),
            keras.layers.Dense(10, activation="softmax", name="digit"),
        ],
        name="multi_worker",
    )


def make_callbacks():
    """Returns the callbacks, in their order."""
    return [keras.callbacks.EarlyStopping(patience=6, restore_best_weights=True)]


def make_strategy():
    """Returns how the training is spread over devices."""
    return tf.distribute.MultiWorkerMirroredStrategy()


def spread_data(strategy, datasets):
    """Returns the datasets as the workers go through them: each has a part of every batch."""
    policies, spread = tf.data.experimental.AutoShardPolicy, {}
    for name, dataset in datasets.items():
        told = dataset.options().experimental_distribute.auto_shard_policy
        if told == policies.AUTO:  # the data's own options say nothing
            # All workers read all files, in the same order, and take part of each batch.
            options = tf.data.Options()
            options.experimental_distribute.auto_shard_policy = policies.DATA
            dataset = dataset.with_options(options)
        spread[name] = strategy.experimental_distribute_dataset(dataset)
    return spread


def separate_seeds(strategy, model):
    """Has each replica draw random numbers of its own, for dropout and the like."""
    ending = "seed_generator_state"
    states = [each for each in model.variables if each.path.endswith(ending)]

    @tf.function
    def separate():
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        for state in states:
            state.assign(state + tf.stack([tf.cast(replica, state.dtype), 0]))

    if states:
        strategy.run(separate)


def state_merger(strategy, model):
    """Returns a function that gives replicas the mean of what layers measure on each of them.

    Such as the moving averages of a BatchNormalization, by which a model is tested.
    """
    states = [v for v in model.non_trainable_variables if v.dtype.startswith("float")]

    @tf.function
    def merge():
        replica = tf.distribute.get_replica_context()
        for state in states:
            state.assign(replica.all_reduce("MEAN", tf.identity(state.value)))

    return lambda: strategy.run(merge) if states else None


def is_chief(strategy):
    """Returns whether this process is the one of all workers that writes files."""
    resolver = strategy.cluster_resolver
    if resolver is None or "chief" in resolver.cluster_spec().jobs:
        return resolver is None or resolver.task_type == "chief"
    return not resolver.task_id


def apart(strategy, callbacks):
    """Has the callbacks of a worker that is not the chief write where it is thrown away."""
    if is_chief(strategy):
        return
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for callback in callbacks:
        for name in ("filename", "filepath", "log_dir"):
            path = getattr(callback, name, None)
            if path is not None:
                setattr(callback, name, str(folder / Path(path).name))


def size_of(batch):
    """Returns the number of elements in a batch of features."""
    return tf.shape(tf.nest.flatten(batch)[0])[0]


def zeros_of(spec):
    """Returns a batch of zeros, of one element."""
    return tf.nest.map_structure(
        lambda each: tf.zeros([size or 1 for size in each.shape], each.dtype), spec
    )


def build_metrics(model, spec):
    """Makes the variables of the metrics, and of a model that has none yet."""
    x, y, weights = keras.utils.unpack_x_y_sample_weight(zeros_of(spec))

    def build():
        predictions = model(x, training=False)
        if model.loss is not None:
            model.compute_loss(x, y, predictions, weights, training=False)
            model.compute_metrics(x, y, predictions, weights)

    model.distribute_strategy.run(build)
    model.reset_metrics()


def mean_of(loss, batch):
    """Returns the mean over a replica's elements of a loss that Keras has shared out.

    A batch that is short may leave a replica without elements, and so without a mean.
    """
    replicas = tf.distribute.get_replica_context().num_replicas_in_sync
    return tf.where(size_of(batch) > 0, loss * replicas, 0)


def part_of(mean, batch):
    """Returns what a replica's mean adds to that of the whole batch."""
    size = tf.cast(size_of(batch), mean.dtype)
    whole = tf.distribute.get_replica_context().all_reduce("SUM", size)
    return mean * size / whole


def on_iterator(step, strategy, model):
    """Returns a step that takes a batch from an iterator and is done on all replicas."""

    @tf.function
    def steps(iterator):
        strategy.run(step, args=(next(iterator),))
        return model.get_metrics_result()

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


def make_steps(model, strategy):
    """Returns the compiled steps that train and test a model on all replicas."""
    mean_loss = model.metrics[0]  # what is logged as "loss"

    def train_step(batch):
        x, y, weights = keras.utils.unpack_x_y_sample_weight(batch)
        with tf.GradientTape() as tape:
            predictions = model(x, training=True)
            # The outputs' losses, and those that layers add (regularisation).
            loss = model.compute_loss(x, y, predictions, weights, training=True)
            mean = mean_of(loss, x)
            loss = part_of(mean, x)
            scaled_loss = model.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled_loss, model.trainable_variables)
        model.optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        mean_loss.update_state(mean, sample_weight=size_of(x))
        model.compute_metrics(x, y, predictions, weights)

    def test_step(batch):
        x, y, weights = keras.utils.unpack_x_y_sample_weight(batch)
        predictions = model(x, training=False)
        loss = model.compute_loss(x, y, predictions, weights, training=False)
        mean_loss.update_state(mean_of(loss, x), sample_weight=size_of(x))
        model.compute_metrics(x, y, predictions, weights)

    train_steps = on_iterator(train_step, strategy, model)
    return train_steps, on_iterator(test_step, strategy, model)


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


def own_variables(model):
    """Returns the variables of which each replica has its own: of seeds, averages, counts."""
    counts = [each for metric in model.metrics for each in metric.variables]
    return {id(each) for each in (*model.non_trainable_variables, *counts)}


def reader(strategy, variables, own):
    """Returns a function that reads variables; what replicas have of their own, as rows."""
    apart = [each for each in variables if id(each) in own]

    @tf.function
    def gather():
        rows = strategy.run(lambda: [keras.ops.expand_dims(v, 0) for v in apart])
        return [strategy.gather(each, axis=0) for each in rows]

    def read():
        rows = iter(gather() if apart else [])
        found = (next(rows) if id(each) in own else each for each in variables)
        return [keras.ops.convert_to_numpy(each) for each in found]

    return read


def assign_values(strategy, variables, own, values, replicas):
    """Gives variables the values that they had on so many replicas."""
    count, apart = strategy.num_replicas_in_sync, []
    if count != replicas:
        print(f"{count} replicas go on, not {replicas}: each has other data now.")
    for variable, value in zip(variables, values):
        value = value.view(variable.dtype)
        if id(variable) not in own:
            variable.assign(value)
            continue
        if len(value) != count and variable.path.endswith("seed_generator_state"):
            continue  # each replica has a seed of its own
        if len(value) != count and variable.aggregation == "sum":
            whole = value.sum(axis=0)
            value = np.zeros((count, *whole.shape), value.dtype)
            value[0] = whole
        elif len(value) != count:
            value = np.repeat(value[:1], count, axis=0)
        apart.append((variable, value))

    @tf.function
    def assign():
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        for variable, rows in apart:
            variable.assign(tf.constant(rows)[replica])

    strategy.run(assign)


@tf.function
def sum_of(value):
    """Returns the sum of what all replicas have."""
    replica = tf.distribute.get_replica_context()
    return replica.all_reduce("SUM", tf.identity(value))


class Checkpoints:
    """Keeps what a training needs to go on as if it had never ended.

    A folder for each: the variables of the model, its optimizer and its metrics, the
    state of the callbacks, and the place: epoch, steps done in it, and their logs.
    """

    def __init__(self, folder, model, callbacks, resume, strategy):
        self.folder, self.model, self.callbacks = folder, model, callbacks
        self.strategy, self.read = strategy, None
        self.calls, self.wishes = 0, [False, False]
        self.at = (0, 0)  # where the last one was written
        self.epoch, self.step, self.logs = 0, 0, {}
        self.saved, self.pause = time.monotonic(), 0.0
        if not resume and is_chief(strategy):  # they belong to another training
            shutil.rmtree(folder, ignore_errors=True)

    def passed(self, epoch, step, logs):
        """Notes that steps of an epoch are done, and writes a checkpoint where one is due."""
        self.epoch, self.step, self.logs = epoch, step, logs
        self.calls += 1
        pause = max(self.pause, CHECKPOINT_SECONDS if step else 0)
        if step == 0 or self.calls % CALLS_BETWEEN == 0:
            self.agree(time.monotonic() - self.saved >= pause)

    def wish(self):
        """Asks all workers for a checkpoint, which they write some steps later."""
        self.wishes[0] = True

    def stop(self):
        """Asks all workers to write a checkpoint and to end, some steps later."""
        self.wishes[1] = True

    def agree(self, due):
        """Does what one of the workers wishes; all ask at the same steps."""
        wishes = tf.constant([due or self.wishes[0], self.wishes[1]], tf.int32)
        whole = self.strategy.run(sum_of, args=(wishes,))
        save, stop = self.strategy.experimental_local_results(whole)[0].numpy() > 0
        self.wishes[0] = False
        if save or stop:
            self.save()
        if stop:
            raise SystemExit(0)

    def variables(self):
        """Returns the variables that training changes, each once, in a fixed order."""
        model = self.model
        found = [*model.variables, *model.optimizer.variables]
        found += [each for metric in model.metrics for each in metric.variables]
        return list({id(each): each for each in found}.values())

    def save(self):
        """Writes a checkpoint beside, and gives it its name when it is whole."""
        target = self.folder / f"{self.epoch:06}-{self.step:09}"
        if self.at == (self.epoch, self.step):
            return
        begun = time.monotonic()
        if self.read is None:
            own = own_variables(self.model)
            self.read = reader(self.strategy, self.variables(), own)
        found = self.read()
        self.at = (self.epoch, self.step)
        self.saved = time.monotonic()
        self.pause = 50 * (self.saved - begun)  # so it takes 2 % of the time at most
        if not is_chief(self.strategy):
            return
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
        state |= {"replicas": self.strategy.num_replicas_in_sync}
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
        for folder, damage in damaged.items() if is_chief(self.strategy) else ():
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
        variables, own = self.variables(), own_variables(self.model)
        found = [arrays[f"variable{index}"] for index in range(len(variables))]
        assign_values(self.strategy, variables, own, found, state["replicas"])
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
    strategy = make_strategy()
    keras.utils.set_random_seed(SEED)
    datasets = make_datasets()
    with strategy.scope():
        model = build_model()
        model.compile(
            optimizer=keras.optimizers.Adam(learning_rate=0.001),
            loss=keras.losses.SparseCategoricalCrossentropy(),
            metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
            jit_compile=False,
        )
        build_metrics(model, datasets["train"].element_spec)
        model.optimizer.build(model.trainable_variables)
    separate_seeds(strategy, model)
    merge_states = state_merger(strategy, model)
    train_steps, test_steps = make_steps(model, strategy)
    spread = spread_data(strategy, datasets)
    tested = count_of(datasets["validation"])
    count = count_of(datasets["train"])
    own = make_callbacks()
    apart(strategy, own)
    callbacks = keras.callbacks.CallbackList(
        [*own, *callbacks],
        add_history=True,
        add_progbar=True,
        verbose=2,
        epochs=EPOCHS,
        steps=count,
        model=model,
    )
    place = Checkpoints(
        HERE / "checkpoints", model, [*own, model.history], resume, strategy
    )
    # For callbacks that want one, or want all workers to end.
    callbacks.params |= {"checkpoint": place.wish, "stop": place.stop}
    model.stop_training = False
    callbacks.on_train_begin()
    if resume:
        place.restore(callbacks.on_epoch_begin)
    # Each pass is shuffled in another order: the next is what it would have been.
    for _ in range(place.epoch):
        iter(spread["train"])
        if count is not None:
            iter(spread["train"])
    for epoch in range(place.epoch, EPOCHS):
        if model.stop_training:
            break
        first = place.step  # above 0 where a checkpoint was within the epoch
        if first == 0:
            model.reset_metrics()
            callbacks.on_epoch_begin(epoch)
        iterator = iter(spread["train"])
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
            iter(spread["train"])  # as fit does: so shuffling is the same
        merge_states()
        logs = dict(place.logs)
        results = evaluate(model, test_steps, spread["validation"], tested, callbacks)
        logs |= {f"val_{name}": value for name, value in results.items()}
        callbacks.on_epoch_end(epoch, logs)
        place.passed(epoch + 1, 0, logs)
    model.optimizer.finalize_variable_values(model.trainable_variables)
    callbacks.on_train_end(place.logs)
    return model, model.history, datasets


def main(callbacks=(), resume=False):
    """Trains, tests and saves the model."""
    model, _, datasets = train(callbacks, resume)
    strategy = model.distribute_strategy
    _, test_steps = make_steps(model, strategy)
    listeners = keras.callbacks.CallbackList([*callbacks], model=model)
    spread = strategy.experimental_distribute_dataset(datasets["test"])
    results = evaluate(model, test_steps, spread, count_of(datasets["test"]), listeners)
    results = {name: np.asarray(value) for name, value in results.items()}
    path = HERE / "artifacts" / "model.keras"
    path.parent.mkdir(exist_ok=True)
    if not is_chief(model.distribute_strategy):
        # All workers must save, but one file is enough.
        path = Path(tempfile.mkdtemp()) / "model.keras"
        atexit.register(shutil.rmtree, path.parent, ignore_errors=True)
    model.save(path)
    print(f"saved {path}")
    for name, value in results.items():
        print(f"test {name}: {np.round(value, 4)}")


if __name__ == "__main__":
    main(resume="--resume" in sys.argv[1:])
