"""Sequences: steps that get lost, steps that nobody takes away, numbers beyond the vocabulary."""

from __future__ import annotations

from collections.abc import Iterator

from studio.graph.checks.advice.activations import DROPOUTS, PASSING
from studio.graph.checks.advice.context import Context
from studio.graph.checks.advice.fixes import insert, param, remove, step
from studio.graph.checks.advice.registry import Finding, advice
from studio.graph.checks.advice.view import View
from studio.graph.document import is_call
from studio.graph.edits import Edit
from studio.graph.problems import ERROR, Problem, quoted
from studio.graph.spec import INTEGERS
from studio.graph.targets import SPARSE

RECURRENT = ("LSTM", "GRU", "SimpleRNN")
STEP_BY_STEP = frozenset({*RECURRENT, "Bidirectional", "RNN"})
OF_STEPS = frozenset(
    {
        *(*STEP_BY_STEP, "TimeDistributed"),
        *("Conv1D", "SeparableConv1D", "MaxPooling1D", "AveragePooling1D"),
        *("GlobalMaxPooling1D", "GlobalAveragePooling1D"),
    }
)
KEEPING = frozenset({*DROPOUTS, "BatchNormalization", "LayerNormalization", "Activation"})


def _sequences(view: View, node: str) -> bool | None:
    """Whether a recurrent layer gives all its steps; None where it is no such layer."""
    if view.kind(node) in RECURRENT:
        return view.value(node, "return_sequences")
    if view.kind(node) == "Bidirectional":
        layer = view.value(node, "layer")
        name = str(layer["op"]).rpartition(".")[2] if is_call(layer) else ""
        return bool(layer.get("params", {}).get("return_sequences")) if name in RECURRENT else None
    return None


def _all_steps(view: View, node: str, wanted: bool) -> Edit | None:
    if not view.plain(node):
        return None
    title = f"Let {node} give {'all its steps' if wanted else 'its last step only'}"
    if view.kind(node) != "Bidirectional":
        return step(title, param(view, node, "return_sequences", wanted or None))
    layer = view.value(node, "layer")
    params = {k: v for k, v in layer.get("params", {}).items() if k != "return_sequences"}
    if wanted:
        params["return_sequences"] = True
    return step(title, param(view, node, "layer", {**layer, "params": params}))


@advice("no-sequence")
def no_sequence(context: Context) -> Iterator[Finding]:
    """The layer reads a sequence step by step, but the recurrent layer before it gives only its
    last step: a table of (batch, features) without an axis for the steps. Set `return_sequences`
    of the layer before to true; only the last recurrent layer of a stack leaves it off.
    """
    view = context.model
    for problem in _without_steps(context):
        node = problem.node
        before = _giver(view, node)
        if before is not None and _sequences(view, before) is False:
            yield Finding(
                node,
                problem.message,
                f"Set return_sequences of {quoted(before)} to true.",
                _all_steps(view, before, True),
                severity=ERROR,
                instead=problem,
            )


def _without_steps(context: Context) -> Iterator[Problem]:
    """Where the model's layers that read step by step are refused for a table of features."""
    view = context.model
    for problem in context.problems if view is not None else ():
        node = problem.node
        if problem.code != "shape" or problem.graph != "model" or node not in view.place:
            continue
        given = view.given(node)
        if view.kind(node) in OF_STEPS and given is not None and given.rank == 2:
            yield problem


def _giver(view: View, node: str) -> str | None:
    """What a node's first input comes from, past layers that keep the shape."""
    before: str | None = view.wiring.incoming[node][0].source_node
    while before is not None and view.kind(before) in KEEPING:
        before = view.before(before)
    return before


@advice("table-as-sequence")
def table_as_sequence(context: Context) -> Iterator[Finding]:
    """A recurrent layer reads (batch, steps, features), but here it gets (batch, features), a
    table without steps. Where the features are the steps of a series, give each a feature of its
    own by a Reshape; where a Flatten took the steps away, remove it; and where nothing follows
    upon another, a Dense layer is what is wanted.
    """
    view = context.model
    for problem in _without_steps(context):
        node = problem.node
        before = _giver(view, node)
        if view.kind(node) not in STEP_BY_STEP:
            continue
        if before is not None and _sequences(view, before) is False:
            continue  # no-sequence says it
        size = view.given(node).shape[-1]
        flat = before if view.kind(before) == "Flatten" else None
        if flat is not None and view.given(flat).rank == 3:
            hint, fix = f"Remove {quoted(flat)}, which takes the steps away.", remove(view, flat)
        else:
            steps = "a step each" if size is None else f"{size} steps of 1 feature"
            hint = f"Put keras.layers.Reshape before it, to make the features {steps}."
            end = view.wiring.incoming[node][0].source
            shape = [-1 if size is None else size, 1]
            wish = "steps"
            fix = insert(view, end, wish, "keras.layers.Reshape", only=node, target_shape=shape)
        yield Finding(node, problem.message, hint, fix, severity=ERROR, instead=problem)


