"""Evaluations of runs that were really trained, held against figures found by plain NumPy."""

from __future__ import annotations

import csv
import json
import re
import shutil
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from studio.engine.evaluated import EACH, evaluations, samples_of
from studio.engine.evaluating import chosen_split, evaluate
from studio.engine.look_run import look
from studio.engine.runs import read_run
from studio.engine.trained import Trained, trained
from studio.evaluation_page import lines
from studio.graph.problems import StudioError
from studio.resources import ASSETS
from tests.conftest import slow, studio, studio_each
from tests.engine.evaluations import Case, case, evaluated, many, template, train
from tests.engine.nursery import Nursery

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes are forked here")

EPOCHS = {
    "penguins": 2,
    "text_sentiment": 1,
    "two_inputs_two_outputs": 2,
    "sunspots": 1,
    "autoencoder": 1,
}
ALL = ["penguins", "text_sentiment", "two_inputs_two_outputs", "many"]
ALL += slow("sunspots", "autoencoder")
CLASSES = [("penguins", "species"), ("two_inputs_two_outputs", "species")]
CLASSES += [("many", "kind"), ("many", "steps")]
"""Outputs that are one of several classes."""

Of = Callable[[str], Case]


@pytest.fixture(scope="module")
def case_of(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Of:
    """A function: name -> the run of a template, or of "many", and its evaluation; made once."""
    place = tmp_path_factory.mktemp("evaluated")

    @cache
    def made(name: str) -> Case:
        if name == "many":
            return case(nursery, train(nursery, place / "runs", many(place / "many")))
        return case(nursery, template(nursery, place / "runs", name, EPOCHS[name]))

    return made


@pytest.mark.parametrize("name", ALL)
def test_keras_says_of_the_test_what_it_said_in_the_run(name: str, case_of: Of) -> None:
    """To the last bit: so the rows are those that the run has kept for its test."""
    each = case_of(name)
    assert each.found["keras"] == read_run(each.run.folder).progress.test
    assert each.found["keras"]
    samples = next(len(a) for key, a in each.arrays.items() if key.startswith("given"))
    assert each.found["samples"] == samples


ACCURACIES = [
    ("penguins", "species", "accuracy"),
    ("text_sentiment", "positive", "accuracy"),
    ("two_inputs_two_outputs", "species", "species_accuracy"),
    ("many", "tags", "tags_accuracy"),
    ("many", "kind", "kind_accuracy"),
    ("many", "steps", "steps_accuracy"),
]


@pytest.mark.parametrize(("name", "output", "metric"), ACCURACIES)
def test_the_accuracy_is_that_of_keras_to_the_last_digit(
    name: str, output: str, metric: str, case_of: Of
) -> None:
    found = case_of(name).found
    assert np.float32(found["outputs"][output]["accuracy"]) == np.float32(found["keras"][metric])


def area(yes: np.ndarray, score: np.ndarray) -> float:
    """The chance that one that is gets a higher score than one that isn't."""
    pairs = score[yes][:, None] - score[~yes][None]
    return float((pairs > 0).mean() + (pairs == 0).mean() / 2)


def precisions(yes: np.ndarray, score: np.ndarray) -> float:
    """The precision at each threshold, weighted by what it adds to the recall."""
    total, before = 0.0, 0
    for threshold in sorted(set(score), reverse=True):
        chosen = score >= threshold
        hits = int((yes & chosen).sum())
        total += (hits - before) / yes.sum() * hits / chosen.sum()
        before = hits
    return total


def softmax(given: np.ndarray) -> np.ndarray:
    powers = np.exp(given.astype("float64") - given.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def f1(yes: np.ndarray, chosen: np.ndarray) -> float:
    both = 2 * (yes & chosen).sum()
    return float(both / (yes.sum() + chosen.sum())) if both else 0.0


@pytest.mark.parametrize(("name", "output"), CLASSES)
def test_classes_are_counted_as_they_are(name: str, output: str, case_of: Of) -> None:
    each = case_of(name)
    found, given = each.found["outputs"][output], each.arrays[f"given {output}"]
    true = each.arrays[f"true {output}"]
    if output == "kind":
        true, chances = true.argmax(-1), given
    else:
        chances = softmax(given)
    if output == "steps":
        there = each.arrays["x tokens"] > 0
        true, chances = true[there], chances[there]
    true, chances = true.reshape(-1), chances.reshape(-1, chances.shape[-1])
    chosen, count = chances.argmax(-1), chances.shape[-1]
    assert found["kind"] == "classes"
    assert found["positions"] == len(true)
    matrix = [
        [int(((true == t) & (chosen == p)).sum()) for p in range(count)] for t in range(count)
    ]
    assert found["confusion"] == matrix
    apart = {
        (found["classes"][t], found["classes"][p]): matrix[t][p]
        for t in range(count)
        for p in range(count)
        if t != p and matrix[t][p]
    }
    told = [((one["true"], one["predicted"]), one["count"]) for one in found["confused"]]
    assert dict(told) == apart
    assert [n for _, n in told] == sorted(apart.values(), reverse=True)
    for number, row in enumerate(found["per_class"]):
        yes, said = true == number, chosen == number
        assert row["support"] == yes.sum() and row["predicted"] == said.sum()
        assert row["recall"] == pytest.approx((yes & said).sum() / yes.sum())
        assert row["precision"] == pytest.approx((yes & said).sum() / max(1, said.sum()))
        assert row["f1"] == pytest.approx(f1(yes, said))
        score = chances[:, number].astype("float32")
        assert row["roc_area"] == pytest.approx(area(yes, score), abs=1e-3)
        assert row["average_precision"] == pytest.approx(precisions(yes, score), abs=1e-3)
    mean = np.mean([row["roc_area"] for row in found["per_class"]])
    assert found["roc_area"] == pytest.approx(mean)
    if count > 3:
        of_true = np.take_along_axis(chances, true[:, None], -1)
        assert found["top_3_accuracy"] == pytest.approx(((chances > of_true).sum(-1) < 3).mean())
    else:
        assert "top_3_accuracy" not in found


def test_names_of_classes_are_those_of_the_data(case_of: Of) -> None:
    assert case_of("penguins").found["outputs"]["species"]["classes"] == [
        "Adelie",
        "Chinstrap",
        "Gentoo",
    ]


def test_a_yes_or_no_has_curves_a_best_threshold_and_a_calibration(case_of: Of) -> None:
    each = case_of("text_sentiment")
    found = each.found["outputs"]["positive"]
    true = each.arrays["true positive"].reshape(-1) == 1
    likely = each.arrays["given positive"].reshape(-1)
    chosen = likely > 0.5
    assert found["kind"] == "binary"
    assert found["confusion"] == [
        [int((~true & ~chosen).sum()), int((~true & chosen).sum())],
        [int((true & ~chosen).sum()), int((true & chosen).sum())],
    ]
    assert found["precision"] == pytest.approx((true & chosen).sum() / chosen.sum())
    assert found["recall"] == pytest.approx((true & chosen).sum() / true.sum())
    assert found["f1"] == pytest.approx(f1(true, chosen))
    assert found["roc_area"] == pytest.approx(area(true, likely), abs=1e-3)
    assert found["average_precision"] == pytest.approx(precisions(true, likely), abs=1e-3)
    assert found["brier_score"] == pytest.approx(((likely - true) ** 2).mean(), rel=1e-4)
    best = max(f1(true, likely >= threshold) for threshold in set(likely))
    assert found["best_f1"]["f1"] == pytest.approx(best, abs=1e-3)
    bins = found["calibration"]
    assert sum(one["count"] for one in bins) == len(true)
    for one in bins:
        inside = (likely >= one["from"]) & (likely < one["to"])
        assert one["count"] == pytest.approx(inside.sum(), abs=1)  # one may lie on the edge
        assert one["from"] <= one["predicted"] <= one["to"]
        assert one["observed"] == pytest.approx(true[inside].mean(), abs=0.1)


def test_each_label_is_told_by_itself(case_of: Of) -> None:
    each = case_of("many")
    found, true = each.found["outputs"]["tags"], each.arrays["true tags"] == 1
    given = each.arrays["given tags"]
    chosen = given > 0
    assert found["kind"] == "labels"
    assert found["exact_match"] == pytest.approx((chosen == true).all(1).mean())
    assert found["micro"]["f1"] == pytest.approx(f1(true.reshape(-1), chosen.reshape(-1)))
    for number, row in enumerate(found["per_class"]):
        yes, said = true[:, number], chosen[:, number]
        assert row["f1"] == pytest.approx(f1(yes, said))
        assert row["recall"] == pytest.approx((yes & said).sum() / yes.sum())
        score = given[:, number]
        assert row["average_precision"] == pytest.approx(precisions(yes, score), abs=1e-3)
    mean = np.mean([row["f1"] for row in found["per_class"]])
    assert found["macro"]["f1"] == pytest.approx(mean)


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("two_inputs_two_outputs", "mass"),
        ("many", "where"),
        ("many", "picture"),
        *slow(("sunspots", "next_year"), ("autoencoder", "decoded")),
    ],
)
def test_values_are_measured_against_the_true_ones(name: str, output: str, case_of: Of) -> None:
    each = case_of(name)
    found = each.found["outputs"][output]
    true, given = (each.arrays[f"{kind} {output}"].astype("float64") for kind in ("true", "given"))
    true = true.reshape(given.shape)
    error = (given - true).reshape(-1)
    assert found["kind"] == "values"
    assert found["mae"] == pytest.approx(np.abs(error).mean(), rel=1e-5)
    assert found["rmse"] == pytest.approx((error**2).mean() ** 0.5, rel=1e-5)
    spread = ((true - true.mean()) ** 2).sum()
    assert found["r2"] == pytest.approx(1 - (error**2).sum() / spread, abs=1e-5)
    assert found["median_error"] == pytest.approx(np.median(np.abs(error)), rel=1e-4)
    assert found["bias"] == pytest.approx(error.mean(), abs=1e-4 * np.abs(error).max())
    counts, edges = found["residuals"]["counts"], found["residuals"]["edges"]
    assert sum(counts) == found["positions"] == error.size
    assert (edges[0], edges[-1]) == pytest.approx((error.min(), error.max()), rel=1e-3)
    assert len(found["scatter"]["true"]) == min(2000, error.size)
    if output == "where":
        for at, unit in enumerate(found["per_unit"]):
            assert unit["mae"] == pytest.approx(np.abs(given - true)[:, at].mean(), rel=1e-5)


