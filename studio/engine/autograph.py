"""The code that AutoGraph makes of a training step, and of the project's own code in it."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from studio.engine.plain_autograph import plain
from studio.engine.stage import blamed, module
from studio.engine.training_question import ask_of_training
from studio.engine.warm import Warm
from studio.graph.checks import Report
from studio.graph.document import Project

SECONDS = 120.0
METHODS = {"layer": "call", "loss": "call", "metric": "update_state"}
"""What of a class of one's own becomes a part of the graph."""

NOTE = """\
# AutoGraph leaves the step of model.fit as it is, which is Keras' own. This is the step of the
# loop "custom", which trains the same.
"""


def converted(
    project: Project,
    folder: Path,
    report: Report,
    warm: Warm,
    trusted: bool = False,
    raw: bool = False,
) -> str:
    """The source that AutoGraph makes, each function under a comment that names it.

    Raises ProjectError where the project has errors, StudioError where its script fails or isn't
    trusted. Without `raw`, what is only there for AutoGraph is taken away.
    """
    fit = project.training is not None and project.training.loop == "fit"
    if fit:
        project = replace(project, training=replace(project.training, loop="custom"))
    found = ask_of_training("autograph", project, folder, report, warm, trusted, SECONDS)
    parts = [f"# {each['name']}\n{_shown(each['source'], raw)}" for each in found["functions"]]
    return "\n\n".join([*([NOTE] if fit else []), *parts])


def _shown(source: str, raw: bool) -> str:
    return f"{(source if raw else plain(source)).strip()}\n"


def autograph(fields: dict[str, Any]) -> dict[str, Any]:
    """{"functions": [{"name", "source"}]}, as AutoGraph writes them, of a script's training.

    `fields`: those of a question about the training, with the custom loop.
    """
    import keras
    import tensorflow as tf

    with blamed(fields):
        script = module(fields)
        model = script.build_model()
        script.compile_model(model, 1, False)
        found = []
        # What it is made with beside the model is only named here, not used.
        others = len(inspect.signature(script.make_steps).parameters) - 1
        made = script.make_steps(model, *({} for _ in range(others)))
        for steps in made if isinstance(made, tuple) else (made,):
            step = inspect.getclosurevars(steps.python_function).nonlocals["step"]
            found.append((step.__name__, step.python_function))
        found.append(("steps", steps.python_function))
        for name, (kind, _) in fields["code"].items():
            function = getattr(script, name)
            if kind in METHODS:
                function = getattr(function, METHODS[kind])
            if kind in (*METHODS, "function", "map"):
                found.append((function.__qualname__, function))
        functions = [
            {"name": name, "source": tf.autograph.to_code(function)} for name, function in found
        ]
        keras.utils.clear_session()
    return {"functions": functions}
