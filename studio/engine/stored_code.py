"""The code that a saved model brings along: found and shown by reading its configuration alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from studio.engine.ending import how_it_ended
from studio.graph.catalogue.registry import find
from studio.graph.problems import quoted

LAMBDA, CLASS, FUNCTION = "lambda", "class", "function"

SECONDS = 10.0
"""How long the process may take that shows marshalled code."""

MOST_MARSHALLED = 2**20
"""Bytes of marshalled code, in base64, that are shown."""


class Brought(Struct, frozen=True):
    """Code in a model: a marshalled function, or the name of one or of a class from elsewhere.

    `shown` is the disassembly of what is marshalled, or why there is none.
    """

    kind: str
    layer: str
    name: str
    shown: str = ""


def brought(config: dict[str, Any] | None) -> list[Brought]:
    """The code that a model's configuration holds or names, in its order; nothing of it is run."""
    return list(dict.fromkeys(_found(config or {})))


def _found(config: dict[str, Any]) -> Iterator[Brought]:
    todo: list[tuple[Any, str]] = [(config, "")]
    while todo:
        value, layer = todo.pop()
        if isinstance(value, list):
            todo += [(each, layer) for each in reversed(value)]
        if not isinstance(value, dict):
            continue
        kind, inner = value.get("class_name"), value.get("config")
        for place in (value, inner):
            if isinstance(place, dict) and "config" in value and isinstance(place.get("name"), str):
                layer = place["name"]
        if isinstance(kind, str) and "config" in value:
            yield from _of(kind, inner, value, layer)
        function = value.get("function")
        if isinstance(function, list) and function and value.get("function_type") == LAMBDA:
            yield Brought(LAMBDA, layer, "lambda", str(function[0]))  # as Keras 2 wrote it
        todo += [(each, layer) for each in reversed(value.values())]


def _of(kind: str, config: Any, value: dict[str, Any], layer: str) -> Iterator[Brought]:
    """The code that one serialised object stands for."""
    module = value.get("module") or ""
    if kind == "__lambda__":
        given = config if isinstance(config, dict) else {"code": config}
        code = given.get("code") or given.get("value")  # which has defaults and closure behind it
        code = code[0] if isinstance(code, list) and code else code
        yield Brought(LAMBDA, layer, "lambda", str(code))
    elif kind == "function" and isinstance(config, str):
        if not _ours(module):
            yield Brought(FUNCTION, layer, f"{module}.{config}".strip("."))
    elif kind.startswith("__"):
        return
    elif not _ours(module) and (module or value.get("registered_name") or not _known(kind)):
        yield Brought(CLASS, layer, value.get("registered_name") or f"{module}.{kind}".strip("."))


def _ours(module: str) -> bool:
    """Whether a module is Keras' own."""
    return module.partition(".")[0] in ("keras", "builtins")


def _known(kind: str) -> bool:
    """Whether a class that is named without its module is one of Keras': a legacy file does so."""
    places = ("layers", "initializers", "regularizers", "constraints", "optimizers", "losses")
    names = ("Functional", "Sequential", "Model", "InputLayer", "DTypePolicy")
    return kind in names or any(find(f"keras.{place}.{kind}") for place in places)


def disassembled(code: list[Brought]) -> list[Brought]:
    """The same with the marshalled functions in a readable form, by a process of its own.

    Marshalled bytes may crash whoever reads them, so this process doesn't.
    """
    return [
        Brought(each.kind, each.layer, each.name, _disassembly(each.shown))
        if each.kind == LAMBDA
        else each
        for each in code
    ]


def _disassembly(marshalled: str) -> str:
    if len(marshalled) > MOST_MARSHALLED:
        return f"It is longer than {MOST_MARSHALLED:,} characters, and isn't shown."
    script = Path(__file__).with_name("marshalled.py")
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(script)],
            input=json.dumps(marshalled).encode(),
            capture_output=True,
            timeout=SECONDS,
            check=False,
            env={},
        )
    except subprocess.TimeoutExpired:
        return f"It can't be shown: after {SECONDS:g} seconds it wasn't read."
    except OSError as error:
        return f"It can't be shown: no process can be started ({error.strerror})."
    text = done.stdout.decode(errors="replace")
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or [""]
        why = how_it_ended(done.returncode) if done.returncode < 0 else quoted(last[0], 100)
        return f"It can't be shown: who read it {why}. It may be from another version of Python."
    return text
