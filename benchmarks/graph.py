"""What inference, checks and the script cost, beside what Keras takes to build the same model.

    python benchmarks/graph.py [--rounds N] [--no-keras]

A residual network of 1,000 and of 10,000 nodes: inferred from nothing, and after
an edit at the end and one at the head that changes every shape behind it; all
that is said of it after an edit in its middle; and the script it is written as.
Times are those of the process, without what others did meanwhile. Then
EfficientNetB7 as a project, by its 816 layers: `studio summary` and `studio
script` as whole processes, from start to end.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from studio.codegen.model import write_model
from studio.codegen.script import write_script
from studio.codegen.source import Source
from studio.graph.checks import Checker, check
from studio.graph.document import Call, DataGraph, Edge, ModelGraph, Node, Project, Training
from studio.graph.edits import Disconnect, Edit, SetParam
from studio.graph.file import load, save
from studio.graph.importer import import_model
from studio.graph.infer import Inference
from studio.graph.shapes import Shapes
from studio.resources import TEMPLATES

WANTED = {
    (1000, "all of it"): 30.0,
    (1000, "edit at the end"): 1.0,
    (1000, "edit at the head"): 30.0,
    (1000, "checked after an edit"): 25.0,
    (1000, "the same without advice"): 10.0,
    (1000, "script"): 40.0,
    (10000, "all of it"): 400.0,
}
"""Milliseconds."""

PROCESSES = {"summary": 700.0, "script": 1000.0}
"""Milliseconds that a command may take for EfficientNetB7, the start of Python included."""


def network(count: int) -> Project:
    """Conv2D, BatchNormalization, Activation, Add, over and over, with so many nodes."""
    nodes = {
        "x": Node("x", op="keras.Input", params={"shape": [8, 8, 1]}),
        "first": Node("first", op="keras.layers.Conv2D", params={"filters": 16, "kernel_size": 1}),
    }
    edges: list[Edge] = [Edge("x", "first")]
    last = before = "first"

    def add(name: str, layer: str, **params: object) -> str:
        nodes[name] = Node(name, op=f"keras.layers.{layer}", params=params)
        edges.append(Edge(last, name))
        return name

    while len(nodes) + 6 <= count:
        at = len(nodes)
        conv = {"filters": 16, "kernel_size": 3, "padding": "same", "use_bias": False}
        last = add(f"conv{at}", "Conv2D", **conv)
        last = add(f"norm{at}", "BatchNormalization")
        last = add(f"relu{at}", "Activation", activation="relu")
        last = add(f"sum{at}", "Add")
        edges.append(Edge(before, last))
        before = last
    last = add("pool", "GlobalAveragePooling2D")
    add("digit", "Dense", units=10)
    model = ModelGraph(nodes, tuple(edges), outputs=("digit",))
    return replace(load(TEMPLATES / "digits_cnn" / "project.json"), model=model)


def milliseconds(run: Callable[[], object]) -> float:
    """How long a call takes."""
    began = time.process_time()
    run()
    return (time.process_time() - began) * 1000


def _convolutions(project: Project) -> list[str]:
    return [n.id for n in project.model.nodes.values() if (n.op or "").endswith("Conv2D")]


def edits(project: Project) -> dict[str, Edit]:
    """An edit at the end, one of an edge there, and one at the head."""
    edge = project.model.edges[-1]
    return {
        "edit at the end": SetParam("model", _convolutions(project)[-1], "kernel_size", 5),
        "edge at the end": Disconnect("model", edge.source, edge.target),
        "edit at the head": SetParam("model", "x", "shape", [64, 64, 1]),
    }


def checks(project: Project, rounds: int, advice: bool) -> list[float]:
    """What a check costs that is kept, after an edit in the middle."""
    convs, checker, times = _convolutions(project), Checker(), []
    for size in range(rounds):
        checker.run(project)
        edit = SetParam("model", convs[len(convs) // 2], "kernel_size", [3, 3 + 2 * size])
        after = edit.apply(project)
        times.append(milliseconds(lambda p=after: checker.run(p, advice=advice)))
    return times


def report(count: int, what: str, times: list[float]) -> None:
    """One line: median and worst, and what is wanted."""
    wanted = WANTED.get((count, what))
    limit = f"  wanted <= {wanted:g} ms" if wanted else ""
    median = statistics.median(times)
    least = min(times)
    print(
        f"  {what:24} least {least:8.2f}  median {median:8.2f}  worst {max(times):8.2f} ms{limit}"
    )


def keras_build(project: Project) -> float:
    """Milliseconds that Keras takes to build the model by the script that Studio writes."""
    source = Source()
    write_model(source, project, "functional", Shapes(), None)
    lines = ["import keras", *(line for part in source.sections for line in part.lines)]
    module: dict[str, object] = {}
    exec(compile("\n".join(lines), "model.py", "exec"), module)
    return milliseconds(module["build_model"])


def with_training(project: Project, folder: Path) -> Project:
    """The project with data of the model's size and a training: what a script needs."""
    import numpy as np

    (image, *_), (output,) = project.model.nodes.values(), project.model.outputs
    shape = image.params["batch_shape"][1:]
    np.savez(folder / "rows.npz", x=np.zeros((1, *shape), "float32"), y=np.zeros(1, "int64"))
    rows = {"path": "rows.npz", "features": "x", "label": "y"}
    nodes = (
        Node("rows", op="studio.data.numpy", params=rows),
        Node("batches", op="tf.data.Dataset.batch", params={"batch_size": 1}),
    )
    data = DataGraph(
        {node.id: node for node in nodes}, (Edge("rows", "batches"),), outputs={"train": "batches"}
    )
    loss = Call("keras.losses.SparseCategoricalCrossentropy")
    training = Training(optimizer=Call("keras.optimizers.SGD"), losses={output: loss})
    return replace(project, data=data, training=training)


