"""The language of filters: what it means, what it refuses and where, names it completes."""

from __future__ import annotations

import json
import random
from datetime import datetime
from pathlib import Path

import pytest

from studio.engine.about import About
from studio.engine.epoch_figures import EpochFigures
from studio.engine.progress import Progress
from studio.engine.run_filter import FilterError, behind_operator, parse, word_at
from studio.engine.run_parameters import MISSING, Parameters, differing, flat, paths, value_of
from studio.engine.runs import Known

NOON = datetime(2026, 11, 1, 12).timestamp()
PROJECT = {
    "studio": 1,
    "name": "digits",
    "data": {
        "nodes": [{"id": "b", "op": "tf.data.Dataset.batch", "params": {"batch_size": 64}}],
    },
    "model": {
        "nodes": [
            {"id": "image", "op": "keras.Input", "params": {"shape": [8, 8]}, "at": [0, 0]},
            {"id": "hidden", "op": "keras.layers.Dense", "params": {"units": 128}, "note": "x"},
        ],
        "edges": [["image", "hidden"]],
    },
    "training": {
        "optimizer": {"op": "keras.optimizers.Adam", "params": {"learning_rate": 0.003}},
        "callbacks": [{"op": "keras.callbacks.EarlyStopping", "params": {"patience": 3}}],
        "jit_compile": True,
    },
}  # fmt: skip
RATE = "training.optimizer.params.learning_rate"

RUN = Known(
    Path("/runs/20261101-120000-digits_cnn"),
    NOON,
    Progress(
        state="completed",
        epoch=12,
        step=240,
        metrics={"loss": 0.2, "val_loss": 0.3, "val_accuracy": 0.975, "my own": 2.0, "odd": None},
        test={"accuracy": 0.96},
        since=NOON,
        time=NOON + 90,
    ),
    About("Wider, then *deeper*", ("baseline", "sweep:7")),
)


def fits(text: str) -> bool:
    values = flat(json.dumps(PROJECT).encode())
    return parse(text, [*RUN.progress.results, *values]).fits(RUN, lambda: values)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "val_accuracy > 0.97 and tag:baseline",
        "val_loss = 0.3",
        "val_accuracy >= 97.5%",
        "test_accuracy:0.96",
        "val_loss > loss",
        "loss < val_loss and val_loss < 3e-1 or digits",
        '"my own" = 2',
        "state:completed",
        "State = COMPLETED",
        "state != failed",
        "name:digits",
        "name = digits_cnn",
        "name:dig*cnn",
        "id:20261101",
        "digits wider",
        '"then *deeper*"',
        "tag:sweep:7",
        "tag:sweep*",
        "tag:BASELINE",
        "tag != other",
        "note:wider",
        "epochs > 10 epochs <= 12",
        "step = 240",
        "duration > 1m",
        "duration = 1m30s",
        "duration < 0:02:00",
        "duration > 1:29",
        "when:2026-11-01",
        "when > 2026-10-31",
        "when < 2026-11-01T12:01",
        "not when:2026-11-02",
        f"{RATE} < 0.01",
        f"{RATE} = 3e-3",
        "optimizer.params.learning_rate = 0.003",
        "learning_rate = 0.003",
        "optimizer.op:adam",
        "training.jit_compile = true",
        "training.callbacks.0.params.patience = 3",
        "model.nodes.hidden.params.units >= 128",
        "image.params.shape = '[8, 8]'",
        "batch_size:64",
        "not (state:failed or state:lost)",
        "NOT state:failed AND tag:baseline",
        "state:failed and nobody or tag:baseline",
        "not not tag:baseline",
        "not odd > 0 and odd != 1",
    ],
)
def test_what_fits(text) -> None:
    assert fits(text)


@pytest.mark.parametrize(
    "text",
    [
        "val_accuracy > 0.98",
        "val_loss < loss",
        "test_accuracy > 0.96",
        "state:fail",
        "tag:base",
        "tag:''",
        "note = wider",
        "nobody",
        "digits nobody",
        "state:completed and (nobody or val_loss > 1)",
        "state:failed or nobody",
        "not tag:baseline",
        "val_loss = x",
        "odd > 0",
        "when:2026-11-02",
        "duration > 90",
        "optimizer.op:sgd",
        "optimizer.op > 3",
    ],
)
def test_what_does_not_fit(text) -> None:
    assert not fits(text)