def test_the_worst_are_those_of_the_highest_loss(case_of: Of) -> None:
    each = case_of("two_inputs_two_outputs")
    chances = softmax(each.arrays["given species"])
    true = each.arrays["true species"]
    losses = -np.log(chances[np.arange(len(true)), true])
    worst = each.found["outputs"]["species"]["worst"]
    assert len(worst) == 25
    told = [one["loss"] for one in worst]
    assert told == pytest.approx(np.sort(losses)[::-1][:25], rel=1e-3)
    for one in worst:
        at = one["index"]
        assert one["loss"] == pytest.approx(losses[at], rel=1e-3)
        names = each.found["outputs"]["species"]["classes"]
        assert one["true"] == names[true[at]]
        assert one["predicted"] == names[chances[at].argmax()]
        assert one["probability"] == pytest.approx(chances[at].max(), rel=1e-3)
        features = one["features"]
        assert features["beak"]["values"] == pytest.approx(each.arrays["x beak"][at].tolist())
        assert features["island"]["values"] == each.arrays["x island"][at].tolist()
    error = (each.arrays["given mass"] - each.arrays["true mass"]).reshape(-1)
    first = each.found["outputs"]["mass"]["worst"][0]
    assert first["index"] == np.abs(error).argmax()
    assert first["residual"] == pytest.approx(error[first["index"]], rel=1e-3)


