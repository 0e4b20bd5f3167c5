"""A row a node: output shapes, dtypes, parameters, FLOPs, and the totals."""

from __future__ import annotations

from typing import Any

from studio.graph.document import Project, owner
from studio.graph.shapes import Shapes
from studio.graph.spec import BYTES, Spec, product


def summary(project: Project, shapes: Shapes) -> dict[str, Any]:
    """What `studio summary --json` prints of the model.

    A node that couldn't be inferred has no outputs, and null for its numbers.
    `flops` are those of one sample; bytes those of the weights, and of one
    sample's activations.
    """
    rows = []
    total = trainable = weight_bytes = activation_bytes = 0
    flops: int | None = 0
    for node in project.model.nodes.values() if project.model else ():
        result = shapes.nodes.get(node.id)
        made = owner(project.model, node)
        row: dict[str, Any] = {"id": node.id, "op": made.op if made else None, "outputs": []}
        if node.shares:
            row["shares"] = node.shares
        if node.bypass:
            row["bypass"] = True
        if result is None:
            rows.append(row | {"params": None, "trainable_params": None, "flops": None})
            continue
        specs = [spec for spec in result.outputs.values() if isinstance(spec, Spec)]
        row["outputs"] = [{"shape": list(spec.shape), "dtype": spec.dtype} for spec in specs]
        row["params"] = sum(weight.count for weight in result.weights)
        row["trainable_params"] = sum(w.count for w in result.weights if w.trainable)
        row["flops"] = result.flops
        rows.append(row)
        if node.bypass:
            continue  # its outputs are the tensor that went past it
        total += row["params"]
        trainable += row["trainable_params"]
        weight_bytes += sum(weight.bytes for weight in result.weights)
        flops = None if None in (flops, result.flops) else flops + result.flops
        sizes = [(product(spec.shape[1:]), BYTES.get(spec.dtype)) for spec in specs]
        activation_bytes += sum(n * size for n, size in sizes if n is not None and size)
    return {
        "nodes": rows,
        "totals": {
            "params": total,
            "trainable_params": trainable,
            "non_trainable_params": total - trainable,
            "weight_bytes": weight_bytes,
            "activation_bytes": activation_bytes,
            "flops": flops,
        },
    }
