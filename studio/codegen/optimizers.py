"""Several optimizers: where the script makes them, and which of the variables each trains."""

from __future__ import annotations

from studio.codegen.calls import value_expr
from studio.codegen.layout import dictionary
from studio.codegen.literal import literal, text
from studio.codegen.source import Source
from studio.graph.bypass import through
from studio.graph.chain import called_nodes
from studio.graph.document import Project

_PARTS = '''

def parts_of(model, optimizers):
    """Returns each optimizer with the variables that it trains; the model's own has the rest."""
    by = {
        variable.path: name
        for layer, name in TRAINED_BY.items()
        for variable in model.get_layer(layer).trainable_variables
    }
    parts = []
    for name, optimizer in {None: model.optimizer, **optimizers}.items():
        own = [each for each in model.trainable_variables if by.get(each.path) == name]
        parts.append((optimizer, own))
    return parts'''

APPLY = """parts = parts_of(model, optimizers)
gradients = tape.gradient(loss, [variables for _, variables in parts])
for (optimizer, variables), own in zip(parts, gradients):
    optimizer.apply(own, variables)"""
"""Takes the gradients and hands each optimizer its own, inside the step."""


def write_optimizers(source: Source, project: Project) -> None:
    """Writes the dict of the further optimizers, inside `train`; nothing where there are none."""
    found = project.training.optimizers
    if found:
        calls = {
            name: value_expr(source, {"op": each.op, "params": each.params})
            for name, each in found.items()
        }
        entries = [(text(name), each) for name, each in calls.items()]
        source.statement("optimizers = ", dictionary(entries))


def write_parts(source: Source, project: Project) -> None:
    """Writes the function that tells which variables each optimizer trains."""
    with source.section("Steps"):
        source.statement("TRAINED_BY = ", literal(_layers(project)))
        source.text(_PARTS)


def _layers(project: Project) -> dict[str, str]:
    """The layers of the script that a further optimizer trains, by their names."""
    graph = through(project, project.model)
    found: dict[str, str] = {}
    for name in called_nodes(graph):
        optimizer = project.training.trained_by.get(name)
        if optimizer is None:
            continue
        node = graph.nodes[name]
        layer = str(node.params.get("name") or name)
        repeated = [f"{name}_{number}" for number in range(1, node.repeat + 1)]
        found |= dict.fromkeys([layer] if node.repeat == 1 else repeated, optimizer)
    return found
