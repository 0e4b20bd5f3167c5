"""A project -> `predict.py`: a script that predicts the rows of a file by a saved model."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from studio.codegen.data import DataWriter, write_helpers
from studio.codegen.folders import sized
from studio.codegen.layout import Expr, call, dictionary, join, listing, tuple_of
from studio.codegen.literal import literal, text
from studio.codegen.predict_helpers import HELPERS
from studio.codegen.preparing import write_preparing
from studio.codegen.script import Script, assemble, imports_of, write_code, write_script
from studio.codegen.source import Section, Source
from studio.codegen.sources import write_features
from studio.graph.bypass import through
from studio.graph.catalogue.registry import find
from studio.graph.checks import Report
from studio.graph.document import Project
from studio.graph.elements import Structure
from studio.graph.ops.sources import CsvPlan, csv_plan
from studio.graph.ops.tables import parquet_plan, sqlite_plan
from studio.graph.preparing import Preparing, preparing
from studio.graph.problems import StudioError
from studio.graph.spec import Spec
from studio.graph.targets import Target, targets

PLANS = {
    "studio.data.csv": csv_plan,
    "studio.data.parquet": parquet_plan,
    "studio.data.sqlite": sqlite_plan,
}
IMAGES = "studio.data.images"


def write_predict_script(project: Project, folder: Path, report: Report) -> Script:
    """The script that predicts rows of a file by the model of a project, without Studio.

    Rows go through the stages of the data; where there is no one kind of row, the file holds
    what the model takes. `report` is that of the project, which must be without errors.
    """
    source = Source()
    source.need("argparse", "csv", "json", "sys", "Path", "keras", "np", "tf")
    write_code(source, project)
    try:
        found = preparing(project, report.shapes)
    except StudioError:
        found = None
    rows = found.rows if found is not None else model_inputs(project, report)
    kinds = _write_reading(source, project, folder, report, found, rows)
    if found is not None:
        write_preparing(source, found, report.shapes["data"], folder)
    else:
        with source.section("Preparing"):
            source.line("def prepare(rows):")
            source.line('    """Returns rows of the model\'s inputs as tensors."""')
            source.line("    return tf.nest.map_structure(tf.convert_to_tensor, rows)")
    outputs = targets(project, report.shapes)
    _write_answers(source, outputs)
    for name in ("predict", "write_table"):
        with source.section(name):
            source.text(HELPERS[name])
    with source.section("Main"):
        main = HELPERS["main"]
        if _has_classes(project, folder, report):
            source.need("importlib")
            first = "    outputs = predict("
            main = main.replace(first, f"{_CLASSES}\n{first}")
        source.text(main)
    head = [_docstring(kinds), imports_of(source), _constants(source, project, rows, outputs)]
    return assemble(head, source)


_CLASSES = '    importlib.import_module("train")  # the classes that the model is made of'


def _has_classes(project: Project, folder: Path, report: Report) -> bool:
    """Whether the training's script writes the model, or blocks of it, as classes."""
    own = {name.casefold() for name in project.code}
    return any(
        "@keras.saving.register_keras_serializable" in part
        for title, part in write_script(project, folder, report=report).sections
        if title.casefold() not in own
    )


def model_inputs(project: Project, report: Report) -> Structure:
    """What the model takes, by input, without the axis of the batch."""
    found = {}
    for node in through(project, project.model).nodes.values():
        op, spec = find(node.op or ""), report.shapes["model"].at(node.id)
        if op is not None and op.kind == "input" and isinstance(spec, Spec):
            found[node.id] = Spec(spec.shape[1:], spec.dtype)
    return found


def _docstring(kinds: list[str]) -> Section:
    lines = [
        '"""Predicts the rows of a file by a saved model.',
        "",
        "    python predict.py FILE [--model MODEL] [-o TABLE]",
        "",
        "FILE is one of these:",
        *(f"- {kind}" for kind in kinds),
        "",
        "Written by Studio; needs keras, tensorflow and numpy, not Studio.",
        '"""',
    ]
    return Section("Docstring", lines)


def _constants(
    source: Source, project: Project, rows: Structure, outputs: tuple[Target, ...]
) -> Section:
    made = Source()
    with made.section("Constants"):
        made.line("HERE = Path(__file__).resolve().parent")
        made.line('MODEL = HERE / "artifacts" / "model.keras"')
        made.line("AT_ONCE = 256")
        if any("SEED" in line for section in source.sections for line in section.lines):
            seed = project.training.seed if project.training is not None else None
            made.line(f"SEED = {seed}")
        named = rows if isinstance(rows, dict) else {"": rows}
        made.statement("ROWS = ", dictionary(_row(name, spec) for name, spec in named.items()))
        made.statement("OUTPUTS = ", listing(text(each.output) for each in outputs))
        classes = {each.output: list(each.names) for each in outputs if each.names}
        if classes:
            made.statement("CLASSES = ", literal(classes))
    return made.sections[0]


def _row(name: str, spec: Spec) -> tuple[Expr, Expr]:
    return text(name), tuple_of([literal(tuple(spec.shape)), text(spec.dtype)])


