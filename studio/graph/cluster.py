"""The tasks of a cluster: how many play which role, where each listens, and the TF_CONFIG of each.

A cluster is `{"chief": ["host:port"], "worker": [...], "ps": [...]}`, as TensorFlow has it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import AddressValueError, IPv6Address
from typing import Any

from msgspec import Struct

from studio.graph import text as json_text
from studio.graph.ops.strategies import MULTI_WORKER, PARAMETER_SERVER
from studio.graph.problems import (
    ERROR,
    Problem,
    ProjectError,
    StudioError,
    article,
    nearest,
    quoted,
)

CHIEF, WORKER, PS = "chief", "worker", "ps"
ROLES = (CHIEF, WORKER, PS)
CLUSTERED = (MULTI_WORKER, PARAMETER_SERVER)
"""The strategies that train with several processes."""

MOST_TASKS = 1_000
PLACE = "distribution.cluster"
TF_CONFIG = "TF_CONFIG"

Roles = dict[str, int]
"""How many tasks play each role."""
Cluster = Mapping[str, Sequence[str]]
"""The addresses of each role's tasks."""

_PORT = re.compile(r"[0-9]{1,6}")
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")


class Task(Struct, frozen=True):
    """One process of a cluster, and all the others."""

    cluster: dict[str, list[str]]
    role: str
    index: int


def parse_roles(text: str) -> Roles:
    """How many tasks play each role, of a text such as `worker=2,ps=1,chief=1`."""
    found: Roles = {}
    for part in text.split(","):
        name, _, count = (each.strip() for each in part.partition("="))
        if name not in ROLES:
            raise StudioError(f"{quoted(text)} names {_unknown(name)}")
        if name in found:
            raise StudioError(f"{quoted(text)} names {name} twice. Give one number for it.")
        if not (count.isascii() and count.isdigit() and int(count[:9]) <= MOST_TASKS):
            raise StudioError(
                f"{name} is {quoted(count)} in {quoted(text)}; expected a whole number of tasks "
                f"up to {MOST_TASKS:,}. Write it as worker=2,ps=1,chief=1."
            )
        found[name] = int(count)
    return ordered({name: count for name, count in found.items() if count})


def ordered(by_role: Mapping[str, Any]) -> dict[str, Any]:
    """The same, by roles in the order in which all that Studio writes names them."""
    known = {role: by_role[role] for role in ROLES if role in by_role}
    return known | {role: value for role, value in by_role.items() if role not in known}


def counts(cluster: Cluster) -> Roles:
    """How many tasks of a cluster play each role."""
    return {role: len(addresses) for role, addresses in ordered(cluster).items()}


def tasks(roles: Roles) -> list[tuple[str, int]]:
    """The role and index of each task, in order."""
    return [(role, index) for role, count in ordered(roles).items() for index in range(count)]


def leader(roles: Roles) -> tuple[str, int]:
    """The task that saves and tells: the chief, or the first worker where there is none."""
    return (CHIEF if roles.get(CHIEF) else WORKER, 0)


def check_roles(roles: Roles, strategy: str, place: str = PLACE) -> list[Problem]:
    """What keeps a strategy from training with so many tasks of each role."""
    return [_problem(place, *each) for each in _wrong_roles(roles, strategy)]


def check_cluster(cluster: Cluster, strategy: str, place: str = PLACE) -> list[Problem]:
    """What keeps a strategy from training with a cluster; nothing of one that isn't named yet."""
    if not cluster:
        return []
    found = [_problem(place, *each) for each in _wrong_roles(counts(cluster), strategy)]
    seen: dict[str, str] = {}
    for role, addresses in cluster.items():
        for index, address in enumerate(addresses):
            at = f"{place}.{role}[{index}]"
            wrong = wrong_address(address)
            if wrong is None and address.lower() in seen:
                message = f"is {quoted(address)}, the address of {seen[address.lower()]} too."
                wrong = message, "Each task listens at a port of its own: change one of them."
            if wrong is not None:
                found.append(_problem(at, *wrong))
            else:
                seen[address.lower()] = f"{role} {index}"
    return found


def _problem(place: str, message: str, hint: str) -> Problem:
    return Problem(ERROR, "bad-cluster", "training", "", message, hint, place)


def _unknown(role: str) -> str:
    """The end of a sentence that names a role which isn't one, and its mend."""
    if role == "evaluator":
        hint = "What is trained is validated by the task that leads: leave the evaluator out."
    else:
        hint = nearest(role, ROLES) or f"The roles are {', '.join(ROLES)}, as in worker=2,chief=1."
    return f"{quoted(role)}, which is no role. {hint}"