@advice("steps-to-the-end")
def steps_to_the_end(context: Context) -> Iterator[Finding]:
    """The output still has an axis for the steps (words, times), but there is one label for the
    whole sequence. Dense layers work on each step by itself and never join them. Take the steps
    together before: by a GlobalAveragePooling1D or a Flatten behind the Embedding, or by a
    recurrent layer whose `return_sequences` is off.
    """
    view = context.model
    for output in context.all_outputs:
        if output.spec is None or output.target is None or "." in output.end:
            continue
        wanted = max(2, output.target.rank + (output.loss in SPARSE))
        if output.spec.rank != 3 or output.spec.rank <= wanted:
            continue
        node: str | None = output.end
        while node is not None and view.kind(node) != "Embedding" and not _sequences(view, node):
            node = view.before(node)
        if node is None or view.spec(node) is None or view.spec(node).rank != 3:
            continue
        if view.kind(node) == "Embedding":
            fix = insert(view, node, "mean", "keras.layers.GlobalAveragePooling1D")
        else:
            fix = _all_steps(view, node, False)
        yield Finding(
            node,
            f"gives a vector for each step, and nothing up to the output {quoted(output.name)} "
            "takes the steps together; there is one label for all of them.",
            "Put keras.layers.GlobalAveragePooling1D behind it, or a recurrent layer.",
            fix,
        )


@advice("small-vocabulary")
def small_vocabulary(context: Context) -> Iterator[Finding]:
    """Numbers reach the Embedding that its table has no row for: what makes them (a hash of
    words, a lookup) has more numbers than `input_dim`. On a CPU that stops the training with an
    error at the first such number, on a GPU it silently gives zeros. Set `input_dim` to the
    number of buckets, or of words in the vocabulary.
    """
    view = context.model
    if view is None:
        return
    for node in view.of("Embedding"):
        rows = view.value(node, "input_dim")
        before = view.before(node)
        while view.kind(before) in PASSING:
            before = view.before(before)
        count = _numbers(context, view, before) if before is not None else None
        if rows is None or count is None or count <= rows:
            continue
        title = f"Give {view.made(node).id} {count} rows"
        yield Finding(
            node,
            f"has {rows} rows, but {quoted(before)} gives numbers from 0 to {count - 1}.",
            f"Set input_dim to {count}.",
            step(title, param(view, node, "input_dim", count)),
            severity=ERROR,
        )


def _numbers(context: Context, view: View, node: str) -> int | None:
    """How many different numbers a node can give; None where that isn't known."""
    kind = view.kind(node)
    if kind in ("StringLookup", "IntegerLookup"):
        words, more = view.value(node, "vocabulary"), view.value(node, "num_oov_indices")
        if not isinstance(words, list) or view.value(node, "output_mode") != "int":
            return None
        return len(words) + more + (view.value(node, "mask_token") is not None)
    if kind == "Hashing":
        return view.value(node, "num_bins") if view.value(node, "output_mode") == "int" else None
    if kind == "Input" and context.data is not None:
        spec = view.spec(node)
        calls = [context.function(n) for n in context.stages() if context.data.kind(n) == "map"]
        hashes = [call for call in calls if call is not None and call.op.endswith(".hash_words")]
        if len(hashes) == 1 and spec is not None and spec.dtype in INTEGERS:
            buckets = hashes[0].params.get("buckets")
            return buckets if isinstance(buckets, int) else None
    return None


@advice("one-step")
def one_step(context: Context) -> Iterator[Finding]:
    """A recurrent layer gets sequences of a single step, so there is nothing to remember from one
    step to the next: it is a costly Dense layer. Mostly steps and features were exchanged in a
    Reshape or in the Input's shape, which is (steps, features). (A layer that keeps or is handed
    its state is meant to go step by step, and isn't reported.)
    """
    view = context.model
    if view is None:
        return
    for node in view.of(*RECURRENT):
        given = view.given(node)
        if given is None or given.rank != 3 or given.shape[1] != 1:
            continue
        states = len(view.wiring.incoming[node]) > 1
        states |= bool(view.value(node, "stateful") or view.value(node, "return_state"))
        if not states:
            yield Finding(
                node,
                f"gets sequences of 1 step with {given.shape[2]} features: there is nothing to "
                "remember from one step to the next.",
                "Give it the shape (steps, features), or use a Dense layer.",
            )
