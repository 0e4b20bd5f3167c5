"""Sources that read no file of the user's -> the body of their `load_...()`."""

from __future__ import annotations

from collections.abc import Callable

from studio.codegen.data import Stage
from studio.codegen.layout import Expr, call, dictionary, join, tuple_of
from studio.codegen.literal import literal, text
from studio.graph.elements import Structure
from studio.graph.literals import Written, structure_of, written


def _tensors(stage: Stage) -> None:
    source = stage.source
    source.need("tf")
    structure = structure_of(stage.params.tensors, written)
    made: Expr = "tensors"
    if isinstance(structure, tuple):
        names = ("features", "labels", "weights")[: len(structure)]
        for name, part in zip(names, structure, strict=True):
            source.statement(f"{name} = ", _structure(part))
        made = tuple_of(names)
    else:
        source.statement("tensors = ", _structure(structure))
    source.statement("return ", call(stage.op.path, [made]))


def _structure(structure: Structure) -> Expr:
    if isinstance(structure, dict):
        return dictionary((text(name), _structure(part)) for name, part in structure.items())
    each: Written = structure
    value = literal(each.value)
    return call("tf.ragged.constant", [value]) if each.spec.ragged else value


def _range(stage: Stage) -> None:
    p = stage.params
    stage.source.need("tf")
    numbers = [p.start, p.stop, p.step]
    numbers = numbers if p.step != 1 else numbers[:2] if p.start else [p.stop]
    given = list(map(literal, numbers))
    if p.output_type != "int64":
        given.append(join("output_type=", f"tf.{p.output_type}"))
    stage.source.statement("return ", call(stage.op.path, given))


MEMORY: dict[str, Callable[[Stage], None]] = {
    "tf.data.Dataset.from_tensor_slices": _tensors,
    "tf.data.Dataset.from_tensors": _tensors,
    "tf.data.Dataset.range": _range,
}
