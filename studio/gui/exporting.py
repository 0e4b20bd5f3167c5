"""The script or notebook of the open project, written to a file with the data that it reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from studio.graph.file import shown, write_atomically
from studio.graph.problems import StudioError

if TYPE_CHECKING:
    from studio.gui.window import Window


def export(window: Window, as_notebook: bool = False) -> bool:
    """Asks for a file and writes the script there, as `studio script -o` does; False if not."""
    from studio.codegen.notebook import notebook
    from studio.codegen.script import write_script
    from studio.engine.files import place_files

    session = window.session
    session.settle()
    try:
        script = write_script(session.project, session.folder, report=session.report)
    except StudioError as error:
        window.panel("problems")
        sentence = f"There is no script yet. {str(error).splitlines()[0]}"
        window.notices.put("refused", sentence, "error")
        return False
    ending, kinds = (
        ("ipynb", "Jupyter notebooks (*.ipynb)") if as_notebook else ("py", "Python (*.py)")
    )
    title = "Export the notebook" if as_notebook else "Export the script"
    suggested = session.folder / f"train.{ending}"
    path = window.projects.ask.file_to_write(title, suggested, f"{kinds};;All files (*)")
    if path is None:
        return False

    def write() -> None:
        _write(path, notebook(script) if as_notebook else script.text)
        place_files(session.project, session.folder, path.resolve().parent)

    return _told(window, path, write)


def export_diagram(window: Window) -> bool:
    """Asks for a file and draws the graph in front into it; False if not."""
    from studio.gui.diagram import write_diagram

    session, graph = window.session, window.graph
    session.settle()
    name = graph.rpartition(":")[2]
    kinds = "Scalable pictures (*.svg);;Pictures (*.png)"
    path = window.projects.ask.file_to_write(
        "Export the diagram", session.folder / f"{name}.svg", kinds
    )
    if path is None:
        return False
    return _told(window, path, lambda: write_diagram(session.project, session.folder, graph, path))


def _told(window: Window, path: Path, write: Callable[[], None]) -> bool:
    """Writes a file, and says in the window that it is there, or why not."""
    try:
        write()
    except StudioError as error:
        window.notices.put("refused", str(error), "error")
        return False
    window.notices.drop("refused")
    window.say(f"Written to {shown(path)}.")
    return True


def _write(path: Path, content: str) -> None:
    try:
        write_atomically(path, content.encode())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise StudioError(f"{shown(path)} can't be written: {reason}.") from None
