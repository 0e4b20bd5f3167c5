"""The warm process: what it is asked, and every way in which a question or the process can end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import psutil
import pytest

from studio.engine.code_shapes import CodeShapes
from studio.engine.warm import Answer, Warm
from studio.graph.document import Code
from studio.graph.infer import Inference
from tests.conftest import ROOT, slow
from tests.engine.own_layers import OWN, Own, projection, tensor
from tests.graph.samples import node_of, read_value, sample

POLICY = """class Own(keras.layers.Layer):
    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], 2))

    def call(self, inputs):
        return inputs @ self.kernel
"""
ENDLESS = "def own(x):\n    while True:\n        pass\n"
ENDLESS_IN_C = "import re\ndef own(x):\n    re.match('(a+)+$', 'a' * 80 + 'b')\n"


@pytest.fixture(scope="module")
def warm():
    with Warm() as warm:
        warm.start()
        yield warm


def ask(warm: Warm, own: Own, policy: str = "float32", **keywords: Any) -> Future[Answer]:
    return warm.ask(
        "layer",
        **{"trusted": True} | keywords,
        name=own.name,
        code=own.others | {own.name: (own.kind, own.source)},
        params=own.params,
        inputs=own.inputs,
        policy=policy,
    )


def function(source: str) -> Own:
    return Own("own", source, {}, [["x", [tensor(None, 3)]]], "function")


def process_of(warm: Warm) -> int:
    return warm.ask("ping").result(120).result["process"]


def test_asking_costs_no_import_of_tensorflow() -> None:
    program = (
        "import sys; import studio.engine.warm, studio.engine.code_shapes; "
        "print({'tensorflow', 'keras', 'numpy', 'PySide6'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "set()\n"


def test_a_ping_is_answered_with_versions_and_devices(warm) -> None:
    found = warm.ask("ping").result(120).result
    assert found["versions"]["tensorflow"]
    assert found["devices"][0]["type"] == "CPU"
    assert found["process"] != os.getpid()


@pytest.mark.parametrize("name", OWN)
def test_an_own_layer_gives_what_the_real_one_gives(warm, name) -> None:
    answer = ask(warm, OWN[name]).result(120)
    assert (answer.error, answer.reason) == ("", "")
    assert answer.result == real(OWN[name])


def test_an_own_layer_is_made_under_the_policy_of_the_training(warm) -> None:
    own = Own("Own", POLICY, {}, [["x", [tensor(None, 3)]]])
    for policy, dtypes in (("mixed_float16", ["float16", "float32"]), ("float32", ["float32"] * 2)):
        found = ask(warm, own, policy).result(120).result
        assert [found["outputs"][0][1], found["weights"][0][2]] == dtypes


def real(own: Own) -> dict[str, Any]:
    """What Keras says in this process, the variables filled."""
    import keras
    import numpy as np

    space: dict[str, Any] = {"keras": keras, "np": np}
    for _, source in (*own.others.values(), (own.kind, own.source)):
        exec(source, space)
    values = {
        "keras.activations.gelu": keras.activations.gelu,
        "keras.layers.LeakyReLU": keras.layers.LeakyReLU(),
        "code:steep": space.get("steep"),
    }
    params = {k: values[v["op"]] if isinstance(v, dict) else v for k, v in own.params.items()}
    tensors = [[keras.KerasTensor(s[0], s[1]) for s in specs] for _, specs in own.inputs]
    first = tensors[0] if len(tensors[0]) > 1 else tensors[0][0]
    others = {port: given[0] for (port, _), given in zip(own.inputs[1:], tensors[1:], strict=True)}
    made = None
    if own.kind == "layer":
        made = space[own.name](**params)
        outputs = made(first, **others)
    else:
        outputs = space[own.name](first, **others, **params)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    trainable = [id(w) for w in made.trainable_weights] if made else []
    return {
        "outputs": [[list(each.shape), each.dtype, 0] for each in outputs],
        "weights": [
            [w.path.split("/")[-1], list(w.shape), str(w.dtype), id(w) in trainable]
            for w in (made.weights if made else ())
        ],
    }


def test_a_weight_larger_than_the_machine_is_described_all_the_same(warm) -> None:
    own = Own("Projection", projection(), {"units": 10**9}, [["inputs", [tensor(None, 10**4)]]])
    (weight,) = ask(warm, own).result(120).result["weights"]
    assert weight == ["kernel", [10**4, 10**9], "float32", True]


FAULTS = [
    # source, line, words
    ("def own(x):\n    return x.nothing\n", 2, ["AttributeError", '"return x.nothing"', "own fai"]),
    ("def own(x):\n\n    return keras.layers.Conv2D(1, 1)(x)\n", 3, ["ValueError", "ndim=2"]),
    ("import no_such_module\ndef own(x):\n    return x\n", 1, ["ModuleNotFoundError"]),
    ("def own(x):\n    return undefined(x)\n", 2, ["NameError", "undefined"]),
    ("def own(x):\n    raise ValueError\n", 2, ["ValueError"]),
    ("def own(x):\n    raise ValueError('a\\nb' * 5000)\n", 2, ["a ba b"]),
    ("import sys\ndef own(x):\n    sys.exit(3)\n", 3, ["SystemExit: 3"]),
    ("def own(x):\n    own(x)\n", 2, ["RecursionError"]),
    ("def own():\n    pass\n", None, ["TypeError", "argument"]),
    ("def own(x):\n    return (\n", 2, ["SyntaxError"]),
    ("def own(x):\n    return 3\n", None, ["own returns int, not a tensor"]),
    ("def own(x):\n    return {'a': x}\n", None, ["own returns dict"]),
    ("def own(x):\n    return [x]\n", None, ["Return the tensor itself"]),
    ("def own(x):\n    return input()\n", 2, ["EOFError"]),
]  # fmt: skip


@pytest.mark.parametrize(("source", "line", "words"), FAULTS, ids=[f[0] for f in FAULTS])
def test_what_the_code_raises_is_a_sentence_with_its_line(warm, source, line, words) -> None:
    answer = ask(warm, function(source)).result(120)
    assert (answer.result, answer.reason) == (None, "code")
    assert (answer.code, answer.line) == ("own", line)
    assert line is None or f"in line {line} of its source" in answer.error
    assert all(word in answer.error for word in words), answer.error
    assert "\n" not in answer.error
    assert len(answer.error) < 600


def test_a_fault_in_what_the_code_uses_is_found_there(warm) -> None:
    own = function("def own(x):\n    return helper(x)\n")
    own.others = {"helper": ("function", "def helper(x):\n\n    return x.nothing\n")}
    answer = ask(warm, own).result(120)
    assert (answer.code, answer.line) == ("helper", 3)
    assert "in line 3 of the source of helper" in answer.error


def test_what_is_printed_and_read_does_not_mix_with_the_answers(warm) -> None:
    source = (
        "import os, subprocess, sys\n"
        "print('a line', flush=True)\n"
        "print('{\"id\": 1}', file=sys.__stdout__, flush=True)\n"
        "os.write(1, b'{}\\n')\n"
        "subprocess.run(['echo', 'from a child'])\n"
        "assert sys.stdin.read() == ''\n"
        "def own(x):\n    return x\n"
    )
    assert ask(warm, function(source)).result(120).result["outputs"] == [[[None, 3], "float32", 0]]
    process_of(warm)
    told, until = {"a line", '{"id": 1}', "{}", "from a child"}, time.monotonic() + 10
    while not told <= set(warm.log()) and time.monotonic() < until:
        time.sleep(0.05)  # the log comes by another pipe
    assert told <= set(warm.log())


def test_an_unknown_kind_is_answered_with_a_sentence(warm) -> None:
    answer = warm.ask("weather").result(120)
    assert answer.reason == "failed"
    assert "no question of the kind 'weather'" in answer.error


def test_code_is_not_run_before_it_is_trusted(warm, tmp_path) -> None:
    source = f"open({str(tmp_path / 'ran')!r}, 'w')\ndef own(x):\n    return x\n"
    answer = ask(warm, function(source), trusted=False).result(120)
    assert answer.reason == "untrusted"
    assert "trust" in answer.error
    assert not (tmp_path / "ran").exists()
    assert ask(warm, function(source)).result(120).result
    assert (tmp_path / "ran").exists()


def test_questions_are_answered_in_their_order_in_a_thread_of_their_own(warm) -> None:
    said: list[tuple[str, str]] = []

    def note(name: str):
        return lambda future: said.append((name, threading.current_thread().name))

    futures = [ask(warm, OWN[name]) for name in ("template", "function")]
    for name, future in zip(("first", "second"), futures, strict=True):
        future.add_done_callback(note(name))
    for future in futures:
        future.result(120)
    process_of(warm)
    assert said == [("first", "warm"), ("second", "warm")]


@pytest.mark.parametrize("source", [*slow(ENDLESS), ENDLESS_IN_C], ids=["python", "c"])
def test_a_question_that_hangs_is_ended_and_those_behind_it_are_answered(warm, source) -> None:
    before = process_of(warm)
    slow = ask(warm, function(source), seconds=0.5)
    behind = ask(warm, OWN["template"])
    answer = slow.result(120)
    assert answer.reason == "slow"
    assert answer.error == "It took longer than 0.5 s in line 3 of own, and was ended." or (
        "in line 2 of own" in answer.error
    )
    assert behind.result(120).result["weights"][0][0] == "kernel"
    assert process_of(warm) != before
    assert not psutil.pid_exists(before)


def test_a_process_that_dies_is_told_and_the_next_question_finds_another(warm) -> None:
    killing = "import os\ndef own(x):\n    os.kill(os.getpid(), 9)\n"
    dying = ask(warm, function(killing))
    behind = ask(warm, OWN["template"])
    answer = dying.result(120)
    assert answer.reason == "died"
    assert "was ended by the system (SIGKILL)" in answer.error
    assert behind.result(120).result


def test_a_process_that_was_killed_between_two_questions_is_not_noticed(warm) -> None:
    first = process_of(warm)
    os.kill(first, signal.SIGKILL)
    until = time.monotonic() + 30
    while warm._process.alive and time.monotonic() < until:
        time.sleep(0.01)
    assert process_of(warm) != first


def test_a_waiting_question_is_dropped_and_one_that_runs_is_ended(warm) -> None:
    before = process_of(warm)
    running = ask(warm, function(ENDLESS), seconds=600)
    waiting = ask(warm, OWN["template"])
    last = ask(warm, OWN["function"])
    warm.cancel(waiting)
    assert waiting.cancelled()
    while not running.running():
        time.sleep(0.01)
    warm.cancel(running)
    assert running.result(120).reason == "unwanted"
    assert last.result(120).result
    assert process_of(warm) != before


def test_one_that_is_taken_back_and_ends_by_itself_costs_no_process(warm) -> None:
    before = process_of(warm)
    source = "import time\ndef own(x):\n    time.sleep(0.3)\n    return x\n"
    future = ask(warm, function(source))
    while not future.running():
        time.sleep(0.01)
    warm.cancel(future)
    assert future.result(120).result  # it ended by itself, so that its answer is there
    assert process_of(warm) == before


def test_inference_goes_on_when_the_answer_is_there(warm) -> None:
    value = sample("custom_layer")
    del value["code"]["Projection"]["output_shape"]
    project, _ = read_value(value)
    told = threading.Event()
    names: list[str] = []

    def answered(name: str) -> None:
        names.append(name)
        told.set()

    inference = Inference(ask=CodeShapes(warm, True, answered))
    assert inference.run(project)["model"].at("projection") is None
    assert told.wait(120)
    inference.again(*names)
    found = inference.run(project)["model"]
    assert found.at("digit").shape == (None, 10)
    assert [weight.count for weight in found.nodes["projection"].weights] == [64 * 64]
    told.clear()
    wrong = project.code["Projection"].source.replace("self.kernel)", "self.kernl)")
    node_of(value, "projection")["params"] = {"units": 5}
    value["code"]["Projection"]["source"] = wrong
    project, _ = read_value(value)
    inference.run(project)
    assert told.wait(120)
    inference.again(*names)
    (problem,) = inference.run(project)["model"].problems
    assert problem.node == "projection"
    assert "fails in line 20 of its source" in problem.sentence()


def test_an_untrusted_project_is_inferred_as_if_there_were_nobody_to_ask(warm) -> None:
    value = sample("custom_layer")
    project, _ = read_value(value)
    asked = Inference(ask=CodeShapes(warm, trusted=False)).run(project)["model"]
    assert asked.nodes == Inference().run(project)["model"].nodes


def test_what_is_dropped_calls_nobody_back() -> None:
    """Else a window that has closed its process would infer again for ever."""
    warm = Warm()
    warm.close()
    told: list[str] = []
    project, _ = read_value(sample("custom_layer"))
    found = Inference(ask=CodeShapes(warm, True, told.append)).run(project)["model"]
    assert found.nodes == Inference().run(project)["model"].nodes
    assert told == []


def test_a_question_that_hangs_is_a_problem_of_the_node(warm) -> None:
    value = sample("custom_layer")
    source = value["code"]["Projection"]["source"]
    value["code"]["Projection"]["source"] = source.replace(
        "return keras.ops.matmul", "while True: keras.ops.matmul"
    )
    project, _ = read_value(value)
    ask_code = CodeShapes(warm, True, seconds=3)
    (problem,) = Inference(ask=ask_code).run(project)["model"].problems
    assert problem.node == "projection"
    assert "couldn't be asked for its shape: it took longer than 3 s" in problem.message
    assert "in line 20 of Projection" in problem.message


def test_what_is_no_json_is_refused_at_once(warm) -> None:
    with pytest.raises(TypeError):
        warm.ask("ping", fields={1, 2})


def test_a_source_that_has_changed_since_is_not_asked_any_more(warm) -> None:
    told: list[str] = []
    ask_code = CodeShapes(warm, True, told.append)
    value = sample("custom_layer")
    source = value["code"]["Projection"]["source"]
    inference = Inference(ask=ask_code)
    blocker = ask(warm, function("import time\ndef own(x):\n    time.sleep(1)\n    return x\n"))
    for turn in range(20):  # as it is typed
        value["code"]["Projection"]["source"] = f"{source}# {turn}\n"
        inference.run(read_value(value)[0])
    blocker.result(120)
    process_of(warm)
    assert told == ["Projection"]
    assert len(ask_code._asked) == 1


def test_nothing_is_left_of_it_when_it_is_closed() -> None:
    threads = set(threading.enumerate())
    children = {child.pid for child in psutil.Process().children(recursive=True)}
    with Warm() as warm:
        pid = process_of(warm)
        forking = "import subprocess\nchild = subprocess.Popen(['sleep', '600'])\n"
        running = ask(warm, function(forking + ENDLESS), seconds=600)
        waiting = ask(warm, OWN["template"])
        while len(psutil.Process(pid).children()) == 0:
            time.sleep(0.01)
    assert running.result(0).reason == "closed"
    assert waiting.cancelled()
    assert set(threading.enumerate()) == threads
    left = {child.pid for child in psutil.Process().children(recursive=True)} - children
    assert left == set()
    assert warm.ask("ping").result(0).reason == "closed"
    warm.close()


def test_closing_what_was_never_asked_starts_nothing() -> None:
    threads = set(threading.enumerate())
    with Warm():
        pass
    assert set(threading.enumerate()) == threads


def test_it_ends_with_the_process_that_asks(tmp_path: Path) -> None:
    """Killed in the middle of a question that would never end, in a folder with a keras.py."""
    (tmp_path / "keras.py").write_text("raise SystemExit('not Keras')")
    program = f"""
