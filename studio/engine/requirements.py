"""requirements.txt: what a script imports, in the very versions that are installed here."""

from __future__ import annotations

import ast
import sys
from importlib.metadata import PackageNotFoundError, packages_distributions, version

from studio.engine.needed import PACKAGES
from studio.graph.document import Project

ALWAYS = ("keras", "numpy", "tensorflow")


def requirements(project: Project, script: str, gpus: bool) -> str:
    """The packages that a script needs, one a line; with TensorFlow's for GPUs where it has some.

    What isn't installed here is named in a comment: which version is meant isn't known.
    """
    modules = _imported(script)
    by_module = packages_distributions() if modules - {*ALWAYS} else {}
    packages, lost = {*ALWAYS}, []
    for module in modules - {*ALWAYS}:
        if module in by_module:
            packages.add(min(by_module[module]))
        else:
            lost.append(module)
    callbacks = project.training.callbacks if project.training is not None else ()
    packages |= {PACKAGES[call.op] for call in callbacks if call.op in PACKAGES}
    lines = []
    for package in sorted(packages, key=str.lower):
        extra = "[and-cuda]" if gpus and package == "tensorflow" else ""
        try:
            lines.append(f"{package}{extra}=={version(package)}")
        except PackageNotFoundError:
            lost.append(package)
    lines += [f"# not installed where this was written: {name}" for name in sorted(lost)]
    return "\n".join(lines) + "\n"


def _imported(script: str) -> set[str]:
    """The modules that a script imports anywhere, without Python's own."""
    found = set()
    for node in ast.walk(ast.parse(script)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found - sys.stdlib_module_names
