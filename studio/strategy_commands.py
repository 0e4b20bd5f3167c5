"""`studio speed --strategies`: what it prints."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from studio.applying import apply, refuse_settings
from studio.graph.document import Project
from studio.graph.problems import printable
from studio.table import columns

DONE = 0


def strategies(options, project: Project, folder: Path) -> int:
    """Prints how fast the project trains under each strategy, what binds it, and which is best."""
    from studio.engine.strategies import wanted
    from studio.engine.strategy_speed import SECONDS, measure

    refuse_settings(options)
    names = wanted(options.only)
    with ExitStack() as stack:
        ask = None
        if options.run_code:
            from studio.engine.code_shapes import CodeShapes
            from studio.engine.warm import Warm

            ask = CodeShapes(stack.enter_context(Warm()), trusted=True)
        stack.callback(_tell, "")
        seconds = options.seconds or SECONDS
        found = measure(project, folder, names, options.run_code, seconds, _measuring, ask)
    applied = options.apply and found.edit is not None
    if applied:
        apply(options, found.edit)
    if options.json:
        print(json.dumps(_as_json(found) | {"applied": applied}))
        return DONE
    for line in _lines(found):
        print(line)
    if applied:
        print(f"{options.project} is changed: {found.edit.label}.")
    return DONE


def _measuring(name: str) -> None:
    _tell(f"measuring {name}: all of them take minutes")


def _tell(words: str) -> None:
    """Says on the terminal, if it is one, what is being done; nothing takes it away."""
    if sys.stderr.isatty():
        print(f"\r{words:70}\r", end="", file=sys.stderr, flush=True)


def _lines(found: Any) -> Iterator[str]:
    titles = ("strategy", "devices", "ms a batch", "samples/s", "x none", "efficiency")
    rows = [(*titles, "input", "communication", "computing")]
    measured = [row for row in found.rows if not row.why]
    plain = found.rows[0]
    for row in measured:
        shares = [f"{share:.0%}" for share in row.shares.values()]
        rows.append(
            (
                row.name,
                str(row.devices),
                f"{row.ms:.3f}",
                f"{found.rate(row):,.0f}",
                f"{plain.ms / row.ms:.2f}",
                f"{found.efficiency(row):.0%}",
                *shares,
            )
        )
    yield from columns(rows)
    yield ""
    for row in found.rows:
        yield printable(f"{row.name}: {_row_words(found, row)}")
    yield ""
    yield words(found)


def _row_words(found: Any, row: Any) -> str:
    """What binds a strategy, or why it wasn't measured."""
    if row.why:
        return f"not measured: {row.why.rstrip('.')}."
    share = row.shares[row.binds]
    if row.binds == "input":
        waits = row.ms - row.ready_ms
        return (
            f"input binds it: {waits:.3f} of {row.ms:.3f} ms ({share:.0%}) pass until a batch is "
            "there."
        )
    if row.binds == "communication" and row.devices == 1:
        return (
            f"the strategy itself binds it: a batch that is there takes {row.ready_ms:.3f} ms, and "
            f"{row.alone_ms:.3f} ms without it ({share:.0%} of a step)."
        )
    if row.binds == "communication":
        return (
            f"communication binds it: a batch that is there takes {row.ready_ms:.3f} ms, and "
            f"{row.alone_ms:.3f} ms where the devices share nothing ({share:.0%} of a step)."
        )
    return f"computing binds it: {share:.0%} of {row.ms:.3f} ms."


def words(found: Any) -> str:
    """What follows for the project, in a sentence or two."""
    plain, best = found.rows[0], found.best
    if best is plain:
        others = [row for row in found.rows[1:] if not row.why]
        said = "Fastest: none"
        if others:
            nearest = min(others, key=lambda row: row.ms)
            said += (
                f", with {plain.ms:.3f} ms a batch; no strategy beats it by more than chance "
                f"({nearest.name} takes {nearest.ms:.3f} ms)"
            )
    else:
        said = (
            f"Fastest: {best.name}, {plain.ms / best.ms:.2f} times as fast as none "
            f"({best.ms:.3f} ms a batch against {plain.ms:.3f}), {found.efficiency(best):.0%} "
            f"of what {best.devices} devices could do"
        )
    said += f"; {best.binds} takes most of it ({best.shares[best.binds]:.0%})."
    said += f" The data alone give a batch in {found.data_ms:.3f} ms."
    if best.roles:
        tasks = ",".join(f"{role}={count}" for role, count in best.roles.items())
        said += f" It is trained by studio run --local-cluster {tasks}."
    if found.edit is None:
        return f"{said} The project trains so already."
    return f"{said} --apply writes it down."


def _as_json(found: Any) -> dict[str, Any]:
    from msgspec import to_builtins

    from studio.graph.edit_text import encode

    rows = []
    for row in found.rows:
        told = to_builtins(row)
        if not row.why:
            told |= {
                "samples_per_second": found.rate(row),
                "efficiency": found.efficiency(row),
                "shares": row.shares,
                "binds": row.binds,
            }
        rows.append(told | {"words": _row_words(found, row)})
    edit = json.loads(encode(found.edit)) if found.edit is not None else None
    return {
        "strategies": rows,
        "samples": found.samples,
        "data_ms": found.data_ms,
        "gpus": found.gpus,
        "best": found.best.key,
        "words": words(found),
        "edit": edit,
    }
