"""A seeded sample of the comparison with Keras; `make conformance` runs the whole."""

from __future__ import annotations

import pytest

from studio.graph.catalogue.registry import find, paths
from studio.graph.ops.ops_creation import LEFT_OUT as CREATION
from studio.graph.ops.ops_shape import LEFT_OUT as SHAPE
from tests.conformance.__main__ import compare
from tests.conformance.recipes import draw_case, recipes
from tests.conftest import slow

CASES = 4
"""An op, in this sample."""

POLICIES = ("mixed_float16", "mixed_bfloat16", "float64", "bfloat16")

LEFT_OUT = CREATION | SHAPE


def kind(path: str) -> str:
    """The kind of an op."""
    return find(path).kind


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("path", [p for p in sorted(recipes()) if kind(p) != "application"])
def test_studio_and_keras_agree_on(path: str) -> None:
    differences = [compare(draw_case(path, number)) for number in range(CASES)]
    assert not any(differences), "\n".join(filter(None, differences))


MODELS = [path for path in sorted(recipes()) if kind(path) == "application"]
SMALL = ("MobileNet", "Mobile", "V2", "V3", "Small", "16", "50", "121", "B0", "Tiny", "Xception")


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    "path",
    [
        *[path for path in MODELS if path.endswith(SMALL)],
        *slow(*[path for path in MODELS if not path.endswith(SMALL)]),
    ],
)
def test_studio_and_keras_agree_on_the_model(path: str) -> None:
    # Half a second each, the large ones more.
    small = path.endswith(SMALL)
    differences = [compare(draw_case(path, number)) for number in range(2 if small else 1)]
    assert not any(differences), "\n".join(filter(None, differences))


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("path", [p for p in sorted(recipes()) if kind(p) == "layer"])
def test_studio_and_keras_agree_under_the_policy_of_a_training(path: str) -> None:
    cases = (draw_case(path, 9 + i, policy=policy) for i, policy in enumerate(POLICIES))
    assert not any(differences := list(map(compare, cases))), "\n".join(differences)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", ["MobileNetV2", *slow("ConvNeXtTiny", "EfficientNetV2B0")])
def test_studio_and_keras_agree_on_a_ready_made_model_under_a_policy(name: str) -> None:
    assert not compare(draw_case(f"keras.applications.{name}", 0, policy="mixed_float16"))


def test_the_sample_is_large_enough_to_mean_something() -> None:
    assert len(recipes()) * CASES >= 1500


def test_every_layer_and_function_has_a_rule_or_a_reason_why_not() -> None:
    kinds = ("layer", "function", "activation", "application")
    without = {path for path in paths() if (op := find(path)).kind in kinds and op.rule is None}
    assert without == set(LEFT_OUT)
    assert all(len(reason) > 10 for reason in LEFT_OUT.values())


def test_every_rule_has_a_recipe() -> None:
    kinds = ("layer", "function", "activation", "application")
    ruled = {path for path in paths() if (op := find(path)).kind in kinds and op.rule is not None}
    assert ruled <= set(recipes())
