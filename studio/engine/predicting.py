"""Predictions for the rows of a file, by the model of a run: its predict.py at work."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from studio.codegen.predicting import write_predict_script
from studio.engine.trained import Trained
from studio.graph.file import shown, write_atomically
from studio.graph.problems import StudioError

SCRIPT = "predict.py"
ENDINGS = (".csv", ".json", ".npz")


def predict(run: Trained, rows: Path, output: Path | None = None) -> str:
    """Predicts the rows of a file by a run's predict.py, which is written beside its train.py.

    Gives the table as text (CSV); with an `output` it is written there instead, as .csv, .json
    or, as arrays by output, .npz. Raises StudioError with what the script has to say of the file.
    """
    if not rows.exists():
        raise StudioError(f"{shown(rows)} is not there.")
    if output is not None and output.suffix not in ENDINGS:
        raise StudioError(
            f"{shown(output)} can't be written: a table ends in .csv or .json, arrays in .npz."
        )
    if output is not None and not output.absolute().parent.is_dir():
        raise StudioError(f"{shown(output.parent)} is no folder. Make it first, or name another.")
    script = write_predict_script(run.project, run.folder, run.report)
    place = run.folder / SCRIPT
    try:
        write_atomically(place, script.text.encode())
    except OSError as error:
        raise StudioError(f"{shown(place)} can't be written: {error.strerror}.") from None
    beside = output.with_name(f".{output.stem}-{os.getpid()}{output.suffix}") if output else None
    command = [sys.executable, str(place), str(rows.absolute()), "--model", str(run.path)]
    command += ["-o", str(beside.absolute())] if beside else []
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3"} | os.environ
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=quiet, check=False)
        if done.returncode:
            raise StudioError(_said(done.stderr, done.returncode))
        if beside is not None:
            beside.replace(output)
    finally:
        if beside is not None:
            beside.unlink(missing_ok=True)
    return done.stdout


def table_of(rows: list[dict[str, Any]]) -> str:
    """Rows as the text of a CSV, as predict.py writes it."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        cells = (row.get(name) for name in columns)
        writer.writerow([f"{each:.6g}" if isinstance(each, float) else each for each in cells])
    return text.getvalue()


def _said(text: str, code: int) -> str:
    """The sentence that a script has ended with; of an exception its last line."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return f"The prediction ended with the code {code} and without a word."
    last = lines[-1].strip()
    failed = any(line.startswith("Traceback") for line in lines)
    return f"The prediction failed: {last.rstrip('.')}." if failed else last
