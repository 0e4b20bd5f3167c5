"""A script as a Jupyter notebook: the same code, a cell for each of its parts."""

from __future__ import annotations

import json
from typing import Any

from studio.codegen.script import Script


def notebook(script: Script) -> str:
    """The text of an .ipynb file (nbformat 4.5) that does what the script does."""
    cells = []
    for index, (title, source) in enumerate(script.sections):
        if title == "Docstring":
            cells.append(_cell(index, "markdown", source.strip('"').strip()))
        elif title == "Constants":
            # A notebook has no __file__; it runs in its own folder.
            source = source.replace("Path(__file__).resolve().parent", "Path.cwd()")
            cells.append(_cell(index, "code", source))
        elif title == "Main":
            source, _, call = source.partition('\n\n\nif __name__ == "__main__":\n    ')
            cells += [_cell(index, "code", source), _cell(index + 1, "code", call)]
        else:
            cells.append(_cell(index, "code", source))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    value = {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(value, indent=1) + "\n"


def _cell(index: int, kind: str, source: str) -> dict[str, Any]:
    cell = {
        "cell_type": kind,
        "id": f"cell-{index}",
        "metadata": {},
        "source": source.splitlines(keepends=True),
    }
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})
