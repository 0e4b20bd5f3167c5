"""Writes a cluster's folder: whole, or not at all."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import ModuleType

from msgspec.structs import replace

from studio.codegen.data import travelling_path
from studio.codegen.script import write_script
from studio.engine.cluster_folder import indexed_job, kubernetes, slurm, ssh
from studio.engine.cluster_folder.plan import (
    INDEXED_JOB,
    KUBERNETES,
    PROJECT,
    README,
    REQUIREMENTS,
    SCRIPT,
    SLURM,
    SSH,
    Plan,
    counted,
    paragraph,
)
from studio.engine.files import data_files, place_files
from studio.engine.requirements import requirements
from studio.graph.checks import Report
from studio.graph.cluster import leader
from studio.graph.document import Project
from studio.graph.file import dumps, shown
from studio.graph.problems import StudioError, quoted

WRITERS: dict[str, ModuleType] = {
    SLURM: slurm,
    KUBERNETES: kubernetes,
    INDEXED_JOB: indexed_job,
    SSH: ssh,
}


def write(plan: Plan, folder: Path, target: Path, report: Report | None = None) -> list[str]:
    """Writes the folder, which is new or empty; the files in it.

    `folder` is what the project's relative paths are relative to, `report` that of its checks.
    Raises StudioError, with nothing written, where that can't be done.
    """
    target = target.resolve()
    _check_target(target)
    project = travelling(plan)
    files = _files(plan, project, folder, report)
    _check_data(project, folder, target, files)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as place:
            beside = Path(place, target.name)
            beside.mkdir()
            for name, content in files.items():
                (beside / name).parent.mkdir(exist_ok=True)
                (beside / name).write_text(content, encoding="utf-8", newline="\n")
                if content.startswith("#!"):
                    (beside / name).chmod(0o755)
            placed = place_files(project, folder, beside, copied=True)
            if target.exists():
                target.rmdir()
            beside.replace(target)
    except OSError as error:
        raise StudioError(
            f"{shown(target)} can't be written: {error.strerror or error}. Name another folder."
        ) from None
    return [*files, *placed]


def travelling(plan: Plan) -> Project:
    """The project as it is written there: told where its tasks are by the engine alone.

    Whatever resolver it names, and whichever hosts, is for another place; but by SSH they
    are the hosts that are meant.
    """
    distribution = plan.project.distribution
    params = {k: v for k, v in distribution.params.items() if k != "cluster_resolver"}
    resolver = slurm.resolver(plan) if plan.engine == SLURM else None
    if resolver is not None:
        params["cluster_resolver"] = resolver
    cluster = distribution.cluster if plan.engine == SSH else {}
    told = replace(distribution, params=params, cluster=cluster)
    return replace(plan.project, distribution=told)


def left_behind(project: Project, folder: Path) -> list[str]:
    """The files outside of the project that its script reads where they are."""
    return [path for path in data_files(project, folder) if travelling_path(path) is None]


def _files(plan: Plan, project: Project, folder: Path, report: Report | None) -> dict[str, str]:
    """Every file that is written, but for those of the data."""
    script = write_script(project, folder, report=report)
    writer = WRITERS[plan.engine]
    found = {
        SCRIPT: script.text,
        PROJECT: dumps(project),
        REQUIREMENTS: requirements(project, script.text, gpus=plan.gpus > 0),
        **writer.files(plan),
    }
    return found | {README: _readme(plan, writer.readme(plan), left_behind(project, folder))}


def _check_target(target: Path) -> None:
    try:
        taken = target.exists() and (not target.is_dir() or any(target.iterdir()))
    except OSError as error:
        raise StudioError(f"{shown(target)} can't be read: {error.strerror}.") from None
    if taken:
        raise StudioError(
            f"{shown(target)} is there already, and not empty. Name a folder that is new or empty."
        )


def _check_data(project: Project, folder: Path, target: Path, files: dict[str, str]) -> None:
    """Refuses data that would take the place of a file, or have the folder inside of it."""
    for path, file in data_files(project, folder).items():
        place = travelling_path(path)
        if place is None:
            continue
        first = Path(place).parts[:1]
        if not first or any(first == Path(name).parts[:1] for name in files):
            raise StudioError(
                f"The data {quoted(path)} would lie among the files that this command writes. "
                "Put it into a folder of its own in the project, such as data."
            )
        if file.is_dir() and target.is_relative_to(file.resolve()):
            raise StudioError(
                f"{shown(target)} lies in the project's data {quoted(path)}, which is copied "
                "into it. Name a folder elsewhere."
            )


def _readme(plan: Plan, steps: str, left: list[str]) -> str:
    role, index = leader(plan.roles)
    head = paragraph(
        f"Trains this project on {_WHERE[plan.engine]}, with `{plan.strategy}` and the tasks",
        f"{counted(plan.roles)}. Each runs `{SCRIPT}`; {role} {index} writes",
        "`checkpoints/` and `artifacts/`.",
    )
    parts = [f"# {plan.name}", head, steps]
    if not plan.gpus:
        parts.append(
            paragraph(
                "This is written for CPUs. For GPUs, have it written with `--gpus N`: TensorFlow",
                "is then installed with what it needs for them.",
            )
        )
    if left:
        parts.append("These files are not in this folder; they must be on every machine:")
        parts.append("\n".join(f"- `{_in_backticks(path)}`" for path in left))
    return "\n\n".join(parts) + "\n"


def _in_backticks(path: str) -> str:
    """A path as it may stand in Markdown between two backticks."""
    return quoted(path, 400)[1:-1].replace("`", "'")


_WHERE = {
    SLURM: "a cluster with Slurm",
    KUBERNETES: "Kubernetes with the Kubeflow Training Operator",
    INDEXED_JOB: "Kubernetes, as an Indexed Job",
    SSH: "the hosts of its cluster, by SSH",
}
