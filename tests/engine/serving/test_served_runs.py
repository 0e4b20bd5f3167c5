"""Models of real runs, served by the command: their answers are those of the models themselves."""

from __future__ import annotations

import json
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from msgspec.structs import replace

from studio.engine.serving import server as serving_module
from studio.engine.trained import trained
from studio.graph.document import Code, Edge, Node
from studio.graph.file import load
from studio.graph.problems import StudioError
from tests.conftest import slow, studio_each
from tests.engine.nursery import Nursery
from tests.engine.serving import malformed
from tests.engine.serving.servers import Server, run_of, run_of_template, serving
from tests.templates import template_folder

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="processes are forked here"),
    pytest.mark.filterwarnings("default"),
]

SLEEPER = """class Sleeper(keras.layers.Layer):
    def call(self, inputs):
        def wait(x):
            import time

            if x.max() > 1000:
                time.sleep(float(x.max()) - 1000)
            return x

        outputs = tf.numpy_function(wait, [inputs], "float32")
        outputs.set_shape(inputs.shape)
        return outputs
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def birds(runs: Path, nursery: Nursery) -> Iterator[tuple[Server, Path]]:
    """Strings and numbers, named inputs, and raw rows that may lack a value."""
    run = run_of_template("penguins_features", runs, nursery)
    with serving(run, "--port", 0, "--max-bytes", 1 << 20, "--timeout", 20) as server:
        yield server, run


def rows(server: Server, signature: str, count: int) -> list[dict[str, Any]]:
    """Rows that differ, made of the one of the data."""
    (row,) = [server.about["samples"][signature]]
    made = []
    for index in range(count):
        changed = {name: _changed(value, index) for name, value in row.items()}
        made.append(changed)
    return made


def _changed(value: Any, index: int) -> Any:
    if isinstance(value, list):
        return [_changed(each, index) for each in value]
    return value if isinstance(value, str) else value + index % 7


def predicted(run: Path, columns: Any) -> Any:
    """What model.predict of the run's model says, in this process."""
    import keras

    return keras.models.load_model(run / "artifacts" / "model.keras", compile=False).predict(
        columns, verbose=0
    )


def same(found: Any, expected: Any) -> float:
    """The largest difference between two arrays, which must be of one shape."""
    import numpy as np

    found = np.asarray(found, "float32")
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    return float(np.abs(found - expected).max())


def test_rows_and_columns_of_strings_and_numbers_are_predicted(birds):
    server, run = birds
    import tensorflow as tf

    given = rows(server, "serving_default", 300)
    columns = {name: [row[name] for row in given] for name in given[0]}
    strings = ("island", "sex")
    kinds = {name: "string" if name in strings else "float32" for name in columns}
    expected = predicted(run, {n: tf.constant(v, kinds[n]) for n, v in columns.items()})
    print(same(server.ask(instances=given).json()["predictions"], expected))
    same(server.ask(inputs=columns).json()["outputs"], expected)
    binary = [row | {"sex": [{"b64": "ZmVtYWxl"}]} for row in given[:2]]
    same(server.ask(instances=binary).json()["predictions"], expected[:2])


def test_raw_rows_are_prepared_and_may_lack_a_value(birds):
    server, _ = birds
    given = rows(server, "raw", 3)
    answer = server.ask(signature_name="raw", instances=given).json()["predictions"]
    model = rows(server, "serving_default", 3)
    same(answer, _as_array(server.ask(instances=model).json()["predictions"]))
    filled = {"bill": [44.0, 17.2], "flipper": 201.0, "mass": 4200.0, "sex": "unknown"}
    lacking = {"bill": [None, None], "flipper": None, "mass": None, "sex": None}
    asked = [given[0] | filled, given[0] | lacking]
    one, other = server.ask(signature_name="raw", instances=asked).json()["predictions"]
    assert one == other
    refused = server.ask(instances=[model[0] | {"mass": [None]}])
    assert refused.status_code == 400
    assert 'The input "mass" has null in row 0 at [0]' in refused.json()["error"]
    labels = server.client.get(f"{server.path}/labels").json()["labels"]
    assert labels["species"]["names"] == ["Adelie", "Chinstrap", "Gentoo"]
    assert labels["species"]["logits"] is True


