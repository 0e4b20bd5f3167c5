"""A train step of the user's own in the place of the loop's, and the means of what it logs."""

from __future__ import annotations

from studio.codegen.calls import value_expr
from studio.codegen.layout import Expr, Group, Parts, join
from studio.codegen.source import Source
from studio.graph.code import outline
from studio.graph.document import Project
from studio.graph.own_step import takes_optimizers

SCALARS = '''def scalars_of(logs):
    """Returns what a step logs, each a tensor that is a scalar."""
    if not isinstance(logs, dict):
        raise TypeError(
            f"The train step returned {logs!r}; expected its logs, a dict of scalars by name."
        )
    found = {name: tf.convert_to_tensor(value) for name, value in logs.items()}
    for name, value in found.items():
        if value.shape.rank != 0:
            raise ValueError(
                f"The train step logs {name!r} with the shape {value.shape}; expected a scalar."
            )
    return found'''

MEANS = '''def mean_logs(logs, means, batch):
    """Returns the means over the epoch of what a step logs; a batch counts by its size."""
    for name, value in scalars_of(logs).items():
        if name not in means:
            means[name] = keras.metrics.Mean(name=name)
        means[name].update_state(value, sample_weight=size_of(batch))
    return {name: means[name].result() for name in logs}'''


def write_own_step(source: Source, project: Project, decorator: str) -> None:
    """Writes the step that calls the user's, inside `make_steps`."""
    source.line(decorator)
    with source.block("def train_step(batch):"):
        source.statement("logs = ", own_call(source, project))
        source.line("return mean_logs(logs, means, batch)")


def own_call(source: Source, project: Project) -> Parts:
    """The call of the user's step: `reconstruct(model, batch, hidden=0.5)`."""
    step = project.training.train_step
    name = step.op.removeprefix("code:")
    items: list[Expr] = ["model", "batch"]
    if takes_optimizers(outline(name, project.code[name]).parameters):
        items.append("optimizers")
    items += [join(f"{key}=", value_expr(source, value)) for key, value in step.params.items()]
    return join(name, Group("(", tuple(items), ")", call=True))
