"""What happened in a run beside its figures: checkpoints, pauses, the end."""

from __future__ import annotations

from msgspec import Struct

from studio.engine.events import FINAL, Event
from studio.engine.figures import number

BEST, CHECKPOINT, STOPPED, RATE, RESUMED, PAUSED, TEST, PROBLEM = (
    "best",
    "checkpoint",
    "early stop",
    "learning rate",
    "resumed",
    "paused",
    "test",
    "problem",
)
KINDS = (PROBLEM, BEST, STOPPED, RATE, RESUMED, PAUSED, TEST, CHECKPOINT)
"""The most important first."""


class Mark(Struct, frozen=True):
    """One of `KINDS`, where it happened, and what is said of it.

    Of several at one place the first of `KINDS` is drawn, and all are told.
    """

    kind: str
    text: str
    step: int | None = None
    """None where only the time is known."""
    time: float | None = None


def mark_of(event: Event) -> Mark | None:
    """The mark of an event; None where it needs none."""
    kind, time = event["event"], event.get("time")
    step = event.get("step") if isinstance(event.get("step"), int) else None
    if kind == "checkpoint":
        path = event.get("path")
        return Mark(CHECKPOINT, f"Checkpoint {path}" if path else "Checkpoint", step, time)
    if kind == "early_stop":
        epoch = event.get("epoch")
        where = f" behind epoch {epoch}" if isinstance(epoch, int) else ""
        return Mark(STOPPED, f"Ended early by a callback{where}", step, time)
    if kind == "resumed":
        return Mark(RESUMED, f"Went on from step {event['step']:,}", event["step"], time)
    if kind == "problem":
        return Mark(PROBLEM, str(event.get("message") or "A problem"), step, time)
    if kind == "test":
        figures = [f"{name} {number(value)}" for name, value in event["metrics"].items()]
        return Mark(TEST, " ".join(["Tested:", *figures]), None, time)
    if kind == "state":
        state, said = event["state"], event.get("message", "")
        if state == "paused":
            return Mark(PAUSED, "Paused", None, time)
        if state in FINAL - {"completed"}:
            return Mark(PROBLEM if state != "stopped" else PAUSED, said or state.capitalize())
    return None


def rate_drops(rates: list[tuple[int, float]]) -> list[Mark]:
    """Where a learning rate that had stayed, or that stays, is suddenly lower.

    `rates`: the step at which each was told, and the rate. A schedule that falls all the time has
    no drops.
    """
    found = []
    for at in range(1, len(rates)):
        (place, before), (_, rate) = rates[at - 1], rates[at]
        stayed = at > 1 and rates[at - 2][1] == before
        stays = at + 1 < len(rates) and rates[at + 1][1] == rate
        if rate < 0.95 * before and (stayed or stays):
            text = f"Learning rate from {before:.3g} to {rate:.3g}"
            found.append(Mark(RATE, text, place))
    return found
