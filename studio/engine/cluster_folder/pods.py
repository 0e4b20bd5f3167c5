"""What both ways to train on Kubernetes share: the image, the pods, the disk that stays."""

from __future__ import annotations

import json
import sys
from typing import Any

from studio.engine.cluster_folder.plan import COMMAND, Plan, paragraph, table

DOCKERFILE, IGNORED = "Dockerfile", ".dockerignore"
HOME = "/app"
KEPT = ("checkpoints", "artifacts")
"""What a training writes that must outlast its pods."""


def image_files(plan: Plan, manifest: str) -> dict[str, str]:
    """The Dockerfile, and what of the folder doesn't belong into the image."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    folders = " ".join(f"{HOME}/{name}" for name in KEPT)
    dockerfile = f"""\
FROM python:{python}-slim
ENV PYTHONUNBUFFERED=1
RUN useradd --create-home --uid 1000 trainer \\
    && mkdir -p {folders} \\
    && chown trainer {HOME} {folders}
WORKDIR {HOME}
COPY requirements.txt ./
RUN pip install --no-cache-dir -r requirements.txt
COPY . ./
USER 1000
ENTRYPOINT ["python"]
CMD {json.dumps(COMMAND)}
"""
    ignored = [DOCKERFILE, IGNORED, manifest, "README.md", *KEPT]
    return {DOCKERFILE: dockerfile, IGNORED: "\n".join(ignored) + "\n"}


def claim(plan: Plan) -> dict[str, Any]:
    """The disk on which checkpoints and artifacts stay; all pods share it."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": plan.name},
        "spec": {
            "accessModes": ["ReadWriteMany"],
            "resources": {"requests": {"storage": "10Gi"}},
        },
    }


def pod(plan: Plan, role: str, container: str, port: str, **more: Any) -> dict[str, Any]:
    """The specification of a pod that plays a role."""
    resources: dict[str, Any] = {"requests": {"cpu": str(plan.cpus)}}
    if plan.gpus_of(role):
        resources["limits"] = {"nvidia.com/gpu": str(plan.gpus_of(role))}
    return {
        "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "fsGroup": 1000},
        "containers": [
            {
                "name": container,
                "image": plan.image,
                **more,
                "ports": [{"name": port, "containerPort": plan.port}],
                "resources": resources,
                "volumeMounts": [
                    {"name": "kept", "mountPath": f"{HOME}/{name}", "subPath": name}
                    for name in KEPT
                ],
            }
        ],
        "volumes": [{"name": "kept", "persistentVolumeClaim": {"claimName": plan.name}}],
    }


def written(*documents: dict[str, Any]) -> str:
    """Manifests as one file."""
    import yaml

    return "---\n".join(yaml.safe_dump(each, sort_keys=False) for each in documents)


def readme(plan: Plan, manifest: str, rows: dict[str, str]) -> str:
    """How it is started, watched, stopped and resumed."""
    begin = paragraph(
        "Build the image in this folder, and push it to where the cluster takes its images from:"
    )
    build = f"    docker build -t {plan.image} . && docker push {plan.image}"
    steps = {
        "start": f"`kubectl apply -f {manifest}`",
        **rows,
        "begin anew": f"`kubectl delete -f {manifest}`, which removes the disk too; then start it",
    }
    kept = paragraph(
        f"The claim `{plan.name}` keeps `checkpoints/` and `artifacts/`, and all pods share it: it",
        "needs a storage class that several nodes can write (`ReadWriteMany`). What was trained is",
        "copied from a pod that mounts the claim, by `kubectl cp`.",
    )
    return "\n\n".join([begin, build, table(steps), kept])
