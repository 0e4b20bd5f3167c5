"""Where the graphs meet: data into the model's inputs, its outputs against labels and losses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from studio.graph.catalogue.registry import find
from studio.graph.document import Call, ModelGraph, Project, output_name
from studio.graph.elements import Elements, features, label
from studio.graph.ports import place_of
from studio.graph.problems import ERROR, WARNING, Problem, nearest, one_of, quoted
from studio.graph.rule import Args
from studio.graph.shapes import Shapes
from studio.graph.spec import FLOATS, Refused, Spec


def model_inputs(graph: ModelGraph) -> list[str]:
    """The ids of the model's inputs, in the order of the file."""
    return [node.id for node in graph.nodes.values() if node.op == "keras.Input"]


def check_joins(
    project: Project, shapes: dict[str, Shapes], broken: frozenset[tuple[str, str]]
) -> list[Problem]:
    """What doesn't fit together between data, model and training.

    `broken` are the calls, as (graph, name), that are already known to be wrong.
    """
    return list(_Joins(project, shapes, broken).problems())


class _Joins:
    def __init__(
        self, project: Project, shapes: dict[str, Shapes], broken: frozenset[tuple[str, str]]
    ):
        self.broken = broken
        self.project = project
        self.shapes = shapes
        self.model = project.model
        self.training = project.training
        self.said: set[str] = set()

    def problems(self) -> Iterator[Problem]:
        yield from self.outputs_and_losses()
        data = self.project.data
        if data is None or self.model is None or not data.outputs:
            return
        for split, end in data.outputs.items():
            elements = self.shapes["data"].at(end)
            if isinstance(elements, Elements):
                yield from self.features(split, end, elements)
                yield from self.labels(split, end, elements)
                yield from self.amount(split, end, elements)

    def data_problem(self, code: str, end: str, message: str, hint: str = "") -> Problem:
        node = end.partition(".")[0]
        place = place_of("data", self.project.data, node)
        return Problem(ERROR, code, "data", node, message, hint, place)

    def outputs_and_losses(self) -> Iterator[Problem]:
        """Losses, weights and metrics belong to outputs of the model."""
        if self.training is None or self.model is None:
            return
        outputs = list(map(output_name, self.model.outputs))
        for kind in ("losses", "loss_weights", "metrics", "weighted_metrics"):
            for name in getattr(self.training, kind):
                if name not in outputs:
                    message = f"{quoted(name)} is no output of the model."
                    hint = nearest(name, outputs) or f"Its outputs are {', '.join(outputs)}."
                    place = f"training.{kind}.{name}"
                    yield Problem(ERROR, "lost-output", "training", name, message, hint, place)
        for name in outputs:
            if self.training.train_step is not None:
                continue  # which may train by something else
            if self.training.losses and name not in self.training.losses:
                message = f"the output {quoted(name)} has no loss, so nothing trains it."
                hint = f"Add one under training.losses.{name}."
                yield Problem(WARNING, "no-loss", "training", name, message, hint)

    def features(self, split: str, end: str, elements: Elements) -> Iterator[Problem]:
        """The elements' features against the model's inputs."""
        given = features(elements.structure)
        names = model_inputs(self.model)
        if not names:
            return  # what is wrong with the model's inputs has been said
        if isinstance(given, dict):
            missing = [name for name in names if name not in given]
            if missing:
                message = (
                    f"gives the features {one_of(given)} for {split}, but the model's input "
                    f"{quoted(missing[0])} is not among them."
                )
                hint = nearest(missing[0], given) or "Give the feature the name of the input."
                yield self.data_problem("join", end, message, hint)
            extra = next((name for name in given if name not in names), None)
            # Keras pairs what comes by name with its inputs in alphabetic order, not by name.
            if extra is not None and not missing and self.model.style != "subclass":
                message = f"gives the feature {quoted(extra)} for {split}, which no input takes."
                hint = "Name the features that are taken under the source's features."
                yield self.data_problem("join", end, message, hint)
            pairs = [(name, given[name]) for name in names if name in given]
        elif len(names) == 1:
            pairs = [(names[0], given)]
        elif isinstance(given, tuple) and len(given) == len(names):
            pairs = list(zip(names, given, strict=True))
        else:
            message = f"gives one tensor for {split}, but the model has {len(names)} inputs: "
            message += f"{', '.join(names)}."
            hint = "Name the features after the inputs, with features or studio.map.arrange."
            yield self.data_problem("join", end, message, hint)
            return
        for name, spec in pairs:
            wanted = self.shapes["model"].at(name)
            if not isinstance(wanted, Spec):
                continue
            if not isinstance(spec, Spec):
                message = f"gives several tensors for the one input {quoted(name)}."
                yield self.data_problem("join", end, message, "Keep one of them.")
            elif not fits(spec, wanted):
                message = (
                    f"gives {spec} for {split}, but the model's input {quoted(name)} "
                    f"takes {wanted}."
                )
                yield self.data_problem("join", end, message, self.mend(spec, wanted, name))

    @staticmethod
    def mend(spec: Spec, wanted: Spec, name: str) -> str:
        if spec.ragged and not wanted.ragged and spec.rank == wanted.rank:
            return (
                f"Set ragged of {quoted(name)} to true, or fill the rows up with "
                "studio.map.to_dense or padded_batch."
            )
        if fits(Spec((None, *spec.shape), spec.dtype, spec.ragged), wanted):
            if None in spec.shape:
                return "Put tf.data.Dataset.ragged_batch or padded_batch before it."
            return "Put tf.data.Dataset.batch before it: a model takes batches."
        if (spec.dtype == "string") != (wanted.dtype == "string"):
            return f'Set the dtype of {quoted(name)} to "{spec.dtype}", or convert it in the data.'
        return f"Set the shape of {quoted(name)} to {list(spec.shape[1:])}, or change the data."

    def labels(self, split: str, end: str, elements: Elements) -> Iterator[Problem]:
        """The elements' labels against the outputs, by their losses and metrics."""
        training = self.training
        if training is None or not (training.losses or any(training.metrics.values())):
            return
        target = label(elements.structure)
        outputs = self.model.outputs
        if target is None:
            what = "losses" if training.losses else "metrics"
            message = f"gives no label for {split}, but the training has {what}."
            yield self.data_problem("join", end, message, "Set the source's label.")
            return
        for output in outputs:
            name = output_name(output)
            spec = self.shapes["model"].at(output)
            told = training.losses.get(name) or training.metrics.get(name)
            if not told or not isinstance(spec, Spec):
                continue
            own = target
            if isinstance(target, dict):
                if name not in target:
                    message = f"gives the labels {one_of(target)} for {split}, none for the "
                    message += f"output {quoted(name)}."
                    hint = nearest(name, target) or "Name a label after the output."
                    yield self.data_problem("join", end, message, hint)
                    continue
                own = target[name]
            elif len(outputs) > 1:
                message = f"gives one label for {split}, but the model has {len(outputs)} outputs: "
                message += f"{', '.join(map(output_name, outputs))}."
                hint = "Name a label for each output, with studio.map.arrange."
                yield self.data_problem("join", end, message, hint)
                return
            if isinstance(own, Spec) and ("training", name) not in self.broken:
                yield from self.compared(output, end, own, spec, elements)

    def compared(
        self, output: str, end: str, target: Spec, spec: Spec, elements: Elements
    ) -> Iterator[Problem]:
        """One label against one output; what one of the splits has shown isn't said again."""
        name = output_name(output)
        spec = _known_by(target, spec)
        loss = self.training.losses.get(name)
        calls = [] if loss is None else [("label-loss", f"losses.{name}", loss)]
        for index, metric in enumerate(self.training.metrics.get(name, ())):
            calls.append(("label-metric", f"metrics.{name}[{index}]", metric))
        for index, metric in enumerate(self.training.weighted_metrics.get(name, ())):
            calls.append(("label-metric", f"weighted_metrics.{name}[{index}]", metric))
        for code, key, call in calls:
            refused = _refused(call, target, spec)
            if refused is not None:
                place = f"training.{key}"
                message = f"{refused.message}; {quoted(end)} gives the label, {quoted(output)} "
                message += "the output."
                if place not in self.said:
                    yield Problem(ERROR, code, "training", name, message, refused.hint, place)
                self.said.add(place)
                if call is loss:
                    return  # the metrics would say the same
        if loss is not None:
            yield from self.label_range(name, loss, spec, elements)

    @staticmethod
    def label_range(name: str, loss: Call, output: Spec, elements: Elements) -> Iterator[Problem]:
        """Class numbers have a unit each."""
        op = find(loss.op)
        sparse = op is not None and op.name == "SparseCategoricalCrossentropy"
        units = output.shape[-1] if output.rank > 1 else None
        if sparse and elements.labels and units is not None:
            low, high = elements.labels
            if low < 0 or high >= units:
                message = (
                    f"the labels go from {low:g} to {high:g}, but {quoted(name)} has "
                    f"{units} units, for the classes 0 to {units - 1}."
                )
                hint = f"Give {quoted(name)} {high + 1:g} units." if low >= 0 else "Number from 0."
                place = f"training.losses.{name}"
                yield Problem(ERROR, "label-range", "training", name, message, hint, place)

    def amount(self, split: str, end: str, elements: Elements) -> Iterator[Problem]:
        """Data without end needs a number of steps; data without elements trains nothing."""
        steps = None
        if self.training is not None:
            steps = {
                "train": self.training.steps_per_epoch,
                "validation": self.training.validation_steps,
            }.get(split)
        if elements.infinite and steps is None and split != "test":
            name = "steps_per_epoch" if split == "train" else "validation_steps"
            message = f"gives {split} data without end, and nothing says how long an epoch is."
            yield self.data_problem("endless", end, message, f"Set training.{name}.")
        elif elements.infinite and split == "test":
            message = "gives test data without end."
            yield self.data_problem("endless", end, message, "Put tf.data.Dataset.take before it.")
        elif elements.count == 0:
            yield self.data_problem("no-elements", end, f"gives no element for {split}.")


