"""Sources that read no file of the user's -> the body of their `load_...()`."""

from __future__ import annotations

from collections.abc import Callable

from studio.codegen.data import Stage
from studio.codegen.layout import Expr, call, dictionary, join, tuple_of
from studio.codegen.literal import literal, text
from studio.graph.elements import Structure
from studio.graph.literals import Written, structure_of, written
from studio.graph.ops.generator import signature
from studio.graph.rule import Args
from studio.graph.spec import FLOATS, Spec


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


def _synthetic(stage: Stage) -> None:
    p, source = stage.params, stage.source
    helper = stage.helper("random_rows")
    seed = stage.seed if p.seed is None else literal(p.seed)
    drawn = _drawn(p)
    if p.label is None:
        draw = join("lambda rows, seed: ", drawn)
        source.statement("return ", call(helper, [literal(p.count), draw, seed]))
        return
    uniform = p.distribution == "uniform"
    center = (p.minval + p.maxval) / 2 if uniform else 0.0
    spread = (p.maxval - p.minval) / 12**0.5 if uniform else 1.0
    source.blank()
    with source.block("def draw(rows, seed):"):
        source.statement("features = ", drawn)
        scores = call(
            stage.helper("noisy_scores"),
            ["features"],
            center=literal(round(center, 6) or 0.0),
            spread=literal(float(f"{spread:.6g}")),
            outputs=literal(p.classes if p.label == "class" else 1),
            noise=literal(p.noise),
            weights=seed,
            seed="seed",
        )
        source.statement("scores = ", scores)
        label = "tf.argmax(scores, axis=1, output_type=tf.int32)"
        label = "scores[:, 0]" if p.label == "number" else label
        source.line(f"return features, {label}")
    source.blank()
    source.statement("return ", call(helper, [literal(p.count), "draw", seed]))


def _drawn(p: Args) -> Expr:
    size = tuple_of(["rows", *map(literal, p.shape)])
    if p.distribution == "normal":
        dtype = {} if p.dtype == "float32" else {"dtype": text(p.dtype)}
        return call("tf.random.stateless_normal", [size, "seed"], **dtype)
    if p.dtype in FLOATS:
        limits = list(map(literal, map(float, (p.minval, p.maxval))))
    else:
        limits = list(map(literal, map(int, (p.minval, p.maxval))))
    drawn = "int32" if p.dtype == "uint8" else p.dtype
    limits += [] if drawn == "float32" else [text(drawn)]
    made = call("tf.random.stateless_uniform", [size, "seed", *limits])
    return made if drawn == p.dtype else call("tf.cast", [made, text(p.dtype)])


def _generator(stage: Stage) -> None:
    p, source = stage.params, stage.source
    source.need("tf")
    name = p.generator["op"].removeprefix("code:")
    given = p.generator.get("params", {})
    made: Expr = name
    if given:
        # Names of arguments, which the check has held against the function's own.
        arguments = {key: literal(value) for key, value in given.items()}
        made = join("lambda: ", call(name, **arguments))
    source.statement("signature = ", _signature(signature(p.output_signature)))
    dataset = call(stage.op.path, [made], output_signature="signature")
    if p.count is None:
        source.statement("return ", dataset)
        return
    source.statement("dataset = ", dataset)
    count = "tf.data.INFINITE_CARDINALITY" if p.count == -1 else literal(p.count)
    source.line(f"return dataset.apply(tf.data.experimental.assert_cardinality({count}))")


def _signature(structure: Structure) -> Expr:
    if isinstance(structure, dict):
        return dictionary((text(name), _signature(part)) for name, part in structure.items())
    if isinstance(structure, tuple):
        return tuple_of(map(_signature, structure))
    spec: Spec = structure
    shape = tuple_of(map(literal, spec.shape))
    if not spec.ragged:
        return call("tf.TensorSpec", [shape, text(spec.dtype)])
    rank = literal(spec.ragged - (spec.shape[0] is None))
    return call("tf.RaggedTensorSpec", [shape, text(spec.dtype)], ragged_rank=rank)


MEMORY: dict[str, Callable[[Stage], None]] = {
    "tf.data.Dataset.from_tensor_slices": _tensors,
    "tf.data.Dataset.from_tensors": _tensors,
    "tf.data.Dataset.range": _range,
    "studio.data.synthetic": _synthetic,
    "tf.data.Dataset.from_generator": _generator,
}
