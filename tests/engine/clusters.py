"""Trainings by several processes, small and written by hand, to be run as those of a project."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from msgspec.structs import replace

from studio.codegen.script import Script
from studio.engine.local_cluster import parse
from studio.engine.run import Run, prepare
from studio.graph.document import Distribution, Project
from studio.graph.file import load
from studio.graph.ops.strategies import MULTI_WORKER, PARAMETER_SERVER
from tests.conftest import ROOT, events

SECONDS = 90.0

HEAD = '''import json
import os
import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

HERE = Path(__file__).parent
TASK = json.loads(os.environ["TF_CONFIG"])["task"]
NAME = f"{TASK['type']}:{TASK['index']}"
STEPS, PAUSE = int(os.environ["STEPS"]), float(os.environ["PAUSE"])


def misfortune(step):
    """What is to happen to a task at a step: {"worker:1": [5, "raise SystemError('bad')"]}."""
    at, code = json.loads(os.environ.get("MISFORTUNE", "{}")).get(NAME, [None, ""])
    if at == step:
        exec(code)


def begin(callbacks, model, epochs, **params):
    told = keras.callbacks.CallbackList(callbacks, model=model)
    told.set_params({"epochs": epochs, "steps": STEPS, **params})
    for callback in callbacks:
        callback.params.update(params)
    told.on_train_begin()
    return told


def small():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse", jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    return model


def rows():
    x = np.random.default_rng(3).normal(size=(32, 3)).astype("float32")
    return tf.data.Dataset.from_tensor_slices((x, x.sum(1, keepdims=True)))
'''

IN_STEP = f"""{HEAD}

def main(callbacks=(), resume=False):
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    keras.utils.set_random_seed(7)
    with strategy.scope():
        model = small()
    wanted = {{"checkpoint": 0.0, "stop": 0.0}}
    chief = "chief" in json.loads(os.environ["TF_CONFIG"])["cluster"]
    leads = NAME == ("chief:0" if chief else "worker:0")
    begun = 0
    if resume:
        last = sorted((HERE / "checkpoints").glob("0*"))[-1]
        begun = json.loads((last / "state.json").read_text())["step"]
        arrays = np.load(last / "arrays.npz")
        model.set_weights([arrays[name] for name in arrays.files])
    told = begin(
        list(callbacks),
        model,
        1,
        checkpoint=lambda: wanted.update(checkpoint=1.0),
        stop=lambda: wanted.update(checkpoint=1.0, stop=1.0),
    )

    def step(batch, asked):
        x, y = batch
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(x, training=True) - y) ** 2)
        gradients = tape.gradient(loss, model.trainable_variables)
        model.optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        context = tf.distribute.get_replica_context()
        return context.all_reduce("SUM", loss), context.all_reduce("SUM", tf.identity(asked))

    @tf.function
    def train(batch, asked):
        return strategy.run(step, args=(batch, asked))

    told.on_epoch_begin(0)
    data = iter(strategy.experimental_distribute_dataset(rows().repeat().batch(8)))
    for number in range(begun, STEPS):
        misfortune(number)
        told.on_train_batch_begin(number)
        asked = tf.constant([wanted["checkpoint"], wanted["stop"]])
        loss, asked = train(next(data), asked)
        save, stop = (float(each) > 0 for each in asked)
        if save:
            wanted["checkpoint"] = 0.0
            if leads:
                place = HERE / "checkpoints" / f"000000-{{number + 1:09}}"
                place.mkdir(parents=True, exist_ok=True)
                np.savez(place / "arrays.npz", *model.get_weights())
                (place / "state.json").write_text(json.dumps({{"epoch": 0, "step": number + 1}}))
        if stop:
            raise SystemExit(0)
        time.sleep(PAUSE)
        told.on_train_batch_end(number, {{"loss": float(loss)}})
    told.on_epoch_end(0, {{"loss": float(loss), "workers": strategy.num_replicas_in_sync}})
    told.on_train_end()
"""

BY_SERVERS = f"""{HEAD}

