"""A bundle: all of a run that someone else needs to train it again, and to predict with it."""

from __future__ import annotations

import platform
import shutil
from io import StringIO
from pathlib import Path

from studio.codegen.data import travelling_path
from studio.codegen.notebook import notebook
from studio.codegen.predicting import write_predict_script
from studio.codegen.script import write_script
from studio.engine import history
from studio.engine.figures import number
from studio.engine.files import data_files, place_files
from studio.engine.requirements import requirements
from studio.engine.run import SCRIPT
from studio.engine.runs import read_run
from studio.engine.trained import SAVED, Trained
from studio.engine.unfinished import beside
from studio.graph.file import shown
from studio.graph.problems import StudioError, quoted
from studio.graph.targets import targets
from studio.graph.text import dump

ZIP = ".zip"
README = "README.md"


def write_bundle(run: Trained, target: Path) -> list[str]:
    """Writes the bundle of a run: a folder that is new or empty, or a new .zip; the files in it.

    Raises StudioError, with nothing written, where that can't be done.
    """
    target = target.absolute()
    _check_target(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with beside(target.parent) as place:
            made = Path(place, target.stem or target.name)
            made.mkdir()
            _fill(made, run)
            files = sorted(p.relative_to(made).as_posix() for p in made.rglob("*"))
            files = [name for name in files if (made / name).is_file()]
            if target.suffix == ZIP:
                packed = shutil.make_archive(str(made), "zip", place, made.name)
                Path(packed).replace(target)
            else:
                if target.exists():
                    target.rmdir()
                made.replace(target)
    except OSError as error:
        raise StudioError(
            f"{shown(target)} can't be written: {error.strerror or error}. Name another place."
        ) from None
    return files


def _check_target(target: Path) -> None:
    try:
        empty = target.is_dir() and target.suffix != ZIP and not any(target.iterdir())
        taken = target.exists() and not empty
    except OSError as error:
        raise StudioError(f"{shown(target)} can't be read: {error.strerror}.") from None
    if taken:
        raise StudioError(
            f"{shown(target)} is there already. Name a folder that is new or empty, or a new .zip."
        )


def _fill(place: Path, run: Trained) -> None:
    """Puts everything into the folder of a bundle."""
    project, folder = run.project, run.folder
    script = (folder / SCRIPT).read_text(encoding="utf-8")  # as it ran
    written = write_script(project, folder, report=run.report)
    predict = write_predict_script(project, folder, run.report).text
    needs = requirements(project, script, gpus=False)
    rows = StringIO()
    history.write(folder, rows, False)
    known = read_run(folder)
    metrics = {"epochs": known.progress.metrics, "test": known.progress.test}
    labels = {
        each.output: {"kind": each.kind, "names": list(each.names), "logits": each.logits}
        for each in targets(project, run.report.shapes)
    }
    texts = {
        SCRIPT: script,
        "train.ipynb": notebook(written),
        "predict.py": predict,
        "requirements.txt": needs,
        "pyproject.toml": _pyproject(project.name, needs),
        "metrics.json": dump({"last_epoch": metrics["epochs"], "test": metrics["test"]}),
        "labels.json": dump(labels),
        "history.csv": rows.getvalue(),
        README: _readme(run, metrics),
    }
    for name, content in texts.items():
        (place / name).write_text(content, encoding="utf-8", newline="\n")
    for name in ("project.json", "environment.json"):
        shutil.copyfile(folder / name, place / name)
    (place / "artifacts").mkdir()
    shutil.copyfile(run.path, place / SAVED)
    place_files(project, folder, place, copied=True)


def _pyproject(name: str, needs: str) -> str:
    """A project whose dependencies are exact; it has no modules to be installed."""
    plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in name).strip("-") or "model"
    major, minor, _ = platform.python_version_tuple()
    packages = [line for line in needs.splitlines() if not line.startswith("#")]
    listed = "\n".join(f'    "{package}",' for package in packages)
    return (
        "[project]\n"
        f'name = "{plain.lower()}"\n'
        'version = "1.0.0"\n'
        f'requires-python = "=={major}.{minor}.*"\n'
        f"dependencies = [\n{listed}\n]\n\n"
        "[build-system]\n"
        'requires = ["setuptools>=77"]\n'
        'build-backend = "setuptools.build_meta"\n\n'
        "[tool.setuptools]\n"
        "py-modules = []\n"
    )


def _readme(run: Trained, metrics: dict[str, dict]) -> str:
    project = run.project
    title = quoted(project.name or "model", 200)[1:-1].replace("`", "'")
    lines = [f"# {title}", ""]
    if project.note:
        lines += [*(f"> {line}" for line in project.note.splitlines()), ""]
    lines += [
        "Train it again, and get the same figures on the same kind of machine:",
        "",
        "    python -m pip install -r requirements.txt",
        f"    python {SCRIPT}",
        "",
        "Predict the rows of a file (`python predict.py --help` says what it may be):",
        "",
        "    python predict.py FILE",
        "",
    ]
    rows = [(f"test {name}", value) for name, value in metrics["test"].items()]
    rows += list(metrics["epochs"].items())
    if rows:
        lines += ["| figure | of the run |", "|---|---|"]
        lines += [f"| {name} | {number(value)} |" for name, value in rows]
        lines.append("")
    lines += [
        "| file | what it is |",
        "|---|---|",
        "| project.json | the project, to be opened in Studio |",
        f"| {SCRIPT}, train.ipynb | the training, as a script and as a notebook |",
        "| predict.py | predicts by `artifacts/model.keras` |",
        "| artifacts/model.keras | the trained model |",
        "| labels.json | what each output stands for, and the names of its classes |",
        "| metrics.json, history.csv | the figures of the run, at its end and by epoch |",
        "| environment.json | versions, devices, seed, and the data's sizes and SHA-256 |",
        "| requirements.txt, pyproject.toml | the exact versions of the packages |",
        "",
        "Neither script needs Studio.",
    ]
    left = [p for p in data_files(project, run.folder) if travelling_path(p) is None]
    if left:
        lines += ["", "These data are not in the bundle; they are read where they are:", ""]
        lines += [f"- `{quoted(path, 400)[1:-1].replace('`', chr(39))}`" for path in left]
    return "\n".join(lines) + "\n"
