"""Behind which epochs the custom loop validates, and the passes through the data that takes."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from studio.codegen.literal import literal
from studio.codegen.source import Source
from studio.codegen.strategy import VALIDATION, gone_through
from studio.graph.document import Project, Training
from studio.graph.replay import NOTHING, replay


def every(training: Training) -> Any:
    """`validation_freq` as Keras takes it."""
    freq = training.validation_freq
    return freq if isinstance(freq, int) else [*freq]


def write_validated(source: Source, training: Training) -> None:
    """Writes the list of the epochs that end with a validation, where they are told so."""
    if not isinstance(training.validation_freq, int):
        source.statement("validated = ", literal(every(training)))


def validated(source: Source, training: Training) -> AbstractContextManager[None]:
    """The block of what such an epoch does; none where they all do it."""
    freq = training.validation_freq
    if freq == 1:
        return nullcontext()
    if isinstance(freq, int):
        return source.block(f"if (epoch + 1) % {freq} == 0:")
    return source.block("if epoch + 1 in validated:")


def write_one_more(source: Source, project: Project) -> None:
    """Begins the pass that `fit` begins behind each that it has gone through to its end."""
    if replay(project, "validation") == NOTHING:
        return
    limited = project.training.validation_steps is not None
    whole = f"0 <= {VALIDATION}.cardinality() <= tested" if limited else "tested is not None"
    with source.block(f"if {whole}:"):
        _, tested = gone_through(project)
        source.line(f"iter({tested})  # as fit does: so shuffling is the same")