def whole_processes(rounds: int) -> None:
    """EfficientNetB7: what Keras takes to build it, then the commands, each a process."""
    import keras

    models = []
    build = milliseconds(lambda: models.append(keras.applications.EfficientNetB7(weights=None)))
    project = import_model(json.loads(models[0].to_json())["config"])
    print(f"EfficientNetB7, {len(project.model.nodes)} nodes, as whole processes")
    with tempfile.TemporaryDirectory() as folder:
        save(with_training(project, Path(folder)), Path(folder, "project.json"))
        for command, wanted in PROCESSES.items():
            arguments = [sys.executable, "-m", "studio", command, folder]
            run = lambda a=arguments: subprocess.run(a, check=True, stdout=subprocess.DEVNULL)  # noqa: E731
            run()  # compiles what has changed
            times = [milliseconds(run) for _ in range(rounds)]
            print(
                f"  studio {command:17} median {statistics.median(times):9.2f} ms"
                f"  worst {max(times):9.2f} ms  wanted <= {wanted:g} ms"
            )
    print(f"  {'keras.applications':24}        {build:9.2f} ms, its import not counted")


def main() -> None:
    """Measures both sizes, and EfficientNetB7."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--no-keras", action="store_true")
    options = parser.parse_args()
    check(network(10))  # the catalogue is read once
    for count in (1000, 10000):
        project = network(count)
        print(f"{len(project.model.nodes)} nodes, {len(project.model.edges)} edges")
        fresh = [network(count) for _ in range(options.rounds)]
        report(count, "all of it", [milliseconds(lambda p=p: Inference().run(p)) for p in fresh])
        for what, edit in edits(project).items():
            inference, times = Inference(), []
            for _ in range(options.rounds):
                inference.run(project)
                after = edit.apply(project)
                times.append(milliseconds(lambda i=inference, p=after: i.run(p)))
            report(count, what, times)
        report(count, "all checks and advice", [milliseconds(lambda p=p: check(p)) for p in fresh])
        report(count, "checked after an edit", checks(project, options.rounds, advice=True))
        report(count, "the same without advice", checks(project, options.rounds, advice=False))
        known = check(project)
        report(
            count,
            "script",
            [milliseconds(lambda p=p, r=known: write_script(p, report=r)) for p in fresh],
        )
    if not options.no_keras:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        import keras  # noqa: F401  (its import is not what is measured)

        sys.setrecursionlimit(20000)  # Keras walks a chain of layers by recursion
        print("Keras builds the model of 1,000 nodes")
        report(1000, "keras.Model", [keras_build(network(1000))])
        whole_processes(options.rounds)


if __name__ == "__main__":
    main()
