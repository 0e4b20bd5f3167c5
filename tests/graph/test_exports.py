"""Exports as ops of a project, and what is known of a format before anything is written."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from studio.graph.catalogue.registry import find
from studio.graph.checks import check
from studio.graph.checks.exports import CODE, why_not
from studio.graph.document import Call, Edge, Node, Project
from studio.graph.exporting import BY_WORD, FORMATS, asked, file_of, format_of
from studio.graph.file import load
from studio.graph.ops.exports import NO_LITERT, NO_ONNX, RECURRENT
from studio.graph.problems import StudioError
from studio.graph.shapes import Shapes
from tests.templates import template_folder

ALL = set(BY_WORD)
LITERT = {"tflite", "tflite-float16", "tflite-dynamic", "tflite-int8"}


@cache
def read(name: str) -> tuple[Project, dict[str, Shapes], Path]:
    folder = template_folder(name)
    project = load(folder / "project.json")
    return project, check(project, folder).shapes, folder


def refused(name: str, **model: Any) -> dict[str, str]:
    """The formats that the model of a template can't be written in, and why."""
    project, shapes, _ = read(name)
    if model:
        project = replace(project, model=replace(project.model, **model))
    found = {each.word: why_not(project, shapes, Call(each.op, each.params)) for each in FORMATS}
    return {word: why for word, why in found.items() if why}


CANT = {
    "digits_mlp": set(),
    "custom_layer": set(),
    "penguins": {"onnx"},
    "penguins_features": {"h5", "weights", "checkpoint", *LITERT, "onnx"},
    "lstm_states": {"tflite-int8"},
    "two_inputs_two_outputs": {"onnx"},
}


@pytest.mark.parametrize("name", CANT)
def test_what_a_model_cant_be_written_as_is_known_with_what_can(name: str) -> None:
    found = refused(name)
    assert set(found) == CANT[name]
    for why in found.values():
        assert why.endswith(".") and ("Export " in why or "SavedModel" in why), why


SENTENCES = {
    ("penguins_features", "h5"): (
        'The vocabulary of "island_code" and "year_code" measured on the training data is no '
        "weight. Export keras or savedmodel, or give the layer its vocabulary."
    ),
    ("penguins", "onnx"): (
        'Texts come in by "island" and "sex", which no op of ONNX looks up. Export a SavedModel, '
        "or take the lookup out of the model: put it into the data."
    ),
    ("lstm_states", "tflite-int8"): (
        'The ranges in a loop over a sequence, as in "encoder" and "decoder", can\'t be measured '
        "for int8 by LiteRT's converter. Export tflite-dynamic or tflite-float16, or set unroll "
        "to true."
    ),
}


@pytest.mark.parametrize(("name", "word"), SENTENCES)
def test_the_sentence_names_the_nodes_and_the_way_out(name: str, word: str) -> None:
    assert refused(name)[word] == SENTENCES[name, word]


def test_a_class_has_no_older_file() -> None:
    found = refused("digits_mlp", style="subclass")
    assert set(found) == {"h5"}
    assert '"subclass"' in found["h5"]


def test_a_loop_that_is_unrolled_is_none() -> None:
    project, shapes, _ = read("lstm_states")
    nodes = {
        name: replace(node, params=node.params | {"unroll": True})
        if node.op == "keras.layers.LSTM"
        else node
        for name, node in project.model.nodes.items()
    }
    project = replace(project, model=replace(project.model, nodes=nodes))
    form = BY_WORD["tflite-int8"]
    assert why_not(project, shapes, Call(form.op, form.params)) == ""


def problems(name: str, *exports: Call) -> list[tuple[str, str]]:
    """Place and sentence of all that is wrong with exports of a template's project."""
    project, _, folder = read(name)
    report = check(replace(project, exports=exports), folder)
    return [(each.place, f"{each.message} {each.hint}".strip()) for each in report.problems]


def export(name: str, **params: Any) -> Call:
    return Call(f"studio.export.{name}", params)