def main(callbacks=(), resume=False):
    resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    if resolver.task_type in ("worker", "ps"):
        server = tf.distribute.Server(
            resolver.cluster_spec(),
            job_name=resolver.task_type,
            task_index=resolver.task_id,
            protocol="grpc",
            start=True,
        )
        misfortune(0)
        server.join()
    strategy = tf.distribute.ParameterServerStrategy(resolver)
    coordinator = tf.distribute.coordinator.ClusterCoordinator(strategy)
    keras.utils.set_random_seed(7)
    with strategy.scope():
        model = small()
    told = begin(list(callbacks), model, 1)

    @tf.function
    def train(iterator):
        def step(batch):
            x, y = batch
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((model(x, training=True) - y) ** 2)
            gradients = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(gradients, model.trainable_variables))
            return loss

        return strategy.run(step, args=(next(iterator),))

    data = iter(coordinator.create_per_worker_dataset(lambda: rows().repeat().batch(8)))
    told.on_epoch_begin(0)
    for number in range(STEPS):
        misfortune(number)
        told.on_train_batch_begin(number)
        loss = coordinator.schedule(train, args=(data,))
        coordinator.join()
        time.sleep(PAUSE)
        told.on_train_batch_end(number, {{"loss": float(loss.fetch())}})
    told.on_epoch_end(0, {{"loss": float(loss.fetch())}})
    told.on_train_end()
"""

SCRIPTS = {MULTI_WORKER: IN_STEP, PARAMETER_SERVER: BY_SERVERS}


def project(strategy: str | None) -> Project:
    """A project with a strategy; its script is one of those above."""
    found = load(ROOT / "templates" / "penguins")
    training = replace(found.training, loop="custom", epochs=1)
    distribution = Distribution(strategy, {}) if strategy else None
    return replace(found, name="clustered", training=training, distribution=distribution)


def prepared(folder: Path, strategy: str | None, cluster: str | None, text: str = "") -> Path:
    """The folder of a run with the script of a strategy, still to be launched."""
    script = Script(text or SCRIPTS[strategy], {}, ())
    shape = parse(cluster) if cluster is not None else None
    folder.mkdir(exist_ok=True)
    return prepare(project(strategy), folder, folder / "runs", script, shape)


def settings(
    steps: int, pause: float = 0.0, **misfortune: tuple[int | None, str]
) -> dict[str, str]:
    """The environment that says how long a script trains, and what happens to its tasks."""
    named = {name.replace("_", ":"): each for name, each in misfortune.items()}
    told = {"STEPS": str(steps), "PAUSE": str(pause), "MISFORTUNE": json.dumps(named)}
    return os.environ | told | {"TF_CPP_MIN_LOG_LEVEL": "3"}


def until(true: Callable[[], Any], run: Run | None = None, seconds: float = SECONDS) -> Any:
    """Waits for something to become true."""
    end = time.monotonic() + seconds
    while not (found := true()):
        if run is not None:
            run.poll()
        assert time.monotonic() < end, run and (run.progress, log(run.folder))
        time.sleep(0.1)
    return found


def stepping(run: Run) -> Any:
    """Whether it trains by now."""
    return any(each["event"] == "step" for each in events(run.folder)) or run.progress.ended


def log(folder: Path) -> str:
    return "\n".join(path.read_text()[-3000:] for path in sorted(folder.glob("log*.txt")))


def processes(folder: Path) -> list[psutil.Process]:
    """All that is left of a run."""
    found = []
    for each in psutil.process_iter():
        try:
            if each.status() != psutil.STATUS_ZOMBIE and each.cwd() == str(folder.resolve()):
                found.append(each)
        except psutil.Error:
            continue
    return found


def task(folder: Path, name: str) -> int:
    """The number of the process that a task has now."""
    told = [each for each in events(folder) if each["event"] == "member" and each["task"] == name]
    return next(each["process"] for each in reversed(told) if each["state"] == "started")


def python(*arguments: object) -> list[str]:
    return [sys.executable, "-m", *map(str, arguments)]
