"""What can be added, by name: Tab on the canvas, or a wire let go over nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from PySide6.QtCore import QPoint, QPointF

from studio.graph.compose import Fit, fits, replace_op
from studio.graph.find import Entry, Index
from studio.graph.library import Item, library
from studio.graph.spec import Spec
from studio.gui.adding import add, attempt, feeding
from studio.gui.look.tokens import family_colour
from studio.gui.palettes.palette import Palette
from studio.gui.palettes.rows import Choice

if TYPE_CHECKING:
    from studio.gui.canvas.port_at import PortAt
    from studio.gui.window import Window

RECENT = "recent_ops"
KEPT = 12


class _Offer(Struct, frozen=True):
    """An entry of the library, with how it would fit what it is to be wired to."""

    item: Item
    family: str
    weight: float
    fit: Fit | None = None


def quick_add(window: Window, at: QPointF | None = None, wire: PortAt | None = None) -> Palette:
    """Opens it. `at` is a place of the scene; `wire` a port that what is chosen is wired to.

    Without a wire the selected nodes feed it. Those used last, and those that
    fit, come first; with a wire there are no others.
    """
    feeds = feeding(window) if wire is None else []
    offers = {each.item.op: each for each in _offers(window, feeds, wire)}
    index = Index(
        Entry(op, offer.item.title, offer.weight, offer.item.entry().words)
        for op, offer in offers.items()
    )

    def search(query: str) -> list[Choice]:
        return [_choice(offers[m.key], m.positions) for m in index.find(query)]

    def take(op: str) -> None:
        fit = offers[op].fit
        remember(window, op)
        add(window, op, at, feeds, wire, fit.params if fit is not None and wire else None)

    if wire is not None:
        text = f"What {'takes' if wire.out else 'feeds'} {wire.end}"
    else:
        text = f"Add behind {feeds[-1]}" if feeds else "Add a layer or stage"
    palette = Palette(window, text, text, search, nothing="Nothing that fits is called that.")
    palette.chosen.connect(take)
    palette.show_at(palette.field, _point(window, at))
    return palette


def replace_with(window: Window) -> Palette:
    """Opens the choice of another op for the selected node, which keeps its edges and parameters.

    What fits on what feeds the node comes first.
    """
    graph, name = window.graph, window.selected()[0]
    fed = [edge.source for edge in window.canvas.scene().graph.edges if edge.target_node == name]
    offers = {each.item.op: each for each in _offers(window, fed[:1], None)}
    index = Index(
        Entry(op, offer.item.title, offer.weight, offer.item.entry().words)
        for op, offer in offers.items()
    )

    def take(op: str) -> None:
        remember(window, op)
        edit = attempt(window, lambda: replace_op(window.session.project, graph, name, op))
        if edit:
            window.canvas.scene().select([name])

    text = f"Replace {name} with"
    palette = Palette(
        window,
        text,
        text,
        lambda query: [_choice(offers[m.key], m.positions) for m in index.find(query)],
        nothing="Nothing is called that.",
    )
    palette.chosen.connect(take)
    palette.show_at(palette.field, None)
    return palette


def remember(window: Window, op: str) -> None:
    """Puts an op in front of those used last."""
    others = [each for each in window.settings.get(RECENT, []) if each != op]
    window.settings.set(RECENT, [op, *others][:KEPT])


def _point(window: Window, at: QPointF | None) -> QPoint | None:
    if at is None:
        return None
    view = window.canvas
    here = view.viewportTransform().map(at).toPoint()
    return view.viewport().mapTo(window, here) + QPoint(-24, 4)


def items_for(window: Window) -> dict[str, tuple[Item, str]]:
    """The library of the graph in front by op, each with its family's title."""
    graph = window.graph
    side = "data" if graph == "data" else "model"
    return {
        item.op: (item, family.title)
        for family in library(window.session.project, side)
        for item in family.items
        if item.op != graph
    }


def _offers(window: Window, feeds: list[str], wire: PortAt | None) -> list[_Offer]:
    known = items_for(window)
    recent = [op for op in window.settings.get(RECENT, []) if op in known]
    used = {op: 30.0 - place for place, op in enumerate(recent)}
    end, direction = (feeds[-1] if feeds else None), "out"
    if wire is not None:
        end, direction = wire.end, "out" if wire.out else "in"
    if end is None:
        return [_Offer(i, title, i.weight + used.get(op, 0)) for op, (i, title) in known.items()]
    session = window.session
    found = fits(session.project, window.graph, end, direction, session.report.shapes)
    fitting = {fit.op: (place, fit) for place, fit in enumerate(found)}
    offers = []
    for op, (item, title) in known.items():
        place, fit = fitting.get(op, (0, None))
        if fit is not None:
            # The order of what fits is already that of how likely it is.
            weight = 80.0 - min(place, 400) / 8 + used.get(op, 0)
            offers.append(_Offer(item, title, weight, fit))
        elif wire is None:
            offers.append(_Offer(item, title, item.weight - 40))
    return offers


def _choice(offer: _Offer, positions: tuple[int, ...]) -> Choice:
    gives = offer.fit.gives if offer.fit is not None else None
    shape = shape_text(gives)
    return Choice(
        offer.item.op,
        offer.item.title,
        shape or offer.family,
        positions,
        color=family_colour(offer.item.family),
        mono=bool(shape),
        help=offer.item.help,
    )


def shape_text(spec: object) -> str:
    """A shape as the canvas writes it; empty where none is known."""
    if not isinstance(spec, Spec):
        return ""
    sizes = ", ".join("·" if size is None else str(size) for size in spec.shape)
    return f"({sizes})" + ("" if spec.dtype == "float32" else f" {spec.dtype}")
