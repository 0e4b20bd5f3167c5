"""cluster.json: the tasks of a run that trains with several processes on this machine.

How many play each role is kept; where each listens is chosen anew at each start.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from studio.graph.bypass import through
from studio.graph.cluster import (
    CLUSTERED,
    TF_CONFIG,
    Cluster,
    Roles,
    check_roles,
    parse_roles,
    read_tf_config,
    tasks,
)
from studio.graph.document import Project, is_call
from studio.graph.file import write_atomically
from studio.graph.ops.passing import DISTRIBUTE
from studio.graph.ops.strategies import RESOLVERS
from studio.graph.problems import ProjectError, StudioError, quoted
from studio.graph.text import dump

NAME = "cluster.json"
OPTION = "--local-cluster"
EXAMPLE = {
    CLUSTERED[0]: f"{OPTION} worker=2",
    CLUSTERED[1]: f"{OPTION} chief=1,worker=2,ps=1",
}

DATA = "data"
MOST_DATA = 100

DATA_SERVICE = "TF_DATA_SERVICE"
"""The environment variable by which a script finds the dispatcher of its data service."""

HOST = "127.0.0.1"


class LocalCluster(Struct, frozen=True, omit_defaults=True):
    """How many tasks play each role, and how many processes make the data for them."""

    roles: Roles = {}
    data: int = 0

    @property
    def told(self) -> dict[str, int]:
        """All of them as one, as the option has them."""
        return dict(self.roles) | ({DATA: self.data} if self.data else {})

    def __str__(self) -> str:
        return ",".join(f"{name}={count}" for name, count in self.told.items())


def parse(text: str) -> LocalCluster:
    """What the option says, such as `worker=2,data=1`; StudioError with the mend."""
    data, others = 0, []
    for part in text.split(","):
        name, _, count = (each.strip() for each in part.partition("="))
        if name != DATA:
            others.append(part)
        elif data or not (count.isascii() and count.isdigit() and 0 < int(count[:9]) <= MOST_DATA):
            raise StudioError(
                f"{OPTION} {quoted(text)}: {DATA} says how many processes make the data; "
                f"expected it once, with a number from 1 to {MOST_DATA}. "
                f"Write it as worker=2,{DATA}=2."
            )
        else:
            data = int(count)
    try:
        return LocalCluster(parse_roles(",".join(others)) if others else {}, data)
    except StudioError as error:
        raise StudioError(f"{OPTION} {error}") from None


def read_shape(folder: Path) -> LocalCluster | None:
    """The tasks of a run; None of one that trains in one process, or as TF_CONFIG says."""
    try:
        return msgspec.json.decode((folder / NAME).read_bytes(), type=LocalCluster)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise StudioError(
            f"{folder / NAME} is damaged ({error}). Say the tasks again with {OPTION}."
        ) from None


def keep_shape(folder: Path, cluster: LocalCluster) -> None:
    """Keeps the tasks of a run, also among that with what it was made."""
    write_atomically(folder / NAME, dump(msgspec.to_builtins(cluster)).encode())
    about = folder / "environment.json"
    described = json.loads(about.read_text(encoding="utf-8"))
    write_atomically(about, dump(described | {"cluster": cluster.told}).encode())


def check_start(
    project: Project, cluster: LocalCluster | None, environment: Mapping[str, str]
) -> None:
    """Raises StudioError where the project's strategy can't train with these processes."""
    strategy = project.distribution.op if project.distribution is not None else ""
    _check_service(project, cluster, environment)
    if cluster is not None:
        _check_local(project, strategy, cluster)
    elif strategy in CLUSTERED and _by_tf_config(project):
        if TF_CONFIG not in environment:
            raise StudioError(
                f"{strategy} trains with several processes, and nothing says which. Start them "
                f"all here with {EXAMPLE[strategy]}, or set {TF_CONFIG} for each of them."
            )
        task = read_tf_config(environment[TF_CONFIG], strategy)
        address = task.cluster[task.role][task.index]
        if not is_free(port_of(address)):
            raise StudioError(
                f"{task.role} {task.index} listens at {address}, and that port is taken on this "
                "machine: the task may have been started twice, or another program has it. "
                f"End that one, or give the task another port in the {TF_CONFIG} of all tasks."
            )


def _check_service(
    project: Project, cluster: LocalCluster | None, environment: Mapping[str, str]
) -> None:
    if project.data is None or (cluster and cluster.data) or environment.get(DATA_SERVICE):
        return
    for node in through(project, project.data).nodes.values():
        if node.op == DISTRIBUTE and not node.params.get("service"):
            raise StudioError(
                f"{quoted(node.id)} (data) takes elements from a tf.data service, and nothing says "
                f"where that is. Start one here with {OPTION} {DATA}=2, or set {DATA_SERVICE} to "
                "the address of its dispatcher, such as grpc://host:5000."
            )


def _check_local(project: Project, strategy: str, cluster: LocalCluster) -> None:
    if strategy not in CLUSTERED:
        if not cluster.roles:
            return  # the data alone are made by others
        found = strategy or "no strategy"
        raise StudioError(
            f"{OPTION} {cluster} starts several tasks, but the project has {found}, which trains "
            f"in one process. Set distribution to {CLUSTERED[0]} or {CLUSTERED[1]}, or leave "
            f"{OPTION} out."
        )
    problems = check_roles(cluster.roles, strategy, OPTION)
    if problems:
        raise ProjectError(problems)
    if not _by_tf_config(project):
        resolver = project.distribution.params["cluster_resolver"]["op"]
        raise StudioError(
            f"{OPTION} tells each task its place by {TF_CONFIG}, but the strategy asks {resolver}. "
            "Leave cluster_resolver out of the strategy."
        )


def _by_tf_config(project: Project) -> bool:
    resolver = project.distribution.params.get("cluster_resolver")
    return not is_call(resolver) or resolver["op"] == f"{RESOLVERS}.TFConfigClusterResolver"


def addresses(cluster: LocalCluster) -> tuple[Cluster, list[str]]:
    """A free port of this machine for each task; those of the data's dispatcher and workers."""
    places = tasks(cluster.roles)
    ports = free_ports(len(places) + (cluster.data + 1 if cluster.data else 0))
    named: dict[str, list[str]] = {}
    for (role, _), port in zip(places, ports, strict=False):
        named.setdefault(role, []).append(f"{HOST}:{port}")
    return named, [f"{HOST}:{port}" for port in ports[len(places) :]]


