"""Slurm: a batch script, and the resolver that reads the cluster from what Slurm tells a task."""

from __future__ import annotations

import json
from typing import Any

from studio.engine.cluster_folder.plan import COMMAND, Plan, paragraph, table
from studio.engine.cluster_folder.static import static
from studio.graph.ops import strategies

BATCH = "train.sbatch"
TASK = "slurm_task.py"
CLUSTER = "cluster.json"


def resolver(plan: Plan) -> dict[str, Any] | None:
    """The call that asks Slurm where each task is; None where TF_CONFIG tells it.

    TensorFlow's resolver for Slurm can't be used without GPUs: it counts them off in steps
    of none.
    """
    if not plan.gpus:
        return None
    params = {
        "jobs": dict(sorted(plan.roles.items())),
        "port_base": plan.port,
        "gpus_per_node": plan.gpus,
        "gpus_per_task": plan.gpus,
    }
    return {"op": strategies.SLURM, "params": params}


def files(plan: Plan) -> dict[str, str]:
    """The batch script; without GPUs also what tells each task its place."""
    command = " ".join(["python", *([] if plan.gpus else [TASK]), *COMMAND])
    flags = ["--distribution=arbitrary", "--kill-on-bad-exit=1"]
    if plan.served:
        flags.append("--wait=60")  # the servers wait for ever; the chief's end is that of all
    gpus = f"#SBATCH --gres=gpu:{plan.gpus}" if plan.gpus else "##SBATCH --gres=gpu:1"
    head = [
        "#!/bin/bash",
        f"#SBATCH --job-name={plan.name}",
        f"#SBATCH --nodes={plan.size}",
        f"#SBATCH --ntasks={plan.size}",
        "#SBATCH --ntasks-per-node=1",
        f"#SBATCH --cpus-per-task={plan.cpus}",
        *([gpus] if plan.gpus else []),
        "#SBATCH --output=slurm-%j.log",
        "# What many clusters want besides; a second # keeps Slurm from reading a line:",
        "##SBATCH --partition=gpu",
        "##SBATCH --time=12:00:00",
        "##SBATCH --mem=16G",
    ]
    body = static("train.sbatch").replace("@FLAGS@", " ".join(flags)).replace("@COMMAND@", command)
    found = {BATCH: "\n".join(head) + "\n" + body}
    if not plan.gpus:
        roles = {"roles": plan.roles, "port": plan.port}
        found |= {TASK: static(TASK), CLUSTER: json.dumps(roles, indent=2) + "\n"}
    return found


def readme(plan: Plan) -> str:
    """How it is started, watched, stopped and resumed."""
    how = "`SlurmClusterResolver` in `train.py`" if plan.gpus else f"`{TASK}`, by TF_CONFIG"
    gpus = f" and {plan.gpus} GPU{'s' * (plan.gpus != 1)}" if plan.gpus else ""
    setup = paragraph(
        "Put this folder on a disk that all nodes share, with the packages of `requirements.txt`",
        "in a virtual environment `.venv` here (or load them by your cluster's modules, in",
        f"`{BATCH}`):",
    )
    steps = table(
        {
            "start": f"`sbatch {BATCH}`, in this folder",
            "watch": "`squeue --me`, `tail -f slurm-*.log`",
            "stop": f"`scancel --name={plan.name}`",
            "resume": f"`sbatch {BATCH}` again: it goes on from the last checkpoint",
            "begin anew": "`rm -r checkpoints`, then start it",
        }
    )
    told = paragraph(
        f"Each task gets a node of its own, {plan.cpus} CPUs{gpus}; the lines `#SBATCH` of",
        f"`{BATCH}` say so. The tasks find each other through {how}, at port {plan.port}.",
    )
    install = "    python -m venv .venv && .venv/bin/pip install -r requirements.txt"
    return "\n\n".join([setup, install, steps, told])
