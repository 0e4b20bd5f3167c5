"""What a node looks like, as data: found from the document, drawn by its item."""

from __future__ import annotations

from collections import Counter

from msgspec import Struct

from studio.graph.caption import op_title, summary_line
from studio.graph.document import Graph, Node, Project, owner
from studio.graph.library import family_of
from studio.graph.ports import block_of, input_ports, op_of, output_ports
from studio.gui.look.tokens import family_colour


class Look(Struct, frozen=True):
    """All that a node's item draws but for its badge and whether it is selected."""

    title: str
    kind: str
    line: str
    colour: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    spare: tuple[str, ...] = ()
    """Inputs that needn't be fed, and aren't: shown only while a wire is in the hand."""
    block: bool = False
    repeat: int = 1
    shared: bool = False
    bypass: bool = False
    result: bool = False
    """Whether it is an output of its graph."""
    frozen: bool = False
    """Whether training leaves its weights as they are."""

    @property
    def marks(self) -> tuple[tuple[str, str], ...]:
        """The icons in its second line, from the right, each with its colour."""
        there = (self.result, self.shared, self.frozen)
        return tuple(mark for mark, shown in zip(_MARKS, there, strict=True) if shown)


_MARKS = (("log-out", "accent"), ("link", "muted"), ("lock", "muted"))


def look_of(
    project: Project, graph: Graph, node: Node, results: frozenset[str], fed: Counter[str]
) -> Look:
    """What a node looks like.

    `results` are the nodes whose tensors leave the graph, `fed` the ports that edges come to.
    """
    made = owner(graph, node)
    op = op_of(graph, node)
    block = block_of(project, graph, node)
    ports = input_ports(project, node, graph)
    # An edge without a port's name goes to the first.
    spare = tuple(port.name for port in ports[1:] if port.optional and not fed[port.name])
    path = (made.op if made is not None else node.op) or ""
    if block is not None:
        family = "block"
    elif path.startswith("code:"):
        family = "custom"
    else:
        family = family_of(op) or op.family if op is not None else ""
    return Look(
        title=node.id,
        kind=op_title(project, graph, node),
        line=summary_line(project, graph, node, fed.total()),
        colour=family_colour(family),
        inputs=tuple(port.name for port in ports if port.name not in spare),
        outputs=output_ports(project, node, graph),
        spare=spare,
        block=block is not None,
        repeat=node.repeat,
        shared=node.shares is not None,
        bypass=node.bypass,
        result=node.id in results,
        frozen=made is not None and made.params.get("trainable") is False,
    )
