"""What the layout, the search and the guides of the canvas cost.

    python benchmarks/layout.py [--rounds N]

A residual network and a random graph, of 1,000 and of 10,000 nodes.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import statistics
import threading
import time
from collections.abc import Callable

from graph import network, report

from studio.graph.document import Edge, Graph, Node, Project
from studio.graph.find import Finder, Index
from studio.graph.layout.layered import NODE, Cancelled, layout
from studio.graph.layout.near import place_near
from studio.graph.layout.snap import Guides
from studio.graph.library import library

LISTED = 500
"""Hits that a list would show."""


def tangle(count: int, edges: float = 1.2, seed: int = 1) -> Graph:
    """A random graph without cycles: each node hangs on an earlier one, some on several."""
    draw = random.Random(seed)
    targets = [
        *range(1, count),
        *(draw.randrange(1, count) for _ in range(int(count * edges - count))),
    ]
    nodes = {f"n{i}": Node(f"n{i}", op="keras.layers.Add") for i in range(count)}
    return Graph(nodes, tuple(Edge(f"n{draw.randrange(t)}", f"n{t}") for t in targets))


def milliseconds(run: Callable[[], object]) -> float:
    """How long a call takes."""
    began = time.perf_counter()
    run()
    return (time.perf_counter() - began) * 1000


def cancelling(graph: Graph, after: float) -> float:
    """Milliseconds from the word to the end of a layout that was told so after some seconds."""
    told: list[float] = []

    def tell() -> None:
        told.append(time.perf_counter())

    timer = threading.Timer(after, tell)
    timer.start()
    with contextlib.suppress(Cancelled):
        layout(graph, cancelled=lambda: bool(told))
    ended = time.perf_counter()
    timer.cancel()
    timer.join()
    return (ended - told[0]) * 1000 if told else 0.0


def layouts(rounds: int) -> None:
    """Both graphs in both sizes, and how soon one ends that is cancelled."""
    for count, wanted in ((1000, 500), (10000, 10000)):
        graphs = {"residual network": network(count).model, "random graph": tangle(count)}
        for name, graph in graphs.items():
            print(f"{name}: {len(graph.nodes)} nodes, {len(graph.edges)} edges")
            times = [milliseconds(lambda g=graph: layout(g)) for _ in range(rounds)]
            report(count, "layout", times)
            print(f"  {'':24} wanted <= {wanted} ms")
    graph = tangle(10000)
    waits = [cancelling(graph, after) for after in (0.05, 0.2, 0.5, 1.0, 2.0)]
    report(10000, "from cancelled to the end", waits)
    print(f"  {'':24} wanted <= 100 ms")


def searches(rounds: int) -> None:
    """Ops as the palette finds them, nodes as find does."""
    items = [item.entry() for family in library(Project()) for item in family.items]
    index = Index(items)
    print(f"fuzzy search over {len(items)} ops")
    for query in ("c", "conv", "mhatt"):
        report(0, repr(query), [milliseconds(lambda q=query: index.find(q)) for _ in range(rounds)])
    print(f"  {'':24} wanted <= 5 ms")
    project = network(10000)
    print(f"search in 10,000 nodes, the first {LISTED} hits")
    for query in ("n5000", "filters=16", "relu", "e"):
        first = [
            milliseconds(lambda q=query: Finder().find(project, q, LISTED)) for _ in range(rounds)
        ]
        finder = Finder()
        finder.find(project, query)
        again = [
            milliseconds(lambda q=query, f=finder: f.find(project, q, LISTED))
            for _ in range(rounds)
        ]
        report(0, f"{query!r}, first letter", first)
        report(0, f"{query!r}, further ones", again)
    print(f"  {'':24} wanted <= 50 ms")


def guides(rounds: int) -> None:
    """What a drag costs a frame, and where a new node goes."""
    graph = network(10000).model
    places = layout(graph).places
    placed = Graph({n.id: Node(n.id, op=n.op, at=places[n.id]) for n in graph.nodes.values()})
    print("guides among 10,000 nodes")
    rects = [(*at, *NODE) for at in places.values()]
    report(0, "sorted, once a drag", [milliseconds(lambda: Guides(rects)) for _ in range(rounds)])
    ready = Guides(rects)
    draw = random.Random(1)
    moves = [(draw.uniform(-300, 300), draw.uniform(0, 900000), *NODE) for _ in range(1000)]
    times = [milliseconds(lambda m=move: ready.snap(m)) for move in moves]
    report(0, "snap", times)
    print(
        f"  {'':24} 99 of 100 under {statistics.quantiles(times, n=100)[-1]:.3f} ms, wanted < 1 ms"
    )
    report(0, "place of a new node", [milliseconds(lambda: place_near(placed, beside="n5000"))])


def main() -> None:
    """Measures all of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    layouts(rounds)
    searches(rounds)
    guides(rounds)


if __name__ == "__main__":
    main()
