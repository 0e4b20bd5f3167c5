"""A stage of the data, looked at in the warm process: every template, and what goes wrong."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from studio.engine.looking import StageQuestion, question
from studio.engine.warm import Answer
from studio.graph.checks import check
from studio.graph.file import read
from studio.graph.problems import ProjectError, StudioError
from tests.codegen.projects import call, chain, csv, mapped, npz, split_graph, stage, write_files
from tests.codegen.projects import read as project_of
from tests.conftest import TEMPLATES, slow
from tests.templates import template_folder


@pytest.fixture
def ask(warm, tmp_path):
    """A function: a data graph (or a template's name), an end -> the answer."""
    write_files(tmp_path)
    place = tmp_path / "place"
    place.mkdir()

    def asked(data: Any, end: str, **fields: Any) -> Answer:
        return warm.ask("preview", **(asking(data, end, tmp_path, place).fields | fields)).result()

    return asked


def asking(data: Any, end: str, folder: Path, place: Path) -> StageQuestion:
    if isinstance(data, str):
        folder = template_folder(data)
        project, _ = read(folder)
    else:
        project = project_of({"studio": 1, "data": data, "training": {"seed": 3}})
    return question(project, folder, check(project, folder), end, place)


def flat(structure: Any, path: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], Any]]:
    """Paths and specs of what was inferred."""
    if isinstance(structure, dict):
        return [each for k, v in structure.items() for each in flat(v, (*path, k))]
    if isinstance(structure, tuple):
        return [each for i, v in enumerate(structure) for each in flat(v, (*path, i))]
    return [(path, structure)]


UNCOUNTED = ("studio.data.tfrecord",)
"""Studio has counted the records; tf.data doesn't know their number before it is promised."""


# Every source that there is among them, and every kind of stage.
LOOKED_AT = ("digits_cnn", "penguins_features", "shared_text", "sunspots", "attention_encoder")
LOOKED_AT += ("images_from_folder", "tfrecord_digits", "generator", "two_inputs_two_outputs")
OTHERS = sorted({*TEMPLATES} - {*LOOKED_AT, "tfds_mnist"})  # which downloads


@pytest.mark.parametrize("name", [*LOOKED_AT, *slow(*OTHERS)])
def test_what_leaves_each_stage_is_what_was_inferred(name, ask) -> None:
    folder = template_folder(name)
    project, _ = read(folder)
    report = check(project, folder)
    ops = set()
    for node, result in report.shapes["data"].nodes.items():
        op = project.data.nodes[node].op
        if op in ops:
            continue  # the validation and test are batched as the training is
        ops.add(op)
        for port, elements in result.outputs.items():
            end = f"{node}.{port}" if len(result.outputs) > 1 else node
            answer = ask(name, end, take=3, trusted=True)
            assert not answer.error, (end, answer)
            found = answer.result
            assert [
                (tuple(each["path"]), each["shape"], each["dtype"], each["ragged"])
                for each in found["spec"]
            ] == [
                (path, list(spec.shape), spec.dtype, spec.ragged)
                for path, spec in flat(elements.structure)
            ], end
            known = "infinite" if elements.infinite else elements.count
            assert found["cardinality"] == ("unknown" if op in UNCOUNTED else known), end
            assert len(found["elements"]) == min(3, elements.count or 3)
            json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("attention_encoder", "split.train"),
        ("attention_encoder", "test"),
        ("digits_cnn", "split.test"),
        ("shared_text", "validation_named"),
    ],
)
def test_what_is_asked_for_soon_is_the_same(name, end, warm, tmp_path) -> None:
    folder = template_folder(name)
    project, _ = read(folder)
    report, found = check(project, folder), []
    for soon in (False, True):
        asked = question(project, folder, report, end, tmp_path, soon)
        assert asked.fields["moved"] == soon
        result = warm.ask("preview", take=30, **asked.fields).result().result
        found.append({key: result[key] for key in ("spec", "elements", "cardinality")})
        assert not soon or result["per_second"] is None
    assert found[0] == found[1]