import os, time
from studio.engine.warm import Warm
warm = Warm()
print(warm.ask("ping").result().result["process"], flush=True)
code = {{"own": ("function", {ENDLESS!r})}}
future = warm.ask("layer", trusted=True, name="own", code=code, params={{}},
                  inputs=[["x", [[[None, 3], "float32", 0]]]], seconds=600)
while not future.running():
    time.sleep(0.01)
time.sleep(0.3)
os.kill(os.getpid(), 9)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        text=True,
        timeout=180,
        cwd=tmp_path,
    )
    assert done.returncode == -9
    child = int(done.stdout)
    until = time.monotonic() + 30
    while time.monotonic() < until and alive(child):
        time.sleep(0.05)
    assert not alive(child)


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_process_that_cant_load_tensorflow_is_told_with_its_last_words(
    monkeypatch, tmp_path
) -> None:
    (tmp_path / "tensorflow.py").write_text("raise ImportError('no TensorFlow here')")
    paths = [str(tmp_path), str(ROOT), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    with Warm() as warm:
        futures = [warm.ask("ping"), warm.ask("ping")]
        for future in futures:
            answer = future.result(120)
            assert answer.reason == "died"
            assert "no TensorFlow here" in answer.error


def test_the_code_of_a_project_is_what_a_question_carries() -> None:
    """A kind of its own can't hide code from the question whether it is trusted."""
    with Warm() as warm:
        assert warm.ask("any", code={"f": Code("map", "")}).result(0).reason == "untrusted"
