"""Where a new node goes, and what a dragged one snaps to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from studio.graph.document import Edge, Graph, Node
from studio.graph.file import load
from studio.graph.layout.anchors import port_place, spread
from studio.graph.layout.layered import LAYER_GAP, NODE, layout
from studio.graph.layout.near import place_near
from studio.graph.layout.snap import Guides, Line, Snap
from studio.resources import TEMPLATES

W, H = NODE
BELOW = H + LAYER_GAP["down"] + 2  # to the grid


def standing(**places: tuple[float, float] | None) -> Graph:
    return Graph({n: Node(n, op="keras.layers.Add", at=at) for n, at in places.items()})


@pytest.mark.parametrize(
    ("drawn", "beside", "point", "wanted"),
    [
        (standing(), None, (98, 25), (0, 0)),
        (standing(a=(0, 0)), "a", (0, 0), (0, 96)),
        (standing(a=(0, 0), b=(0, 98)), "a", (0, 0), (232, 96)),
        (standing(a=(0, 0), b=(0, 98), c=(232, 98)), "a", (0, 0), (-232, 96)),
        (standing(a=None), "a", (98, 25), (0, 0)),
        (standing(a=(0, 0)), "lost", (98, 25), (232, 0)),
    ],
    ids=["empty", "below", "right of what is there", "then left", "nowhere yet", "at a point"],
)
def test_a_new_node(drawn: Graph, beside: str | None, point, wanted) -> None:
    x, y = place_near(drawn, beside=beside, point=point)
    assert (x, y) == pytest.approx(wanted, abs=4)


def test_to_the_right_a_new_node_goes_right() -> None:
    assert place_near(standing(a=(0, 0)), beside="a", direction="right") == (W + 112, 0)


@given(st.lists(st.tuples(st.integers(-500, 500), st.integers(-500, 500)), max_size=30), st.data())
def test_a_new_node_lies_on_no_other(places, data) -> None:
    drawn = standing(**{f"n{i}": at for i, at in enumerate(places)})
    beside = data.draw(st.sampled_from([None, *drawn.nodes]))
    x, y = place_near(drawn, beside=beside)
    for left, top in places:
        assert x >= left + W or left >= x + W or y >= top + H or top >= y + H


A = (0.0, 0.0, 100.0, 40.0)


@pytest.mark.parametrize(
    ("others", "moving", "wanted"),
    [
        ([A], (3, 200, 100, 40), Snap(-3, 0, tuple(Line(True, x, 0, 240) for x in (0, 50, 100)))),
        ([A], (23, 200, 60, 40), Snap(-3, 0, (Line(True, 50, 0, 240),))),
        ([A], (104, 200, 60, 40), Snap(-4, 0, (Line(True, 100, 0, 240),))),
        ([A], (300, 2, 50, 40), Snap(0, -2, tuple(Line(False, y, 0, 350) for y in (0, 20, 40)))),
        ([A], (300, 200, 60, 44), Snap()),
        ([], (0, 0, 10, 10), Snap()),
        ([A, (2, 400, 100, 40)], (1.4, 300, 101, 43), Snap(0.1, 0, (Line(True, 52, 300, 440),))),
    ],
    ids=["left", "middle", "right edge", "top", "too far", "alone", "nearest"],
)
def test_a_dragged_node_snaps(others, moving, wanted) -> None:
    snap = Guides(others).snap(moving)
    assert (snap.dx, snap.dy) == pytest.approx((wanted.dx, wanted.dy))
    assert snap.lines == wanted.lines


def test_a_guide_ends_at_the_nearest_of_many() -> None:
    column = [(0.0, 100.0 * i, 100.0, 40.0) for i in range(50)]
    (line, *_) = Guides(column).snap((2, 1150, 100, 40)).lines
    assert (line.start, line.end) in ((1100, 1190), (1150, 1240))


def test_what_is_out_of_reach_is_not_snapped_to() -> None:
    assert Guides([A]).snap((3, 5000, 100, 40), reach=1000) == Snap()
    assert Guides([A]).snap((3, 900, 100, 40), reach=1000).dx == -3


side = st.integers(1, 300).map(float)
rects = st.lists(st.tuples(st.integers(-500, 500), st.integers(-500, 500), side, side), max_size=20)


def keys(at: float, length: float) -> tuple[float, float, float]:
    return at + length / 2, at, at + length


@given(rects, st.tuples(st.integers(-500, 500), st.integers(-500, 500), side, side))
def test_it_snaps_to_the_nearest_as_if_all_were_asked(others, moving) -> None:
    snap = Guides(others).snap(moving, tolerance=6)
    for axis, found in ((0, snap.dx), (1, snap.dy)):
        own = keys(moving[axis], moving[axis + 2])
        away = [abs(k - mine) for r in others for k in keys(r[axis], r[axis + 2]) for mine in own]
        near = [each for each in away if each <= 6]
        assert abs(found) == pytest.approx(min(near, default=0))


def test_ports_stand_on_the_grid_from_the_middle() -> None:
    assert port_place(0, 1) == W / 2
    for count in range(2, 9):
        places = [port_place(i, count) for i in range(count)]
        assert places == sorted(set(places)) and places[0] > 0 and places[-1] < W
        assert all((each - W / 2) % 4 == 0 for each in places)


@pytest.mark.parametrize("name", ["lstm_states", "attention_encoder"])
def test_edges_between_ports_are_straight_where_the_trunk_is(name: str) -> None:
    project = load(TEMPLATES / name)
    anchors = spread(project, project.model)
    places = layout(project.model, anchors=anchors).places
    straight = 0
    for edge in project.model.edges:
        leaves, enters = anchors(edge)
        begin = places[edge.source_node][0] + leaves * W
        straight += begin == places[edge.target_node][0] + enters * W
    assert straight >= len(project.model.nodes) - 1


def test_lost_ports_are_borne() -> None:
    project = load(TEMPLATES / "digits_mlp")
    model = replace(project.model, edges=(Edge("lost.port", "gone.port"),))
    assert spread(project, model)(model.edges[0]) == (0.5, 0.5)
