"""The one pass over a split: what Keras says of each batch, and what each output gave."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from studio.engine.evaluation.binary import Binary
from studio.engine.evaluation.cells import Cells
from studio.engine.evaluation.classes import Classes
from studio.engine.evaluation.features import sample_of, smaller
from studio.engine.evaluation.keeping import Misfit, Worst
from studio.engine.evaluation.labels import Labels
from studio.engine.evaluation.output import Output
from studio.engine.evaluation.values import Values
from studio.graph.problems import StudioError, quoted

KINDS: dict[str, type[Output]] = {each.kind: each for each in (Classes, Binary, Labels, Values)}

Tell = Callable[[int, int | None, int], None]
"""Told after each batch: batches done, how many there are (None: not known), samples done."""


class Seen:
    """What a pass has found."""

    def __init__(self, about: list[dict[str, Any]]):
        self.outputs = {each["output"]: KINDS[each["kind"]](each) for each in about}
        self.worst = {each["output"]: Worst() for each in about}
        self.cells = {each["output"]: Cells() for each in about}
        self.left_out: dict[str, str] = {}
        """Outputs that can't be held against anything, and why."""
        self.keras: dict[str, Any] = {}
        self.samples = 0

    def leave_out(self, name: str, why: str) -> None:
        """Tells nothing of an output but the reason."""
        self.left_out[name] = why
        self.outputs.pop(name, None)
        self.worst.pop(name, None)
        self.cells.pop(name, None)


def go_through(model: Any, dataset: Any, about: list[dict[str, Any]], tell: Tell) -> Seen:
    """Takes each batch of a dataset once.

    The predictions are the very tensors that the metrics of Keras get. Of features only those of
    the worst samples are kept. Raises StudioError where no output has anything to be held against.
    """
    import keras

    spec = dataset.element_spec
    graded = model.compiled and _labelled(spec, about)
    seen, step = Seen(about), _step(model, spec, graded)
    features = spec[0] if isinstance(spec, tuple) else spec
    batches = int(dataset.cardinality())
    if graded:
        model.reset_metrics()
    for done, batch in enumerate(dataset, 1):
        x, y, _ = keras.utils.unpack_x_y_sample_weight(batch)
        given, masks = step(batch)
        size = _take(seen, x, features, _by_name(y, about), given, masks)
        if not seen.outputs:
            raise StudioError(" ".join(seen.left_out.values()))
        seen.samples += size
        tell(done, batches if batches > 0 else None, seen.samples)
    if not seen.samples:
        raise StudioError("The split has no samples: there is nothing to evaluate.")
    if graded:
        found = {name: np.asarray(value) for name, value in model.get_metrics_result().items()}
        seen.keras = {name: value.tolist() for name, value in found.items()}
    return seen


def _labelled(spec: Any, about: list[dict[str, Any]]) -> bool:
    """Whether there are labels for all outputs, without which Keras can't grade any."""
    y = spec[1] if isinstance(spec, tuple) and len(spec) > 1 else None
    return y is not None and not (isinstance(y, dict) and {e["output"] for e in about} - set(y))


def _step(model: Any, spec: Any, graded: bool) -> Callable[[Any], tuple[Any, Any]]:
    """A compiled function of a batch: what the outputs give, and their masks.

    Where it is `graded`, it is Keras' own test_step, and so its losses and metrics go on too. What
    is known of a batch's shape is what `evaluate` of Keras knows, since it weighs by that.
    """
    import keras
    import tensorflow as tf

    own = model.compute_metrics

    def step(batch: Any) -> tuple[Any, Any]:
        held: list[Any] = []
        if graded:

            def kept(x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
                held.append(y_pred)
                return own(x, y, y_pred, sample_weight)

            model.compute_metrics = kept
            model.test_step(batch)
            model.compute_metrics = own
        if not held:
            x, _, _ = keras.utils.unpack_x_y_sample_weight(batch)
            held.append(model(x, training=False))
        masks = tf.nest.map_structure(lambda each: getattr(each, "_keras_mask", None), held[-1])
        return held[-1], masks

    return tf.function(step, input_signature=[spec])


def _by_name(given: Any, about: list[dict[str, Any]]) -> dict[str, Any]:
    """Tensors by output, as Keras finds them: by name, in order, or the only one."""
    names = [each["output"] for each in about]
    if isinstance(given, dict):
        return {name: given.get(name) for name in names}
    several = given if isinstance(given, (list, tuple)) else [given]
    return dict(zip(names, [*several, *[None] * len(names)], strict=False))


def _take(seen: Seen, x: Any, spec: Any, y: dict[str, Any], given: Any, masks: Any) -> int:
    """Hands a batch to each output; the number of its samples."""
    import tensorflow as tf

    about = [{"output": name} for name in y]
    given, masks = _by_name(given, about), _by_name(masks, about)
    size = int(tf.nest.flatten(x)[0].shape[0])
    begun = seen.samples
    for name, output in list(seen.outputs.items()):
        try:
            true, value = _array(name, "labels", y[name]), _array(name, "output", given[name])
            mask = masks[name].numpy() if masks[name] is not None else None
            losses = output.take(true, value, mask)
        except Misfit as misfit:
            seen.leave_out(name, str(misfit))
            continue

        def describe(at: int, output: Output = output) -> dict[str, Any]:
            told = {"index": begun + at, **output.sample(at)}
            pictures = {name: smaller(each) for name, each in told.pop("pictures", {}).items()}
            return told | {"features": sample_of(spec, x, at), "pictures": pictures}

        seen.worst[name].offer(losses, describe)
        cells = output.cells()
        if cells is not None:
            seen.cells[name].offer(*cells, losses, describe, output.right)
    return size


def _array(name: str, what: str, value: Any) -> np.ndarray:
    """A tensor as an array of numbers; Misfit where there is none."""
    import tensorflow as tf

    if value is None:
        more = "no labels, so there is nothing to hold it against"
        raise Misfit(
            f"{quoted(name)} has {more}."
            if what == "labels"
            else f"The model gives no output {quoted(name)}."
        )
    if isinstance(value, (tf.RaggedTensor, tf.SparseTensor)):
        raise Misfit(
            f"The {what} of {quoted(name)} are of the kind {type(value).__name__}: expected a "
            "tensor. Put a stage that pads them before the batch."
        )
    array = np.asarray(value)
    if array.dtype.kind in "OSU":
        raise Misfit(f"The {what} of {quoted(name)} are texts: expected numbers.")
    return array