def free_ports(count: int) -> list[int]:
    """So many ports that nobody listens at now."""
    held = [socket.socket() for _ in range(count)]
    try:
        for each in held:
            each.bind(("", 0))  # TensorFlow's servers listen at all addresses of the machine
        return [each.getsockname()[1] for each in held]
    finally:
        for each in held:
            each.close()


def is_free(port: int) -> bool:
    """Whether a port can be listened at on this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # one just left is free
        try:
            probe.bind(("", port))
            probe.listen()
        except OSError:
            return False
    return True


def port_of(address: str) -> int:
    """The port of an address."""
    return int(address.rpartition(":")[2])


def differs(before: LocalCluster | None, cluster: LocalCluster) -> str:
    """What a change of the tasks means for a training that goes on; "" where it means nothing."""
    if before is None or before.roles == cluster.roles:
        return ""
    return (
        f"The training goes on with {LocalCluster(cluster.roles)} instead of "
        f"{LocalCluster(before.roles)}: each worker gets other rows, so the order of the data "
        "differs from here on."
    )


def environment_of(given: Mapping[str, str], data: list[str]) -> dict[str, str]:
    """The environment of all processes of a local cluster; TF_CONFIG is each one's own."""
    found = {"TF_FORCE_GPU_ALLOW_GROWTH": "true"}  # else the first one takes all of each card
    found |= {name: value for name, value in given.items() if name != TF_CONFIG}
    found |= {"no_grpc_proxy": f"{HOST},localhost"}
    return found | ({DATA_SERVICE: f"grpc://{data[0]}"} if data else {})
