"""A script that codegen writes, as a module of the warm process: mostly that of one stage."""

from __future__ import annotations

import linecache
import re
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from studio.codegen.stage_script import FUNCTION
from studio.engine.damage import damage
from studio.engine.own_code import MODULE, Fault, said_by
from studio.graph.problems import printable, quoted

FILE = "stage.py"
"""What the script is called, beside the data files."""

MOST_SAID = 400

SECONDS = 4.0
"""How long each stage is gone through to see which one raises an error."""


def dataset(fields: dict[str, Any]) -> Any:
    """The tf.data.Dataset of a question; raises what its script raises.

    `fields`: those of `module`.
    """
    return getattr(module(fields), FUNCTION)()


def module(fields: dict[str, Any]) -> ModuleType:
    """A script as a module; raises what the script raises.

    `fields`: the `script`, and the `folder` with the data files that it expects
    beside itself.
    """
    return made_of(fields, fields["script"])


def made_of(fields: dict[str, Any], script: str) -> Any:
    """A script as a module, from a file of its own."""
    file = _file(fields)
    Path(file).write_text(script, encoding="utf-8")  # AutoGraph looks for the source there
    linecache.cache.pop(file, None)
    made = ModuleType(MODULE)
    made.__file__ = file
    sys.modules[MODULE] = made
    exec(compile(script, file, "exec", dont_inherit=True), made.__dict__)
    return made


def _file(fields: dict[str, Any]) -> str:
    return str(Path(fields["folder"], FILE))


@contextmanager
def blamed(fields: dict[str, Any]) -> Iterator[None]:
    """What is raised inside becomes a Fault that names the stage it came from.

    `fields`: `lines`, which lines of the script belong to which node or piece of
    code, as "graph:name" -> [[first, last], ...]; the `node` that is looked at;
    `stages`, the script that gives those before it, too;
    `sources`, those whose files can be read again, and `home`, the project's folder.
    """
    try:
        yield
    except Fault:
        raise
    except BaseException as error:
        raise _fault(fields, error) from None


def _fault(fields: dict[str, Any], error: BaseException) -> Fault:
    node, said = fields["node"], said_of(error).rstrip(".")
    # The data files lie in the asker's own folder only for this question.
    said = said.replace(f"{fields['folder']}/", "")
    found = damage(error, said, fields.get("sources") or {}, Path(fields.get("home", "")))
    if found is not None:
        return Fault(f"{quoted(found.node)} fails: {found.said}.")
    for line in reversed(_lines(fields, error)):
        for key, ranges in fields["lines"].items():
            kind, _, name = key.partition(":")
            first = next((first for first, last in ranges if first <= line <= last), None)
            if first is None:
                continue
            if kind == "code":
                at = line - first + 1
                text = fields["script"].splitlines()[line - 1].strip()
                sentence = f"{name} fails in line {at} of its source, {quoted(text)}: {said}."
                return Fault(sentence, name, at)
            return Fault(f"{quoted(name)} fails: {said}.")
    return Fault(f"{quoted(_first_failing(fields, error) or node)} fails: {said}.")


def _first_failing(fields: dict[str, Any], error: BaseException) -> str:
    """The first stage whose own elements raise such an error; "" where none does in time.

    An error in the middle of the data comes through all stages behind the one it
    is raised in, and says of none of them that it is that one.
    """
    import tensorflow as tf

    if not isinstance(error, tf.errors.OpError) or "stages" not in fields:
        return ""
    try:
        stages = getattr(made_of(fields, fields["stages"]), FUNCTION)()
        for end, made in stages.items():
            if _raises(made, type(error)):
                return end.partition(".")[0]
    except Exception:
        return ""  # what is told is the error that led here
    return ""


def _raises(made: Any, kind: type[BaseException]) -> bool:
    """Whether going through a dataset ends in such an error, within a few seconds."""
    until = time.monotonic() + SECONDS
    try:
        for _ in made:
            if time.monotonic() > until:
                return False
    except kind:
        return True
    return False


def _lines(fields: dict[str, Any], error: BaseException) -> list[int]:
    """The lines of the script that an error came through, the innermost last."""
    file = _file(fields)
    frames = traceback.extract_tb(error.__traceback__)
    # What AutoGraph has rewritten, or a thread of TensorFlow's has run, stands in the text alone.
    told = re.findall(rf'File "{re.escape(file)}", line (\d+)', str(error))
    return [frame.lineno for frame in frames if frame.filename == file] + [int(n) for n in told]


def said_of(error: BaseException) -> str:
    """What an exception says in one line, without what TensorFlow puts around it."""
    text = _without_trace(str(error))
    _, asserted, words = text.partition("assertion failed: [")
    if asserted:
        return _short(words.splitlines()[0].rstrip("] ").replace("] [", " ").replace("\\'", "'"))
    inner = re.findall(r"^ *((?:\w+\.)*\w+(?:Error|Exception): .+)$", text, re.MULTILINE)
    if inner and ("in user code:" in text or "Traceback (most recent call last)" in text):
        return _short(inner[-1])
    text = text.split("\nTraceback (most recent call last)")[0]
    text = re.sub(
        r"\{\{function_node [^}]*\}\} ?|\[\[\{\{node [^]]*\]\]|\[Op:\w+\] name: ?", "", text
    )
    text = re.sub(r"\[Op:\w+\]", "", text)
    if text == str(error):
        return _short(said_by(error))
    return _short(f"{type(error).__name__}: {text}")


def _without_trace(text: str) -> str:
    """The message of an error in a graph, without where in Python that graph was made."""
    head = "Graph execution error:"
    if not text.startswith(head):
        return text
    lines = (line for line in text.removeprefix(head).splitlines() if line[:1].strip(" \t"))
    dull = ("Detected at node", "<stack traces")
    return "\n".join(line for line in lines if not line.startswith(dull)) or text


def _short(text: str) -> str:
    text = printable(" ".join(text.split()))
    return text if len(text) <= MOST_SAID else f"{text[: MOST_SAID - 1]}…"
