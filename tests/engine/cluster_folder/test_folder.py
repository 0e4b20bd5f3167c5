"""What every folder holds, and that it is written whole or not at all."""

from __future__ import annotations

import re
import shutil
from importlib.metadata import version
from pathlib import Path

import pytest
from msgspec.structs import replace

from studio.codegen.script import write_script
from studio.engine.cluster_folder.folder import left_behind, write
from studio.engine.cluster_folder.plan import ENGINES, LONGEST_NAME, check_image, plain_name
from studio.engine.requirements import requirements
from studio.graph.cluster import read_tf_config
from studio.graph.document import Call
from studio.graph.file import load
from studio.graph.problems import ProjectError, StudioError
from tests.engine.cluster_folder.folders import SERVED, WORKERS, hosts_plan, lint, plan, written
from tests.templates import template_folder

DIGITS = template_folder("digits_cnn")
CLUSTER = {"worker": ("node1:2222", "node2:2222", "node2:2223")}
SERVERS = {"chief": ("a:1",), "worker": ("b:1", "c:1"), "ps": ("d:1",)}


def _plan(engine: str, served: bool):
    if engine == "ssh":
        return hosts_plan(SERVERS if served else CLUSTER)
    return plan(engine, SERVED if served else WORKERS)


@pytest.mark.parametrize("served", [False, True])
@pytest.mark.parametrize("engine", ENGINES)
def test_each_folder_has_all_that_a_training_needs(engine, served, tmp_path):
    made = _plan(engine, served)
    files = write(made, DIGITS, tmp_path / "out")
    target = tmp_path / "out"
    there = {str(p.relative_to(target)) for p in target.rglob("*") if p.is_file()}
    assert there == set(files)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    project = load(target)
    assert (target / "train.py").read_text() == write_script(project, target).text
    assert not any(path.is_symlink() for path in target.rglob("*"))
    data = "assets/data/digits.csv.gz"
    assert (target / data).read_bytes() == (Path("assets") / data[7:]).resolve().read_bytes()
    assert (target / "requirements.txt").read_text().splitlines()[0] == f"keras=={version('keras')}"
    readme = (target / "README.md").read_text()
    words = set(re.findall(r"`\./?([\w.]+\.sh)|`([\w./-]+\.(?:py|sbatch|yaml|txt))`", readme))
    named = {one or other for one, other in words}
    assert "train.py" in named
    assert named <= there
    roles = ", ".join(f"{role}={count}" for role, count in made.roles.items())
    assert f"the tasks {roles}" in " ".join(readme.split())
    assert all(f"| {step} |" in readme for step in ("start", "watch", "stop", "resume"))
    for script in target.rglob("*.sh"):
        assert lint("shellcheck", script) == ""
        assert script.stat().st_mode & 0o111 == 0o111
    for task in target.glob("*_task.py"):
        assert lint("ruff", "check", "--isolated", task) == "All checks passed!\n"
        compile(task.read_text(), task.name, "exec")


def test_the_project_that_travels_names_no_other_place(tmp_path):
    made = plan("kubernetes")
    resolver = {"op": "tf.distribute.cluster_resolver.SlurmClusterResolver"}
    project = replace(
        made.project,
        distribution=replace(
            made.project.distribution, params={"cluster_resolver": resolver}, cluster=CLUSTER
        ),
    )
    target = written(replace(made, project=project), tmp_path / "out")
    assert load(target).distribution == made.project.distribution


def test_what_is_installed_is_pinned_and_what_is_not_is_said():
    project = load(DIGITS)
    text = requirements(project, "import json\nimport keras.ops\nfrom yaml import x", gpus=True)
    names = ("keras", "numpy", "PyYAML", "tensorflow[and-cuda]")
    assert text.splitlines() == [f"{n}=={version(n.partition('[')[0])}" for n in names]
    board = Call("keras.callbacks.TensorBoard")
    training = replace(project.training, callbacks=(board,))
    script = "def f():\n    import no_such_module_here\n    from . import near\n"
    lines = requirements(replace(project, training=training), script, gpus=False).splitlines()
    assert lines[2:] == [
        f"tensorboard=={version('tensorboard')}",
        f"tensorflow=={version('tensorflow')}",
        "# not installed where this was written: no_such_module_here",
    ]


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("digits_cnn", "digits-cnn"),
        ("Ein Versuch, größer!", "ein-versuch-gr-er"),
        ("7 seas", "train-7-seas"),
        ("", "train"),
        ("$(reboot) `x`\n#SBATCH", "reboot-x-sbatch"),
        ("x" * 100, "x" * LONGEST_NAME),
    ],
)
def test_names_are_what_a_cluster_takes(name, plain):
    assert plain_name(name) == plain
    assert re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])?", plain)


