"""What a format can't hold of a model, said beforehand: by its ops, their dtypes, its style.

The sets of ops are what the converters were found not to know, op by op (docs/exports.md). A
layer or step of the user's own is nobody's to know before it is tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from studio.graph.adapting import unmeasured
from studio.graph.bypass import through
from studio.graph.catalogue.registry import find
from studio.graph.document import Call, Node, Project, is_call
from studio.graph.exporting import OWN, PREFIX, file_of, format_of, quantization_of
from studio.graph.ops.exports import NO_LITERT, NO_ONNX, RECURRENT
from studio.graph.preparing import preparing
from studio.graph.problems import ERROR, Problem, StudioError, quoted
from studio.graph.shapes import Shapes
from studio.graph.spec import Spec

CODE = "bad-export"

LOOKUPS = frozenset(
    f"keras.layers.{name}" for name in ("StringLookup", "IntegerLookup", "TextVectorization")
)
MOST_NAMED = 3


class _Used(Struct, frozen=True):
    """A call in the model: the node it stands in, its op, its parameters."""

    node: Node
    op: str
    params: Mapping[str, Any]


def check_exports(project: Project, shapes: Mapping[str, Shapes]) -> Iterator[Problem]:
    """Exports that the model can't be written in, and names that two would have."""
    taken: dict[str, str] = dict.fromkeys(OWN, "what the run itself keeps there")
    for index, each in enumerate(project.exports):
        op = find(each.op)
        if op is None or op.kind != "export":
            continue
        place = f"exports[{index}]"
        name = file_of(each)
        key = name.casefold() if isinstance(name, str) else ""
        if key in taken:
            message = f"is written to {quoted(name)}, as {taken[key]}."
            yield _problem(place, message, "Give it another file.")
        taken.setdefault(key, f"{place} is")
        if project.model is None or project.data is None or not project.model.outputs:
            continue
        why = why_not(project, shapes, each)
        if why:
            yield _problem(place, f"{format_of(each).word}: {why}", "")


def _problem(place: str, message: str, hint: str) -> Problem:
    return Problem(ERROR, CODE, "training", "", message, hint, place)


def why_not(project: Project, shapes: Mapping[str, Shapes], call: Call) -> str:
    """Why the model of a project can't be written in a format, and what can; "" where it can."""
    used = list(_used(project))
    for rule in _RULES.get(call.op, ()):
        said = rule(project, shapes, call, used)
        if said:
            return said
    return ""


def loops(project: Project) -> bool:
    """Whether the model goes through the steps of a sequence in a loop, one after the other."""
    return any(_loops(each) for each in _used(project))


def _loops(each: _Used) -> bool:
    return each.op in RECURRENT and not each.params.get("unroll")


def _used(project: Project) -> Iterator[_Used]:
    """Every call of the model, those in its blocks and in parameters among them."""
    for name, graph in project.graphs().items():
        if name == "data":
            continue
        for node in through(project, graph).nodes.values():
            if node.op is not None:
                yield _Used(node, node.op, node.params)
                for op, params in _inside(node.params):
                    yield _Used(node, op, params)


