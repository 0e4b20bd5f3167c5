"""What ragged text costs beside padding: `python benchmarks/ragged.py`.

The template text_sentiment, its texts once as ragged batches, once filled up to
the longest of their batch, once to 48 words: milliseconds an epoch (the least
of several, the variants taking turns), and the accuracy on the test split.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from copy import deepcopy
from pathlib import Path
from typing import Any

from studio.codegen.script import write_script
from studio.graph.file import loads
from studio.resources import ASSETS, TEMPLATES

EPOCHS = 12
FOLDER = TEMPLATES / "text_sentiment"
DENSE = {"op": "tf.data.Dataset.map", "params": {"function": {"op": "studio.map.to_dense"}}}


def variants() -> dict[str, dict[str, Any]]:
    """The project in three forms."""
    ragged = json.loads((FOLDER / "project.json").read_text(encoding="utf-8"))
    ragged["training"]["epochs"] = EPOCHS
    ragged["training"]["callbacks"] = []
    longest, fixed = deepcopy(ragged), deepcopy(ragged)
    for split in ("train", "validation", "test"):
        longest["data"]["nodes"].append({"id": f"{split}_dense", **DENSE})
        longest["data"]["edges"].append([split, f"{split}_dense"])
        longest["data"]["outputs"][split] = f"{split}_dense"
        pad = {"op": "studio.map.pad", "params": {"length": 48}}
        node = {"id": f"{split}_dense", "op": DENSE["op"], "params": {"function": pad}}
        fixed["data"]["nodes"].append(node)
        fixed["data"]["edges"].append([split, f"{split}_dense"])
        fixed["data"]["outputs"][split] = f"{split}_dense"
    for each, size in ((longest, None), (fixed, 48)):
        each["model"]["nodes"][0]["params"] = {"shape": [size], "dtype": "int64"}
    return {"ragged": ragged, "padded to the longest of a batch": longest, "padded to 48": fixed}


def module(value: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The script of a project, run as a module."""
    project, problems = loads(json.dumps(value))
    assert not problems, problems
    place = folder / "train.py"
    place.write_text(write_script(project, FOLDER).text, encoding="utf-8")
    names: dict[str, Any] = {"__name__": "train", "__file__": str(place)}
    exec(compile(place.read_text(encoding="utf-8"), str(place), "exec"), names)
    return names


def main() -> None:
    """Prints a row a variant."""
    import keras

    class Clock(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.epochs: list[float] = []

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.began = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.epochs.append(time.perf_counter() - self.began)

    least: dict[str, float] = {}
    reached: dict[str, float] = {}
    for _ in range(3):
        for name, value in variants().items():
            with tempfile.TemporaryDirectory() as made:
                folder = Path(made)
                (folder / "assets").symlink_to(ASSETS)
                clock = Clock()
                model, _, datasets = module(value, folder)["train"]([clock])
                found = model.evaluate(datasets["test"], verbose=0, return_dict=True)
            least[name] = min(least.get(name, 9e9), *clock.epochs[1:])
            reached[name] = found["accuracy"]
    for name, seconds in least.items():
        sys.stdout.write(f"{name:36} {seconds * 1000:7.0f} ms   {reached[name]:.3f}\n")


if __name__ == "__main__":
    main()
