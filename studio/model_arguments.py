"""What is understood of the commands about trained models."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from studio.export_arguments import add_export_command
from studio.run_arguments import RUN
from studio.serve_arguments import add_serve_command


def add_model_commands(add: Callable[..., argparse.ArgumentParser]) -> None:
    """`studio predict`, `export`, and all else that is done with the model of a run."""

    def more(name: str, help: str, example: str) -> argparse.ArgumentParser:
        sub = add(name, help, example, project=False)
        sub.add_argument("run", metavar="RUN", help=RUN)
        text = "where runs are kept; by default in runs, or beside the project in this folder"
        sub.add_argument("--runs", metavar="DIR", type=Path, help=text)
        sub.set_defaults(command="models", function=name)
        return sub

    text = "Predict the rows of a file with the model of a run."
    sub = more("predict", text, "studio predict last --input penguins.csv")
    text = "a table (.csv), arrays (.npy, .npz), images or texts, as the data of the run were"
    sub.add_argument("--input", metavar="FILE", type=Path, required=True, help=text)
    text = "a table (.csv, .json), or the model's outputs as they are (.npz); printed by default"
    sub.add_argument("-o", "--output", metavar="FILE", type=Path, help=text)
    sub.add_argument("--json", action="store_true", help="print the table as JSON")

    text = "Tell what the model of a run gets right and wrong on the run's own data."
    sub = more("evaluate", text, "studio evaluate last")
    text = "test, validation or train; by default the first of them that the data have"
    sub.add_argument("--split", choices=("test", "validation", "train"), help=text)
    text = "write evaluation.json and its pictures there; by default into the run"
    sub.add_argument("-o", "--output", metavar="DIR", type=Path, help=text)
    sub.add_argument("--json", action="store_true", help="print evaluation.json")

    add_export_command(more)
    add_serve_command(more)
