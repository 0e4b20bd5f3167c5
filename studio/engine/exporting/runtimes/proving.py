"""What the programs that prove exports have in common; nothing of Studio is in them.

Each is started with a file of JSON that says what to do:

    {"meta": {...}, "batches": FILE.npz, "answers": FILE, "script": FILE or null,
     "models": [{"kind": "keras", "path": ..., "outputs": FILE.npz, ...}, ...]}

and writes one line of JSON into `answers` for each model: {"latency_ms": 1.2} where its outputs
were written, {"error": SENTENCE} where it couldn't be loaded or run.

A tensor of a batch is the array `BATCH/NAME`; of a ragged one `BATCH/NAME/values` and
`BATCH/NAME/splits`.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

Batch = dict[str, Any]
"""The inputs by name: an array each, or a pair of values and row splits."""

MOST_CALLS, MOST_SECONDS = 30, 1.0


def batches_of(job: dict[str, Any]) -> Iterator[Batch]:
    """The batches, one by one."""
    with np.load(job["batches"], allow_pickle=False) as file:
        for number in range(job["meta"]["batches"]):
            batch: Batch = {}
            for each in job["meta"]["inputs"]:
                key = f"{number}/{each['name']}"
                if each["ragged"]:
                    batch[each["name"]] = (file[f"{key}/values"], file[f"{key}/splits"])
                else:
                    batch[each["name"]] = file[key]
            yield batch


def fitted(array: np.ndarray, rank: int | None, dtype: Any) -> np.ndarray:
    """An array as a model declares it: the last axis of 1 that the data leave out, the dtype."""
    if rank == array.ndim + 1:
        array = array[..., None]
    return array if dtype is None or array.dtype.kind in "SUO" else array.astype(dtype, copy=False)


def milliseconds(function: Callable[[], Any]) -> float:
    """The median time of a call that has been made before."""
    function()
    times: list[float] = []
    begin = time.perf_counter()
    while len(times) < 3 or (
        len(times) < MOST_CALLS and time.perf_counter() - begin < MOST_SECONDS
    ):
        start = time.perf_counter()
        function()
        times.append((time.perf_counter() - start) * 1000)
    return median(times)


def prove(load: Callable[[dict, dict], Callable[[Batch], dict[str, np.ndarray]]]) -> None:
    """Does what the file named on the command line says.

    `load(job, model)` loads a model and gives a function that calls it on a batch.
    """
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    with open(job["answers"], "w", encoding="utf-8") as answers:  # noqa: PTH123
        for model in job["models"]:
            try:
                said = _proven(job, model, load(job, model))
            except Exception as error:
                said = {"error": f"{type(error).__name__}: {error}"}
            said["modules"] = sorted({"studio", "keras", "tensorflow"} & set(sys.modules))
            print(json.dumps(said), file=answers, flush=True)


def _proven(job: dict, model: dict, call: Callable[[Batch], dict[str, np.ndarray]]) -> dict:
    made: dict[str, np.ndarray] = {}
    latency = 0.0
    for number, batch in enumerate(batches_of(job)):
        outputs = call(batch)
        if not number:
            latency = milliseconds(lambda batch=batch: call(batch))
        for name in job["meta"]["outputs"]:
            made[f"{number}/{name}"] = np.asarray(outputs[name])
    np.savez(model["outputs"], **made)
    return {"latency_ms": latency}
