"""One question that is put to both: this call, on these inputs."""

from __future__ import annotations

import json
from typing import Any

from msgspec import Struct, field

from studio.graph.spec import Spec

Inputs = dict[str, "Spec | list[Spec]"]


class Case(Struct, frozen=True):
    """A call and its inputs by port; a list where a port takes several tensors."""

    op: str
    params: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)
    policy: str = "float32"

    def __str__(self) -> str:
        inputs = {port: _text(specs) for port, specs in self.inputs.items()}
        under = "" if self.policy == "float32" else f" under {self.policy}"
        return f"{self.op} {json.dumps(self.params)} on {inputs}{under}"


def _text(specs: Any) -> Any:
    return [str(each) for each in specs] if isinstance(specs, list) else str(specs)


class Answer(Struct, frozen=True):
    """What a call gives: its outputs and weights; or why it is refused."""

    outputs: tuple[tuple[tuple[int | None, ...], str], ...] = ()
    weights: tuple[tuple[str, tuple[int, ...], str, bool], ...] = ()
    """(name, shape, dtype, trainable) of each weight, sorted."""
    refused: str = ""

    def agrees(self, other: Answer) -> bool:
        """Whether both refuse, or both give the same."""
        if self.refused or other.refused:
            return bool(self.refused) == bool(other.refused)
        return (self.outputs, self.weights) == (other.outputs, other.weights)

    def __str__(self) -> str:
        if self.refused:
            return f"refused: {self.refused}"
        return f"outputs {list(self.outputs)}, weights {list(self.weights)}"
