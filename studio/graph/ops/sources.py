"""Data sources: what a data graph begins with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Bool, Choice, DictOf, Either, Files, ListOf, Path, Text
from studio.graph.elements import Elements
from studio.graph.files import all_matching
from studio.graph.problems import nearest, quoted
from studio.graph.rule import Args
from studio.graph.spec import Refused, Spec
from studio.graph.tables import Column, Table, existing, grid_of, read_arrays, read_table, together


class Feature(Struct, frozen=True):
    """One tensor of a CSV's features, and the columns it is made of."""

    columns: tuple[str, ...]
    shape: tuple[int, ...]
    """() where one column gives one value a row."""
    dtype: str
    prefix: str = ""
    """Where the columns are numbered as an array's elements: what is before the numbers."""

    @property
    def number(self) -> bool:
        """Whether it holds no text."""
        return self.dtype != "string"


class CsvPlan(Struct, frozen=True):
    """How a CSV becomes elements; the shape rule and the code are both made from it."""

    features: Feature | dict[str, Feature]
    label: str | None
    label_dtype: str
    classes: tuple[str, ...]
    """For a text label: the text of each class, in the order of their numbers."""
    rows: int | None
    labels: tuple[float, float] | None
    files: tuple[str, ...]
    header: tuple[str, ...]
    """All columns of the file, in their order."""
    streams: bool
    """Whether rows are read as they are needed, and never all of them held in memory."""

    @property
    def columns(self) -> list[str]:
        """Every column that is used."""
        used = [self.features] if isinstance(self.features, Feature) else self.features.values()
        names = [name for feature in used for name in feature.columns]
        return names + ([self.label] if self.label else [])


COLUMNS = Either((Text(), ListOf(Text(), empty=False)))


@describe(
    "studio.data.csv",
    kind="source",
    family="source",
    inputs="",
    shown="path label",
    help="Rows of a CSV file (also .csv.gz), as numbers and texts by column.",
    params=[
        Param(
            "path",
            Files(),
            help="The file (assets:..., or relative to the project), a pattern, or a list.",
        ),
        Param("label", Text(), None, "The column to be predicted; null for none."),
        Param(
            "features",
            Either((COLUMNS, DictOf(COLUMNS, empty=False))),
            None,
            "A column, a list of columns that become a vector, or input name -> one of these. By "
            "default all columns but the label: as one array where they are numbers (columns "
            "numbered pixel_0_0 ... pixel_7_7 keep that shape), else each under its own name.",
        ),
        Param("classes", ListOf(Text(), empty=False), None, "The texts of a text label, in order."),
        Param(
            "missing",
            Choice(("error", "drop", "keep")),
            "error",
            "What to do with an empty cell: stop, drop its row, or keep it (NaN, or empty text).",
        ),
        Param(
            "types",
            DictOf(Choice(("float32", "float64", "int32", "int64", "string")), empty=False),
            None,
            "Column -> dtype, where it isn't what the cells look like: a postal code is a string.",
        ),
        Param(
            "stream",
            Bool(),
            None,
            "Read rows as they are needed, so that memory doesn't grow with the file; null does "
            "so for files of more than 32 MB.",
        ),
    ],
)
def csv(p: Args) -> Elements:
    """One element a row: the features, or (features, label)."""
    return plan_elements(csv_plan(p))


def plan_elements(plan: CsvPlan) -> Elements:
    """What a plan's elements are."""
    if isinstance(plan.features, Feature):
        features: Any = _feature_spec(plan.features)
    else:
        features = {name: _feature_spec(feature) for name, feature in plan.features.items()}
    structure = (features, Spec((), plan.label_dtype)) if plan.label else features
    return Elements(structure, plan.rows, labels=plan.labels, classes=plan.classes)


def _feature_spec(feature: Feature) -> Spec:
    return Spec(feature.shape, feature.dtype)


def csv_plan(p: Args) -> CsvPlan:
    """The plan for a CSV source, made by looking into its file; Refused where they don't agree."""
    files = all_matching(p.path, p.folder)
    if len({path.endswith(".gz") for path in files}) > 1:
        raise Refused("reads files of which only some are .gz", "Unpack or pack them all.")
    table = csv_table(p, files)
    streams = not table.whole if p.stream is None else p.stream
    plan = table_plan(p, table, tuple(files), streams)
    dropped = _check_cells(p, table, plan.columns)
    if streams:
        _check_stream(p, table)
    return replace(plan, rows=table.rows - dropped if table.whole else None)


def csv_table(p: Args, files: Iterable[str]) -> Table:
    """What the files of a CSV source hold together; Refused where their columns differ."""
    return together({path: read_table(path, p.folder) for path in files})