@pytest.mark.parametrize(
    ("image", "right"),
    [
        ("digits:1", True),
        ("registry.example:5000/team/some_digits/x:v1.2-rc", True),
        ("a@sha256:" + "0" * 64, True),
        ("Digits", False),
        ("a b", False),
        ("a\nRUN x", False),
        ("-x", False),
        ("a:", False),
        ("", False),
    ],
)
def test_an_image_has_a_name_that_can_be_one(image, right):
    if right:
        check_image(image)
    else:
        with pytest.raises(StudioError, match="no name of an image"):
            check_image(image)


@pytest.fixture
def images(tmp_path) -> Path:
    """A project with a folder of images."""
    folder = tmp_path / "project"
    shutil.copytree(template_folder("images_from_folder"), folder)
    return folder


def _of(folder: Path):
    made, found = plan("slurm"), load(folder)
    training = replace(found.training, loop="custom")
    spread = replace(found, training=training, distribution=made.project.distribution)
    return replace(made, project=spread)


def test_folders_of_data_are_copied_whole(images, tmp_path):
    files = write(_of(images), images, tmp_path / "out")
    assert "digits" in files
    copied, own = (
        {str(p.relative_to(f)): p.read_bytes() for p in f.rglob("*.png")}
        for f in (tmp_path / "out" / "digits", images / "digits")
    )
    assert copied == own
    assert copied


def test_a_folder_that_can_not_be_finished_leaves_nothing(images, tmp_path):
    first = next((images / "digits").rglob("*.png"))
    (first.parent / "lost").symlink_to("nowhere")
    with pytest.raises(StudioError, match="can't be put into"):
        write(_of(images), images, tmp_path / "deep" / "out")
    assert [*(tmp_path / "deep").iterdir()] == []


def test_a_folder_is_never_written_over_another(images, tmp_path):
    taken = tmp_path / "taken"
    taken.mkdir()
    written(plan("slurm"), taken)  # it is empty
    before = sorted(taken.rglob("*"))
    with pytest.raises(StudioError, match=r"not empty\. Name a folder that is new or empty"):
        written(plan("kubernetes"), taken)
    assert sorted(taken.rglob("*")) == before
    with pytest.raises(StudioError, match=r"can't be read|can't be written"):
        written(plan("slurm"), taken / "train.py" / "deeper")
    with pytest.raises(StudioError, match="lies in the project's data"):
        write(_of(images), images, images / "digits" / "out")
    assert not (images / "digits" / "out").exists()


def test_data_takes_the_place_of_no_other_file(images, tmp_path):
    (images / "README.md").unlink(missing_ok=True)
    (images / "digits").rename(images / "README.md")
    text = (images / "project.json").read_text().replace('"path": "digits"', '"path": "README.md"')
    (images / "project.json").write_text(text)
    with pytest.raises(StudioError, match=r'The data "README\.md" would lie among the files'):
        write(_of(images), images, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_data_outside_of_the_project_are_named(images, tmp_path):
    away = tmp_path / "away `x`"
    (images / "digits").rename(away)
    text = (images / "project.json").read_text()
    (images / "project.json").write_text(text.replace('"path": "digits"', f'"path": "{away}"'))
    made = _of(images)
    assert left_behind(made.project, images) == [str(away)]
    write(made, images, tmp_path / "out")
    readme = (tmp_path / "out" / "README.md").read_text()
    assert f"- `{tmp_path}/away 'x'`\n" in readme


def test_ssh_tells_each_task_its_place(tmp_path):
    target = written(hosts_plan(SERVERS), tmp_path / "out")
    rows = (target / "tasks.txt").read_text().splitlines()[1:]
    assert rows == ["chief-0 a", "worker-0 b", "worker-1 c", "ps-0 d"]
    for row in rows:
        task = read_tf_config((target / "tasks" / f"{row.split()[0]}.json").read_text())
        assert f"{task.role}-{task.index}" == row.split()[0]
        assert task.cluster == {role: list(addresses) for role, addresses in SERVERS.items()}


@pytest.mark.parametrize("engine", ENGINES[:3])
def test_a_script_is_told_to_go_on_and_so_are_people(engine, tmp_path):
    target = written(plan(engine), tmp_path / "out")
    assert "--resume" in (target / "train.py").read_text()
    others = [each.read_text() for each in target.iterdir() if each.is_file()]
    others.remove((target / "train.py").read_text())
    assert any("--resume" in text for text in others)
    assert "goes on from the last checkpoint" in (target / "README.md").read_text()


def test_a_loop_that_can_not_train_on_a_cluster_is_refused(tmp_path):
    with pytest.raises(ProjectError, match="issue 20585"):
        written(plan("slurm", loop="fit"), tmp_path / "out")
    assert not (tmp_path / "out").exists()
