"""Search: what a few letters find first, and where a word stands in a project."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.graph.document import Call, Code, Edge, ModelGraph, Node, Project
from studio.graph.edits import RenameNode, SetParam
from studio.graph.find import Entry, Finder, Hit, Index, find_in_graph, fuzzy
from studio.graph.library import library

OPS = Index(item.entry() for family in library(Project()) for item in family.items)


def names(query: str, count: int = 8) -> list[str]:
    return [match.text for match in OPS.find(query, count)]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("mhatt", "MultiHeadAttention"),
        ("conv", "Conv2D"),
        ("c2", "Conv2D"),
        ("conv1", "Conv1D"),
        ("convlstm", "ConvLSTM1D"),
        ("dense", "Dense"),
        ("DENSE", "Dense"),
        ("einsum", "EinsumDense"),
        ("bn", "BatchNormalization"),
        ("batchnorm", "BatchNormalization"),
        ("ln", "LayerNormalization"),
        ("mp2", "MaxPooling2D"),
        ("max", "MaxPooling2D"),
        ("gap", "GlobalAveragePooling2D"),
        ("relu", "ReLU"),
        ("lstm", "LSTM"),
        ("gru", "GRU"),
        ("emb", "Embedding"),
        ("multi head", "MultiHeadAttention"),
        ("conct", "Concatenate"),
        ("matmul", "matmul"),
        ("ops add", "add"),
        ("pooling max", "MaxPooling2D"),
        ("input", "Input"),
        ("text vec", "TextVectorization"),
    ],
)
def test_the_first_op_for(query: str, first: str) -> None:
    assert names(query, 1) == [first]


def test_what_is_common_comes_before_what_is_alike() -> None:
    found = names("conv", 20)
    assert found.index("Conv2D") < found.index("Conv2DTranspose") < found.index("ConvLSTM2D")
    assert found.index("Conv2D") < found.index("conv")


@pytest.mark.parametrize("query", ["xyzzy", "dense layer of mine", "2dconv2d"])
def test_letters_that_fit_nothing_find_nothing(query: str) -> None:
    assert names(query) == []


def test_without_a_query_all_come_the_common_ones_first() -> None:
    assert len(OPS.find(" ")) > 400
    assert {"Dense", "Conv2D", "Input", "Add"} <= {*names("", 20)}


@pytest.mark.parametrize(
    ("query", "text", "marked"),
    [
        ("mhatt", "MultiHeadAttention", "M____H___Att______"),
        ("conv", "Conv2DTranspose", "Conv___________"),
        ("pool", "MaxPooling2D", "___Pool_____"),
        ("lnorm", "layer_normalization", "l_____norm_________"),
        ("2d", "Conv2D", "____2D"),
    ],
)
def test_the_letters_that_matched_are_the_ones_one_meant(query, text, marked) -> None:
    (match,) = fuzzy(query, [("key", text)])
    assert "".join(c if i in match.positions else "_" for i, c in enumerate(text)) == marked
    assert match.key == "key"


TEXTS = st.lists(st.text("abAB_1 ", min_size=1, max_size=12), min_size=1, max_size=8)


@given(st.text("abAB_1 ", max_size=5), TEXTS)
def test_exactly_the_texts_with_the_letters_in_their_order_are_found(query, texts) -> None:
    found = {match.key: match for match in fuzzy(query, enumerate(texts))}
    wanted = "".join(query.lower().split())
    for key, text in enumerate(texts):
        rest = iter(text.lower())
        assert (key in found) == all(letter in rest for letter in wanted)
    for match in found.values():
        letters = "".join(match.text[p] for p in match.positions).lower()
        assert letters == wanted and [*match.positions] == sorted({*match.positions})


def test_of_matches_alike_the_heavier_goes_first_then_the_shorter() -> None:
    entries = [
        Entry(1, "padlock"),
        Entry(2, "padding"),
        Entry(3, "pad_to", weight=5),
        Entry(4, "pads"),
    ]
    assert [match.key for match in fuzzy("pad", entries)] == [3, 4, 2, 1]


def test_words_beside_the_text_are_found_behind_it() -> None:
    entries = [Entry(1, "GRU", words="recurrent"), Entry(2, "Recurrence")]
    assert [match.key for match in fuzzy("recur", entries)] == [2, 1]
    assert fuzzy("curr", entries[:1]) == []


PROJECT = Project(
    model=ModelGraph(
        {
            "image": Node("image", op="keras.Input", params={"shape": [8, None]}),
            "dense": Node("dense", op="keras.layers.Dense", params={"units": 64}, note="the\nhead"),
            "again": Node("again", shares="dense"),
            "relu": Node("relu", op="keras.layers.Activation", params={"activation": "gelu"}),
            "wide": Node(
                "wide",
                op="keras.layers.Dense",
                params={
                    "units": 640,
                    "activation": "relu",
                    "kernel_regularizer": {"op": "keras.regularizers.L2", "params": {"l2": 0.01}},
                },
            ),
            "mine": Node("mine", op="code:MyLayer"),
            "body": Node("body", op="block:tower"),
        },
        (Edge("image", "dense"),),
    ),
    code={"MyLayer": Code("layer", "")},
)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("relu", [("relu", "id", "relu"), ("wide", "param", "activation=relu")]),
        ("units=64", [("dense", "param", "units=64"), ("again", "param", "units=64")]),
        ("UNITS=640", [("wide", "param", "units=640")]),
        ("mylay", [("mine", "op", "MyLayer")]),
        ("tower", [("body", "op", "tower")]),
        ("head", [("dense", "note", "the head")]),
        ("l2=0.01", [("wide", "param", "kernel_regularizer=L2(l2=0.01)")]),
        (
            "8\N{MULTIPLICATION SIGN}None",
            [("image", "param", "shape=8\N{MULTIPLICATION SIGN}None")],
        ),
        ("dense relu", [("wide", "op", "Dense")]),
        ("nowhere", []),
        ("  ", []),
    ],
)
def test_in_a_project(query: str, wanted: list[tuple[str, str, str]]) -> None:
    found = [(hit.node, hit.what, hit.text) for hit in find_in_graph(PROJECT, query)]
    assert found[: len(wanted)] == wanted
    assert bool(found) == bool(wanted)


def test_ids_come_before_ops_and_these_before_values() -> None:
    found = [(hit.node, hit.what) for hit in find_in_graph(PROJECT, "dense")]
    assert found == [("dense", "id"), ("again", "op"), ("wide", "op")]


def test_all_graphs_are_searched_and_the_limit_is_kept() -> None:
    project = PROJECT.with_graph("block:tower", PROJECT.model)
    assert {hit.graph for hit in find_in_graph(project, "dense")} == {"model", "block:tower"}
    assert find_in_graph(project, "dense", limit=1) == [Hit("model", "dense", "id", "dense")]


def test_a_finder_that_is_kept_sees_every_edit() -> None:
    finder = Finder()
    assert [hit.node for hit in finder.find(PROJECT, "units=64")][:2] == ["dense", "again"]
    changed = SetParam("model", "dense", "units", 7).apply(PROJECT)
    assert [hit.node for hit in finder.find(changed, "units=7")] == ["dense", "again"]
    renamed = RenameNode("model", "dense", "first").apply(changed)
    assert [hit.node for hit in finder.find(renamed, "first")] == ["first"]
    assert finder.find(renamed, "units=64") == find_in_graph(renamed, "units=64")


def test_values_of_every_kind_are_borne() -> None:
    params = {"a": Call("x"), "b": {"k": [True, None]}, "c": {"$": "width"}, "d": [], "e": "x\ny"}
    node = Node("n", op="keras.layers.Dense", params=params)
    (hit,) = find_in_graph(Project(model=ModelGraph({"n": node})), "c=width")
    assert hit.text == "c=width"
