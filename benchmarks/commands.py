"""How long the quick commands take as whole processes, for every template.

    python benchmarks/commands.py [--rounds N]

Wanted: `studio validate` at most 0.4 s, `studio script` at most 0.6 s. The bare
start of Python is printed beside, so that the machine can be judged.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from studio.graph import templates

COMMANDS = {"validate": 0.4, "script": 0.6, "summary": 0.7}


def seconds(arguments: list[str]) -> float:
    """Seconds that a process takes from start to end."""
    began = time.perf_counter()
    subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    """Prints the median and the worst of every command and template."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    bare = statistics.median(seconds([sys.executable, "-c", "pass"]) for _ in range(rounds))
    print(f"python -c pass: {bare * 1000:.0f} ms")
    with tempfile.TemporaryDirectory() as place:
        paths = {name: templates.copy(name, Path(place, name)) for name in templates.available()}
        for command, wanted in COMMANDS.items():
            for name, path in paths.items():
                arguments = [sys.executable, "-m", "studio", command, str(path)]
                times = [seconds(arguments) for _ in range(rounds)]
                print(
                    f"studio {command:8} {name:12} median {statistics.median(times):.3f} s"
                    f"  worst {max(times):.3f} s  wanted <= {wanted} s"
                )


if __name__ == "__main__":
    main()
