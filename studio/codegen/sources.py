"""Each data source -> the body of its `load_...()`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from studio.codegen.csv_stream import write_stream
from studio.codegen.data import Stage, script_path
from studio.codegen.downloads import DOWNLOADS
from studio.codegen.folders import FOLDERS
from studio.codegen.layout import (
    Expr,
    call,
    comprehension,
    dictionary,
    join,
    listing,
    subscript,
    tuple_of,
)
from studio.codegen.literal import literal, text
from studio.codegen.memory import MEMORY
from studio.codegen.records import RECORDS, write_files
from studio.codegen.tables import TABLES
from studio.graph.files import is_pattern
from studio.graph.ops.sources import CsvPlan, Feature, csv_plan, numpy_plan, numpy_streams


def _csv(stage: Stage) -> None:
    p, source = stage.params, stage.source
    plan = csv_plan(p)
    if plan.streams:
        write_stream(stage, plan)
        return
    source.need("np", "tf")
    reader = stage.helper("read_csv_gz" if plan.files[0].endswith(".gz") else "read_csv")
    if len(plan.files) == 1 and isinstance(p.path, str) and not is_pattern(p.path, p.folder):
        source.statement("columns = ", call(reader, [script_path(source, p.path)]))
    else:
        files = write_files(stage, always=True)
        read = comprehension(f"{reader}(file)", join("for file in ", files))
        source.statement("columns = ", call(stage.helper("joined_columns"), [read]))
    if p.missing == "drop":
        complete = stage.helper("complete_rows")
        source.statement(f"columns = {complete}", _arguments("columns", literal(plan.columns)))
    features = write_features(stage, plan)
    if plan.label is None:
        _slices(stage, features)
        return
    column = subscript("columns", text(plan.label))
    if plan.classes:
        source.statement("classes = ", literal(list(plan.classes)))
        indices = comprehension("classes.index(cell)", join("for cell in ", column))
        source.statement("labels = np.array", _arguments(indices, '"int32"'))
    elif plan.label_dtype != "float32":
        # By way of a float, as a whole number may be written 7.0.
        source.statement("labels = np.array", _arguments(column, "float"))
        source.statement("labels = labels.astype", _arguments(text(plan.label_dtype)))
    else:
        source.statement("labels = np.array", _arguments(column, text(plan.label_dtype)))
    _slices(stage, tuple_of([features, "labels"]))


def write_features(stage: Stage, plan: CsvPlan) -> Expr:
    """Writes what becomes of `columns`, the texts of the cells by column; gives the features."""
    if isinstance(plan.features, Feature):
        return _feature(stage, plan.features, "features")
    entries = [
        (text(name), _feature(stage, feature, "")) for name, feature in plan.features.items()
    ]
    stage.source.statement("features = ", dictionary(entries))
    return "features"


def _arguments(*items: Expr) -> Expr:
    return call("", items)


def _slices(stage: Stage, structure: Expr) -> None:
    stage.source.statement("return ", call("tf.data.Dataset.from_tensor_slices", [structure]))


def _feature(stage: Stage, feature: Feature, name: str) -> Expr:
    """The array of one feature; where it takes a statement of its own, that is called `name`."""
    source = stage.source
    keep = stage.params.missing == "keep" and feature.number
    whole = feature.dtype.startswith("int")
    # By way of a float, as a whole number may be written 7.0.
    dtype = ['"float"' if whole else text(feature.dtype)] if feature.number else []
    cast = [call(".astype", [text(feature.dtype)])] if whole else []
    if not feature.shape:
        column = subscript("columns", text(feature.columns[0]))
        if keep:
            return _kept(stage, feature, column)
        return join("np.array", _arguments(column, *dtype), *cast)
    each = _kept(stage, feature, "columns[name]") if keep else "columns[name]"
    # Only a plain name may stand inside an f-string.
    if name and feature.prefix.isidentifier() and feature.prefix.isascii():
        indices = "ijklmn"[: len(feature.shape)]
        holes = "".join(f"_{{{index}}}" for index in indices)
        loops = [
            f"for {index} in range({size})"
            for index, size in zip(indices, feature.shape, strict=True)
        ]
        source.statement("names = ", comprehension(f'f"{feature.prefix}{holes}"', *loops))
        names: Expr = "names"
    elif name:
        source.statement("names = ", literal(list(feature.columns)))
        names = "names"
    else:
        names = literal(list(feature.columns))
    cells = comprehension(each, join("for name in ", names))
    if not name:
        columns = listing(
            [
                _kept(stage, feature, subscript("columns", text(column)))
                if keep
                else subscript("columns", text(column))
                for column in feature.columns
            ]
        )
        return join("np.array", _arguments(columns, *dtype), ".T", *cast)
    source.statement(f"{name} = np.array", _arguments(cells, *dtype), ".T", *cast)
    if len(feature.shape) > 1:
        source.line(f"{name} = {name}.reshape(-1, {', '.join(map(str, feature.shape))})")
    return name


def _kept(stage: Stage, feature: Feature, column: Expr) -> Expr:
    dtype = [] if feature.dtype == "float32" else [text(feature.dtype)]
    return call(stage.helper("numbers"), [column, *dtype])


def _numpy(stage: Stage) -> None:
    p, source = stage.params, stage.source
    chosen, arrays = numpy_plan(p)
    source.need("np", "tf")
    if numpy_streams(p):
        mapped = call("np.load", [script_path(source, p.path)], mmap_mode='"r"')
        source.statement("array = ", mapped)
        rows = f"{stage.helper('rows_on_disk')}(array)"
        if isinstance(chosen, str):
            source.line(f"return {rows}")
        else:
            named = dictionary((text(key), "row") for key in chosen)
            source.line(f"rows = {rows}")
            source.statement("return rows.map", _arguments(join("lambda row: ", named)))
        return
    source.statement("arrays = ", call("np.load", [script_path(source, p.path)]))
    single = list(arrays) == ["array"] and not p.path.endswith(".npz")

    def array(name: str) -> Expr:
        return "arrays" if single else f"arrays[{text(name)}]"

    features: Any
    if isinstance(chosen, str):
        features = array(chosen)
    else:
        features = dictionary((text(key), array(value)) for key, value in chosen.items())
    _slices(stage, features if p.label is None else tuple_of([features, array(p.label)]))


SOURCES: dict[str, Callable[[Stage], None]] = {
    "studio.data.csv": _csv,
    "studio.data.numpy": _numpy,
}
SOURCES |= MEMORY | DOWNLOADS
SOURCES |= FOLDERS | RECORDS | TABLES
