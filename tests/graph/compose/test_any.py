"""Whatever a person does to a graph: one step, undone to the first bytes, a file that is read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from studio.graph.checks import check
from studio.graph.edit_text import decode, encode
from studio.graph.edits import Several
from studio.graph.file import dumps, loads
from studio.graph.history import History
from studio.graph.problems import StudioError

from ..samples import SAMPLES, read_value, sample
from .composed import draw_composed

# Blocks more often: most of what can be done is done to them.
PROJECTS = st.sampled_from((*SAMPLES, *["blocks", "residual_blocks"] * 4))


@given(st.data(), PROJECTS)
def test_anything_done_is_undone_to_the_first_bytes_and_read_back(data, name) -> None:
    project, _ = read_value(sample(name))
    done = History(project)
    first = dumps(project)
    for _ in range(data.draw(st.integers(1, 8))):
        before = done.project
        text = dumps(before)
        try:
            edit = draw_composed(data.draw, before)
        except StudioError as refused:
            assert str(refused).endswith((".", "?"))
            continue
        finally:
            assert dumps(before) == text, "the project was changed in place"
        assert isinstance(edit, Several)
        assert edit.label
        done.do(decode(encode(edit)))
        again, problems = loads(dumps(done.project))
        assert not problems
        assert dumps(again) == dumps(done.project) == dumps(edit.apply(before))
    check(done.project)
    while done.undo() is not None:
        pass
    assert dumps(done.project) == first
