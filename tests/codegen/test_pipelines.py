"""Every stage of tf.data and every ready-made function, against the same written by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from .by_hand_maps import LIST, MAPS
from .by_hand_stages import STAGES
from .pipelines import agrees, elements, run, written
from .ruff import found_by_ruff

pytestmark = pytest.mark.filterwarnings("default")

CASES = {f"stage {name}": case for name, case in STAGES.items()}
CASES |= {f"map {name}": case for name, case in MAPS.items()}


@pytest.fixture(autouse=True, scope="module")
def vocabulary(folder: Path) -> None:
    Path(folder, "vocabulary.txt").write_text("\n".join([*LIST, ""]))


@pytest.mark.parametrize("name", CASES)
def test_the_elements_are_those_written_by_hand(name: str, folder: Path) -> None:
    graph, by_hand = CASES[name]
    text, inferred = written(graph, folder)
    dataset, wanted = run(text, folder), by_hand()
    assert elements(dataset) == elements(wanted)
    agrees(dataset, inferred)
    assert inferred.infinite == (int(wanted.cardinality()) == -1)


def test_ruff_finds_nothing_in_them(folder: Path, tmp_path: Path) -> None:
    texts = {name: written(graph, folder)[0] for name, (graph, _) in CASES.items()}
    assert not found_by_ruff(texts, tmp_path)
