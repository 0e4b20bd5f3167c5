"""The data graph -> `make_datasets()`, and a `load_...()` for each source."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from msgspec import Struct, field

from studio.codegen.helpers import HELPERS
from studio.codegen.layout import Binary, Expr, Group, dictionary, join, subscript
from studio.codegen.literal import text
from studio.codegen.precision import write_data_policy
from studio.codegen.source import Source, variable
from studio.graph.bypass import through
from studio.graph.catalogue.op import Op
from studio.graph.catalogue.registry import find
from studio.graph.document import DataGraph, Node, Project
from studio.graph.elements import Elements
from studio.graph.ports import output_ports
from studio.graph.rule import Args
from studio.graph.shapes import Shapes
from studio.graph.wiring import upstream, wire

GRAPH = "data"


class Stage(Struct):
    """What a stage's printer is given, and where it says what it needs."""

    node: Node
    op: Op
    params: Args
    given: dict[str, Any]
    """The parameters as the project gives them, defaults left out."""
    inputs: list[Expr]
    """The variables of the datasets that come in."""
    arriving: list[Elements]
    seed: Expr
    helpers: set[str]
    source: Source
    ports: tuple[str, ...] = ()
    """The input port of each of `inputs`; empty for the first."""
    taken: set[str] = field(default_factory=set)

    def variable(self, name: str, *value: Expr) -> str:
        """Gives a value a name of its own, in a line before the stage's; returns the name."""
        made = variable(name, self.taken)
        self.source.statement(f"{made} = ", *value, mark=(GRAPH, self.node.id))
        return made

    def helper(self, name: str) -> str:
        """Takes a helper function along; returns its name."""
        self.helpers.add(name)
        self.source.need(*HELPERS[name].needs)
        return name


def script_path(source: Source, path: str) -> Expr:
    """A data file as the script names it: beside the script where it travels with the project."""
    place = travelling_path(path)
    if place is None:
        return text(path)
    source.need("Path")
    return Binary("HERE", "/", text(place))


def travelling_path(path: str) -> str | None:
    """Where, beside a script, a file of the project lies; None for a file outside of it.

    `assets:data/x.csv` is at assets/data/x.csv; a relative path stays itself.
    """
    if path.startswith("assets:"):
        return f"assets/{path.removeprefix('assets:')}"
    posix = PurePosixPath(path.replace("\\", "/"))
    outside = posix.is_absolute() or PureWindowsPath(path).drive or ".." in posix.parts
    return None if outside else path


def write_data(source: Source, project: Project, shapes: Shapes, folder: Path) -> None:
    """Writes the helpers, the sources and `make_datasets()`."""
    writer = DataWriter(source, project, shapes, folder)
    _write(source, writer, writer.datasets)


def write_dataset(
    source: Source, project: Project, shapes: Shapes, folder: Path, every: bool = False
) -> None:
    """Writes what makes the only output of a data graph, as it leaves its stage: `make_dataset()`.

    With `every` it makes those of all stages, in order, as "node.port" -> dataset.
    What the stage before it is fed with, and how, is written as `write_data` writes it.
    """
    writer = DataWriter(source, project, shapes, folder)
    _write(source, writer, writer.every if every else writer.dataset)


def _write(source: Source, writer: DataWriter, write: Callable[[Source], None]) -> None:
    from studio.codegen.sources import SOURCES

    sources = [node for node in writer.nodes if node.op in SOURCES]
    # The body is written first: only then is it known which helpers it needs.
    loaders = Source()
    for node in sources:
        with loaders.section(f"load_{node.id}"):
            writer.load(loaders, node)
    body = Source()
    body.code_functions = source.code_functions
    with body.section("Data"):
        write(body)
    for part in (loaders, body):
        source.needs |= part.needs
    write_helpers(source, writer.helpers)
    source.sections += [*loaders.sections, *body.sections]


def write_helpers(source: Source, names: Collection[str]) -> None:
    """Writes the helper functions of these names that the script doesn't have yet."""
    there = {section.title for section in source.sections}
    for name, helper in HELPERS.items():
        if name in names and name not in there:
            with source.section(name):
                source.text(helper.source)


