"""Exports the model of a run: `python -m studio.engine.exporting.converter RUN MODEL WORK`.

A process with TensorFlow, the run's script and its model. One JSON object a line comes in at
standard input and is answered by one at what was standard output, {"error": SENTENCE} where it
couldn't be done:

    {"do": "begin", "proof": true}      loads the model; with a proof it writes the batches and
                                        what the model gives for them into WORK
    {"do": "export", "script": FILE, "folder": FOLDER}    calls `export_model` of a script
    {"do": "judge", "outputs": FILE}    holds outputs of an export to those of the model

Whoever asks is export.py.
"""

from __future__ import annotations

import faulthandler
import importlib.util
import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from studio.engine.exporting.conversion import refusal
from studio.engine.work import load_script
from studio.graph.document import Project, output_name
from studio.graph.file import read

MOST_BATCHES, MOST_ROWS = 64, 4096
"""How much of a split the proof goes through."""


class Converter:
    """The model of a run, and what is asked of it."""

    def __init__(self, run: Path, model: Path, work: Path):
        self.run, self.path, self.work = run, model, work
        self.project: Project = read(run / "project.json")[0]
        self.script = load_script(run / "train.py")
        self.datasets: dict[str, Any] | None = None
        self.model: Any = None
        self.given: list[tuple[Any, Any, Any]] = []
        self.made: list[dict[str, Any]] = []
        self.outputs = [output_name(end) for end in self.project.model.outputs]

    def begin(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Loads the model; the fields that a proof needs to know of the data."""
        import keras

        own = {name: getattr(self.script, name) for name in self.project.code}
        try:
            self.model = keras.models.load_model(self.path, custom_objects=own)
        except Exception:  # how it is compiled is of no matter for what it gives
            self.model = keras.models.load_model(self.path, custom_objects=own, compile=False)
        if hasattr(self.script, "SEED"):  # the splits hang on it, as in train()
            keras.utils.set_random_seed(self.script.SEED)
        self.datasets = self.script.make_datasets()
        if not asked["proof"]:
            self._call_once()
            return {}
        return self._reference()

    def _call_once(self) -> None:
        """A class's variables are there, and its shapes known, once it has been called."""
        if not self.model.built:
            for x in self.datasets["train"].take(1):
                self.model(x[0] if isinstance(x, tuple) else x)

    def _reference(self) -> dict[str, Any]:
        """Writes batches of a split, and what the model gives for them."""
        import keras
        import numpy as np
        import tensorflow as tf

        split = next(name for name in ("test", "validation", "train") if name in self.datasets)
        rows = 0
        for element in self.datasets[split].take(MOST_BATCHES):
            self.given.append(keras.utils.unpack_x_y_sample_weight(element))
            rows += int(tf.nest.flatten(self.given[-1][0])[0].shape[0])
            if rows >= MOST_ROWS:
                break
        if not self.given:
            raise ValueError(f"the {split} split has no example to prove the exports by")
        run = tf.function(lambda x: self.model(x, training=False), reduce_retracing=True)
        self.made = [self._named(run(x)) for x, _, _ in self.given]
        again = self._named(run(self.given[0][0]))
        steady = all(np.array_equal(again[n], self.made[0][n], equal_nan=True) for n in again)
        from studio.engine.exporting.runtimes.proving import milliseconds

        first = self.given[0][0]
        latency = milliseconds(lambda: self._named(run(first)))
        inputs, arrays = self._arrays()
        np.savez(self.work / "batches.npz", **arrays)
        architecture = json.loads(self.model.to_json())
        architecture.pop("compile_config", None)
        (self.work / "architecture.json").write_text(json.dumps(architecture), encoding="utf-8")
        x = self.given[0][0]
        structure = "dict" if isinstance(x, dict) else "list" if isinstance(x, tuple) else "one"
        meta = {
            "inputs": inputs,
            "batches": len(self.given),
            "outputs": self.outputs,
            "structure": structure,
        }
        return {
            "meta": meta,
            "split": split,
            "rows": rows,
            "steady": steady,
            "latency_ms": latency,
            "metrics": self._measured(self.made),
        }

    def _named(self, outputs: Any) -> dict[str, Any]:
        """The outputs by name, as arrays."""
        import numpy as np

        if not isinstance(outputs, dict):
            several = outputs if isinstance(outputs, (list, tuple)) else [outputs]
            outputs = dict(zip(self.outputs, several, strict=True))
        return {name: np.asarray(each) for name, each in outputs.items()}

    def _arrays(self) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """What is known of each input, and the arrays of all batches by their key."""
        import numpy as np
        import tensorflow as tf

        nodes = self.project.model.nodes.values()
        names = [node.id for node in nodes if node.op == "keras.Input" and not node.bypass]
        inputs: dict[str, dict[str, Any]] = {}
        arrays: dict[str, Any] = {}
        for number, (x, _, _) in enumerate(self.given):
            parts = x if isinstance(x, (dict, tuple, list)) else (x,)
            if not isinstance(parts, dict):
                parts = dict(zip(names, parts, strict=False))
            for name in names:
                part, key = parts[name], f"{number}/{name}"
                ragged = isinstance(part, tf.RaggedTensor)
                inputs[name] = {"name": name, "ragged": ragged}
                if ragged:
                    arrays[f"{key}/values"] = _plain(np.asarray(part.values))
                    arrays[f"{key}/splits"] = np.asarray(part.row_splits)
                else:
                    arrays[key] = _plain(np.asarray(part))
        return list(inputs.values()), arrays

    def _measured(self, made: list[dict[str, Any]]) -> dict[str, float]:
        """The loss and the metrics of the project for outputs of all batches."""
        import tensorflow as tf

        if not self.model.compiled or any(y is None for _, y, _ in self.given):
            return {}
        self.model.reset_metrics()
        losses, rows, found = 0.0, 0, {}
        for (x, y, weights), outputs in zip(self.given, made, strict=True):
            whole = {name: tf.constant(each) for name, each in outputs.items()}
            given = whole if self._by_name() else whole[self.outputs[0]]
            loss = self.model.compute_loss(
                x=x, y=y, y_pred=given, sample_weight=weights, training=False
            )
            count = len(next(iter(outputs.values())))
            losses, rows = losses + float(loss) * count, rows + count
            found = self.model.compute_metrics(x, y, given, weights)
        plain = {name: _number(value) for name, value in found.items()}
        return {name: value for name, value in plain.items() if value is not None} | {
            "loss": losses / rows
        }

    def _by_name(self) -> bool:
        first = self.given[0][1]
        return isinstance(first, dict) or len(self.outputs) > 1

    def export(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Calls the `export_model` of a script that has one export."""
        folder = Path(asked["folder"])
        script = _module(Path(asked["script"]))
        try:
            script.export_model(self.model, self.datasets, folder)
        except Exception as error:
            return {"error": refusal(self.project, str(error) or type(error).__name__)}
        return {}

    def judge(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The differences of an export's outputs, and its metrics."""
        import numpy as np

        with np.load(asked["outputs"], allow_pickle=False) as file:
            other = [
                {name: file[f"{number}/{name}"] for name in self.outputs}
                for number in range(len(self.made))
            ]
        largest = total = relative = 0.0
        count = 0
        for name in self.outputs:
            for ours, theirs in zip(self.made, other, strict=True):
                if ours[name].shape != theirs[name].shape:
                    return {
                        "error": f"its output {name} has the shape {list(theirs[name].shape)}, "
                        f"not {list(ours[name].shape)}"
                    }
            ours = np.concatenate([each[name].ravel() for each in self.made]).astype("float64")
            theirs = np.concatenate([each[name].ravel() for each in other]).astype("float64")
            away = np.where(ours == theirs, 0.0, np.abs(ours - theirs))
            away = np.where(np.isnan(ours) & np.isnan(theirs), 0.0, away)
            scale = np.abs(ours[np.isfinite(ours)]).max(initial=0.0) or 1.0
            largest = max(largest, float(away.max(initial=0.0)))
            relative = max(relative, float(away.max(initial=0.0)) / scale)
            total, count = total + float(away.sum()), count + away.size
        difference = {"largest": largest, "mean": total / max(count, 1), "relative": relative}
        known = all(map(np.isfinite, difference.values()))
        return {
            "difference": difference if known else dict.fromkeys(difference),
            "metrics": self._measured(other),
        }


def _plain(array: Any) -> Any:
    """Texts as an array that needs no pickle."""
    return array.astype("S") if array.dtype == object else array


def _number(value: Any) -> float | None:
    import numpy as np

    array = np.asarray(value)
    return float(array) if array.ndim == 0 else None


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def main(run: Path, model: Path, work: Path) -> None:
    """Answers until its input ends."""
    out, questions = os.dup(1), os.fdopen(os.dup(0), "rb")
    os.dup2(2, 1)  # what a script prints is not an answer
    faulthandler.enable()
    converter: Converter | None = None
    for line in questions:
        asked = json.loads(line)
        try:
            converter = converter or Converter(run, model, work)
            said = getattr(converter, asked["do"])(asked)
        except BaseException as error:  # a script's sys.exit() too
            said = {"error": refusal(None, f"{type(error).__name__}: {error}")}
        os.write(out, json.dumps(said).encode() + b"\n")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
