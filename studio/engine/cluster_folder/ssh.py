"""Plain hosts: a launcher that copies the folder to each by SSH, and starts its tasks there."""

from __future__ import annotations

from studio.engine.cluster_folder.plan import Plan, paragraph, table
from studio.engine.cluster_folder.static import static
from studio.graph.cluster import host_of, tasks, tf_config

LAUNCHER, TASK, TASKS = "launch.sh", "task.sh", "tasks.txt"


def files(plan: Plan) -> dict[str, str]:
    """The launcher, what it does on a host, which task runs where, and the TF_CONFIG of each."""
    cluster = plan.project.distribution.cluster
    found, rows = {}, []
    for role, index in tasks(plan.roles):
        host = host_of(cluster[role][index]).strip("[]")
        rows.append(f"{role}-{index} {host}\n")
        found[f"tasks/{role}-{index}.json"] = tf_config(cluster, role, index) + "\n"
    head = "# A task and the host that it runs on: as ssh knows it, with user@ before it or not.\n"
    launcher = static(LAUNCHER).replace("@REMOTE@", f"studio/{plan.name}")
    return {LAUNCHER: launcher, TASK: static(TASK), TASKS: head + "".join(rows), **found}


def readme(plan: Plan) -> str:
    """How it is started, watched, stopped and resumed."""
    needed = paragraph(
        "Each host must be reached by `ssh` without a password, and reach the others at the ports",
        "in `tasks/`. Once, install what the script needs on all of them, in a `.venv` of its own:",
    )
    steps = table(
        {
            "start": f"`./{LAUNCHER}`, or `nohup ./{LAUNCHER} > log.txt &` to outlive the terminal",
            "watch": "what each task prints comes here, its name before",
            "stop": f"Ctrl-C, or `./{LAUNCHER} stop` from another terminal",
            "resume": f"`./{LAUNCHER} --resume`: it goes on from the last checkpoint",
            "begin anew": f"`./{LAUNCHER}`: checkpoints of the training before are removed",
        }
    )
    told = paragraph(
        f"The folder is copied to `studio/{plan.name}` on each host (REMOTE names another), and",
        "what was trained comes back into `checkpoints/` and `artifacts/` here. When one task",
        f"fails, all are ended. `{TASKS}` says which task runs where; where the address of a host",
        "changes, write the folder anew.",
    )
    return "\n\n".join([needed, f"    ./{LAUNCHER} setup", steps, told])