class DataWriter:
    """Writes the stages of a data graph, each as one statement, and the loaders of its sources."""

    def __init__(self, source: Source, project: Project, shapes: Shapes, folder: Path):
        self.project = project
        self.graph: DataGraph = through(project, project.data)
        self.shapes = shapes
        self.folder = folder
        self.helpers: set[str] = set()
        self.wiring = wire(self.graph)
        used = upstream(self.wiring, (end.partition(".")[0] for end in self.graph.outputs.values()))
        self.nodes = [self.graph.nodes[name] for name in self.wiring.order if name in used]
        self.variables: dict[str, Expr] = {}
        self.taken: set[str] = set(HELPERS) | {f"load_{node.id}" for node in self.nodes}
        seeded = project.training is not None and project.training.seed is not None
        # A split must mix in the same order each time it is gone through.
        self.seed = "SEED" if seeded else "0"

    def stage(self, source: Source, node: Node) -> Stage:
        """What the printer of a node is given."""
        op = find(node.op)
        edges = self.wiring.incoming[node.id]
        return Stage(
            node=node,
            op=op,
            params=Args(op.filled(node.params), folder=self.folder),
            given=node.params,
            inputs=[self.variables[self.key(edge.source)] for edge in edges],
            arriving=[self.shapes.at(edge.source) for edge in edges],
            seed=self.seed,
            helpers=self.helpers,
            source=source,
            ports=tuple(edge.target_port for edge in edges),
            taken=self.taken,
        )

    def key(self, end: str) -> str:
        """One key for "node" and "node.first_port"."""
        name, _, port = end.partition(".")
        ports = output_ports(self.project, self.graph.nodes[name], self.graph)
        return f"{name}.{port or ports[0]}"

    def load(self, source: Source, node: Node) -> None:
        """Writes `load_...()` of a source."""
        from studio.codegen.sources import SOURCES

        elements = self.shapes.at(node.id)
        doc = "Returns a dataset of the rows" + (
            ", as (features, label)." if isinstance(elements.structure, tuple) else "."
        )
        with source.block(f"def load_{node.id}():", doc):
            before = len(source.sections[-1].lines)
            SOURCES[node.op](self.stage(source, node))
            lines = len(source.sections[-1].lines)
            source.sections[-1].marks[GRAPH, node.id] = [(before - 1, lines)]

    def rows(self, node: Node) -> Expr:
        """The dataset of a source's rows."""
        return f"load_{node.id}()"

    def datasets(self, source: Source) -> None:
        """Writes `make_datasets()`."""
        source.need("tf")
        doc = f"Returns the datasets of batches by name: {', '.join(self.graph.outputs)}."
        with source.block("def make_datasets():", doc):
            write_data_policy(source, self.project, self.graph)
            self.stages(source)
            entries = [
                (text(split), self._output(end)) for split, end in self.graph.outputs.items()
            ]
            source.statement("return ", dictionary(entries))

    def dataset(self, source: Source) -> None:
        """Writes `make_dataset()` of the one output."""
        source.need("tf")
        (end,) = self.graph.outputs.values()
        with source.block("def make_dataset():", "Returns the dataset of one stage."):
            self.stages(source)
            source.statement("return ", self.variables[self.key(end)])

    def every(self, source: Source) -> None:
        """Writes `make_dataset()` of every stage."""
        source.need("tf")
        with source.block("def make_dataset():", "Returns the datasets of all stages, in order."):
            self.stages(source)
            entries = [(text(end), name) for end, name in self.variables.items()]
            source.statement("return ", dictionary(entries))

    def stages(self, source: Source) -> None:
        """A statement for each node."""
        from studio.codegen.sources import SOURCES
        from studio.codegen.stages import write_stage

        for node in self.nodes:
            name = variable(node.id, self.taken)
            mark = (GRAPH, node.id)
            head = f"{name} = "
            if node.op in SOURCES:
                source.statement(head, self.rows(node), mark=mark)
            else:
                source.statement(head, write_stage(self.stage(source, node)), mark=mark)
            ports = output_ports(self.project, node, self.graph)
            for port in ports:
                # A stage with several outputs, such as a split, gives them by name.
                one = name if len(ports) == 1 else subscript(name, text(port))
                self.variables[f"{node.id}.{port}"] = one

    def _output(self, end: str) -> Expr:
        """A dataset as it leaves: the next batch is made while one is trained on."""
        name = self.variables[self.key(end)]
        if self.graph.nodes[end.partition(".")[0]].op == "tf.data.Dataset.prefetch":
            return name
        return join(name, ".prefetch", Group("(", ("tf.data.AUTOTUNE",), ")", call=True))
