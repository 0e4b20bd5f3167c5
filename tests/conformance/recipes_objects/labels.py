"""Losses and metrics on labels and outputs of random specs: does Studio's rule say what Keras does?

Keras' answer is that of a training: the call is traced on the two specs, unknown
sizes and all, and what was traced is run on arrays in which these have sizes.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from studio.graph.catalogue.registry import find
from studio.graph.rule import Args
from studio.graph.spec import FLOATS, Refused, Shape, Spec
from tests.conformance.case import Case
from tests.conformance.recipes_objects.values import ObjectDraw

BATCH = 4
PARAMS: dict[str, dict[str, Any]] = {
    "axis": {"loss": [-1, -1, -1, 0, 1, 2, -2, 3], "metric": [-1, -1, -1, 0, 1, 2, -2, 3]},
    "from_logits": {"loss": [True], "metric": [True]},
    "reduction": {"loss": [None, "sum", "mean_with_sample_weight"]},
    "dtype": {"loss": ["float64", "float16", "mixed_float16"]},
    "label_smoothing": {"loss": [0.1], "metric": [0.1]},
    "ignore_class": {"loss": [0, -1], "metric": [0]},
    "class_id": {"metric": [0, 1, 2, 5]},
    "top_k": {"metric": [1, 2, 5]},
    "k": {"metric": [1, 2, 5]},
    "thresholds": {"metric": [0.3, [0.2, 0.8], [0.0, 0.5, 1.0]]},
    "sparse_y_true": {"metric": [False]},
    "sparse_y_pred": {"metric": [False, True]},
    "multi_label": {"metric": [True]},
    "num_labels": {"metric": [3]},
    "label_weights": {"metric": [[0.1, 0.2, 0.7]]},
    "average": {"metric": ["micro", "macro", "weighted"]},
    "class_aggregation": {"metric": [None, "variance_weighted_average"]},
    "remove_diagonal": {"loss": [False]},
    "from_sorted_ids": {"metric": [True]},
    "num_thresholds": {"metric": [3]},
}
GIVEN: dict[str, Any] = {
    "num_classes": 3,
    "target_class_ids": [0, 1],
    "specificity": 0.5,
    "sensitivity": 0.5,
    "recall": 0.5,
    "precision": 0.5,
}

_UNMENDED = ("KLDivergence", "Poisson", "Hinge")
_FROM_CLASS_NUMBERS = ("SparseCategoricalCrossentropy", "CategoricalGeneralizedCrossEntropy")
STRICTER: tuple[tuple[str, str, Callable[[Case], bool]], ...] = (
    (
        "*",
        "the label has another shape than the output and is stretched over it (broadcast): "
        "every sample is compared with the labels of others, or with one for all",
        lambda case: _stretched(*_both(case)),
    ),
    (
        "keras.losses.*",
        "a label that is a measure is cut to a class number",
        lambda case: (
            case.op.endswith((*_FROM_CLASS_NUMBERS, "CTC", "Circle"))
            and case.inputs["label"].dtype in FLOATS
        ),
    ),
    (
        "keras.losses.*",
        "of one class it is always that one: nothing is learnt",
        lambda case: (
            case.op.endswith((*_FROM_CLASS_NUMBERS, "CTC"))
            and (case.inputs["output"].rank < 2 or case.inputs["output"].shape[-1] == 1)
        ),
    ),
    (
        "keras.losses.CategoricalGeneralizedCrossEntropy",
        "it makes the label one-hot, which with another shape is stretched over the output",
        lambda case: case.inputs["label"].shape != case.inputs["output"].shape[:-1],
    ),
    (
        "keras.losses.Circle",
        "one class number for all samples, or several for one, or vectors that are none",
        lambda case: case.inputs["label"].rank != 1 or case.inputs["output"].rank < 2,
    ),
    (
        "keras.metrics.*",
        "unlike the loss of its name it adds no last axis of 1, and is stretched without",
        lambda case: case.op.endswith(_UNMENDED) and _differ(case),
    ),
    (
        "keras.metrics.*CategoricalAccuracy",
        "the best of the label, of other classes or of all samples, is compared with each output's",
        lambda case: "Sparse" not in case.op and _differ(case),
    ),
    (
        "keras.metrics.SparseCategoricalAccuracy",
        "class numbers of another shape are stretched over the samples",
        lambda case: case.inputs["label"].rank != case.inputs["output"].rank - 1,
    ),
    (
        "keras.metrics.SparseTopKCategoricalAccuracy",
        "several class numbers a sample are stretched over the samples",
        lambda case: (
            bool(case.params.get("from_sorted_ids"))
            and case.inputs["label"].rank == case.inputs["output"].rank
        ),
    ),
    (
        "keras.metrics.*IoU",
        "the best of all samples is taken for the class of one, or a batch of one is stretched",
        lambda case: (
            case.params.get("axis") == 0
            or any(s.rank < 2 or s.shape[0] == 1 for s in case.inputs.values())
        ),
    ),
    (
        "keras.metrics.*",
        "the label has other classes than the output",
        lambda case: case.params.get("class_id") is not None and _differ(case),
    ),
    (
        "keras.metrics.AUC",
        "the counts of one column are stretched over those of several",
        lambda case: bool(case.params.get("multi_label")) and case.inputs["output"].shape[-1] == 1,
    ),
    (
        "keras.metrics.*",
        "it takes the output for the weights of the label",
        lambda case: case.op in ("keras.metrics.Mean", "keras.metrics.Sum"),
    ),
)
"""(op, why its rule refuses labels that Keras takes, which labels these are)."""


def draw_labels(path: str, number: int, seed: int = 0) -> Case:
    """A call with the specs of a label and an output, which go together in most cases."""
    draw = ObjectDraw(f"labels {path} {number} {seed}")
    op = find(path)
    assert op is not None
    params = {name: GIVEN[name] for name in op.params if name in GIVEN}
    for name in op.params:
        if op.kind in PARAMS.get(name, {}) and draw.chance(0.2):
            params[name] = draw.one(PARAMS[name][op.kind])
    batch = None if draw.chance(0.8) else BATCH
    rank = draw.one([1, 2, 2, 2, 2, 3, 3, 4])
    sizes = [None if draw.chance(0.08) else draw.one([1, 2, 3, 3, 3]) for _ in range(rank - 1)]
    output = (batch, *sizes)
    target = draw.one(_TARGETS)(draw, output)
    if draw.odd():
        target = tuple(draw.one([size, None, 2]) for size in target)
    dtypes = ["float32", "int32", "int64", "float16", "bool", "uint8"]
    dtype = "string" if draw.chance(0.03) else draw.one(dtypes)
    kind = "float32" if draw.chance(0.9) else draw.one(["float16", "float64"])
    return Case(path, params, {"label": Spec(target, dtype), "output": Spec(output, kind)})


def _without_last(draw: ObjectDraw, output: Shape) -> Shape:
    return output[:-1] if len(output) > 1 else output


_TARGETS = (
    lambda draw, output: output,
    lambda draw, output: output,
    _without_last,
    _without_last,
    lambda draw, output: (*_without_last(draw, output), 1),
    lambda draw, output: (*output, 1),
    lambda draw, output: output[:1],
    lambda draw, output: (*output[:-1], draw.size(1, 4)),
    lambda draw, output: (),
    lambda draw, output: (draw.size(1, 5), *output[1:]),
)


def compare(case: Case) -> tuple[str, str]:
    """(what both say, empty where they disagree; the disagreement in words)."""
    from tests.conformance.recipes_objects.made import make, reason

    op = find(case.op)
    assert op is not None and op.rule is not None
    target, output = case.inputs["label"], case.inputs["output"]
    mine = ""
    try:
        op.rule(Args(op.filled(case.params)), target, output)
    except Refused as refused:
        mine = refused.message
    except Exception as error:
        return "", f"{case}\n    studio: BROKEN {type(error).__name__}: {error}"
    if reason(lambda: make(case.op, case.params)):
        return "not made", ""
    theirs = reason(lambda: _run(case, target, output))
    if bool(mine) == bool(theirs):
        return ("refused" if mine else "taken"), ""
    if mine and stricter(case):
        return "stricter", ""
    unknown = None in (*target.shape[1:], *output.shape[1:])
    if unknown and theirs.startswith("InvalidArgumentError"):
        return "hangs on sizes", ""  # it could be traced; other sizes than ours would have done
    return "", f"{case}\n    keras:  {theirs or 'takes it'}\n    studio: {mine or 'takes it'}"


def stricter(case: Case) -> str:
    """Why Studio refuses a label that Keras takes; empty where it must not."""
    return next(
        (why for op, why, those in STRICTER if fnmatchcase(case.op, op) and those(case)), ""
    )


def _stretched(target: tuple[int, ...], output: tuple[int, ...]) -> bool:
    """Whether the two differ by more than a last axis of 1, and numpy would bring them together."""
    if _squeezed(target) == _squeezed(output):
        return False
    try:
        return bool(np.broadcast_shapes(target, output)) or target == ()
    except ValueError:
        return False


def _differ(case: Case) -> bool:
    return case.inputs["label"].shape != case.inputs["output"].shape


def _squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape


def _both(case: Case) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return sizes_of(case.inputs["label"].shape, case.inputs["output"].shape)


def _run(case: Case, target: Spec, output: Spec) -> None:
    import tensorflow as tf

    from tests.conformance.recipes_objects.made import make

    made = make(case.op, case.params)
    call = made if case.op.startswith("keras.losses.") else made.update_state
    signature = [tf.TensorSpec(spec.shape, spec.dtype) for spec in (target, output)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = tf.function(lambda label, scores: call(label, scores), input_signature=signature)
        sizes = sizes_of(target.shape, output.shape)
        traced(
            tf.constant(array_of(target, sizes[0], sizes[1][-1:] != (1,))),
            tf.constant(array_of(output, sizes[1])),
        )
        if hasattr(made, "result"):
            made.result()


def sizes_of(target: Shape, output: Shape) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Sizes for what is unknown, the same in both where there is a way to it."""
    filled = []
    for one, other in ((target, output), (output, target)):
        sizes = []
        for axis, size in enumerate(one):
            if size is None and axis < len(other):
                size = other[axis]
            sizes.append((3 if axis else BATCH) if size is None else size)
        filled.append(tuple(sizes))
    return filled[0], filled[1]


def array_of(spec: Spec, shape: tuple[int, ...], classes: bool = True) -> np.ndarray:
    """Numbers, or texts, of a spec; `classes`: whether there is more than one class."""
    random = np.random.default_rng(len(shape))
    if spec.dtype == "string":
        return np.full(shape, "a")
    if spec.dtype in FLOATS:
        return random.uniform(0.05, 0.95, shape).astype(spec.dtype)
    return random.integers(0, 2 if classes else 1, shape).astype(spec.dtype)