def test_the_elements_are_those_of_the_file(ask) -> None:
    found = ask(chain(npz(features="x", label="y"), batch=None), "rows", take=2).result
    assert found["elements"] == [
        [
            {"shape": [2, 3], "dtype": "float32", "values": [float(i + n) for i in range(6)]},
            {"shape": [], "dtype": "int32", "values": [n // 6]},
        ]
        for n in (0, 6)
    ]
    x = np.arange(72)
    assert found["ranges"][0] == {"min": 0, "max": 71, "mean": pytest.approx(x.mean()), "nan": 0}
    assert found["classes"] == [{"path": [1], "counts": [[0, 4], [1, 4], [2, 4]], "of": 12}]
    assert found["looked_at"] == 12
    assert found["complete"] and not found["late"]


def test_of_batches_the_rows_are_shown_too(ask) -> None:
    found = ask(chain(npz(features="x", label="y"), batch=5), "batch", take=7).result
    assert [each[0]["shape"] for each in found["elements"]] == [[5, 2, 3], [5, 2, 3], [2, 2, 3]]
    assert [row[0]["values"][0] for row in found["rows"]] == [0, 6, 12, 18, 24, 30, 36]
    assert found["classes"][0]["of"] == 12


def test_numbers_that_json_does_not_know_are_told(ask) -> None:
    gaps = chain(csv("gaps.csv", features=["a", "b"], missing="keep"), batch=None)
    found = ask(gaps, "rows", take=1).result
    assert found["elements"] == [[{"shape": [2], "dtype": "float32", "values": [0, "nan"]}]]
    assert found["ranges"][0]["nan"] == pytest.approx(1 / 24)


def test_what_can_be_looked_at_comes_as_a_picture(ask) -> None:
    found = ask("digits_cnn", "scale", take=2).result
    import tensorflow as tf

    (image, label), _ = found["elements"]
    drawn = tf.io.decode_png(base64.b64decode(image["png"])).numpy()
    values = np.array(image["values"]).reshape(8, 8, 1)
    assert drawn.shape == (8, 8, 1)
    np.testing.assert_array_equal(drawn, (values * 255).round())
    assert "png" not in label


def test_a_series_comes_as_a_wave_and_a_text_as_text(ask) -> None:
    (window, following), *_ = ask("sunspots", "windows", take=1).result["elements"]
    assert [low for low, high in window["wave"]["points"]] == pytest.approx(window["values"])
    assert "wave" not in following
    (text, _), *_ = ask("attention_encoder", "texts", take=1).result["elements"]
    assert text["values"][0].startswith("Give New York a downpour")


def written(body: str) -> str:
    """A script as codegen writes it, whose map is the code of somebody else."""
    return (
        "import tensorflow as tf\n\n\n"
        f"def own(x):\n    {body}\n\n\n"
        "def make_dataset():\n"
        "    rows = tf.data.Dataset.range(10)\n"
        "    return rows.map(lambda x: tf.py_function(own, [x], tf.int64))\n"
    )


LINES = {"code:own": [[4, 5]], "data:rows": [[9, 9]], "data:map": [[10, 10]]}


def fields(body: str, place: Path, **more: Any) -> dict[str, Any]:
    return {
        "script": written(body),
        "folder": str(place),
        "node": "map",
        "lines": LINES,
        "code": {"own": ["map", f"def own(x):\n    {body}"]},
        **more,
    }


def test_code_of_the_project_runs_only_where_it_is_trusted(warm, tmp_path) -> None:
    body = f"open({str(tmp_path / 'ran')!r}, 'w').close(); return x"
    assert warm.ask("preview", **fields(body, tmp_path)).result().reason == "untrusted"
    assert not (tmp_path / "ran").exists()
    found = warm.ask("preview", trusted=True, **fields(body, tmp_path)).result()
    assert [each[0]["values"] for each in found.result["elements"]] == [[n] for n in range(8)]
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("body", "said", "place"),
    [
        ("return x / 0 + nothing", "own fails in line 2 of its source", ("own", 2)),
        ("raise ValueError('no such row')", "ValueError: no such row", ("own", 2)),
    ],
)
def test_what_code_raises_is_told_with_its_line(warm, tmp_path, body, said, place) -> None:
    answer = warm.ask("preview", trusted=True, **fields(body, tmp_path)).result()
    assert said in answer.error and "Traceback" not in answer.error
    assert (answer.code, answer.line) == place
    assert answer.reason == "code"


def test_elements_before_an_error_are_shown_with_it(warm, tmp_path) -> None:
    body = "return x if x < 3 else x.nothing"
    found = warm.ask("preview", trusted=True, **fields(body, tmp_path)).result().result
    assert len(found["elements"]) == 3
    assert "own fails in line 2" in found["error"]


def test_a_stage_that_is_slow_is_answered_with_what_there_is(warm, tmp_path) -> None:
    """And one that hangs ends with its process; the next question finds a new one."""
    body = "import time; time.sleep(600 if x == 3 else 0); return x"
    slow = fields(body, tmp_path, within=1.0)
    first = warm.ask("ping").result().result["process"]
    answer = warm.ask("preview", trusted=True, **slow).result(60)
    assert len(answer.result["elements"]) == 3
    assert answer.result["late"]
    assert warm.ask("ping").result().result["process"] != first


def test_one_that_never_begins_ends_when_its_time_is_up_or_nobody_wants_it(warm, tmp_path) -> None:
    begins = written("return x").replace("    rows =", "    while True:\n        pass\n    rows =")
    never = fields("return x", tmp_path) | {"script": begins}
    warm.ask("ping").result()
    answer = warm.ask("preview", trusted=True, seconds=0.5, **never).result(60)
    assert answer.reason == "slow"
    first = warm.ask("ping").result().result["process"]
    future = warm.ask("preview", trusted=True, seconds=600, **never)
    while not future.running():
        pass
    warm.cancel(future)
    assert future.result(60).reason == "unwanted"
    assert not psutil.pid_exists(first)


def test_what_is_wrong_before_a_stage_is_told_before_it_is_asked(tmp_path) -> None:
    write_files(tmp_path)
    good = chain(csv(label="y"), mapped("scale", "rescale", scale=0.5))
    lost = chain(csv("nowhere.csv", label="y"), mapped("scale", "rescale", scale=0.5))
    for data, end, error, said in (
        (good, "scael", StudioError, 'has no node "scael". Did you mean "scale"?'),
        (good, "scale.left", StudioError, 'has no output "left"'),
        (lost, "scale", ProjectError, "nowhere.csv"),
    ):
        with pytest.raises(error, match=said.replace("?", r"\?")):
            asking(data, end, tmp_path, tmp_path / "place")


def test_what_is_wrong_elsewhere_is_no_hindrance(ask) -> None:
    data = split_graph(csv(label="y"), stage("split", "split", validation=0.25))
    data["nodes"][-1]["params"]["batch_size"] = "many"
    data["nodes"].append({"id": "other", "op": "studio.data.csv", "params": call("x")})
    found = ask(data, "split.validation").result
    assert found["cardinality"] == 3
    assert [len(found["elements"]), found["complete"]] == [3, True]


def test_the_script_of_a_stage_needs_nothing_of_studio(tmp_path) -> None:
    asked = asking("digits_cnn", "split.test", tmp_path, tmp_path)
    (tmp_path / "stage.py").write_text(asked.script)
    program = (
        "import sys; sys.modules['studio'] = None; import stage; "
        "print(int(stage.make_dataset().cardinality()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.stdout == "179\n"
