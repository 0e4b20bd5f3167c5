"""What is understood of the commands about weights, frozen layers and saved architectures."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path


def add_start_options(sub: argparse.ArgumentParser) -> None:
    """Those of `studio run` that say what its weights start from."""
    group = sub.add_mutually_exclusive_group()
    text = "start from the weights in a .keras, .weights.h5 or .h5 file, or a checkpoint"
    group.add_argument("--weights", metavar="FILE", type=Path, help=text)
    text = "start from the weights of another run's model: its id, a path, or: last"
    group.add_argument("--continue", metavar="RUN", dest="continued", help=text)
    text = "with --weights: only the layers that are called alike"
    sub.add_argument("--by-name", action="store_true", help=text)


def add_weights_commands(add: Callable[..., argparse.ArgumentParser]) -> None:
    """`studio weights`, `studio freeze` and `studio import`."""
    text = "Show what is in a file of weights or of a model, and whether it fits a project."
    sub = add("weights", text, "studio weights model.keras digits", project=False)
    text = "a .keras, .weights.h5 or .h5 file, or the prefix of a TensorFlow checkpoint"
    sub.add_argument("file", metavar="FILE", type=Path, help=text)
    text = "a project.json, or its folder: which of its layers match"
    sub.add_argument("project", metavar="PROJECT", nargs="?", help=text)
    sub.add_argument("--json", action="store_true", help="print it as JSON")
    sub.set_defaults(command="weights", function="weights")

    text = "Show which layers would be frozen, and how many weights would still be trained."
    sub = add("freeze", text, 'studio freeze digits "conv*" --except conv3 --apply')
    text = "ids of layers, with * ? []; a block's id stands for all that is in it"
    sub.add_argument("patterns", metavar="PATTERN", nargs="*", help=text)
    text = "the first N layers with weights from the inputs; -N: all but the last N"
    sub.add_argument("--depth", metavar="N", type=depth, help=text)
    text = "leave these as they are"
    sub.add_argument(
        "--except", metavar="PATTERN", action="append", default=[], dest="but", help=text
    )
    sub.add_argument("--thaw", action="store_true", help="let them be trained again")
    sub.add_argument("--apply", action="store_true", help="write it into the project's file")
    sub.add_argument("--json", action="store_true", help="print it as JSON")

    text = "Make a project of a Keras model, or of its architecture as JSON or YAML."
    sub = add("import", text, "studio import model.keras -o digits", project=False)
    text = "a .keras or .h5 file, or the .json or .yaml of an architecture"
    sub.add_argument("file", metavar="FILE", type=Path, help=text)
    text = "a new project.json, or the folder for it"
    sub.add_argument("-o", "--output", metavar="PROJECT", type=Path, required=True, help=text)
    sub.set_defaults(command="weights", function="import_model")


def depth(text: str) -> int:
    """A number of layers, below 0 from the end; as argparse wants a type."""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and int(digits[:6]) > 0):
        raise argparse.ArgumentTypeError(f"expected a whole number other than 0, found {text!r}")
    return int(text[:7])
