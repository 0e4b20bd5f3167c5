"""What is understood of `studio cluster`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

ENGINES = ("slurm", "kubernetes", "indexed-job", "ssh")
EXAMPLE = "studio cluster digits --for slurm --tasks worker=2 -o digits-slurm"


def add_cluster_command(add: Callable[..., argparse.ArgumentParser], above_zero, port) -> None:
    """`studio cluster`."""
    sub = add("cluster", "Write the folder that trains a project on a cluster.", EXAMPLE)
    text = "what starts the tasks there; kubernetes needs the Kubeflow Training Operator"
    sub.add_argument("--for", choices=ENGINES, required=True, dest="engine", help=text)
    text = "a folder that is new or empty"
    sub.add_argument("-o", "--output", metavar="DIR", type=Path, required=True, help=text)
    text = "how many play each role; as in the project's cluster, where it names one"
    sub.add_argument("--tasks", metavar="worker=2[,ps=1,chief=1]", help=text)
    text = "what the image is called, for kubernetes and indexed-job; NAME:1 by default"
    sub.add_argument("--image", metavar="NAME", help=text)
    text = "GPUs of each task that trains (1 for slurm, else none)"
    sub.add_argument("--gpus", metavar="N", type=_count, help=text)
    sub.add_argument("--cpus", metavar="N", type=above_zero, help="CPUs of each task (4)")
    sub.add_argument("--port", metavar="N", type=port, help="where the tasks listen (2222)")
    sub.add_argument("--json", action="store_true", help="print what was written as JSON")
    sub.set_defaults(command="cluster")


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:6]) <= 1024):
        raise argparse.ArgumentTypeError(f"expected a number of GPUs, found {text!r}")
    return int(text)
