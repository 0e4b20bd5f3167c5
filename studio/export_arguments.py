"""What is understood of `studio export`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path


def add_export_command(more: Callable[..., argparse.ArgumentParser]) -> None:
    """`studio export`; `more` makes a command about the model of a run."""
    text = "Write the model of a run in other formats, each proven equal."
    sub = more("export", text, "studio export last --format savedmodel --format tflite-int8")
    text = "such as keras, savedmodel or onnx; several times for several; --list shows all"
    sub.add_argument(
        "--format", metavar="F", action="append", default=[], dest="formats", help=text
    )
    text = "a folder, or of one format its very place; by default the artifacts of the run"
    sub.add_argument("-o", "--output", metavar="PATH", type=Path, help=text)
    text = "change a setting of the formats, such as opset=15, samples=500 or raw=true"
    sub.add_argument(
        "--set", metavar="NAME=VALUE", action="append", default=[], dest="settings", help=text
    )
    text = "show the formats, and whether the model can be written in them"
    sub.add_argument("--list", action="store_true", help=text)
    text = "don't load what was written, nor hold it to the model"
    sub.add_argument("--no-proof", action="store_false", dest="proof", help=text)
    text = "print progress and, at last, what was written, as one JSON object a line"
    sub.add_argument("--json", action="store_true", help=text)
