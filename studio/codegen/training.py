"""The callbacks, compile and fit (or a loop of one's own), and `main()`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

from studio.codegen.body import Join
from studio.codegen.calls import call_expr, value_expr
from studio.codegen.checkpoints import write_checkpoints
from studio.codegen.class_weights import by_class
from studio.codegen.layout import (
    Binary,
    Expr,
    Group,
    Parts,
    call,
    dictionary,
    flat,
    join,
    listing,
)
from studio.codegen.literal import literal, text
from studio.codegen.loop import write_epochs, write_optimized
from studio.codegen.precision import scaling_argument
from studio.codegen.source import Source
from studio.codegen.speed import measures, write_speed
from studio.codegen.step_arguments import step_parts
from studio.codegen.steps import write_steps
from studio.codegen.strategy import scaled_rate, separates_seeds, write_strategy
from studio.codegen.validating import every
from studio.codegen.weights import write_load
from studio.graph.catalogue.registry import find
from studio.graph.distribution import CLIPS, SERVERS, WORKERS, shares_batches, spread
from studio.graph.document import Call, Project, Training, output_name
from studio.graph.elements import Structure

RESUMABLE = "callbacks=(), resume=False"
"""What a script's functions take whose loop can go on behind any step."""


def resumable(training: Training) -> bool:
    """Whether a script must be told that it goes on: what it does then is not the same."""
    return training.loop == "custom" or training.weights is not None


def arguments(training: Training) -> str:
    """What a script's `train()` and `main()` take."""
    return RESUMABLE if resumable(training) else "callbacks=()"


def write_callbacks(source: Source, training: Training) -> None:
    """Writes the function that makes the callbacks; nothing where there are none."""
    if not training.callbacks:
        return
    source.functions.add("make_callbacks")
    with (
        source.section("Callbacks"),
        source.block("def make_callbacks():", "Returns the callbacks, in their order."),
    ):
        source.statement("return ", listing(_call(source, each) for each in training.callbacks))


def _call(source: Source, each: Call) -> Expr:
    return value_expr(source, {"op": each.op, "params": each.params})


def write_training(source: Source, project: Project, structure: Structure, style: str) -> None:
    """Writes `train()`: data, model, compile, fit; `structure` is that of the data's elements."""
    training = project.training
    custom = training.loop == "custom"
    write_strategy(source, project)
    doc = "Trains a new model; returns it, its history and the datasets."
    if custom:
        write_steps(source, project, structure)
        write_checkpoints(source, project)
        doc = "Trains a model, anew or from a checkpoint; returns it, history and datasets."
    compiled = join("model", _method("compile", _compile(source, project, structure)))
    if measures(training):
        write_speed(source, project, compiled)
    head = f"def train({arguments(training)}):"
    with source.section("Training"), source.block(head, doc):
        if measures(training):
            source.line("steps_per_execution, jit_compile = choose_speed()")
        spreads = spread(project)
        if spreads:  # before TensorFlow looks for devices
            source.line("strategy = make_strategy()")
        if training.seed is not None:
            source.line("keras.utils.set_random_seed(SEED)")
        if training.deterministic:
            source.need("tf")
            source.line("tf.config.experimental.enable_op_determinism()")
        source.line("datasets = make_datasets()")
        with source.block("with strategy.scope():") if spreads else nullcontext():
            source.line("model = build_model()")
            if "adapt_layers" in source.functions:
                source.line('adapt_layers(model, datasets["train"])')
            write_load(source, project, structure, style)
            if measures(training):
                source.line("compile_model(model, steps_per_execution, jit_compile)")
            else:
                source.statement(compiled)
            if custom:
                write_optimized(source, project, style)
        if custom:
            if separates_seeds(project):
                source.line("separate_seeds(strategy, model)")
                source.line("merge_states = state_merger(strategy, model)")
            write_epochs(source, project)
        else:
            source.statement("history = model", _method("fit", _fit(source, project)))
            source.line("return model, history, datasets")


def _method(name: str, arguments: list[Expr]) -> Parts:
    return join(f".{name}", Group("(", tuple(arguments), ")", call=True))


def _compile(source: Source, project: Project, structure: Structure) -> list[Expr]:
    training = project.training
    outputs = list(map(output_name, project.model.outputs))
    named = Join.of(project, structure).named_outputs
    arguments: list[Expr] = []
    if training.optimizer is not None:
        arguments.append(join("optimizer=", _optimizer(source, project)))

    def by_output(name: str, values: dict, write: Callable[..., Expr]) -> None:
        """A single output's entry stands alone, as in Keras' own examples; others by name."""
        if not any(name in values for name in outputs):
            return
        if not named:
            arguments.append(join(f"{name}=", write(values[outputs[0]])))
        else:
            entries = [(text(key), write(values[key])) for key in outputs if key in values]
            arguments.append(join(f"{name}=", dictionary(entries)))

    by_output("loss", training.losses, lambda each: _call(source, each))
    if len(outputs) > 1 and training.loss_weights:  # Keras wants one for each loss, or none
        weights = dict.fromkeys(training.losses, 1.0) | training.loss_weights
        by_output("loss_weights", weights, literal)
    for name in ("metrics", "weighted_metrics"):
        by_output(
            name,
            getattr(training, name),
            lambda metrics: listing(_call(source, each) for each in metrics),
        )
    arguments += scaling_argument(project)
    if measures(training):
        return [
            *arguments,
            "steps_per_execution=steps_per_execution",
            "jit_compile=jit_compile",
        ]
    if training.steps_per_execution > 1:
        arguments.append(f"steps_per_execution={training.steps_per_execution}")
    # Keras' own default would choose XLA by the kind of device.
    arguments.append(f"jit_compile={training.jit_compile}")
    return arguments


