"""Pictures of an evaluation, drawn by matplotlib into PNG files, each with its file's name.

Light ground, and colours that can be told apart by people who see colours otherwise (Okabe and
Ito's); nothing is told by colour alone.
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

from studio.engine.evaluation.features import words

matplotlib.use("Agg")
from matplotlib.figure import Figure

INK, FAINT, GRID = "#1f2933", "#66727f", "#e3e7eb"
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#7A5195")
STYLES = ("-", "--", "-.", ":")
DOTS = 140
"""Dots an inch."""

NAMED = len(COLOURS)
"""Curves up to which each has a colour and a name."""

COUNTED, WRITTEN = 20, 100
"""Classes up to which a confusion matrix has counts in its cells, and a name for each."""

LONGEST = 22
"""Characters of a name that are drawn."""

STYLE = {
    "text.parse_math": False,  # a name may hold a $
    "font.size": 9,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
}


def cut(name: str, longest: int = LONGEST) -> str:
    """A name that is short enough to be drawn, on one line."""
    name = " ".join(name.split()) or "(empty)"
    return name if len(name) <= longest else f"{name[: longest - 1]}…"


def _save(figure: Figure, place: Path, output: str, name: str) -> str:
    path = f"{'-'.join(words(output))}-{name}.png"
    figure.savefig(place / path, dpi=DOTS, facecolor="white")
    return path


def confusion(figures: dict[str, Any], output: str, place: Path) -> str:
    """True rows, predicted columns; a cell is as dark as its share of its row."""
    matrix, names = np.array(figures["confusion"]), [cut(each) for each in figures["classes"]]
    count = len(names)
    share = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    with matplotlib.rc_context(STYLE):
        side = min(12.0, max(3.6, 0.52 * count)) if count <= COUNTED else 10.0
        longest = max(map(len, names)) * 0.075
        figure = Figure(figsize=(side + longest + 1.5, side + longest + 1.0), layout="constrained")
        axes = figure.add_subplot()
        image = axes.imshow(share, cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
        # Beyond so many names only some of them fit, evenly spread.
        every = -(-count // WRITTEN)
        places = range(0, count, every)
        size = 9 if count <= COUNTED else max(4.5, min(9, 640 / count * every))
        upright = max(map(len, names)) * 0.085 > side / count
        axes.set_xticks(places, [names[i] for i in places], rotation=90 if upright else 0)
        axes.set_yticks(places, [names[i] for i in places])
        axes.tick_params(length=0, labelsize=size)
        if count <= COUNTED:
            for row in range(count):
                for column in range(count):
                    colour = "white" if share[row, column] > 0.55 else INK
                    colour = colour if matrix[row, column] else "#b4bcc5"
                    text = _short_count(int(matrix[row, column]))
                    axes.text(column, row, text, ha="center", va="center", color=colour)
        axes.spines[:].set_visible(False)
        axes.set_xticks(np.arange(1, count) - 0.5, minor=True)
        axes.set_yticks(np.arange(1, count) - 0.5, minor=True)
        axes.grid(which="minor", color="white", linewidth=1.5 if count <= COUNTED else 0.2)
        axes.tick_params(which="minor", length=0)
        axes.set_xlabel("predicted")
        axes.set_ylabel("true")
        axes.set_title(f"{cut(output, 40)}: who was taken for whom")
        bar = figure.colorbar(image, ax=axes, shrink=0.6, aspect=25, format=_percent)
        bar.outline.set_visible(False)
        bar.set_label("share of the true class")
        return _save(figure, place, output, "confusion")


def _short_count(value: int) -> str:
    if value < 10_000:
        return str(value)
    return f"{value / 1e3:.0f}k" if value < 1e6 else f"{value / 1e6:.1f}M"


def _percent(value: float, _: Any = None) -> str:
    return f"{value:.0%}"


def several_curves(
    named: dict[str, dict[str, Any]], figures: dict[str, Any], output: str, place: Path
) -> list[str]:
    """ROC and precision-recall: a curve for each class with `roc` and `pr`."""
    return [_curves(named, figures, output, place, which) for which in ("roc", "precision-recall")]


def _curves(
    named: dict[str, dict[str, Any]],
    figures: dict[str, Any],
    output: str,
    place: Path,
    which: str,
) -> str:
    roc = which == "roc"
    area = "roc_area" if roc else "average_precision"
    # Where not all can be named, those are that are told apart worst.
    worst = sorted(named, key=lambda name: named[name][area])
    told = list(named) if len(named) <= NAMED else worst[: NAMED - 1]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.6, 5.0), layout="constrained")
        axes = figure.add_subplot()
        how = "default" if roc else "steps-post"  # between two thresholds precision isn't known
        for name, each in named.items():
            if name not in told:
                points = _points(each, roc)
                axes.plot(*points, color="#c3cad1", linewidth=0.8, zorder=1, drawstyle=how)
        for number, name in enumerate(told):
            axes.plot(
                *_points(named[name], roc),
                color=COLOURS[number % len(COLOURS)],
                linestyle=STYLES[number % len(STYLES)],
                linewidth=1.8,
                label=f"{cut(name)}  {named[name][area]:.3f}",
                zorder=2,
                drawstyle=how,
            )
        if len(told) < len(named):
            axes.plot([], [], color="#c3cad1", label=f"the other {len(named) - len(told)}")
        if roc:
            axes.plot([0, 1], [0, 1], color=FAINT, linewidth=0.8, linestyle=(0, (2, 3)))
            axes.text(0.6, 0.57, "by chance", color=FAINT, fontsize=8, va="top")
        axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.02), aspect="equal")
        axes.grid(linewidth=0.7)
        axes.set_xlabel("false positives" if roc else "recall")
        axes.set_ylabel("true positives" if roc else "precision")
        axes.xaxis.set_major_formatter(_percent)
        axes.yaxis.set_major_formatter(_percent)
        title = "ROC" if roc else "precision and recall"
        axes.set_title(f"{cut(output, 40)}: {title}")
        if len(named) > 1 and figures.get(area) is not None:
            heading = f"{'area' if roc else 'average precision'}\nmean {figures[area]:.3f}"
        else:
            heading = "area" if roc else "average precision"
        legend = axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), title=heading)
        legend.get_title().set_color(FAINT)
        return _save(figure, place, output, which)


def _points(each: dict[str, Any], roc: bool) -> tuple[list[float], list[float]]:
    if roc:
        return each["roc"]["false_positives"], each["roc"]["true_positives"]
    return each["pr"]["recall"], each["pr"]["precision"]


def calibration(figures: dict[str, Any], output: str, place: Path) -> str:
    """How often it was so, against how likely it was said to be; with how many there were."""
    bins = figures["calibration"]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.2, 5.6), layout="constrained")
        axes, below = figure.subplots(2, sharex=True, height_ratios=(4, 1))
        axes.plot([0, 1], [0, 1], color=FAINT, linewidth=0.8, linestyle=(0, (2, 3)))
        axes.text(0.55, 0.52, "as said", color=FAINT, fontsize=8, va="top")
        predicted = [each["predicted"] for each in bins]
        observed = [each["observed"] for each in bins]
        axes.plot(predicted, observed, color=COLOURS[0], linewidth=1.8, marker="o")
        axes.set(xlim=(-0.01, 1.01), ylim=(-0.02, 1.02))
        axes.grid(linewidth=0.7)
        axes.set_ylabel(f"how often it was {cut(figures['positive'])}")
        axes.yaxis.set_major_formatter(_percent)
        axes.set_title(f"{cut(output, 40)}: calibration")
        middle = [(each["from"] + each["to"]) / 2 for each in bins]
        below.bar(middle, [each["count"] for each in bins], width=0.09, color="#9fb8cc")
        below.set_ylabel("samples")
        below.set_xlabel(f"predicted probability of {cut(figures['positive'])}")
        below.xaxis.set_major_formatter(_percent)
        return _save(figure, place, output, "calibration")


def residuals(figures: dict[str, Any], output: str, place: Path) -> str:
    """How often each residual came."""
    edges, counts = figures["residuals"]["edges"], figures["residuals"]["counts"]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 4.2), layout="constrained")
        axes = figure.add_subplot()
        axes.stairs(counts, edges, fill=True, color="#7fb0d3")
        axes.axvline(0, color=INK, linewidth=1)
        axes.axvline(
            figures["bias"],
            color=COLOURS[1],
            linewidth=1.5,
            linestyle="--",
            label=f"mean {figures['bias']:.3g}",
        )
        axes.grid(axis="y", linewidth=0.7)
        axes.set_xlabel("residual (predicted less true)")
        axes.set_ylabel("how many")
        axes.set_title(f"{cut(output, 40)}: residuals")
        axes.legend(loc="upper right")
        return _save(figure, place, output, "residuals")


def predicted_true(figures: dict[str, Any], output: str, place: Path) -> str:
    """Predicted against true; on the line they are alike."""
    true, predicted = figures["scatter"]["true"], figures["scatter"]["predicted"]
    both = [*true, *predicted]
    room = 0.04 * (max(both) - min(both)) or 1.0
    ends = (min(both) - room, max(both) + room)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.4, 5.2), layout="constrained")
        axes = figure.add_subplot()
        axes.plot(ends, ends, color=FAINT, linewidth=1, linestyle=(0, (4, 3)), label="alike")
        few = len(true) <= 300
        axes.scatter(
            true,
            predicted,
            s=18 if few else 8,
            color=COLOURS[0],
            alpha=0.7 if few else 0.35,
            linewidths=0,
        )
        axes.set(xlim=ends, ylim=ends, aspect="equal")
        axes.grid(linewidth=0.7)
        axes.set_xlabel("true")
        axes.set_ylabel("predicted")
        fitted = f"R² {figures['r2']:.3f}, " if figures["r2"] is not None else ""
        axes.set_title(f"{cut(output, 40)}: predicted and true\n")
        axes.text(
            0, 1.02, f"{fitted}MAE {figures['mae']:.3g}", transform=axes.transAxes, color=FAINT
        )
        axes.legend(loc="lower right")
        return _save(figure, place, output, "predicted")


def worst_samples(
    worst: list[dict[str, Any]], images: list[np.ndarray], output: str, place: Path
) -> str:
    """The pictures of the worst samples, each with what it is and what it was taken for."""
    columns = min(5, len(worst))
    rows = -(-len(worst) // columns)
    with matplotlib.rc_context(STYLE):
        high, wide = images[0].shape[:2]
        each_high = 0.5 + min(3.0, max(0.6, 1.8 * high / wide))
        figure = Figure(figsize=(1.9 * columns, each_high * rows + 0.5), layout="constrained")
        figure.suptitle(
            f"{cut(output, 40)}: the worst samples", x=0.01, ha="left", fontweight="bold", size=11
        )
        for number, (each, image) in enumerate(zip(worst, images, strict=True), 1):
            axes = figure.add_subplot(rows, columns, number)
            grey = image.shape[-1] == 1
            axes.imshow(
                image[..., 0] if grey else image, cmap="gray" if grey else None, vmin=0, vmax=255
            )
            axes.set_xticks([])
            axes.set_yticks([])
            axes.spines[:].set_visible(True)
            axes.spines[:].set_color(GRID)
            title = textwrap.shorten(_pair(each), 60, placeholder="…")
            axes.set_title(title, fontsize=8, fontweight="normal", loc="center")
            axes.set_xlabel(f"no. {each['index']}", fontsize=7, color=FAINT)
        return _save(figure, place, output, "worst")


def _pair(each: dict[str, Any]) -> str:
    """What a sample is, and what it was taken for."""
    true, predicted = each["true"], each["predicted"]
    if isinstance(true, list) or isinstance(predicted, list):
        return f"loss {each['loss']:.3g}"
    if isinstance(true, str):
        said = f"is {cut(true, 10)}, said {cut(predicted, 10)}"
        return f"{said} {each['probability']:.0%}"
    return f"is {true:.3g}, said {predicted:.3g}"
