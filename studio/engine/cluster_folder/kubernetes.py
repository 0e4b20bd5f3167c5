"""Kubernetes with the Kubeflow Training Operator: a TFJob, which tells each pod its TF_CONFIG."""

from __future__ import annotations

from typing import Any

from studio.engine.cluster_folder.plan import Plan
from studio.engine.cluster_folder.pods import claim, image_files, pod, written
from studio.engine.cluster_folder.pods import readme as steps

MANIFEST = "tfjob.yaml"
CONTAINER, PORT = "tensorflow", "tfjob-port"
"""The operator knows its container and its port by these names."""
REPLICAS = {"chief": "Chief", "worker": "Worker", "ps": "PS"}


def files(plan: Plan) -> dict[str, str]:
    """The manifest and what the image is made of."""
    return {MANIFEST: written(claim(plan), _job(plan)), **image_files(plan, MANIFEST)}


def _job(plan: Plan) -> dict[str, Any]:
    return {
        "apiVersion": "kubeflow.org/v1",
        "kind": "TFJob",
        "metadata": {"name": plan.name},
        "spec": {
            # Parameter servers wait for ever: they end with the job.
            "runPolicy": {"cleanPodPolicy": "Running", "suspend": False},
            "tfReplicaSpecs": {
                REPLICAS[role]: {
                    "replicas": count,
                    "restartPolicy": "OnFailure",
                    "template": {"spec": pod(plan, role, CONTAINER, PORT)},
                }
                for role, count in plan.roles.items()
            },
        },
    }


def readme(plan: Plan) -> str:
    """How it is started, watched, stopped and resumed."""
    name = plan.name
    leads = "chief" if "chief" in plan.roles else "worker"
    suspend = f"`kubectl patch tfjob {name} --type=merge -p "
    return steps(
        plan,
        MANIFEST,
        {
            "watch": f"`kubectl get tfjob {name}`, `kubectl logs -f {name}-{leads}-0`",
            "stop": suspend + """'{"spec":{"runPolicy":{"suspend":true}}}'`""",
            "resume": suspend + """'{"spec":{"runPolicy":{"suspend":false}}}'`: """
            "it goes on from the last checkpoint, as a pod does that is started again",
        },
    )
