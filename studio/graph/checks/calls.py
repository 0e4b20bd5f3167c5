"""Each call against the catalogue: is there such an op, are its parameters right?"""

from __future__ import annotations

from collections.abc import Iterator
from keyword import iskeyword
from typing import Any

from msgspec import Struct, field

from studio.graph.catalogue import types
from studio.graph.catalogue.op import Op, Param
from studio.graph.catalogue.registry import aliases, find, paths, short_names
from studio.graph.checks.structure import identifier_problem
from studio.graph.code import CLASSES, outline
from studio.graph.document import Block, Code, Graph, Node, Project, is_call, references
from studio.graph.ports import op_of, problem_at
from studio.graph.problems import ERROR, Problem, article, nearest, quoted
from studio.graph.rule import Args
from studio.graph.spec import Refused

MOST_HINTS = 20
"""Unknown ops for which the nearest names are looked up, which takes some milliseconds each."""

STAGES = ("source", "stage")
LAYERS = ("layer", "input", "function", "application", "activation")


Said = tuple[str, str, str]
"""What is wrong with a call: code, message, hint."""


class KnownCalls(Struct):
    """What was wrong with each node's call when a project was last looked through."""

    blocks: dict[str, Block] = field(default_factory=dict)
    code: dict[str, Code] = field(default_factory=dict)
    graphs: dict[str, dict[str, tuple[Node, list[Said]]]] = field(default_factory=dict)


def check_calls(project: Project, known: KnownCalls | None = None) -> list[Problem]:
    """Every wrong call in a project's graphs and training.

    With `known`, which is brought up to date, only nodes that changed are looked at.
    """
    return list(_Checker(project).problems(known or KnownCalls()))


