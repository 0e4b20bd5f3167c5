"""A project -> one Python file, in the order a person would write it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from studio.codegen.adapting import adapted_layers, write_adapting
from studio.codegen.checkpoints import constants as checkpoint_constants
from studio.codegen.data import write_data
from studio.codegen.exports import write_exports
from studio.codegen.model import write_model
from studio.codegen.source import IMPORTS, STANDARD, Section, Source
from studio.codegen.speed import measures
from studio.codegen.training import write_callbacks, write_main, write_training
from studio.codegen.weights import write_loading
from studio.graph.checks import Report, check
from studio.graph.code import FUNCTIONS, outline
from studio.graph.distribution import SERVERS, spread
from studio.graph.document import Project
from studio.graph.problems import ERROR, Problem, ProjectError, errors, quoted

Lines = list[tuple[int, int]]

_DEFINITION = re.compile(r"(?:def|class) (\w+)")


class Script(Struct, frozen=True):
    """A script, and the lines (from 1, both ends included) that belong to each (graph, node)."""

    text: str
    nodes: dict[tuple[str, str], Lines]
    sections: tuple[tuple[str, str], ...]
    """(title, source) of each part, for a notebook's cells."""


def write_script(
    project: Project, folder: Path = Path(), style: str | None = None, report: Report | None = None
) -> Script:
    """The script that trains a project.

    `folder` is what the project's relative paths are relative to; `style`
    overrides the model's; `report` is that of `check`, where it is at hand.
    Raises ProjectError where the project has errors or lacks a part.
    """
    report = report or check(project, folder)
    problems = errors(report.problems) + _missing(project)
    if problems:
        raise ProjectError(problems)
    source = Source()
    source.need("keras")
    write_code(source, project)
    write_data(source, project, report.shapes["data"], folder)
    elements = report.shapes["data"].at(project.data.outputs["train"])
    structure, shapes = elements.structure, report.shapes["model"]
    layers = adapted_layers(project, shapes, elements)
    asked = [layer.node for layer in layers if not layer.feeds]
    style = style or project.model.style
    methods = write_model(source, project, style, shapes, structure, asked)
    write_loading(source, project, style)
    write_adapting(source, project, layers, elements, methods)
    write_callbacks(source, project.training)
    write_training(source, project, structure, style)
    write_exports(source, project, report.shapes, folder, style)
    write_main(source, project)
    clashes = _clashes(source, project)
    if clashes:
        raise ProjectError(clashes)
    return assemble(_head(project, source), source)


def write_code(source: Source, project: Project) -> None:
    """The user's own code, whole and as it was written, with the imports that it uses."""
    for name, code in project.code.items():
        source.need(*(outline(name, code).names & set(IMPORTS)))
        if code.kind in FUNCTIONS:
            source.code_functions.add(name)
        with source.section(name):
            source.text(code.source.strip("\n"), mark=("code", name))


def _clashes(source: Source, project: Project) -> list[Problem]:
    """What the project's own code defines under a name that the script itself needs."""

    def defined(sections: Iterable[Section]) -> set[str]:
        lines = (line for section in sections for line in section.lines)
        return {found[1] for line in lines if (found := _DEFINITION.match(line))}

    count = len(project.code)  # which stands first
    ours = defined(source.sections[count:])
    found = []
    for name, section in zip(project.code, source.sections[:count], strict=True):
        for taken in sorted(defined([section]) & ours):
            message = f"defines {quoted(taken)}, as the script itself does."
            hint = "Give it another name."
            found.append(Problem(ERROR, "bad-code", "code", name, message, hint, f"code.{name}"))
    return found


def _missing(project: Project) -> list[Problem]:
    """What a script needs and the project doesn't have."""
    found = []
    for name, there, hint in (
        ("data", project.data and project.data.outputs.get("train"), 'data.outputs needs "train"'),
        ("model", project.model and project.model.outputs, "add a model with outputs"),
        ("training", project.training, "add a training with an optimizer and losses"),
    ):
        if not there:
            message = f"the project has no {name}, which a script needs."
            found.append(Problem(ERROR, "missing-part", name, "", message, f"To mend it, {hint}."))
    training = project.training
    if training and not training.losses and training.train_step is None:
        message = "there is no loss, so nothing can be trained."
        hint = "Add one for each output under training.losses."
        found.append(Problem(ERROR, "missing-part", "training", "", message, hint))
    return found


def _head(project: Project, source: Source) -> list[Section]:
    plain = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,59}", project.name)
    what = f"Trains {project.name.strip()}." if plain else "Trains a model."
    modules = ["keras", "tensorflow"] + (["numpy"] if "np" in source.needs else [])
    names = {"tf2onnx": "tf2onnx", "tfds": "tensorflow_datasets", "yaml": "pyyaml"}
    modules += [name for module, name in names.items() if module in source.needs]
    needs = f"{', '.join(modules[:-1])} and {modules[-1]}"
    docstring = Section(
        "Docstring",
        [f'"""{what}', "", f"Written by Studio; needs {needs}, not Studio.", '"""'],
    )
    constants = constants_of(project, source)
    training = project.training
    constants.lines.append(f"EPOCHS = {training.epochs}")
    if measures(training):
        constants.lines.append("BATCHES_TRIED = 4")
    elif training.loop == "custom" and training.steps_per_execution > 1:
        constants.lines.append(f"STEPS_PER_EXECUTION = {training.steps_per_execution}")
    if spread(project) == SERVERS:
        together = max(32, training.steps_per_execution)
        constants.lines.append(f"STEPS_TOGETHER = {together}")
    if training.loop == "custom":
        constants.lines += checkpoint_constants(project)
    return [docstring, imports_of(source), constants]


def imports_of(source: Source) -> Section:
    """The imports of the modules that are needed."""
    lines = [IMPORTS[name] for name in sorted(source.needs)]
    standard = sorted(
        (line for line in lines if line.split()[1] in STANDARD),
        key=lambda line: (line.startswith("from"), line),
    )
    third = sorted(line for line in lines if line.split()[1] not in STANDARD)
    return Section("Imports", [*standard, *([""] if standard else []), *third])


def constants_of(project: Project, source: Source) -> Section:
    """Where the script lies, if it asks that, and the seed of all that is random, if there is one.

    A split that needs it takes it from there.
    """
    lines = ["HERE = Path(__file__).resolve().parent"] if "Path" in source.needs else []
    if project.training is not None and project.training.seed is not None:
        lines.append(f"SEED = {project.training.seed}")
    return Section("Constants", lines)


def assemble(head: list[Section], source: Source) -> Script:
    """Joins the sections, with the blank lines that the style guide wants between them."""
    lines: list[str] = []
    nodes: dict[tuple[str, str], Lines] = {}
    for index, section in enumerate([*head, *source.sections]):
        if index:
            lines += [""] * (1 if index < len(head) else 2)
        offset = len(lines)
        lines += section.lines
        for mark, ranges in section.marks.items():
            found = nodes.setdefault(mark, [])
            found += [(offset + first, offset + last) for first, last in ranges]
    parts = tuple((s.title, "\n".join(s.lines)) for s in [*head, *source.sections])
    return Script("\n".join(lines) + "\n", nodes, parts)
