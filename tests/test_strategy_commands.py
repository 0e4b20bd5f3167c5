"""`studio speed --strategies`, as real processes."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time

import psutil
import pytest

from studio.graph.edit_text import decode
from studio.graph.file import load, save
from tests.conftest import ROOT, studio

DIGITS = ROOT / "templates" / "digits_mlp"
ROWS = ROOT / "templates" / "mirrored"


@pytest.fixture
def digits(tmp_path):
    shutil.copy(DIGITS / "project.json", tmp_path / "project.json")
    return tmp_path


def check_rows(found) -> None:
    """Every strategy that was measured has times, and shares that are a whole."""
    for row in found["strategies"]:
        assert row["why"] == ""
        assert row["low"] <= row["ms"] <= row["high"]
        assert min(row["low"], row["ready_ms"], row["alone_ms"]) > 0
        assert sum(row["shares"].values()) == pytest.approx(1.0)
        assert row["samples_per_second"] == pytest.approx(1000 * found["samples"] / row["ms"])
        plain = found["strategies"][0]["ms"]
        assert row["efficiency"] == pytest.approx(plain / row["ms"] / row["devices"])


@pytest.mark.slow
def test_strategies_are_measured_and_the_fastest_applied(digits) -> None:
    before = load(digits)
    done = studio(
        *("speed", digits, "--strategies", "--only", "mirrored-2"),
        *("--seconds", 1, "--json", "--apply"),
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert [row["key"] for row in found["strategies"]] == ["none", "mirrored-2"]
    assert (found["samples"], found["strategies"][1]["devices"]) == (64, 2)
    assert found["data_ms"] > 0
    check_rows(found)
    assert found["applied"] is (found["edit"] is not None) is (found["best"] != "none")
    after = load(digits)
    if found["applied"]:
        assert after == decode(json.dumps(found["edit"])).apply(before)
    else:
        assert after == before


@pytest.mark.slow
def test_all_strategies_of_this_machine_are_measured() -> None:
    done = studio("speed", ROWS, "--strategies", "--json", "--seconds", 1)
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    keys = [row["key"] for row in found["strategies"]]
    assert keys[:2] == ["none", "onedevice"]
    assert keys[-2:] == ["multiworkermirrored", "parameterserver"]
    check_rows(found)


@pytest.mark.slow
def test_a_strategy_that_checks_refuse_has_its_reason(digits) -> None:
    arguments = ("--only", "onedevice,parameterserver", "--set", "training.jit_compile=true")
    done = studio("speed", digits, "--strategies", "--seconds", 1, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    titles = "strategy devices ms a batch samples/s x none efficiency input communication computing"
    assert " ".join(lines[0].split()) == titles
    (refused,) = (line for line in lines if line.startswith("ParameterServer"))
    assert "not measured" in refused
    assert "can't be compiled under ParameterServerStrategy" in refused
    assert lines[-1].startswith("Fastest: ")


@pytest.mark.slow
def test_the_strategy_of_a_project_is_given_up_where_none_is_faster(digits) -> None:
    from studio.graph.document import Distribution
    from studio.graph.edits import SetProject

    split = Distribution("tf.distribute.MirroredStrategy", virtual_devices=4)
    project = SetProject("distribution", split).apply(load(digits))
    save(project, digits / "project.json")
    done = studio("speed", digits, "--strategies", "--only", "onedevice", "--json", "--apply")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["applied"]
    assert load(digits).distribution != split


@pytest.mark.slow
def test_ctrl_c_ends_all_processes(digits) -> None:
    command = [sys.executable, "-m", "studio", "speed", str(digits), "--strategies"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            children, until = [], time.monotonic() + 60
            while not children and time.monotonic() < until:
                time.sleep(0.05)
                children = psutil.Process(process.pid).children()
            assert children
            process.send_signal(signal.SIGINT)
            out, said = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (process.returncode, out, said) == (130, b"", b"")
    assert not any(child.is_running() for child in children)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((DIGITS, "--strategies", "--only", "miror"), '"miror", which is no strategy'),
        ((DIGITS, "--only", "mirrored"), "are for --strategies"),
        ((DIGITS, "--strategies", "--set", "training=null"), "the project has no training"),
        ((ROOT / "templates" / "custom_layer", "--strategies"), "Say --run-code if you trust it"),
    ],
)
def test_what_can_not_be_measured_is_a_sentence(arguments, said) -> None:
    done = studio("speed", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
