"""What has been found about a loss that isn't finite, in sentences: where, and what mends it."""

from __future__ import annotations

import math
from typing import Any

from msgspec import Struct

from studio.engine.again import Again, Found
from studio.engine.bad_batch import not_finite, without_class
from studio.engine.examine import Places, examine
from studio.engine.labels import sources
from studio.engine.node_names import Place, operations, place_of
from studio.engine.not_finite import wrong
from studio.graph.document import Project, output_name
from studio.graph.problems import quoted

LARGE = 1e4
"""A weight beyond this has been blown up: well-made ones stay far below."""


class Finding(Struct):
    """What is told of it: the message, the node it hangs on, and the parts."""

    message: str
    graph: str = ""
    node: str = ""
    outputs: list[str] = []
    forward: str = ""
    """The first node whose output wasn't finite."""
    gradient: str = ""
    """The node in which a gradient first wasn't finite."""


def tell(project: Project, again: Again, step: Found, when: str) -> Finding:
    """The finding about a step; `when` are words for it."""
    bad = wrong(step.logs)
    outputs = _outputs(project, bad)
    head = _head(bad, outputs, project, when)
    said = not_finite(project, step.batch)
    if said:
        names = sources(project.data)
        node = names[0] if len(names) == 1 else ""
        where = f" It comes from {quoted(node)} in data." if node else ""
        message = f"{head}: the data are to blame, {said}.{where} {_MEND_DATA}"
        return Finding(message, "data", node, outputs)
    said, output = without_class(project, step.batch, again.model)
    if said:
        return Finding(f"{head}: {said}", "model", output, [output])
    places = examine(step.step, step.batch, again.model, again.restore, step.trains)
    found = Finding("", outputs=outputs)
    cause, mend = _cause(project, places, again.model, found)
    found.message = f"{head}: {cause}. {mend}".strip()
    return found


_MEND_DATA = (
    "Fill or leave out such rows: by a filter that asks for finite numbers, or in the file itself."
)


def _head(bad: dict[str, float], outputs: list[str], project: Project, when: str) -> str:
    if not bad:
        return f"Weights of the model aren't finite any more behind {when}"
    value = next((bad[name] for name in bad if math.isnan(bad[name])), next(iter(bad.values())))
    several = len(project.model.outputs) > 1
    of = f" of the output {quoted(outputs[0])}" if several and len(outputs) == 1 else ""
    if several and len(outputs) > 1:
        of = f" of the outputs {' and '.join(map(quoted, outputs))}"
    return f"The loss{of} is {value} at {when}"


def _outputs(project: Project, bad: dict[str, float]) -> list[str]:
    """The outputs whose own loss isn't finite."""
    names = [output_name(each) for each in project.model.outputs]
    if len(names) == 1:
        return names if bad else []
    return [name for name in names if f"{name}_loss" in bad or f"val_{name}_loss" in bad]


def _cause(project: Project, places: Places, model: Any, found: Finding) -> tuple[str, str]:
    """Words for where it began, and for what mends it."""
    named = operations(project, model)
    if places.output is not None:
        place = place_of(project, places.output, named)
        found.graph, found.node = place or ("model", "")
        found.forward = _name(place, places.output)
        what = "what reaches" if places.given else "the first layer whose output isn't finite is"
        tail = " isn't finite" if places.given else ""
        cause = f"{what} {found.forward}{tail}"
    elif places.of_loss or places.gradient is None:
        if places.penalty:
            return "a penalty that a layer adds to it isn't finite", _smaller(model)
        if not places.again:
            return (
                "done again without compiling, all of the step's numbers are finite",
                "So it hangs on how the step is compiled: try it without XLA (jit_compile false), "
                "or in float32 throughout.",
            )
        gradient = " and its gradient" if places.of_loss else ""
        return (
            f"all layers give finite numbers, so the loss itself{gradient} does it",
            "A logarithm of 0, a division by 0 or labels that the loss can't take do so; "
            "with logits, set from_logits.",
        )
    else:
        place = place_of(project, places.gradient, named)
        found.graph, found.node = place or ("model", "")
        found.gradient = _name(place, places.gradient)
        cause = (
            "the outputs of all layers are finite, but gradients aren't: "
            f"on their way from the loss, first in {found.gradient}"
        )
    path, most = places.grown or ((), 0.0)
    if most > LARGE:
        grown = _name(place_of(project, path, named), path)
        return f"{cause}; weights of {grown} had grown to {most:.2g} before", _smaller(model)
    return cause, (
        "A root or logarithm at 0, a division by 0 or an exponential of a large number does so: "
        "keep what it is given away from there, for instance by adding a small number."
    )


def _name(place: Place | None, path: tuple[str, ...]) -> str:
    if place is None:
        return f"the layer {quoted('/'.join(path))}"
    return f"{quoted(place[1])} ({place[0]})"


def _smaller(model: Any) -> str:
    rate = getattr(model.optimizer, "learning_rate", None)
    now = f" (it is {float(rate):g})" if rate is not None else ""
    return (
        f"A smaller learning rate{now} usually mends this; so do clipped gradients "
        "(clipnorm of the optimizer) and inputs that are rescaled to about -1 to 1."
    )
