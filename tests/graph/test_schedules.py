"""The rate of a schedule at a step is that of Keras' own, and the steps of a training are known."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

from studio.graph import templates
from studio.graph.catalogue.registry import of_kind
from studio.graph.checks import check
from studio.graph.edits import SetParam, SetTraining
from studio.graph.file import load
from studio.graph.schedules import SCHEDULES, own_steps, planned, rate_of, sampled
from tests.conftest import slow

NEAR = 2e-6
"""What the rates may differ by, as a share of the schedule's own: some digits of float32's last."""


def call(name: str, **params: Any) -> dict[str, Any]:
    return {"op": f"{SCHEDULES}.{name}", "params": params}


def _rate(rng: random.Random) -> float:
    return round(10 ** rng.uniform(-5, 0), 6)


def drawn(name: str, rng: random.Random) -> dict[str, Any]:
    """Parameters of a schedule that Keras takes, edges among them."""
    first = {"initial_learning_rate": _rate(rng)}
    steps = rng.choice([1, 7, 100, rng.randint(2, 5000), round(rng.uniform(0.5, 900), 3)])
    if name in ("ExponentialDecay", "InverseTimeDecay"):
        factor = rng.choice([0.0, 0.5, 0.96, 1.0, rng.uniform(0, 2)])
        more = {"decay_rate": factor, "staircase": rng.random() < 0.5}
        return first | {"decay_steps": steps} | more
    if name == "PolynomialDecay":
        more = {"power": rng.choice([1.0, 0.5, 2.0, 0.0, 3.3]), "cycle": rng.random() < 0.5}
        end = rng.choice([0.0, 1e-4, _rate(rng)])
        return first | {"decay_steps": steps, "end_learning_rate": end} | more
    if name == "CosineDecay":
        found = first | {"decay_steps": steps, "alpha": rng.choice([0.0, 0.1, rng.random()])}
        if rng.random() < 0.6:
            found |= {"warmup_target": _rate(rng)}
            found |= {"warmup_steps": rng.choice([0, 1, rng.randint(1, 500)])}
        return found
    if name == "CosineDecayRestarts":
        more = {"m_mul": rng.choice([1.0, 0.5, 0.9]), "alpha": rng.choice([0.0, 0.1])}
        times = {"t_mul": rng.choice([1.0, 2.0, 1.5, 3.0, 0.9])}
        return first | {"first_decay_steps": steps} | times | more
    bounds = sorted(rng.sample(range(3000), rng.randint(1, 5)))
    return {"boundaries": bounds, "values": [_rate(rng) for _ in range(len(bounds) + 1)]}


def looked_at(params: dict[str, Any], rng: random.Random, further: int) -> list[int]:
    """Steps at which the rate jumps or turns, those beside them, and some others."""
    length = params.get("decay_steps", params.get("first_decay_steps", 500))
    warm = params.get("warmup_steps", 0)
    turns = [int(length * k) for k in (1, 2, 3, 7)] + params.get("boundaries", [])
    turns += [int(warm), int(length + warm)]
    near = {each + by for each in turns for by in (0, 1)}
    return sorted({0, 1, *near, *(rng.randint(0, int(6 * length) + 10) for _ in range(further))})


NAMES = [op.name for op in of_kind("schedule")]


@pytest.mark.parametrize(
    ("name", "draws"), [(n, 6) for n in NAMES] + slow(*((n, 80) for n in NAMES))
)
def test_the_rate_is_that_of_keras_at_every_step(name, draws):
    import numpy as np
    from keras.optimizers import schedules

    rng = random.Random(f"{name} {draws}")
    for _ in range(draws):
        params = drawn(name, rng)
        theirs, ours = getattr(schedules, name)(**params), rate_of(call(name, **params))
        scale = max(params.get("values", [params.get("initial_learning_rate")]))
        for step in looked_at(params, rng, draws // 8):
            wanted, found = float(theirs(np.int64(step))), ours(step)
            if not math.isfinite(wanted):
                assert repr(found) == repr(wanted), (params, step)
            else:
                assert found == pytest.approx(wanted, rel=NEAR, abs=NEAR * scale), (params, step)


COSINE = {"initial_learning_rate": 0.1, "decay_steps": 100}

NONE = [
    None,
    0.001,
    {"op": "code:Mine"},
    call("CosineDecay", initial_learning_rate=0.1),
    call("CosineDecay", **COSINE | {"decay_steps": 0}),
    call("CosineDecay", **COSINE | {"decay_steps": {"$": "steps"}}),
    call("CosineDecay", **COSINE, unknown=1),
    call("PiecewiseConstantDecay", boundaries=[10, 20], values=[0.1, 0.01]),
    {"op": f"{SCHEDULES}.CosineDecay", "params": None},
]


@pytest.mark.parametrize("value", NONE, ids=repr)
def test_what_is_no_whole_schedule_has_no_rate(value):
    assert rate_of(value) is None
    assert own_steps(value) is None


def test_what_keras_computes_no_number_for_is_none_here_either():
    """A root of less than nothing, a division by it: no error, but no number."""
    params = {"initial_learning_rate": 0.1, "decay_steps": 10, "power": -1.0}
    assert math.isinf(rate_of(call("PolynomialDecay", **params))(10))
    params = {"initial_learning_rate": 0.1, "first_decay_steps": 10, "t_mul": 0.5}
    assert math.isnan(rate_of(call("CosineDecayRestarts", **params))(1000))
    params = {"initial_learning_rate": 1.0, "decay_steps": 1, "decay_rate": 3.0}
    assert math.isinf(rate_of(call("ExponentialDecay", **params))(10_000))


OWN = [
    (call("CosineDecay", **COSINE), 100),
    (call("CosineDecay", **COSINE, warmup_target=0.2, warmup_steps=50), 150),
    (call("CosineDecay", **COSINE, warmup_steps=50), 100),
    (call("CosineDecayRestarts", initial_learning_rate=0.1, first_decay_steps=2.5), 3),
    (call("PiecewiseConstantDecay", boundaries=[10, 20], values=[0.1, 0.01, 0.001]), 25),
]


@pytest.mark.parametrize(("value", "steps"), OWN)
def test_a_schedule_says_in_how_many_steps_it_ends(value, steps):
    assert own_steps(value) == steps


PLANNED = [
    ("digits_cnn", [], (23, 25)),
    ("digits_cnn", [SetTraining("epochs", 2), SetTraining("steps_per_epoch", 7)], (7, 2)),
    ("digits_cnn", [SetParam("data", "train", "batch_size", 128)], (12, 25)),
    ("tfds_mnist", [], None),
    ("tfds_mnist", [SetTraining("steps_per_epoch", 100)], (100, 5)),
]


@pytest.mark.parametrize(("name", "edits", "wanted"), PLANNED)
def test_the_steps_of_a_training_come_from_its_data_and_its_batch(name, edits, wanted):
    file = templates.TEMPLATES / name / "project.json"
    project = load(file)
    for edit in edits:
        project = edit.apply(project)
    found = planned(project, check(project, file.parent).shapes.get("data"))
    assert (None if found is None else (found.batches, found.epochs)) == wanted
    if wanted is not None:
        assert found.steps == wanted[0] * wanted[1]


def test_a_curve_begins_and_ends_with_the_training():
    rate = rate_of(call("CosineDecay", **COSINE))
    assert [step for step, _ in sampled(rate, 5)] == [0, 1, 2, 3, 4]
    many = sampled(rate, 1_000_000, most=300)
    assert len(many) == 300
    assert (many[0][0], many[-1][0]) == (0, 999_999)
    assert many[0][1] == pytest.approx(0.1)
