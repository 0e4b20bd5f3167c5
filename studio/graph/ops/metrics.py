"""Metrics: their parameters, and which labels go with which outputs.

A metric's rule gets (call, label, output), like a loss's. What Keras counts
though it says little (Accuracy on probabilities) is not refused here.
"""

from __future__ import annotations

from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Choice, Either, Float, Int, ListOf, OneCall, Type
from studio.graph.ops.labels import (
    AXIS,
    DTYPE,
    NAME,
    as_many,
    axis_of,
    axis_within,
    class_numbers,
    mended,
    numbers,
    same_shape,
    without,
)
from studio.graph.rule import Args
from studio.graph.spec import Refused, Spec, shape_text

_DTYPE = Choice((*DTYPE.values, "int16", "int32", "int64"))
_SHARE = Float(min=0, max=1)
_SMOOTHING = _SHARE
_K = Int(1)
_THRESHOLDS = Either((_SHARE, ListOf(_SHARE, empty=False)))


def _metrics(names: str, shown: str = "", check=None, **types: Type):
    """Describes metrics alike; as a decorator it also gives them their rule."""
    return describe(
        *(f"keras.metrics.{name}" for name in names.split()),
        family="metric",
        shown=shown,
        check=check,
        **({"name": NAME, "dtype": _DTYPE} | types),
    )


# --- element by element ---------------------------------------------------------------------------


def elementwise(p: Args, target: Spec, output: Spec) -> None:
    """Labels of the output's own shape; a last axis of 1 may be missing in one of them."""
    axis_within(axis_of(p), len(same_shape(target, output)))


def exact(p: Args, target: Spec, output: Spec) -> None:
    """Labels of the output's very shape: here Keras mends nothing, and would stretch the label."""
    axis_within(axis_of(p), len(same_shape(target, output, mend=False)))


_metrics(
    "Accuracy MeanSquaredError RootMeanSquaredError MeanAbsoluteError "
    "MeanAbsolutePercentageError MeanSquaredLogarithmicError LogCoshError"
)(elementwise)
_metrics("BinaryAccuracy", "threshold", threshold=Float())(elementwise)
_metrics("CosineSimilarity PearsonCorrelation ConcordanceCorrelation", "axis", axis=AXIS)(
    elementwise
)
_metrics("KLDivergence Poisson Hinge SquaredHinge CategoricalHinge CategoricalAccuracy")(exact)
_metrics("BinaryCrossentropy", "from_logits", label_smoothing=_SMOOTHING)(exact)
_metrics("CategoricalCrossentropy", "from_logits", label_smoothing=_SMOOTHING, axis=Int())(exact)


def _table(metric: str, target: Spec, output: Spec) -> None:
    if output.rank != 2 or output.shape[-1] is None:
        raise Refused(
            f"needs an output (batch, {metric}) of a known size, but it is "
            f"{shape_text(output.shape)}",
            "Flatten the output, or choose another metric.",
        )


@_metrics("F1Score", "average", threshold=Float(above=0, max=1, point=True))
@_metrics(
    "FBetaScore",
    "average beta",
    beta=Float(above=0, point=True),
    threshold=Float(above=0, max=1, point=True),
)
def f_score(p: Args, target: Spec, output: Spec) -> None:
    """One-hot labels (batch, classes) against a score for each class."""
    same_shape(target, output, mend=False)
    _table("classes", target, output)


@_metrics(
    "R2Score",
    "class_aggregation",
    class_aggregation=Choice(("uniform_average", "variance_weighted_average", None)),
    num_regressors=Int(0),
)
def r2_score(p: Args, target: Spec, output: Spec) -> None:
    """Measures (batch, size) against as many outputs."""
    shape = same_shape(target, output)
    _table("size", target, output.with_shape(shape))


# --- class numbers --------------------------------------------------------------------------------


@_metrics("SparseCategoricalAccuracy")
def sparse(p: Args, target: Spec, output: Spec) -> None:
    """Class numbers against a score for each class."""
    class_numbers(target, output)


