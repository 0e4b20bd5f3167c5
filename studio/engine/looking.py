"""Questions about a stage of the data, as the warm process is asked them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from studio.codegen.script import Script
from studio.codegen.stage_script import up_to, write_stage_script
from studio.engine.damage import sources
from studio.engine.files import files_of, place_files
from studio.graph.catalogue.registry import find
from studio.graph.checks import Report, check
from studio.graph.document import Project
from studio.graph.later_maps import maps_later
from studio.graph.ops.folders import sample_rate
from studio.graph.ports import output_ports
from studio.graph.problems import StudioError
from studio.graph.rule import Args
from studio.graph.steady import mixed, only_whole, steady
from studio.graph.wiring import upstream, wire

BATCHES = ("batch", "padded_batch", "ragged_batch", "rebatch", "bucket_by_sequence_length")
RATES = ("sample_rate", "sampling_rate", "rate")


class StageQuestion(Struct, frozen=True):
    """The fields of a question about one stage, the same for each kind."""

    fields: dict[str, Any]

    @property
    def script(self) -> str:
        """What makes the stage's dataset: another one asks for another answer."""
        return self.fields["script"]


def question(
    project: Project, folder: Path, report: Report, end: str, place: Path, soon: bool = False
) -> StageQuestion:
    """The question for what leaves "node" or "node.port" of the data graph.

    `folder` is what the project's relative paths are relative to; `place` is a
    folder of the asker's own, where the data files are put for the script to
    find. With `soon` maps come behind what mixes, which gives the same elements
    earlier, and what stages have made may be kept for the next question in the same
    `place`; but it isn't the speed of the pipeline itself. Raises ProjectError
    where what feeds the stage is wrong, StudioError where there is no such stage
    or its files can't be put there.
    """
    part = up_to(project, end)
    later = _soon(part, folder) if soon else None
    written, script = later or (part, write_stage_script(part, folder, report))
    place_files(part, folder, place)
    lines = {f"{graph}:{node}": spans for (graph, node), spans in script.nodes.items()}
    return StageQuestion(
        {
            "script": script.text,
            "stages": write_stage_script(part, folder, report, every=True).text,
            "folder": str(place.resolve()),
            "node": end,
            "lines": lines,
            # Where a script brings the project's own code, it is asked only if that is trusted.
            "code": {name: (code.kind, code.source) for name, code in part.code.items()},
            "batched": batched(part),
            "moved": later is not None,
            "kept": _kept(written, folder) if soon else None,
            "rate": _rate(part, folder),
            "sources": sources(part),
            "home": str(folder.resolve()),
        }
    )


def costs_question(
    project: Project, folder: Path, report: Report, end: str, place: Path
) -> StageQuestion:
    """The question for what each stage on the way to an end costs, as `question` has its fields."""
    asked = question(project, folder, report, end, place)
    part = up_to(project, end)
    graph, wiring = part.data, wire(part.data)

    def key(one: str) -> str:
        name, _, port = one.partition(".")
        return f"{name}.{port or output_ports(part, graph.nodes[name], graph)[0]}"

    (last,) = graph.outputs.values()
    used = {key(edge.source) for edge in graph.edges} | {key(last)}
    ends = []
    for name in wiring.order:
        feeding = [key(edge.source) for edge in wiring.incoming[name]]
        for port in output_ports(part, graph.nodes[name], graph):
            one = f"{name}.{port}"
            if one in used:
                ends.append([one, feeding, batched(up_to(part, one))])
    return StageQuestion(asked.fields | {"ends": ends})


def _soon(part: Project, folder: Path) -> tuple[Project, Script] | None:
    """Maps behind what mixes, and the script of that; None where there is nothing to be gained."""
    later = replace(part, data=maps_later(part.data))
    if later.data == part.data:
        return None
    try:
        return later, write_stage_script(later, folder, check(later, folder))
    except StudioError:
        return None  # what is wrong is told with the pipeline as it is


def _kept(part: Project, folder: Path) -> dict[str, Any]:
    """What studio/engine/kept.py may keep of a project cut up to a stage."""
    graph = part.data
    return {
        "stages": {
            name: sorted(map(str, files_of(graph.nodes[name], folder).values()))
            for name in steady(graph)
        },
        "elements": mixed(graph),
        "whole": only_whole(graph),
    }


def batched(part: Project) -> bool:
    """Whether the elements that leave a project cut up to a stage are batches."""
    (end,) = part.data.outputs.values()
    wiring, name = wire(part.data), end.partition(".")[0]
    while True:
        last = str(part.data.nodes[name].op).rpartition(".")[2]
        if last in BATCHES or last == "unbatch":
            return last != "unbatch"
        edges = wiring.incoming[name]
        if not edges:
            return False
        name = edges[0].source_node


def _rate(part: Project, folder: Path) -> float | None:
    """The sample rate that a node says, or else that of the sounds, where there is one."""
    (end,) = part.data.outputs.values()
    above = [part.data.nodes[name] for name in upstream(wire(part.data), [end.partition(".")[0]])]
    for node in above:
        for key in RATES:
            value = node.params.get(key)
            if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0:
                return float(value)
    sounds = (node for node in above if node.op == "studio.data.audio")
    return next(
        (sample_rate(Args(find(node.op).filled(node.params), folder=folder)) for node in sounds),
        None,
    )
