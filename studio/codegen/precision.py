"""The dtype policy of the layers: where the script sets it, and who scales the loss."""

from __future__ import annotations

from studio.codegen.literal import text
from studio.codegen.source import Source
from studio.graph.document import DataGraph, Project, is_call
from studio.graph.loss_scaling import unscaled


def write_policy(source: Source, project: Project) -> None:
    """Sets the policy, at the head of `build_model`; nothing where it is that of Keras."""
    if project.precision != "float32":
        source.line(f"keras.config.set_dtype_policy({text(project.precision)})")


def write_data_policy(source: Source, project: Project, graph: DataGraph) -> None:
    """Has layers among the data compute in float32, whoever has built the model before."""
    if project.precision != "float32" and any(map(_makes_layers, graph.nodes.values())):
        source.need("keras")
        source.line('keras.config.set_dtype_policy("float32")  # of layers among the data')


def _makes_layers(node: object) -> bool:
    ops = [str(each["op"]) for each in node.params.values() if is_call(each)]
    return any(op == "studio.map.augment" or op.startswith("code:") for op in ops)


def scaling_argument(project: Project) -> list[str]:
    """What `compile` is told where Keras would scale a loss whose gradients aren't taken so."""
    return ["auto_scale_loss=False"] if unscaled(project) else []
