"""What an exception of a training says, and the place in the project that it came from."""

from __future__ import annotations

import json
import math
import re
import traceback
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from studio.engine.node_names import Place, place_of
from studio.engine.run import LINES, SCRIPT, batch_size
from studio.graph.document import Project
from studio.graph.file import read
from studio.graph.problems import printable

CODE = "code"
CODE_OP = "code:"

BYTES = {"half": 2, "bfloat16": 2, "float": 4, "double": 8, "int32": 4, "int64": 8, "bool": 1}


class Fault(Struct, frozen=True):
    """A sentence's end, without its full stop, and the place."""

    said: str
    graph: str = ""
    node: str = ""
    line: int | None = None
    """The line of the script."""

    @property
    def where(self) -> str:
        """Words for the place; "" where it isn't known."""
        return f' at "{self.node}" ({self.graph})' if self.node else ""


def fault_of(folder: Path, error: BaseException) -> Fault:
    """The fault of a run that an exception ended; its words alone where no more is found out."""
    try:
        return _found(folder, error)
    except Exception:  # memory may be out for this, too, or the run's folder changed
        traceback.print_exc()
        return Fault(f"{type(error).__name__}: {printable(str(error)[:400])}")


def _found(folder: Path, error: BaseException) -> Fault:
    from studio.engine.damage import damage, sources
    from studio.engine.labels import told_label
    from studio.engine.stage import said_of

    project, _ = read(folder / "project.json")
    damaged = damage(error, said_of(error), sources(project), folder)
    if damaged is not None:  # a file, and so its source, is to blame
        return Fault(damaged.said, "data", damaged.node)
    label = told_label(str(error), project, folder)
    if label is not None:
        said, output = label
        return Fault(said.rstrip("."), "model" if output else "", output)
    place, line = place_in(folder, project, _lines(folder, error))
    place = place or _layer(project, str(error))
    said = _memory(project, error) or said_of(error)
    graph, node = place or ("", "")
    return Fault(said, graph, node, line)


def place_in(
    folder: Path, project: Project, lines: Sequence[int]
) -> tuple[Place | None, int | None]:
    """The node that the last of some lines of the script belongs to, and the line.

    A line of the project's own code is that of the one node that uses it.
    """
    spans = json.loads((folder / LINES).read_text(encoding="utf-8"))
    for line in reversed(lines):
        for key, ranges in spans.items():
            if any(first <= line <= end for first, end in ranges):
                graph, _, name = key.rpartition(":")
                return _user(project, graph, name), line
    return None, lines[-1] if lines else None


def lines_told(script: Path, text: str) -> list[int]:
    """The lines of the script that a stack in a text goes through, in its order."""
    return [int(n) for n in re.findall(rf'File "{re.escape(str(script))}", line (\d+)', text)]


def _lines(folder: Path, error: BaseException) -> list[int]:
    """The lines of the script that an error came through, the innermost last.

    What a compiled step, or a thread of TensorFlow's, has run stands in the text alone.
    """
    script = folder / SCRIPT
    frames = traceback.extract_tb(error.__traceback__)
    found = [frame.lineno for frame in frames if frame.filename == str(script) and frame.lineno]
    return found + lines_told(script, str(error))


def _user(project: Project, graph: str, name: str) -> Place:
    """The node that uses a piece of code, where it is one; else the piece itself."""
    if graph != CODE:
        return graph, name
    users = [
        (called, node.id)
        for called, each in project.graphs().items()
        for node in each.nodes.values()
        if node.op == CODE_OP + name
    ]
    return users[0] if len(users) == 1 else (graph, name)


def _layer(project: Project, text: str) -> Place | None:
    """The node whose layer an operation in a graph belongs to, by the operation's name."""
    for path in re.findall(r"\{\{node ([\w./-]+)\}\}|Detected at node ([\w./-]+)", text):
        names = [re.sub(r"_\d+$", "", name) for name in "".join(path).split("/")]
        found = place_of(project, names) or place_of(project, "".join(path).split("/"))
        if found is not None:
            return found
    return None


def _memory(project: Project, error: BaseException) -> str:
    """What is said of an error that means that memory ran out; "" for others."""
    if not isinstance(error, MemoryError) and type(error).__name__ != "ResourceExhaustedError":
        return ""
    told = re.search(r"tensor with shape ?\[([\d,]*)\](?: and type (\w+))?", str(error))
    what = ""
    if told:
        shape = [int(size) for size in told[1].split(",") if size]
        size = math.prod(shape) * BYTES.get(told[2] or "float", 4) / 1e9
        what = f" for a tensor of shape [{', '.join(map(str, shape))}] ({size:.3g} GB)"
    elif str(error):
        what = f" ({str(error).splitlines()[0][:200].rstrip('.')})"
    return f"memory ran out{what}. {helps(project)}"


def helps(project: Project) -> str:
    """What helps where memory runs out, as a sentence without its full stop."""
    size = batch_size(project)
    now = f" (it is {size})" if size else ""
    ways = [f"A smaller batch_size{now}"]
    if any(_keeps(node.op) for node in (project.data.nodes.values() if project.data else ())):
        ways.append("a cache in a file, a smaller shuffle buffer")
    return f"{', '.join(ways)} or smaller layers need less"


def _keeps(op: str | None) -> bool:
    return op in ("tf.data.Dataset.cache", "tf.data.Dataset.shuffle")
