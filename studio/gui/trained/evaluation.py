"""The figures of an evaluation as rows: what was counted, by output."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from studio.engine.figures import number
from studio.graph.problems import printable
from studio.gui.trained.told import outputs_of

MOST = 200
"""Rows at most: of a model with a hundred classes the pictures and the report tell more."""

DEEP = 3
"""How far figures stand inside each other."""

ASIDE = ("evaluation", "epoch", "step", "curves", "calibration", "thresholds")
"""What a report says of itself, or of what is drawn."""

WRITTEN = {
    "roc": "ROC",
    "f1": "F1",
    "mae": "MAE",
    "rmse": "RMSE",
    "mse": "MSE",
    "r2": "R²",
}
"""Words that are written otherwise than they stand in names."""

CLASSES = 20
"""Classes of an output whose score is listed."""


def figures_of(evaluation: dict[str, Any]) -> list[tuple[str, str]]:
    """Rows of a name and its text; an empty text makes a heading of it.

    What Keras measured comes first, then each output under its name. Lists (curves, matrices,
    single samples) aren't figures and stay out.
    """
    rows: list[tuple[str, str]] = []
    general = {
        name: value for name, value in evaluation.items() if name != "outputs" and name not in ASIDE
    }
    rows += _scalars(general, "", ("metrics", "keras"))
    for name, output in outputs_of(evaluation):
        found = [*_scalars(output, "", ()), *_of_classes(output)]
        if found:
            rows += [(printable(name), ""), *found]
    return rows[:MOST]


def pictures_of(evaluation: dict[str, Any]) -> list[str]:
    """The names of the pictures' files, in the order in which the outputs tell them."""
    told = (output.get("pictures") for _, output in outputs_of(evaluation))
    names = (name for each in told if isinstance(each, list) for name in each)
    return [name for name in names if isinstance(name, str)]


def left_out_of(evaluation: dict[str, Any]) -> list[str]:
    """Why outputs of the model aren't told of: a sentence for each."""
    found = evaluation.get("left_out")
    return [printable(str(each)) for each in found.values()] if isinstance(found, dict) else []


def _of_classes(output: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The F1 of each class, those that do worst first."""
    rows = output.get("per_class", output.get("per_label"))
    if not isinstance(rows, list):
        return
    scored = [
        (row["f1"], str(row.get("class", row.get("label"))))
        for row in rows
        if isinstance(row, dict) and isinstance(row.get("f1"), int | float)
    ]
    for score, name in sorted(scored)[:CLASSES]:
        yield f"F1 of {printable(name)}", number(score)


def _scalars(
    part: dict[str, Any], before: str, bare: tuple[str, ...], deep: int = DEEP
) -> Iterator[tuple[str, str]]:
    """The numbers of a part, those inside under the names of what holds them but for `bare`."""
    for name, value in part.items():
        words = f"{before} {words_of(name)}".strip()
        if isinstance(value, bool) or name in ASIDE or name == "left_out":
            continue
        if isinstance(value, int):
            yield words, f"{value:,}"
        elif isinstance(value, float):
            yield words, number(value)
        elif isinstance(value, dict) and deep > 1:
            yield from _scalars(value, "" if name in bare else words, bare, deep - 1)


def words_of(name: str) -> str:
    """A name from a report as people write it: ROC area."""
    words = printable(name).replace("_", " ").replace("-", " ").split()
    return " ".join(WRITTEN.get(word, word) for word in words)
