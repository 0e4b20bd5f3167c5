"""How long the first answer about each data stage of the templates takes, once the helper is warm.

    python benchmarks/preview.py [--rounds N] [--only TEMPLATE]

Wanted: at most 0.3 s. Making the question (the stage's script) is counted, as
the app has to make it too; figures are medians of the rounds. In a round the
stages of a project are looked at one after the other, as the helper keeps what
the ones before have made; the next round begins with nothing kept. The slow
ones are printed, and how many are in time.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from studio.engine.looking import question
from studio.engine.warm import Warm
from studio.graph import templates
from studio.graph.checks import check
from studio.graph.file import load
from studio.graph.ports import output_ports

WANTED = 0.3
DOWNLOADS = ("tfds_mnist",)


def first_answers(warm: Warm, path: Path, rounds: int) -> Iterator[tuple[str, float]]:
    """(stage, seconds) of each stage of a project."""
    project = load(path)
    folder = path.parent
    report = check(project, folder)
    ends = [
        f"{node.id}.{port}"
        for node in project.data.nodes.values()
        for port in output_ports(project, node, project.data)
    ]
    times: dict[str, list[float]] = {end: [] for end in ends}
    for _ in range(rounds):
        # A folder of each round's own: nothing is kept from one to the next.
        with TemporaryDirectory(prefix="studio-") as place:
            for end in ends:
                begun = time.perf_counter()
                asked = question(project, folder, report, end, Path(place), soon=True)
                answer = warm.ask("preview", trusted=True, **asked.fields).result()
                times[end].append(time.perf_counter() - begun)
                if answer.error:
                    raise SystemExit(f"{path.parent.name}: {end}: {answer.error}")
    for end in ends:
        yield end, statistics.median(times[end])


def main() -> None:
    """Prints the stages that are late, and the worst and median of all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=templates.available())
    options = parser.parse_args()
    found = []
    with TemporaryDirectory() as place, Warm() as warm:
        warm.ask("ping").result()
        for name in [options.only] if options.only else templates.available():
            if name in DOWNLOADS:
                continue
            path = templates.copy(name, Path(place, name))
            for end, took in first_answers(warm, path, options.rounds):
                found.append(took)
                if took > WANTED:
                    print(f"{name:20} {end:24} {1000 * took:6.0f} ms", flush=True)
    good = sum(took <= WANTED for took in found)
    print(
        f"{good} of {len(found)} stages answer within {1000 * WANTED:.0f} ms; "
        f"median {1000 * statistics.median(found):.0f} ms, worst {1000 * max(found):.0f} ms"
    )


if __name__ == "__main__":
    main()
