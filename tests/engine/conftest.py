"""The processes that several of these tests ask, each started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from studio.engine.warm import Warm
from tests.engine.nursery import Nursery


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Forks the runs: none of them imports TensorFlow anew."""
    with Nursery() as lives:
        yield lives


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    """A warm process; one that a test has ended is followed by the next."""
    with Warm() as process:
        yield process
