"""A custom loop that was interrupted goes on as if it hadn't been: the same bits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from studio.codegen.script import write_script
from studio.graph.document import Project
from studio.graph.file import loads, plain
from studio.graph.replay import BEGUN, WHOLE, replay
from studio.graph.text import dump
from tests.codegen.test_loop import OPTIONS, assert_same, callback, module, small
from tests.conftest import slow

pytestmark = pytest.mark.filterwarnings("default:__array__ implementation:DeprecationWarning")


class Interrupted(BaseException):
    """What a training is interrupted by."""


class Interruption(keras.callbacks.Callback):
    """Has a checkpoint written before a step, or before a step of the validation, and ends all."""

    def __init__(self, step: int, tests: bool = False):
        super().__init__()
        self.left = step
        self.tests = tests

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            self.params["checkpoint"]()
            raise Interrupted

    def on_train_batch_begin(self, batch, logs=None):
        if not self.tests:
            self._count()

    def on_test_batch_begin(self, batch, logs=None):
        if self.tests:
            self._count()


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    yield
    keras.config.set_dtype_policy("float32")
    keras.backend.clear_session()


def outcome(model: Any, history: Any) -> tuple[dict[str, list[float]], list[np.ndarray]]:
    variables = [*model.variables, *model.optimizer.variables]
    return history.history, [each.numpy() for each in variables]


def assert_resumes(
    project: Project, place: Path, steps: list[int], style: str | None = None, tests: bool = False
) -> None:
    """Interrupted again and again, at each of the steps from where it was, it ends the same."""
    text = write_script(project, place, style).text
    model, history, _ = module(text, place).train()
    wanted, weights = outcome(model, history)
    resume = False
    for step in [*steps, None]:
        keras.backend.clear_session()
        callbacks = [] if step is None else [Interruption(step, tests)]
        script = module(text, place)
        if step is not None:
            with pytest.raises(Interrupted):
                script.train(callbacks, resume=resume)
            resume = True
            continue
        model, history, _ = script.train(resume=True)
    found, ours = outcome(model, history)
    assert set(found) == set(wanted)
    for name, values in wanted.items():
        np.testing.assert_array_equal(found[name], values, name)
    assert len(ours) == len(weights)
    for one, other in zip(ours, weights, strict=True):
        np.testing.assert_array_equal(one, other)
    assert history.epoch == list(range(len(history.epoch)))


def looped(folder: Path, **training: Any) -> Project:
    return small(folder, **({"loop": "custom", "epochs": 3} | training))


# What these have in their checkpoints the others have too; XLA takes long to compile.
ALIKE = ("as it is", "clipped gradients", "averaged weights", "decayed weights", "all steps")
ALIKE += ("mixed float16, SGD", "mixed bfloat16", "float64")
ALIKE += tuple(name for name in OPTIONS if "XLA" in name or "validated" in name)


@pytest.mark.parametrize("name", [*[n for n in OPTIONS if n not in ALIKE], *slow(*ALIKE)])
def test_an_interrupted_training_ends_the_same(name: str, tmp_path: Path) -> None:
    options = OPTIONS[name] | ({"epochs": 12} if name == "stopped early" else {})
    several = options.get("steps_per_execution", 1) > 1
    assert_resumes(looped(tmp_path, **options), tmp_path, [4 if several else 9])


@pytest.mark.parametrize("style", slow(None, "subclass"), ids=["functional", "subclass"])
def test_one_interrupted_again_and_again_ends_the_same(style: str | None, tmp_path: Path) -> None:
    """At its first step, at the first of an epoch, at the last, and in between."""
    project = looped(tmp_path, callbacks=[callback("ReduceLROnPlateau", patience=1)])
    assert_resumes(project, tmp_path, [0, 3, 4, 6, 1], style)


@pytest.mark.parametrize("limit", [*slow(None), 3])
def test_one_interrupted_while_it_is_validated_ends_the_same(
    limit: int | None, tmp_path: Path
) -> None:
    project = looped(tmp_path, steps_per_epoch=limit)
    assert_resumes(project, tmp_path, [1, 3], tests=True)


def changed(project: Project, source: str, *stages: dict[str, Any]) -> Project:
    """The project with stages behind one of its data."""
    value = plain(project)
    edges, last = value["data"]["edges"], source
    after = [edge for edge in edges if edge[0] == source]
    for stage in stages:
        value["data"]["nodes"].append(stage)
        edges.append([last, stage["id"]])
        last = stage["id"]
    for edge in after:
        edge[0] = last
    found, problems = loads(dump(value))
    assert not problems
    return found


def stage(name: str, method: str, **params: Any) -> dict[str, Any]:
    return {"id": name, "op": f"tf.data.Dataset.{method}", "params": params}


DRAWN = {
    "a shuffle before a cache": [stage("once", "shuffle", buffer_size=60), stage("kept", "cache")],
    "two shuffles": [stage("once", "shuffle", buffer_size=20)],
    "a shuffle that is repeated": [
        stage("once", "shuffle", buffer_size=60),
        stage("twice", "repeat", count=2),
    ],
}


# With a limit the data go on from one epoch to the next, which a repeated shuffle shows.
@pytest.mark.parametrize(
    ("name", "limit"),
    [
        *[(name, None) for name in DRAWN],
        ("a shuffle that is repeated", 4),
        *slow(("a shuffle before a cache", 4), ("two shuffles", 4)),
    ],
)
def test_what_the_data_draw_is_drawn_again(name: str, limit: int | None, tmp_path: Path) -> None:
    project = changed(looped(tmp_path, steps_per_epoch=limit), "split.train", *DRAWN[name])
    assert replay(project, "train") == WHOLE
    assert_resumes(project, tmp_path, [9])


@pytest.mark.filterwarnings("ignore:Your input ran out of data")  # fit says so, where it did
@pytest.mark.parametrize(
    ("limits", "steps"),
    [
        pytest.param({"validation_freq": 2, "epochs": 6}, [24, 9], marks=pytest.mark.slow),
        ({"validation_freq": [1, 3], "epochs": 4, "steps_per_epoch": 4}, [9]),
        pytest.param({"validation_steps": 2}, [9], marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_a_validation_that_is_shuffled_is_shuffled_as_it_would_have_been(
    limits: dict[str, Any], steps: list[int], tmp_path: Path
) -> None:
    mixed = stage("checked_mixed", "shuffle", buffer_size=20)
    project = changed(looped(tmp_path, **limits), "split.validation", mixed)
    assert replay(project, "validation") == BEGUN
    assert_resumes(project, tmp_path, steps)
    keras.backend.clear_session()
    assert_same(project, tmp_path, tmp_path)


def images(folder: Path, **training: Any) -> Project:
    """Forty small images, changed by chance in the data and in the model."""
    rows = np.random.default_rng(3)
    np.savez(
        folder / "images.npz",
        x=rows.uniform(size=(40, 8, 8, 1)).astype("float32"),
        y=rows.integers(0, 3, 40).astype("int32"),
    )
    value = plain(looped(folder, **training))
    value["data"]["nodes"][0]["params"]["path"] = "images.npz"
    value["model"]["nodes"][0]["params"]["shape"] = [8, 8, 1]
    value["model"]["nodes"] += [
        {"id": "turned", "op": "keras.layers.RandomRotation", "params": {"factor": 0.2}},
        {"id": "flat", "op": "keras.layers.Flatten"},
    ]
    value["model"]["edges"][0] = ["x", "turned"]
    value["model"]["edges"] += [["turned", "flat"], ["flat", "wide"]]
    project, problems = loads(dump(value))
    assert not problems
    flipped = {"op": "keras.layers.RandomFlip", "params": {"mode": "horizontal"}}
    moved = {
        "op": "keras.layers.RandomTranslation",
        "params": {"height_factor": 0.2, "width_factor": 0.2},
    }
    function = {"op": "studio.map.augment", "params": {"layers": [flipped, moved]}}
    return changed(project, "mixed", stage("changed", "map", function=function))


def test_augmented_images_are_changed_as_they_would_have_been(tmp_path: Path) -> None:
    project = images(tmp_path)
    assert replay(project, "train") == WHOLE
    assert_resumes(project, tmp_path, [8, 2])


def test_a_new_training_leaves_no_checkpoint_of_another(tmp_path: Path) -> None:
    text = write_script(looped(tmp_path), tmp_path).text
    with pytest.raises(Interrupted):
        module(text, tmp_path).train([Interruption(9)])
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == [
        "000001-000000000",
        "000001-000000002",
    ]
    with pytest.raises(Interrupted):
        module(text, tmp_path).train([Interruption(1)])
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["000000-000000001"]


@pytest.mark.filterwarnings("ignore:Exception ignored:pytest.PytestUnraisableExceptionWarning")
def test_a_csv_logger_goes_on_in_its_file(tmp_path: Path) -> None:
    logger = callback("CSVLogger", filename=str(tmp_path / "history.csv"))
    text = write_script(looped(tmp_path, callbacks=[logger]), tmp_path).text
    with pytest.raises(Interrupted):
        module(text, tmp_path).train([Interruption(9)])
    module(text, tmp_path).train(resume=True)
    rows = (tmp_path / "history.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0].startswith("epoch,")
    assert [row[0] for row in rows[1:]] == ["0", "1", "2"]


def test_the_last_checkpoints_are_kept(tmp_path: Path) -> None:
    project = looped(tmp_path, checkpoint_steps=2, checkpoints_kept=3)
    module(write_script(project, tmp_path).text, tmp_path).train()
    names = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    # 3 epochs of 7 steps: behind each second one.
    assert names == ["000002-000000002", "000002-000000004", "000002-000000006"]


@pytest.mark.parametrize(("best", "choose"), [("val_loss", min), *slow(("loss", min))])
def test_the_best_epoch_is_kept_too(best: str, choose: Any, tmp_path: Path) -> None:
    project = looped(
        tmp_path,
        epochs=8,
        checkpoints_kept=1,
        checkpoint_best=best,
        optimizer={"op": "keras.optimizers.SGD", "params": {"learning_rate": 0.7}},
    )
    _, history, _ = module(write_script(project, tmp_path).text, tmp_path).train()
    values = history.history[best]
    epoch = values.index(choose(values)) + 1
    names = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    assert 1 <= len(names) <= 2 and f"{epoch:06}-000000000" in names
    assert_resumes(project, tmp_path, [20])


def cut(checkpoint: Path) -> None:
    arrays = checkpoint / "arrays.npz"
    arrays.write_bytes(arrays.read_bytes()[:-200])


def flip(checkpoint: Path) -> None:
    arrays = checkpoint / "arrays.npz"
    content = bytearray(arrays.read_bytes())
    content[len(content) // 2] ^= 64
    arrays.write_bytes(content)


def lose_state(checkpoint: Path) -> None:
    (checkpoint / "state.json").unlink()


def cut_state(checkpoint: Path) -> None:
    state = checkpoint / "state.json"
    state.write_bytes(state.read_bytes()[:-20])


DAMAGES = {each.__name__: each for each in (cut, flip, lose_state, cut_state)}


def test_where_the_last_checkpoint_is_damaged_the_one_before_is_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = looped(tmp_path, checkpoint_steps=2, checkpoints_kept=3)
    text = write_script(project, tmp_path).text
    model, history, _ = module(text, tmp_path).train()
    wanted, weights = outcome(model, history)
    kept = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    for name, damage in DAMAGES.items():
        damage(tmp_path / "checkpoints" / kept[-1])
        keras.backend.clear_session()
        capsys.readouterr()
        model, history, _ = module(text, tmp_path).train(resume=True)
        said = capsys.readouterr().out
        assert f"The checkpoint {kept[-1]} can't be read (" in said, name
        assert f"): the training goes on from {kept[-2]}." in said, name
        found, ours = outcome(model, history)
        assert found == wanted, name
        for one, other in zip(ours, weights, strict=True):
            np.testing.assert_array_equal(one, other, name)
        # It has been written again, and what couldn't be read is still there to be looked at.
        names = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
        assert names == [*kept, f"damaged-{kept[-1]}"]


def test_where_no_checkpoint_can_be_read_nothing_is_trained(tmp_path: Path) -> None:
    text = write_script(looped(tmp_path, checkpoint_steps=5), tmp_path).text
    module(text, tmp_path).train()
    folders = sorted((tmp_path / "checkpoints").iterdir())
    for folder, damage in zip(folders, (cut, lose_state), strict=True):
        damage(folder)
    with pytest.raises(RuntimeError, match=r"No checkpoint in .* can be read"):
        module(text, tmp_path).train(resume=True)
    assert sorted((tmp_path / "checkpoints").iterdir()) == folders