def test_positions_that_are_masked_are_not_among_the_worst(case_of: Of) -> None:
    each = case_of("many")
    for one in each.found["outputs"]["steps"]["worst"]:
        there = int((each.arrays["x tokens"][one["index"]] > 0).sum())
        assert len(one["true"]) == len(one["predicted"]) == there


def test_pictures_of_samples_are_files_and_show_the_sample(case_of: Of) -> None:
    from matplotlib.image import imread

    each = case_of("many")
    worst = each.found["outputs"]["picture"]["worst"][0]
    assert list(worst["pictures"]) == ["true", "predicted"]
    for name, path in worst["pictures"].items():
        kind = "true picture" if name == "true" else "given picture"
        pixels = imread(each.place / path)
        expected = each.arrays[kind][worst["index"]]
        assert pixels.shape == expected.shape == (8, 10)
        assert np.corrcoef(pixels.reshape(-1), expected.reshape(-1))[0, 1] > 0.999


@pytest.mark.parametrize(("name", "output"), CLASSES)
def test_each_cell_of_a_confusion_has_samples(name: str, output: str, case_of: Of) -> None:
    """Those that the pass met first, and as many as there are, up to what is kept."""
    each = case_of(name)
    found, given = each.found["outputs"][output], each.arrays[f"given {output}"]
    true = each.arrays[f"true {output}"]
    true = true.argmax(-1) if output == "kind" else true
    chosen = given.argmax(-1).reshape(len(given), -1)
    true = true.reshape(len(given), -1)
    there = each.arrays["x tokens"] > 0 if output == "steps" else np.ones(true.shape, bool)
    for row in range(given.shape[-1]):
        for column in range(given.shape[-1]):
            inside = ((true == row) & (chosen == column) & there).any(1)
            kept = samples_of(
                each.place / found["cells"], lambda *cell, at=(row, column): cell == at
            )
            expected = np.flatnonzero(inside)[:EACH].tolist()
            assert sorted(one["index"] for one in kept) == expected
            losses = [one["loss"] for one in kept]
            assert losses == sorted(losses, reverse=True)
            if output != "steps":
                names = found["classes"][row], found["classes"][column]
                assert {(one["true"], one["predicted"]) for one in kept} <= {names}
            for one in kept[:3]:
                feature = next(iter(one["features"].values()))
                assert feature["shape"] is not None and feature["values"]


