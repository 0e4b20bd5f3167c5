"""Tells this task of an Indexed Job its place in the cluster, by TF_CONFIG, and becomes the script.

Index 0 is the first task of the first role of cluster.json, and so on.
"""

import json
import os
import sys
from pathlib import Path


def tf_config(index, cluster):
    """The TF_CONFIG of the task with an index."""
    tasks = [(role, i) for role, addresses in cluster.items() for i in range(len(addresses))]
    if not 0 <= index < len(tasks):
        sys.exit(f"JOB_COMPLETION_INDEX is {index}, but cluster.json has {len(tasks)} tasks.")
    role, i = tasks[index]
    return json.dumps({"cluster": cluster, "task": {"type": role, "index": i}})


if __name__ == "__main__":
    cluster = json.loads(Path(__file__).with_name("cluster.json").read_text())
    os.environ["TF_CONFIG"] = tf_config(int(os.environ["JOB_COMPLETION_INDEX"]), cluster)
    os.execv(sys.executable, [sys.executable, "-u", *sys.argv[1:]])
