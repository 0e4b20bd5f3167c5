"""What the messages of converters mean: the op that they don't know, and the node it is of."""

from __future__ import annotations

import re

from studio.engine.node_names import place_of
from studio.graph.document import Project
from studio.graph.problems import printable, quoted

_OPS = (
    r"'tf\.(\w+)' op is neither a custom op nor a flex op",
    r"No Op registered for (\w+)",
    r"Tensorflow op \[[^:\]]*: (\w+)\] is not supported",
    r"'tf\.(\w+)' op requires",
)
"""How LiteRT's converter and ONNX Runtime name the operation at fault."""

_PLACES = (
    r'loc\((?:callsite\()?fused\["\w+:", "([^"@]+)',
    r'In Node, \("([^"]+)"',
    r"Tensorflow op \[([^:\]]+): ",
)
"""And how they say where it stands: by the names of the layers around it."""

MOST = 300


def refusal(project: Project | None, text: str) -> str:
    """A sentence of what a converter has said; names the operation and the node where it can."""
    ops = list(dict.fromkeys(op for pattern in _OPS for op in re.findall(pattern, text)))
    if not ops:
        bare = re.sub(r"\x1b\[\d*m", "", text)
        plain = printable(" ".join(bare.split())[:MOST]).rstrip(". ")
        return f"{plain}."
    nodes = _nodes(project, text) if project is not None else []
    what = f"the operation {ops[0]}" if len(ops) == 1 else f"the operations {', '.join(ops[:4])}"
    where = f" of {' and '.join(map(quoted, nodes[:3]))}" if nodes else ""
    return f"The converter doesn't know {what}{where}. Export a SavedModel, which holds it."


def _nodes(project: Project, text: str) -> list[str]:
    """The nodes that a message speaks of, each once."""
    found: dict[str, None] = {}
    for pattern in _PLACES:
        for path in re.findall(pattern, text):
            names = path.split("/")
            plain = [re.sub(r"_\d+$", "", name) for name in names]
            place = place_of(project, plain) or place_of(project, names)
            if place is not None:
                found[place[1]] = None
    return list(found)
