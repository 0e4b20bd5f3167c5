"""The command `studio`. Each command imports only what it needs, so that it starts at once."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from studio.arguments import parse
from studio.graph.problems import Problem, ProjectError, StudioError, errors, nearest, quoted

DONE, FAILED, WRONG, INTERRUPTED = 0, 1, 2, 130


def main(argv: list[str] | None = None) -> int:
    """Runs one command; returns the exit code: 0 done, 1 failed, 2 wrong input, 130 interrupted."""
    argv = sys.argv[1:] if argv is None else argv
    options = parse(argv)
    try:
        return COMMANDS[options.command](options)
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


def diagram(options) -> int:
    """Draws a graph into a picture, in this process and without a screen."""
    project, folder, problems = _read(options)
    if problems:
        raise ProjectError(problems)
    from studio.gui.diagram import diagram as draw

    draw(project, folder, options.graph, options.output, options.theme, options.scale)
    return DONE


def run(options) -> int:
    """Trains the project in a process of its own, and follows it."""
    from studio.engine.local_cluster import parse
    from studio.engine.run import prepare, start
    from studio.terminal import follow

    cluster = parse(options.cluster) if options.cluster is not None else None
    if not options.queue and (options.follow or options.at_once):
        raise StudioError("--follow and --at-once say how a run waits: they need --queue.")
    settings = [f"training.epochs={options.epochs}"] if options.epochs is not None else []
    project, folder, report = _checked(options, settings)
    from studio.codegen.script import write_script

    written = write_script(project, folder, report=report)
    runs = options.runs if options.runs is not None else folder / "runs"
    if options.queue:
        from studio.run_commands import enqueue

        return enqueue(options, prepare(project, folder, runs, written, cluster))
    run = start(project, folder, runs, written, cluster)
    return follow(run, project, as_json=options.json)


def on_data(options) -> int:
    """What `studio preview` and `studio data` do with the data of a project."""
    from studio import data_commands

    return getattr(data_commands, options.function)(options, *_checked(options))


def on_runs(options) -> int:
    """What the commands about runs do."""
    from studio import run_commands

    return getattr(run_commands, options.function)(options)


def on_models(options) -> int:
    """What the commands about trained models do."""
    from studio import model_commands

    return getattr(model_commands, options.function)(options)


def on_training(options) -> int:
    """What `studio speed`, `studio autograph` and `studio lr` do with the training of a project."""
    from studio import training_commands

    return getattr(training_commands, options.function)(options, *_checked(options))


def cluster(options) -> int:
    """Writes the folder that trains a project on a cluster."""
    from studio import cluster_commands

    return cluster_commands.cluster(options, *_checked(options))


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


COMMANDS = {
    "window": window,
    "run": run,
    "validate": validate,
    "summary": summary,
    "script": script,
    "diagram": diagram,
    "data": on_data,
    "runs": on_runs,
    "models": on_models,
    "training": on_training,
    "cluster": cluster,
    "templates": templates,
    "datasets": datasets,
    "new": new,
}