def problems_of_call(
    op: str, params: dict[str, Any], kinds: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    """(message, hint) of everything wrong with a call that stands in no project."""
    for _, message, hint in _Checker(Project()).call(op, params, kinds):
        yield message, hint


class _Checker:
    def __init__(self, project: Project):
        self.project = project
        self.hints = 0

    def problems(self, known: KnownCalls) -> Iterator[Problem]:
        project, graphs = self.project, {}
        # Any node may call a block or the user's code.
        same = known.blocks is project.blocks and known.code is project.code
        for name, graph in project.graphs().items():
            before = known.graphs.get(name, {}) if same else {}
            graphs[name] = now = {}
            for node in graph.nodes.values():
                said = before.get(node.id)
                # What a shared layer takes hangs on the node that makes it.
                if said is None or said[0] is not node or node.shares is not None:
                    said = (node, list(self.node(name, graph, node)))
                now[node.id] = said
                for each in said[1]:
                    yield problem_at(name, graph, node.id, *each)
        known.blocks, known.code, known.graphs = project.blocks, project.code, graphs
        for name, block in project.blocks.items():
            place = f"blocks.{name}.parameters"
            for value in block.parameters.values():
                for code, message, hint in self.inside(value, None):
                    yield Problem(ERROR, code, f"block:{name}", "", message, hint, place)
        yield from self.training()
        strategy = project.distribution
        if strategy is not None:
            for code, message, hint in self.call(strategy.op, strategy.params, ("strategy",)):
                yield Problem(ERROR, code, "training", "", message, hint, "distribution")
        for index, each in enumerate(project.exports):
            for code, message, hint in self.call(each.op, each.params, ("export",)):
                yield Problem(ERROR, code, "training", "", message, hint, f"exports[{index}]")

    def node(self, name: str, graph: Graph, node: Node) -> Iterator[Said]:
        """What is wrong with the call of a node."""
        if node.bypass:
            return
        if node.op is None:
            yield from self.shared(graph, node)
            return
        if node.repeat != 1 and not node.op.startswith("block:"):
            yield "bad-param", "repeat is for blocks.", "Group the node into a block."
        if node.op.startswith("block:"):
            yield from self.block_call(node, graph)
            return
        kinds = STAGES if name == "data" else LAYERS
        if isinstance(graph, Block) and node.op == "keras.Input" and node.id in graph.inputs:
            return  # a block's input takes the shape of what is fed
        yield from self.call(node.op, node.params, kinds, graph)

    def shared(self, graph: Graph, node: Node) -> Iterator[Said]:
        """What is wrong with the call of another node's layer; that it takes it is known."""
        op = op_of(graph, node)
        own = op.of_call(node.params) if op is not None else {}
        for key, value in own.items():
            if references(value):
                yield from self.references(value, graph)
            else:
                yield from self.value(op, op.params[key], value, graph)

    def block_call(self, node: Node, graph: Graph) -> Iterator[Said]:
        """A node that stands for a block, against the block's parameters."""
        name = node.op[6:]
        block = self.project.blocks.get(name)
        if block is None:
            hint = nearest(name, self.project.blocks) or "Define it under blocks."
            yield "lost-block", f"uses the block {quoted(name)}, which isn't there.", hint
            return
        for param, value in node.params.items():
            yield from self.inside(value, graph)
            if param not in block.parameters:
                hint = nearest(param, block.parameters) or (
                    f"It has {', '.join(block.parameters) or 'none'}."
                )
                yield "unknown-param", f"the block has no parameter {quoted(param)}.", hint

    def call(
        self, path: Any, params: Any, kinds: tuple[str, ...], graph: Graph | None = None
    ) -> Iterator[Said]:
        """(code, message, hint) of everything wrong with a call, and with the calls in it."""
        if not isinstance(path, str) or not isinstance(params, dict):
            yield (
                "bad-param",
                f"the call {quoted({'op': path, 'params': params})} is not of the form "
                '{"op": ..., "params": {...}}.',
                "Write op as a text and params as an object.",
            )
            return
        if path.startswith("code:"):
            yield from self.code_call(path.removeprefix("code:"), params, graph)
            return
        op = find(path)
        if op is None:
            hint = self.unknown(path)
            yield "unknown-op", f"there is no op {quoted(path)}.", hint
            return
        if op.kind not in kinds:
            words = [article(kind.replace("_", " ")) for kind in kinds if kind != "code"]
            kind = article(op.kind.replace("_", " "))
            message = f"{path} is {kind}; here stands {' or '.join(words)}."
            yield "wrong-op", message, "Choose another op."
            return
        wrong = list(self.params(op, params, graph))
        yield from wrong or self.together(op, params)

    @staticmethod
    def together(op: Op, params: dict[str, Any]) -> Iterator[Said]:
        """What is wrong with parameters of which each is right; not inside a block's own."""
        if op.check is None or references(params):
            return
        try:
            op.check(Args(op.filled(params)))
        except Refused as refused:
            yield "bad-param", f"{op.name} {refused.message}.", refused.hint

    def code_call(self, name: str, params: dict[str, Any], graph: Graph | None) -> Iterator[Said]:
        """A call of the user's own code, against what its source defines."""
        code = self.project.code.get(name)
        if code is None:
            hint = nearest(name, self.project.code) or "Define it under code."
            yield "lost-code", f"uses the code {quoted(name)}, which isn't there.", hint
            return
        known = outline(name, code)
        if known.problems and known.problems[0][0] == ERROR:
            yield "lost-code", f"uses the code {quoted(name)}, which has errors.", "Mend it first."
            return
        if code.kind in CLASSES:
            for missing in (each for each in known.required if each not in params):
                yield "missing-param", f"{name} needs {missing}.", f"Give {missing}."
        for key, value in params.items():
            named = key.isidentifier() and not iskeyword(key)
            if not (named and known.anything) and key not in known.parameters:
                hint = nearest(key, known.parameters) or "Remove it."
                yield "unknown-param", f"{name} has no parameter {quoted(key)}.", hint
            yield from self.inside(value, graph)

    def inside(self, value: Any, graph: Graph | None) -> Iterator[tuple[str, str, str]]:
        """What is wrong in a value of which no catalogue knows what may stand there."""
        yield from self.references(value, graph)
        for inner in _calls(value):
            yield from self.call(inner["op"], inner.get("params", {}), (_kind_of(inner),), graph)

    def unknown(self, path: str) -> str:
        """The nearest ops: by their whole path, else by their last part."""
        self.hints += 1
        if self.hints > MOST_HINTS:
            return "An op is a public path, such as keras.layers.Dense."
        hint = nearest(path, (*paths(), *aliases()))
        if hint:
            return hint
        names = {known.rpartition(".")[2]: known for known in paths()}
        found = nearest(path.rpartition(".")[2], names)
        for name, whole in names.items():
            found = found.replace(f'"{name}"', f'"{whole}"')
        return found or "An op is a public path, such as keras.layers.Dense."

    def params(self, op: Op, params: dict[str, Any], graph: Graph | None) -> Iterator[Said]:
        for name in op.required:
            if name not in params:
                param = op.params[name]
                yield (
                    "missing-param",
                    f"{op.name} needs {name}.",
                    f"Give {name}: {param.expected()}.",
                )
        for name, value in params.items():
            param = op.param(name)
            if param is None and name and op.input(name) is not None:
                message = f"{op.name} takes {name} from an edge alone."
                yield "bad-param", message, f"Draw an edge to its {name}."
            elif param is None:
                hint = nearest(name, op.params) or f"It has {', '.join(op.params) or 'none'}."
                yield "unknown-param", f"{op.name} has no parameter {quoted(name)}.", hint
            elif references(value):
                yield from self.references(value, graph)
            else:
                yield from self.value(op, param, value, graph)

    def references(self, value: Any, graph: Graph | None) -> Iterator[Said]:
        """What a value is worth is known only where the block is used; its names are known here."""
        known = graph.parameters if isinstance(graph, Block) else {}
        for name in references(value):
            if name not in known:
                message = f"stands for the parameter {quoted(name)}, which isn't there."
                hint = nearest(name, known) or "Add it to the parameters of the block around it."
                yield "bad-param", message, hint

    def value(self, op: Op, param: Param, value: Any, graph: Graph | None) -> Iterator[Said]:
        if not param.accepts(value):
            message = f"{param.name} is {quoted(value)}, but {op.name} expects {param.expected()}."
            yield "bad-param", message, self.mend(param.type, value)
            return
        for name in value if param.keywords and value else ():
            why = identifier_problem(name)
            if why or op.param(name) is not None or op.input(name) is not None:
                message = f"{param.name} names {quoted(name)}, which can't be one: "
                message += f"{why or f'{op.name} has a parameter of that name'}."
                yield "bad-param", message, "Use letters, digits and underscores, a letter first."
        kinds = _call_kinds(param.type)
        for inner in _calls(value):
            function = find(inner["op"]) if isinstance(inner["op"], str) else None
            if function and function.kind in ("activation", "function") and inner.get("params"):
                message = f"{param.name} is a function, which can't be given parameters here."
                hint = "Use it as a layer of its own, such as keras.layers.LeakyReLU."
                yield "bad-param", message, hint
            for name in function.of_call(_given(inner)) if function else ():
                message = f"{name} belongs to a call of {function.name}, which is only made here."
                yield "bad-param", message, "Remove it, or use the layer as a node of its own."
            extra = [key for key in inner if key not in ("op", "params")]
            if extra:
                message = f"the call in {param.name} has an unknown key {quoted(extra[0])}."
                yield "bad-param", message, nearest(extra[0], ("op", "params")) or "Remove it."
            yield from self.call(
                inner.get("op"), inner.get("params", {}), kinds or (_kind_of(inner),), graph
            )
        if isinstance(value, str) and isinstance(param.type, types.OneCall):
            yield from self.short_name(op, param, value)

    @staticmethod
    def mend(kind: types.Type, value: Any) -> str:
        if isinstance(kind, types.Choice) and isinstance(value, str):
            return nearest(value, [v for v in kind.values if isinstance(v, str)]) or "Choose one."
        if isinstance(value, float) and value.is_integer() and kind.accepts(int(value)):
            return f"Write {int(value)}."
        if type(value) is int and abs(value) < 1e15 and kind.accepts(float(value)):
            return f"Write {float(value)}."
        if isinstance(value, str):
            try:
                if kind.accepts(int(value)):
                    return f"Write {int(value)}, without quotes."
            except ValueError:
                pass
        return "Change it, or leave it out for its default."

    @staticmethod
    def short_name(op: Op, param: Param, value: str) -> Iterator[Said]:
        known: set[str] = set()
        for kind in param.type.kinds:
            known |= set(short_names(kind)) if kind != "code" else set()
        if value not in known:
            message = f"{param.name} is {quoted(value)}, which Keras doesn't know."
            yield "bad-param", message, nearest(value, known) or "Choose another."

    def training(self) -> Iterator[Problem]:
        training = self.project.training
        if training is None:
            return

        def problems(call: Any, kinds: tuple[str, ...], place: str, node: str = ""):
            for code, message, hint in self.call(call.op, call.params, kinds):
                yield Problem(ERROR, code, "training", node, message, hint, f"training.{place}")

        if training.loop not in ("fit", "custom"):
            message = f"is {quoted(training.loop)}; expected fit or custom."
            yield Problem(
                ERROR, "bad-param", "training", "", message, "Choose one.", "training.loop"
            )
        if training.weights is not None:
            yield from problems(training.weights, ("weights",), "weights")
        if training.optimizer is not None:
            yield from problems(training.optimizer, ("optimizer",), "optimizer")
        for name, optimizer in training.optimizers.items():
            yield from problems(optimizer, ("optimizer",), f"optimizers.{name}")
        if training.train_step is not None:
            yield from problems(training.train_step, ("train_step",), "train_step")
        for output, loss in training.losses.items():
            yield from problems(loss, ("loss", "code"), f"losses.{output}", output)
        for kind in ("metrics", "weighted_metrics"):
            for output, metrics in getattr(training, kind).items():
                for index, metric in enumerate(metrics):
                    place = f"{kind}.{output}[{index}]"
                    yield from problems(metric, ("metric", "code"), place, output)
        for index, callback in enumerate(training.callbacks):
            yield from problems(callback, ("callback", "code"), f"callbacks[{index}]")


def _calls(value: Any) -> Iterator[dict[str, Any]]:
    """The outermost calls in a value."""
    if is_call(value):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _calls(item)
    elif isinstance(value, list):
        for item in value:
            yield from _calls(item)


def _given(call: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a call that may be malformed."""
    params = call.get("params")
    return params if isinstance(params, dict) else {}


def _call_kinds(kind: types.Type) -> tuple[str, ...]:
    """The kinds of call that a type takes, also inside lists and choices."""
    if isinstance(kind, types.OneCall):
        return kind.kinds
    if isinstance(kind, (types.ListOf, types.DictOf)):
        return _call_kinds(kind.item)
    if isinstance(kind, types.Either):
        return tuple(k for each in kind.types for k in _call_kinds(each))
    return ()


def _kind_of(call: dict[str, Any]) -> str:
    """Where the catalogue doesn't say what may stand, any known op may."""
    op = find(call["op"]) if isinstance(call.get("op"), str) else None
    return op.kind if op else "call"
