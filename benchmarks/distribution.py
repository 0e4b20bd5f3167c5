"""Milliseconds of a training step under each strategy of tf.distribute, beside none.

    python -m benchmarks.distribution [--rounds N] [--batch N]

The scripts that Studio writes, each in processes of its own, in turns; medians. First every
strategy with one replica, which tells what it costs; then 1, 2 and 4 parts of the CPU as devices,
with the same batch for all together, which tells how the training scales on this machine: parts of
one CPU share its cores, so little more than its cores can be won.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from studio.codegen.script import write_script
from studio.engine.local_cluster import free_ports
from studio.graph.cluster import tf_config
from studio.graph.read import read_project

EPOCHS, STEPS = 4, 60
MIRRORED = "tf.distribute.MirroredStrategy"


def mirrored(count: int) -> dict[str, Any]:
    """So many parts of the CPU."""
    devices = [f"CPU:{number}" for number in range(count)]
    return {"op": MIRRORED, "params": {"devices": devices}, "virtual_devices": count}


def call(op: str, **params: Any) -> dict[str, Any]:
    """A call as data."""
    return {"op": op, "params": params}


STRATEGIES: dict[str, tuple[dict[str, Any] | None, dict[str, int]]] = {
    "none": (None, {}),
    "OneDevice": (call("tf.distribute.OneDeviceStrategy", device="CPU:0"), {}),
    "Mirrored": (mirrored(1), {}),
    "CentralStorage": (
        call(
            "tf.distribute.experimental.CentralStorageStrategy",
            compute_devices=["CPU:0"],
            parameter_device="CPU:0",
        ),
        {},
    ),
    "MultiWorkerMirrored": (call("tf.distribute.MultiWorkerMirroredStrategy"), {"worker": 1}),
    "ParameterServer": (
        call("tf.distribute.ParameterServerStrategy"),
        {"chief": 1, "worker": 1, "ps": 1},
    ),
    "Mirrored, 2 devices": (mirrored(2), {}),
    "Mirrored, 4 devices": (mirrored(4), {}),
    "2 workers": (call("tf.distribute.MultiWorkerMirroredStrategy"), {"worker": 2}),
}


def project(strategy: dict[str, Any] | None, batch: int) -> Any:
    """A model of three wide layers on rows that are drawn as they are needed."""
    nodes = [{"id": "x", **call("keras.Input", shape=[64])}]
    nodes += [
        {"id": f"layer{number}", **call("keras.layers.Dense", units=512, activation="relu")}
        for number in range(3)
    ]
    nodes.append({"id": "y", **call("keras.layers.Dense", units=1)})
    names = [each["id"] for each in nodes]
    rows = call("studio.data.synthetic", count=batch * STEPS, shape=[64])
    found, problems = read_project(
        {
            "studio": 1,
            "name": "spread",
            "data": {
                "nodes": [
                    {"id": "rows", **rows},
                    {"id": "batch", **call("tf.data.Dataset.batch", batch_size=batch)},
                    {"id": "kept", "op": "tf.data.Dataset.cache"},
                ],
                "edges": [["rows", "batch"], ["batch", "kept"]],
                "outputs": {"train": "kept"},
            },
            "model": {
                "nodes": nodes,
                "edges": [list(pair) for pair in pairwise(names)],
                "outputs": ["y"],
            },
            "training": {
                "loop": "custom",
                "epochs": EPOCHS,
                "seed": 1,
                "optimizer": call("keras.optimizers.Adam"),
                "losses": {"y": call("keras.losses.MeanSquaredError")},
            },
            "distribution": strategy,
        }
    )
    if problems:
        raise SystemExit("\n".join(each.sentence() for each in problems))
    return found


def train() -> None:
    """Trains the script of this folder, and prints how long each epoch took."""
    import time

    sys.path.insert(0, str(Path.cwd()))
    import keras
    import train as script

    class Clock(keras.callbacks.Callback):
        """Notes when epochs begin and end."""

        times: list[float] = []  # noqa: RUF012

        def on_epoch_begin(self, epoch, logs=None):
            self.begun = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            self.times.append(time.perf_counter() - self.begun)

    script.main([Clock()])
    print(json.dumps(Clock.times), flush=True)
    os._exit(0)


def step_time(folder: Path, roles: dict[str, int]) -> float:
    """Milliseconds of a step, that of the best epoch behind the first."""
    command = [sys.executable, "-m", "benchmarks.distribution", "--train"]
    environment = os.environ | {
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
    }
    ports = iter(free_ports(sum(roles.values())))
    cluster = {role: [f"127.0.0.1:{next(ports)}" for _ in range(n)] for role, n in roles.items()}
    tasks = [(role, index) for role, count in roles.items() for index in range(count)]
    started = []
    for role, index in tasks or [("", 0)]:
        told = {"TF_CONFIG": tf_config(cluster, role, index)} if tasks else {}
        started.append(
            subprocess.Popen(
                command,
                cwd=folder,
                env=environment | told,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        )
    out, _ = started[0].communicate(timeout=300)
    for other in started[1:]:
        other.kill()
        other.wait()
    times = json.loads(out.splitlines()[-1])
    return min(times[1:]) / STEPS * 1000


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--train", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.train:
        train()
        return
    times: dict[str, list[float]] = {name: [] for name in STRATEGIES}
    with tempfile.TemporaryDirectory() as place:
        for name, (strategy, _) in STRATEGIES.items():
            folder = Path(place, name.replace(" ", "_").replace(",", ""))
            folder.mkdir()
            script = write_script(project(strategy, options.batch), folder).text
            (folder / "train.py").write_text(script, encoding="utf-8")
        for _ in range(options.rounds):
            for name, (_, roles) in STRATEGIES.items():
                folder = Path(place, name.replace(" ", "_").replace(",", ""))
                times[name].append(step_time(folder, roles))
    plain, one = median(times["none"]), median(times["Mirrored"])
    print(f"batches of {options.batch}, {os.cpu_count()} cores, {options.rounds} rounds")
    for name, values in times.items():
        ms = median(values)
        told = f"{ms / plain:5.2f} x none"
        if name in ("Mirrored, 2 devices", "Mirrored, 4 devices"):
            count = int(name.split()[1])
            told += (
                f"   {one / ms:4.2f} times as fast as 1 device, {one / ms / count:4.0%} of {count}"
            )
        print(f"{name:22} {ms:8.2f} ms  ({min(values):.2f} to {max(values):.2f})  {told}")


if __name__ == "__main__":
    main()
