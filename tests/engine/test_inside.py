"""What goes on inside a model: tensors of every node, figures of a step, and a training that is
the same to the bit, looked into or not."""

from __future__ import annotations

import json
import shutil
import sys
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from studio.engine.inside import asking, place
from studio.engine.inside.instances import key_of, place_of_key, split
from studio.engine.inside.judging import judge
from studio.engine.inside.reading import MOST, Bars, Histograms, rebinned
from studio.engine.run import prepare
from studio.graph.document import Project
from studio.graph.file import load, loads, plain, save
from studio.graph.text import dump
from tests.conftest import events, slow
from tests.engine.nursery import Nursery
from tests.templates import template_folder

forked = pytest.mark.skipif(sys.platform == "win32", reason="processes are forked here")

CODE = """def twofold(x):
    return 2 * x
"""

STEP = """def own_step(model, batch):
    x, y, _ = keras.utils.unpack_x_y_sample_weight(batch)
    with tf.GradientTape() as tape:
        loss = model.compute_loss(x, y, model(x, training=True))
    gradients = tape.gradient(loss, model.trainable_variables)
    model.optimizer.apply(gradients, model.trainable_variables)
    return {"loss": loss}
"""


def node(id: str, op: str, **params: Any) -> dict[str, Any]:
    return {"id": id, "op": op, "params": params}


def project(folder: Path, model: list[dict[str, Any]], **training: Any) -> Project:
    """A chain of layers on forty rows, shuffled anew in each epoch."""
    rows = np.random.default_rng(3)
    x = rows.uniform(0.1, 1, size=(40, 8, 8, 1)).astype("float32")
    np.savez(folder / "rows.npz", x=x, y=rows.integers(0, 3, 40).astype("int32"))
    names = [each["id"] for each in model]
    loss = {"op": "keras.losses.SparseCategoricalCrossentropy", "params": {"from_logits": True}}
    value = {
        "studio": 1,
        "name": "looked_into",
        "data": {
            "nodes": [
                node("read", "studio.data.numpy", path="rows.npz", label="y"),
                node("mixed", "tf.data.Dataset.shuffle", buffer_size=40),
                node("batch", "tf.data.Dataset.batch", batch_size=8),
            ],
            "edges": [["read", "mixed"], ["mixed", "batch"]],
            "outputs": {"train": "batch"},
        },
        "model": {
            "nodes": [node("rows", "keras.Input", shape=[8, 8, 1]), *model],
            "edges": [list(pair) for pair in zip(["rows", *names], names, strict=False)],
            "outputs": [names[-1]],
        },
        "code": {
            "twofold": {"kind": "function", "source": CODE},
            "own_step": {"kind": "train_step", "source": STEP},
        },
        "training": {
            "epochs": 3,
            "seed": 7,
            "optimizer": {"op": "keras.optimizers.Adam", "params": {"learning_rate": 0.01}},
            "losses": {names[-1]: loss},
        }
        | training,
    }
    found, problems = loads(dump(value))
    assert not problems
    return found


CHANCE = [
    node("turned", "keras.layers.RandomRotation", factor=0.2),
    node("flat", "keras.layers.Flatten"),
    node("wide", "keras.layers.Dense", units=8, activation="relu"),
    node("norm", "keras.layers.BatchNormalization"),
    node("drop", "keras.layers.Dropout", rate=0.3),
    node("kind", "keras.layers.Dense", units=3),
]
"""Whatever a pass could disturb: random numbers, means that move."""

CHAIN = [
    node("squares", "keras.ops.square"),
    node("roots", "keras.ops.sqrt"),
    node("twice", "code:twofold"),
    node("sum", "keras.layers.Flatten"),
    node("kind", "keras.layers.Dense", units=3),
]


def calls(nursery: Nursery, function: str, folder: Path, **fields: Any) -> None:
    """A function of inside_lives.py, in a life of its own; what it says where it fails."""
    folder.mkdir(exist_ok=True)
    code = nursery.call(f"tests.engine.inside_lives:{function}", folder, **fields)
    assert code == 0, (folder / "log.txt").read_text(encoding="utf-8")[-3000:]


@forked
@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["residual_blocks", "shared_text", "lstm_states", "text_sentiment", "two_inputs_two_outputs"],
)
def test_every_node_is_told_the_same_in_both_forms(
    name: str, nursery: Nursery, tmp_path: Path
) -> None:
    """Blocks and repeats, shared layers, several outputs, ragged text, texts as they come in."""
    home = str(template_folder(name))
    calls(nursery, "every_node", tmp_path / "life", home=home, life=str(tmp_path / "life"))


@forked
def test_functions_are_nodes_too_and_one_that_fails_is_named(
    nursery: Nursery, tmp_path: Path
) -> None:
    text = dump(plain(project(tmp_path, CHAIN)))
    calls(nursery, "chain", tmp_path, text=text, life=str(tmp_path))


@forked
def test_figures_and_gradients_are_those_of_numpy_and_tensorflow(
    nursery: Nursery, tmp_path: Path
) -> None:
    calls(nursery, "tells_figures", tmp_path / "figures", life="")
    calls(nursery, "nothing_moves", tmp_path / "moves", life="")
    home = str(template_folder("digits_cnn"))
    life = tmp_path / "gradients"
    calls(nursery, "gradients", life, home=home, life=str(life))


