"""A stand-in for `studio export RUN` and `studio evaluate RUN`, as a process: it speaks the
protocol that the window reads.

The protocol is the contract between the window and the commands, and what is shown here is what
the window makes of it: of proofs that fail, of processes that die, of cancelling in the midst of
it. The commands themselves, which take minutes for such, have tests of their own in tests/engine.
All other commands go on to the real Studio.

EXPORTER in the environment says how it ends: good, bad, dies, refused, none, waits (for ever, and
cleans up when it is interrupted) or stubborn (which hears no interrupt). It notes its process and
that of its child in EXPORTER_NOTES.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

ABOUT = {
    "keras": ("model.keras", "The whole model, for Keras."),
    "h5": ("model.h5", "The whole model, for older Keras."),
    "weights": ("model.weights.h5", "The weights alone, by layer."),
    "checkpoint": ("model.ckpt", "The weights as a TensorFlow checkpoint."),
    "savedmodel": ("saved_model", "The model with its signatures, for TensorFlow and its servers."),
    "tflite": ("model.tflite", "For phones and small devices, in float32."),
    "tflite-float16": ("model_float16.tflite", "Half the size, weights in float16."),
    "tflite-dynamic": ("model_dynamic.tflite", "A quarter of the size, weights in int8."),
    "tflite-int8": ("model_int8.tflite", "Integers alone, for the smallest devices."),
    "onnx": ("model.onnx", "For other runtimes."),
    "json": ("model.json", "The architecture alone."),
    "yaml": ("model.yaml", "The architecture alone, to be read."),
}
LOOKUP = (
    "The StringLookup layer island looks texts up, which LiteRT can't. Export a SavedModel, or "
    "take the lookup out of the model: put it into the data as a stage that maps the texts to "
    "numbers before they are batched."
)
CANNOT = {each: LOOKUP for each in ABOUT if each.startswith("tflite")}
TOLERANCE = "Outputs may differ by 1e-05 of their scale."


def parts(key: str) -> dict[str, str]:
    format, _, variant = key.partition("-")
    return {"format": format, "variant": variant}


def say(what: dict) -> None:
    print(json.dumps(what), flush=True)


def formats() -> list[dict]:
    return [
        parts(key)
        | {"file": file, "about": about, "can": key not in CANNOT, "why": CANNOT.get(key, "")}
        for key, (file, about) in ABOUT.items()
    ]


def export(key: str, folder: Path, good: bool) -> dict:
    """What is told of one: it is written, and measured, unless it is said to fail."""
    path = folder / f"exported_{ABOUT[key][0]}"  # the run's own model stays
    path.write_bytes(b"x" * 14_200)
    difference = 3.1e-8 if good else 0.31
    return parts(key) | {
        "path": str(path),
        "bytes": 14_200,
        "difference": {"largest": difference, "mean": difference / 7, "relative": difference},
        "metrics": {
            "before": {"loss": 0.213, "accuracy": 0.9787},
            "after": {"loss": 0.213, "accuracy": 0.9787 if good else 0.6383},
        },
        "latency_ms": {"before": 3.08, "after": 1.17},
        "tolerance": TOLERANCE,
        "ok": good,
        "message": ""
        if good
        else f"The outputs differ by 0.31, where {TOLERANCE[0].lower()}{TOLERANCE[1:]}",
    }


def main(run: Path, wanted: list[str], folder: Path, end: str) -> int:
    pace = float(os.environ.get("EXPORTER_PACE", "0.02"))
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(os.environ["EXPORTER_NOTES"]).write_text(f"{os.getpid()} {child.pid}")
    half = folder / ".export-half"
    exports = []
    try:
        half.mkdir()
        for doing in ("converting", "proving"):
            for done, key in enumerate(wanted):
                say({"at": key, "doing": doing, "done": done, "of": len(wanted)})
                time.sleep(pace)
                if end == "dies":
                    os.kill(os.getpid(), signal.SIGKILL)
                if end in ("waits", "stubborn") and done == 1 and doing == "proving":
                    time.sleep(600)
        for key in wanted:
            if end == "bad" and key == "onnx":
                sentence = "tf2onnx knows no StringLookup (node island)."
                failed = {"path": None, "ok": False, "message": sentence}
                exports.append(parts(key) | failed)
            else:
                exports.append(export(key, folder, end != "bad" or key != "h5"))
        (run / "artifacts" / "exports.json").write_text(json.dumps({"exports": exports}))
        say({"run": run.name, "exports": exports})
    finally:
        half.rmdir()
        child.kill()
        child.wait()
    return 0 if all(each["ok"] for each in exports) else 1


def picture() -> bytes:
    """A grey PNG of 40 x 30 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        end = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + end

    head = struct.pack(">IIBBBBB", 40, 30, 8, 0, 0, 0, 0)
    data = zlib.compress((b"\0" + b"\x80" * 40) * 30)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def evaluate(run: Path, split: str) -> int:
    """Tells how far it is, leaves an evaluation in the run, and prints it."""
    place = run / "artifacts" / "evaluation" / split
    place.mkdir(parents=True, exist_ok=True)
    say({"at": "importing TensorFlow"})
    say({"at": "evaluating", "done": 1, "total": 2, "samples": 32})
    time.sleep(0.2)
    species = {
        "kind": "classes",
        "classes": ["Adelie", "Gentoo"],
        "accuracy": 0.9574,
        "macro": {"f1": 0.95},
        "roc_area": None,
        "confusion": [[20, 2], [0, 25]],
        "per_class": [{"class": "Adelie", "f1": 0.952}, {"class": "Gentoo", "f1": 0.962}],
        "worst": [],
        "pictures": ["species-roc.png", "species-confusion.png"],
    }
    for name in species["pictures"]:
        (place / name).write_bytes(picture())
    found = {
        "evaluation": 1,
        "run": run.name,
        "epoch": 1,
        "split": split,
        "samples": 47,
        "keras": {"loss": 0.213, "accuracy": 0.9574},
        "outputs": {"species": species},
        "left_out": {"mass": '"mass" has no labels.'},
    }
    (place / "evaluation.json").write_text(json.dumps(found))
    say(found)
    return 0


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    if command not in ("export", "evaluate"):
        os.execv(sys.executable, [sys.executable, "-m", "studio", *sys.argv[1:]])
    end, run = os.environ.get("EXPORTER", "good"), Path(arguments[0])
    if end == "stubborn":
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if end == "none":
        sys.exit("studio: The run's project.json can't be read: it is no JSON.")
    if command == "evaluate":
        if end == "refused":
            sys.exit("studio: The data file data/penguins.csv is gone.")
        named = "--split" in arguments
        sys.exit(evaluate(run, arguments[arguments.index("--split") + 1] if named else "test"))
    if "--list" in arguments:
        say({"run": run.name, "formats": formats()})
        sys.exit(0)
    if end == "refused":
        sys.exit("studio: /proc can't be written: Permission denied. Name another folder with -o.")
    asked = [arguments[place + 1] for place, word in enumerate(arguments) if word == "--format"]
    place = Path(arguments[arguments.index("-o") + 1]) if "-o" in arguments else run / "artifacts"
    sys.exit(main(run, asked, place if len(asked) > 1 else place.parent, end))
