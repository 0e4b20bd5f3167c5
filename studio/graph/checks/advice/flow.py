"""Nodes that change nothing, stand there twice, or lead nowhere."""

from __future__ import annotations

from collections.abc import Iterator

from studio.graph.checks.advice.activations import activation, source
from studio.graph.checks.advice.context import Context
from studio.graph.checks.advice.fixes import param, remove, set_activation, step
from studio.graph.checks.advice.registry import Finding, advice
from studio.graph.checks.advice.view import View
from studio.graph.edits import RemoveNodes
from studio.graph.problems import ERROR, quoted

POOLINGS = tuple(f"{kind}Pooling{rank}D" for kind in ("Max", "Average") for rank in (1, 2, 3))
SCALINGS = tuple(f"UpSampling{rank}D" for rank in (1, 2, 3))
BORDERS = tuple(f"{kind}{rank}D" for kind in ("ZeroPadding", "Cropping") for rank in (1, 2, 3))
REPEATED = ("relu", "relu6", "sigmoid", "softmax", "tanh")


def _only(value: object, number: int) -> bool:
    """Whether a number, or all in a list of lists, is this one."""
    if isinstance(value, (list, tuple)):
        return all(_only(each, number) for each in value)
    return value == number


def _idle(view: View, node: str) -> str:
    """Why a layer changes nothing; empty where it does something."""
    kind, given = view.kind(node), view.given(node)
    if kind == "Activation" and activation(view, node) == "linear":
        # With a dtype it is the way to cast the output of a mixed-precision model.
        return "" if "dtype" in view.made(node).params else "applies no function (linear)"
    if kind in POOLINGS:
        one = _only(view.value(node, "pool_size"), 1)
        still = view.value(node, "strides") is None or _only(view.value(node, "strides"), 1)
        return "pools windows of 1" if one and still else ""
    if kind == "Flatten":
        flat = given is not None and given.rank == 2 and not given.ragged
        return "gets a tensor that is flat already" if flat else ""
    if kind == "Reshape":
        made = view.spec(node)
        same = given is not None and made is not None and given.shape == made.shape
        return "gets a tensor of that shape already" if same and None not in made.shape[1:] else ""
    if kind in SCALINGS:
        return "scales by 1" if _only(view.value(node, "size"), 1) else ""
    side = view.value(node, "padding" if kind.startswith("Zero") else "cropping")
    return "adds or cuts a border of 0" if _only(side, 0) else ""


@advice("idle-layer")
def idle_layer(context: Context) -> Iterator[Finding]:
    """The layer gives exactly what it gets: an Activation that is linear, a pooling of windows of
    1, a Flatten of what is flat already, a Reshape to the same shape. It may be left over from
    another version of the model, or a parameter was forgotten. Remove it, or set what it should
    do.
    """
    for view in context.layered:
        for node in view.of("Activation", "Flatten", "Reshape", *POOLINGS, *SCALINGS, *BORDERS):
            casts = "dtype" in view.made(node).params
            why = "" if node in view.ends or casts else _idle(view, node)
            if why:
                hint = "Remove it, or set what it should do."
                yield Finding(
                    node,
                    f"{why}, so it changes nothing.",
                    hint,
                    remove(view, node),
                    graph=view.name,
                )


@advice("activation-twice")
def activation_twice(context: Context) -> Iterator[Finding]:
    """The same activation is applied twice in a row, mostly once as the parameter of a layer and
    once as a layer of its own. A second relu changes nothing; a second softmax, sigmoid or tanh
    flattens what the first one told apart. Keep one of the two.
    """
    for view in context.layered:
        for node in view.of("Activation", "ReLU", "Softmax"):
            name = activation(view, node)
            if name not in REPEATED or set(view.made(node).params) - {"activation", "name"}:
                continue
            first = source(view, view.before(node))
            if first is None or first in view.bad or activation(view, first) != name:
                continue
            fix = remove(view, node)
            if fix is None and view.after(first) is not None:
                fix = set_activation(view, first, None)
            effect = "changes nothing" if "relu" in name else "flattens the result"
            yield Finding(
                node,
                f"applies {name}, which {quoted(first)} has applied already; it {effect}.",
                "Keep one of the two.",
                fix,
                graph=view.name,
            )


