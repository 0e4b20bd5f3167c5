"""`studio speed`, `studio autograph` and `studio lr`, as real processes."""

from __future__ import annotations

import json
import shutil

import pytest

from studio.graph.edit_text import decode
from studio.graph.file import load
from tests.conftest import ROOT, studio

DIGITS = ROOT / "templates" / "digits_mlp"
OWN = ROOT / "templates" / "custom_layer"


@pytest.fixture
def digits(tmp_path):
    shutil.copy(DIGITS / "project.json", tmp_path / "project.json")
    return tmp_path


@pytest.mark.slow
def test_the_speed_is_measured_and_the_best_applied(digits) -> None:
    done = studio("speed", digits, "--json", "--apply")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    names = [way["name"] for way in found["ways"]]
    # There are 23 batches in an epoch.
    assert names[:4] == ["eager", "tf.function", "4 steps a call", "16 steps a call"]
    assert {"XLA", "4 steps a call with XLA"} <= set(names)
    assert all(way["ms"] > 0 for way in found["ways"])
    assert sum(found["shares"].values()) == pytest.approx(1.0)
    training = load(digits).training
    best = found["best"]
    assert found["applied"] is (found["edit"] is not None)
    assert (training.steps_per_execution, training.jit_compile) == (best["steps"], best["xla"])


@pytest.mark.slow
def test_the_speed_is_printed_as_a_table() -> None:
    done = studio("speed", DIGITS, "--set", "training.loop=custom")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    titles = "step ms a step samples/s x tf.function compiled in s"
    assert " ".join(lines[0].split()) == titles
    assert "% input" in done.stdout
    assert lines[-1].startswith(("Best: ", "It trains with the best"))


@pytest.mark.slow
def test_autograph_shows_the_step_and_the_code_of_ones_own() -> None:
    done = studio("autograph", OWN, "--run-code")
    assert (done.returncode, done.stderr) == (0, "")
    assert "# train_step\ndef train_step(batch):\n" in done.stdout
    assert "# Projection.call\ndef call(self, inputs):\n" in done.stdout
    assert "with tf.GradientTape() as tape:" in done.stdout
    raw = studio("autograph", DIGITS, "--raw", "--set", "training.loop=custom").stdout
    assert "ag__.converted_call(ag__.ld(model)" in raw
    assert "leaves the step of model.fit" not in raw


@pytest.mark.slow
def test_a_suggested_rate_trains_well(digits) -> None:
    done = studio("lr", digits, "--json", "--apply")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["applied"]
    assert 1e-4 < found["suggested"] < 0.1
    project = load(digits)
    assert decode(json.dumps(found["edit"])).apply(load(DIGITS)) == project
    assert project.training.optimizer.params["learning_rate"] == found["suggested"]
    ended = studio("run", digits, "--epochs", 8, "--json", "--runs", digits / "runs")
    metrics = json.loads(ended.stdout.splitlines()[-1])["metrics"]
    assert metrics["val_accuracy"] > 0.9


@pytest.mark.slow
@pytest.mark.parametrize("style", ["functional", "subclass"])
def test_the_rate_is_tested_from_the_weights_that_the_training_starts_from(digits, style) -> None:
    own = ("--set", f"model.style={style}")
    ended = studio("run", digits, "--epochs", 10, "--json", "--runs", digits / "runs", *own)
    run = json.loads(ended.stdout.splitlines()[-1])["folder"]
    shutil.copy(f"{run}/artifacts/model.keras", digits / "begun.keras")
    quick = ("lr", digits, "--json", "--steps", 10, "--from", "1e-9", "--to", "1e-8", *own)
    weights = json.dumps({"op": "studio.weights.load", "params": {"path": "begun.keras"}})
    fresh, begun = (
        json.loads(studio(*quick, *more).stdout)["losses"]
        for more in ((), ("--set", f"training.weights={weights}"))
    )
    assert begun[0] < 0.5 * fresh[0]


def test_a_rate_is_drawn_and_explained() -> None:
    done = studio("lr", DIGITS, "--steps", 30, "--from", "1e-5", "--to", "0.5")
    assert (done.returncode, done.stderr) == (0, "")
    assert "learning rate" in done.stdout
    assert "where the smoothed loss falls steepest" in done.stdout


SCHEDULE = {
    "op": "keras.optimizers.schedules.PiecewiseConstantDecay",
    "params": {"boundaries": [5], "values": [0.1, 0.01]},
}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("speed", OWN), "Say --run-code if you trust it"),
        (("autograph", OWN), "Say --run-code if you trust it"),
        (("lr", OWN), "Say --run-code if you trust it"),
        (("speed", DIGITS, "--apply", "--set", "training.epochs=3"), "leave --set out"),
        (("lr", DIGITS, "--from", "1", "--to", "0.1"), "1 is not below 0.1"),
        (("lr", DIGITS, "--from", "0"), "expected a number above 0"),
        (("lr", DIGITS, "--steps", "3"), "expected at least 10"),
        (("lr", DIGITS, "--set", "training.optimizer=null"), "has no optimizer"),
        (
            (
                "lr",
                DIGITS,
                "--set",
                f"training.optimizer.params.learning_rate={json.dumps(SCHEDULE)}",
            ),
            "a PiecewiseConstantDecay",
        ),
        (("speed", DIGITS, "--set", "training=null"), "the project has no training"),
        (("autograph", DIGITS, "--set", "model=null"), "the project has no model"),
    ],
)
def test_what_can_not_be_done_is_a_sentence(arguments, said) -> None:
    done = studio(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
