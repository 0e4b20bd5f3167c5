"""The steps of the first minute; which one it is, the window and the run's folder say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from studio.gui.window import Window

TEMPLATE = "digits_cnn"
TITLE = "Handwritten digits"
FORMAT = "keras"
"""The format that is ticked beforehand."""


def _nothing(window: Window) -> None:
    """What most steps prepare."""


class Step(Struct, frozen=True):
    """A thing to do: what is said of it, where it is done, and what is brought into sight first.

    `target` is the widget that is marked; None while there is nothing to press.
    """

    name: str
    said: Callable[[Window], str]
    target: Callable[[Window], QWidget | None]
    prepare: Callable[[Window], None] = _nothing


def evaluated(run: Path) -> bool:
    """Whether the run's model has been held to its test split."""
    return any((run / "artifacts" / "evaluation").glob("*/evaluation.json"))


def exported(run: Path) -> bool:
    """Whether the run's model has been exported, in any format."""
    return (run / "artifacts" / "exports.json").is_file()


def _run_text(window: Window) -> str:
    run = window.runner.run
    if run is not None and run.progress.ended and run.progress.state != "completed":
        return f"The training has {run.progress.state} before its end. Press Run to train again."
    return (
        "These nodes are a network that will learn to read 8 × 8 pictures of digits: pixels enter "
        "above, ten scores leave below. Press Run to train it."
    )


def _watch_text(window: Window) -> str:
    progress = window.runner.run.progress
    if not progress.epoch:
        return "TensorFlow is being loaded, which takes some seconds. Then the curves begin."
    accuracy = progress.metrics.get("val_accuracy")
    reads = ""
    if isinstance(accuracy, float):
        reads = f" It reads {accuracy:.1%} of pictures right that it hasn't learned from."
    return f"It learns: the loss falls, the accuracy rises.{reads}"


def _evaluate_text(window: Window) -> str:
    return (
        "It is trained, and kept with all that belongs to it. Press Evaluate to see what it gets "
        "right and wrong on pictures that it has never seen."
    )


def _look_text(window: Window) -> str:
    return (
        "A row is what a picture shows, a column what the model says: what it confuses stands "
        "beside the diagonal. Press Next when you have seen enough."
    )


def _export_text(window: Window) -> str:
    return (
        "Keras' own format is ticked. Press Export: the file is written, loaded again by plain "
        "Keras, and proven to say the same."
    )


def _done_text(window: Window) -> str:
    return (
        "That is all: a model, what it gets wrong, a file that plain Keras opens. Code shows "
        "the script that trained it; change a node and press Run for the next."
    )


def _evaluate_button(window: Window) -> QWidget | None:
    page = window.panel("model", raised=False).pages["evaluate"]
    return None if page.work.working else page.nothing.button


def _export_button(window: Window) -> QWidget | None:
    page = window.panel("model", raised=False).pages["export"]
    if page.work.working or not page.export.isVisible():
        return None
    return page.export


def _to_page(name: str) -> Callable[[Window], None]:
    def prepare(window: Window) -> None:
        window.panel("model").show_page(name)

    return prepare


def tick(window: Window) -> bool:
    """Ticks the format that the guide exports, once the formats are there; whether it could."""
    rows = window.panel("model", raised=False).pages["export"].list.rows
    if not rows.rows:
        return False
    if not rows.wanted:
        rows.tick(FORMAT)
    return True


STEPS = (
    Step("run", _run_text, lambda window: window.bar.run),
    Step("watch", _watch_text, lambda window: None, lambda window: window.panel("training")),
    Step("evaluate", _evaluate_text, _evaluate_button, _to_page("evaluate")),
    Step("look", _look_text, lambda window: None, _to_page("evaluate")),
    Step("export", _export_text, _export_button, _to_page("export")),
    Step("done", _done_text, lambda window: None),
)


def step_of(window: Window, looked: bool) -> Step:
    """The step that is to be done now; `looked` says whether the mistakes have been looked at."""
    named = {step.name: step for step in STEPS}
    run = window.runner.run
    if run is None:
        return named["run"]
    if not run.progress.ended:
        return named["watch"]
    if run.progress.state != "completed":
        return named["run"]
    if not evaluated(run.folder):
        return named["evaluate"]
    if not looked and not exported(run.folder):
        return named["look"]
    return named["done" if exported(run.folder) else "export"]
