"""The other end of a wire by its name: connecting without the mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.graph.caption import op_title
from studio.graph.compose import connect, why_not
from studio.graph.find import Entry, Index
from studio.graph.ports import input_ports, output_ports
from studio.gui.adding import attempt
from studio.gui.palettes.palette import Palette
from studio.gui.palettes.rows import Choice

if TYPE_CHECKING:
    from studio.gui.window import Window

MOST = 200
"""Rows for which it is asked whether they can be the target."""


def connect_from(window: Window, graph: str, node: str) -> Palette:
    """Opens it: the ports that a node's outputs can feed; those that can't be say why."""
    session = window.session
    found = session.project.graph(graph)
    ends = list(_ends(session.project, found, node))
    index = Index(Entry(pair, text) for pair, text in ends)
    reasons: dict[tuple[str, str], str] = {}

    def why(pair: tuple[str, str]) -> str:
        if pair not in reasons:
            text = why_not(session.project, graph, *pair, session.report.shapes) or ""
            # A port that is taken gives its edge up for the new one.
            reasons[pair] = "" if "feeds it already" in text else text
        return reasons[pair]

    def search(query: str) -> list[Choice]:
        rows = []
        for match in index.find(query, MOST):
            target = found.nodes[match.key[1].partition(".")[0]]
            reason = why(match.key)
            kind = op_title(session.project, found, target)
            hint, able = reason or kind, not reason
            rows.append(Choice(match.key, match.text, hint, match.positions, able, help=reason))
        return sorted(rows, key=lambda row: not row.enabled)

    palette = Palette(
        window,
        f"Connect {node} to",
        f"Connect {node} to",
        search,
        nothing="No node is called that.",
    )
    palette.chosen.connect(
        lambda pair: attempt(window, lambda: connect(session.project, graph, *pair))
    )
    palette.show_at(palette.field)
    return palette


def _ends(project, graph, node: str):
    """(source, target) and what the pair is called, nodes behind it in the file first."""
    outs = output_ports(project, graph.nodes[node], graph)
    sources = [node] if len(outs) < 2 else [f"{node}.{port}" for port in outs]
    names = list(graph.nodes)
    place = names.index(node)
    for name in (*names[place + 1 :], *names[:place]):
        ports = [port.name for port in input_ports(project, graph.nodes[name], graph)]
        targets = [name] if len(ports) < 2 else [f"{name}.{port}" for port in ports]
        for source in sources:
            for target in targets:
                text = target if len(sources) == 1 else f"{target} from {source.partition('.')[2]}"
                yield (source, target), text