def _write_reading(
    source: Source,
    project: Project,
    folder: Path,
    report: Report,
    found: Preparing | None,
    rows: Structure,
) -> list[str]:
    """Writes `read_rows(path)`; gives the kinds of file that it reads, in words."""
    kinds, body = ["an array in .npy, or arrays by name in .npz"], Source()
    branches: list[tuple[str, str]] = []
    helpers: set[str] = set()
    if found is not None:
        writer = DataWriter(body, found.project, report.shapes["data"], folder)
        op = writer.graph.nodes[found.source].op
        if op in PLANS:
            _write_table(body, writer, found)
            kinds.append("a table in .csv or .csv.gz, with the columns of the data")
            branches.append(('path.suffix in (".csv", ".gz")', "read_table(path)"))
            helpers |= {"read_csv", "read_csv_gz"}
            source.need("gzip")
        elif op == IMAGES and found.rows.shape[0] is not None:
            _write_images(body, writer, found)
            kinds.append("an image, or a folder of images")
            branches.append(('path.suffix not in (".npy", ".npz")', "read_images(path), None"))
        if rows == Spec((), "string"):
            kinds.append("texts in .txt, one a line")
            lines = 'path.read_text(encoding="utf-8").splitlines()'
            branches.append(('path.suffix == ".txt"', f"np.array({lines}), None"))
        helpers |= writer.helpers
    write_helpers(source, helpers)
    source.needs |= body.needs
    source.sections += body.sections
    with source.section("read_arrays"):
        source.text(HELPERS["read_arrays"])
    doc = "Returns the rows of a file, and the number of each if some of them are left out."
    with source.section("read_rows"), source.block("def read_rows(path):", doc):
        for test, value in branches:
            with source.block(f"if {test}:"):
                source.line(f"return {value}")
        source.line("return read_arrays(path), None")
    return kinds


def _write_table(body: Source, writer: DataWriter, found: Preparing) -> None:
    """Writes `read_table(path)`: the features of a table with the columns of the source's."""
    node = writer.graph.nodes[found.source]
    stage = writer.stage(body, node)
    plan = _without_label(PLANS[node.op](stage.params), found)
    drops = stage.params.missing == "drop"
    doc = "Returns the rows of a table with the columns of the data, and their numbers."
    with body.section("read_table"), body.block("def read_table(path):", doc):
        body.line('columns = read_csv_gz(path) if path.suffix == ".gz" else read_csv(path)')
        body.statement("needed = ", listing(map(text, plan.columns)))
        body.line("lost = [name for name in needed if name not in columns]")
        with body.block("if lost:"):
            body.line('raise ValueError(f"it has no column {lost[0]!r}")')
        if drops:
            body.line('columns["row"] = range(1, 1 + len(columns[needed[0]]))')
            complete = stage.helper("complete_rows")
            body.line(f'columns = {complete}(columns, [*needed, "row"])')
        numbers = 'columns["row"]' if drops else "None"
        body.statement("return ", write_features(stage, plan), f", {numbers}")


def _without_label(plan: CsvPlan, found: Preparing) -> CsvPlan:
    features = plan.features
    if isinstance(features, dict):
        features = {name: each for name, each in features.items() if name not in found.unknown}
    return replace(plan, features=features, label=None, classes=())


def _write_images(body: Source, writer: DataWriter, found: Preparing) -> None:
    """Writes `read_images(path)`: an image, or all of a folder in the order of their names."""
    stage = writer.stage(body, writer.graph.nodes[found.source])
    p = stage.params
    read = call(stage.helper("read_image"), ["str(file)", *sized(p)])
    endings = literal([f".{each.lower().lstrip('.')}" for each in p.extensions])
    doc = "Returns the pixels of an image, or of all in a folder in the order of their names."
    with body.section("read_images"), body.block("def read_images(path):", doc):
        body.statement("endings = ", endings)
        body.line('files = sorted(path.rglob("*")) if path.is_dir() else [path]')
        body.line("files = [file for file in files if file.suffix.lower() in endings]")
        with body.block("if not files:"):
            body.line('raise ValueError(f"it has no image ({endings})")')
        body.statement("images = ", join("[", read, " for file in files]"))
        body.line("return tf.stack(images)")


def _write_answers(source: Source, outputs: tuple[Target, ...]) -> None:
    """Writes `answers(outputs)`: the columns that say what the model has predicted."""
    for kind in dict.fromkeys(target.kind for target in outputs):
        with source.section(kind):
            source.text(HELPERS[kind])
    doc = "Returns the columns of a table for what the model gives, by output."
    with source.section("answers"), source.block("def answers(outputs):", doc):
        source.line("columns = {}")
        for target in outputs:
            name = text(target.output)
            given: list[Expr] = [name, f"outputs[{name}]"]
            if target.names:
                given += [f"CLASSES[{name}]", str(target.logits)]
            source.statement("columns |= ", call(f"{target.kind}_of", given))
        source.line("return columns")
