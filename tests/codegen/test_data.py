"""The data graph -> load_...() and make_datasets(): what is printed, and with which paths."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from studio.codegen.data import travelling_path
from studio.codegen.helpers import HELPERS
from studio.graph.problems import StudioError

from .cases import CASES, LABELLED
from .projects import Json, chain, complete, csv, mapped, model_graph, node, script, stage, training


def function(source: str, name: str) -> str:
    """The source of one function of a script."""
    found = next(
        part
        for part in ast.parse(source).body
        if isinstance(part, ast.FunctionDef) and part.name == name
    )
    return ast.get_source_segment(source, found)


def statements(*stages: Json, folder: Path) -> list[str]:
    """The lines of make_datasets() between the source and the batches."""
    lines = function(script(complete(chain(*stages), folder), folder).text, "make_datasets")
    return [line.strip() for line in lines.split("\n")][3:-2]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("assets:data/x.csv", "assets/data/x.csv"),
        ("x.csv", "x.csv"),
        ("data/x.csv", "data/x.csv"),
        ("a b/ü.csv", "a b/ü.csv"),
        ("/x.csv", None),
        ("../x.csv", None),
        ("a/../x.csv", None),
        ("..\\x.csv", None),
        ("C:\\x.csv", None),
        ("C:/x.csv", None),
        ("\\\\host\\share\\x.csv", None),
    ],
)
def test_a_file_travels_with_the_project_when_it_lies_in_it(path: str, place: str | None) -> None:
    assert travelling_path(path) == place


@pytest.mark.parametrize(
    ("made", "lines"),
    [
        (stage("s", "shuffle", buffer_size=5), ["s = rows.shuffle(5)"]),
        (stage("s", "shuffle", buffer_size=5, seed=1), ["s = rows.shuffle(5, seed=1)"]),
        (stage("s", "take", count=5), ["s = rows.take(5)"]),
        (stage("s", "skip", count=5), ["s = rows.skip(5)"]),
        (stage("s", "repeat", count=2), ["s = rows.repeat(count=2)"]),
        (stage("s", "cache"), ["s = rows.cache()"]),
        (stage("s", "prefetch"), ["s = rows.prefetch(buffer_size=tf.data.AUTOTUNE)"]),
        (stage("s", "prefetch", buffer_size=2), ["s = rows.prefetch(buffer_size=2)"]),
    ],
)
def test_a_stage_is_one_call_of_a_dataset(made: Json, lines: list[str], folder: Path) -> None:
    assert statements(LABELLED, made, folder=folder) == lines


@pytest.mark.parametrize(
    ("name", "params", "expected"),
    [
        ("rescale", {"scale": 0.5}, "(x * 0.5, y)"),
        ("rescale", {"scale": 0.5, "offset": -1.0}, "(x * 0.5 + -1.0, y)"),
        ("rescale", {"offset": 2.0}, "(x + 2.0, y)"),
        ("rescale", {}, "(x * 1.0, y)"),
        ("cast", {"dtype": "int8"}, '(tf.cast(x, "int8"), y)'),
        ("one_hot", {"depth": 3}, "(x, tf.one_hot(y, 3))"),
    ],
)
def test_a_function_is_mapped_as_a_lambda(
    name: str, params: dict, expected: str, folder: Path
) -> None:
    found = " ".join(statements(LABELLED, mapped("s", name, **params), folder=folder))
    assert f"lambda x, y: {expected}" in found
    assert "num_parallel_calls=tf.data.AUTOTUNE" in found


def test_batches_are_prefetched_where_they_leave(folder: Path) -> None:
    made = script(complete(chain(LABELLED), folder), folder).text
    assert 'return {"train": batch.prefetch(tf.data.AUTOTUNE)}' in made


def test_what_is_prefetched_already_is_not_again(folder: Path) -> None:
    nodes = (LABELLED, stage("b", "batch", batch_size=2), stage("p", "prefetch"))
    made = script(complete(chain(*nodes, batch=None), folder), folder).text
    assert 'return {"train": p}' in made


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("s")])
def test_a_script_brings_along_the_helpers_it_calls_and_no_other(name: str, folder: Path) -> None:
    tree = ast.parse(script(CASES[name](folder), folder).text)
    there = {part.name for part in tree.body if isinstance(part, ast.FunctionDef)} & set(HELPERS)
    called = {
        part.func.id
        for part in ast.walk(tree)
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Name)
    }
    assert there == called & set(HELPERS)


def test_columns_numbered_with_zeros_before_are_found_by_their_own_names(folder: Path) -> None:
    Path(folder, "zeros.csv").write_text("p_00,p_01,y\n1,2,0\n3,4,1\n")
    made = script(complete(chain(csv("zeros.csv", label="y")), folder), folder).text
    assert '"p_00", "p_01"' in made


def test_columns_numbered_in_other_digits_are_found_by_their_own_names(folder: Path) -> None:
    Path(folder, "digits.csv").write_text("p_\u0660,p_\u0661,y\n1,2,0\n3,4,1\n", encoding="utf-8")
    made = script(complete(chain(csv("digits.csv", label="y")), folder), folder).text
    assert '"p_\u0660", "p_\u0661"' in made


def test_a_cache_file_lies_beside_the_script_or_is_refused(folder: Path) -> None:
    data = chain(LABELLED, stage("c", "cache", filename="kept/rows"))
    try:
        made = script(complete(data, folder), folder).text
    except (StudioError, AssertionError):
        return
    assert 'HERE / "kept/rows"' in made


def test_four_datasets_can_be_zipped_and_mapped(folder: Path) -> None:
    data = {
        "nodes": [
            csv(features=["a"]),
            stage("z", "zip"),
            mapped("m", "rescale", scale=2.0),
            mapped("n", "arrange", features={"x": [0]}, labels={"d": [1]}),
            stage("b", "batch", batch_size=2),
        ],
        "edges": [*[["rows", "z"]] * 4, ["z", "m"], ["m", "n"], ["n", "b"]],
        "outputs": {"train": "b"},
    }
    nodes = [node("x", "keras.Input", shape=[1]), node("d", "keras.layers.Dense", units=1)]
    value = {
        "studio": 1,
        "data": data,
        "model": model_graph(nodes, [["x", "d"]], "d"),
        "training": training("d"),
    }
    lambdas = [
        part
        for part in ast.walk(ast.parse(script(value, folder).text))
        if isinstance(part, ast.Lambda)
    ]
    assert [len(each.args.args) for each in lambdas] == [4, 4]
    assert len(lambdas[0].body.elts) == 4
