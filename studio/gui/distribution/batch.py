"""The batch of all replicas, the part that each of them has, and what that does to the rate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.registry import find
from studio.graph.catalogue.types import Choice, Int
from studio.graph.distribution import SERVERS, batch_stage, scaled, shared_out, spread
from studio.graph.document import Project, is_call
from studio.graph.edits import SetParam
from studio.gui.inspector.choice_field import ChoiceField
from studio.gui.inspector.facts import Facts
from studio.gui.inspector.line_field import NumberField
from studio.gui.inspector.place import ABSENT, Place
from studio.gui.session import Session

BATCH = Param("global batch", Int(1), 32, "Elements of a step, of all replicas together.")
SCALE = Param(
    "scale_learning_rate",
    Choice(("linear", "sqrt")),
    None,
    "Multiplies the learning rate by the number of replicas, or by its square root.",
)


class BatchFacts(QWidget):
    """Two fields, and what follows of them."""

    def __init__(self, session: Session, set_scale: Any):
        super().__init__()
        self._session = session
        self.batch = NumberField(BATCH, Place(session, "data"))
        self.batch.given.connect(self._set)
        self.batch.cleared.connect(lambda: self._show_batch(again=True))
        self.scale = ChoiceField(SCALE, Place(session, "training"), ("linear", "sqrt"))
        self.scale.given.connect(set_scale)
        self.scale.cleared.connect(lambda: set_scale(None))
        self.facts = Facts()
        self.facts.setAccessibleName("Batch and learning rate")
        self.words = QLabel(wordWrap=True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setProperty("role", "small")
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self.batch, 0, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self.scale, 0, 1, Qt.AlignmentFlag.AlignTop)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(6)
        box.addLayout(grid)
        box.addWidget(self.facts)
        box.addWidget(self.words)

    def show_for(self, replicas: int | None) -> None:
        """Shows the project's with so many replicas; None where that isn't known."""
        project = self._session.project
        self._show_batch()
        self.scale.setVisible(project.distribution is not None)
        how = project.distribution.scale_learning_rate if project.distribution is not None else None
        self.scale.show_value(ABSENT if how is None else how)
        self.facts.show_rows(facts_of(project, replicas))
        served = spread(project) == SERVERS
        self.words.setText("Each worker takes whole batches, at its own pace." if served else "")
        self.words.setVisible(served)

    def _show_batch(self, again: bool = False) -> None:
        stage = batch_stage(self._session.project)
        size = stage.params.get("batch_size") if stage is not None else None
        self.batch.setVisible(stage is not None)
        if again:
            self.batch.value = ABSENT
        self.batch.show_value(ABSENT if size is None else size)

    def _set(self, size: int) -> None:
        stage = batch_stage(self._session.project)
        typing = self.batch.typing
        if stage is not None:
            edit = SetParam("data", stage.id, "batch_size", size)
            self._session.do(edit, merge=None if typing is None else "batch")


def facts_of(project: Project, replicas: int | None) -> Iterator[tuple[str, str]]:
    """What there is to know, in rows."""
    stage = batch_stage(project)
    size = stage.params.get("batch_size") if stage is not None else None
    many = replicas if replicas is not None else 1
    if project.distribution is not None:
        name = "workers" if spread(project) == SERVERS else "replicas"
        yield name, "as the machine has devices" if replicas is None else f"{replicas:,}"
    if isinstance(size, int) and replicas and spread(project) != SERVERS:
        yield "batch of a replica", _parts(shared_out(size, many))
    how = project.distribution.scale_learning_rate if project.distribution is not None else None
    rate = _rate(project)
    if rate is None:
        return
    if how is None or replicas is None or spread(project) == SERVERS:
        yield "learning rate", f"{rate:g}" + ("" if how is None else " × replicas")
        return
    by = f"{many}" if how == "linear" else f"√{many}"
    yield "learning rate", f"{rate:g} × {by} = {scaled(rate, how, many):.4g}"


def _parts(parts: Sequence[int]) -> str:
    """32, or 22 and 21 where they aren't alike."""
    kinds = sorted(set(parts), reverse=True)
    return " and ".join(f"{size:,}" for size in kinds)


def _rate(project: Project) -> float | None:
    """The number that the optimizer's rate is; None of a schedule, or where there is none."""
    optimizer = project.training.optimizer if project.training is not None else None
    op = find(optimizer.op) if optimizer is not None else None
    param = op.params.get("learning_rate") if op is not None else None
    if param is None:
        return None
    rate = optimizer.params.get("learning_rate", param.default)
    plain = isinstance(rate, (int, float)) and not isinstance(rate, bool)
    return float(rate) if plain and not is_call(rate) else None