def _known_by(target: Spec, output: Spec) -> Spec:
    """The output with the sizes that only the label knows: the data brings them to both.

    A last axis of 1 says nothing: class numbers may have it.
    """
    if target.rank != output.rank:
        return output
    sizes = [
        there if size is None and there != 1 else size
        for size, there in zip(output.shape[1:], target.shape[1:], strict=True)
    ]
    return output.with_shape((*output.shape[:1], *sizes))


def _refused(call: Call, target: Spec, output: Spec) -> Refused | None:
    """Why a loss or metric can't compare a label with an output; None where it can."""
    op = find(call.op)
    if op is None or op.rule is None:
        return None  # the user's own, or one of no rule: only running it tells
    try:
        op.rule(Args(op.filled(call.params)), target, output)
    except Refused as refused:
        return Refused(f"{op.name} {refused.message}", refused.hint)
    return None


def fits(spec: Spec, wanted: Spec) -> bool:
    """Whether a tensor can go into an input; Keras mends a last axis of 1 that is missing."""
    if (spec.dtype == "string") != (wanted.dtype == "string"):
        return False
    if wanted.dtype not in FLOATS and spec.dtype in FLOATS:
        return False
    if spec.ragged and not wanted.ragged:
        return False
    shape: tuple[Any, ...] = spec.shape
    if len(shape) == len(wanted.shape) - 1 and wanted.shape[-1] == 1 and len(shape) > 0:
        shape = (*shape, 1)
    elif len(shape) == len(wanted.shape) + 1 and shape[-1] == 1:
        shape = shape[:-1]
    return len(shape) == len(wanted.shape) and all(
        a == b or None in (a, b) for a, b in zip(shape, wanted.shape, strict=True)
    )
