"""The folders of clusters that the tests look into, and programs that play a cluster's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from msgspec.structs import replace

from studio.engine.cluster_folder.folder import write
from studio.engine.cluster_folder.plan import SSH, Plan, plain_name
from studio.graph.cluster import counts, parse_roles
from studio.graph.document import Distribution
from studio.graph.file import load
from studio.graph.ops.strategies import MULTI_WORKER, PARAMETER_SERVER
from tests.templates import template_folder

BIN = Path(sys.executable).parent
"""Where the linters are that the tests need."""

WORKERS, SERVED = "worker=3", "worker=2,ps=1,chief=1"


def plan(engine: str, tasks: str = WORKERS, loop: str = "custom", **more) -> Plan:
    """A plan for the digits."""
    project = load(template_folder("digits_cnn"))
    roles = parse_roles(tasks)
    strategy = PARAMETER_SERVER if "ps" in roles else MULTI_WORKER
    training = replace(project.training, loop=loop)
    project = replace(project, training=training, distribution=Distribution(strategy))
    if engine not in (SSH, "slurm"):
        more = {"image": "registry.example:5000/team/digits:1.2"} | more
    return Plan(engine, project, roles, plain_name(project.name), **more)


def hosts_plan(cluster: dict[str, tuple[str, ...]], name: str = "digits_cnn") -> Plan:
    """A plan for the hosts of a cluster."""
    strategy = PARAMETER_SERVER if "ps" in cluster else MULTI_WORKER
    project = load(template_folder("digits_cnn"))
    training = replace(project.training, loop="custom")
    distribution = Distribution(strategy, cluster=cluster)
    project = replace(project, name=name, training=training, distribution=distribution)
    return Plan(SSH, project, counts(cluster), plain_name(name))


def written(plan: Plan, target: Path) -> Path:
    """The folder of a plan, written."""
    write(plan, template_folder("digits_cnn"), target)
    return target


def lint(program: str, *arguments: object, text: str | None = None) -> str:
    """What a linter has to say."""
    done = subprocess.run(
        [BIN / program, *map(str, arguments)], input=text, capture_output=True, text=True
    )
    return done.stdout + done.stderr


def program(folder: Path, name: str, source: str) -> None:
    """Puts a program of one's own on a PATH."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(source)
    path.chmod(0o755)


def before(*folders: Path) -> dict[str, str]:
    """An environment in which these folders come first on the PATH."""
    path = os.pathsep.join(map(str, (*folders, BIN, os.environ["PATH"])))
    return {**os.environ, "PATH": path}
