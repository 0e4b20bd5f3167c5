"""What a cluster's folder is written for: the engine, the tasks, and what each of them may use."""

from __future__ import annotations

import re
import textwrap

from msgspec import Struct

from studio.graph.cluster import CHIEF, WORKER, Roles, tasks
from studio.graph.document import Project
from studio.graph.ops.strategies import PARAMETER_SERVER
from studio.graph.problems import StudioError, quoted

SLURM, KUBERNETES, INDEXED_JOB, SSH = "slurm", "kubernetes", "indexed-job", "ssh"
ENGINES = (SLURM, KUBERNETES, INDEXED_JOB, SSH)
SCRIPT = "train.py"
PROJECT = "project.json"
REQUIREMENTS = "requirements.txt"
README = "README.md"

LONGEST_NAME = 40
"""Characters of a name in a cluster: what the cluster itself appends must fit into 63."""

_IMAGE = re.compile(
    r"[a-z0-9]+([._-]+[a-z0-9]+)*(\.[a-z0-9]+)*(:[0-9]+)?"
    r"(/[a-z0-9]+([._-]+[a-z0-9]+)*)*"
    r"(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?"
)

COMMAND = (SCRIPT, "--resume")
"""The script, which goes on from the last checkpoint where there is one."""


class Plan(Struct, frozen=True):
    """What is written, and for what."""

    engine: str
    project: Project
    roles: Roles
    name: str
    """The project's name as a cluster takes it: letters, digits and hyphens."""
    image: str = ""
    gpus: int = 0
    """GPUs of each task that trains."""
    cpus: int = 4
    port: int = 2222

    @property
    def strategy(self) -> str:
        """The op of the strategy."""
        return self.project.distribution.op

    @property
    def served(self) -> bool:
        """Whether parameter servers keep the weights, and the chief says when all is done."""
        return self.strategy == PARAMETER_SERVER

    @property
    def size(self) -> int:
        """How many tasks there are."""
        return len(tasks(self.roles))

    def gpus_of(self, role: str) -> int:
        """GPUs of a task of a role: a chief of parameter servers trains nothing itself."""
        return self.gpus if role == WORKER or (role == CHIEF and not self.served) else 0


def counted(roles: Roles) -> str:
    """How many tasks play each role, as --tasks has it."""
    return ", ".join(f"{role}={count}" for role, count in roles.items())


def paragraph(*sentences: str) -> str:
    """Sentences as a paragraph of a README."""
    text = " ".join(filter(None, sentences))
    return textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False)


def table(rows: dict[str, str]) -> str:
    """What there is to do, and how, as a table of a README."""
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {how} |" for name, how in rows.items())])


def plain_name(name: str) -> str:
    """A project's name as a label that clusters take."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:LONGEST_NAME].strip("-")
    return plain if plain[:1].isalpha() else f"train-{plain}".strip("-")


def check_image(image: str) -> None:
    """Raises StudioError where a text is no name of an image."""
    if len(image) > 255 or not _IMAGE.fullmatch(image):
        raise StudioError(
            f"--image is {quoted(image)}, which is no name of an image. Write it as "
            "registry.example/team/name:tag, in small letters."
        )
