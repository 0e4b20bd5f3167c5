"""How far an export may be from the model it was made of, by its format; and whether it is."""

from __future__ import annotations

from msgspec import Struct

from studio.engine.figures import number
from studio.graph.directions import better
from studio.graph.exporting import Format

POINTS, SHARE = 0.03, 0.1
"""What metrics may lose where a model computes in 8 bits: of those that rise to 1, so much of
1; of errors, which rise, so much of what they were."""

HALF = frozenset({"float16", "bfloat16", "mixed_float16", "mixed_bfloat16"})
"""Policies under which a model itself computes in 16 bits."""


class Tolerance(Struct, frozen=True):
    """`relative` is the largest difference of an output by the largest there is; None where the
    metrics are held to instead.
    """

    relative: float | None
    text: str


def tolerance(format: Format, precision: str) -> Tolerance:
    """What is allowed to a format of a model with a dtype policy."""
    if format.variant in ("dynamic", "int8"):
        return Tolerance(
            None,
            f"No metric may get worse by more than {POINTS * 100:g} points of 100, or, where it is "
            f"an error, by more than {SHARE:.0%}.",
        )
    if format.variant == "float16" or precision in HALF:
        return Tolerance(
            1e-2, "The outputs may differ by 1e-2 of the largest of them (16-bit floats)."
        )
    return Tolerance(1e-5, "The outputs may differ by 1e-5 of the largest of them.")


def verdict(
    allowed: Tolerance,
    difference: dict[str, float | None],
    before: dict[str, float],
    after: dict[str, float],
) -> tuple[bool, str]:
    """Whether an export is within its tolerance, and what is said of it; "" where nothing is."""
    if difference["relative"] is None:
        return False, "Its outputs aren't finite where the model's are."
    if allowed.relative is not None:
        if difference["relative"] <= allowed.relative:
            return True, ""
        return False, (
            f"Its outputs differ by {difference['relative']:.1e} of the largest of them, "
            f"which is more than {allowed.relative:g}."
        )
    if not before:
        limit = SHARE
        fits = difference["relative"] <= limit
        more = "" if fits else f", which is more than {limit:g}"
        found = f"{difference['relative']:.1e}"
        return fits, f"There is no metric; its outputs differ by {found} of the largest{more}."
    lost = [_lost(name, before[name], after.get(name)) for name in before]
    worse = [said for said, fits in lost if not fits]
    if worse:
        return False, f"Too much is lost: {', '.join(worse)}."
    told = [said for said, _ in lost if said]
    return True, f"{', '.join(told)}." if told else "No metric got worse."


def _lost(name: str, before: float, after: float | None) -> tuple[str, bool]:
    """What a metric has lost, in words ("" for nothing), and whether that is allowed."""
    if after is None or after != after:
        return f"{name} isn't finite", False
    change = f"{name} {number(before)} -> {number(after)}"
    if better(name) == "higher":
        points = before - after
        return (
            (f"{change} ({points * 100:.1f} points lost)", points <= POINTS)
            if points > 0
            else (
                "",
                True,
            )
        )
    if better(name) is None:
        away = abs(after - before)
        return (change if away else ""), away <= SHARE * abs(before) + 1e-3
    rise = after - before
    return (change if rise > 0 else ""), rise <= SHARE * abs(before) + 1e-3