def _as_array(value: Any) -> Any:
    import numpy as np

    return np.asarray(value, "float32")


def test_the_page_has_a_row_of_the_test_split(birds):
    server, run = birds
    row = server.about["samples"]["raw"]
    assert server.about["split"] == "test"
    lines = (run / "assets" / "data" / "penguins.csv").read_text().splitlines()
    cells = [f"{row['bill'][0]:g}", f"{row['bill'][1]:g}", f"{row['flipper']:g}"]
    assert any(all(cell in line.split(",") for cell in cells) for line in lines)
    text = server.client.get("/").text
    assert "logits of one of Adelie, Chinstrap, Gentoo" in text
    assert json.dumps(row["island"])[1:-1] in text


def test_the_process_of_the_server_has_no_tensorflow(birds):
    server, _ = birds
    loaded = [each.path for each in server.process.memory_maps()]
    assert not [path for path in loaded if "tensorflow" in path]
    assert [each.path for each in server.worker().memory_maps() if "tensorflow" in each.path]


def test_a_worker_that_is_killed_in_the_middle_comes_again(birds):
    server, _ = birds
    row = rows(server, "serving_default", 1)
    before = server.ask(instances=row).json()
    worker = server.worker()
    worker.kill()
    assert server.ask(instances=row).status_code in (200, 503)
    assert server.answered(instances=row) == before
    assert server.worker().pid != worker.pid


@pytest.mark.parametrize("count", [300, *slow(10_000)])
def test_malformed_requests_change_nothing(birds, count: int):
    server, _ = birds
    good = {"signature_name": "raw", "instances": rows(server, "raw", 2)}
    before = server.ask(**good).json()
    malformed.send(server.address, server.path, good, seed=1, count=100)
    memory = server.process.memory_info().rss
    worker, held = server.worker(), server.worker().memory_info().rss
    sent = malformed.send(server.address, server.path, good, seed=11, count=count)
    grown = server.process.memory_info().rss - memory
    print(dict(sent.statuses), f"slowest {sent.slowest:.3f} s, grown by {grown / 2**20:.1f} MiB")
    print(f"the worker by {(worker.memory_info().rss - held) / 2**20:.1f} MiB")
    assert not sent.wrong
    assert sent.slowest < 20
    assert grown < 16 << 20
    assert server.worker().pid == worker.pid
    assert server.ask(**good).json() == before


@pytest.mark.parametrize("name", slow("text_sentiment", "digits_mlp", "two_inputs_two_outputs"))
def test_other_kinds_of_models(name: str, runs: Path, nursery: Nursery):
    run = run_of_template(name, runs, nursery)
    import tensorflow as tf

    with serving(run, "--port", 0, "--raw", "--name", "m-1") as server:
        assert server.path == "/v1/models/m-1"
        given = rows(server, "serving_default", 5)
        found = server.ask(instances=given, signature_name="serving_default").json()["predictions"]
        if name == "text_sentiment":
            words = [row["words"] for row in given]
            words[1], words[3] = words[1][:1], []
            found = server.ask(inputs=words, signature_name="serving_default").json()["outputs"]
            ragged = tf.ragged.constant(words, dtype="int64", ragged_rank=1)
            same(found, predicted(run, ragged))
            text = server.about["samples"]["raw"]["row"]
            one, *_ = server.ask(instances=[text, "a bad one"]).json()["predictions"]
            same(one, _as_array(found[0]))
        elif name == "digits_mlp":
            same(found, predicted(run, _as_array([row["image"] for row in given])))
            raw = server.about["samples"]["raw"]
            same(server.ask(instances=[raw]).json()["predictions"], _as_array(found[:1]))
        else:
            columns = {
                "beak": tf.constant([row["beak"] for row in given], "float32"),
                "island": tf.constant([row["island"] for row in given]),
            }
            for output, expected in predicted(run, columns).items():
                same([row[output] for row in found], expected)
        children = server.process.children(recursive=True)
        server.popen.send_signal(signal.SIGINT)
        assert server.popen.wait(20) in (0, 130)
        assert not server.errors
    assert not [each for each in children if psutil.pid_exists(each.pid)]


