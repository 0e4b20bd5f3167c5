"""A CSV whose rows are read as they are needed -> the body of its `load_...()`."""

from __future__ import annotations

from studio.codegen.data import Stage
from studio.codegen.layout import Expr, call, dictionary, join, listing, tuple_of
from studio.codegen.literal import literal, text
from studio.codegen.records import write_reading
from studio.graph.ops.sources import CsvPlan, Feature

_EMPTY = {"float32": '[float("nan")]', "string": '[""]'}
_EMPTY_DOUBLE = 'tf.constant([float("nan")], "float64")'


def write_stream(stage: Stage, plan: CsvPlan) -> None:
    """Reads lines, and takes many of them apart at a time."""
    source, missing = stage.source, stage.params.missing
    packed = "GZIP" if plan.files[0].endswith(".gz") else ""
    write_reading(stage, "lines", "tf.data.TextLineDataset", packed, header=True)
    given = [plan.features] if isinstance(plan.features, Feature) else plan.features.values()
    dtypes = {name: feature.dtype for feature in given for name in feature.columns}
    if plan.label is not None:
        # A whole number may be written 7.0, so it is read as a float.
        dtypes[plan.label] = "string" if plan.classes else "float64"
    if plan.classes:
        source.statement("classes = ", literal(list(plan.classes)))
    used = [name for name in plan.header if name in dtypes]
    places = {name: index for index, name in enumerate(used)}
    defaults = [
        _default(dtypes[name], missing == "error" or (missing == "keep" and name == plan.label))
        for name in used
    ]
    same = len(set(defaults)) == 1 and len(defaults) > 1
    many = join(listing(defaults[:1]), f" * {len(defaults)}")
    source.statement("defaults = ", many if same else listing(defaults))
    all_ = len(used) == len(plan.header)
    if not all_:
        columns = [plan.header.index(name) for name in used]
        source.statement("columns = ", _numbers(columns))
    source.blank()
    with source.block("def parse(lines):"):
        source.line('lines = tf.boolean_mask(lines, lines != "")')
        select = {} if all_ else {"select_cols": "columns"}
        cells = call("tf.io.decode_csv", ["lines", "defaults"], **select)
        if missing == "drop":
            source.statement("cells = ", call(stage.helper("complete_cells"), [cells]))
        else:
            source.statement("cells = ", cells)
        write_arrangement(stage, plan, places)
    source.blank()
    source.line(f"return {stage.helper('map_in_batches')}(lines, parse)")


def write_arrangement(stage: Stage, plan: CsvPlan, places: dict[str, int], cast: bool = False):
    """Writes what becomes of `cells`, a list of columns: features, and a label.

    With `cast` all numbers are float64, and are made what they should be.
    """
    source = stage.source
    if isinstance(plan.features, Feature):
        source.statement("features = ", _feature(plan.features, places, cast))
    else:
        entries = (
            (text(name), _feature(each, places, cast)) for name, each in plan.features.items()
        )
        source.statement("features = ", dictionary(entries))
    if plan.label is None:
        source.line("return features")
        return
    cell = f"cells[{places[plan.label]}]"
    if plan.classes:
        source.line(f"label = {stage.helper('class_numbers')}({cell}, classes)")
    else:
        source.line(f"label = tf.cast({cell}, {text(plan.label_dtype)})")
    source.statement("return ", tuple_of(["features", "label"]))


def _default(dtype: str, needed: bool) -> str:
    """What stands for an empty cell: nothing, so that it is an error; else NaN or an empty text."""
    if needed:
        return f'tf.constant([], "{"float64" if dtype.startswith("int") else dtype}")'
    return _EMPTY.get(dtype, _EMPTY_DOUBLE)


def _numbers(places: list[int]) -> Expr:
    first, last = places[0], places[-1]
    if len(places) > 3 and last - first + 1 == len(places):
        return f"list(range({first}, {last + 1}))"
    return listing(map(str, places))


def _feature(feature: Feature, places: dict[str, int], cast: bool) -> Expr:
    indices = [places[name] for name in feature.columns]
    cast = feature.dtype.startswith("int") or (cast and feature.dtype == "float32")
    if not feature.shape:
        one = f"cells[{indices[0]}]"
        return call("tf.cast", [one, text(feature.dtype)]) if cast else one
    first, last = indices[0], indices[-1]
    if len(indices) > 3 and indices == list(range(first, last + 1)):
        stacked: Expr = f"cells[{first or ''}:{last + 1}]"
    else:
        stacked = listing(f"cells[{index}]" for index in indices)
    made: Expr = call("tf.stack", [stacked], axis="1")
    if cast:
        made = call("tf.cast", [made, text(feature.dtype)])
    if len(feature.shape) > 1:
        made = call("tf.reshape", [made, literal((-1, *feature.shape))])
    return made