with (ASSETS / "data" / "sentiment.csv").open(encoding="utf-8") as rows:
    LABELS = {row["text"]: row["positive"] for row in csv.DictReader(rows)}


def test_a_yes_or_no_is_counted_and_has_samples_at_any_threshold(case_of: Of) -> None:
    each = case_of("text_sentiment")
    found = each.found["outputs"]["positive"]
    true = each.arrays["true positive"].reshape(-1) == 1
    likely = each.arrays["given positive"].reshape(-1).astype("float64")
    told = found["thresholds"]
    for name, which in (("true_positives", true), ("false_positives", ~true)):
        assert len(told[name]) == told["steps"] + 1
        for step in range(0, told["steps"] + 1, 50):
            above = int((which & (likely > step / told["steps"])).sum())
            assert told[name][step] == pytest.approx(above, abs=1)
    half = told["steps"] // 2
    assert found["confusion"][0][1] == told["false_positives"][half]
    assert found["confusion"][1][1] == told["true_positives"][half]
    tenths = np.minimum((likely * 10).astype(int), 9)
    for label in (0, 1):
        for tenth in range(10):
            kept = samples_of(
                each.place / found["cells"], lambda *cell, at=(label, tenth): cell == at
            )
            inside = np.flatnonzero((true == label) & (tenths == tenth))[:EACH]
            assert sorted(one["index"] for one in kept) == pytest.approx(inside.tolist())
            for one in kept:
                text, words = one["features"].values()
                assert LABELS[text["values"][0]] == one["true"] == str(label)
                if text["values"][0].isascii():
                    assert len(words["values"]) == len(re.findall(r"[^\W_]+", text["values"][0]))


