"""The templates as a person has them: copied, with what is written on copying."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from studio.graph import templates
from studio.resources import TEMPLATES

NAMES = sorted(path.parent.name for path in TEMPLATES.glob("*/project.json"))


@cache
def template_folder(name: str) -> Path:
    """A project of a template, to be read and not changed; one for all tests of a process."""
    return templates.copy(name, _place() / name).parent


@cache
def _place() -> Path:
    made = Path(tempfile.mkdtemp(prefix="studio-templates-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made
