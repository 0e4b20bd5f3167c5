"""`studio cluster`: what it checks, writes and prints."""

from __future__ import annotations

import json
from pathlib import Path

from studio.engine.cluster_folder.plan import (
    INDEXED_JOB,
    KUBERNETES,
    SLURM,
    SSH,
    Plan,
    check_image,
    counted,
    plain_name,
)
from studio.graph.checks import Report
from studio.graph.cluster import CLUSTERED, Roles, check_roles, counts, parse_roles
from studio.graph.document import Project
from studio.graph.file import shown
from studio.graph.problems import ProjectError, StudioError, errors

DONE = 0

_TAKEN = {
    "tasks": (SLURM, KUBERNETES, INDEXED_JOB),
    "image": (KUBERNETES, INDEXED_JOB),
    "cpus": (SLURM, KUBERNETES, INDEXED_JOB),
    "port": (SLURM, KUBERNETES, INDEXED_JOB),
}
"""The options that not every engine takes."""


def cluster(options, project: Project, folder: Path, report: Report) -> int:
    """Writes the folder that an engine needs to train a project on a cluster."""
    from studio.engine.cluster_folder.folder import left_behind, write

    if errors(report.problems):
        raise ProjectError(errors(report.problems))
    plan = _plan(options, project)
    files = write(plan, folder, options.output, report)
    left = left_behind(project, folder)
    if options.json:
        told = {"for": plan.engine, "folder": str(options.output), "roles": plan.roles}
        print(json.dumps({**told, "files": sorted(files), "not_copied": left}))
        return DONE
    many = counted(plan.roles)
    print(f"{shown(options.output)} is ready for {plan.engine} ({many}): its README.md says how.")
    for path in left:
        print(f"{shown(Path(path))} is not in it: it must be on every machine.")
    return DONE


def _plan(options, project: Project) -> Plan:
    engine = options.engine
    for name, engines in _TAKEN.items():
        if getattr(options, name) is not None and engine not in engines:
            raise StudioError(f"--{name} says nothing to --for {engine}. Leave it out.")
    roles = _roles(options, project)
    name = plain_name(project.name)
    image = ""
    if engine in _TAKEN["image"]:
        image = options.image if options.image is not None else f"{name}:1"
        check_image(image)
    # A cluster with Slurm mostly is one of GPUs, and its resolver needs them.
    gpus = options.gpus if options.gpus is not None else int(engine == SLURM)
    given = {key: getattr(options, key) for key in ("cpus", "port")}
    given = {key: value for key, value in given.items() if value is not None}
    return Plan(engine, project, roles, name, image, gpus, **given)


def _roles(options, project: Project) -> Roles:
    """How many tasks play each role: as the option says, or as the project's cluster has them."""
    strategy = project.distribution
    if strategy is None or strategy.op not in CLUSTERED:
        found = "no strategy" if strategy is None else strategy.op.rpartition(".")[2]
        raise StudioError(
            f"The project has {found}, so it trains in one process. Say which strategy trains on "
            'a cluster, in its file or by --set \'distribution={"op": '
            '"tf.distribute.MultiWorkerMirroredStrategy"}\'.'
        )
    if options.tasks is not None:
        roles, place = parse_roles(options.tasks), "--tasks"
    else:
        roles, place = counts(strategy.cluster), "distribution.cluster"
    if not roles and options.engine == SSH:
        raise StudioError(
            "The project doesn't say on which hosts it trains. Name their addresses: "
            '--set \'distribution.cluster={"worker": ["host1:2222", "host2:2222"]}\'.'
        )
    if not roles:
        raise StudioError("How many tasks are there? Say so with --tasks worker=2.")
    problems = check_roles(roles, strategy.op, place)
    if problems:
        raise ProjectError(problems)
    return roles
