"""The settings of the training: loop, optimizer, losses and metrics by output, callbacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.graph.catalogue.op import Op, Param
from studio.graph.catalogue.registry import of_kind
from studio.graph.catalogue.types import (
    Bool,
    Choice,
    DictOf,
    Either,
    Float,
    Int,
    ListOf,
    OneCall,
    Text,
)
from studio.graph.document import BY_OUTPUT, PRECISIONS, Project, Training, output_name
from studio.graph.edits import SetProject, SetTraining
from studio.graph.file import plain
from studio.gui.inspector.described import alike
from studio.gui.inspector.form import Form
from studio.gui.inspector.line_field import Prose
from studio.gui.inspector.place import Place
from studio.gui.session import Session

BY_NAME = (*BY_OUTPUT, "optimizers")
"""Fields of the training whose entries have a field each."""

OF_PROJECT = ("exports",)
AUTO = Choice(("auto",))
_WEIGHTS = "What the model's weights start from, in the place of random numbers."
_LABELS = {
    "losses": "loss",
    "loss_weights": "loss_weight",
    "loss_clipnorms": "loss_clipnorm",
    "metrics": "metrics",
    "weighted_metrics": "weighted_metrics",
}


class TrainingForm(QWidget):
    """The form of the training of a project, kept current by `refresh`.

    Signal: `made(Form)` a form that is new, as for another model's outputs.
    """

    made = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        self.session: Session | None = None
        self.form: Form | None = None
        self._seen: Any = None

    def attach(self, session: Session | None) -> None:
        """Shows another project."""
        self.session, self._seen = session, None
        if self.form is not None:
            self.form.hide()
            self.form.deleteLater()
            self.form = None
        if session is not None:
            self.refresh()

    def refresh(self) -> None:
        """Shows what the document says now; what shows it already is left alone."""
        project = self.session.project
        outputs = project.model.outputs if project.model is not None else ()
        seen = (project.training, outputs, project.exports, project.code)
        if self._seen is not None and all(a is b for a, b in zip(seen, self._seen, strict=True)):
            return
        self._seen = seen
        op, values = training_op(project), training_values(project)
        if self.form is None or not alike(self.form.op, op):
            if self.form is not None:
                self.form.hide()
                self.form.deleteLater()
            place = Place(self.session, "training")
            more = {"groups": _groups(op), "labels": _labels(op), "ordered": True}
            self.form = Form(op, values, place, **more)
            self.form.given.connect(self._given)
            self.form.cleared.connect(self._cleared)
            self.layout().addWidget(self.form)
            self.made.emit(self.form)
        else:
            self.form.show_values(values)

    def field_at(self, place: str) -> QWidget | None:
        """The field that a place in the file is about: training.callbacks[0] -> callbacks."""
        path = place.removeprefix("training.").partition("[")[0]
        if self.form is None:
            return None
        names = [n for n in self.form.op.params if path == n or path.startswith(f"{n}.")]
        name = max(names, key=len, default="")
        if name and name not in self.form.fields:
            self.form.turn()  # it is among those that are folded away
        return self.form.fields.get(name)

    def _given(self, name: str, value: Any) -> None:
        field, _, output = name.partition(".")
        if output:
            value = {**_whole(self.session.project, field), output: value}
        self._set(field, value)

    def _cleared(self, name: str) -> None:
        field, _, output = name.partition(".")
        if output:
            whole = _whole(self.session.project, field)
            value = {key: each for key, each in whole.items() if key != output}
        else:
            value = self.form.op.params[name].default
        self._set(field, value)

    def _set(self, field: str, value: Any) -> None:
        kind = SetProject if field in OF_PROJECT else SetTraining
        typing = self.form.typing
        merge = None if typing is None else f"training:{typing}"
        self.session.do(kind(field, value), merge=merge)


def _whole(project: Project, field: str) -> dict[str, Any]:
    return plain(getattr(project.training or Training(), field))


def training_op(project: Project) -> Op:
    """All that can be set of a project's training, as if it were one call.

    What few set is folded; of each group that comes last.
    """
    shown = [
        Param("epochs", Int(1), 1, "How often the training data is gone through."),
        Param("loop", Choice(("fit", "custom")), "fit", "fit, or a compiled GradientTape loop."),
        Param("seed", Int(0, 2**32 - 1), None, "The seed of all that is random."),
        Param("precision", Choice(PRECISIONS), "float32", "The dtype policy of the layers."),
        Param("optimizer", OneCall(("optimizer",), names=False), None, "The optimizer."),
    ]
    found: dict[str, Param] = {}
    firsts: list[str] = []

    def take(params: list[Param], folded: bool = False) -> None:
        found.update({param.name: param for param in params})
        firsts.extend(() if folded else (param.name for param in params))

    take(shown)
    further = project.training.optimizers if project.training is not None else {}
    for name in further:
        kind = OneCall(("optimizer",), names=False)
        take([Param(f"optimizers.{name}", kind, None, f"The optimizer called {name}.")])
    if further:
        help = "The nodes that a further optimizer trains: node to its name."
        take([Param("trained_by", DictOf(Text()), {}, help)])
    own = OneCall(("train_step", "code"), names=False)
    take([Param("weights", OneCall(("weights",), names=False), None, _WEIGHTS)], folded=True)
    help = "The custom loop's step, in code of your own."
    take([Param("train_step", own, None, help)], folded=True)
    outputs = outputs_of(project)
    for name in outputs:
        _take_output(name, len(outputs) > 1, take)
    help = "How much each class counts in training, by its number."
    rare = [Param("class_weights", DictOf(Float(min=0)), {}, help)]
    if len(outputs) > 1:
        help = "Takes the gradients of each output's loss separately (custom loop)."
        rare.append(Param("persistent_tape", Bool(), False, help))
    take(rare, folded=True)
    callbacks = ListOf(OneCall(("callback", "code"), names=False))
    take([Param("callbacks", callbacks, [], "What is called while training, in this order.")])
    per_call = "Batches for one call of the graph; auto measures which number is fastest."
    xla = "Compiles the training step with XLA; auto where that was measured to be faster."
    take(
        [
            Param("steps_per_execution", Either((Int(1), AUTO)), 1, per_call),
            Param("jit_compile", Choice((False, True, "auto")), False, xla),
        ]
    )
    freq = "Epochs from one validation to the next, or a list of the epochs that end with one."
    steps = "Batches in an epoch; all, where it is left open."
    rare = [
        Param("deterministic", Bool(), False, "No op may differ from run to run; slower."),
        Param("steps_per_epoch", Int(1), None, steps),
        Param("validation_steps", Int(1), None, "Batches of a validation."),
        Param("validation_freq", Either((Int(1), ListOf(Int(1)))), 1, freq),
    ]
    take(rare, folded=True)
    best = "The value whose best epoch is kept: val_loss, ..."
    take(
        [
            Param("checkpoint_seconds", Int(1), 300, "Seconds between two within an epoch."),
            Param("checkpoint_best", Text(), "", best),
        ]
    )
    rare = [
        Param("checkpoint_steps", Int(1), None, "Batches between two checkpoints."),
        Param("checkpoints_kept", Int(1), 2, "How many of the last checkpoints are kept."),
    ]
    take(rare, folded=True)
    if of_kind("export"):
        kind = ListOf(OneCall(("export",), names=False))
        take([Param("exports", kind, [], "What is written out after training.")])
    return Op("training", "training", "core", params=found, shown=tuple(firsts))


def _take_output(name: str, several: bool, take: Callable[..., None]) -> None:
    """What an output is held to, and what is measured of it."""
    metrics = ListOf(OneCall(("metric", "code"), names=False))
    loss = OneCall(("loss", "code"), names=False)
    take([Param(f"losses.{name}", loss, None, f"What {name} is held to.")])
    if several:
        help = f"How much the loss of {name} counts."
        take([Param(f"loss_weights.{name}", Float(), 1.0, help)])
    take([Param(f"metrics.{name}", metrics, [], f"What is measured of {name}.")])
    help = f"What is measured of {name} with the elements' weights."
    rare = [Param(f"weighted_metrics.{name}", metrics, [], help)]
    if several:
        help = f"The largest global norm of the gradients of {name}'s loss."
        rare.append(Param(f"loss_clipnorms.{name}", Float(min=0), None, help))
    take(rare, folded=True)


def outputs_of(project: Project) -> list[str]:
    """The names of the model's outputs."""
    return [output_name(end) for end in project.model.outputs] if project.model else []


def _groups(op: Op) -> dict[str, str]:
    titles = {
        "optimizer": "Optimizer",
        "callbacks": "Callbacks",
        "steps_per_execution": "Speed",
        "checkpoint_seconds": "Checkpoints",
        "exports": "Exports",
    }
    for name in op.params:
        if name.startswith("losses."):
            titles[name] = f"Output {name.partition('.')[2]}"
    return titles


def _labels(op: Op) -> dict[str, str]:
    """Each field of an output is called by what it says of it."""
    found = {}
    for name in op.params:
        label = _LABELS.get(name.partition(".")[0])
        if label and "." in name:
            found[name] = label
    return found


def training_values(project: Project) -> dict[str, Any]:
    """What a project says of its training, by the names of `training_op`."""
    values = plain(project.training or Training())
    for field in BY_NAME:
        for output, value in values.pop(field, {}).items():
            values[f"{field}.{output}"] = value
    if project.exports:
        values["exports"] = plain(project.exports)
    return values


PROJECT = Op(
    "project",
    "project",
    "core",
    params={
        "name": Param("name", Text(), "", "What the project is called."),
        "note": Param("note", Prose(), "", "What it is for."),
    },
    shown=("name", "note"),
)
