"""Trains parameter_server.

Written by Studio; needs keras, tensorflow and numpy, not Studio.
"""

import csv
import gzip
import itertools
import json
import os
import shutil
import socket
import sys
import time
import zipfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

HERE = Path(__file__).resolve().parent
SEED = 7
EPOCHS = 25
STEPS_TOGETHER = 32
CHECKPOINTS_KEPT = 2
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
    image = keras.Input(shape=(8, 8, 1), name="image")
    conv1 = keras.layers.Conv2D(32, 3, padding="same", activation="relu", name="conv1")(
        image
    )
    conv2 = keras.layers.Conv2D(32, 3, padding="same", use_bias=False, name="conv2")(
        conv1
    )
    norm = keras.layers.BatchNormalization(name="norm")(conv2)
    relu = keras.layers.Activation("relu", name="relu")(norm)
    conv3 = keras.layers.Conv2D(32, 3, padding="same", name="conv3")(relu)
    skip = keras.layers.Add(name="skip")([conv1, conv3])
    pool = keras.layers.MaxPooling2D(pool_size=2, name="pool")(skip)
    conv4 = keras.layers.Conv2D(64, 3, activation="relu", name="conv4")(pool)
    mean = keras.layers.GlobalAveragePooling2D(name="mean")(conv4)
    dropout = keras.layers.Dropout(0.3, name="dropout")(mean)
    digit = keras.layers.Dense(10, name="digit")(dropout)
    return keras.Model(inputs=image, outputs=digit, name="parameter_server")


def make_callbacks():
    """Returns the callbacks, in their order."""
    return [
        keras.callbacks.ReduceLROnPlateau(factor=0.3, patience=3),
        keras.callbacks.EarlyStopping(patience=7, restore_best_weights=True),
    ]


def make_strategy():
    """Returns how the training is spread over devices."""
    return tf.distribute.ParameterServerStrategy(
        cluster_resolver=tf.distribute.cluster_resolver.TFConfigClusterResolver()
    )


def serve():
    """Works as a worker or a parameter server for the chief; False where this is the chief."""
    if "TF_CONFIG" not in os.environ:
        raise SystemExit("TF_CONFIG is not set: it names chief, workers and servers.")
    resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    cluster = resolver.cluster_spec()  # first: some resolvers know their task only then
    role, index = resolver.task_type, resolver.task_id
    if role == "chief":
        return False
    tf.distribute.Server(cluster, job_name=role, task_index=index, protocol="grpc")
    host, _, port = cluster.task_address("chief", 0).rpartition(":")
    misses = None  # not seen yet
    while misses is None or misses < 3:
        time.sleep(2)
        try:
            socket.create_connection((host, int(port)), timeout=10).close()
            misses = 0
        except OSError:
            misses = None if misses is None else misses + 1
    return True


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

    build()
    model.reset_metrics()


def counting(model, variables):
    """Returns a scope in which metrics count from nothing, and leave their variables alone."""
    counts = [(each, tf.zeros(each.shape, each.dtype)) for each in variables]
    # Keras takes weights from the scope too, where it adds what layers add to the loss.
    weights = [(each, tf.convert_to_tensor(each.value)) for each in model.weights]
    return keras.StatelessScope([*counts, *weights])


def hand_out(coordinator, model, function, iterator, count, begin, first=0):
    """Hands batches to the workers; yields the number of a step and its logs.

    Of the steps that are done together, by whichever workers are free, it is the last.
    """
    step = first
    counted = [each for metric in model.metrics for each in metric.variables]
    while count is None or step < count:
        begin(step)
        most = STEPS_TOGETHER if count is None else min(STEPS_TOGETHER, count - step)
        batches = list(itertools.islice(iterator, most))
        if not batches:
            return
        # Workers that count at once lose counts: of the steps too.
        iterations = int(model.optimizer.iterations)
        done = [coordinator.schedule(function, args=(batch,)) for batch in batches]
        coordinator.join()
        model.optimizer.iterations.assign(iterations + len(batches))
        for variable, *found in zip(counted, *(each.fetch() for each in done)):
            variable.assign_add(sum(found))
        step += len(batches)
        yield step - 1, model.get_metrics_result()


