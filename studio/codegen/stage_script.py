"""One stage of the data graph -> a script that makes its dataset, and does nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from studio.codegen.data import write_dataset
from studio.codegen.script import Script, assemble, constants_of, imports_of, write_code
from studio.codegen.source import Section, Source
from studio.graph.bypass import through
from studio.graph.checks import Report
from studio.graph.code import outline
from studio.graph.document import Code, DataGraph, Node, Project, is_call
from studio.graph.ops.passing import DISTRIBUTE
from studio.graph.ports import output_ports
from studio.graph.problems import ProjectError, StudioError, errors, nearest, one_of, quoted
from studio.graph.wiring import upstream, wire

FUNCTION = "make_dataset"
"""What the script calls the function that gives the dataset."""

END = "stage"


def up_to(project: Project, end: str) -> Project:
    """What of a project makes the dataset that leaves "node" or "node.port", and nothing else.

    Its data graph has that one output. Raises StudioError where there is no such end.
    """
    graph = project.data or DataGraph()
    name, _, port = end.partition(".")
    if name not in graph.nodes:
        hint = nearest(name, graph.nodes) or f"There is {one_of(graph.nodes)}."
        raise StudioError(f"The data graph has no node {quoted(name)}. {hint}")
    ports = output_ports(project, graph.nodes[name], graph)
    if port and port not in ports:
        hint = nearest(port, ports) or f"There is {one_of(ports)}."
        raise StudioError(f"{quoted(name)} has no output {quoted(port)}. {hint}")
    # Whoever looks at elements makes them here, also those that a service makes in a training.
    here = {
        key: replace(node, bypass=True) if node.op == DISTRIBUTE else node
        for key, node in graph.nodes.items()
    }
    whole = through(project, replace(graph, nodes=here, outputs={END: end}))
    if not whole.outputs:
        raise StudioError(f"{quoted(name)} is bypassed, and nothing feeds it.")
    used = upstream(wire(whole), [whole.outputs[END].partition(".")[0]])
    nodes = {key: node for key, node in whole.nodes.items() if key in used}
    edges = tuple(e for e in whole.edges if e.source_node in used and e.target_node in used)
    return replace(
        project,
        data=DataGraph(nodes, edges, outputs=whole.outputs),
        model=None,
        blocks={},
        code=_used(project, nodes.values()),
        exports=(),
    )


def _used(project: Project, nodes: Iterable[Node]) -> dict[str, Code]:
    """The pieces of code that these nodes call, and what those use, in the order of the file."""
    todo = [name for node in nodes for name in _named({"op": node.op, "params": node.params})]
    found: set[str] = set()
    while todo:
        name = todo.pop()
        if name in project.code and name not in found:
            found.add(name)
            todo += outline(name, project.code[name]).names
    return {name: code for name, code in project.code.items() if name in found}


def _named(value: Any) -> Iterator[str]:
    """The pieces of code that the calls in a value name."""
    if is_call(value) and str(value["op"]).startswith("code:"):
        yield value["op"].removeprefix("code:")
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _named(item)


def write_stage_script(part: Project, folder: Path, report: Report, every: bool = False) -> Script:
    """The script of a project cut `up_to` a stage: its `make_dataset()` gives the stage's dataset.

    With `every` it gives those of all stages that feed it, in order, as "node.port" -> dataset.
    `report` is that of the whole project. Raises ProjectError where something
    that feeds the stage is wrong, StudioError where it isn't known what does.
    """
    graph = part.data
    wrong = errors(report.problems)
    wrong = [p for p in wrong if p.graph == "data" and p.node in graph.nodes] + [
        p for p in wrong if p.graph == "code" and p.node in part.code
    ]
    if wrong:
        raise ProjectError(wrong)
    known = report.shapes["data"].nodes
    lost = [name for name in graph.nodes if name not in known]
    if lost:
        raise StudioError(
            f"What leaves {quoted(lost[0])} can't be known as long as what feeds it is wrong."
        )
    source = Source()
    write_code(source, part)
    write_dataset(source, part, report.shapes["data"], folder, every)
    name = next(iter(graph.outputs.values()))
    docstring = Section("Docstring", [f'"""Makes the dataset that leaves {name}."""'])
    head = [docstring, imports_of(source), constants_of(part, source)]
    return assemble([each for each in head if each.lines], source)
