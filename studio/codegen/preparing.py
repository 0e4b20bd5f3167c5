"""`prepare(rows)`: new rows, by the stages of the data, as the model takes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from studio.codegen.data import DataWriter, write_helpers
from studio.codegen.layout import Expr, call, dictionary, join, tuple_of
from studio.codegen.literal import literal, text
from studio.codegen.source import Source
from studio.graph.document import Node
from studio.graph.elements import Elements, Structure
from studio.graph.preparing import ROWS, Preparing
from studio.graph.shapes import Shapes

FUNCTION = "prepare"
"""What a script calls the function that prepares rows."""


def write_preparing(source: Source, found: Preparing, shapes: Shapes, folder: Path) -> None:
    """Writes `prepare(rows)` and the helpers that it needs and the script doesn't have yet.

    It takes a batch of rows (a tensor, or tensors by name) and gives the model's inputs; it can
    be called inside a tf.function. `shapes` are those of the data graph of the whole project.
    """
    writer = _Preparer(source, found, shapes, folder)
    body = Source()
    body.code_functions = source.code_functions
    doc = "Returns what the model takes, for a batch of rows as they are before any stage."
    with body.section("Preparing"), body.block(f"def {FUNCTION}(rows):", doc):
        body.need("tf")
        writer.stages(body)
        body.statement("return ", writer.prepared())
    write_helpers(source, writer.helpers)
    source.needs |= body.needs
    source.sections += body.sections


class _Preparer(DataWriter):
    def __init__(self, source: Source, found: Preparing, shapes: Shapes, folder: Path):
        super().__init__(source, found.project, shapes, folder)
        self.found = found
        self.taken |= {"rows", FUNCTION}

    def rows(self, node: Node) -> Expr:
        """The rows that are given, with something in the place of what isn't known of them."""
        rows = call("tf.data.Dataset.from_tensor_slices", ["rows"])
        structure = self.shapes.at(node.id).structure
        several = isinstance(structure, tuple)
        if not several and not self.found.unknown:
            return rows
        whole: Expr = "x"
        if self.found.unknown:
            features = structure[0] if several else structure
            others = ((text(name), _nothing(features[name])) for name in self.found.unknown)
            whole = join("{**x, ", *_entries(others), "}")
        if several:
            whole = tuple_of([whole, *map(_nothing, structure[1:])])
        return join(rows, call(".map", [join("lambda x: ", whole)]))

    def prepared(self) -> Expr:
        """The features of the one batch that there is."""
        end = self.graph.outputs[ROWS]
        batch: Expr = self.variables[self.key(end)]
        arriving = self.shapes.at(end)
        if isinstance(arriving, Elements) and isinstance(arriving.structure, tuple):
            batch = join(batch, call(".map", ["lambda x, *_: x"]))
        return join(batch, call(".get_single_element", []))


def _nothing(structure: Structure) -> Expr:
    """What stands for a label that isn't known."""
    if isinstance(structure, dict):
        return dictionary((text(name), _nothing(part)) for name, part in structure.items())
    if isinstance(structure, tuple):
        return tuple_of([_nothing(part) for part in structure])
    shape = literal([size or 0 for size in structure.shape])
    if structure.dtype == "string":
        return call("tf.fill", [shape, '""'])
    return call("tf.zeros", [shape, text(structure.dtype)])


def _entries(pairs: Any) -> list[Expr]:
    parts: list[Expr] = []
    for name, value in pairs:
        parts += [", "] if parts else []
        parts += [name, ": ", value]
    return parts
