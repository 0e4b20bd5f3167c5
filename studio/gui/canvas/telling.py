"""What flows along an edge, told whole where the pointer rests on it."""

from __future__ import annotations

from html import escape
from typing import Any

from PySide6.QtWidgets import QGraphicsSceneHelpEvent, QToolTip

from studio.graph.document import Edge
from studio.graph.elements import Elements
from studio.graph.spec import Spec
from studio.gui.canvas.edge_item import EdgeItem
from studio.gui.preview.specs import many, parts

MOST = 24
"""Tensors that are listed; of more only the number is said."""


def tell(scene: Any, event: QGraphicsSceneHelpEvent) -> bool:
    """Shows what flows along the edge under the pointer; False where there is none."""
    item = next(iter(scene.items(event.scenePos())), None)
    if not isinstance(item, EdgeItem):
        return False
    what = scene.session.shapes(scene.name).at(item.edge.source)
    QToolTip.showText(event.screenPos(), tip(item.edge, what), event.widget())
    return True


def tip(edge: Edge, what: Any) -> str:
    """The ends of an edge, and what goes from one to the other."""
    head = f"<b>{escape(edge.source)} → {escape(edge.target)}</b>"
    if isinstance(what, Elements):
        rows, said = parts(what), [many(what)]
        if what.classes:
            said.append(f"{len(what.classes):,} classes")
        if len(rows) > MOST:
            rows, left = rows[:MOST], len(rows) - MOST
            said.append(f"{left:,} more tensors than these")
        return f"<p>{head}<br>{', '.join(said)}</p>{_table(rows)}"
    if isinstance(what, Spec):
        return f"<p>{head}</p>{_table(parts(Elements(what)))}"
    return f"<p>{head}<br>What flows here isn't known before what feeds it is right.</p>"


def _table(rows: list[tuple[str, str, str, str]]) -> str:
    used = [column for column in range(4) if any(row[column] for row in rows)]
    lines = (
        "".join(f"<td style='padding-right: 10px'>{escape(row[column])}</td>" for column in used)
        for row in rows
    )
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"