def count_of(dataset):
    """Returns the number of a dataset's elements; None where TensorFlow can't tell."""
    count = int(dataset.cardinality())
    return count if count >= 0 else None


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


def make_steps(model, strategy):
    """Returns the compiled step of a worker, and the chief's that tests."""
    mean_loss = model.metrics[0]  # what is logged as "loss"
    counted = [each for metric in model.metrics for each in metric.variables]

    @tf.function
    def on_worker(batch):
        x, y, weights = keras.utils.unpack_x_y_sample_weight(batch)
        with tf.GradientTape() as tape:
            counts = counting(model, counted)  # what metrics count, the chief adds up
            predictions = model(x, training=True)
            with counts:
                # The outputs' losses, and those that layers add (regularisation).
                loss = model.compute_loss(x, y, predictions, weights, training=True)
                scaled_loss = model.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled_loss, model.trainable_variables)
        model.optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        with counts:
            mean_loss.update_state(loss, sample_weight=size_of(x))
            model.compute_metrics(x, y, predictions, weights)
        return [counts.get_current_value(each) for each in counted]

    @tf.function
    def train_step(batch):
        return strategy.run(on_worker, args=(batch,))

    @tf.function
    def test_step(batch):
        x, y, weights = keras.utils.unpack_x_y_sample_weight(batch)
        predictions = model(x, training=False)
        loss = model.compute_loss(x, y, predictions, weights, training=False)
        mean_loss.update_state(loss, sample_weight=size_of(x))
        return model.compute_metrics(x, y, predictions, weights)

    return train_step, on_iterator(test_step)


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


class Checkpoints:
    """Keeps what a training needs to go on as if it had never ended.

    A folder for each: the variables of the model, its optimizer and its metrics, the
    state of the callbacks, and the place: epoch, steps done in it, and their logs.
    """

    def __init__(self, folder, model, callbacks, resume, strategy):
        self.folder, self.model, self.callbacks = folder, model, callbacks
        self.strategy, self.read = strategy, None
        self.epoch, self.step, self.logs = 0, 0, {}
        self.saved, self.pause = time.monotonic(), 0.0
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
        return list({id(each): each for each in found}.values())

    def save(self):
        """Writes a checkpoint beside, and gives it its name when it is whole."""
        target = self.folder / f"{self.epoch:06}-{self.step:09}"
        if target.exists() or self.epoch == self.step == 0:
            return
        begun = time.monotonic()
        if self.read is None:
            own = own_variables(self.model)
            self.read = reader(self.strategy, self.variables(), own)
        found = self.read()
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
            optimizer=keras.optimizers.Adam(learning_rate=0.003),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
            jit_compile=False,
        )
        build_metrics(model, datasets["train"].element_spec)
        model.optimizer.build(model.trainable_variables)
    train_steps, test_steps = make_steps(model, strategy)
    coordinator = tf.distribute.coordinator.ClusterCoordinator(strategy)
    tested = count_of(datasets["validation"])
    count = count_of(datasets["train"])
    own = make_callbacks()
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
    callbacks.params["checkpoint"] = place.save  # for callbacks that want one
    model.stop_training = False
    callbacks.on_train_begin()
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
            callbacks.on_epoch_begin(epoch)
        iterator = iter(datasets["train"])
        for _ in range(first):
            next(iterator)
        steps = hand_out(
            coordinator,
            model,
            train_steps,
            iterator,
            count,
            callbacks.on_train_batch_begin,
            first,
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
    if serve():
        return
    model, _, datasets = train(callbacks, resume)
    strategy = model.distribute_strategy
    _, test_steps = make_steps(model, strategy)
    listeners = keras.callbacks.CallbackList([*callbacks], model=model)
    results = evaluate(
        model, test_steps, datasets["test"], count_of(datasets["test"]), listeners
    )
    results = {name: np.asarray(value) for name, value in results.items()}
    path = HERE / "artifacts" / "model.keras"
    path.parent.mkdir(exist_ok=True)
    model.save(path)
    print(f"saved {path}")
    for name, value in results.items():
        print(f"test {name}: {np.round(value, 4)}")


if __name__ == "__main__":
    main(resume="--resume" in sys.argv[1:])