@pytest.mark.slow
def test_features_that_are_pictures_are_files_too(case_of: Of) -> None:
    each = case_of("autoencoder")
    for one in each.found["outputs"]["decoded"]["worst"]:
        image = one["features"]["image"]
        assert image["shape"] == [8, 8] and (each.place / image["picture"]).is_file()


@pytest.mark.parametrize("name", ALL)
def test_the_folder_holds_what_it_says_and_nothing_else(name: str, case_of: Of) -> None:
    each = case_of(name)
    assert json.loads((each.place / "evaluation.json").read_text()) == each.found
    named = {"evaluation.json"}
    for found in each.found["outputs"].values():
        named |= set(found["pictures"])
        named |= {found["cells"]} if found["kind"] in ("classes", "binary") else set()
        for one in found["worst"]:
            named |= set(one["pictures"].values())
            named |= {f["picture"] for f in one["features"].values() if "picture" in f}
    assert {path.name for path in each.place.iterdir()} == named
    for path in each.place.glob("*.png"):
        assert path.read_bytes().startswith(b"\x89PNG\r\n")
    assert [path.name for path in each.place.parent.iterdir()] == ["test"]


@pytest.mark.parametrize("name", ALL)
def test_the_page_says_the_figures(name: str, case_of: Of) -> None:
    found = case_of(name).found
    text = "\n".join(lines(found, "place"))
    assert text.startswith(f"{found['run']}: test, {found['samples']} samples")
    for output, each in found["outputs"].items():
        assert f"{output} (" in text
        assert f"no. {each['worst'][0]['index']}" in text
        figure = each["accuracy"] if "accuracy" in each else each["mae"]
        assert f"{figure:.3f}" in text
    assert max(map(len, text.splitlines())) < 160


def test_an_evaluation_takes_the_place_of_the_one_before(
    nursery: Nursery, case_of: Of, tmp_path: Path
) -> None:
    run = copied(case_of("penguins").run, tmp_path)
    place = run.folder / "artifacts" / "evaluation" / "test"
    (place / "old.png").write_bytes(b"")
    run.path.rename(run.folder / "checkpoints" / "stopped.keras")  # as of a run that was stopped
    run = trained(run.folder)
    again = evaluated(nursery, run, "test")
    assert not (place / "old.png").exists()
    assert again["model"] == "checkpoints/stopped.keras"
    assert again["outputs"] == case_of("penguins").found["outputs"]
    evaluated(nursery, run, "validation", tmp_path / "elsewhere")
    other = json.loads((tmp_path / "elsewhere" / "evaluation.json").read_text())
    assert (other["split"], other["samples"]) == ("validation", 49)
    assert [path.name for path in place.parent.iterdir()] == ["test"]
    (told,) = look(run.folder)["evaluations"]
    assert told["split"] == "test" and not told["earlier"]
    assert told["figures"]["species"]["accuracy"] == again["outputs"]["species"]["accuracy"]
    (told,) = evaluations(run.folder, 3, 99)
    assert told["earlier"]  # since the run has gone on
    (place / "evaluation.json").write_text("{")
    assert evaluations(run.folder, 2, 99) == []


def copied(run: Trained, place: Path) -> Trained:
    """The run in another folder, to be changed."""
    folder = Path(shutil.copytree(run.folder, place / "runs" / run.folder.name, symlinks=True))
    return trained(folder)


def test_what_is_cancelled_leaves_nothing(case_of: Of, tmp_path: Path) -> None:
    """By the process itself, as the command starts it."""
    run = copied(case_of("penguins").run, tmp_path)
    shutil.rmtree(run.folder / "artifacts" / "evaluation")

    def stop(words: dict) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(run, "test", tell=stop)
    assert list((run.folder / "artifacts" / "evaluation").iterdir()) == []


