"""`studio show RUN` as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from studio.engine.figures import bytes_text, number, when
from studio.graph.directions import better
from studio.graph.problems import printable
from studio.graph.text import flat

EPOCHS = 12
"""Epochs that are shown, at most: the first, the last, the best, and some between them."""

INDENT = "  "


def lines(found: dict[str, Any]) -> Iterator[str]:
    """The lines that tell of a run."""
    yield printable(f"{found['run']}: {found['state']}")
    yield f"{INDENT}{printable(found['sentence'])}"
    rows = [("began", when(found["began"]))]
    rows += [("tags", " ".join(found["tags"]))] if found["tags"] else []
    rows += [("note", found["note"])] if found["note"] else []
    rows += [("folder", found["folder"])]
    yield from _pairs(rows)
    if found["parameters"]:
        yield ""
        yield "parameters"
        yield from _pairs(
            [(name, value_text(value)) for name, value in found["parameters"].items()]
        )
    if found["history"]:
        yield ""
        yield from _history(found["history"])
    if found["test"]:
        yield ""
        yield "test"
        yield from _pairs([(name, number(value)) for name, value in found["test"].items()])
    if found["evaluations"]:
        yield ""
        yield "evaluations"
        yield from _pairs([(each["split"], _evaluation(each)) for each in found["evaluations"]])
    if found["environment"]:
        yield ""
        yield "environment"
        yield from _pairs(_environment(found["environment"]))
    if found["members"]:
        yield ""
        yield "processes"
        yield from _pairs([(each["task"], _member(each)) for each in found["members"]])
    if found["files"]:
        yield ""
        yield "files"
        yield from _pairs([(each["path"], bytes_text(each["bytes"])) for each in found["files"]])
    if found["log"]:
        yield ""
        yield "the log's end"
        yield from (f"{INDENT}{printable(line)}" for line in found["log"])


def _pairs(rows: list[tuple[str, str]]) -> Iterator[str]:
    rows = [(printable(name), printable(text)) for name, text in rows]
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        yield f"{INDENT}{name:{width}}  {text}".rstrip()


def _evaluation(found: dict[str, Any]) -> str:
    """Its accuracy or error, and where it is; whether the run's model is another by now."""
    several = len(found["figures"]) > 1
    told = [
        f"{output + ' ' if several else ''}{name} {number(value)}"
        for output, figures in found["figures"].items()
        for name, value in figures.items()
    ]
    earlier = " (of the model before the run went on)" if found["earlier"] else ""
    return f"{', '.join([*told, found['folder']])}{earlier}"


def _member(found: dict[str, Any]) -> str:
    deaths, words = found["deaths"], []
    if found["process"] is not None:
        words.append(f"process {found['process']}")
    if deaths:
        words.append("died once" if deaths == 1 else f"died {deaths} times")
    if found["message"]:
        words.append(found["message"])
    return "; ".join([found["state"], *words])


def value_text(value: Any) -> str:
    """A value of the project on one line: a call as it is written in Python."""
    if isinstance(value, dict) and isinstance(value.get("op"), str):
        params = value.get("params", {})
        inner = ", ".join(f"{name}={value_text(each)}" for name, each in params.items())
        return f"{printable(value['op'].removeprefix('keras.'))}({inner})"
    if isinstance(value, dict):
        return ", ".join(f"{printable(name)}: {value_text(each)}" for name, each in value.items())
    if isinstance(value, list) and any(isinstance(each, dict) for each in value):
        return ", ".join(map(value_text, value))
    return printable(value if isinstance(value, str) else flat(value))


def _history(history: list[dict[str, Any]]) -> Iterator[str]:
    """A table of epochs, not of all where they are many; the best of each metric is marked."""
    names = list(dict.fromkeys(name for each in history for name in each["metrics"]))
    best = {name: _best(history, name) for name in names}
    titles = ["epoch", "took", *names]
    table = [titles]
    shown = _some(len(history), set(best.values()))
    for at in shown:
        each = history[at]
        cells = [
            f"{number(each['metrics'][name])}{'*' if best[name] == at else ' '}"
            if name in each["metrics"]
            else ""
            for name in names
        ]
        table.append([str(each["epoch"]), _seconds(each["seconds"]), *cells])
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        yield printable("  ".join(cells).rstrip())
    if len(shown) < len(history):
        yield f"({len(shown)} of {len(history)} epochs; * is the best)"


def _seconds(value: Any) -> str:
    return f"{value:.2f} s" if isinstance(value, int | float) else ""


def _best(history: list[dict[str, Any]], name: str) -> int | None:
    """The epoch's place in the list; None for a metric that isn't known to have a best."""
    values = [
        (each["metrics"][name], at)
        for at, each in enumerate(history)
        if isinstance(each["metrics"].get(name), int | float)
    ]
    if not values or better(name) is None or len(history) < 2:
        return None
    best = (min if better(name) == "lower" else max)(value for value, _ in values)
    return next(at for value, at in values if value == best)


def _some(count: int, wanted: set[int | None]) -> list[int]:
    """Places of a list of `count`: all, or some spread evenly, the first and the last, the best."""
    if count <= EPOCHS:
        return list(range(count))
    spread = {round(i * (count - 1) / (EPOCHS - 1)) for i in range(EPOCHS)}
    return sorted(spread | {at for at in wanted if at is not None})


def _environment(found: dict[str, Any]) -> list[tuple[str, str]]:
    versions = found.get("versions", {})
    rows = [("versions", ", ".join(f"{n} {v}" for n, v in versions.items() if v))]
    rows += [("platform", str(found["platform"]))] if found.get("platform") else []
    devices = ", ".join(f"{each['type']} {each['name']}" for each in found.get("devices", ()))
    rows += [("devices", devices)] if devices else []
    cluster = found.get("cluster")
    rows += [("cluster", ", ".join(f"{n} {c}" for n, c in cluster.items()))] if cluster else []
    rows += [("seed", str(found["seed"]))] if found.get("seed") is not None else []
    for name, data in found.get("data", {}).items():
        rows.append((f"data {name}", f"{bytes_text(data['bytes'])}, sha256 {data['sha256'][:12]}…"))
    return rows
