"""What is understood of `studio serve`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from studio.run_arguments import between, port


def add_serve_command(more: Callable[..., argparse.ArgumentParser]) -> None:
    """`studio serve RUN`, by what makes a command about the model of a run."""
    text = "Answer predictions by the model of a run over HTTP, until Ctrl-C."
    sub = more("serve", text, "studio serve last --port 8080")
    text = "where it listens (8501 by default; 0: any that is free)"
    sub.add_argument("--port", metavar="N", type=_port, default=8501, help=text)
    text = (
        "at which address; by default this machine alone can ask, and nobody has to say who it is"
    )
    sub.add_argument("--host", metavar="HOST", default="127.0.0.1", help=text)
    text = "the model's name in addresses; by default that of the project"
    sub.add_argument("--name", metavar="NAME", help=text)
    either = sub.add_mutually_exclusive_group()
    signatures = {
        "raw": "what a request without signature_name holds is raw rows, as the data have them",
        "images": "... is image files, where the data are such",
        "serving_default": "... is the model's inputs, prepared (this is so by default)",
    }
    for name, text in signatures.items():
        option = "--inputs" if name == "serving_default" else f"--{name}"
        either.add_argument(
            option,
            action="store_const",
            const=name,
            dest="signature",
            default="serving_default",
            help=text,
        )
    text = "how long a request may take (30 s by default)"
    sub.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=between(0.01, 86_400, "seconds"),
        default=30.0,
        help=text,
    )
    text = "how long the body of a request may be (8388608 by default)"
    sub.add_argument("--max-bytes", metavar="N", type=_bytes, default=8 << 20, help=text)


def _port(text: str) -> int:
    return 0 if text == "0" else port(text)


def _bytes(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text[:12]) <= 1 << 30):
        raise argparse.ArgumentTypeError(f"expected a number from 1 to {1 << 30}, found {text!r}")
    return int(text)
