"""`studio speed`, `studio autograph` and `studio lr`: what they print."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from studio.applying import apply, refuse_settings
from studio.graph.checks import Report
from studio.graph.document import Project
from studio.graph.problems import StudioError
from studio.table import columns

DONE = 0


def speed(options, project: Project, folder: Path, report: Report) -> int:
    """Prints how fast a step is, by how it is compiled, and what holds the training back."""
    from studio.engine.speed import measure
    from studio.engine.warm import Warm

    if options.strategies:
        from studio.strategy_commands import strategies

        return strategies(options, project, folder)
    if options.only or options.seconds:
        raise StudioError("--only and --seconds are for --strategies: say that too.")
    refuse_settings(options)
    _tell("measuring the training step: this takes half a minute or more")
    with Warm() as warm:
        try:
            found = measure(project, folder, report, warm, options.run_code)
        finally:
            _tell("")
    applied = options.apply and found.edit is not None
    if applied:
        apply(options, found.edit)
    if options.json:
        print(json.dumps(_speed_json(found) | {"applied": applied}))
        return DONE
    for line in _speed_lines(found):
        print(line)
    if applied:
        print(f"{options.project} is changed: {found.edit.label}.")
    return DONE


def _tell(words: str) -> None:
    """Says on the terminal, if it is one, what is being done; nothing takes it away."""
    if sys.stderr.isatty():
        print(f"\r{words:70}\r", end="", file=sys.stderr, flush=True)


def _speed_lines(found: Any):
    plain = found.ways[1]
    rows = [("step", "ms a step", "samples/s", "x tf.function", "compiled in s")]
    for way in found.ways:
        rows.append(
            (
                way.name,
                f"{way.ms:.3f}",
                f"{1000 * found.samples / way.ms:,.0f}",
                f"{plain.ms / way.ms:.2f}",
                f"{way.compile_seconds:.1f}" if way.steps else "",
            )
        )
    yield from columns(rows)
    for words in found.failed:
        yield f"{words}."
    yield ""
    parts = ", ".join(f"{share:.0%} {name}" for name, share in found.shares.items())
    yield (
        f"With its data the project takes {found.fed_ms:.3f} ms a step ({found.own.name}): "
        f"{parts}. "
        f"{HOLDS[found.holds_back]}"
    )
    if found.edit is None:
        yield f"It trains with the best of these already: {found.best.name}."
    else:
        times = found.own.ms / found.best.ms
        yield f"Best: {found.best.name}, {times:.2f} times as fast (--apply writes it down)."


def autograph(options, project: Project, folder: Path, report: Report) -> int:
    """Prints the code that AutoGraph makes of the training step."""
    from studio.engine.autograph import converted
    from studio.engine.warm import Warm

    with Warm() as warm:
        text = converted(project, folder, report, warm, options.run_code, options.raw)
    sys.stdout.write(text)
    return DONE


def lr(options, project: Project, folder: Path, report: Report) -> int:
    """Prints the loss over a rising learning rate, and the rate that it suggests."""
    from studio.engine.learning_rate import find_rate, plot
    from studio.engine.warm import Warm

    refuse_settings(options)
    if options.first >= options.last:
        raise StudioError(
            f"The rate rises from --from to --to: {options.first:g} is not below {options.last:g}."
        )
    _tell("training with a rising learning rate")
    with Warm() as warm:
        try:
            found = find_rate(
                project,
                folder,
                report,
                warm,
                options.run_code,
                (options.first, options.last, options.steps),
            )
        finally:
            _tell("")
    applied = options.apply and found.edit is not None
    if applied:
        apply(options, found.edit)
    if options.json:
        print(json.dumps(_rate_json(found) | {"applied": applied}))
        return DONE
    for line in plot(found):
        print(line)
    print()
    print(found.words)
    if applied:
        print(f"{options.project} is changed: {found.edit.label}.")
    return DONE


def _rate_json(found: Any) -> dict[str, Any]:
    from msgspec.structs import asdict

    from studio.graph.edit_text import encode

    edit = json.loads(encode(found.edit)) if found.edit is not None else None
    return asdict(found) | {"words": found.words, "edit": edit}


HOLDS = {
    "input": "The data holds it back: see studio data bench.",
    "Python": "What Python does between two steps holds it back.",
    "computing": "Computing itself takes most of it.",
}


def _speed_json(found: Any) -> dict[str, Any]:
    from msgspec import to_builtins

    from studio.graph.edit_text import encode

    edit = json.loads(encode(found.edit)) if found.edit is not None else None
    more = {"shares": found.shares, "holds_back": found.holds_back, "edit": edit}
    return to_builtins(found) | more
