"""What the inspector shows with nothing selected: the project, its size, its training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from studio.engine.figures import bytes_text
from studio.graph.edits import SetProject
from studio.gui.inspector.facts import Facts, Row
from studio.gui.inspector.form import Form
from studio.gui.inspector.place import Place
from studio.gui.inspector.training_form import PROJECT, TrainingForm
from studio.gui.look.theme import sans
from studio.gui.session import Session


class ProjectPage(QWidget):
    """The project's name and note, what it amounts to, and the settings of its training."""

    def __init__(self) -> None:
        super().__init__()
        self.session: Session | None = None
        self.form: Form | None = None
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(12)
        self.facts = Facts()
        self.training = TrainingForm()
        title = QLabel("Training")
        title.setFont(sans(13, 600))
        for widget in (self.facts, line(), title, self.training):
            self._box.addWidget(widget)

    def attach(self, session: Session | None) -> None:
        """Shows another project."""
        self.session = session
        if self.form is not None:
            self.form.hide()
            self.form.deleteLater()
            self.form = None
        self.training.attach(None)

    def refresh(self) -> None:
        """Shows what the document says now."""
        if self.form is None:
            self.form = Form(PROJECT, self._values(), Place(self.session, "project"))
            self.form.given.connect(self._set)
            self.form.cleared.connect(lambda name: self._set(name, ""))
            self._box.insertWidget(0, self.form)
            self.training.attach(self.session)
        self.form.show_values(self._values())
        self.training.refresh()
        self.show_facts()

    def _values(self) -> dict[str, Any]:
        project = self.session.project
        return {name: text for name in ("name", "note") if (text := getattr(project, name))}

    def _set(self, name: str, value: str) -> None:
        self.session.do(SetProject(name, value), merge=f"project:{name}")

    def show_facts(self) -> None:
        """Shows what the project amounts to."""
        self.facts.show_rows(self._facts())

    def _facts(self) -> Iterator[Row]:
        project = self.session.project
        for name, graph in project.graphs().items():
            count = len(graph.nodes)
            yield name.replace("block:", "block "), f"{count} node{'s' * (count != 1)}"
        if project.model is None or not project.model.nodes:
            return
        totals = self.session.totals
        yield "parameters", f"{totals['params']:,}"
        if totals["non_trainable_params"]:
            yield "trainable", f"{totals['trainable_params']:,}"
        flops = totals["flops"]
        yield "FLOPs a sample", "unknown" if flops is None else f"{flops:,}"
        yield "weights", bytes_text(totals["weight_bytes"])
        yield "activations a sample", bytes_text(totals["activation_bytes"])


def line() -> QFrame:
    """A hairline between parts of a page."""
    frame = QFrame()
    frame.setProperty("role", "line")
    return frame