@pytest.mark.parametrize(
    ("text", "marked", "said"),
    [
        ("val_accuracy >", ">", "a value is missing"),
        ("val_accuracy > )", ")", "a value is expected"),
        ("val_acuracy > 1", "val_acuracy", 'Did you mean "val_accuracy"'),
        ("learning_rat < 1", "learning_rat", 'Did you mean "learning_rate"'),
        ("zzz = 1", "zzz", "Compared are metrics"),
        ("loss > val_los", "val_los", "neither a number nor a metric"),
        ("(tag:a or tag:b", "(", "isn't closed"),
        ("tag:a)", ")", 'without a "("'),
        ("tag:a and", "and", "something is missing"),
        ("or tag:a", "or", "can't stand here"),
        ("> 3", ">", "the name of a metric"),
        ('note:"open', '"open', "no second one"),
        ("tag > a", "a", "compared with :"),
        ("name < a", "a", "is a text"),
        ("epochs > many", "many", "no number"),
        ("duration > soon", "soon", "no duration"),
        ("when > soon", "soon", "no day"),
        ("when > 2026-13-01", "2026-13-01", "no day"),
        ("loss > 'big'", "'big'", "compares numbers"),
        ("(" * 60 + "a", "(", "nested"),
    ],
)
def test_what_is_refused_and_where(text, marked, said) -> None:
    with pytest.raises(FilterError) as caught:
        fits(text)
    error = caught.value
    assert said in str(error)
    assert text[error.at : error.end] == marked
    assert str(error).endswith((".", "?"))


def test_no_text_breaks_it() -> None:
    parts = [
        "not",
        "and",
        "or",
        "(",
        ")",
        "tag",
        ":",
        ">",
        "<=",
        "!=",
        "!",
        "0.5",
        "loss",
        '"',
        "duration",
        "when",
        "1e999",
        "nan",
        "%",
        "=",
        "name",
        "*",
        "[",
        "é",
    ]
    parts += ["'", "\\", "\t"]
    draw = random.Random(7)
    understood = 0
    for _ in range(3000):
        text = draw.choice(["", " "]).join(draw.choices(parts, k=draw.randint(1, 9)))
        try:
            fits(text)
            understood += 1
        except FilterError as error:
            assert 0 <= error.at <= error.end <= len(text)
    assert understood > 100


@pytest.mark.parametrize(
    ("text", "word", "name"),
    [
        ("val_l", "val_l", None),
        ("tag:a and val", "val", None),
        ("state:fa", "fa", "state"),
        ("state: ", "", "state"),
        ("val_loss < 0.", "0.", "val_loss"),
        ("(not lo", "lo", None),
    ],
)
def test_what_is_being_written(text, word, name) -> None:
    assert word_at(text, len(text)) == (len(text) - len(word), word)
    assert behind_operator(text, len(text)) == name


def test_parameters_are_those_that_set_takes_with_their_defaults(tmp_path) -> None:
    values = flat(json.dumps(PROJECT).encode())
    assert values["model.nodes.image.params.shape"] == [8, 8]
    assert not any(word in path for path in values for word in (".at", ".note", ".id", "edges"))
    assert value_of(values, "training.epochs") == 1
    assert value_of(values, "training.optimizer.params.beta_1") == 0.9
    assert value_of(values, "training.optimizer.params.nonsense") is MISSING
    assert value_of(flat(b"{"), "training.epochs") is MISSING

    other = json.loads(json.dumps(PROJECT))
    del other["training"]["optimizer"]["params"]["learning_rate"]
    del other["training"]["jit_compile"]
    other["model"]["nodes"][1]["params"]["units"] = 64
    found = [values, flat(json.dumps(other).encode())]
    wanted = [RATE, "training.jit_compile", "model.nodes.hidden.params.units"]
    assert differing(found) == wanted
    other["training"]["optimizer"]["params"]["learning_rate"] = 0.003
    found.append(flat(json.dumps(other).encode()))
    assert differing(found[::2]) == wanted[1:]
    assert paths(found)[0].startswith("training.")

    reader = Parameters()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "project.json").write_text(json.dumps(PROJECT))
    assert reader.of(tmp_path / "a") is reader.of(tmp_path / "b"), "read once, kept once"
    assert reader.of(tmp_path / "none") == {}


def test_figures_of_epochs_are_read_in_parts_and_cut_where_a_run_went_on(tmp_path) -> None:
    def epoch(number: int, loss: float | None) -> dict:
        return {"event": "epoch", "epoch": number, "step": number, "metrics": {"loss": loss}}

    step = {"event": "step", "step": 1, "epoch": 1, "metrics": {"loss": 9.0}}
    told = [epoch(1, 0.9), step, step, epoch(2, None), epoch(3, 0.7)]
    told += [{"event": "resumed", "epoch": 2, "step": 2}, epoch(3, 0.6), step]
    path = tmp_path / "events.jsonl"
    path.write_text("".join(json.dumps(e, separators=(",", ":")) + "\n" for e in told))
    figures = EpochFigures(tmp_path)
    while figures.read(200) or figures.behind:
        pass
    assert figures.of("loss") == [0.9, None, 0.6]
    with path.open("a") as file:
        file.write(json.dumps(epoch(4, 0.5), separators=(",", ":")) + '\n{"event":"epoch"')
    assert figures.read(1 << 20)
    assert figures.of("loss") == [0.9, None, 0.6, 0.5] and not figures.behind
