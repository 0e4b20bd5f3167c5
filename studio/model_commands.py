"""The commands about trained models: what each does, and what it prints."""

from __future__ import annotations

import sys
from pathlib import Path

from studio.engine.find_run import find
from studio.graph.problems import StudioError

DONE, FAILED = 0, 1


def predict(options) -> int:
    """Prints, or writes, what the model of a run says of the rows of a file."""
    from tempfile import TemporaryDirectory

    from studio.engine.predicting import predict as predicted
    from studio.engine.trained import trained

    if options.json and options.output is not None:
        raise StudioError("--json prints what -o would write: say one of them.")
    run = trained(find(options.run, options.runs, Path()))
    if options.json:
        with TemporaryDirectory(prefix="studio-") as place:
            path = Path(place) / "table.json"
            predicted(run, options.input, path)
            sys.stdout.write(path.read_text())
        return DONE
    sys.stdout.write(predicted(run, options.input, options.output))
    return DONE


def evaluate(options) -> int:
    """Tells what the model of a run gets right and wrong."""
    from studio.evaluation_command import evaluate as evaluated

    return evaluated(options)


def export(options) -> int:
    """Writes the model of a run in other formats."""
    from studio.export_commands import export as exported

    return exported(options)


def serve(options) -> int:
    """Serves the model of a run until it is interrupted."""
    from studio.serve_commands import serve as served

    return served(options)