def _optimizer(source: Source, project: Project) -> Expr:
    """The optimizer, with the learning rate that a strategy asks for; its clipping is the step's,
    where each replica has but a part of the gradients.
    """
    optimizer, rate = project.training.optimizer, scaled_rate(project)
    params = dict(optimizer.params)
    ours = project.training.loop == "custom" and project.training.train_step is None
    if ours and shares_batches(project):
        params = {name: value for name, value in params.items() if name not in CLIPS}
    if not rate:
        return value_expr(source, {"op": optimizer.op, "params": params})
    given = find(optimizer.op).filled(params)["learning_rate"]
    params["learning_rate"] = given
    made = call_expr(source, optimizer.op, params)
    path, arguments = made.parts
    scaled = join("learning_rate=", Binary(literal(given), "*", rate))
    items = [
        scaled if flat(item).startswith("learning_rate=") else item for item in arguments.items
    ]
    return call(path, items)


def _fit(source: Source, project: Project) -> list[Expr]:
    training, outputs = project.training, project.data.outputs
    arguments: list[Expr] = ['datasets["train"]']
    if "validation" in outputs:
        arguments.append('validation_data=datasets["validation"]')
    arguments.append("epochs=EPOCHS")
    # Keras would warn that it doesn't shuffle a dataset; the data graph says where that is done.
    arguments.append("shuffle=False")
    if training.steps_per_epoch is not None:
        arguments.append(f"steps_per_epoch={training.steps_per_epoch}")
    if training.validation_steps is not None and "validation" in outputs:
        arguments.append(f"validation_steps={training.validation_steps}")
    if training.validation_freq != 1 and "validation" in outputs:
        arguments.append(join("validation_freq=", literal(every(training))))
    if training.class_weights:
        weights = by_class(training.class_weights)
        entries = ((str(number), literal(weight)) for number, weight in weights.items())
        arguments.append(join("class_weight=", dictionary(entries)))
    if "make_callbacks" in source.functions:
        arguments.append(join("callbacks=", listing(["*make_callbacks()", "*callbacks"])))
    else:
        arguments.append(join("callbacks=", listing(["*callbacks"])))
    arguments.append("verbose=2")
    return arguments


def _write_spread_test(source: Source, project: Project) -> None:
    """The test, by the steps of the loop: on all replicas, and right for a batch that is short."""
    means = ", {}" * len(step_parts(project.training))
    source.line("strategy = model.distribute_strategy")
    source.line(f"_, test_steps = make_steps(model{means}, strategy)")
    source.line("listeners = keras.callbacks.CallbackList([*callbacks], model=model)")
    spread_test = 'datasets["test"]'
    if spread(project) != SERVERS:
        data = call("strategy.experimental_distribute_dataset", [spread_test])
        source.statement("spread = ", data)
        spread_test = "spread"
    given = ["model", "test_steps", spread_test, 'count_of(datasets["test"])', "listeners"]
    source.statement("results = ", call("evaluate", given))
    source.need("np")
    source.line("results = {name: np.asarray(value) for name, value in results.items()}")


def _write_export(source: Source, project: Project) -> None:
    """The exports, by one process alone."""
    kind = spread(project)
    chief = kind == WORKERS
    with source.block("if is_chief(model.distribute_strategy):") if chief else nullcontext():
        if kind:
            source.line("# Its variables are of one device again, as converters want them.")
            source.line("model = keras.models.load_model(path)")
        source.line("export_model(model, datasets, path.parent)")


def write_main(source: Source, project: Project) -> None:
    """Writes `main()`: train, test, save."""
    tested = "test" in project.data.outputs
    source.need("Path")
    doc = "Trains, tests and saves the model." if tested else "Trains and saves the model."
    custom = project.training.loop == "custom"
    if custom:
        source.need("sys")
    with source.section("Main"):
        with source.block(f"def main({arguments(project.training)}):", doc):
            if spread(project) == SERVERS:
                with source.block("if serve():"):
                    source.line("return")
            last = "datasets" if tested or project.exports else "_"
            given = "callbacks, resume" if resumable(project.training) else "callbacks"
            source.line(f"model, _, {last} = train({given})")
            if tested and custom and spread(project):
                _write_spread_test(source, project)
            elif tested:
                how = {
                    "callbacks": listing(["*callbacks"]),
                    "verbose": "0",
                    "return_dict": "True",
                }
                source.statement("results = ", call("model.evaluate", ['datasets["test"]'], **how))
            source.line('path = HERE / "artifacts" / "model.keras"')
            source.line("path.parent.mkdir(exist_ok=True)")
            if spread(project) == WORKERS:
                with source.block("if not is_chief(model.distribute_strategy):"):
                    source.line("# All workers must save, but one file is enough.")
                    source.line('path = Path(tempfile.mkdtemp()) / "model.keras"')
                    source.line("atexit.register(shutil.rmtree, path.parent, ignore_errors=True)")
            source.line("model.save(path)")
            source.line('print(f"saved {path}")')
            if project.exports:
                _write_export(source, project)
            if tested:
                source.need("np")
                source.line("for name, value in results.items():")
                source.line('    print(f"test {name}: {np.round(value, 4)}")')
        source.blank(2)
        with source.block('if __name__ == "__main__":'):
            source.line('main(resume="--resume" in sys.argv[1:])' if custom else "main()")
