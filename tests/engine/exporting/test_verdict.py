"""How far an export may be from its model, and what is said of one that a converter refused."""

from __future__ import annotations

import pytest

from studio.engine.exporting.conversion import refusal
from studio.engine.exporting.tolerance import tolerance, verdict
from studio.graph.exporting import BY_WORD
from studio.graph.file import load
from tests.templates import template_folder


def differing(relative: float | None) -> dict[str, float | None]:
    return {"largest": relative, "mean": relative, "relative": relative}


HITS, MISSES = {"accuracy": 0.9}, {"mae": 0.5}

VERDICTS = {
    "equal": ("keras", "float32", 0.0, {}, {}, True, ""),
    "within": ("onnx", "float32", 9e-6, HITS, HITS, True, ""),
    "outside": ("onnx", "float32", 2e-5, HITS, HITS, False, "differ by 2.0e-05 of the largest"),
    "half": ("tflite-float16", "float32", 9e-3, HITS, HITS, True, ""),
    "too far for half": ("tflite-float16", "float32", 2e-2, HITS, HITS, False, "more than 0.01"),
    "trained in half": ("onnx", "mixed_float16", 9e-3, HITS, HITS, True, ""),
    "not finite": ("keras", "float32", None, HITS, HITS, False, "aren't finite"),
    "points": ("tflite-int8", "float32", 0.4, HITS, {"accuracy": 0.88}, True, "2.0 points lost"),
    "points lost": ("tflite-int8", "float32", 0.1, HITS, {"accuracy": 0.86}, False, "4.0 points"),
    "better": (
        "tflite-int8",
        "float32",
        0.1,
        HITS,
        {"accuracy": 0.95},
        True,
        "No metric got worse",
    ),
    "an error": (
        "tflite-dynamic",
        "float32",
        0.1,
        MISSES,
        {"mae": 0.54},
        True,
        "mae 0.500 -> 0.54",
    ),
    "too much": ("tflite-dynamic", "float32", 0.1, MISSES, {"mae": 0.6}, False, "Too much is lost"),
    "no number": ("tflite-int8", "float32", 0.1, MISSES, {}, False, "mae isn't finite"),
    "no metric": ("tflite-int8", "float32", 0.05, {}, {}, True, "There is no metric"),
    "no metric, far": ("tflite-int8", "float32", 0.5, {}, {}, False, "more than 0.1"),
}


@pytest.mark.parametrize("case", VERDICTS)
def test_an_export_is_held_to_the_tolerance_of_its_format(case: str) -> None:
    word, precision, relative, before, after, ok, words = VERDICTS[case]
    allowed = tolerance(BY_WORD[word], precision)
    found, said = verdict(allowed, differing(relative), before, after)
    assert (found, words in said) == (ok, True), said
    assert not said or said.endswith(".")


LITERT = (
    "Could not translate MLIR to FlatBuffer.<unknown>:0: error: loc(callsite(fused"
    '["SparseCross:", "penguins_features_1/island_and_sex_1/SparseCross@__inference_serve_31"] at '
    "callsite(...))): 'tf.SparseCross' op is neither a custom op nor a flex op"
)
ONNX = (
    "[ONNXRuntimeError] : 10 : INVALID_GRAPH : Load model failed:This is an invalid model. In "
    'Node, ("penguins_features_1/mass_bins_1/Bucketize", Bucketize, "", -1) : ("mass": '
    "tensor(float),) -> (...) , Error No Op registered for Bucketize with domain_version of 18"
)


@pytest.mark.parametrize(
    ("text", "op", "node"),
    [(LITERT, "SparseCross", "island_and_sex"), (ONNX, "Bucketize", "mass_bins")],
)
def test_what_a_converter_says_becomes_a_sentence_with_the_node(text, op, node) -> None:
    project = load(template_folder("penguins_features") / "project.json")
    said = f"The converter doesn't know the operation {op}"
    assert refusal(project, text) == f'{said} of "{node}". Export a SavedModel, which holds it.'
    assert refusal(None, text) == f"{said}. Export a SavedModel, which holds it."


def test_anything_else_is_cut_and_printable() -> None:
    said = refusal(None, "\x1b[1mValueError\x1b[0m:\n" + "x" * 1000)
    assert said.startswith("ValueError: xxx") and said.isprintable() and len(said) < 400
