"""Where a field stands: the project around it, and what may be put into it from there."""

from __future__ import annotations

from msgspec import Struct

from studio.graph.document import Block
from studio.gui.session import Session

ABSENT = type("Absent", (), {"__repr__": lambda self: "ABSENT"})()
"""In the place of a value that a call leaves out."""

MIXED = type("Mixed", (), {"__repr__": lambda self: "MIXED"})()
"""In the place of a value that differs among several nodes."""

_CODE = {kind: kind for kind in ("layer", "loss", "metric", "callback", "map", "train_step")}


class Place(Struct, frozen=True):
    """The session, and the name of the graph; "training" for what belongs to no graph."""

    session: Session
    graph: str

    @property
    def parameters(self) -> dict[str, object]:
        """The parameters of the block around, with their values; none outside of one."""
        graph = self.session.project.graph(self.graph)
        return graph.parameters if isinstance(graph, Block) else {}

    def code(self, kinds: tuple[str, ...]) -> list[str]:
        """The project's own code that can stand where calls of these kinds can."""
        if "code" not in kinds:
            return []
        wanted = {_CODE.get(kind, "function") for kind in kinds if kind != "code"}
        return [name for name, code in self.session.project.code.items() if code.kind in wanted]
