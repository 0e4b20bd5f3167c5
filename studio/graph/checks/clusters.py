"""The cluster that a project's strategy trains with."""

from __future__ import annotations

from collections.abc import Iterator

from studio.graph.catalogue.registry import find
from studio.graph.cluster import check_cluster
from studio.graph.document import Project
from studio.graph.problems import Problem


def check_clusters(project: Project) -> Iterator[Problem]:
    """What is wrong with the addresses that a project names."""
    strategy = project.distribution
    if strategy is None:
        return
    op = find(strategy.op)
    if op is not None and op.kind == "strategy":  # any other is told by the check of calls
        yield from check_cluster(strategy.cluster, strategy.op)
