"""What inference costs, beside the time Keras itself takes to build the same model.

    python benchmarks/graph.py [--rounds N] [--no-keras]

A residual network of 1,000 and of 10,000 nodes: inferred from nothing, and after
an edit at the end and one at the head that changes every shape behind it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable

from studio.codegen.model import write_model
from studio.codegen.source import Source
from studio.graph.checks import check
from studio.graph.document import Edge, ModelGraph, Node, Project
from studio.graph.edits import Disconnect, Edit, SetParam
from studio.graph.infer import Inference, Shapes

WANTED = {
    (1000, "all of it"): 30.0,
    (1000, "edit at the end"): 1.0,
    (1000, "edit at the head"): 30.0,
    (10000, "all of it"): 400.0,
}
"""Milliseconds."""


def network(count: int) -> Project:
    """Conv2D, BatchNormalization, Activation, Add, over and over, with so many nodes."""
    nodes = {"x": Node("x", op="keras.Input", params={"shape": [32, 32, 16]})}
    edges: list[Edge] = []
    layers = (
        ("Conv2D", {"filters": 16, "kernel_size": 3, "padding": "same", "use_bias": False}),
        ("BatchNormalization", {}),
        ("Activation", {"activation": "relu"}),
    )
    last = before = "x"
    while len(nodes) + 4 <= count:
        for layer, params in layers:
            name = f"n{len(nodes)}"
            nodes[name] = Node(name, op=f"keras.layers.{layer}", params=params)
            edges.append(Edge(last, name))
            last = name
        name = f"n{len(nodes)}"
        nodes[name] = Node(name, op="keras.layers.Add")
        edges += [Edge(last, name), Edge(before, name)]
        last = before = name
    return Project(model=ModelGraph(nodes, tuple(edges), outputs=(last,)))


def milliseconds(run: Callable[[], object]) -> float:
    """How long a call takes."""
    began = time.perf_counter()
    run()
    return (time.perf_counter() - began) * 1000


def edits(project: Project) -> dict[str, Edit]:
    """An edit at the end, one of an edge there, and one at the head."""
    convs = [n.id for n in project.model.nodes.values() if (n.op or "").endswith("Conv2D")]
    edge = project.model.edges[-1]
    return {
        "edit at the end": SetParam("model", convs[-1], "kernel_size", 5),
        "edge at the end": Disconnect("model", edge.source, edge.target),
        "edit at the head": SetParam("model", "x", "shape", [64, 64, 16]),
    }


def report(count: int, what: str, times: list[float]) -> None:
    """One line: median and worst, and what is wanted."""
    wanted = WANTED.get((count, what))
    limit = f"  wanted <= {wanted:g} ms" if wanted else ""
    median = statistics.median(times)
    print(f"  {what:24} median {median:9.2f} ms  worst {max(times):9.2f} ms{limit}")


def keras_build(project: Project) -> float:
    """Milliseconds that Keras takes to build the model by the script that Studio writes."""
    source = Source()
    write_model(source, project, "functional", Shapes(), None)
    lines = ["import keras", *(line for part in source.sections for line in part.lines)]
    module: dict[str, object] = {}
    exec(compile("\n".join(lines), "model.py", "exec"), module)
    return milliseconds(module["build_model"])


def main() -> None:
    """Measures both sizes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--no-keras", action="store_true")
    options = parser.parse_args()
    Inference().run(network(10))  # the catalogue is read once
    for count in (1000, 10000):
        project = network(count)
        print(f"{len(project.model.nodes)} nodes, {len(project.model.edges)} edges")
        fresh = [milliseconds(lambda p=project: Inference().run(p)) for _ in range(options.rounds)]
        report(count, "all of it", fresh)
        for what, edit in edits(project).items():
            inference, times = Inference(), []
            for _ in range(options.rounds):
                inference.run(project)
                after = edit.apply(project)
                times.append(milliseconds(lambda i=inference, p=after: i.run(p)))
            report(count, what, times)
        report(count, "all checks and advice", [milliseconds(lambda p=project: check(p))])
    if not options.no_keras:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        import keras  # noqa: F401  (its import is not what is measured)

        sys.setrecursionlimit(20000)  # Keras walks a chain of layers by recursion
        print("Keras builds the model of 1,000 nodes")
        report(1000, "keras.Model", [keras_build(network(1000))])


if __name__ == "__main__":
    main()
