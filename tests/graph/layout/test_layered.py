"""The layered layout: nothing lies on anything, edges lead on, chains are straight."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.graph.document import Edge, Graph, Node
from studio.graph.file import load
from studio.graph.layout.layered import GRID, LAYER_GAP, NODE, Cancelled, Layout, layout
from studio.graph.layout.layers import Layered, layered
from studio.graph.layout.order import crossings, first_order, ordered
from studio.resources import TEMPLATES
from tests.templates import NAMES

from .drawings import ATTENTION, INCEPTION, RESIDUAL, UNET, graph, lines, overlaps

SKETCHES = {"residual": RESIDUAL, "unet": UNET, "inception": INCEPTION, "attention": ATTENTION}


@st.composite
def dags(draw, most: int = 24) -> Graph:
    """Nodes in any order, edges that close no cycle, some of them twice."""
    count = draw(st.integers(1, most))
    names = draw(st.permutations([f"n{i}" for i in range(count)]))
    pair = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))
    pairs = draw(st.lists(pair, max_size=2 * count))
    ends = [(min(p), max(p)) for p in pairs if p[0] != p[1]]
    nodes = {f"n{i}": Node(f"n{i}", op="keras.layers.Add") for i in range(count)}
    return Graph(nodes, tuple(Edge(names[a], names[b]) for a, b in ends))


@st.composite
def sizes(draw, drawn: Graph) -> dict[str, tuple[float, float]]:
    side = st.integers(5, 60).map(lambda n: 4 * n)
    return {name: (draw(side), draw(side)) for name in drawn.nodes if draw(st.booleans())}


def proper(drawn: Graph) -> Layered:
    number = {name: index for index, name in enumerate(drawn.nodes)}
    ends = [(number[e.source_node], number[e.target_node]) for e in drawn.edges]
    return layered(len(number), [(a, b, 0.5, 0.5, "") for a, b in ends], lambda: None)


def tangle(count: int, seed: int, more: float = 0.4) -> Graph:
    draw = random.Random(seed)
    targets = [*range(1, count), *(draw.randrange(1, count) for _ in range(int(count * more)))]
    nodes = {f"n{i}": Node(f"n{i}", op="keras.layers.Add") for i in range(count)}
    return Graph(nodes, tuple(Edge(f"n{draw.randrange(t)}", f"n{t}") for t in targets))


def check(drawn: Graph, made: Layout, own: dict[str, tuple[float, float]]) -> None:
    assert made.places.keys() == drawn.nodes.keys()
    assert not overlaps(made, own)
    for x, y in made.places.values():
        assert x % GRID == 0 and y % GRID == 0
    for edge, points in lines(drawn, made, own):
        heights = [y for _, y in points]
        assert heights == sorted(heights), f"{edge} turns back"
        assert heights[-1] - heights[0] >= LAYER_GAP["down"] - GRID, f"{edge} is too short"


@given(st.data())
def test_no_node_lies_on_another_and_every_edge_leads_down(data) -> None:
    drawn = data.draw(dags())
    own = data.draw(sizes(drawn))
    check(drawn, layout(drawn, own), own)


@given(st.data())
def test_a_long_edge_runs_beside_the_nodes_that_it_passes(data) -> None:
    drawn = data.draw(dags())
    own = data.draw(sizes(drawn))
    made = layout(drawn, own)
    for bends in made.routes.values():
        for (x, top), (other, bottom) in zip(bends[::2], bends[1::2], strict=True):
            assert x == other, "beside nodes it is upright"
            for name, (left, above) in made.places.items():
                wide, high = own.get(name, NODE)
                beside = x <= left or x >= left + wide
                assert beside or bottom <= above or top >= above + high, name


@given(dags())
def test_to_the_right_it_is_the_same_turned(drawn) -> None:
    made = layout(drawn, direction="right")
    assert not overlaps(made, {})
    for edge in drawn.edges:
        source, target = made.places[edge.source_node], made.places[edge.target_node]
        assert target[0] - source[0] >= NODE[0] + LAYER_GAP["right"] - GRID


@given(dags())
def test_the_same_graph_is_laid_out_the_same(drawn) -> None:
    assert layout(drawn) == layout(Graph(dict(drawn.nodes), tuple(drawn.edges)))


@pytest.mark.parametrize("name", NAMES)
def test_templates(name: str) -> None:
    for drawn in load(TEMPLATES / name).graphs().values():
        check(drawn, layout(drawn), {})
        places = {node.id: node.at for node in drawn.nodes.values() if node.at is not None}
        assert not overlaps(Layout(places, {}), {})  # as they are drawn in the file


def test_the_first_node_stands_at_the_origin() -> None:
    for drawn in SKETCHES.values():
        assert layout(drawn).places["x"] == (0, 0)


@pytest.mark.parametrize(
    ("name", "straight"),
    [
        ("residual", "x conv1 norm1 relu1 add1 conv2 norm2 relu2 add2 out"),
        ("unet", "x e1 p1 e2 p2 mid u2 c2 u1 c1 out"),
        ("inception", "x a1 a2 a3 join y"),
        ("inception", "b1 b2"),
        ("attention", "x norm k mix add out"),
    ],
)
def test_chains_are_straight(name: str, straight: str) -> None:
    places = layout(SKETCHES[name]).places
    assert len({places[each][0] for each in straight.split()}) == 1


def test_a_chain_of_nodes_of_different_width_is_straight_through_their_middles() -> None:
    own = {"a": (80, 40), "b": (240, 40), "c": (160, 120)}
    places = layout(graph("a b c"), own).places
    assert len({places[name][0] + own[name][0] / 2 for name in own}) == 1


def test_a_chain_is_straight_from_port_to_port() -> None:
    anchors = {Edge("a", "b.second"): (0.5, 0.75), Edge("b", "c"): (0.25, 0.5)}
    own = dict.fromkeys("abc", (160.0, 48.0))
    places = layout(graph("a b.second", "b c"), own, anchors=anchors.__getitem__).places
    a, b, c = (places[name][0] for name in "abc")
    assert (a + 80, c + 80) == (b + 120, b + 40)


def test_skips_lie_nested_at_the_trunks_right() -> None:
    made = layout(UNET)
    outer, inner = (
        made.routes[UNET.edges.index(Edge(*ends))] for ends in (("e1", "c1"), ("e2", "c2"))
    )
    assert {x for x, _ in outer} > {NODE[0]} or min(x for x, _ in outer) > NODE[0]
    assert max(x for x, _ in inner) < min(x for x, _ in outer)
    assert len(outer) == len(inner) == 2, "no bend on the way"


def test_two_ways_of_one_length_have_fork_and_join_in_their_middle() -> None:
    places = layout(graph("x a1 a2 join", "x b1 b2 join")).places
    (a, b), (x, join) = ([places[n][0] for n in names] for names in (("a1", "b1"), ("x", "join")))
    assert x == join == (a + b) / 2


def test_a_second_input_stands_right_above_what_it_feeds() -> None:
    places = layout(graph("x a b c join", "y scale join")).places
    assert places["scale"][1] == places["c"][1] and places["y"][1] == places["b"][1]


def test_what_leaves_one_port_runs_down_as_one_line() -> None:
    drawn = graph("mask a b c d e", "mask b", "mask c", "mask e")
    made = layout(drawn)
    lanes = {bends[0] for bends in made.routes.values()}
    assert len(made.routes) == 3 and len(lanes) == 1


def test_what_leaves_two_ports_runs_down_as_two() -> None:
    drawn = graph("x a b join", "x.one join", "x.two join")
    assert len({bends[0][0] for bends in layout(drawn).routes.values()}) == 2


@pytest.mark.parametrize("name", [*SKETCHES])
def test_what_can_be_drawn_without_crossings_is(name: str) -> None:
    shape = proper(SKETCHES[name])
    assert crossings(shape, ordered(shape, lambda: None)) == 0


@given(dags(14))
def test_crossings_are_counted_as_one_sees_them(drawn) -> None:
    shape = proper(drawn)
    rows = first_order(shape)
    place = {v: i for row in rows for i, v in enumerate(row)}
    seen = 0
    for row in rows:
        ends = [(place[v], place[w]) for v in row for w, *_ in shape.down[v]]
        seen += sum((a - c) * (b - d) < 0 for i, (a, b) in enumerate(ends) for c, d in ends[:i])
    assert crossings(shape, rows) == seen


def test_there_are_far_fewer_crossings_than_in_the_order_of_the_file_or_of_a_walk() -> None:
    found = walked = filed = 0
    for seed in range(12):
        shape = proper(tangle(60, seed))
        found += crossings(shape, ordered(shape, lambda: None))
        walked += crossings(shape, first_order(shape))
        filed += crossings(shape, shape.rows())
    assert found < 0.6 * walked and found < 0.25 * filed


@given(dags(14))
def test_an_order_is_never_worse_than_the_first_one(drawn) -> None:
    shape = proper(drawn)
    rows = ordered(shape, lambda: None)
    assert sorted(v for row in rows for v in row) == list(range(len(shape.layer)))
    assert crossings(shape, rows) <= crossings(shape, first_order(shape))


@pytest.mark.parametrize(
    "drawn",
    [
        Graph(),
        graph("a"),
        graph("a b c a"),
        graph("a a"),
        graph("x a b c b", "c out", "a x"),
        Graph(graph("a b").nodes, (Edge("a", "b"), Edge("a", "lost"), Edge("lost", "b"))),
    ],
    ids=["nothing", "one", "ring", "itself", "knot", "lost"],
)
def test_broken_graphs_are_laid_out_too(drawn: Graph) -> None:
    made = layout(drawn)
    assert made.places.keys() == drawn.nodes.keys()
    assert not overlaps(made, {})


def test_of_a_cycle_only_the_edge_back_leads_up() -> None:
    places = layout(graph("x a b c a", "c out")).places
    heights = [places[name][1] for name in ("x", "a", "b", "c", "out")]
    assert heights == sorted(set(heights))


def test_parts_stand_side_by_side() -> None:
    places = layout(graph("a b c", "d e", "f")).places
    assert places["a"][1] == places["d"][1] == places["f"][1]
    assert places["a"][0] < places["d"][0] < places["f"][0]


def test_many_parts_are_packed_about_as_wide_as_a_window() -> None:
    places = layout(
        Graph({f"n{i}": Node(f"n{i}", op="keras.layers.Add") for i in range(100)})
    ).places
    wide = max(x for x, _ in places.values()) + NODE[0]
    high = max(y for _, y in places.values()) + NODE[1]
    assert 1 < wide / high < 2.5


def test_some_nodes_are_laid_out_where_they_were() -> None:
    drawn = graph("a b c d", "a d")
    nodes = {
        name: Node(name, op="keras.layers.Add", at=(400.0, 1000.0 + 12 * i))
        for i, name in enumerate(drawn.nodes)
    }
    made = layout(Graph(nodes, drawn.edges), only=["c", "b"])
    assert made.places == {"b": (400, 1012), "c": (400, 1112)}


def test_it_stops_wherever_it_is_told_to() -> None:
    drawn = tangle(150, 1)
    asked = 0

    def count() -> bool:
        nonlocal asked
        asked += 1
        return False

    whole = layout(drawn, cancelled=count)
    assert asked > 50, "it asks seldom"
    for last in range(1, asked + 1, 7):
        left = iter(range(last - 1))
        with pytest.raises(Cancelled):
            layout(drawn, cancelled=lambda left=left: next(left, None) is None)
    assert layout(drawn) == whole


def test_progress_rises_to_the_end() -> None:
    heard: list[float] = []
    layout(graph("a b", "c d", "e"), progress=heard.append)
    assert heard == sorted(heard) and heard[-1] == 1


def test_an_edge_to_each_of_many_nodes_takes_no_lane_of_its_own(ends) -> None:
    nodes = [f"n{i}" for i in range(3000)]
    drawn = graph(" ".join(nodes), *(f"n0 {name}" for name in nodes[2:]))
    with ends(30):
        made = layout(drawn)
    assert len({x for x, _ in made.places.values()}) == 1
    assert len({bends[0] for bends in made.routes.values()}) == 1
