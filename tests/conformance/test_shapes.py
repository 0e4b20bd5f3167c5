"""A seeded sample of the comparison with Keras; `make conformance` runs the whole."""

from __future__ import annotations

import pytest

from studio.graph.catalogue.registry import find, paths
from studio.graph.ops.ops_creation import LEFT_OUT as CREATION
from studio.graph.ops.ops_shape import LEFT_OUT as SHAPE
from tests.conformance.__main__ import compare
from tests.conformance.recipes import draw_case, recipes

CASES = 4
"""An op, in this sample."""

LEFT_OUT = CREATION | SHAPE


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("path", sorted(recipes()))
def test_studio_and_keras_agree_on(path: str) -> None:
    differences = [compare(draw_case(path, number)) for number in range(CASES)]
    assert not any(differences), "\n".join(filter(None, differences))


def test_the_sample_is_large_enough_to_mean_something() -> None:
    assert len(recipes()) * CASES >= 1500


def test_every_layer_and_function_has_a_rule_or_a_reason_why_not() -> None:
    kinds = ("layer", "function", "activation")
    without = {path for path in paths() if (op := find(path)).kind in kinds and op.rule is None}
    assert without == set(LEFT_OUT)
    assert all(len(reason) > 10 for reason in LEFT_OUT.values())


def test_every_rule_has_a_recipe() -> None:
    kinds = ("layer", "function", "activation")
    ruled = {path for path in paths() if (op := find(path)).kind in kinds and op.rule is not None}
    assert ruled <= set(recipes())
