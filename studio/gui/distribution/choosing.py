"""Which devices a strategy trains with, and which there are to choose from: plain rules."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from studio.graph.ops.strategies import CENTRAL, MIRRORED, ONE

NAMED_BY = {ONE: "device", MIRRORED: "devices", CENTRAL: "compute_devices"}
"""Strategies whose devices are chosen, and the parameter that names them."""

_NAME = re.compile(r"(?:/?device:|/)?(cpu|gpu|tpu):(\d+)", re.IGNORECASE)


class Device(Struct, frozen=True):
    """A device as TensorFlow names it, CPU:0, and what is known of it."""

    name: str
    about: str = ""
    there: bool = True

    @property
    def kind(self) -> str:
        """CPU, GPU or TPU."""
        return self.name.partition(":")[0]


def plain_name(name: str) -> str:
    """/device:GPU:0, /gpu:0 and GPU:0 are one."""
    match = _NAME.fullmatch(name.strip())
    return f"{match[1].upper()}:{match[2]}" if match else name


def devices_of(found: Sequence[Mapping[str, str]], parts: int | None) -> list[Device]:
    """The devices that were found, GPUs first; each of those that are split in so many parts."""
    kinds = [each.get("type", "") for each in found]
    split = "GPU" if "GPU" in kinds else "CPU"
    made: list[Device] = []
    for kind in ("GPU", "CPU", "TPU"):
        for each in (each for each in found if each.get("type") == kind):
            about = each.get("name", "")
            about = "" if "physical_device" in about else about
            count = (parts or 1) if kind == split else 1
            for part in range(count):
                index = sum(other.kind == kind for other in made)
                said = f"part {part + 1} of {count}" if count > 1 else ""
                made.append(Device(f"{kind}:{index}", ", ".join(filter(None, (about, said)))))
    return made


def by_default(op: str, devices: Sequence[Device], parts: int | None) -> list[str]:
    """What a strategy takes where it names none: all GPUs, or else the CPU, or all its parts."""
    if op not in (MIRRORED, CENTRAL):
        return []
    gpus = [each.name for each in devices if each.kind == "GPU"]
    cpus = [each.name for each in devices if each.kind == "CPU"]
    return gpus or (cpus if parts else cpus[:1])


def chosen(
    op: str, params: Mapping[str, Any], devices: Sequence[Device], parts: int | None
) -> list[str]:
    """The devices that a strategy trains with."""
    given = params.get(NAMED_BY.get(op, ""))
    if isinstance(given, str):
        return [plain_name(given)]
    if isinstance(given, (list, tuple)):
        return [plain_name(str(each)) for each in given]
    return by_default(op, devices, parts)


def with_chosen(
    op: str,
    params: Mapping[str, Any],
    devices: Sequence[Device],
    parts: int | None,
    wanted: Sequence[str],
) -> dict[str, Any]:
    """The parameters by which a strategy trains with the devices that are wanted.

    Those that it would take anyway aren't named, so that the project fits other machines.
    """
    name = NAMED_BY[op]
    rest = {key: value for key, value in params.items() if key != name}
    order = [each.name for each in devices]
    listed = sorted(wanted, key=lambda each: order.index(each) if each in order else len(order))
    if op == ONE:
        return {name: listed[0]} | rest if listed else rest
    if listed == by_default(op, devices, parts):
        return rest
    return {name: listed} | rest