@advice("same-tensor")
def same_tensor(context: Context) -> Iterator[Finding]:
    """A layer that merges tensors gets the same one twice. The sum is then the double of it, the
    difference 0, the maximum, minimum and mean the tensor itself: mostly one of the edges should
    have begun at another node. (Concatenate, which can repeat channels on purpose, and Multiply,
    which squares, are not reported.)
    """
    for view in context.layered:
        for node in view.of("Add", "Subtract", "Maximum", "Minimum", "Average"):
            ends = [edge.source for edge in view.wiring.incoming[node]]
            twice = next((end for end in ends if ends.count(end) > 1), None)
            if twice is not None:
                yield Finding(
                    node,
                    f"gets {quoted(twice)} twice.",
                    "Begin one of the edges at another node.",
                    graph=view.name,
                )


@advice("same-name")
def same_name(context: Context) -> Iterator[Finding]:
    """Two layers of the model have the same name. Keras finds layers, their weights and their
    outputs by name, and refuses such a model. A layer is called by its node's id where its `name`
    isn't set; leave `name` away, or give each its own.
    """
    view = context.model
    taken: dict[str, str] = {}
    for node in view.graph.nodes.values() if view is not None else ():
        if node.op is None or node.id not in view.used or node.id in view.bad:
            continue
        name = node.params.get("name") or node.id
        first = taken.setdefault(name, node.id) if isinstance(name, str) else node.id
        if first == node.id:
            continue
        # One of the two at least has a name that isn't its id.
        named = node.id if node.params.get("name") else first
        other = first if named == node.id else node.id
        yield Finding(
            named,
            f"has the name {quoted(name)}, as {quoted(other)} has; Keras refuses that.",
            "Leave name away, so that it is called by its id, or give it another.",
            step(f"Take the name of {named} away", param(view, named, "name", None)),
            severity=ERROR,
        )


@advice("idle-stage")
def idle_stage(context: Context) -> Iterator[Finding]:
    """The stage of the data leads to none of train, validation and test, so it is never run.
    Either an edge or an entry of the data's outputs is missing, or it is left over. Draw the
    edge, name it among the outputs, or remove it.
    """
    view = context.data
    if view is None or not view.used:
        return
    for node in view.graph.nodes:
        if node not in view.used:
            gone = behind(view, node)
            yield Finding(
                node,
                "leads to none of train, validation and test, so it is never run.",
                "Draw an edge from it, name it as an output, or remove it.",
                step(f"Remove {', '.join(gone)}", RemoveNodes("data", gone)),
                graph="data",
            )


def behind(view: View, node: str) -> tuple[str, ...]:
    """A node and all that hangs on it, by edges or by a shared layer, in the graph's order."""
    found, todo = set(), [node]
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        todo += view.users(name)
        if name in view.owners:
            todo += [n.id for n in view.graph.nodes.values() if n.shares == name]
    return tuple(name for name in view.graph.nodes if name in found)


@advice("seen-in-training")
def seen_in_training(context: Context) -> Iterator[Finding]:
    """The validation or the test is made of the very examples that the model trains on. Its
    numbers then say how well the model remembers, not how well it does on what it has not seen;
    they look best when it fits too closely. Put studio.data.split behind the source and use its
    parts, or take other files.
    """
    view = context.data
    if view is None:
        return
    outputs = view.graph.outputs
    trained = _origins(view, outputs["train"]) if "train" in outputs else set()
    for split in ("validation", "test"):
        if split not in outputs:
            continue
        shared = sorted(trained & _origins(view, outputs[split]))
        if shared:
            yield Finding(
                outputs[split].partition(".")[0],
                f"gives for {split} what {quoted(shared[0])} also gives for training.",
                "Put studio.data.split behind the source and use its parts.",
                graph="data",
            )


def _origins(view: View, end: str) -> set[str]:
    """The ends that an output's examples come from: a source, or one part of a division."""
    found, todo, seen = set(), [end], set()
    while todo:
        end = todo.pop()
        node = end.partition(".")[0]
        if end in seen or node not in view.wiring.incoming:
            continue
        seen.add(end)
        edges = view.wiring.incoming[node]
        if view.kind(node) in ("split", "take", "skip") or not edges:
            # Of the first port the name may be left out.
            found.add(f"{node}.train" if end == node and view.kind(node) == "split" else end)
        else:
            todo += [edge.source for edge in edges]
    return found