def test_where_it_cant_be_done_a_sentence_says_so(
    nursery: Nursery, case_of: Of, tmp_path: Path
) -> None:
    run = copied(case_of("penguins").run, tmp_path)
    before = sorted((run.folder / "artifacts" / "evaluation").rglob("*"))
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "letter.txt").write_text("")
    with pytest.raises(StudioError, match="is there already and no evaluation"):
        evaluated(nursery, run, "test", taken)
    assert [path.name for path in taken.iterdir()] == ["letter.txt"]
    with pytest.raises(
        StudioError, match='no "holdout" split, but "train", "validation" or "test"'
    ):
        chosen_split(run.project, "holdout")
    # A file of the data that is gone is said before anything is started.
    data = run.folder / "assets" / "data" / "penguins.csv"
    aside = data.rename(tmp_path / "aside.csv")
    script = run.folder / "train.py"
    text = script.read_text()
    with pytest.raises(StudioError, match=r"penguins\.csv"):
        evaluated(nursery, run, "test")
    aside.rename(data)
    # What the script itself does wrong is said with its words.
    script.write_text(text.replace("def make_datasets():", "def make_datasets():\n    1 / 0"))
    with pytest.raises(StudioError, match=r"The evaluation failed.*ZeroDivisionError"):
        evaluated(nursery, run, "test")
    script.write_text(text)
    run.path.write_bytes(run.path.read_bytes()[:1000])
    with pytest.raises(StudioError, match=r"model\.keras"):
        evaluated(nursery, run, "test")
    assert sorted((run.folder / "artifacts" / "evaluation").rglob("*")) == before


CHANGED = {
    "each.map(lambda x, y: x)": '"species" has no labels, so there is nothing to hold it against',
    "each.take(0)": "The split has no samples",
    "each.repeat()": r'The data of "test" never end',
    "each.map(lambda x, y: (x, y + 2))": r"there is a label \d \(of .* has 3 classes",
    "each.map(lambda x, y: (x, tf.stack([y, y], 1)))": r"failed.*[Ss]hape",
}


def test_data_that_dont_fit_are_said(nursery: Nursery, case_of: Of, tmp_path: Path) -> None:
    """What the script of a run gives, as if somebody had changed it since."""
    run = copied(case_of("penguins").run, tmp_path)
    script = run.folder / "train.py"
    text = script.read_text().replace("def make_datasets", "def as_it_was")
    for change, said in CHANGED.items():
        again = (
            f"def make_datasets():\n    return {{n: {change} for n, each in as_it_was().items()}}\n"
        )
        script.write_text(text.replace("def build_model", f"{again}\n\ndef build_model"))
        with pytest.raises(StudioError, match=said):
            evaluated(nursery, run, "test")


def test_an_output_without_labels_is_left_out(
    nursery: Nursery, case_of: Of, tmp_path: Path
) -> None:
    whole = case_of("two_inputs_two_outputs")
    run = copied(whole.run, tmp_path)
    script = run.folder / "train.py"
    script.write_text(script.read_text().replace(', "mass": part_0["mass"]}', "}"))
    found = evaluated(nursery, run, "test")
    assert list(found["outputs"]) == ["species"] and found["keras"] == {}
    assert found["left_out"] == {
        "mass": '"mass" has no labels, so there is nothing to hold it against.'
    }
    told, expected = found["outputs"]["species"], whole.found["outputs"]["species"]
    assert told["confusion"] == expected["confusion"]
    assert 'left out: "mass" has no labels' in "\n".join(lines(found, "place"))


def test_the_command_prints_the_page_or_the_json(case_of: Of, tmp_path: Path) -> None:
    run = copied(case_of("penguins").run, tmp_path)
    done = studio("evaluate", run.folder, "--split", "validation")
    assert (done.returncode, done.stderr) == (0, "")
    assert "species (3 classes)" in done.stdout and "Chinstrap" in done.stdout
    assert done.stdout.splitlines()[-1].endswith("evaluation.json, 3 pictures")
    told, shown = studio_each(("show", run.folder, "--json"), ("show", run.folder))
    told = json.loads(told.stdout)
    assert [each["split"] for each in told["evaluations"]] == ["test", "validation"]
    assert not [each for each in told["files"] if "evaluation" in each["path"]]
    assert "artifacts/evaluation/validation" in shown.stdout
