"""Layers that measure the training data: those that can't, and widths that only that tells."""

from __future__ import annotations

from collections.abc import Iterator

from studio.graph.adapting import Unadapted, adapted, unmeasured
from studio.graph.checks.advice.context import Context
from studio.graph.checks.advice.fixes import param, step
from studio.graph.checks.advice.registry import Finding, advice
from studio.graph.checks.advice.view import View
from studio.graph.document import Project
from studio.graph.elements import Elements, features
from studio.graph.infer import Shapes
from studio.graph.ops.sources import Feature, csv_plan
from studio.graph.problems import ERROR, WARNING
from studio.graph.catalogue.registry import find
from studio.graph.rule import Args
from studio.graph.spec import Refused
from studio.graph.tables import read_table

_LOOKUPS = ("StringLookup", "IntegerLookup", "TextVectorization")


@advice("not-adapted")
def not_adapted(context: Context) -> Iterator[Finding]:
    """The layer works by numbers or words that its `adapt()` measures on the training data, and
    the script can't have it do so there: only layers of the model itself are adapted, those in a
    block are not. A Normalization would do nothing; a lookup would know no word at all. Give what
    it works by: `mean` and `variance`, `bin_boundaries`, or `vocabulary`.
    """
    for name, view in context.views.items():
        if name in ("data", "model"):
            continue
        for node in view.place:
            names = unmeasured(view.graph.nodes[node])
            if names and node not in view.bad:
                listed = " and ".join(names)
                yield _finding(
                    view, node, f"has no {listed}, and in a block nothing measures the data for it"
                    , f"Give {listed} as a list, or put it into the model.",
                )
    if context.model is None:
        return
    for layer in adapted(context.project, context.model.shapes, _train(context)):
        if isinstance(layer, Unadapted) and layer.node not in context.model.bad:
            yield _finding(context.model, layer.node, layer.reason, layer.hint)
