"""Runs that start from weights: of a file, of another run; one that resumes loads nothing again."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from studio.engine.about import read_about
from studio.engine.checkpoints import last
from studio.engine.run import prepare
from studio.engine.trained import SAVED
from studio.engine.weights_file import contents
from studio.graph.file import read
from studio.graph.read import read_project
from tests.conftest import slow, studio_each
from tests.engine.nursery import Nursery
from tests.templates import template_folder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes are forked here")


def project(folder: Path, weights: dict, loop: str, **more: object):
    """The penguins, starting from weights."""
    value = json.loads((folder / "project.json").read_text())
    value["training"] |= {"loop": loop, "epochs": 3, "callbacks": [], **more}
    value["training"]["weights"] = {"op": "studio.weights.load", "params": weights}
    found, problems = read_project(value)
    assert not problems
    return found


def arrays(path: Path) -> dict[str, np.ndarray]:
    import io
    import zipfile

    import h5py

    with zipfile.ZipFile(path) as archive:
        content = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(content) as file:
        names = {"hidden": "layers/dense/vars/0", "species": "layers/dense_1/vars/0"}
        return {name: file[place][()] for name, place in names.items()}


@pytest.mark.parametrize("loop", ["custom", *slow("fit")])
def test_a_run_that_resumes_loads_nothing_again(
    trained, nursery: Nursery, tmp_path: Path, loop: str
):
    _, before = trained("penguins")
    folder = tmp_path / "project"
    folder.mkdir()
    for each in template_folder("penguins").iterdir():
        if each.name != "runs":
            (folder / each.name).symlink_to(each)
    (folder / "weights").mkdir()
    (folder / "weights" / "start.keras").write_bytes((before / SAVED).read_bytes())
    still = {"op": "keras.optimizers.SGD", "params": {"learning_rate": 0.0}}
    value = project(folder, {"path": "weights/start.keras"}, loop, optimizer=still)
    place = prepare(value, folder, tmp_path / "runs")
    about = json.loads((place / "environment.json").read_text())
    assert about["data"]["weights/start.keras"]["bytes"] == (before / SAVED).stat().st_size
    assert (place / "weights" / "start.keras").is_symlink()
    steps = 15
    assert nursery.live(place, False, {"at": "step", "count": 2 * steps + 3}) == -9
    assert last(place)
    (folder / "weights" / "start.keras").unlink()  # it isn't needed any more
    assert nursery.live(place, True) == 0
    log = (place / "log.txt").read_text()
    assert log.count("loaded 2 of 2 layers from ") == 1
    start, end = arrays(before / SAVED), arrays(place / SAVED)
    assert all(np.array_equal(start[name], end[name]) for name in start)


@pytest.mark.slow
def test_runs_continue_another_and_start_from_a_file(trained, tmp_path: Path):
    _, before = trained("penguins")
    folder = template_folder("penguins")
    other = ["--set", "model.nodes.species.params.units=4"]
    start = ["run", folder, "--epochs", 1, "--json", "--runs", tmp_path]
    model = before / SAVED
    done = studio_each(
        [*start, "--continue", before],
        [*start, "--continue", before, *other],
        [*start, "--weights", model, "--by-name"],
    )
    folders = [Path(json.loads(each.stdout)["folder"]) for each in done[:3]]
    settings = [read(each / "project.json")[0].training.weights.params for each in folders]
    assert settings[0] == {"path": str(model)}
    assert settings[1] == {"path": str(model), "by": "name", "skip_mismatch": True}
    assert settings[2] == {"path": str(model), "by": "name"}
    assert read_about(folders[0]).note == (
        f"Continues {before.name} from its end: all 2 layers, by structure."
    )
    kept = "species (16, 3) is not (16, 4)"
    assert read_about(folders[1]).note.endswith(f"1 of 2 layers, by name; kept as made: {kept}.")
    logs = [(each / "log.txt").read_text() for each in folders]
    assert f"loaded 2 of 2 layers from {model}\n" in logs[0] + "\n"
    assert f"loaded 1 of 2 layers from {model}; kept as made: {kept}" in logs[1]
    assert "loaded 2 of 2 layers" in logs[2]
    assert contents(folders[0] / SAVED).layers == contents(model).layers


@pytest.mark.slow
def test_a_run_continues_what_fits_and_is_refused_what_doesnt(trained, tmp_path: Path):
    _, before = trained("penguins")
    folder, model, wrong = template_folder("penguins"), before / SAVED, tmp_path / "text.keras"
    wrong.write_text("no weights")
    other = ["--set", "model.nodes.species.params.units=4"]
    start = ["run", folder, "--epochs", 1, "--json", "--runs", tmp_path / "runs"]
    done, *refused = studio_each(
        [*start, "--continue", before, *other],
        [*start, "--weights", model, *other],
        [*start, "--weights", wrong],
        [*start, "--continue", "nothing"],
        [*start, "--by-name"],
    )
    run = Path(json.loads(done.stdout)["folder"])
    kept = "species (16, 3) is not (16, 4)"
    assert read_about(run).note == (
        f"Continues {before.name} from its end: 1 of 2 layers, by name; kept as made: {kept}."
    )
    told = f"loaded 1 of 2 layers from {model}; kept as made: {kept}"
    assert told in (run / "log.txt").read_text()
    params = read(run / "project.json")[0].training.weights.params
    assert params == {"path": str(model), "by": "name", "skip_mismatch": True}
    words = ("doesn't fit the model: species", "is a text, but", "is called", "--by-name says how")
    for each, said in zip(refused, words, strict=True):
        assert each.returncode == 2 and said in each.stderr and len(each.stderr.splitlines()) == 1
    assert len(list((tmp_path / "runs").iterdir())) == 2  # the run, and the lock
