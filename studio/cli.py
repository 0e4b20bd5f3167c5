"""The command `studio`. Each command imports only what it needs, so that it starts at once."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from studio import __version__
from studio.graph.problems import Problem, ProjectError, StudioError, errors, nearest, quoted

DONE, FAILED, WRONG, INTERRUPTED = 0, 1, 2, 130


def main(argv: list[str] | None = None) -> int:
    """Runs one command; returns the exit code: 0 done, 1 failed, 2 wrong input, 130 interrupted."""
    argv = sys.argv[1:] if argv is None else argv
    parser = _parser()
    words = [word for word in argv if word != "--debug"]
    if words and (words[0] in _commands(parser) or words[0] in ("-h", "--help", "--version")):
        options = parser.parse_args(argv)
    else:
        options = _window_parser(parser).parse_args(argv)
    try:
        return options.command(options)
    except ProjectError as error:
        _print_problems(error.problems)
        return WRONG
    except StudioError as error:
        if options.debug:
            raise
        print(f"studio: {error}", file=sys.stderr)
        return WRONG
    except BrokenPipeError:
        sys.stdout = None  # whoever read us has gone; nothing more can be said
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        if options.debug:
            raise
        print(
            f"studio: something went wrong inside Studio ({type(error).__name__}: {error}). "
            "Run the command again with --debug and report what it prints.",
            file=sys.stderr,
        )
        return FAILED


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

    def add(name, command, help, example, project=True):
        sub = commands.add_parser(name, help=help, description=help, epilog=f"example: {example}")
        sub.set_defaults(command=command)
        _add_debug(sub)
        if project:
            _add_project(sub)
        return sub

    sub = add("run", run, "Train a project.", "studio run digits/project.json --epochs 5")
    sub.add_argument("--runs", metavar="DIR", type=Path, help="where runs are kept")
    sub.add_argument("--epochs", metavar="N", type=int, help="how many epochs")
    sub.add_argument("--json", action="store_true", help="print one JSON object at the end")

    text = "List the problems of a project."
    sub = add("validate", validate, text, "studio validate digits/project.json --json")
    sub.add_argument("--json", action="store_true", help="print them as JSON")

    text = "Print shapes, parameters and FLOPs of each node."
    sub = add("summary", summary, text, "studio summary digits/project.json")
    sub.add_argument("--json", action="store_true", help="print them as JSON")

    text = "Write the Python script that trains a project."
    sub = add("script", script, text, "studio script digits/project.json -o digits/train.py")
    sub.add_argument("-o", "--output", metavar="FILE", type=Path, help="write it to a file")
    sub.add_argument(
        "--style", choices=("auto", "sequential", "functional", "subclass"), help="of the model"
    )
    sub.add_argument("--notebook", action="store_true", help="as a Jupyter notebook")

    sub = add("templates", templates, "List the templates.", "studio templates", project=False)
    sub.add_argument("--json", action="store_true", help="print them as JSON")

    text = "List the datasets that can be downloaded, or those whose name is like a query."
    sub = add("datasets", datasets, text, "studio datasets mnist", project=False)
    sub.add_argument("query", metavar="QUERY", nargs="?", default="", help="a part of a name")
    sub.add_argument("--json", action="store_true", help="print them as JSON")

    for name in ("validate", "summary", "script"):
        commands.choices[name].add_argument(
            "--run-code",
            action="store_true",
            help="run the project's own code, so that its layers tell their shapes and weights; "
            "without it nothing of a project is executed",
        )
    _add_data_commands(add)

    text = "Make a project of a template."
    sub = add("new", new, text, "studio new digits_cnn digits", project=False)
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
        sub.set_defaults(function=function)

    text = "Show what leaves a stage of the data."
    sub = add("preview", on_data, text, "studio preview digits/project.json --node scale")
    more(sub, "preview")
    sub.add_argument("--take", metavar="N", type=_above_zero, default=8, help="how many elements")
    text = "how long to wait for them (10 by default)"
    sub.add_argument("--seconds", metavar="S", type=_above_zero, default=10, help=text)

    group = add("data", None, "Measure the data, or write it out.", _DATA_EXAMPLE, project=False)
    kinds = group.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add_kind(name, help, example):
        sub = kinds.add_parser(name, help=help, description=help, epilog=f"example: {example}")
        _add_debug(sub)
        _add_project(sub)
        sub.set_defaults(command=on_data)
        return sub

    text = "Measure the data that feeds training, stage by stage."
    more(add_kind("bench", text, _DATA_EXAMPLE), "bench", node=False)
    text = "Write what leaves a stage as TFRecord files."
    example = "studio data write digits --node scale --out digits/records --shards 4"
    sub = add_kind("write", text, example)
    more(sub, "write")
    text = "a folder without TFRecord files"
    sub.add_argument("--out", metavar="DIR", type=Path, required=True, help=text)
    sub.add_argument("--shards", metavar="N", type=_above_zero, default=1, help="how many files")
    sub.add_argument("--take", metavar="N", type=_above_zero, help="the first elements alone")


_DATA_EXAMPLE = "studio data bench digits/project.json"


def _above_zero(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:10]) > 0):
        raise argparse.ArgumentTypeError(f"expected a whole number above 0, found {text!r}")
    return int(text)


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
    parser.set_defaults(command=window, commands=_commands(main))
    return parser


def window(options) -> int:
    """Opens the app, or draws its window into a file."""
    project = Path(options.project) if options.project is not None else None
    if project is not None and not project.exists():
        hint = nearest(options.project, options.commands)
        hint = hint or "Name a project.json, its folder, or a command: studio --help lists them."
        raise StudioError(
            f"{quoted(options.project)} is neither a command nor a file that is there. {hint}"
        )
    target = options.screenshot
    if target is None and (options.theme or options.size):
        raise StudioError("--theme and --size say how a screenshot looks: name it by --screenshot.")
    if target is None and not _has_screen():
        raise StudioError(
            "There is no screen to open the app on (neither DISPLAY nor WAYLAND_DISPLAY is set). "
            "studio --help lists the commands, which need none."
        )
    if target is not None and not target.absolute().parent.is_dir():
        raise StudioError(f"{target.parent} is no folder. Make it first, or name another.")
    try:
        from studio.gui import app
    except ImportError as error:
        raise StudioError(
            f"The app needs PySide6, which can't be loaded here ({error}). "
            "Install PySide6-Essentials; studio --help lists the commands, which work without."
        ) from None
    if target is None:
        return app.run(project)
    return app.screenshot(target, project, options.size or (1440, 900), options.theme or "light")


def _has_screen() -> bool:
    """Whether there is something that a window could be shown on."""
    if sys.platform in ("win32", "darwin") or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _print_problems(problems) -> None:
    for problem in problems:
        print(f"{problem.severity}: {problem.sentence()}", file=sys.stderr)


def _read(options, settings: list[str] = ()):
    """The project a command names, with its settings, its folder, and what is wrong in the file."""
    from studio.graph.file import loads, plain, read
    from studio.graph.override import override

    project, problems = read(options.project)
    path = Path(options.project)
    folder = path if path.is_dir() else path.parent
    settings = [*options.settings, *settings]
    if settings:
        if problems:
            raise ProjectError(problems)
        project, problems = loads(json.dumps(override(plain(project), settings)))
    return project, folder, problems


def _checked(options, settings: list[str] = ()):
    """The project, its folder, and the report of all checks."""
    from studio.graph.checks import check

    project, folder, problems = _read(options, settings)
    if not getattr(options, "run_code", False):
        return project, folder, check(project, folder, problems)
    from studio.engine.code_shapes import CodeShapes
    from studio.engine.warm import Warm

    with Warm() as warm:
        ask = CodeShapes(warm, trusted=True)
        return project, folder, check(project, folder, problems, ask=ask)


def validate(options) -> int:
    """Prints every problem; exit code 2 where there are some."""
    _, _, report = _checked(options)
    if options.json:
        print(json.dumps({"problems": [problem.as_json() for problem in report.problems]}))
    else:
        for problem in report.problems:
            print(f"{problem.severity}: {problem.sentence()}")
        print("No problems." if not report.problems else _counted(report.problems))
    return WRONG if report.problems else DONE


def _counted(problems: list[Problem]) -> str:
    wrong = len(errors(problems))
    parts = [(wrong, "error"), (len(problems) - wrong, "warning")]
    return ", ".join(f"{n} {name}{'s' * (n != 1)}" for n, name in parts if n) + "."


def summary(options) -> int:
    """Prints a row a node; exit code 2, with all other rows, where there are errors."""
    from studio.graph.shapes import Shapes
    from studio.graph.summary import summary as summarise

    project, _, report = _checked(options)
    found = summarise(project, report.shapes.get("model") or Shapes())
    if options.json:
        print(json.dumps(found))
    else:
        from studio.table import print_summary

        print_summary(found)
    _print_problems(errors(report.problems))
    return WRONG if errors(report.problems) else DONE


def script(options) -> int:
    """Prints or writes the script."""
    from studio.codegen.notebook import notebook
    from studio.codegen.script import write_script
    from studio.engine.files import place_files
    from studio.graph.file import write_atomically

    project, folder, report = _checked(options)
    written = write_script(project, folder, options.style, report)
    content = notebook(written) if options.notebook else written.text
    if options.output is None:
        sys.stdout.write(content)
        return DONE
    try:
        write_atomically(options.output, content.encode())
    except OSError as error:
        raise StudioError(f"{options.output} can't be written: {error.strerror}.") from None
    if options.output.is_file():  # beside a pipe or /dev/null nobody looks for them
        place_files(project, folder, options.output.resolve().parent)
    return DONE


def run(options) -> int:
    """Trains the project in a process of its own, and follows it."""
    from studio.engine.run import start
    from studio.terminal import follow

    settings = [f"training.epochs={options.epochs}"] if options.epochs is not None else []
    project, folder, report = _checked(options, settings)
    from studio.codegen.script import write_script

    written = write_script(project, folder, report=report)
    runs = options.runs if options.runs is not None else folder / "runs"
    return follow(start(project, folder, runs, written), project, as_json=options.json)


def on_data(options) -> int:
    """What `studio preview` and `studio data` do with the data of a project."""
    from studio import data_commands

    return getattr(data_commands, options.function)(options, *_checked(options))


def templates(options) -> int:
    """Lists the templates, each with what it shows."""
    from studio.graph.templates import available

    found = available()
    if options.json:
        print(
            json.dumps({"templates": [{"name": n, "about": about} for n, about in found.items()]})
        )
        return DONE
    width = max(map(len, found))
    for name, about in found.items():
        print(f"{name:{width}}  {about}")
    return DONE


def datasets(options) -> int:
    """Lists the datasets of keras.datasets and tensorflow_datasets; exit code 2 without any."""
    from studio.graph.datasets import listed
    from studio.graph.problems import nearest, quoted

    found = listed(options.query)
    if options.json:
        print(json.dumps({"datasets": found}))
        return DONE if found else WRONG
    if not found:
        hint = nearest(options.query, [each["name"] for each in listed("")])
        raise StudioError(f"No dataset is called like {quoted(options.query)}. {hint}".rstrip())
    width = max(len(each["name"]) for each in found)
    for each in found:
        print(f"{each['name']:{width}}  {each['about']}")
    return DONE


def new(options) -> int:
    """Copies a template into a new folder."""
    from studio.graph.templates import copy

    path = copy(options.template, options.folder)
    print(f"{path} is ready: studio run {path}")
    return DONE
