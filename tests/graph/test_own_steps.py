"""A train step of one's own, further optimizers and what they train, before anything runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from studio.graph.checks import check
from studio.graph.edits import RenameNode
from studio.graph.history import History
from studio.graph.problems import errors

from .samples import check_value, read_value, sample

Value = dict[str, Any]
ADAM = {"op": "keras.optimizers.Adam"}


def source(text: str, kind: str = "train_step") -> Callable[[Value], None]:
    def change(value: Value) -> None:
        value["code"]["reconstruct"] = {"kind": kind, "source": text}
        value["training"]["train_step"].pop("params")

    return change


def training(**given: Any) -> Callable[[Value], None]:
    return lambda value: value["training"].update(given)


def step(**params: Any) -> Callable[[Value], None]:
    return training(train_step={"op": "code:reconstruct", "params": params})


def without_step(**given: Any) -> Callable[[Value], None]:
    def change(value: Value) -> None:
        value["training"].pop("train_step")
        value["training"].update(given)

    return change


def without_losses(value: Value) -> None:
    value["training"] |= {"losses": {}, "metrics": {}, "callbacks": []}


HEAD = "def reconstruct(model, batch):\n    "
TAKING = "def reconstruct(model, batch, optimizers):\n    return {}"
CASES = [
    (training(loop="fit"), "needs-custom-loop", ["the loop is fit", 'Set loop to "custom"']),
    (training(train_step={"op": "code:other"}), "lost-code", ['"other"', "isn't there"]),
    (training(train_step=ADAM), "wrong-op", ["is an optimizer", "a train step"]),
    (source("def reconstruct(y):\n    return y", "map"), "bad-step", ["a map", "a train_step"]),
    (source("def reconstruct(batch):\n    return {}"), "bad-code",
     ["a function of (batch)", "def reconstruct(model, batch)"]),
    (source("def reconstruct(batch, model):\n    return {}"), "bad-code", ["(batch, model)"]),
    (source("def reconstruct(model, batch, rate, optimizers):\n    return {}"), "bad-code",
     ["third parameter"]),
    (source(f"{HEAD}pass"), "bad-code", ["returns nothing", "dict of scalars"]),
    (source(f"{HEAD}return"), "bad-code", ["returns nothing in line 2"]),
    (source(f"{HEAD}return 1, 2"), "bad-code", ["returns (1, 2) in line 2"]),
    (source(f"{HEAD}return [1]"), "bad-code", ["returns [1]"]),
    (step(hidden=0.1), "missing-param", ["reconstruct needs extra"]),
    (step(hidden=0.1, extra=1.0, hiden=1), "unknown-param", ['Did you mean "hidden"']),
    (step(hidden=0.1, extra=1.0, batch=1), "bad-param", ["which the loop hands to it"]),
    (source(TAKING), "bad-step", ["takes optimizers, but there is none"]),
    (training(optimizers={"other": ADAM}), "bad-step", ['gives "other"', "doesn't take"]),
    (without_step(optimizers={"a": {"op": "keras.optimizers.Adem"}}, trained_by={"wide": "a"}),
     "unknown-op",
     ["training.optimizers.a", "keras.optimizers.Adam"]),
    (training(deterministic=True, seed=None), "bad-step", ["there is no seed"]),
    (without_losses, "bad-step", ["no loss", "validation and test"]),
    (without_step(optimizers={"a": ADAM}), "bad-step", ['has "a", which trains nothing']),
    (without_step(trained_by={"wide": "a"}), "lost-optimizer", ["training.trained_by.wide"]),
    (without_step(optimizers={"a": ADAM}, trained_by={"wid": "a"}), "lost-layer",
     ['Did you mean "wide"']),
    (without_step(optimizers={"a": ADAM}, trained_by={"image": "a"}), "lost-layer",
     ["keras.Input is no layer"]),
    (without_step(optimizers={"a": ADAM | {"params": {"use_ema": True}}}, trained_by={"wide": "a"}),
     "bad-step", ["training.optimizers.a", "averages the weights"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "code", "words"), CASES, ids=[f"{i} {code}" for i, (_, code, _) in enumerate(CASES)]
)
def test_what_is_wrong_with_a_step_is_told_once(change, code, words) -> None:
    value = sample("autoencoder")
    assert check_value(value).problems == []
    change(value)
    problems = [p for p in check_value(value).problems if p.code != "lost-code" or code == p.code]
    assert [p.code for p in problems] == [code], problems
    for word in words:
        assert word in problems[0].sentence()


def test_a_click_takes_the_loop_that_can() -> None:
    value = sample("autoencoder")
    value["training"]["loop"] = "fit"
    (problem,) = check_value(value).problems
    history = History(read_value(value)[0])
    history.do(problem.fix)
    assert history.project.training.loop == "custom"


def test_a_click_leaves_the_gradients_to_the_step() -> None:
    value = sample("autoencoder")
    value["code"]["reconstruct"]["source"] = TAKING
    value["training"] |= {"optimizers": {"a": ADAM}, "trained_by": {"wide": "a"}}
    value["training"]["train_step"].pop("params")
    (problem,) = check_value(value).problems
    assert "applies the gradients itself" in problem.message
    history = History(read_value(value)[0])
    history.do(problem.fix)
    assert history.project.training.trained_by == {}


def test_a_node_that_is_renamed_keeps_its_optimizer() -> None:
    value = sample("autoencoder")
    value["training"] |= {"optimizers": {"a": ADAM}, "trained_by": {"wide": "a"}}
    history = History(read_value(value)[0])
    history.do(RenameNode("model", "wide", "broad"))
    assert history.project.training.trained_by == {"broad": "a"}


def test_a_train_step_needs_no_loss_where_nothing_is_measured() -> None:
    value = sample("autoencoder")
    without_losses(value)
    value["data"]["outputs"] = {"train": "train"}
    assert errors(check_value(value).problems) == []


def of_birds(**given: Any) -> Value:
    """The template with two outputs, in the custom loop."""
    value = sample("two_inputs_two_outputs")
    value["training"] |= {"loop": "custom", "persistent_tape": True, **given}
    return value


SCALED = {
    "op": "keras.optimizers.LossScaleOptimizer",
    "params": {"inner_optimizer": {"op": "keras.optimizers.Adam"}},
}
SEPARATE = [
    (of_birds(loop="fit"), "needs-custom-loop", ["gradients of each loss separately"]),
    (of_birds(persistent_tape=False, loss_clipnorms={"mass": 1.0}), "bad-step",
     ["aren't taken separately"]),
    (of_birds(loss_clipnorms={"mas": 1.0}), "lost-output", ['Did you mean "mass"']),
    (of_birds(loss_clipnorms={"mass": 0}), "bad-param", ["is 0; expected a number above 0"]),
    (of_birds(optimizer=SCALED), "bad-step", ["scales the loss"]),
    (of_birds(optimizers={"a": ADAM}, trained_by={"species": "a"}), "bad-step",
     ["several optimizers"]),
]  # fmt: skip


@pytest.mark.parametrize(("value", "code", "words"), SEPARATE, ids=[f"{w}" for *_, w in SEPARATE])
def test_what_is_wrong_with_separate_gradients_is_told_once(value, code, words) -> None:
    (problem,) = check_value(value).problems
    assert problem.code == code
    for word in words:
        assert word in problem.sentence()
    if problem.fix is not None:
        history = History(read_value(value)[0])
        history.do(problem.fix)
        assert check(history.project).problems == []


def test_one_output_needs_no_gradients_of_its_own() -> None:
    value = sample("digits_mlp")
    value["training"] |= {"loop": "custom", "persistent_tape": True}
    (problem,) = check_value(value).problems
    assert "the model has one output" in problem.message
