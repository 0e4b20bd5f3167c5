"""The learning rate that a range test suggests, and where a project keeps its rate."""

from __future__ import annotations

import math
from pathlib import Path
from statistics import median
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from studio.engine.training_question import ask_of_training
from studio.engine.warm import Warm
from studio.graph.catalogue.registry import find
from studio.graph.checks import Report
from studio.graph.document import Call, Project, is_call
from studio.graph.edits import Edit, SetTraining, Several
from studio.graph.problems import StudioError
from studio.graph.tables import resolve_path

SECONDS = 600.0
SMOOTH = 0.9
"""How much of the smoothed loss stays with each batch."""

RISEN, WORSE = 4.0, 2.0
"""It diverges where the smoothed loss is so many times the lowest, or so many times the first."""

FALLEN = 0.05
"""The part of the first loss by which it must fall, for a rate to be suggested."""

BELOW = 3.0
"""The suggestion is at least so many times below the rate at which the loss was lowest."""


class RateFound(Struct, frozen=True):
    """What a range test has shown."""

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    diverged: bool
    suggested: float | None
    place: str
    """Where the rate stands in the project: learning_rate, or a schedule's parameter."""
    edit: Edit | None

    @property
    def words(self) -> str:
        """What came out, and how."""
        end = f"{self.rates[-1]:.2g}" if self.rates else ""
        how = f"The loss diverges at {end}." if self.diverged else f"It was raised up to {end}."
        if self.suggested is None:
            return f"The loss doesn't fall at any of these rates. {how} No rate is suggested."
        return (
            f"Suggested: {self.suggested:g} for {self.place}, where the smoothed loss falls "
            f"steepest over the rate, at most a third of the rate with the lowest loss. {how}"
        )


def find_rate(
    project: Project,
    folder: Path,
    report: Report,
    warm: Warm,
    trusted: bool,
    rising: tuple[float, float, int],
) -> RateFound:
    """Trains a little with a rising rate, and suggests one; `rising` is (from, to, steps).

    Raises ProjectError where the project has errors, StudioError where its rate can't be raised,
    or its script fails or isn't trusted.
    """
    optimizer = project.training.optimizer if project.training is not None else None
    if optimizer is None:
        raise StudioError(
            "The project has no optimizer, so it has no learning rate. Add one under "
            "training.optimizer."
        )
    path = rate_path(optimizer)
    plain = project.training
    plain = replace(plain, optimizer=_with(optimizer, _until_schedule(path), 1e-3), callbacks=())
    first, last, steps = rising
    found = ask_of_training(
        "range_test",
        replace(project, training=plain),
        folder,
        report,
        warm,
        trusted,
        SECONDS,
        first=first,
        last=last,
        steps=steps,
        seed=plain.seed or 0,
        weights=_start(plain.weights, folder),
    )
    return judge(optimizer, path, found["rates"], found["losses"], steps)


def rate_path(optimizer: Call) -> tuple[str, ...]:
    """The params that lead to the rate: ("learning_rate", "initial_learning_rate").

    Raises StudioError where the rate is a schedule that has no one base rate.
    """
    params, path = optimizer.params, ()
    while is_call(params.get("inner_optimizer")):
        path += ("inner_optimizer",)
        params = params["inner_optimizer"].get("params", {})
    rate = params.get("learning_rate")
    path += ("learning_rate",)
    if not is_call(rate):
        return path
    schedule = rate.get("params", {})
    if schedule.get("warmup_target") is not None:
        return (*path, "warmup_target")
    if "initial_learning_rate" in schedule:
        return (*path, "initial_learning_rate")
    raise StudioError(
        f"The learning rate is a {rate['op'].rpartition('.')[2]}, which has no "
        "initial_learning_rate that could be suggested. Put a number in its place to test one."
    )


def _start(weights: Call | None, folder: Path) -> dict[str, Any] | None:
    """What the training starts from, as the parameters of `studio.weights.load`."""
    if weights is None:
        return None
    given = find(weights.op).filled(weights.params)
    return given | {"path": str(resolve_path(given["path"], folder).resolve())}


def _until_schedule(path: tuple[str, ...]) -> tuple[str, ...]:
    """The path to the rate itself: a schedule doesn't let it be raised."""
    return path[: path.index("learning_rate") + 1]


def _with(optimizer: Call, path: tuple[str, ...], rate: float) -> Call:
    """The optimizer with another rate."""
    return Call(optimizer.op, _changed(optimizer.params, path, rate))


