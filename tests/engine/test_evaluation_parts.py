"""The parts of an evaluation by themselves: what is kept of a pass, and what doesn't fit."""

from __future__ import annotations

import base64
import struct

import numpy as np
import pytest

from studio.engine.evaluated import samples_of
from studio.engine.evaluation import cells, keeping
from studio.engine.evaluation.cells import Cells
from studio.engine.evaluation.keeping import Misfit, Pairs, Sample, Worst
from studio.engine.evaluation.output import Output, thin
from studio.engine.evaluation.passing import KINDS
from studio.evaluation_page import lines
from tests.conftest import slow


def test_only_so_many_classes_are_listed_the_worst_first() -> None:
    rows = [
        {
            "class": f"c{n}",
            "precision": 1.0,
            "recall": 1.0,
            "f1": n / 40,
            "roc_area": None,
            "support": 3,
        }
        for n in range(40)
    ]
    found = {
        "run": "r",
        "split": "test",
        "samples": 120,
        "model": "m",
        "keras": {},
        "left_out": {},
        "outputs": {
            "o": {
                "kind": "classes",
                "classes": [row["class"] for row in rows],
                "accuracy": 0.5,
                "macro": {"f1": 0.5},
                "per_class": rows,
                "confused": [],
                "worst": [],
                "pictures": [],
            }
        },
    }
    text = "\n".join(lines(found, "place"))
    listed = [
        line.split()[0] for line in text.splitlines() if line.startswith("  c") and " 1.000" in line
    ]
    assert listed == [f"c{n}" for n in range(20)]
    assert "(20 of 40: those of the lowest F1)" in text


def test_a_sample_is_fair_and_the_same_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MOST", 2000)
    found = []
    for _ in range(2):
        sample = Sample(2)
        for start in range(0, 50_000, 500):
            rows = np.arange(start, start + 500)
            sample.take(np.column_stack([rows, -rows]))
        found.append(sample.rows())
    rows = found[0][:, 0]
    assert (found[0] == found[1]).all() and (found[0][:, 1] == -rows).all()
    assert len(set(rows)) == 1000 and list(rows) == sorted(rows)
    assert sample.about() == {"sampled": 1000}
    for tenth in np.histogram(rows, 10, (0, 50_000))[0]:
        assert 60 < tenth < 140  # 100 and four standard deviations
    sample = Sample(2)
    sample.take(np.ones((1000, 2)))
    assert sample.about() == {} and len(sample.rows()) == 1000


def test_pairs_are_counted_exactly_however_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "FOLDED", 100)
    pairs, random = Pairs(7), np.random.default_rng(2)
    matrix = np.zeros((7, 7), int)
    for _ in range(40):
        true, chosen = random.integers(0, 7, (2, 33))
        pairs.take(true, chosen)
        np.add.at(matrix, (true, chosen), 1)
    found = np.zeros((7, 7), int)
    true, chosen, counts = pairs.found()
    found[true, chosen] = counts
    assert (found == matrix).all()


def test_the_worst_are_kept_and_only_they_are_described() -> None:
    worst, random, described = Worst(), np.random.default_rng(4), []
    losses = random.uniform(size=(60, 50)).round(3)

    def offer(batch: int, losses: np.ndarray) -> None:
        def describe(at: int) -> dict:
            described.append(at)
            return {"index": 50 * batch + at}

        worst.offer(losses, describe)

    for batch, each in enumerate(losses):
        offer(batch, each)
    found = worst.found()
    assert [one["loss"] for one in found] == sorted(losses.reshape(-1), reverse=True)[:25]
    for one in found:
        assert losses.reshape(-1)[one["index"]] == one["loss"]
    assert len(described) < 400


PICTURE = {"shape": [200, 100], "dtype": "float32", "array": np.full((200, 100, 1), 0.5)}
TEXT = {"shape": [], "dtype": "string", "values": ["a text"]}


