"""What the command `studio` understands: commands, their options, and what help says of them."""

from __future__ import annotations

import argparse
from pathlib import Path

from studio import __version__
from studio.cluster_arguments import add_cluster_command
from studio.model_arguments import add_model_commands
from studio.run_arguments import (
    add_cluster_option,
    add_queue_options,
    add_run_commands,
    between,
    port,
)
from studio.weights_arguments import add_start_options, add_weights_commands


def parse(argv: list[str]) -> argparse.Namespace:
    """The options that were given; `command` names what is to be done, "window" without a command.

    Raises SystemExit, behind a usage line, where they are not understood.
    """
    parser = _parser()
    words = [word for word in argv if word != "--debug"]
    if words and (words[0] in _commands(parser) or words[0] in ("-h", "--help", "--version")):
        return parser.parse_args(argv)
    return _window_parser(parser).parse_args(argv)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="studio",
        usage=f"{_WINDOW_USAGE}\n       studio COMMAND ...\n       studio COMMAND --help",
        description="Compose a Keras model and its training as graphs, and train it. Without a "
        "command the app is opened, with the project if one is named.",
        epilog="example: studio new digits_cnn digits && studio digits",
    )
    parser.add_argument("--version", action="version", version=f"studio {__version__}")
    parser.add_argument("--debug", action="store_true", help=argparse.SUPPRESS)
    _add_window_options(parser)
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", required=True, prog="studio"
    )

    def add(name, help, example, project=True):
        sub = commands.add_parser(name, help=help, description=help, epilog=f"example: {example}")
        sub.set_defaults(command=name)
        _add_debug(sub)
        if project:
            _add_project(sub)
        return sub

    sub = add("run", "Train a project.", "studio run digits/project.json --epochs 5")
    sub.add_argument("--runs", metavar="DIR", type=Path, help="where runs are kept")
    sub.add_argument("--epochs", metavar="N", type=int, help="how many epochs")
    sub.add_argument("--json", action="store_true", help="print one JSON object at the end")
    add_cluster_option(sub, "start the processes of a tf.distribute cluster on this machine")
    add_queue_options(sub, _above_zero)
    add_start_options(sub)

    text = "List the problems of a project."
    sub = add("validate", text, "studio validate digits/project.json --json")
    sub.add_argument("--json", action="store_true", help="print them as JSON")

    text = "Print shapes, parameters and FLOPs of each node."
    sub = add("summary", text, "studio summary digits/project.json")
    sub.add_argument("--json", action="store_true", help="print them as JSON")

    text = "Write the Python script that trains a project."
    sub = add("script", text, "studio script digits/project.json -o digits/train.py")
    sub.add_argument("-o", "--output", metavar="FILE", type=Path, help="write it to a file")
    sub.add_argument(
        "--style", choices=("auto", "sequential", "functional", "subclass"), help="of the model"
    )
    sub.add_argument("--notebook", action="store_true", help="as a Jupyter notebook")

    text = "Draw a graph of a project, as the app shows it, into a picture."
    sub = add("diagram", text, "studio diagram digits/project.json -o digits.svg")
    text = "a picture that ends in .svg or .png"
    sub.add_argument("-o", "--output", metavar="FILE", type=Path, required=True, help=text)
    text = "model (by default), data, or block:NAME"
    sub.add_argument("--graph", metavar="NAME", default="model", help=text)
    sub.add_argument("--theme", choices=("light", "dark"), default="light")
    text = "pixels of a PNG for one of the page (2 by default)"
    sub.add_argument("--scale", metavar="N", type=between(0.1, 10), default=2.0, help=text)

    sub = add("templates", "List the templates.", "studio templates", project=False)
    sub.add_argument("--json", action="store_true", help="print them as JSON")

    text = "List the datasets that can be downloaded, or those whose name is like a query."
    sub = add("datasets", text, "studio datasets mnist", project=False)
    sub.add_argument("query", metavar="QUERY", nargs="?", default="", help="a part of a name")
    sub.add_argument("--json", action="store_true", help="print them as JSON")

    add_cluster_command(add, _above_zero, port)
    for name in ("validate", "summary", "script", "cluster"):
        commands.choices[name].add_argument(
            "--run-code",
            action="store_true",
            help="run the project's own code, so that its layers tell their shapes and weights; "
            "without it nothing of a project is executed",
        )
    _add_data_commands(add)
    add_run_commands(add)
    add_model_commands(add)
    add_weights_commands(add)
    _add_training_commands(add)

    text = "Make a project of a template."
    sub = add("new", text, "studio new digits_cnn digits", project=False)
    sub.add_argument("template", metavar="TEMPLATE", help="see: studio templates")
    sub.add_argument("folder", metavar="DEST", type=Path, help="a folder that is new or empty")
    return parser


def _add_debug(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--debug", action="store_true", default=argparse.SUPPRESS, help="show tracebacks"
    )


