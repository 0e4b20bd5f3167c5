"""What all advice looks at: the graphs as views, and each output with its loss and its labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

from msgspec import Struct

from studio.graph.catalogue.registry import find
from studio.graph.checks.advice.activations import activation, kernel, source
from studio.graph.checks.advice.view import View
from studio.graph.document import Call, Project, Training, is_call, output_name
from studio.graph.elements import Elements, label
from studio.graph.problems import ERROR, Problem
from studio.graph.shapes import Shapes
from studio.graph.spec import Spec
from studio.graph.targets import ONE_HOT, SPARSE
from studio.graph.wiring import upstream

CATEGORICAL = SPARSE | ONE_HOT
REGRESSION = frozenset(
    {
        "MeanSquaredError",
        "MeanAbsoluteError",
        "MeanAbsolutePercentageError",
        "MeanSquaredLogarithmicError",
        "Huber",
        "LogCosh",
    }
)


class Output(Struct, frozen=True):
    """An output of the model with all that hangs on it; empty or None what isn't known.

    `node` is the one that applies `activation`, `layer` the one with the kernel
    before it. `labels` are the smallest and largest, `one_hot` says that the
    data makes vectors of class numbers.
    """

    name: str
    end: str
    node: str
    activation: str
    layer: str | None
    loss: str
    call: Call | None
    spec: Spec | None
    target: Spec | None
    labels: tuple[float, float] | None
    one_hot: bool
    sound: bool

    @property
    def units(self) -> int | None:
        """The size of the last axis."""
        return self.spec.shape[-1] if self.spec is not None and self.spec.rank > 1 else None


class Context:
    """A project, its shapes and what is already known to be wrong with it."""

    def __init__(
        self,
        project: Project,
        shapes: dict[str, Shapes],
        problems: Iterable[Problem],
        folder: Path = Path(),
    ):
        self.project = project
        self.folder = folder
        self.problems = tuple(problems)
        wrong = [p for p in self.problems if p.severity == ERROR]
        # A metric that can't read the labels leaves the output and its loss sound.
        self.bad = frozenset((p.graph, p.node) for p in wrong if p.code != "label-metric")
        self.bad_places = frozenset(p.place for p in wrong)
        self.unread = {p.place: p for p in wrong if p.code == "label-metric"}
        """Metrics, by their place, that can't compare the label with the output."""
        views = (
            View(
                name,
                graph,
                shapes.get(name, Shapes()),
                frozenset(p.node for p in wrong if p.graph == name),
            )
            for name, graph in project.graphs().items()
        )
        self.views = {view.name: view for view in views if view.sound}

    @property
    def model(self) -> View | None:
        """The model's graph; None where there is none that can be walked through."""
        return self.views.get("model")

    @property
    def data(self) -> View | None:
        """The data graph; None where there is none that can be walked through."""
        return self.views.get("data")

    @property
    def layered(self) -> Iterator[View]:
        """The graphs of layers: the model, then the blocks."""
        return (view for name, view in self.views.items() if name != "data")

    @property
    def training(self) -> Training | None:
        """What compile and fit are told."""
        return self.project.training

    def value(self, call: Call, param: str):
        """A parameter of a call of the training, or its default."""
        op = find(call.op)
        known = op.params.get(param) if op is not None else None
        return call.params.get(param, known.default) if known is not None else None

    @cached_property
    def callbacks(self) -> list[tuple[int, str, Call]]:
        """The sound callbacks with their index and name."""
        if self.training is None:
            return []
        return [
            (index, op.name, call)
            for index, call in enumerate(self.training.callbacks)
            if f"training.callbacks[{index}]" not in self.bad_places
            and (op := find(call.op)) is not None
        ]

    def elements(self, split: str = "train") -> Elements | None:
        """What reaches one of train, validation and test."""
        if self.data is None or split not in self.data.graph.outputs:
            return None
        found = self.data.shapes.at(self.data.graph.outputs[split])
        return found if isinstance(found, Elements) else None

    def stages(self, split: str = "train") -> set[str]:
        """The data nodes that a split hangs on."""
        if self.data is None or split not in self.data.graph.outputs:
            return set()
        return upstream(self.data.wiring, [self.data.graph.outputs[split].partition(".")[0]])

    def function(self, node: str) -> Call | None:
        """The ready-made function of a map stage."""
        value = self.data.value(node, "function")
        if not is_call(value) or not isinstance(value["op"], str):
            return None
        return Call(value["op"], value.get("params", {}))

    @cached_property
    def outputs(self) -> list[Output]:
        """The model's outputs whose loss, if any, is sound and goes with the labels."""
        return [each for each in self.all_outputs if each.sound]

    @cached_property
    def all_outputs(self) -> list[Output]:
        """The model's outputs, also those whose loss doesn't go with the labels."""
        if self.model is None or self.training is None:
            return []
        return [
            self._output(end)
            for end in self.model.graph.outputs
            if end.partition(".")[0] in self.model.graph.nodes
        ]

    def _output(self, end: str) -> Output:
        name, view = output_name(end), self.model
        node = end.partition(".")[0]
        last = source(view, node) if "." not in end else node
        call = self.training.losses.get(name)
        op = find(call.op) if call is not None else None
        target, labels = self._target(name)
        return Output(
            name,
            end,
            last or node,
            activation(view, last) if last is not None else "",
            kernel(view, last),
            op.name if op is not None else "",
            call,
            view.spec(end),
            target,
            labels,
            self._makes_one_hot,
            ("training", name) not in self.bad and node not in view.bad,
        )

    def _target(self, name: str) -> tuple[Spec | None, tuple[float, float] | None]:
        elements = self.elements() or self.elements("validation")
        if elements is None:
            return None, None
        found = label(elements.structure)
        if isinstance(found, dict):
            found = found.get(name)
        elif len(self.model.graph.outputs) > 1:
            found = None
        return (found, elements.labels) if isinstance(found, Spec) else (None, None)

    @cached_property
    def _makes_one_hot(self) -> bool:
        functions = [self.function(n) for n in self.stages() if self.data.kind(n) == "map"]
        return any(call is not None and call.op == "studio.map.one_hot" for call in functions)
