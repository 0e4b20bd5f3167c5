"""The batch script: its directives, and what its tasks are told where it is run."""

from __future__ import annotations

import os
import re
import subprocess

import pytest
import tensorflow as tf

from studio.graph.cluster import parse_roles, tasks, tf_config
from studio.graph.file import load
from studio.graph.ops.strategies import SLURM
from tests.engine.cluster_folder.folders import (
    SERVED,
    WORKERS,
    before,
    lint,
    plan,
    program,
    written,
)

HOSTS = ("n9", "n10", "n100", "n11")
"""In Slurm's order; that of letters, in which the tasks count them, is another."""

SCONTROL = """#!/bin/sh
[ "$1 $2" = "show hostnames" ] || exit 9
printf '%s\\n' $3 | tr , '\\n'
"""
SRUN = """#!/usr/bin/env python3
import os, subprocess, sys
options = [each for each in sys.argv[1:] if each.startswith("--") and each != "--resume"]
command = [each for each in sys.argv[1:] if each not in options]
assert "--distribution=arbitrary" in options
hosts = open(os.environ["SLURM_HOSTFILE"]).read().split()
print("options", *options, flush=True)
for rank, host in enumerate(hosts):
    subprocess.run(command, env={**os.environ, "SLURM_PROCID": str(rank)}, check=True)
"""
TRAIN = """import os, sys
print(os.environ["SLURM_PROCID"], sys.argv[1:], os.environ.get("TF_CONFIG"))
"""


def _directives(text: str) -> dict[str, str]:
    """The options that sbatch reads: those before the first command."""
    lines = text.splitlines()
    assert lines[0] == "#!/bin/bash"
    head = lines[: next(i for i, line in enumerate(lines) if not line.startswith("#"))]
    found = [re.fullmatch(r"#SBATCH --([a-z-]+)=(\S+)", line) for line in head]
    return {match[1]: match[2] for match in found if match}


@pytest.mark.parametrize("gpus", [0, 1, 4])
@pytest.mark.parametrize("roles", [WORKERS, SERVED])
def test_the_directives_are_those_of_the_tasks(roles, gpus, tmp_path):
    folder = written(plan("slurm", roles, gpus=gpus, cpus=6), tmp_path / "out")
    text = (folder / "train.sbatch").read_text()
    assert lint("shellcheck", folder / "train.sbatch") == ""
    count = str(len(tasks(parse_roles(roles))))
    expected = {
        "job-name": "digits-cnn",
        "nodes": count,
        "ntasks": count,
        "ntasks-per-node": "1",
        "cpus-per-task": "6",
        "output": "slurm-%j.log",
    }
    assert _directives(text) == expected | ({"gres": f"gpu:{gpus}"} if gpus else {})
    assert ("--wait=60" in text) == ("ps" in roles)
    assert f"##SBATCH --time={12}:00:00" in text
    assert ("[and-cuda]" in (folder / "requirements.txt").read_text()) == bool(gpus)


@pytest.mark.parametrize("gpus", [0, 1])
@pytest.mark.parametrize("roles", ["worker=4", SERVED])
def test_the_script_starts_each_task_with_its_place(roles, gpus, tmp_path):
    folder = written(plan("slurm", roles, gpus=gpus, port=4444), tmp_path / "a b")
    (folder / "train.py").write_text(TRAIN)
    program(tmp_path / "bin", "scontrol", SCONTROL)
    program(tmp_path / "bin", "srun", SRUN)
    known = {
        "SLURM_SUBMIT_DIR": str(folder),
        "SLURM_JOB_ID": "17",
        "SLURM_JOB_NODELIST": ",".join(HOSTS),
    }

    def run(**more: str) -> subprocess.CompletedProcess:
        environment = before(tmp_path / "bin") | known | more
        environment.pop("TF_CONFIG", None)
        script = ["bash", str(folder / "train.sbatch")]
        return subprocess.run(script, cwd="/", env=environment, capture_output=True, text=True)

    done = run()
    assert done.returncode == 0, done.stderr
    assert not list(folder.glob("hosts-*"))
    order = sorted(HOSTS)
    assert order != list(HOSTS)
    cluster: dict[str, list[str]] = {}
    told = tasks(parse_roles(roles))
    for (role, _), host in zip(told, order, strict=True):
        cluster.setdefault(role, []).append(f"{host}:4444")
    lines = done.stdout.splitlines()[1:]
    for rank, (role, index) in enumerate(told):
        config = None if gpus else tf_config(cluster, role, index)
        assert lines[rank] == f"{rank} ['--resume'] {config}"
    done = run(SLURM_SUBMIT_DIR=str(tmp_path))
    assert done.returncode == 1
    assert "There is no train.py in" in done.stderr
    if not gpus:
        done = run(SLURM_JOB_NODELIST="n1,n2")
        assert done.returncode == 1
        assert "cluster.json has 4 tasks, but Slurm gave 2 hosts." in done.stderr


@pytest.mark.parametrize("roles", ["worker=4", SERVED])
def test_the_resolver_of_tensorflow_finds_the_same_cluster(roles, tmp_path, monkeypatch):
    folder = written(plan("slurm", roles, gpus=2, port=4444), tmp_path / "out")
    call = load(folder).distribution.params["cluster_resolver"]
    assert call["op"] == SLURM
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")  # it is changed, and must be put back
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "4")
    monkeypatch.setenv("SLURM_STEP_NODELIST", "n[9-11],n100")
    monkeypatch.setenv("SLURM_STEP_TASKS_PER_NODE", "1(x4)")
    order, found = sorted(HOSTS), []
    for rank in range(4):
        monkeypatch.setenv("SLURM_PROCID", str(rank))
        resolver = tf.distribute.cluster_resolver.SlurmClusterResolver(**call["params"])
        cluster = resolver.cluster_spec().as_dict()
        role, index = resolver.task_type, resolver.task_id
        # Whatever role it plays, a rank must be on the host that the others look for it on.
        assert cluster[role][index] == f"{order[rank]}:4444"
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "0,1"
        found.append((role, index))
    assert sorted(found) == sorted(tasks(parse_roles(roles)))
    assert {role: len(each) for role, each in cluster.items()} == parse_roles(roles)


def test_without_gpus_the_resolver_of_tensorflow_would_fail(monkeypatch):
    for name, value in (("PROCID", "0"), ("STEP_NODELIST", "n1"), ("STEP_TASKS_PER_NODE", "1")):
        monkeypatch.setenv(f"SLURM_{name}", value)
    resolver = tf.distribute.cluster_resolver.SlurmClusterResolver(
        jobs={"worker": 1}, gpus_per_node=0, gpus_per_task=0
    )
    with pytest.raises(ValueError, match="must not be zero"):
        resolver.cluster_spec()
