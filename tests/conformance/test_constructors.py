"""What is not a layer, held to Keras: a seeded sample of tests.conformance.constructors."""

from __future__ import annotations

from random import Random

import pytest

from studio.graph.catalogue.registry import find
from tests.conformance import constructors
from tests.conformance.recipes_objects import labels, stricter
from tests.conformance.recipes_objects.values import draw_object

# A callback that is made to fail leaves its file open, which is Keras' affair.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
OPS = constructors.ops()
COMPARED = [op for op in OPS if op.kind in ("loss", "metric") and op.rule is not None]


@pytest.mark.parametrize("kind", sorted({op.kind for op in OPS}))
def test_studio_refuses_the_parameters_that_keras_refuses(kind) -> None:
    ops = [op.path for op in OPS if op.kind == kind]
    cases = [draw_object(path, number, 11) for path in ops for number in range(3)]
    said = [constructors.compare(case)[1] for case in cases if not _slow(case)]
    assert [each for each in said if each] == []


def _slow(case) -> bool:
    """Profiling starts TensorFlow's profiler, which takes seconds."""
    return bool(case.params.get("profile_batch"))


@pytest.mark.parametrize("kind", ["loss", "metric"])
def test_studio_refuses_the_labels_that_keras_refuses(kind) -> None:
    draw = Random(3)
    ops = [op.path for op in COMPARED if op.kind == kind]
    cases = [labels.draw_labels(draw.choice(ops), number, 12) for number in range(45)]
    said = [labels.compare(case)[1] for case in cases]
    assert [each for each in said if each] == []


def test_what_is_stricter_names_ops_and_parameters_that_there_are() -> None:
    from fnmatch import fnmatchcase

    for path, name in stricter.STRICTER:
        ops = [op for op in OPS if fnmatchcase(op.path, path)]
        assert any(fnmatchcase(each, name) for op in ops for each in op.params), (path, name)
    for path in stricter.NOT_HERE:
        assert find(path) is not None
