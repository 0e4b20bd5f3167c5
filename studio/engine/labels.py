"""A label that there is no class for: which label, of which source, for which output."""

from __future__ import annotations

import re
from pathlib import Path

from studio.graph.catalogue.registry import find
from studio.graph.document import Graph, Project, output_name
from studio.graph.problems import one_of, quoted

SPARSE = "keras.losses.SparseCategoricalCrossentropy"

_TOLD = re.compile(r"label value of (-?\d+) which is outside the valid range of \[0, (\d+)\)")


def sources(graph: Graph | None) -> list[str]:
    """The nodes that data come from."""
    nodes = graph.nodes.values() if graph is not None else ()
    return [n.id for n in nodes if (op := find(n.op or "")) is not None and op.kind == "source"]


def sparse_outputs(project: Project) -> list[str]:
    """The outputs whose labels are numbers of classes."""
    names = map(output_name, project.model.outputs if project.model is not None else ())
    losses = project.training.losses
    return [name for name in names if name in losses and losses[name].op == SPARSE]


def no_class(project: Project, label: int, classes: int, outputs: list[str]) -> str:
    """The sentence on a label that there is no class for; `outputs` are those it may be of."""
    found = sources(project.data)
    where = f" (of {quoted(found[0])} in data)" if len(found) == 1 else ""
    output = one_of(outputs)
    more = (
        f"Give {output} {label + 1} units or more" if label >= classes else "Let labels begin at 0"
    )
    return (
        f"there is a label {label}{where}, but the output {output} has {classes} classes, 0 to "
        f"{classes - 1}. {more}, mend the labels, or leave such rows out by a filter."
    )


def told_label(text: str, project: Project, folder: Path) -> tuple[str, str] | None:
    """(the sentence, the output) for an error of TensorFlow's that speaks of a label; else None.

    The output is "" where it can't be said which it is. Paths are relative to `folder`.
    """
    told = _TOLD.search(text)
    outputs = sparse_outputs(project)
    if told is None or not outputs:
        return None
    label, classes = int(told[1]), int(told[2])
    if len(outputs) > 1:
        units = _units(project, folder, outputs)
        outputs = [name for name in outputs if units[name] in (classes, None)] or outputs
    return no_class(project, label, classes, outputs), outputs[0] if len(outputs) == 1 else ""


def _units(project: Project, folder: Path, outputs: list[str]) -> dict[str, int | None]:
    """How many numbers outputs give for a row, None where that isn't known."""
    from studio.graph.checks import check

    shapes = check(project, folder).shapes.get("model")
    found: dict[str, int | None] = dict.fromkeys(outputs)
    for name in outputs:
        spec = shapes.at(name) if shapes is not None else None
        shape = getattr(spec, "shape", None)
        found[name] = shape[-1] if shape else None
    return found
