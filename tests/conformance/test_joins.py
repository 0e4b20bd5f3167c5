"""Labels against outputs in a project, held to a step of training: a seeded sample."""

from __future__ import annotations

import pytest

from tests.conformance import joined

pytestmark = pytest.mark.filterwarnings("ignore")


def test_studio_refuses_the_labels_that_training_refuses() -> None:
    drawn = [case for number in range(110) if (case := joined.draw(number, 5)) is not None]
    found = [joined.compare(case) for case in drawn]
    assert [said for _, said in found if said] == []
    verdicts = [verdict for verdict, _ in found]
    assert len(drawn) > 50
    assert min(verdicts.count("refused"), verdicts.count("taken")) > 10