def _scores(p: Args, output: Spec) -> None:
    """Keras lays all samples under each other to find the best, for which it needs the classes."""
    if output.rank < 2 or (output.rank > 2 and output.shape[-1] is None):
        raise Refused(
            f"needs a score for each of a known number of classes, but the output is "
            f"{shape_text(output.shape)}",
            "Let the last layer give a unit for each class.",
        )
    # Of sorted ids Keras only looks which they are.
    if output.dtype != "float32" and not getattr(p, "from_sorted_ids", False):
        raise Refused(
            f"looks for the best in float32 only, but the output is {output.dtype}",
            "Set the dtype of the last layer to float32.",
        )


@_metrics("TopKCategoricalAccuracy", "k", k=_K)
def top_k(p: Args, target: Spec, output: Spec) -> None:
    """One-hot labels against a score for each class."""
    same_shape(target, output, mend=False)
    _scores(p, output)


@_metrics("SparseTopKCategoricalAccuracy", "k", k=_K)
def sparse_top_k(p: Args, target: Spec, output: Spec) -> None:
    """Class numbers against a score for each class."""
    _scores(p, output)
    numbers(target)
    if not target.shape or not as_many(target.shape, output.shape[:-1]):
        class_numbers(target, output)


@_metrics("SparseCategoricalCrossentropy", "from_logits", ignore_class=Int(), axis=Int())
def sparse_crossentropy(p: Args, target: Spec, output: Spec) -> None:
    """Class numbers against scores in the last axis."""
    class_numbers(target, output)
    if p.axis not in (-1, output.rank - 1):
        raise Refused(
            f"finds the scores in the last axis only, but axis is {p.axis}", "Set axis to -1."
        )


def _targets(p: Args) -> None:
    """The classes that are looked at are among the classes there are."""
    classes = getattr(p, "num_classes", 2)
    if max(p.target_class_ids) >= classes:
        raise Refused(
            f"looks at class {max(p.target_class_ids)} of target_class_ids, but there are "
            f"{classes} classes, from 0 to {classes - 1}",
            "Raise num_classes, or leave that class out.",
        )


_IDS = ListOf(Int(), empty=False)
_CLASSES: dict[str, Type] = {"num_classes": _K, "ignore_class": Int(), "axis": Int()}


@_metrics("IoU OneHotIoU", "num_classes", _targets, target_class_ids=_IDS, **_CLASSES)
@_metrics("MeanIoU OneHotMeanIoU", "num_classes", **_CLASSES)
@_metrics("BinaryIoU", "threshold", _targets, target_class_ids=_IDS, threshold=Float())
def iou(p: Args, target: Spec, output: Spec) -> None:
    """Class numbers, or scores of which the highest counts, for as many places on both sides."""
    numbers(target)
    if getattr(p, "axis", -1) not in (-1, 0):
        # Its result is summed along the same axis, though there is only one by then.
        raise Refused(f"fails in Keras with axis {p.axis}", "Set axis to -1.")
    shapes = []
    own = (("label", target, "sparse_y_true"), ("output", output, "sparse_y_pred"))
    for what, spec, name in own:
        # A metric that lacks the one parameter (OneHotIoU: sparse_y_true) has scores there.
        plain = getattr(p, name, not hasattr(p, "sparse_y_pred"))
        if not plain:
            axis_within(p.axis, spec.rank)
            if p.axis == 0:
                raise Refused(
                    f"finds the classes of the {what} along axis 0, which is that of the samples",
                    "Set axis to -1.",
                )
        shapes.append(spec.shape if plain else without(spec.shape, p.axis))
        if not shapes[-1]:
            raise Refused(f"needs a class number a sample, but the {what} has shape {spec.shape}")
    if not as_many(*shapes):
        raise Refused(
            f"compares classes place by place, but the label gives {shape_text(shapes[0])} of "
            f"them and the output {shape_text(shapes[1])}",
            "Scores by class count as one place: see sparse_y_true and sparse_y_pred.",
        )


# --- right or wrong by thresholds -----------------------------------------------------------------


