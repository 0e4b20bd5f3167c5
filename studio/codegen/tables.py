"""Sources that read tables which know their columns -> the body of their `load_...()`."""

from __future__ import annotations

from collections.abc import Callable

from studio.codegen.csv_stream import write_arrangement
from studio.codegen.data import Stage, script_path
from studio.codegen.layout import Binary, call, listing, tuple_of
from studio.codegen.literal import literal, text
from studio.codegen.records import write_files
from studio.graph.ops.sources import CsvPlan, Feature
from studio.graph.ops.tables import parquet_plan, sqlite_plan


def _texts(plan: CsvPlan) -> set[str]:
    """The columns that are read as texts."""
    given = [plan.features] if isinstance(plan.features, Feature) else plan.features.values()
    found = {name for feature in given if not feature.number for name in feature.columns}
    return found | ({plan.label} if plan.classes else set())


def _arranged(stage: Stage, plan: CsvPlan, head: str, names: list[str]) -> None:
    source = stage.source
    if plan.classes:
        source.statement("classes = ", literal(list(plan.classes)))
    source.blank()
    with source.block(head):
        places = {name: index for index, name in enumerate(names)}
        write_arrangement(stage, plan, places, cast=True)
    source.blank()


def _parquet(stage: Stage) -> None:
    plan = parquet_plan(stage.params)
    source = stage.source
    source.need("tf")
    files = write_files(stage, always=True)
    names = [name for name in plan.header if name in set(plan.columns)]
    texts = [name for name in names if name in _texts(plan)]
    source.statement("names = ", listing(map(text, names)))
    given = [files, "names", listing(map(text, texts))]
    source.statement("parts = ", call(stage.helper("parquet_columns"), given))
    _arranged(stage, plan, "def arrange(*cells):", names)
    source.line("return parts.map(arrange, num_parallel_calls=tf.data.AUTOTUNE).unbatch()")


def _sqlite(stage: Stage) -> None:
    plan = sqlite_plan(stage.params)
    source = stage.source
    source.need("tf")
    place = script_path(source, stage.params.path)
    place = call("str", [place]) if isinstance(place, Binary) else place
    texts = _texts(plan)
    dtypes = ["tf.string" if name in texts else "tf.float64" for name in plan.header]
    query = text(stage.params.query.strip())
    given = ['"sqlite"', place, query, tuple_of(dtypes)]
    source.statement("rows = ", call("tf.data.experimental.SqlDataset", given))
    _arranged(stage, plan, "def arrange(*cells):", list(plan.header))
    source.line(f"return {stage.helper('map_in_batches')}(rows, arrange)")


TABLES: dict[str, Callable[[Stage], None]] = {
    "studio.data.parquet": _parquet,
    "studio.data.sqlite": _sqlite,
}
