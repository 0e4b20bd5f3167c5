"""The scripts that several tests look at, written once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from studio.resources import ASSETS

from .projects import write_files


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data files, in which the projects of these tests lie."""
    made = tmp_path_factory.mktemp("project")
    write_files(made)
    shutil.copytree(ASSETS / "data", made / "assets" / "data")
    return made
