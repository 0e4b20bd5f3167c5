"""The whole comparison: `python -m tests.conformance [--ops PART] [--cases N] [--resume FILE]`.

Prints a line an op and every disagreement, and exits with 1 where there is one.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tests.conformance.case import Case
from tests.conformance.recipes import draw_case, recipes


def compare(case: Case) -> str:
    """How the two answers to a case differ; empty where they agree."""
    from tests.conformance import ours, real

    try:
        mine = ours.answer(case)
    except Exception as error:  # a rule that breaks is a disagreement too
        return f"{case}\n    studio: BROKEN {type(error).__name__}: {error}"
    theirs = real.answer(case)
    return "" if mine.agrees(theirs) else f"{case}\n    keras:  {theirs}\n    studio: {mine}"


def main() -> int:
    """Compares all cases that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ops", default="", help="only ops whose path contains this; several by ,")
    parser.add_argument("--cases", type=int, default=40, help="cases an op")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--policy", default="float32", help="the dtype policy of all layers")
    parser.add_argument("--most", type=int, default=5, help="disagreements shown an op")
    parser.add_argument("--resume", type=Path, help="a file that keeps what has been done")
    options = parser.parse_args()
    done = {}
    if options.resume and options.resume.exists():
        done = json.loads(options.resume.read_text())
    parts = options.ops.split(",")
    total = wrong = refused = 0
    for path in sorted(recipes()):
        if not any(part in path for part in parts):
            continue
        key = f"{path} {options.cases} {options.seed}"
        key += "" if options.policy == "float32" else f" {options.policy}"
        if key not in done:
            done[key] = _op(path, options)
            if options.resume:
                options.resume.write_text(json.dumps(done))
        both, differ = done[key]
        total, refused, wrong = total + options.cases, refused + both, wrong + differ
        print(f"{path:60} {options.cases:5} cases {both:5} refused {differ:4} disagreements")
    print(f"{total} cases, {refused} refused by both, {wrong} disagreements")
    return 1 if wrong else 0


def _op(path: str, options: argparse.Namespace) -> tuple[int, int]:
    """(refused by both, disagreements) of an op's cases."""
    from tests.conformance import ours

    both = differ = 0
    for number in range(options.cases):
        case = draw_case(path, number, options.seed, options.policy)
        said = compare(case)
        if said:
            differ += 1
            if differ <= options.most:
                print(said, flush=True)
        elif ours.answer(case).refused:
            both += 1
    return both, differ


if __name__ == "__main__":
    sys.exit(main())
