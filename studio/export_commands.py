"""`studio export`: what it does, and what it prints."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from typing import Any

from studio.engine.find_run import find
from studio.graph.problems import StudioError, printable, quoted

DONE, FAILED = 0, 1

RED, GREEN, PLAIN = "\x1b[31m", "\x1b[32m", "\x1b[0m"


def export(options) -> int:
    """Writes a run's model in the formats asked for; exit code 1 where one of them isn't right."""
    from studio.engine.exporting.export import can
    from studio.engine.exporting.export import export as exported
    from studio.engine.trained import trained
    from studio.export_further import FURTHER, listed, write_further
    from studio.graph.exporting import asked

    run = trained(find(options.run, options.runs, Path()))
    if options.list:
        _list(run.folder.name, can(run) + listed(), options.json)
        return DONE
    if not options.formats:
        raise StudioError("It isn't said which format: --format F; --list shows what there is.")
    further = [word for word in options.formats if word in FURTHER]
    words = [word for word in options.formats if word not in FURTHER]
    calls = asked(words, map(_setting, options.settings), FURTHER)
    _check_params(calls)
    with contextlib.suppress(ValueError):  # only the main thread may
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    tell = _tell_json if options.json else _tell
    found = exported(run, calls, options.output, options.proof, tell) if calls else []
    alone = len(options.formats) == 1
    found += write_further(run, list(dict.fromkeys(further)), options.output, alone, tell)
    if options.json:
        print(json.dumps({"run": run.folder.name, "exports": found}))
    else:
        print("\n".join(_lines(found, sys.stdout.isatty())))
    return DONE if all(each["ok"] for each in found) else FAILED


def _setting(text: str) -> tuple[str, Any]:
    """A setting's name and value; what is no JSON is a text."""
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise StudioError(f"{quoted(text)} is no setting. Write NAME=VALUE, such as opset=15.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _check_params(calls) -> None:
    """Raises StudioError where the settings of an export aren't right."""
    from studio.graph.checks.calls import problems_of_call

    for each in calls:
        for message, hint in problems_of_call(each.op, each.params, ("export",)):
            raise StudioError(f"{message} {hint}".strip())


def _tell_json(at: str, doing: str, done: int, of: int) -> None:
    print(json.dumps({"at": at, "doing": doing, "done": done, "of": of}), flush=True)


def _tell(at: str, doing: str, done: int, of: int) -> None:
    if sys.stderr.isatty():
        print(f"{doing} {at} ({done + 1} of {of})", file=sys.stderr)


def _list(run: str, formats: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print(json.dumps({"run": run, "formats": formats}))
        return
    width = max(len(_word(each)) for each in formats)
    for each in formats:
        print(f"{_word(each):{width}}  {each['about']}")
        if not each["can"]:
            print(f"{'':{width}}  Not this model: {each['why']}")


def _word(each: dict[str, Any]) -> str:
    return f"{each['format']}-{each['variant']}" if each["variant"] else each["format"]


def _lines(found: list[dict[str, Any]], colours: bool) -> Iterator[str]:
    """A table of the exports, and what is to be said of each."""
    from studio.engine.figures import bytes_text
    from studio.table import columns

    rows = [("format", "ok", "size", "largest difference", "metric", "ms a batch")]
    for each in found:
        size = bytes_text(each["bytes"]) if each["bytes"] is not None else ""
        ok = "yes" if each["ok"] else "NO"
        rows.append((_word(each), ok, size, _difference(each), _metric(each), _latency(each)))
    marks = ["", "", *(GREEN if each["ok"] else RED for each in found)]
    for line, mark in zip(columns(rows), marks, strict=True):
        yield f"{mark}{line}{PLAIN}" if mark and colours else line
    room = shutil.get_terminal_size().columns if colours else 100
    for each in found:
        if each["path"] is not None:
            yield f"{_word(each)}: {printable(each['path'])}"
        if each["message"]:
            mark = RED if colours and not each["ok"] else ""
            text = f"{_word(each)}: {printable(each['message'])}"
            if not each["ok"] and each["path"] is not None:
                text += f" {each['tolerance']}"
            for line in wrap(text, max(room, 40), subsequent_indent="  "):
                yield f"{mark}{line}{PLAIN if mark else ''}"


def _difference(each: dict[str, Any]) -> str:
    largest = each["difference"]["largest"]
    return "" if largest is None else f"{largest:.1e}"


def _metric(each: dict[str, Any]) -> str:
    """The first metric that isn't the loss, before and after."""
    from studio.engine.figures import number

    before, after = each["metrics"]["before"], each["metrics"]["after"]
    names = sorted((name for name in before if name in after), key=lambda name: name == "loss")
    if not names:
        return ""
    name = names[0]
    return f"{printable(name)} {number(before[name])} -> {number(after[name])}"


def _latency(each: dict[str, Any]) -> str:
    before, after = each["latency_ms"]["before"], each["latency_ms"]["after"]
    if before is None or after is None:
        return ""
    return f"{before:.2f} -> {after:.2f}"