def _add_project(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("project", metavar="PROJECT", help="a project.json, or its folder")
    sub.add_argument(
        "--set",
        metavar="PATH=VALUE",
        action="append",
        default=[],
        dest="settings",
        help="change a value of the project for this once",
    )


def _add_data_commands(add) -> None:
    """`studio preview` and `studio data`."""

    def more(sub, function: str, node: bool = True) -> None:
        if node:
            text = "a stage of the data, or STAGE.OUTPUT; by default what feeds training"
            sub.add_argument("--node", metavar="ID", help=text)
        sub.add_argument("--json", action="store_true", help="print it as JSON")
        text = "run the project's own code, where the data is made by it"
        sub.add_argument("--run-code", action="store_true", help=text)
        sub.set_defaults(command="data", function=function)

    text = "Show what leaves a stage of the data."
    sub = add("preview", text, "studio preview digits/project.json --node scale")
    more(sub, "preview")
    sub.add_argument("--take", metavar="N", type=_above_zero, default=8, help="how many elements")
    text = "how long to wait for them (10 by default)"
    sub.add_argument("--seconds", metavar="S", type=_above_zero, default=10, help=text)

    group = add("data", "Measure the data, or write it out.", _DATA_EXAMPLE, project=False)
    kinds = group.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add_kind(name, help, example):
        sub = kinds.add_parser(name, help=help, description=help, epilog=f"example: {example}")
        _add_debug(sub)
        _add_project(sub)
        sub.set_defaults(command="data")
        return sub

    text = "Measure the data that feeds training, stage by stage."
    sub = add_kind("bench", text, _DATA_EXAMPLE)
    more(sub, "bench", node=False)
    text = "make the change that helps most in the project's file, where one was found"
    sub.add_argument("--apply", action="store_true", help=text)
    text = "Write what leaves a stage as TFRecord files."
    example = "studio data write digits --node scale --out digits/records --shards 4"
    sub = add_kind("write", text, example)
    more(sub, "write")
    text = "a folder without TFRecord files"
    sub.add_argument("--out", metavar="DIR", type=Path, required=True, help=text)
    sub.add_argument("--shards", metavar="N", type=_above_zero, default=1, help="how many files")
    sub.add_argument("--take", metavar="N", type=_above_zero, help="the first elements alone")


def _add_training_commands(add) -> None:
    """`studio speed`, `studio autograph` and `studio lr`."""

    def add_kind(name: str, help: str, example: str):
        sub = add(name, help, f"studio {example}")
        text = "run the project's own code, where it has some"
        sub.add_argument("--run-code", action="store_true", help=text)
        sub.set_defaults(command="training", function=name)
        return sub

    text = "Measure the training step: eager, compiled, with XLA, several steps a call."
    sub = add_kind("speed", text, "speed digits/project.json")
    sub.add_argument("--json", action="store_true", help="print it as JSON")
    text = "write the fastest setting into the project's file"
    sub.add_argument("--apply", action="store_true", help=text)
    text = "measure the strategies of tf.distribute that this machine offers, in place of that"
    sub.add_argument("--strategies", action="store_true", help=text)
    text = "with --strategies: those alone, beside none, such as mirrored,parameterserver"
    sub.add_argument("--only", metavar="NAMES", default="", help=text)
    text = "with --strategies: how long the steps of each are measured (2 by default)"
    sub.add_argument("--seconds", metavar="S", type=_above_zero, help=text)

    text = "Print the code that AutoGraph makes of the training step."
    sub = add_kind("autograph", text, "autograph digits/project.json")
    text = "as TensorFlow writes it, with all that is only there for AutoGraph"
    sub.add_argument("--raw", action="store_true", help=text)

    text = "Train a little with a rising learning rate, and suggest one."
    sub = add_kind("lr", text, "lr digits/project.json")
    sub.add_argument("--json", action="store_true", help="print it as JSON")
    for name, dest, default in (("--from", "first", 1e-6), ("--to", "last", 1.0)):
        text = f"the {dest} rate ({default:g} by default)"
        sub.add_argument(name, metavar="RATE", dest=dest, type=_rate, default=default, help=text)
    text = "how many batches are trained (100 by default)"
    sub.add_argument("--steps", metavar="N", type=_at_least_ten, default=100, help=text)
    text = "write the suggested rate into the project's file"
    sub.add_argument("--apply", action="store_true", help=text)


_DATA_EXAMPLE = "studio data bench digits/project.json"


def _above_zero(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:10]) > 0):
        raise argparse.ArgumentTypeError(f"expected a whole number above 0, found {text!r}")
    return int(text)


def _at_least_ten(text: str) -> int:
    if (number := _above_zero(text)) < 10:
        raise argparse.ArgumentTypeError(f"expected at least 10, found {text!r}")
    return number


def _rate(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"expected a number above 0, found {text!r}")
    return value


_WINDOW_USAGE = "studio [PROJECT] [--screenshot OUT.png [--theme light|dark] [--size WIDTHxHEIGHT]]"


def _commands(parser: argparse.ArgumentParser) -> list[str]:
    found = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    return list(found.choices)


def _add_window_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--screenshot",
        metavar="OUT.png",
        type=Path,
        help="draw the window with PROJECT, or the start page, into a file; needs no screen",
    )
    parser.add_argument("--theme", choices=("light", "dark"), help="of the screenshot")
    parser.add_argument(
        "--size",
        metavar="WIDTHxHEIGHT",
        type=_size,
        help="of the screenshot, 1440x900 by default",
    )


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (width.isascii() and width.isdigit() and height.isascii() and height.isdigit()):
        raise argparse.ArgumentTypeError(f"expected a size as 1440x900, found {text!r}")
    size = int(width), int(height)
    if not (900 <= size[0] <= 16_000 and 600 <= size[1] <= 16_000):
        raise argparse.ArgumentTypeError(f"expected between 900x600 and 16000x16000, found {text}")
    return size


def _window_parser(main: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """What is understood without a command: the app, and its screenshot."""
    parser = argparse.ArgumentParser(
        prog="studio", usage=_WINDOW_USAGE, epilog="see also: studio --help"
    )
    parser.add_argument("--debug", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("project", metavar="PROJECT", nargs="?")
    _add_window_options(parser)
    parser.set_defaults(command="window", commands=_commands(main))
    return parser
