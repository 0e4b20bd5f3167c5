"""Sources that read records of files one after the other -> the body of their `load_...()`."""

from __future__ import annotations

from collections.abc import Callable

from studio.codegen.data import Stage, script_path
from studio.codegen.layout import Binary, Expr, call, dictionary, join, listing
from studio.codegen.literal import literal, text
from studio.graph.files import all_matching, is_pattern, parted
from studio.graph.ops.records import cycle_length, one_compression, record_plan


def write_files(stage: Stage, always: bool = False) -> Expr:
    """Writes what is needed to name a source's files; gives the expression of one or all.

    With `always` it is the name of a list, also of a single one.
    """
    p, source = stage.params, stage.source
    paths = [p.path] if isinstance(p.path, str) else list(p.path)
    if not any(is_pattern(path, p.folder) for path in paths):
        if len(paths) == 1 and not always:
            return _plain(script_path(source, paths[0]))
        source.statement("files = ", listing(_plain(script_path(source, p)) for p in paths))
        return "files"
    parts = []
    for path in paths:
        if is_pattern(path, p.folder):
            base, pattern = parted(path)
            place = "HERE" if base == "." else script_path(source, base)
            place = call("Path", [place]) if isinstance(place, str) and base != "." else place
            source.need("Path")
            parts.append(call(stage.helper("matching_files"), [place, text(pattern)]))
        else:
            parts.append(listing([_plain(script_path(source, path))]))
    if len(parts) == 1:
        source.statement("files = ", parts[0])
    else:
        source.statement("files = ", listing(join("*", part) for part in parts))
    return "files"


def _plain(place: Expr) -> Expr:
    return call("str", [place]) if isinstance(place, Binary) else place


def write_reading(
    stage: Stage, name: str, reader: str, compression: str, header: bool = False
) -> None:
    """Writes `name = ` a dataset of the records of the files.

    With `header` the first of each file is left out.
    """
    source = stage.source
    source.need("tf")
    number = len(all_matching(stage.params.path, stage.params.folder))
    files = write_files(stage)
    packed = {"compression_type": text(compression)} if compression else {}
    cycle = cycle_length(stage.params, number)
    if number == 1 or (cycle == 1 and not header):
        skip = [".skip(1)"] if header else []
        source.statement(f"{name} = ", call(reader, [files], **packed), *skip)
        return
    one: Expr = reader
    if packed or header:
        skip = [".skip(1)"] if header else []
        one = join("lambda file: ", call(reader, ["file"], **packed), *skip)
    interleaved = call(stage.helper("side_by_side"), [files, one], cycle_length=literal(cycle))
    source.statement(f"{name} = ", interleaved)


def _lines(stage: Stage) -> None:
    files = all_matching(stage.params.path, stage.params.folder)
    write_reading(stage, "lines", "tf.data.TextLineDataset", one_compression(files))
    stage.source.line("return lines")


def _tfrecord(stage: Stage) -> None:
    source = stage.source
    plan = record_plan(stage.params)
    write_reading(stage, "records", "tf.data.TFRecordDataset", plan.compression)
    each = (
        (
            text(name),
            call("tf.io.FixedLenFeature", [literal(feature.shape), text(feature.dtype)])
            if feature.fixed
            else call("tf.io.RaggedFeature", [text(feature.dtype)]),
        )
        for name, feature in plan.features.items()
    )
    source.statement("features = ", dictionary(each))
    source.blank()
    whole = all(feature.fixed for feature in plan.features.values())
    one = "" if whole else "single_"
    with source.block("def parse(records):" if whole else "def parse(record):"):
        source.line(
            f"parsed = tf.io.parse_{one}example({'records' if whole else 'record'}, features)"
        )
        names = [name for name in plan.features if name != plan.label]
        given = f"parsed[{text(names[0])}]" if len(names) == 1 else "parsed"
        if plan.label is None:
            source.line(f"return {given}")
        elif given == "parsed":
            source.line(f"label = parsed.pop({text(plan.label)})")
            source.line("return parsed, label")
        else:
            source.line(f"return {given}, parsed[{text(plan.label)}]")
    source.blank()
    if whole:
        source.line(f"return {stage.helper('map_in_batches')}(records, parse)")
    else:
        source.line("return records.map(parse, num_parallel_calls=tf.data.AUTOTUNE)")


RECORDS: dict[str, Callable[[Stage], None]] = {
    "studio.data.lines": _lines,
    "studio.data.tfrecord": _tfrecord,
}