@pytest.mark.parametrize("feature", [TEXT, *slow(PICTURE)])
def test_the_samples_of_cells_are_bounded(
    monkeypatch: pytest.MonkeyPatch, tmp_path, feature: dict
) -> None:
    """However many classes there are, and however large the pictures."""
    monkeypatch.setattr(cells, "WRONG", 50)
    monkeypatch.setattr(cells, "RIGHT", 20)
    rows = np.random.default_rng(1)
    true, predicted = rows.integers(0, 9, (2, 3000, 1))
    true[::7] = -1
    described = []

    def describe(at: int) -> dict:
        described.append(at)
        return {"index": at, "features": {"it": dict(feature)}, "pictures": {}}

    kept = Cells()
    kept.offer(true, predicted, rows.uniform(size=3000), describe, lambda a, b: a == b)
    assert len(described) == 70, "only what is kept is described"
    file = tmp_path / (kept.write("o", tmp_path) or "")
    assert file.name == "o-samples.jsonl"
    wrong = samples_of(file, lambda a, b: a != b)
    right = samples_of(file, lambda a, b: a == b)
    assert (len(wrong), len(right)) == (50, 20)
    for one in wrong:
        assert true[one["index"]] != predicted[one["index"]] and one["index"] % 7
        told = one["features"]["it"]
        if feature is TEXT:
            assert told == TEXT
            continue
        png = base64.b64decode(told["png"])
        assert struct.unpack(">II", png[16:24]) == (32, 64), "wide and high"
    file.write_bytes(b'{"cell":[0,1],"samples":[{]}\nrubbish\n' + file.read_bytes())
    assert len(samples_of(file, lambda a, b: a != b)) == 50
    assert samples_of(tmp_path / "gone.jsonl", lambda *_: True) == []
    assert Cells().write("empty", tmp_path) is None


def test_a_thinned_curve_keeps_its_ends() -> None:
    assert thin(3).tolist() == [0, 1, 2]
    assert thin(5000)[[0, -1]].tolist() == [0, 4999] and len(thin(5000)) == 101


def about(kind: str, names: int, **more: object) -> Output:
    """An output called o, before it has taken anything."""
    fields = {"output": "o", "logits": False, "one_hot": False, "ignored": None} | more
    return KINDS[kind](fields | {"names": [f"c{n}" for n in range(names)]})


ONES = np.ones((4, 3), "float32")
MISFITS = [
    ("classes", 3, {}, np.zeros(4), ONES * 7, r"from 7 to 7, which are no probabilities.*softmax"),
    ("classes", 3, {}, np.full(4, 3), ONES / 3, r"has a label 3, but classes 0 to 2"),
    ("classes", 3, {}, np.full(4, -1), ONES / 3, r"has a label -1, but classes 0 to 2"),
    (
        "classes",
        3,
        {},
        np.zeros((4, 2)),
        ONES / 3,
        r"labels have the shape \(2,\): expected the num",
    ),
    ("classes", 3, {"one_hot": True}, np.zeros(4), ONES / 3, r"shape \(\): expected a vector"),
    ("classes", 4, {}, np.zeros(4), ONES / 3, r"doesn't give a number for each of 4 classes"),
    ("classes", 3, {}, np.zeros(4), ONES * np.nan, r"among what it gives are numbers that aren't"),
    ("binary", 2, {}, np.zeros(4), ONES[:, :1] * 7, r"which are no probabilities.*sigmoid"),
    ("binary", 2, {}, np.full(4, 0.3), ONES[:, :1], r"has a label 0.3, where only 0 and 1"),
    ("binary", 2, {}, np.zeros((4, 3)), ONES[:, :1], r"shape \(3,\): expected one number for each"),
    ("labels", 3, {}, np.zeros((4, 2)), ONES, r"shape \(2,\): expected a 0 or 1 for each label"),
    ("labels", 3, {}, np.full((4, 3), 2), ONES, r"has a label 2, where only 0 and 1"),
    ("values", 0, {}, np.zeros(4), ONES, r"shape \(\): expected the same shape"),
    ("values", 0, {}, np.full((4, 3), np.inf), ONES, r"among the labels are numbers that aren't"),
]


@pytest.mark.parametrize(("kind", "names", "more", "true", "given", "said"), MISFITS)
def test_labels_that_dont_fit_an_output_are_said(kind, names, more, true, given, said) -> None:
    with pytest.raises(Misfit, match=said):
        about(kind, names, **more).take(true, given, None)


def test_logits_however_large_are_made_probabilities() -> None:
    output = about("classes", 3, logits=True)
    losses = output.take(np.array([0, 1]), np.array([[1000.0, 0, -1000], [0, -1000, 1000]]), None)
    assert losses == pytest.approx([0, -np.log(1e-7)])
    output = about("binary", 2, logits=True)
    losses = output.take(np.array([1, 0]), np.array([[1000.0], [1000.0]]), None)
    assert losses == pytest.approx([0, -np.log(1e-7)])


def test_what_a_loss_ignores_is_left_out() -> None:
    output = about("classes", 3, ignored=-1)
    given = np.tile(np.array([0.2, 0.7, 0.1]), (2, 2, 1))
    losses = output.take(np.array([[1, -1], [0, 1]]), given, None)
    assert losses == pytest.approx([-np.log(0.7), -np.log([0.2, 0.7]).mean()])
    assert output.sample(0)["true"] == "c1"
    figures = output.figures()
    assert figures["positions"] == 3 and figures["accuracy"] == pytest.approx(2 / 3)
