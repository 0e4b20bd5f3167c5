"""Tells this task of Slurm its place in the cluster, by TF_CONFIG, and becomes the script."""

import json
import os
import sys
from pathlib import Path


def tf_config(rank, hosts, roles, port):
    """The TF_CONFIG of a rank: one task a host, the roles in their order."""
    tasks = [(role, index) for role, count in roles.items() for index in range(count)]
    if len(tasks) != len(hosts):
        sys.exit(f"cluster.json has {len(tasks)} tasks, but Slurm gave {len(hosts)} hosts.")
    cluster = {role: [] for role in roles}
    for (role, _), host in zip(tasks, hosts, strict=True):
        cluster[role].append(f"{host}:{port}")
    role, index = tasks[rank]
    return json.dumps({"cluster": cluster, "task": {"type": role, "index": index}})


if __name__ == "__main__":
    known = json.loads(Path(__file__).with_name("cluster.json").read_text())
    names = Path(os.environ["SLURM_HOSTFILE"]).read_text().split()
    rank = int(os.environ["SLURM_PROCID"])
    os.environ["TF_CONFIG"] = tf_config(rank, names, known["roles"], known["port"])
    os.execv(sys.executable, [sys.executable, "-u", *sys.argv[1:]])
