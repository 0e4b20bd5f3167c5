"""The library: everything that can be a node, in its family, once; and what stands on a node."""

from __future__ import annotations

import pytest

from studio.graph.caption import elided, op_title, short_title, summary_line
from studio.graph.catalogue.registry import find, of_kind
from studio.graph.checks.calls import LAYERS, STAGES
from studio.graph.document import Block, Code, Edge, ModelGraph, Node, Project
from studio.graph.file import load
from studio.graph.library import family_of, library
from studio.resources import TEMPLATES

X = "\N{MULTIPLICATION SIGN}"
DOT = "\N{MIDDLE DOT}"


def families(project: Project, side: str = "model") -> dict[str, list[str]]:
    return {f.name: [item.title for item in f.items] for f in library(project, side)}


def test_the_families_stand_in_the_order_of_the_panel() -> None:
    names = " ".join(name for name in families(Project()) if name != "application")
    assert names == (
        "input core convolution pooling normalisation regularisation merging activation"
        " reshaping recurrent attention preprocessing ops"
    )
    assert list(families(Project(), "data")) == ["source", "stage", "map"]


@pytest.mark.parametrize(
    ("family", "first"),
    [
        ("input", "Input"),
        ("core", "Dense"),
        ("convolution", "Conv2D"),
        ("pooling", "MaxPooling2D"),
        ("merging", "Add"),
        ("recurrent", "LSTM"),
        ("preprocessing", "Rescaling"),
        ("ops", "add"),
    ],
)
def test_the_common_op_comes_first(family: str, first: str) -> None:
    assert families(Project())[family][0] == first


def test_every_layer_and_stage_is_in_one_family() -> None:
    items = [i for s in ("model", "data") for f in library(Project(), s) for i in f.items]
    known = [item.op for item in items]
    assert len(known) == len({*known})
    missing = {op.path.rpartition(".")[2] for op in of_kind("layer", *STAGES)} - {
        path.rpartition(".")[2] for path in known
    }
    cells = {"GRUCell", "LSTMCell", "SimpleRNNCell", "StackedRNNCells"}
    assert missing == cells | {"InputLayer"}
    for item in items:
        op = find(item.op)
        assert op.kind in (*LAYERS, *STAGES, "map")
        assert item.help and item.family == family_of(op)


def test_what_is_no_node_has_no_family() -> None:
    for path in ("keras.optimizers.Adam", "keras.layers.LSTMCell", "keras.ops.while_loop"):
        assert family_of(find(path)) == ""


def test_blocks_and_code_of_the_project_are_custom() -> None:
    project = Project(
        blocks={"tower": Block(parameters={"width": 8})},
        code={
            "MyLayer": Code("layer", "class MyLayer:\n    def __init__(self, units): ..."),
            "swap": Code("map", "def swap(x): ..."),
            "loss": Code("loss", ""),
        },
    )
    assert families(project)["custom"] == ["tower", "MyLayer"]
    assert families(project, "data")["custom"] == ["swap"]
    tower, layer = library(project)[-1].items
    assert tower.help == "A block of this project, with width."
    assert layer.help == "A layer of this project, with units."
    assert (tower.op, layer.op) == ("block:tower", "code:MyLayer")


