"""What is understood of the commands about runs."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path

RUN = "an id, its unique beginning or end, a path, or: last"


def add_queue_options(sub: argparse.ArgumentParser, above_zero: Callable[[str], int]) -> None:
    """Those of `studio run` that let a run wait."""
    text = "let it wait until its turn comes, and return at once"
    sub.add_argument("--queue", action="store_true", help=text)
    text = "with --queue: begin when fewer than N runs of the folder go on (1 by default)"
    sub.add_argument("--at-once", metavar="N", type=above_zero, help=text)
    text = "with --queue: show it to its end; Ctrl-C leaves it waiting, or running"
    sub.add_argument("--follow", action="store_true", help=text)


def add_cluster_option(sub: argparse.ArgumentParser, text: str) -> None:
    """The tasks of a run whose processes are all on this machine."""
    text += ": chief, worker and ps, and data for those of a tf.data service"
    shape = "worker=2[,ps=1,chief=1,data=2]"
    sub.add_argument("--local-cluster", metavar=shape, dest="cluster", help=text)


def add_run_commands(add: Callable[..., argparse.ArgumentParser]) -> None:
    """`studio runs`, `show`, and all that is done with a run."""

    def more(name: str, help: str, example: str, run: bool | str = True, json: str = ""):
        sub = add(name, help, example, project=False)
        if run:
            count = {"nargs": run} if isinstance(run, str) else {}
            sub.add_argument("run", metavar="RUN", help=RUN, **count)
        text = "where runs are kept; by default in runs, or beside the project in this folder"
        sub.add_argument("--runs", metavar="DIR", type=Path, help=text)
        if json:
            sub.add_argument("--json", action="store_true", help=json)
        sub.set_defaults(command="runs", function=name)
        return sub

    text = "List the runs, the newest first."
    sub = more("runs", text, "studio runs --sort val_loss", run=False, json="print them as JSON")
    text = "when, run, state, epochs, duration, or a metric: the best first"
    sub.add_argument("--sort", metavar="COLUMN", default="when", help=text)
    sub.add_argument("--tag", metavar="TAG", action="append", default=[], help="those with a tag")
    text = 'those it means: "val_accuracy > 0.97 and tag:baseline"; see docs/runs.md'
    sub.add_argument("--filter", metavar="TEXT", default="", help=text)

    text = "Show a run, or compare two."
    sub = more("show", text, "studio show last", run="+", json="print it as JSON")
    text = "follow it live while it goes on; Ctrl-C leaves it running"
    sub.add_argument("--follow", action="store_true", help=text)

    text = "Stop a run with a checkpoint, or take it out of the queue."
    sub = more("stop", text, "studio stop last", json="print one JSON object, as studio run does")
    text = "leave the model of the best epoch, not of the last step"
    sub.add_argument("--keep-best", action="store_true", help=text)

    text = "Let a run wait behind its step, with a checkpoint; its process stays."
    more("pause", text, "studio pause last", json="print one JSON object, as studio run does")

    text = "Let a run go on: one that waits, or one that was stopped, failed or died."
    sub = more("resume", text, "studio resume last", json="print one JSON object at the end")
    text = "return at once, and leave it running"
    sub.add_argument("--detach", action="store_true", help=text)
    add_cluster_option(sub, "let it go on with other processes on this machine than it had")

    text = "Note a sentence of a run, in place of the one before."
    sub = more("note", text, 'studio note last "twice the filters"')
    sub.add_argument("text", metavar="TEXT", help='the note; "" takes it away')

    text = "Give a run tags, or take them away."
    sub = more("tag", text, "studio tag last baseline")
    sub.add_argument("tags", metavar="TAG", nargs="+", help="a word")
    sub.add_argument("--remove", action="store_true", help="take the tags away")

    text = "Print the history of a run as CSV, a row an epoch."
    sub = more("history", text, "studio history last -o history.csv")
    sub.add_argument("-o", "--output", metavar="FILE", type=Path, help="write it to a file")
    sub.add_argument("--steps", action="store_true", help="a row for each step that was told")

    text = "Move runs to the trash."
    sub = more("delete", text, "studio delete 20260501-101500-penguins", run="+")
    sub.add_argument("--yes", action="store_true", help="don't ask")

    text = "Show runs in TensorBoard, all of them or those named, until Ctrl-C."
    sub = more("tensorboard", text, "studio tensorboard last", run="*")
    text = "where it listens on this machine; by default at a free one"
    sub.add_argument("--port", metavar="N", type=port, help=text)


def between(least: float, most: float, what: str = "a number") -> Callable[[str], float]:
    """A number from `least` to `most`; as argparse wants a type."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(
                f"expected {what} from {least:.12g} to {most:.12g}, found {text!r}"
            )
        return value

    return parse


def port(text: str) -> int:
    """The number of a port; as argparse wants a type."""
    if not (text.isascii() and text.isdigit() and 0 < int(text[:6]) < 65536):
        raise argparse.ArgumentTypeError(f"expected a port from 1 to 65535, found {text!r}")
    return int(text)