WRONG = {
    "a folder": (export("onnx", file="../model.onnx"), "Give a name without a folder"),
    "an absolute path": (export("onnx", file="/tmp/model.onnx"), "Give a name without a folder"),
    "backslashes": (export("onnx", file="..\\model.onnx"), "Give a name without a folder"),
    "dots": (export("saved_model", file=".."), "Give a name without a folder"),
    "another ending": (export("onnx", file="model.tflite"), "Call it model.onnx."),
    "an ending alone": (export("weights", file=".weights.h5"), "Give a name without a folder"),
    "no weights' ending": (export("weights", file="model.h5"), "Call it model.weights.h5."),
    "the run's model": (export("keras", file="model.keras"), "what the run itself keeps there"),
    "no name": (export("json", file=""), "expects a text that is not empty"),
    "an opset": (export("onnx", opset=3), "a whole number from 13 to 18"),
    "no samples": (export("tflite", samples=0), "a whole number from 1 to 100000"),
    "a quantization": (export("tflite", quantization="int4"), '"none", "float16", "dynamic"'),
    "an unknown setting": (export("json", opset=15), 'has no parameter "opset"'),
    "an unknown op": (Call("studio.export.pickle", {}), 'no op "studio.export.pickle"'),
    "another kind": (Call("keras.layers.Dense", {"units": 3}), "here stands an export"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_with_an_export_is_told_at_its_place(case: str) -> None:
    call, words = WRONG[case]
    ((place, said),) = problems("digits_mlp", export("yaml"), call)
    assert place == "exports[1]"
    assert words in said


def test_names_that_clash_are_told() -> None:
    found = problems(
        "digits_mlp", export("keras", file="a.keras"), export("h5"), export("keras", file="A.keras")
    )
    assert found == [
        ("exports[2]", 'is written to "A.keras", as exports[0] is. Give it another file.')
    ]


def test_what_the_model_cant_be_written_as_is_a_problem_of_the_project() -> None:
    project, _, folder = read("penguins")
    report = check(replace(project, exports=(export("onnx"), export("tflite"))), folder)
    (problem,) = report.problems
    assert (problem.severity, problem.code, problem.place) == ("error", CODE, "exports[0]")


def test_all_formats_at_once_are_no_problem() -> None:
    assert problems("digits_mlp", *asked(BY_WORD)) == []


def test_formats_are_asked_for_by_their_words() -> None:
    calls = asked(["tflite-int8", "onnx"], [("samples", 9), ("opset", 15)])
    assert [format_of(each).word for each in calls] == ["tflite-int8", "onnx"]
    assert [file_of(each) for each in calls] == ["model-int8.tflite", "model.onnx"]
    assert calls[0].params["samples"] == 9 and calls[1].params == {"opset": 15}
    (plain,) = asked(["tflite"], [("quantization", "int8")])
    assert format_of(plain).word == "tflite-int8"
    assert "samples" not in BY_WORD["tflite-int8"].params


@pytest.mark.parametrize(
    ("words", "settings", "said"),
    [
        (["onx"], [], 'There is no format "onx". Did you mean "onnx"?'),
        (["onnx", "onnx"], [], 'The format "onnx" is asked for twice'),
        (["onnx"], [("samples", 3)], 'None of these formats has the setting "samples"'),
        (["tflite", "tflite-int8"], [("quantization", "int8")], "is asked for twice"),
    ],
)
def test_what_is_asked_for_wrongly_is_told(words, settings, said: str) -> None:
    with pytest.raises(StudioError) as error:
        asked(words, settings)
    assert said in str(error.value)


def test_rows_of_several_sources_have_no_raw_signature() -> None:
    project, shapes, _ = read("digits_mlp")
    nodes = dict(project.data.nodes)
    nodes["more"] = replace(nodes["digits"], id="more")
    nodes["both"] = Node("both", "tf.data.Dataset.concatenate")
    edges = [e if e.source != "digits" else Edge("both", e.target) for e in project.data.edges]
    edges += [Edge("digits", "both"), Edge("more", "both.dataset")]
    data = replace(project.data, nodes=nodes, edges=tuple(edges))
    why = why_not(replace(project, data=data), shapes, export("saved_model", raw=True))
    assert why.startswith("It can't take raw rows: The data are brought together from"), why
    assert why.endswith("Leave raw out.")
    assert why_not(project, shapes, export("saved_model", raw=True)) == ""


def test_floats_of_16_bits_are_nothing_for_litert() -> None:
    project, _, folder = read("digits_mlp")
    half = replace(project, training=replace(project.training, precision="mixed_float16"))
    shapes = check(half, folder).shapes
    form = BY_WORD["tflite"]
    assert why_not(half, shapes, Call(form.op)).startswith("LiteRT doesn't compute in float16, as")
    assert why_not(half, shapes, Call(BY_WORD["onnx"].op)) == ""


def test_every_op_that_a_converter_doesnt_know_is_one_of_the_catalogue() -> None:
    for path in {*NO_LITERT, *NO_ONNX, *RECURRENT}:
        assert find(path) is not None and find(path).path == path, path


def test_every_file_of_a_format_is_another() -> None:
    assert len({each.file for each in FORMATS}) == len(FORMATS)
    assert ALL >= LITERT
