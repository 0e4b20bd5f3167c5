"""The dataset of one stage, made in the warm process by the script that codegen writes of it."""

from __future__ import annotations

import linecache
import re
import sys
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


def dataset(fields: dict[str, Any]) -> Any:
    """The tf.data.Dataset of a question; raises what its script raises.

    `fields`: the `script`, and the `folder` with the data files that it expects
    beside itself.
    """
    file = _file(fields)
    script = fields["script"]
    Path(file).write_text(script, encoding="utf-8")  # AutoGraph looks for the source there
    linecache.cache.pop(file, None)
    module = ModuleType(MODULE)
    module.__file__ = file
    sys.modules[MODULE] = module
    exec(compile(script, file, "exec", dont_inherit=True), module.__dict__)
    return getattr(module, FUNCTION)()


def _file(fields: dict[str, Any]) -> str:
    return str(Path(fields["folder"], FILE))


@contextmanager
def blamed(fields: dict[str, Any]) -> Iterator[None]:
    """What is raised inside becomes a Fault that names the stage it came from.

    `fields`: `lines`, which lines of the script belong to which node or piece of
    code, as "graph:name" -> [[first, last], ...]; the `node` that is looked at;
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
    return Fault(f"{quoted(node)} fails: {said}.")


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