def table_plan(p: Args, table: Table, files: tuple[str, ...], streams: bool) -> CsvPlan:
    """How the columns of a table become elements; the number of rows is left open."""
    for name in p.types or {}:
        _column(table, name, p.path)
    if p.label is not None:
        _column(table, p.label, p.path)
    features = _features(p, table)
    label_dtype, classes, labels = _label(p, table)
    header = tuple(table.columns)
    return CsvPlan(features, p.label, label_dtype, classes, None, labels, files, header, streams)


def _check_stream(p: Args, table: Table) -> None:
    for column in table.columns.values():
        if any("\n" in text or "\r" in text for text in column.texts):
            raise Refused(
                f"streams {quoted(p.path)}, whose column {quoted(column.name)} has a cell of "
                "several lines",
                "Set stream to false, or write such cells in one line.",
            )


def _dtype(p: Args, table: Table, name: str) -> str:
    """The dtype of a column: as the project says, else as its cells look."""
    column = _column(table, name, p.path)
    wanted = (p.types or {}).get(name)
    if wanted is None or wanted == "string":
        return wanted or ("float32" if column.number else "string")
    if not column.number:
        text = column.texts[0] if column.texts else ""
        raise Refused(f"takes {quoted(name)} as {wanted}, but finds the text {quoted(text)} in it")
    if wanted.startswith("int") and not column.whole:
        raise Refused(
            f"takes {quoted(name)} as {wanted}, but it has numbers with a point",
            "Take it as float32.",
        )
    if wanted.startswith("int") and column.empty and p.missing == "keep":
        raise Refused(
            f"keeps empty cells of {quoted(name)}, of which there is no {wanted}",
            "Take it as float32.",
        )
    return wanted


def _column(table: Table, name: str, path: str) -> Column:
    if name not in table.columns:
        there = f"There are {', '.join(list(table.columns)[:12])}" + (
            f" and {len(table.columns) - 12} more." if len(table.columns) > 12 else "."
        )
        raise Refused(
            f"takes the column {quoted(name)}, which {quoted(path)} doesn't have",
            nearest(name, table.columns) or there,
        )
    return table.columns[name]


def _features(p: Args, table: Table) -> Feature | dict[str, Feature]:
    if isinstance(p.features, (str, list)):
        return _feature(p, table, p.features)
    if p.features is not None:
        return {name: _feature(p, table, wanted) for name, wanted in p.features.items()}
    names = [name for name in table.columns if name != p.label]
    if not names:
        raise Refused(f"finds no column in {quoted(p.path)} but the label")
    dtypes = {_dtype(p, table, name) for name in names}
    if len(dtypes) == 1 and dtypes != {"string"}:
        numbered, dtype = grid_of(names), dtypes.pop()
        if numbered:
            return Feature(tuple(names), numbered[1], dtype, numbered[0])
        return Feature(tuple(names), (len(names),), dtype)
    return {name: Feature((name,), (), _dtype(p, table, name)) for name in names}


def _feature(p: Args, table: Table, wanted: str | list[str]) -> Feature:
    if isinstance(wanted, str):
        return Feature((wanted,), (), _dtype(p, table, wanted))
    dtypes = {name: _dtype(p, table, name) for name in wanted}
    if len(set(dtypes.values())) > 1:
        text = next((name for name, dtype in dtypes.items() if dtype == "string"), None)
        odd = text or next(name for name in dtypes if dtypes[name] != dtypes[wanted[0]])
        raise Refused(
            f"puts {', '.join(wanted)} into one tensor, but {quoted(odd)} is "
            f"{'text' if text else dtypes[odd]}",
            "Give the text columns as features of their own." if text else "Give them one dtype.",
        )
    return Feature(tuple(wanted), (len(wanted),), dtypes[wanted[0]])


def _label(p: Args, table: Table) -> tuple[str, tuple[str, ...], tuple[float, float] | None]:
    """Dtype, classes and range of the label."""
    if p.label is None:
        return "", (), None
    column = table.columns[p.label]
    if (p.types or {}).get(p.label) == "string":
        raise Refused(
            f"takes the label {quoted(p.label)} as string",
            "Leave it out of types: texts become the numbers of their classes.",
        )
    if p.classes is not None or not column.number:
        classes = tuple(p.classes or column.texts)
        if column.number:
            raise Refused(f"names classes, but the label {quoted(p.label)} is already a number")
        if p.classes is None and not table.whole:
            raise Refused(
                f"can't collect the classes of {quoted(p.label)}: {quoted(p.path)} is too large "
                "to be looked through",
                "Give the classes as a list.",
            )
        unknown = [text for text in column.texts if text not in classes]
        if unknown:
            raise Refused(
                f"finds the label {quoted(unknown[0])}, which is not among the classes",
                nearest(unknown[0], classes) or "Add it to the classes.",
            )
        return "int32", classes, (0, len(classes) - 1)
    wanted = (p.types or {}).get(p.label)
    if wanted is not None:
        return _dtype(p, table, p.label), (), (column.low, column.high)
    whole = "int32" if max(abs(column.low), abs(column.high)) < 2**31 else "int64"
    return (whole if column.whole else "float32"), (), (column.low, column.high)