def trained(nursery: Nursery, project: Project, folder: Path, watched: bool) -> Path:
    run = prepare(project, folder, folder / f"runs-{watched}")
    fields = {"folder": str(run), "watched": watched}
    code = nursery.call("tests.engine.inside_lives:train", run, **fields)
    assert code == 0, (run / "log.txt").read_text(encoding="utf-8")[-3000:]
    return run


def weights(run: Path) -> bytes:
    with zipfile.ZipFile(run / "artifacts" / "model.keras") as file:
        return file.read("model.weights.h5")


def metrics(run: Path) -> list[Any]:
    return [each["metrics"] for each in events(run) if each["event"] == "epoch"]


def looks(run: Path) -> list[dict[str, Any]]:
    return [each for each in events(run) if each["event"] == "inside"]


LOOPS: dict[str, dict[str, Any]] = {
    "fit": {},
    "custom": {"loop": "custom"},
    "own step": {"loop": "custom", "train_step": {"op": "code:own_step"}},
    "several steps a call": {"steps_per_execution": 2},
    "mixed_float16": {"precision": "mixed_float16"},
}


@forked
@pytest.mark.parametrize("name", ["fit", *slow(*(name for name in LOOPS if name != "fit"))])
def test_a_training_that_is_looked_into_ends_in_the_same_bits(
    name: str, nursery: Nursery, tmp_path: Path
) -> None:
    """Looked into between all of its steps, where random numbers and moving means hang on them."""
    asked = project(tmp_path, CHANCE, **LOOPS[name])
    alone, run = (trained(nursery, asked, tmp_path, watched) for watched in (False, True))
    assert weights(run) == weights(alone)
    assert metrics(run) == metrics(alone)
    assert not looks(alone) and not (alone / "inside").exists()
    told = looks(run)
    assert len(told) >= 5
    steps = [each["step"] for each in told]
    assert steps == sorted(set(steps)) and steps[0] >= 1
    names = {"rows", *(each["id"] for each in CHANCE)}
    for each in told:
        assert each["activations"].keys() == names
        assert each["weights"].keys() == {"wide", "norm", "kind"}
        assert ("gradients" in each) != (name == "own step")
        assert ("its loss" in each.get("note", "")) == (name == "own step")
    if name != "own step":
        assert told[-1]["gradients"]["nodes"].keys() == {"wide", "norm", "kind"}
        parts = told[-1]["gradients"]["nodes"].values()
        assert told[-1]["gradients"]["norm"] == pytest.approx(np.linalg.norm(list(parts)), rel=0.01)
    changes = [w["update"] for each in told for w in each["weights"].values() if "update" in w]
    assert len(changes) > len(told) and all(0 < each < 1 for each in changes)
    assert 0 < told[0]["activations"]["wide"]["zeros"] < 1
    kept = Histograms(run)
    assert not kept.read()
    assert [each.step for each in kept.activations["wide"]] == steps
    assert sum(kept.weights["kind"][0].counts) == 8 * 3 + 3