def confusion(p: Args, target: Spec, output: Spec) -> None:
    """Labels of 0 and 1 against as many probabilities."""
    numbers(target)
    shape, wanted = mended(target.shape, output.shape)
    top, chosen = getattr(p, "top_k", None), getattr(p, "class_id", None)
    several = getattr(p, "multi_label", False)
    if top is not None or chosen is not None or several:
        same_shape(target, output)
    elif not shape or not wanted or not as_many(shape, wanted):
        same_shape(target, output)
        raise Refused("compares the label element by element with the output")
    classes = wanted[-1] if len(wanted) > 1 else 0
    if chosen is not None and classes == 0:
        raise Refused(
            f"looks at class {chosen}, but the output {shape_text(output.shape)} has no axis of "
            "classes",
            "Set class_id to null.",
        )
    if chosen is not None and classes is not None and not -classes <= chosen < classes:
        raise Refused(
            f"looks at class {chosen}, but the output has the classes 0 to {classes - 1}",
            "Lower class_id.",
        )
    if top is not None and wanted[-1] is not None and top > wanted[-1]:
        raise Refused(
            f"looks at the best {top}, but the output has {wanted[-1]} classes", "Lower top_k."
        )


_COUNT: dict[str, Type] = {"class_id": Int(), "num_thresholds": Int(1)}
_metrics(
    "TruePositives TrueNegatives FalsePositives FalseNegatives",
    "thresholds",
    thresholds=_THRESHOLDS,
)(confusion)
_metrics("Precision Recall", "thresholds", thresholds=_THRESHOLDS, top_k=_K, class_id=Int())(
    confusion
)
_metrics("SensitivityAtSpecificity", "specificity", specificity=_SHARE, **_COUNT)(confusion)
_metrics("SpecificityAtSensitivity", "sensitivity", sensitivity=_SHARE, **_COUNT)(confusion)
_metrics("PrecisionAtRecall", "recall", recall=_SHARE, **_COUNT)(confusion)
_metrics("RecallAtPrecision", "precision", precision=_SHARE, **_COUNT)(confusion)


def _labels(p: Args) -> None:
    if p.num_labels and not p.multi_label:
        raise Refused(
            "needs num_labels only where every output is a label of its own",
            "Set multi_label to true, or num_labels to null.",
        )


@_metrics(
    "AUC",
    "curve",
    _labels,
    num_thresholds=Int(2),
    curve=Choice(("ROC", "PR", "PRGAIN", "roc", "pr", "prgain")),
    summation_method=Choice(
        ("interpolation", "minoring", "majoring", "Interpolation", "Minoring", "Majoring")
    ),
    thresholds=ListOf(_SHARE, empty=False),
    num_labels=Int(0),
    label_weights=ListOf(Float(min=0), empty=False),
)
def auc(p: Args, target: Spec, output: Spec) -> None:
    """Labels of 0 and 1 against as many probabilities; by column where multi_label is set."""
    confusion(p, target, output)
    columns = output.shape[-1] if output.shape else None
    if p.multi_label and output.rank != 2:
        raise Refused(
            f"takes an output (batch, labels) with multi_label, but it is "
            f"{shape_text(output.shape)}",
            "Set multi_label to false.",
        )
    weights = None if p.label_weights is None else len(p.label_weights)
    for name, count in (("num_labels", p.num_labels), ("label_weights", weights)):
        if count and p.multi_label and columns is not None and columns != count:
            raise Refused(
                f"has {count} in {name}, but the output has {columns} columns",
                f"Give {columns} in {name}.",
            )


# --- no metrics of an output ----------------------------------------------------------------------


@_metrics("Mean Sum")
def of_values(p: Args, target: Spec, output: Spec) -> None:
    """They take one list of values, and would take the output for weights of the label."""
    raise Refused(
        "takes values and their weights, not a label and an output",
        "Use a metric that compares them, such as keras.metrics.MeanAbsoluteError.",
    )


_metrics(
    "MeanMetricWrapper",
    "fn",
    fn=OneCall(("loss_function", "metric_function", "loss", "code"), names=False),
)