def _check_cells(p: Args, table: Table, used: list[str]) -> int:
    """Refuses odd and empty cells of the used columns; returns how many rows are dropped."""
    empty: set[int] = set()
    for name in used:
        column = table.columns[name]
        if column.odd is not None:
            row, text = column.odd
            raise Refused(
                f"finds the text {quoted(text)} in row {row} of the column {quoted(name)} "
                f"of {quoted(p.path)}, where numbers are expected",
                "Mend that cell, or empty it and set missing.",
            )
        if column.empty and p.missing == "error":
            raise Refused(
                f"finds an empty cell in row {column.empty[0]} of the column {quoted(name)} "
                f"of {quoted(p.path)} ({len(column.empty)} of them)",
                'Set missing to "drop" or "keep", or fill it in.',
            )
        if column.empty and name == p.label and p.missing == "keep":
            raise Refused(f"finds a row ({column.empty[0]}) without a label")
        empty.update(column.empty)
    if len(empty) == table.rows:
        raise Refused(f"would drop all rows of {quoted(p.path)}: each has an empty cell")
    return len(empty) if p.missing == "drop" else 0


@describe(
    "studio.data.numpy",
    kind="source",
    family="source",
    inputs="",
    shown="path label",
    help="The rows of the arrays in a NumPy file (.npz, or one array as .npy).",
    params=[
        Param("path", Path(), help="The file: assets:..., or relative to the project."),
        Param(
            "features",
            Either((Text(), DictOf(Text(), empty=False))),
            None,
            "The array that goes into the model, or input name -> array. By default the only one "
            "that is not the label.",
        ),
        Param("label", Text(), None, "The array to be predicted; null for none."),
        Param(
            "stream",
            Bool(),
            None,
            "Leave the rows of a .npy on the disk until they are needed; null does so for files "
            "of more than 256 MB.",
        ),
    ],
)
def numpy(p: Args) -> Elements:
    """One element for each index of the first axis."""
    chosen, arrays = numpy_plan(p)
    numpy_streams(p)
    counts = {name: arrays[name].shape[0] for name in _used(chosen, p.label)}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name} has {count}" for name, count in counts.items())
        raise Refused(f"pairs arrays of different lengths: {listed}")

    def row(name: str) -> Spec:
        return Spec(arrays[name].shape[1:], arrays[name].dtype)

    features = row(chosen) if isinstance(chosen, str) else {k: row(v) for k, v in chosen.items()}
    structure = (features, row(p.label)) if p.label is not None else features
    return Elements(structure, next(iter(counts.values())))


def _used(chosen: str | dict[str, str], label: str | None) -> list[str]:
    names = [chosen] if isinstance(chosen, str) else list(chosen.values())
    return names + ([label] if label is not None else [])


LARGE_ARRAY = 256 * 1024 * 1024


def numpy_streams(p: Args) -> bool:
    """Whether the rows of an array stay on the disk; Refused where they can't."""
    single = not p.path.endswith(".npz")
    if p.stream and not single:
        raise Refused(
            f"can't leave {quoted(p.path)} on the disk, as it is packed",
            "Save the array as .npy, or set stream to false.",
        )
    large = existing(p.path, p.folder).stat().st_size > LARGE_ARRAY
    return single and (large if p.stream is None else p.stream)


def numpy_plan(p: Args) -> tuple[str | dict[str, str], dict[str, Any]]:
    """The array or arrays that are the features, and all arrays of the file."""
    arrays = read_arrays(p.path, p.folder)
    chosen = p.features
    if p.label is not None and p.label not in arrays:
        raise Refused(
            f"takes the array {quoted(p.label)}, which {quoted(p.path)} doesn't have",
            nearest(p.label, arrays) or f"There are {', '.join(arrays)}.",
        )
    if chosen is None:
        left = [name for name in arrays if name != p.label]
        if len(left) != 1:
            raise Refused(
                f"finds {len(left)} arrays beside the label in {quoted(p.path)}",
                f"Name the features: there are {', '.join(arrays)}.",
            )
        chosen = left[0]
    for name in _used(chosen, p.label):
        if name not in arrays:
            there = f"There are {', '.join(arrays)}."
            raise Refused(
                f"takes the array {quoted(name)}, which {quoted(p.path)} doesn't have",
                nearest(name, arrays) or there,
            )
        if not arrays[name].shape:
            raise Refused(f"takes the rows of {quoted(name)}, which is a single number")
    return chosen, arrays