# op, parameters, line: | parts them, * is the cross between sizes, ? an unknown one
LINES = [
    (
        ".Conv2D",
        {"filters": 32, "kernel_size": 3, "padding": "same"},
        "32 | 3*3 | same",
    ),
    (
        ".Conv1D",
        {"filters": 8, "kernel_size": 5, "strides": 2},
        "8 | 5 | stride 2",
    ),
    (
        ".Conv2D",
        {"filters": 8, "kernel_size": [1, 7], "strides": [2, 2]},
        "8 | 1*7 | stride 2",
    ),
    (
        ".Conv2D",
        {"filters": 8, "kernel_size": 3, "use_bias": False},
        "8 | 3*3 | no bias",
    ),
    (".Conv2D", {"filters": {"$": "width"}, "kernel_size": 1}, "width | 1*1"),
    (
        ".Conv2D",
        {"filters": 8, "kernel_size": 3, "padding": "valid", "activation": "linear"},
        "8 | 3*3",
    ),
    (
        ".Dense",
        {"units": 64, "activation": "relu", "kernel_initializer": "zeros"},
        "64 | relu",
    ),
    (".Dropout", {"rate": 0.15000000000000002, "seed": 1}, "0.15"),
    (".BatchNormalization", {"momentum": 0.9}, "momentum 0.9"),
    (".BatchNormalization", {}, ""),
    (".LSTM", {"units": 24, "return_sequences": True}, "24 | return sequences"),
    (".MultiHeadAttention", {"num_heads": 4, "key_dim": 16}, "4 heads | key 16"),
    (
        ".Bidirectional",
        {"layer": {"op": "keras.layers.GRU", "params": {"units": 8}}},
        "GRU 8",
    ),
    (".Reshape", {"target_shape": [8, 8, 1]}, "8*8*1"),
    ("keras.Input", {"shape": [8, 8, 1]}, "8*8*1 | float32"),
    ("keras.Input", {"shape": [None, 3], "dtype": "int64"}, "?*3 | int64"),
    ("keras.Input", {"shape": []}, "scalar | float32"),
    ("keras.Input", {}, ""),
    (".Add", {}, "2 tensors"),
    ("block:tower", {"width": 64}, "width 64"),
    ("block:tower", {"width": 8}, ""),
    ("code:MyLayer", {"units": 8, "two_words": "a"}, "units 8 | two words a"),
    (
        "studio.data.csv",
        {"path": "assets:data/digits.csv.gz", "label": "digit"},
        "digits.csv.gz | digit",
    ),
    (
        "tf.data.Dataset.map",
        {"function": {"op": "studio.map.rescale", "params": {"scale": 0.0625}}},
        "rescale scale 0.0625",
    ),
    ("keras.nothing", {"a": 1}, "a 1"),
]


@pytest.mark.parametrize(("op", "params", "line"), LINES)
def test_the_line_on_a_node(op: str, params: dict, line: str) -> None:
    op = f"keras.layers{op}" if op.startswith(".") else op
    line = line.replace("|", DOT).replace("*", X).replace("?", DOT)
    node = Node("n", op=op, params=params)
    nodes = {"a": Node("a", op="keras.Input"), "n": node, "s": Node("s", shares="n")}
    graph = ModelGraph(nodes, (Edge("a", "n"), Edge("a", "n")))
    project = Project(model=graph, blocks={"tower": Block(parameters={"width": 8})})
    assert summary_line(project, graph, node) == line
    shared = summary_line(project, graph, nodes["s"], tensors=2)
    assert shared == line
    assert op_title(project, graph, nodes["s"]) == op.rpartition(".")[2].rpartition(":")[2]


def test_every_node_of_every_template_has_a_line_that_fits() -> None:
    for path in sorted(TEMPLATES.glob("*/project.json")):
        project = load(path.parent)
        for graph in project.graphs().values():
            for node in graph.nodes.values():
                line = summary_line(project, graph, node)
                assert "\n" not in line and len(line) < 120
                assert short_title(op_title(project, graph, node))


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("Dense", "Dense"),
        ("BatchNormalization", "BatchNorm"),
        ("GlobalAveragePooling2D", "GlobalAvgPool2D"),
        ("MultiHeadAttention", "MultiHeadAttn"),
        ("Conv2DTranspose", "Conv2DTranspose"),
        ("MaxNumBoundingBoxes", "MaxNumBo\N{HORIZONTAL ELLIPSIS}ngBoxes"),
    ],
)
def test_a_long_title_is_shortened(name: str, title: str) -> None:
    assert short_title(name) == title


def test_titles_stay_distinct_and_short() -> None:
    titles = [i.title for f in library(Project()) if f.name != "ops" for i in f.items]
    short = [short_title(title) for title in titles]
    assert all(len(title) <= 16 for title in short)
    assert len({*short}) == len({*titles})


def test_a_text_that_fits_is_left_as_it_is() -> None:
    assert elided("abcdef", 6) == "abcdef"
    assert elided("abcdefg", 6) == "abc\N{HORIZONTAL ELLIPSIS}fg"
