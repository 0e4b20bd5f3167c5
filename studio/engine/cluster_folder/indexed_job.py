"""Kubernetes as it is: an Indexed Job, whose pods find each other through a headless Service."""

from __future__ import annotations

import json
from typing import Any

from studio.engine.cluster_folder.plan import COMMAND, Plan
from studio.engine.cluster_folder.pods import claim, image_files, pod, written
from studio.engine.cluster_folder.pods import readme as steps
from studio.engine.cluster_folder.static import static
from studio.graph.cluster import WORKER, leader, tasks

MANIFEST = "job.yaml"
TASK = "indexed_task.py"
CLUSTER = "cluster.json"


def addresses(plan: Plan) -> dict[str, list[str]]:
    """Where each task listens: a pod is called by the job and its index."""
    found: dict[str, list[str]] = {role: [] for role in plan.roles}
    for number, (role, _) in enumerate(tasks(plan.roles)):
        found[role].append(f"{plan.name}-{number}.{plan.name}:{plan.port}")
    return found


def files(plan: Plan) -> dict[str, str]:
    """The manifest, what tells each pod its place, and what the image is made of."""
    return {
        MANIFEST: written(claim(plan), _service(plan), _job(plan)),
        TASK: static(TASK),
        CLUSTER: json.dumps(addresses(plan), indent=2) + "\n",
        **image_files(plan, MANIFEST),
    }


def _service(plan: Plan) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": plan.name},
        "spec": {
            "clusterIP": "None",
            # The tasks look for each other before any of them can be ready.
            "publishNotReadyAddresses": True,
            "selector": {"batch.kubernetes.io/job-name": plan.name},
            "ports": [{"name": "tasks", "port": plan.port}],
        },
    }


def _job(plan: Plan) -> dict[str, Any]:
    # All pods of a Job are alike: where one needs GPUs, each has them.
    role = WORKER if plan.gpus else leader(plan.roles)[0]
    arguments = [TASK, *COMMAND]
    template = {
        "spec": {
            "subdomain": plan.name,
            "restartPolicy": "OnFailure",
            **pod(plan, role, "train", "tasks", args=arguments),
        }
    }
    spec = {
        "completionMode": "Indexed",
        "completions": plan.size,
        "parallelism": plan.size,
        # A task that fails takes the others with it: three times all of them.
        "backoffLimit": 3 * plan.size,
        "suspend": False,
        "template": template,
    }
    if plan.served:
        # Parameter servers wait for ever: they end with the chief, which has the index 0.
        spec["successPolicy"] = {"rules": [{"succeededIndexes": "0"}]}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": plan.name},
        "spec": spec,
    }


def readme(plan: Plan) -> str:
    """How it is started, watched, stopped and resumed."""
    name = plan.name
    suspend = f"`kubectl patch job {name} -p "
    watch = f"`kubectl get pods -l batch.kubernetes.io/job-name={name}`, "
    watch += f"`kubectl logs -f -l batch.kubernetes.io/job-name={name} --prefix`"
    started = f"`kubectl apply -f {MANIFEST}`"
    if plan.served:
        started += "; it ends with its chief from Kubernetes 1.31 on (`successPolicy`)"
    return steps(
        plan,
        MANIFEST,
        {
            "start": started,
            "watch": watch,
            "stop": suspend + """'{"spec":{"suspend":true}}'`""",
            "resume": suspend + """'{"spec":{"suspend":false}}'`: """
            "it goes on from the last checkpoint, as a pod does that is started again",
        },
    )
