"""Stages that take functions, several datasets, or settings -> the expression of their dataset."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from studio.codegen.data import Stage, script_path
from studio.codegen.lambdas import (
    argument_names,
    method,
    of_element,
    own_function,
    part,
)
from studio.codegen.layout import Expr, Group, call, dictionary, join, listing, tuple_of
from studio.codegen.literal import literal, text
from studio.graph.catalogue.registry import find
from studio.graph.elements import Elements, Nested
from studio.graph.functions import own, tensor_at
from studio.graph.problems import StudioError, quoted
from studio.graph.rule import Args
from studio.graph.spec import Spec

Written = Callable[[Stage, Args, Elements], Expr]


def _function(stage: Stage, param: str, table: dict[str, Written]) -> Expr:
    """The function that a parameter calls for."""
    value, dataset = getattr(stage.params, param), stage.arriving[0]
    if own(value) is not None:
        return own_function(stage, value, dataset)
    path = value["op"]
    if path not in table:
        raise StudioError(f"{quoted(stage.node.id)} calls {quoted(path)}, which can't be written.")
    params = Args(find(path).filled(value.get("params", {})), folder=stage.params.folder)
    return table[path](stage, params, dataset)


def _choosing(stage: Stage) -> Expr:
    return method(stage, predicate=_function(stage, "predicate", _PREDICATES))


def _compare(stage: Stage, p: Args, dataset: Elements) -> Expr:
    return of_element(dataset, join(part(dataset, p.part), f" {p.comparison} ", literal(p.value)))


def _one_of(stage: Stage, p: Args, dataset: Elements) -> Expr:
    spec = tensor_at(dataset, p.part)
    values = call("tf.constant", [literal(p.values), text(spec.dtype)])
    found = join(part(dataset, p.part), " == ", values)
    return of_element(dataset, call("tf.reduce_any", [found]))


def _length(stage: Stage, p: Args, dataset: Elements) -> Expr:
    size = join("tf.shape(", part(dataset, p.part), ")[0]")
    if p.max is None:
        return of_element(dataset, join(size, f" >= {p.min}"))
    if not p.min:
        return of_element(dataset, join(size, f" <= {p.max}"))
    at_least, at_most = join(size, f" >= {p.min}"), join(size, f" <= {p.max}")
    return of_element(dataset, call("tf.logical_and", [at_least, at_most]))


def _finite(stage: Stage, p: Args, dataset: Elements) -> Expr:
    return stage.helper("all_finite")


_PREDICATES: dict[str, Written] = {
    "studio.predicate.compare": _compare,
    "studio.predicate.one_of": _one_of,
    "studio.predicate.length": _length,
    "studio.predicate.finite": _finite,
}


def _keys(dtype: str) -> dict[str, Written]:
    """The ready-made keys, as whole numbers of the dtype that a stage wants."""

    def value(stage: Stage, p: Args, dataset: Elements) -> Expr:
        found = part(dataset, p.part)
        if tensor_at(dataset, p.part).dtype == dtype:
            return of_element(dataset, found)
        return of_element(dataset, call("tf.cast", [found, text(dtype)]))

    def length(stage: Stage, p: Args, dataset: Elements) -> Expr:
        kind = ", out_type=tf.int64" if dtype == "int64" else ""
        size = join("tf.shape(", part(dataset, p.part), f"{kind})[0]")
        return of_element(dataset, join(size, f" // {p.width}") if p.width > 1 else size)

    return {"studio.key.value": value, "studio.key.length": length}


def _bucket(stage: Stage) -> Expr:
    given: dict[str, Expr] = {
        name: _nested(getattr(stage.params, name), stage.arriving[0].structure, name)
        for name in ("padded_shapes", "padding_values")
        if getattr(stage.params, name) is not None
    }
    return method(
        stage, element_length_func=_function(stage, "element_length_func", _keys("int32")), **given
    )


def _padded_batch(stage: Stage) -> Expr:
    given: dict[str, Expr] = {
        name: _nested(getattr(stage.params, name), stage.arriving[0].structure, name)
        for name in ("padded_shapes", "padding_values")
        if getattr(stage.params, name) is not None
    }
    return method(stage, **given)


def _nested(value: Any, structure: Any, name: str) -> Expr:
    """Shapes or values in the structure of an element."""
    if isinstance(structure, tuple):
        several = value if value is not None else [None] * len(structure)
        return tuple_of([_nested(*each, name) for each in zip(several, structure, strict=True)])
    if isinstance(structure, dict):
        return dictionary(
            (text(key), _nested((value or {}).get(key), each, name))
            for key, each in structure.items()
        )
    if name == "padded_shapes":
        return literal(value if value is not None else list(structure.shape))
    if value is None:
        return "None"
    # A number of Python would be of a dtype of its own.
    return literal(value) if structure.dtype == "string" else _number(value, structure)


def _number(value: float, spec: Spec) -> Expr:
    return call("tf.constant", [literal(value), text(spec.dtype)])


def _group(stage: Stage) -> Expr:
    return method(
        stage,
        key_func=_function(stage, "key_func", _keys("int64")),
        reduce_func=_reduce(stage),
    )


def _reduce(stage: Stage) -> Expr:
    value = stage.params.reduce_func
    if own(value) is not None:
        settings = value.get("params")
        name = value["op"].removeprefix("code:")
        if not settings:
            return name
        given = {key: literal(item) for key, item in settings.items()}
        return join("lambda key, group: ", call(name, ["key", "group"], **given))
    op = find(value["op"])
    p = Args(op.filled(value.get("params", {})))
    items: list[Expr] = [literal(p.batch_size)]
    items += ["drop_remainder=True"] if p.drop_remainder else []
    return join(f"lambda key, group: group.{op.name}", Group("(", tuple(items), ")", call=True))


def _resample(stage: Stage) -> Expr:
    seed = stage.seed if stage.params.seed is None and stage.seed == "SEED" else None
    given = {"seed": seed} if seed else {}
    return method(stage, class_func=_function(stage, "class_func", _keys("int32")), **given)


def _concatenate(stage: Stage) -> Expr:
    first, *others = stage.inputs
    found = first
    for other in others:
        found = join(found, ".concatenate", Group("(", (other,), ")", call=True))
    return found


def _several(stage: Stage, items: list[Expr], **given: Expr) -> Expr:
    """A function of tf.data.Dataset itself, its arguments by name where they are given."""
    for name in stage.op.params:
        if name in stage.given and name not in given and stage.given[name] is not None:
            given[name] = literal(stage.given[name])
    return call(f"tf.data.Dataset.{stage.op.name}", items, **given)


def _sample(stage: Stage) -> Expr:
    seed: Expr | None = stage.seed if stage.params.seed is None and stage.seed == "SEED" else None
    given = {"seed": seed} if seed else {}
    return _several(stage, [listing(stage.inputs)], **given)


def _choose(stage: Stage) -> Expr:
    pairs = list(zip(stage.inputs, stage.ports, strict=True))
    datasets = [each for each, port in pairs if port != "choice_dataset"]
    (choice,) = (each for each, port in pairs if port == "choice_dataset")
    return _several(stage, [listing(datasets), choice])


def _expanding(stage: Stage) -> Expr:
    return method(stage, map_func=_function(stage, "map_func", _EXPANDS))


def _slices(stage: Stage, p: Args, dataset: Elements) -> Expr:
    if not isinstance(dataset.structure, tuple):
        return "tf.data.Dataset.from_tensor_slices"
    parts = tuple_of(argument_names(dataset))
    return of_element(dataset, call("tf.data.Dataset.from_tensor_slices", [parts]))


def _windows(stage: Stage, p: Args, dataset: Elements) -> Expr:
    size, structure = _size(dataset.structure), dataset.structure
    items: list[Expr] = [str(size)]
    items += ["drop_remainder=True"] if p.drop_remainder else []
    batch = join(".batch", Group("(", tuple(items), ")", call=True))
    if isinstance(structure, Nested):
        return join("lambda x: x", batch)
    whole: Expr = "x"
    if isinstance(structure, tuple):
        whole = tuple_of(argument_names(dataset))
    return of_element(dataset, join(call("tf.data.Dataset.zip", [whole]), batch))


def _size(structure: Any) -> int:
    if isinstance(structure, Nested):
        return structure.size
    inner = structure.values() if isinstance(structure, dict) else structure
    return max(map(_size, inner))


def _lines(stage: Stage, p: Args, dataset: Elements) -> Expr:
    return "tf.data.TextLineDataset"


def _records(stage: Stage, p: Args, dataset: Elements) -> Expr:
    if not p.compression_type:
        return "tf.data.TFRecordDataset"
    made = call("tf.data.TFRecordDataset", ["x"], compression_type=text(p.compression_type))
    return of_element(dataset, made)


_EXPANDS: dict[str, Written] = {
    "studio.expand.slices": _slices,
    "studio.expand.windows": _windows,
    "studio.expand.lines": _lines,
    "studio.expand.records": _records,
}


def _scan(stage: Stage) -> Expr:
    state, dataset = stage.params.initial_state, stage.arriving[0]
    value = stage.params.scan_func
    if own(value) is not None:
        made = call("tf.constant", [literal(state)])
        settings = value.get("params")
        name: Expr = value["op"].removeprefix("code:")
        if settings:
            given = {key: literal(item) for key, item in settings.items()}
            name = join("lambda state, x: ", call(name, ["state", "x"], **given))
        return method(stage, initial_state=made, scan_func=name)
    spec: Spec = dataset.structure
    shape = {"shape": literal(list(spec.shape))} if spec.shape else {}
    made = call("tf.constant", [literal(state), text(spec.dtype)], **shape)
    changes = {
        "studio.scan.running_sum": "lambda state, x: (state + x, state + x)",
        "studio.scan.difference": "lambda state, x: (x, x - state)",
    }
    return method(stage, initial_state=made, scan_func=changes[value["op"]])


def _snapshot(stage: Stage) -> Expr:
    place = script_path(stage.source, stage.params.path)
    return method(stage, path=call("str", [place]))


def _cardinality(stage: Stage) -> Expr:
    promise = call(stage.op.path, [literal(stage.params.expected_cardinality)])
    return join(stage.inputs[0], ".apply", Group("(", (promise,), ")", call=True))


def _distribute(stage: Stage) -> Expr:
    """The stages before it are handed over as a graph, to be run elsewhere."""
    p = stage.params
    policy = f"{stage.op.path.rpartition('.')[0]}.ShardingPolicy.{p.processing_mode}"
    address = call(stage.helper("data_service"), [literal(p.service)] if p.service else [])
    names = [name for name in stage.given if name not in ("processing_mode", "service")]
    made = call(
        stage.op.path,
        [policy, address],
        **{name: literal(stage.given[name]) for name in stage.op.params if name in names},
    )
    return join(stage.inputs[0], ".apply", Group("(", (made,), ")", call=True))


_THREADS = ("private_threadpool_size", "max_intra_op_parallelism")


def _options(stage: Stage) -> Expr:
    p = stage.params
    name = stage.variable(f"{stage.node.id}_options", "tf.data.Options()")

    def setting(where: str, value: Expr) -> None:
        stage.source.statement(f"{name}.{where} = ", value, mark=("data", stage.node.id))

    if p.deterministic is not None:
        setting("deterministic", literal(p.deterministic))
    for each in _THREADS:
        if getattr(p, each) is not None:
            setting(f"threading.{each}", literal(getattr(p, each)))
    if p.auto_shard_policy is not None:
        policy = f"tf.data.experimental.AutoShardPolicy.{p.auto_shard_policy}"
        setting("experimental_distribute.auto_shard_policy", policy)
    if p.autotune is not None:
        setting("autotune.enabled", literal(p.autotune))
    if p.ram_budget is not None:
        setting("autotune.ram_budget", literal(p.ram_budget))
    return join(stage.inputs[0], ".with_options", Group("(", (name,), ")", call=True))


def _ragged_batch(stage: Stage) -> Expr:
    if "row_splits_dtype" not in stage.given:
        return method(stage)
    return method(stage, row_splits_dtype=f"tf.{stage.params.row_splits_dtype}")


STAGE_METHODS: dict[str, Callable[[Stage], Expr]] = {
    "tf.data.Dataset.filter": _choosing,
    "tf.data.Dataset.take_while": _choosing,
    "tf.data.Dataset.padded_batch": _padded_batch,
    "tf.data.Dataset.ragged_batch": _ragged_batch,
    "tf.data.Dataset.bucket_by_sequence_length": _bucket,
    "tf.data.Dataset.group_by_window": _group,
    "tf.data.Dataset.rejection_resample": _resample,
    "tf.data.Dataset.concatenate": _concatenate,
    "tf.data.Dataset.sample_from_datasets": _sample,
    "tf.data.Dataset.choose_from_datasets": _choose,
    "tf.data.Dataset.flat_map": _expanding,
    "tf.data.Dataset.interleave": _expanding,
    "tf.data.Dataset.scan": _scan,
    "tf.data.Dataset.snapshot": _snapshot,
    "tf.data.experimental.assert_cardinality": _cardinality,
    "tf.data.Dataset.with_options": _options,
    "tf.data.experimental.service.distribute": _distribute,
}