def _inside(value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if is_call(value) and isinstance(value["op"], str):
        yield value["op"], value.get("params", {})
    inner = value.values() if isinstance(value, dict) else value
    for each in inner if isinstance(inner, (list, tuple)) or isinstance(value, dict) else ():
        yield from _inside(each)


Rule = Callable[[Project, Mapping[str, Shapes], Call, list[_Used]], str]


def _is_class(project: Project, shapes: Mapping[str, Shapes], call: Call, used: list[_Used]) -> str:
    if project.model.style != "subclass":
        return ""
    return (
        'The model is written as a class (its style is "subclass"), which the older file of Keras '
        "can't hold. Export keras or weights, or write it in the functional style."
    )


def _in_a_list(
    project: Project, shapes: Mapping[str, Shapes], call: Call, used: list[_Used]
) -> str:
    found = [each for each in used if each.node.repeat > 1 and each.op == each.node.op]
    if project.model.style != "subclass" or not found:
        return ""
    return (
        f"The turns of {_names(found)} are kept in a list by the model's class, which "
        "tf.train.Checkpoint passes over. Export weights, or write the model in the functional "
        "style."
    )


def _measured(*ops: str) -> Rule:
    """A rule of layers whose state is no weight."""

    def rule(project: Project, shapes: Mapping[str, Shapes], call: Call, used: list[_Used]) -> str:
        found = [each for each in used if each.op in ops and unmeasured(each.node)]
        if not found:
            return ""
        bins = found[0].op not in LOOKUPS
        alike = [each for each in found if (each.op not in LOOKUPS) is bins]
        what, are = ("bins", "are no weights") if bins else ("vocabulary", "is no weight")
        return (
            f"The {what} of {_names(alike)} measured on the training data {are}. "
            f"Export keras or savedmodel, or give the layer its {what}."
        )

    return rule


def _unknown(ops: Mapping[str, str], runtime: str) -> Rule:
    """A rule of ops that a converter doesn't know."""

    def rule(project: Project, shapes: Mapping[str, Shapes], call: Call, used: list[_Used]) -> str:
        found = [each for each in used if each.op in ops]
        if not found:
            return ""
        kind = found[0].op
        alike = [each for each in found if each.op == kind]
        name = kind.rpartition(".")[2]
        return f"{runtime} can't compute {name}, as in {_names(alike)}. {ops[kind]}"

    return rule


def _counting(project: Project, shapes: Mapping[str, Shapes], call: Call, used: list[_Used]) -> str:
    modes = ("multi_hot", "count", "tf_idf")
    found = [
        each
        for each in used
        if each.op == "keras.layers.StringLookup" and each.params.get("output_mode") in modes
    ]
    if not found:
        return ""
    return (
        f"LiteRT can look texts up but not count them, as {_names(found)} does. Export a "
        'SavedModel, or set output_mode to "int" or "one_hot".'
    )


def _loop_in_integers(
    project: Project, shapes: Mapping[str, Shapes], call: Call, used: list[_Used]
) -> str:
    found = [each for each in used if _loops(each)]
    if quantization_of(call) != "int8" or not found:
        return ""
    return (
        f"The ranges in a loop over a sequence, as in {_names(found)}, can't be measured for int8 "
        "by LiteRT's converter. Export tflite-dynamic or tflite-float16, or set unroll to true."
    )


def _texts(runtime: str) -> Rule:
    def rule(project: Project, shapes: Mapping[str, Shapes], call: Call, used: list[_Used]) -> str:
        found = [
            each
            for each in used
            if each.op == "keras.Input" and _spec(shapes, each).dtype == "string"
        ]
        if not found:
            return ""
        return (
            f"Texts come in by {_names(found)}, which no op of {runtime} looks up. Export a "
            "SavedModel, or take the lookup out of the model: put it into the data."
        )

    return rule


def _narrow(runtime: str, dtypes: frozenset[str]) -> Rule:
    """A rule of floats that a runtime doesn't compute with."""

    def rule(project: Project, shapes: Mapping[str, Shapes], call: Call, used: list[_Used]) -> str:
        found = [each for each in used if _spec(shapes, each).dtype in dtypes]
        if not found:
            return ""
        dtype = _spec(shapes, found[0]).dtype
        alike = [each for each in found if _spec(shapes, each).dtype == dtype]
        return (
            f"{runtime} doesn't compute in {dtype}, as {_names(alike)} does. Export a SavedModel, "
            "or train in float32."
        )

    return rule


def _complex(runtime: str) -> Rule:
    def rule(project: Project, shapes: Mapping[str, Shapes], call: Call, used: list[_Used]) -> str:
        found = [each for each in used if _spec(shapes, each).dtype.startswith("complex")]
        if not found:
            return ""
        return (
            f"Complex numbers come from {_names(found)}, which {runtime} doesn't compute with. "
            "Export a SavedModel, or put that step into the data."
        )

    return rule


def _raw(project: Project, shapes: Mapping[str, Shapes], call: Call, used: list[_Used]) -> str:
    if not call.params.get("raw"):
        return ""
    try:
        preparing(project, shapes)
    except StudioError as error:
        return f"It can't take raw rows: {error} Leave raw out."
    return ""


def _spec(shapes: Mapping[str, Shapes], each: _Used) -> Spec:
    """What leaves the node, where it is known and of the model itself."""
    found = shapes["model"].at(each.node.id) if "model" in shapes else None
    return found if isinstance(found, Spec) else Spec(())


def _names(found: list[_Used]) -> str:
    names = list(dict.fromkeys(each.node.id for each in found))
    shown = [quoted(name) for name in names[:MOST_NAMED]]
    more = f" and {len(names) - MOST_NAMED} others" if len(names) > MOST_NAMED else ""
    return (" and " if len(names) < MOST_NAMED else ", ").join(shown) + more


_LITERT, _ONNX = "LiteRT", "ONNX"
_STATE = _measured(*LOOKUPS, "keras.layers.Discretization")
_RULES: dict[str, tuple[Rule, ...]] = {
    f"{PREFIX}h5": (_is_class, _measured(*LOOKUPS)),
    f"{PREFIX}weights": (_STATE,),
    f"{PREFIX}checkpoint": (_STATE, _in_a_list),
    f"{PREFIX}saved_model": (_raw,),
    f"{PREFIX}tflite": (
        _unknown(NO_LITERT, _LITERT),
        _counting,
        _complex(_LITERT),
        _narrow(_LITERT, frozenset({"float16", "bfloat16"})),
        _loop_in_integers,
    ),
    f"{PREFIX}onnx": (_texts(_ONNX), _unknown(NO_ONNX, _ONNX), _complex(_ONNX)),
}
"""The rules of each format, the most telling first."""