def _changed(params: dict[str, Any], path: tuple[str, ...], rate: float) -> dict[str, Any]:
    name, *rest = path
    if not rest:
        return params | {name: rate}
    inner = params[name]
    return params | {name: inner | {"params": _changed(inner.get("params", {}), rest, rate)}}


def judge(
    optimizer: Call, path: tuple[str, ...], rates: list[float], losses: list[float], steps: int
) -> RateFound:
    """What the losses of a test over `steps` batches mean."""
    smoothed = smooth(losses)
    end = diverges(smoothed)
    diverged = end < len(smoothed) or len(losses) < steps
    rates, losses, smoothed = rates[: end + 1], losses[: end + 1], smoothed[: end + 1]
    rate = suggest(rates, smoothed)
    name = path[-1]
    edit = adopting(optimizer, rate) if rate is not None else None
    return RateFound(tuple(rates), tuple(losses), tuple(smoothed), diverged, rate, name, edit)


def adopting(optimizer: Call, rate: float) -> Edit:
    """What makes a rate the optimizer's; StudioError as `rate_path`."""
    path = rate_path(optimizer)
    changed = SetTraining("optimizer", _with(optimizer, path, rate))
    return Several((changed,), f"Set {path[-1]} to {rate:g}")


def smooth(losses: list[float]) -> list[float]:
    """The losses as a running mean that forgets, without a pull to its beginning."""
    mean, found = 0.0, []
    for index, loss in enumerate(losses, 1):
        mean = SMOOTH * mean + (1 - SMOOTH) * loss
        found.append(mean / (1 - SMOOTH**index))
    return found


def diverges(smoothed: list[float]) -> int:
    """The index at which the loss leaves what it had reached; the length where it doesn't."""
    first, lowest = _first(smoothed), math.inf
    for index, loss in enumerate(smoothed):
        lowest = min(lowest, loss)
        risen = loss - lowest > (RISEN - 1) * abs(lowest)
        if risen or loss - first > (WORSE - 1) * abs(first):
            return index
    return len(smoothed)


def _first(smoothed: list[float]) -> float:
    """What the loss was before the rate did anything: batches differ, so it is that of several."""
    return median(smoothed[: max(1, len(smoothed) // 10)]) if smoothed else math.inf


def suggest(rates: list[float], smoothed: list[float]) -> float | None:
    """The rate at which the loss falls steepest over the rate's logarithm, to two digits.

    None where it doesn't fall.
    """
    if len(smoothed) < 5:
        return None
    lowest = min(range(len(smoothed)), key=smoothed.__getitem__)
    if _first(smoothed) - smoothed[lowest] < FALLEN * abs(_first(smoothed)):
        return None
    wide = max(1, len(smoothed) // 20)  # neighbours differ by their batches alone
    inner = range(wide, min(lowest, len(smoothed) - wide - 1) + 1)
    steepest = min(inner, key=lambda i: smoothed[i + wide] - smoothed[i - wide], default=lowest)
    return float(f"{min(rates[steepest], rates[lowest] / BELOW):.1e}")


def plot(found: RateFound, width: int = 72, height: int = 12) -> list[str]:
    """The smoothed loss over the rate as lines of text, with the suggestion marked by a bar."""
    if len(found.rates) < 2:
        return ["The loss was no number from the first batches on."]
    low, high = min(found.smoothed), max(found.smoothed)
    first, last = math.log(found.rates[0]), math.log(found.rates[-1])
    grid = [[" "] * width for _ in range(height)]

    def column(rate: float) -> int:
        return round((math.log(rate) - first) / (last - first) * (width - 1))

    if found.suggested is not None:
        for row in grid:
            row[column(found.suggested)] = "|"
    for rate, loss in zip(found.rates, found.smoothed, strict=True):
        level = (high - loss) / (high - low) if high > low else 0.5
        grid[round(level * (height - 1))][column(rate)] = "*"
    labels = {0: f"{high:.4g}", height - 1: f"{low:.4g}"}
    lines = [f"{labels.get(i, ''):>9} {''.join(row)}".rstrip() for i, row in enumerate(grid)]
    ends = f"{found.rates[0]:.1e}", f"{found.rates[-1]:.1e}"
    lines.append(
        f"{'':9} {ends[0]}{'learning rate':^{width - len(ends[0]) - len(ends[1])}}{ends[1]}"
    )
    return lines
