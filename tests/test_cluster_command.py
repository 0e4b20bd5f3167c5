"""`studio cluster`: what it writes, prints and refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from studio.cli import main
from studio.graph.file import load
from tests.conftest import ROOT

DIGITS = str(ROOT / "templates" / "digits_cnn")


def _strategy(name: str, **cluster: list[str]) -> list[str]:
    value = {"op": f"tf.distribute.{name}"} | ({"cluster": cluster} if cluster else {})
    return ["--set", "training.loop=custom", "--set", f"distribution={json.dumps(value)}"]


WORKERS = _strategy("MultiWorkerMirroredStrategy")
SERVED = _strategy("ParameterServerStrategy")
HOSTS = _strategy("MultiWorkerMirroredStrategy", worker=["node1:2222", "node2:2222"])
SERVED_HOSTS = _strategy("ParameterServerStrategy", chief=["a:1"], worker=["b:1"], ps=["c:1"])


@pytest.mark.parametrize(
    ("engine", "given", "roles"),
    [
        ("slurm", [*WORKERS, "--tasks", "worker=2"], {"worker": 2}),
        ("kubernetes", [*SERVED, "--tasks", "worker=1,ps=1,chief=1"], None),
        ("indexed-job", HOSTS, {"worker": 2}),
        ("indexed-job", [*HOSTS, "--tasks", "worker=5"], {"worker": 5}),
        ("ssh", HOSTS, {"worker": 2}),
        ("ssh", SERVED_HOSTS, {"chief": 1, "worker": 1, "ps": 1}),
    ],
)
def test_a_folder_is_written_and_told(engine, given, roles, tmp_path, capsys):
    out = tmp_path / "deep" / "out"
    assert main(["cluster", DIGITS, *given, "--for", engine, "-o", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["for"], told["folder"], told["not_copied"]) == (engine, str(out), [])
    assert told["roles"] == (roles or {"chief": 1, "worker": 1, "ps": 1})
    assert all((out / name).exists() for name in told["files"])
    project = load(out)
    assert bool(project.distribution.cluster) == (engine == "ssh")
    assert bool(project.distribution.params) == (engine == "slurm")


def test_what_is_written_is_said_in_a_line(tmp_path, capsys):
    out = tmp_path / "out"
    arguments = ["--for", "slurm", "--tasks", "worker=2,chief=1", "--gpus", "0", "-o", str(out)]
    assert main(["cluster", DIGITS, *WORKERS, *arguments]) == 0
    said = capsys.readouterr().out
    assert said == f"{out} is ready for slurm (chief=1, worker=2): its README.md says how.\n"
    assert load(out).distribution.params == {}
    assert (out / "slurm_task.py").exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "The project has no strategy, so it trains in one process. Say which"),
        (_strategy("MirroredStrategy"), "The project has MirroredStrategy, so it trains in one"),
        (WORKERS, "How many tasks are there? Say so with --tasks worker=2."),
        ([*WORKERS, "--tasks", "wroker=2"], 'Did you mean "worker"?'),
        ([*WORKERS, "--tasks", "chief=2,worker=1"], "--tasks: has 2 chiefs; expected one."),
        ([*WORKERS, "--tasks", "worker=1,ps=1"], "--tasks: has a ps, but with MultiWorker"),
        ([*SERVED, "--tasks", "worker=1,ps=1"], "--tasks: has no chief"),
        ([*WORKERS, "--tasks", "worker=2", "--image", "a"], "--image says nothing to --for slurm"),
        ([*WORKERS, "--tasks", "worker=2", "--for", "kubernetes", "--image", "A b"], "no name of"),
        ([*WORKERS, "--for", "ssh"], "The project doesn't say on which hosts it trains."),
        ([*HOSTS, "--for", "ssh", "--tasks", "worker=2"], "--tasks says nothing to --for ssh"),
        ([*HOSTS, "--for", "ssh", "--cpus", "2"], "--cpus says nothing to --for ssh"),
        (
            _strategy("MultiWorkerMirroredStrategy", worker=["a b:1"]),
            'distribution.cluster.worker[0]: is "a b:1", and "a b" is no name of a host.',
        ),
        (
            [*WORKERS, "--set", "model.outputs=[]", "--tasks", "worker=1"],
            "has nodes, but no output",
        ),
    ],
)
def test_what_can_not_be_written_is_a_sentence(given, said, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["cluster", DIGITS, "--for", "slurm", "-o", str(out), *given]) == 2
    assert said in capsys.readouterr().err
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--for", "yarn", "-o", "x"], "invalid choice"),
        (["-o", "x"], "--for"),
        (["--for", "ssh"], "-o"),
        (["--for", "slurm", "-o", "x", "--gpus", "-1"], "expected a number of GPUs"),
        (["--for", "slurm", "-o", "x", "--port", "0"], "expected a port from 1 to 65535"),
    ],
)
def test_options_that_are_not_understood_are_told_with_the_usage(given, said, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["cluster", DIGITS, *given])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_it_is_quick_and_needs_no_tensorflow(tmp_path):
    program = (
        "import sys; from studio.cli import main; code = main(sys.argv[1:]); "
        "heavy = {'tensorflow', 'keras', 'PySide6', 'numpy', 'networkx'} & set(sys.modules); "
        "print(code, sorted(heavy), file=sys.stderr)"
    )
    arguments = ["cluster", DIGITS, *HOSTS, "--for", "ssh", "-o", tmp_path / "out"]
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)], capture_output=True, text=True
    )
    assert done.stderr.splitlines()[-1] == "0 []"
    assert Path(tmp_path, "out", "launch.sh").exists()
