"""Layers that measure their data before training, and haven't."""

from __future__ import annotations

from collections.abc import Iterator

from studio.graph.checks.advice.context import Context
from studio.graph.checks.advice.registry import Finding, advice
from studio.graph.problems import ERROR, WARNING

# layer -> the parameters, one of which tells what adapt() would measure
MEASURED = {
    "Normalization": ("mean", "variance"),
    "Discretization": ("bin_boundaries",),
    "StringLookup": ("vocabulary",),
    "IntegerLookup": ("vocabulary",),
    "TextVectorization": ("vocabulary",),
}


@advice("not-adapted")
def not_adapted(context: Context) -> Iterator[Finding]:
    """The layer works by numbers or words that its `adapt()` would measure on the training data,
    which no script does yet, and its parameters don't give them. A Normalization would do nothing;
    a lookup would know no word at all. Give what it works by: `mean` and `variance`,
    `bin_boundaries`, or `vocabulary`.
    """
    for name, view in context.views.items():
        if name == "data" or view is None:
            continue
        for kind, params in MEASURED.items():
            for node in view.of(kind):
                missing = [param for param in params if view.made(node).params.get(param) is None]
                if missing:
                    names = " and ".join(missing)
                    yield Finding(
                        node,
                        f"{kind} has no {names}, which adapt() would measure.",
                        f"Give {names} as a list.",
                        graph=name,
                        severity=WARNING if kind == "Normalization" else ERROR,
                    )
