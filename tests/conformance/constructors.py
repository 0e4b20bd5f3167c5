"""What is not a layer, held to Keras: `python -m tests.conformance.constructors [--ops PART]`.

For random parameters Studio's check of a call must refuse exactly when Keras'
constructor raises. Where Keras keeps nonsense silently Studio may refuse it: if
the object fails as soon as it is used, or by an entry of STRICTER. Losses and
metrics are also called on random labels and outputs (recipes_objects/labels.py).
Prints a line an op and every disagreement; exits with 1 where there is one.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from studio.graph.catalogue.op import Op
from studio.graph.catalogue.registry import find, of_kind
from studio.graph.checks.calls import _Checker
from studio.graph.document import Code, Project
from tests.conformance.case import Case
from tests.conformance.recipes_objects.stricter import NOT_HERE, stricter
from tests.conformance.recipes_objects.values import KINDS, draw_object, required

AGREED, REFUSED, BREAKS, ALLOWED = "taken", "refused", "breaks in use", "stricter"
_CHECKER = _Checker(Project(code={"function": Code("function", "def function(x): ...")}))


def ops() -> list[Op]:
    """Every op that is compared."""
    return [op for op in of_kind(*KINDS) if op.path not in NOT_HERE]


def complaints(op: Op, case: Case) -> list[str]:
    """What Studio has against the parameters."""
    return [message for _, message, _ in _CHECKER.call(case.op, case.params, (op.kind,))]


def wrong_params(op: Op, case: Case) -> list[str]:
    """The parameters whose value Studio refuses, whatever the others are."""
    return [
        name
        for name, value in case.params.items()
        if name in op.params and list(_CHECKER.value(op, op.params[name], value, None))
    ]


def compare(case: Case) -> tuple[str, str]:
    """(what both say, empty where they disagree; the disagreement in words)."""
    from tests.conformance.recipes_objects.made import make, reason, use

    op = find(case.op)
    assert op is not None
    try:
        mine = complaints(op, case)
    except Exception as error:
        return "", f"{case}\n    studio: BROKEN {type(error).__name__}: {error}"
    theirs = reason(lambda: make(case.op, case.params))
    if bool(mine) == bool(theirs):
        return (REFUSED if theirs else AGREED), ""
    if theirs:
        return "", f"{case}\n    keras:  {theirs}\n    studio: takes it"
    allowed = AGREED
    for name in wrong_params(op, case) or [""]:
        # The others could break the use: what is left are this one and those that must be given.
        keep = {name, *required(op)} if name else set(case.params)
        params = {key: value for key, value in case.params.items() if key in keep}
        if stricter(op, name, case.params.get(name)):
            allowed = ALLOWED
        elif reason(lambda: use(case.op, params)):  # noqa: B023
            allowed = BREAKS
        else:
            return "", f"{case}\n    keras:  makes and uses it\n    studio: {name}: {mine[0]}"
    return allowed, ""


def main() -> int:
    """Compares all cases that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ops", default="", help="only ops whose path contains this; several by ,")
    parser.add_argument("--cases", type=int, default=40, help="cases an op")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--most", type=int, default=5, help="disagreements shown an op")
    parser.add_argument("--only", choices=("calls", "labels"), help="one of the two comparisons")
    options = parser.parse_args()
    parts = options.ops.split(",")
    total: Counter[str] = Counter()
    for op in ops():
        if any(part in op.path for part in parts):
            if options.only != "labels":
                total += _print(op, "call", options)
            if options.only != "calls" and op.kind in ("loss", "metric") and op.rule:
                total += _print(op, "labels", options)
    words = ", ".join(f"{count} {word}" for word, count in sorted(total.items()))
    print(f"{total.total()} cases: {words}")
    return 1 if total["disagreements"] else 0


def _print(op: Op, what: str, options: argparse.Namespace) -> Counter[str]:
    """Compares an op's cases and says how many ended how."""
    from tests.conformance.recipes_objects import labels

    found: Counter[str] = Counter()
    for number in range(options.cases):
        if what == "call":
            verdict, said = compare(draw_object(op.path, number, options.seed))
        else:
            verdict, said = labels.compare(labels.draw_labels(op.path, number, options.seed))
        found[verdict or "disagreements"] += 1
        if said and found["disagreements"] <= options.most:
            print(said, flush=True)
    words = " ".join(f"{word} {count}," for word, count in sorted(found.items()))
    print(f"{op.path:55} {what:6} {words.rstrip(',')}", flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