@pytest.mark.slow
def test_a_layer_that_sleeps_is_ended_in_time(runs: Path, nursery: Nursery):
    folder = template_folder("digits_mlp")
    project = load(folder / "project.json")
    sleeper = Node("sleeper", "code:Sleeper")
    nodes = dict(project.model.nodes) | {"sleeper": sleeper}
    edges = [e for e in project.model.edges if e != Edge("image", "flatten")]
    edges += [Edge("image", "sleeper"), Edge("sleeper", "flatten")]
    project = replace(
        project,
        name="sleeper",
        code={"Sleeper": Code("layer", SLEEPER, output_shape="same")},
        model=replace(project.model, nodes=nodes, edges=tuple(edges), style="functional"),
    )
    run = run_of(project, folder, runs, nursery)
    with serving(run, "--port", 0, "--timeout", 1) as server:
        image = server.about["samples"]["serving_default"]["image"]
        before = server.ask(instances=[image]).json()
        slow_image = [[1060.0] * 8] * 8
        began = time.monotonic()
        answer = server.ask(instances=[slow_image])
        took = time.monotonic() - began
        assert answer.status_code == 504 and took < 3, (answer.text, took)
        assert server.client.get(server.path).status_code == 200  # it answers all along
        time.sleep(0.5)  # behind its limit the process is ended
        refused = server.ask(instances=[image])
        assert refused.status_code == 503, refused.text
        assert "is being loaded" in refused.json()["error"]
        server.ready()
        assert server.answered(instances=[image]) == before


def test_what_cannot_be_served_is_said(birds, runs: Path, tmp_path: Path):
    server, run = birds
    port = server.address.rpartition(":")[2]
    empty = tmp_path / "20260101-000000-none"
    empty.mkdir()
    (empty / "events.jsonl").write_text('{"event":"state","time":1,"state":"failed"}\n')
    taken, none, lost, name, host, bad, images = studio_each(
        ["serve", run, "--port", port],
        ["serve", empty],
        ["serve", "lost", "--runs", runs],
        ["serve", run, "--name", "a/b"],
        ["serve", run, "--host", "nowhere.invalid", "--port", "0"],
        ["serve", run, "--port", "70000"],
        ["serve", run, "--images"],
    )
    every = (taken, none, lost, name, host, bad, images)
    assert [each.returncode for each in every] == [2] * 7
    assert f"Port {port} of 127.0.0.1 can't be listened at: Address already in use." in taken.stderr
    assert "has saved no model" in none.stderr
    assert "is called" in lost.stderr
    assert "\"a/b\" can't be a model's name" in name.stderr
    assert "warning: other machines can reach nowhere.invalid" in host.stderr
    assert 'There is no address "nowhere.invalid" on this machine.' in host.stderr
    assert "expected a port from 1 to 65535" in bad.stderr
    assert "aren't image files that are brought to one size, so --images can't be" in images.stderr
    assert not [each for each in (taken, none, lost, name, host) if "Traceback" in each.stderr]


@pytest.mark.slow
def test_a_model_that_is_damaged_is_said_with_its_file(birds, tmp_path: Path):
    _, run = birds
    copied = Path(shutil.copytree(run, tmp_path / run.name))
    (copied / "artifacts" / "model.keras").write_bytes(b"no model")
    with pytest.raises(StudioError, match=r"model\.keras can't be loaded: .*[^.]\.$"):
        serving_module.serve(trained(copied), serving_module.Serving(port=0), lambda *_: None)


def test_packages_that_lack_are_said(birds, monkeypatch: pytest.MonkeyPatch):
    _, run = birds
    monkeypatch.setattr(serving_module, "NEEDED", ("fastapi", "surely_not_there"))
    with pytest.raises(StudioError, match=r"pip install 'tf-model-studio\[serve\]'"):
        serving_module.serve(trained(run), serving_module.Serving(port=0), lambda *_: None)
