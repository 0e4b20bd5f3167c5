"""Every template in every format that can hold it, as `studio export` writes and proves them.

`python -m tests.engine.exporting.grid [TEMPLATE ...]` prints the table of docs/exports.md.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from studio.graph.exporting import BY_WORD
from tests.conftest import CLUSTERED, TEMPLATES, studio
from tests.templates import template_folder

DOWNLOADING = frozenset({"tfds_mnist"})
"""Templates whose data has to be downloaded."""

NAMES = tuple(name for name in TEMPLATES if name not in DOWNLOADING)

SETTINGS = {
    "million_rows": ("training.steps_per_epoch=50",),
    "mirrored": ("training.steps_per_epoch=50",),
}
"""What makes a training short that is about its speed."""


def row(name: str, runs: Path) -> dict[str, dict[str, Any]]:
    """What is told of each format of a template's model, trained for two epochs."""
    cluster = ("--local-cluster", CLUSTERED[name]) if name in CLUSTERED else ()
    settings = [part for each in SETTINGS.get(name, ()) for part in ("--set", each)]
    run = ("run", template_folder(name), "--runs", runs, "--epochs", 2, "--json")
    done = studio(*run, *settings, *cluster)
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stdout}{done.stderr}")
    folder = json.loads(done.stdout.splitlines()[-1])["folder"]
    formats = [f"--format={word}" for word in BY_WORD]
    done = studio("export", folder, *formats, "--json", timeout=900)
    if not done.stdout:
        raise RuntimeError(f"{name}: {done.stderr}")
    found = json.loads(done.stdout.splitlines()[-1])["exports"]
    return dict(zip(BY_WORD, found, strict=True))


def cell(each: dict[str, Any]) -> str:
    """One format of one template, as it stands in the table."""
    if each["path"] is None:
        return "-"
    relative = each["difference"]["relative"]
    said = "0" if relative == 0 else f"{relative:.0e}".replace("e-0", "e-")
    return said if each["ok"] else f"**{said}**"


def main(names: list[str]) -> int:
    """Prints a line a template; exits with 1 where an export failed that wasn't refused."""
    print(f"| template | {' | '.join(BY_WORD)} |")
    print(f"|---|{'---|' * len(BY_WORD)}")
    failed = []
    with tempfile.TemporaryDirectory() as runs:
        for name in names or NAMES:
            found = row(name, Path(runs))
            print(f"| {name} | {' | '.join(map(cell, found.values()))} |", flush=True)
            failed += [
                f"{name} {word}: {each['message']}"
                for word, each in found.items()
                if not each["ok"]
            ]
    print("\n".join(["", *failed]))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
