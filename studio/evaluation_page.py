"""An evaluation as text, for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

from studio.engine.figures import number
from studio.graph.problems import printable

ROWS = 20
"""Classes that are shown; of more, those of the lowest F1."""

PAIRS, WORST = 5, 5
INDENT = "  "
WIDTH = 100
LONGEST = 32
"""Characters of a text in a cell."""

KINDS = {
    "classes": "{0} classes",
    "binary": "{1} or {2}",
    "labels": "{0} labels",
    "values": "values",
}

FIGURES = {
    "classes": ("accuracy", "top_3_accuracy", "macro", "roc_area", "average_precision"),
    "binary": ("accuracy", "precision", "recall", "f1", "roc_area", "average_precision"),
    "labels": ("accuracy", "exact_match", "macro", "roc_area", "average_precision"),
    "values": ("mae", "rmse", "r2", "median_error", "largest_error", "bias"),
}
"""What is told of each kind, in this order."""

CALLED = {
    "top_3_accuracy": "top-3 accuracy",
    "roc_area": "area under ROC",
    "average_precision": "average precision",
    "exact_match": "exactly right",
    "mae": "mean absolute error",
    "rmse": "root mean squared error",
    "r2": "R²",
    "median_error": "median error",
    "largest_error": "largest error",
    "bias": "mean residual",
    "f1": "F1",
}


def lines(found: dict[str, Any], place: str) -> Iterator[str]:
    """The lines that tell of an evaluation, which lies in a folder."""
    samples = found["samples"]
    yield printable(
        f"{found['run']}: {found['split']}, {samples:,} sample{'s' * (samples != 1)}, "
        f"{found['model']}"
    )
    if found["keras"]:
        told = [f"{name} {number(value)}" for name, value in found["keras"].items()]
        text = printable(f"Keras: {', '.join(told)}")
        yield from textwrap.wrap(text, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT * 2)
    for name, each in found["outputs"].items():
        yield ""
        yield from _output(name, each)
    for why in found["left_out"].values():
        yield ""
        yield printable(f"left out: {why}")
    yield ""
    pictures = sum(len(each["pictures"]) for each in found["outputs"].values())
    yield printable(f"{place}: evaluation.json, {pictures} picture{'s' * (pictures != 1)}")


def _output(name: str, found: dict[str, Any]) -> Iterator[str]:
    kind, classes = found["kind"], found.get("classes", ())
    yield printable(f"{name} ({KINDS[kind].format(len(classes), *classes[:2])})")
    yield from table(list(_figures(kind, found)), "lr")
    if "sampled" in found or found.get("curves"):
        count = found.get("sampled") or found["curves"]["sampled"]
        what = "the curves are" if found.get("curves") else "this is"
        yield f"{INDENT}({what} of {count:,} at random)"
    if kind == "binary":
        yield ""
        (yes_no, no_yes), (first, second) = found["confusion"], classes
        rows = [("true \\ predicted", first, second), (first, *yes_no), (second, *no_yes)]
        yield from table(rows, "lrr", titled=True)
    if "per_class" in found:
        yield ""
        yield from _classes(found["per_class"], kind)
    if found.get("confused"):
        yield ""
        yield f"{INDENT}most confused"
        pairs = found["confused"][:PAIRS]
        rows = [(each["true"], "taken for", each["predicted"], each["count"]) for each in pairs]
        yield from table(rows, "lllr", INDENT * 2)
    if found["worst"]:
        yield ""
        yield f"{INDENT}worst samples"
        rows = [_worst(each) for each in found["worst"][:WORST]]
        yield from table(rows, "rlllr", INDENT * 2)


def _figures(kind: str, found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name in FIGURES[kind]:
        value = found.get(name)
        if name == "macro":
            yield "mean F1 of the classes", number(value["f1"])
        elif name in found:
            # A class alone, or labels without any spread, have no such figure.
            yield CALLED.get(name, name), "none" if value is None else number(value)
    best = found.get("best_f1")
    if best is not None:
        yield "best F1", f"{number(best['f1'])} from {number(best['threshold'])} on"


def _classes(rows: list[dict[str, Any]], kind: str) -> Iterator[str]:
    """A row a class: all of them, or the worst."""
    shown = rows
    if len(rows) > ROWS:
        shown = sorted(rows, key=lambda row: (not row["support"], row["f1"]))[:ROWS]
    names = ("precision", "recall", "f1")
    titles = ("class" if kind == "classes" else "label", *names, "ROC area", "support")
    cells = [
        (
            row["class"],
            *(number(row[name]) for name in names),
            "" if row.get("roc_area") is None else number(row["roc_area"]),
            f"{row['support']:,}",
        )
        for row in shown
    ]
    yield from table([titles, *cells], "lrrrrr", titled=True)
    if len(shown) < len(rows):
        yield f"{INDENT}({len(shown)} of {len(rows)}: those of the lowest F1)"


def _worst(each: dict[str, Any]) -> tuple[str, ...]:
    said = each.get("residual", each.get("probability"))
    what = "residual" if "residual" in each else "probability"
    more = f"{what} {_text(said)}" if not isinstance(said, (list, dict)) else ""
    called = "mean error" if what == "residual" else "loss"
    loss = "" if what == "residual" and more else f"{called} {_text(each['loss'])}"
    true, predicted = f"is {_text(each['true'])}", f"said {_text(each['predicted'])}"
    if each["pictures"]:
        true, predicted = each["pictures"].values()
    return f"no. {each['index']}", true, predicted, more, loss


def _text(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(_text, value)) or "none"
    if isinstance(value, int | float) and abs(value) >= 1000:
        return f"{value:,.0f}" if abs(value) < 1e7 else f"{value:.3g}"
    return value if isinstance(value, str) else number(value)


def table(
    rows: list[tuple[Any, ...]], sides: str, indent: str = INDENT, titled: bool = False
) -> Iterator[str]:
    """The lines of a table; `sides` says of each column where it is flush: l or r."""
    texts = [[_cut(printable(str(cell))) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for index, row in enumerate(texts):
        cells = (
            cell.ljust(width) if side == "l" else cell.rjust(width)
            for cell, width, side in zip(row, widths, sides, strict=True)
        )
        yield f"{indent}{'  '.join(cells)}".rstrip()
        if titled and not index:
            yield f"{indent}{'  '.join('-' * width for width in widths)}"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
