"""The script that measures its own speed trains as one that has the chosen values written in."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import pytest
from msgspec.structs import replace

from studio.codegen.script import write_script
from studio.codegen.speed import STEPS
from studio.graph.document import Code, Edge, Node, Project
from studio.graph.edits import AddNode
from studio.graph.file import load
from tests.codegen.ruff import found_by_ruff
from tests.codegen.test_loop import clean, module, small  # noqa: F401
from tests.conftest import ROOT, slow
from tests.templates import template_folder

# Keras asks numpy for its tensors in a way that numpy finds old.
pytestmark = [
    pytest.mark.filterwarnings("default:__array__ implementation:DeprecationWarning"),
    pytest.mark.usefixtures("clean"),
]
LONG = 10**9
"""Epochs for which it would be worth to measure anything."""


def made(project: Project, folder: Path, place: Path, epochs: int = LONG) -> ModuleType:
    """The script as a module, which chooses its speed as for so many epochs."""
    text = write_script(project, folder).text
    assert not found_by_ruff({"speed": text}, place)
    script = module(text, place)
    if hasattr(script, "choose_speed"):
        choose = script.choose_speed

        def chosen() -> tuple[int, bool]:
            written, script.EPOCHS = script.EPOCHS, epochs
            try:
                return choose()
            finally:
                script.EPOCHS = written

        script.choose_speed = chosen
    return script


def told(project: Project, **training: Any) -> Project:
    return replace(project, training=replace(project.training, **training))


AUTO = {"steps_per_execution": "auto", "jit_compile": "auto"}


def kept(place: Path) -> dict[str, Any]:
    return json.loads((place / "artifacts" / "speed.json").read_text())


@pytest.mark.slow
@pytest.mark.parametrize("loop", [*slow("fit"), "custom"])
def test_what_is_trained_is_what_the_chosen_values_give(
    loop: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = told(small(tmp_path), loop=loop)
    auto = made(told(project, **AUTO), tmp_path, tmp_path)
    model, history, _ = auto.train()
    found = kept(tmp_path)
    chosen = found["chosen"]
    assert chosen in found["measured"]
    assert found["measured"][0].items() >= {"steps": 1, "xla": False}.items()
    assert f"speed: {chosen['steps']} step" in capsys.readouterr().out
    written = {"steps_per_execution": chosen["steps"], "jit_compile": chosen["xla"]}
    keras.utils.clear_session()  # the other one would be a process of its own
    other, theirs, _ = made(told(project, **written), tmp_path, tmp_path).train()
    assert history.history == theirs.history
    assert model.optimizer.name == other.optimizer.name
    assert [each.path for each in model.variables] == [each.path for each in other.variables]
    for one, another in zip(model.variables, other.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), another.numpy(), one.path)


def test_a_choice_that_is_kept_is_taken_without_measuring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = made(told(small(tmp_path), **AUTO), tmp_path, tmp_path)
    other = {"steps": 3, "xla": True, "compile_seconds": 1.0, "ms": 1.0}
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts" / "speed.json").write_text(
        json.dumps({"chosen": other, "measured": [other], "note": ""})
    )
    monkeypatch.setattr(script, "make_datasets", None)
    assert script.choose_speed() == (3, True)


@pytest.mark.parametrize(
    ("training", "tried"),
    [
        ({"steps_per_execution": "auto"}, {(steps, False) for steps in STEPS}),
        *slow(({"steps_per_execution": "auto", "jit_compile": True}, {(s, True) for s in STEPS})),
        ({"steps_per_execution": 3, "jit_compile": "auto"}, {(3, False), (3, True)}),
        # Others would make the epoch longer than it shall be.
        (
            {"steps_per_execution": "auto", "steps_per_epoch": 6, "jit_compile": "auto"},
            {(1, False), (1, True)},
        ),
    ],
)
def test_what_is_written_in_is_not_measured_otherwise(
    training: dict[str, Any], tried: set[tuple[int, bool]], tmp_path: Path
) -> None:
    script = made(told(small(tmp_path), **training), tmp_path, tmp_path)
    script.choose_speed()
    found = {(each["steps"], each["xla"]) for each in kept(tmp_path)["measured"]}
    assert len(found) > 1
    assert found <= tried
    assert max(steps for steps, _ in found) <= 7  # the batches of an epoch


@pytest.mark.parametrize("loop", ["fit", "custom"])
def test_a_training_without_validation_is_measured_too(loop: str, tmp_path: Path) -> None:
    project = told(small(tmp_path), loop=loop, steps_per_execution="auto")
    outputs = {"train": project.data.outputs["train"]}
    project = replace(project, data=replace(project.data, outputs=outputs))
    made(project, tmp_path, tmp_path).train()
    assert len(kept(tmp_path)["measured"]) > 1


def test_a_short_training_is_not_measured_further(tmp_path: Path) -> None:
    script = made(told(small(tmp_path), **AUTO), tmp_path, tmp_path, epochs=2)
    assert script.choose_speed() == (1, False)
    assert len(kept(tmp_path)["measured"]) == 1
    assert kept(tmp_path)["note"] == "the training is too short for more to be measured"


SHAPES = "XLA would compile again for each shape of a batch"
LOOKUPS = "Keras trains this model without XLA"  # it looks texts up


@pytest.mark.filterwarnings("ignore:Model doesn't support")
@pytest.mark.parametrize(
    ("name", "note", "loop"),
    [
        ("text_sentiment", SHAPES, "custom"),
        ("penguins", LOOKUPS, "fit"),
        *slow(("text_sentiment", SHAPES, "fit"), ("penguins", LOOKUPS, "custom")),
    ],
)
def test_xla_is_left_alone_where_it_can_not_help(
    name: str, note: str, loop: str, tmp_path: Path
) -> None:
    folder = template_folder(name)
    (tmp_path / "assets").symlink_to(ROOT / "assets")
    project = told(load(folder), loop=loop, steps_per_execution=2, jit_compile="auto")
    script = made(project, folder, tmp_path)
    assert script.choose_speed() == (2, False)
    assert note in kept(tmp_path)["note"]


def test_what_xla_can_not_compile_is_trained_without_it(tmp_path: Path) -> None:
    source = """class Own(keras.layers.Layer):
    def call(self, x):
        same = tf.numpy_function(lambda each: each, [x], "float32")
        return tf.ensure_shape(same, x.shape)
"""
    own = Node("own", op="code:Own")
    project = told(small(tmp_path), **AUTO)
    model = AddNode("model", own).apply(project).model
    edges = tuple(replace(e, target="own") if e.target == "wide" else e for e in model.edges)
    model = replace(model, edges=(*edges, Edge("own", "wide")))
    code = {"Own": Code("layer", source, output_shape="same")}
    script = made(replace(project, model=model, code=code), tmp_path, tmp_path)
    assert script.choose_speed()[1] is False
    assert kept(tmp_path)["note"].startswith("XLA can't compile this model: ")


@pytest.mark.slow
def test_the_policy_of_whoever_calls_it_stays(tmp_path: Path) -> None:
    script = made(told(small(tmp_path), **AUTO), tmp_path, tmp_path)
    keras.config.set_dtype_policy("mixed_bfloat16")
    script.choose_speed()
    assert keras.config.dtype_policy().name == "mixed_bfloat16"