def _wrong_roles(roles: Roles, strategy: str) -> Iterator[tuple[str, str]]:
    """(message, hint) of what doesn't add up."""
    name = strategy.rpartition(".")[2]
    for role in roles:
        if role not in ROLES:
            message, _, hint = _unknown(role).partition(". ")
            yield f"names {message}.", hint
    if strategy not in CLUSTERED:
        message = f"names tasks, but {name} trains in one process."
        yield (
            message,
            "Leave them out, or choose MultiWorkerMirroredStrategy or ParameterServerStrategy.",
        )
        return
    if roles.get(CHIEF, 0) > 1:
        message = f"has {roles[CHIEF]} chiefs; expected one."
        yield message, "One task leads: make the others workers."
    if not roles.get(WORKER):
        yield "has no worker, and so nothing would train.", "Add at least one."
    if strategy == MULTI_WORKER and roles.get(PS):
        message = f"has {article(PS)}, but with {name} each worker keeps the weights itself."
        yield message, "Leave ps out, or choose ParameterServerStrategy."
    if strategy == PARAMETER_SERVER:
        if not roles.get(PS):
            message = f"has no ps, but {name} keeps the weights on one or more."
            yield message, "Add at least one ps, or choose MultiWorkerMirroredStrategy."
        if not roles.get(CHIEF):
            message = f"has no chief, but {name} needs one, which gives the workers their steps."
            yield message, "Add one chief."


def wrong_address(address: Any) -> tuple[str, str] | None:
    """(message, hint) of why a text is no address of a task; None where it is one."""
    shape = "Write it as host:port, such as node1:2222."
    if not isinstance(address, str):
        return f"is {quoted(address)}; expected a text.", shape
    if "://" in address:
        return (
            f"is {quoted(address)}, with a protocol before the host.",
            f"Write {address.partition('://')[2][:60]}.",
        )
    host, colon, port = address.rpartition(":")
    if not colon or (":" in host and not host.startswith("[")) or port.endswith("]"):
        return f"is {quoted(address)}, which has no port.", shape
    if not _PORT.fullmatch(port) or not 1 <= int(port) <= 65535:
        return f"is {quoted(address)}; expected a port from 1 to 65535.", shape
    if not is_host(host):
        return f"is {quoted(address)}, and {quoted(host)} is no name of a host.", shape
    return None


def is_host(host: str) -> bool:
    """Whether a text is a host's name, an IPv4 address, or an IPv6 address in brackets."""
    if host.startswith("[") and host.endswith("]"):
        try:
            return IPv6Address(host[1:-1]).scope_id is None
        except AddressValueError:
            return False
    return len(host) <= 253 and all(map(_HOST.fullmatch, host.split(".")))


def host_of(address: str) -> str:
    """The host of an address that is one."""
    return address.rpartition(":")[0]


def tf_config(cluster: Cluster, role: str, index: int) -> str:
    """What the environment variable TF_CONFIG says to one task, as JSON on one line."""
    named = {each: list(addresses) for each, addresses in ordered(cluster).items()}
    return json.dumps({"cluster": named, "task": {"type": role, "index": index}})


def read_tf_config(text: str, strategy: str = "") -> Task:
    """The cluster and the task that a TF_CONFIG names.

    Raises ProjectError with all that is wrong with it, by the strategy too where that is given.
    """
    shape = 'Write {"cluster": {"worker": ["host:port"]}, "task": {"type": "worker", "index": 0}}.'
    value = json_text.parse(text, TF_CONFIG)
    if not isinstance(value, dict) or not isinstance(value.get("cluster"), dict):
        _refuse(TF_CONFIG, f"names no cluster; found {quoted(value)}.", shape)
    cluster, task = value["cluster"], value.get("task")
    for role, addresses in cluster.items():
        if not isinstance(addresses, list):
            place = f"{TF_CONFIG}.cluster.{role}"
            _refuse(place, f"is {quoted(addresses)}; expected a list of addresses.", shape)
    if not isinstance(task, dict) or not isinstance(task.get("type"), str):
        _refuse(TF_CONFIG, f"doesn't say which task this is; found {quoted(task)}.", shape)
    role, index = task["type"], task.get("index")
    if isinstance(index, str) and index.isascii() and index.isdigit():
        index = int(index[:9])
    problems = check_cluster(cluster, strategy or _any(cluster), f"{TF_CONFIG}.cluster")
    if not cluster:
        problems = [_problem(f"{TF_CONFIG}.cluster", "names no task.", shape)]
    elif role not in cluster:
        hint = nearest(role, cluster) or f"The cluster has {', '.join(ordered(cluster))}."
        message = f"is {quoted(role)}, of which the cluster has no task."
        problems.append(_problem(f"{TF_CONFIG}.task.type", message, hint))
    elif type(index) is not int or not 0 <= index < len(cluster[role]):
        last = len(cluster[role]) - 1
        wanted = f"expected {f'a number from 0 to {last}' if last > 0 else '0'}"
        message = (
            f"is {quoted(index)}, but the cluster has {_many(cluster[role])} {role}; {wanted}."
        )
        hint = "Give each task its own index, and all the same cluster."
        problems.append(_problem(f"{TF_CONFIG}.task.index", message, hint))
    if problems:
        raise ProjectError(problems)
    return Task(ordered(cluster), role, index)


def _any(cluster: Mapping[str, Any]) -> str:
    """The strategy that a cluster's roles fit, where none is named."""
    return PARAMETER_SERVER if PS in cluster else MULTI_WORKER


def _many(addresses: Sequence[str]) -> str:
    return {0: "no", 1: "one"}.get(len(addresses), f"{len(addresses):,}")


def _refuse(place: str, message: str, hint: str) -> None:
    raise ProjectError([_problem(place, message, hint)])
