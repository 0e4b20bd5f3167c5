"""The manifests, against the schemas of Kubernetes and the models of Kubeflow; the entry point."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import kubernetes_validate
import pytest
import yaml
from kubeflow.training import ApiClient, KubeflowOrgV1TFJob

from studio.graph.cluster import leader, parse_roles, read_tf_config, tasks, tf_config
from tests.engine.cluster_folder.folders import SERVED, WORKERS, lint, plan, written

CASES = [(WORKERS, 0), (SERVED, 0), (SERVED, 2), ("chief=1,worker=1", 1)]


def _valid(document: dict) -> None:
    kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)


def _documents(folder, name: str) -> dict[str, dict]:
    return {each["kind"]: each for each in yaml.safe_load_all((folder / name).read_text())}


def _check_pod(spec: dict, claims: set[str], gpus: int) -> None:
    _valid({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": spec})
    (container,) = spec["containers"]
    mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert mounted == {"/app/checkpoints", "/app/artifacts"}
    assert {v["persistentVolumeClaim"]["claimName"] for v in spec["volumes"]} == claims
    assert container["resources"].get("limits", {}).get("nvidia.com/gpu", "0") == str(gpus)
    assert container["image"] == "registry.example:5000/team/digits:1.2"


@pytest.mark.parametrize(("roles", "gpus"), CASES)
def test_a_tfjob_is_what_kubeflow_takes(roles, gpus, tmp_path):
    folder = written(plan("kubernetes", roles, gpus=gpus, port=3333), tmp_path / "out")
    found = _documents(folder, "tfjob.yaml")
    assert set(found) == {"PersistentVolumeClaim", "TFJob"}
    _valid(found["PersistentVolumeClaim"])
    client = ApiClient()
    text = SimpleNamespace(data=json.dumps(found["TFJob"]))
    job = client.deserialize(text, KubeflowOrgV1TFJob)
    # A field that the models don't know would be lost on the way.
    assert client.sanitize_for_serialization(job) == found["TFJob"]
    replicas = job.spec.tf_replica_specs
    names = {"Chief": "chief", "Worker": "worker", "PS": "ps"}
    assert {names[n]: each.replicas for n, each in replicas.items()} == parse_roles(roles)
    for name, spec in found["TFJob"]["spec"]["tfReplicaSpecs"].items():
        pod = spec["template"]["spec"]
        trains = name == "Worker" or (name == "Chief" and "ps" not in roles)
        _check_pod(pod, {found["PersistentVolumeClaim"]["metadata"]["name"]}, gpus if trains else 0)
        (container,) = pod["containers"]
        assert container["name"] == "tensorflow"  # the only one that the operator tells TF_CONFIG
        assert container["ports"] == [{"name": "tfjob-port", "containerPort": 3333}]


@pytest.mark.parametrize(("roles", "gpus"), CASES)
def test_an_indexed_job_is_what_kubernetes_takes(roles, gpus, tmp_path):
    folder = written(plan("indexed-job", roles, gpus=gpus), tmp_path / "out")
    found = _documents(folder, "job.yaml")
    assert set(found) == {"PersistentVolumeClaim", "Service", "Job"}
    for document in found.values():
        _valid(document)
    job, service = found["Job"]["spec"], found["Service"]
    count = len(tasks(parse_roles(roles)))
    assert (job["completionMode"], job["completions"], job["parallelism"]) == (
        "Indexed",
        count,
        count,
    )
    spec = job["template"]["spec"]
    _check_pod(spec, {found["PersistentVolumeClaim"]["metadata"]["name"]}, gpus)
    assert spec["subdomain"] == service["metadata"]["name"]
    name = found["Job"]["metadata"]["name"]
    assert service["spec"]["selector"] == {"batch.kubernetes.io/job-name": name}
    assert service["spec"]["clusterIP"] == "None"
    (container,) = spec["containers"]
    assert container["args"][:2] == ["indexed_task.py", "train.py"]
    ends = job.get("successPolicy", {}).get("rules")
    assert ends == ([{"succeededIndexes": "0"}] if "ps" in roles else None)
    # A pod's name is the job's with its index, and a label of DNS.
    cluster = json.loads((folder / "cluster.json").read_text())
    addresses = [cluster[role][index] for role, index in tasks(parse_roles(roles))]
    port = container["ports"][0]["containerPort"]
    assert addresses == [f"{name}-{i}.{spec['subdomain']}:{port}" for i in range(count)]


@pytest.mark.parametrize("roles", [WORKERS, SERVED])
def test_the_entry_point_tells_each_index_its_place(roles, tmp_path):
    folder = written(plan("indexed-job", roles), tmp_path / "out")
    source = "import os, sys; print(os.environ['TF_CONFIG'], sys.argv[1:])"
    (folder / "train.py").write_text(source)
    arguments = _documents(folder, "job.yaml")["Job"]["spec"]["template"]["spec"]["containers"][0]
    cluster = json.loads((folder / "cluster.json").read_text())
    found = []

    def run(index: object) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, *arguments["args"]],
            cwd=folder,
            env={**os.environ, "JOB_COMPLETION_INDEX": str(index)},
            capture_output=True,
            text=True,
        )

    expected = tasks(parse_roles(roles))
    for index, (role, number) in enumerate(expected):
        done = run(index)
        assert done.returncode == 0, done.stderr
        assert done.stdout == f"{tf_config(cluster, role, number)} ['--resume']\n"
        task = read_tf_config(done.stdout.partition(" ['")[0])
        found.append((task.role, task.index))
    assert found == expected
    assert found[0] == leader(parse_roles(roles))
    done = run(len(expected))
    assert done.returncode == 1
    assert f"JOB_COMPLETION_INDEX is {len(expected)}, but" in done.stderr


@pytest.mark.parametrize("engine", ["kubernetes", "indexed-job"])
def test_the_image_holds_the_script_and_its_data_alone(engine, tmp_path):
    folder = written(plan(engine), tmp_path / "out")
    dockerfile = folder / "Dockerfile"
    assert lint("hadolint", dockerfile) == ""
    lines = dockerfile.read_text().splitlines()
    assert lines[0] == f"FROM python:{sys.version_info.major}.{sys.version_info.minor}-slim"
    assert lines[-2:] == ['ENTRYPOINT ["python"]', 'CMD ["train.py", "--resume"]']
    ignored = (folder / ".dockerignore").read_text().splitlines()
    kept = {p.name for p in folder.iterdir()} - set(ignored)
    own = {"indexed_task.py", "cluster.json"} if engine == "indexed-job" else set()
    assert kept == {"train.py", "project.json", "requirements.txt", "assets"} | own