@forked
def test_why_nothing_is_shown_is_told_once(nursery: Nursery, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    save(project(tmp_path, CHANCE), run / "project.json")
    calls(nursery, "told_once", run, life=str(run))
    said = [each["message"] for each in looks(run)]
    assert len(said) == 2
    assert said[0].startswith("What goes on inside is shown of a training in one process")
    assert said[1].startswith("No batch of the training data could be kept to look with")


# What needs no TensorFlow


@pytest.mark.parametrize(
    ("name", "node", "wanted"),
    [
        ("conv1", "conv1", ("", 0)),
        ("stage1_2_conv1", "conv1", ("stage1_2", 0)),
        ("stage1_2", "stage1", ("", 2)),
        ("outer_inner_1", "inner", ("outer", 1)),
        ("other", "conv1", ("", 0)),
    ],
)
def test_a_layers_name_is_taken_apart(name: str, node: str, wanted: tuple[str, int]) -> None:
    assert split(name, node) == wanted


def test_a_key_leads_back_to_its_node() -> None:
    for where in (("model", "conv1"), ("block:residual", "conv1")):
        assert place_of_key(key_of(where)) == where


HEALTHY: dict[str, Any] = {
    "gradients": {"norm": 1.0, "nodes": {"conv1": 0.5, "digit": 0.8}},
    "activations": {"conv1": {"zeros": 0.6, "bad": 0.0, "dead": 0.1}},
    "weights": {"conv1": {"norm": 2.0, "update": 0.001}, "digit": {"norm": 1.0, "update": 0.001}},
}


def changed(part: str, name: str, **values: Any) -> dict[str, Any]:
    event = json.loads(json.dumps(HEALTHY))
    if part == "gradients":
        event[part]["nodes"][name] = values["norm"]
    else:
        event[part].setdefault(name, {}).update(values)
    return event


@pytest.mark.parametrize(
    ("event", "name", "kind", "said"),
    [
        (HEALTHY, "", "", ""),
        (changed("activations", "conv1", bad=0.25), "conv1", "not-finite", "25 % of what"),
        (changed("gradients", "conv1", norm=None), "conv1", "not-finite", "gradient"),
        (changed("weights", "conv1", norm=None), "conv1", "not-finite", "weights"),
        (changed("activations", "conv1", zeros=0.99), "conv1", "dead", "99 %"),
        (changed("activations", "conv1", dead=0.75), "conv1", "dead", "75 % of its units"),
        (changed("gradients", "digit", norm=5e4), "digit", "exploding", "5e+04"),
        (changed("weights", "digit", update=0.4), "digit", "exploding", "40 %"),
        (changed("gradients", "conv1", norm=1e-9), "conv1", "vanishing", "1e-09"),
        # A layer without a ReLU may give zeros, one that isn't the model's is none of it.
        (changed("activations", "pool", zeros=1.0), "", "", ""),
        (changed("activations", "elsewhere", zeros=1.0), "", "", ""),
        ({"message": "nothing"}, "", "", ""),
    ],
)
def test_what_is_wrong_inside_is_said_with_its_figure(
    event: dict[str, Any], name: str, kind: str, said: str
) -> None:
    found = judge(load(template_folder("digits_cnn")), event)
    assert set(found) == ({name} if name else set())
    if name:
        assert found[name].kind == kind and said in found[name].message
        assert found[name].mend.endswith("this.") or "does so too." in found[name].mend


def line(step: int, low: float = 0.0, high: float = 1.0) -> bytes:
    bars = {"low": low, "high": high, "counts": [1, 2, 3, 4]}
    told = {"step": step, "epoch": 1, "activations": {"conv1": bars}, "weights": {"conv1": bars}}
    return json.dumps(told).encode() + b"\n"


def test_histograms_are_read_as_they_come(tmp_path: Path) -> None:
    kept = Histograms(tmp_path)
    assert not kept.read() and not kept.version
    path = tmp_path / place.HISTOGRAMS
    path.parent.mkdir()
    path.write_bytes(line(1) + line(2) + line(3)[:20])
    assert not kept.read()
    assert [each.step for each in kept.activations["conv1"]] == [1, 2]
    with path.open("ab") as file:
        file.write(line(3)[20:] + b'{"step": "wrong"}\n' + line(2))  # resumed from behind step 1
    kept.read()
    assert [each.step for each in kept.weights["conv1"]] == [1, 2]
    with path.open("ab") as file:
        file.write(b"".join(line(step) for step in range(3, 3 * MOST)))
    while kept.read():
        pass
    rows = kept.weights["conv1"]
    assert len(rows) <= MOST and rows[0].step == 1 and rows[-1].step == 3 * MOST - 1
    assert [each.step for each in rows] == sorted({each.step for each in rows})


@pytest.mark.parametrize(
    ("low", "high", "bins", "wanted"),
    [
        (0.0, 1.0, 4, [0.1, 0.2, 0.3, 0.4]),
        (0.0, 1.0, 2, [0.3, 0.7]),
        (-1.0, 1.0, 4, [0.0, 0.0, 0.3, 0.7]),
        (0.0, 0.5, 2, [0.1, 0.2]),
        (1.0, 1.0, 2, [0.0, 0.0]),
    ],
)
def test_a_histogram_fits_another_range(
    low: float, high: float, bins: int, wanted: list[float]
) -> None:
    assert rebinned(Bars(1, 1, 0.0, 1.0, (1, 2, 3, 4)), low, high, bins) == pytest.approx(wanted)
    alone = rebinned(Bars(1, 1, 0.5, 0.5, (0, 7)), 0.0, 1.0, 4)
    assert alone == [0.0, 0.0, 1.0, 0.0]


def test_runs_whose_weights_fit_are_offered(tmp_path: Path) -> None:
    asked = load(template_folder("digits_mlp"))
    runs = tmp_path / "runs"

    def made(number: int, project: Project, *files: str) -> Path:
        run = runs / f"2026010{number}-120000-run"
        run.mkdir(parents=True)
        save(project, run / "project.json")
        for name in files:
            (run / name).parent.mkdir(parents=True, exist_ok=True)
            (run / name).touch()
        return run

    made(1, asked, "artifacts/model.keras")
    made(2, asked)  # it has left nothing
    made(3, asked, "checkpoints/000002-000000003/arrays.npz")
    made(4, load(template_folder("digits_cnn")), "artifacts/model.keras")
    damaged = made(5, asked, "checkpoints/stopped.keras")
    (damaged / "project.json").write_text("{")
    moved = msgspec.structs.replace(asked, name="another")
    made(6, moved, "checkpoints/stopped.keras")
    found = [each for each in asking.fitting(asked, runs) if each.path]
    assert [each.run[:8] for each in found] == ["20260106", "20260103", "20260101"]
    assert [each.words.partition("run")[2] for each in found] == [
        " (stopped)",
        " (epoch 2 and 3 steps)",
        "",
    ]
    shutil.rmtree(runs)
    assert not list(asking.fitting(asked, runs))
