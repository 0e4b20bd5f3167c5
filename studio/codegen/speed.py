"""How fast the script trains, where it measures that itself: "auto" for the steps of one call, and
for XLA.

It measures on a model and data of its own, before anything that counts is made; what is trained
then is what it would be with the chosen values written in.
"""

from __future__ import annotations

from studio.codegen.layout import Expr
from studio.codegen.literal import literal
from studio.codegen.optimizers import write_optimizers
from studio.codegen.source import Source
from studio.codegen.step_arguments import builds_plainly, own_logs, step_arguments
from studio.graph.document import Project, Training

STEPS = (1, 4, 16, 64, 256)
"""Steps a call that are tried, each only where the number before it was faster than fewer."""

_TIMER = '''def step_timer(model, batches, steps, xla):
    """Compiles a model; returns a function that measures its step, in milliseconds."""
    compile_model(model, steps, xla)
    function, iterator = train_function(model), iter(batches)
    callbacks = keras.callbacks.CallbackList(add_history=True, model=model)
    for _ in range(BATCHES_TRIED):  # they may differ in shape
        function(iterator)

    def measure():
        callbacks.on_train_begin()
        calls, begun = 0, perf_counter()
        while not calls or perf_counter() - begun < 0.04:
            callbacks.on_train_batch_begin(calls)
            logs = function(iterator)
            callbacks.on_train_batch_end(calls, logs)
            calls += 1
        keras.ops.convert_to_numpy(tf.nest.flatten(logs)[0])  # a GPU may still be at it
        callbacks.on_train_end()
        return 1000 * (perf_counter() - begun) / (calls * steps)

    return measure'''

_FASTER = '''def is_faster(one, other):
    """Returns whether a speed beats another by 3 %; both are measured in turns."""
    times, until = [], perf_counter() + 1
    while not times or (len(times) < 9 and perf_counter() < until):
        times.append((one["timer"](), other["timer"]()))
        if len(times) > 1 and min(a / b for a, b in times) > 1.5:
            break
    one["ms"], other["ms"] = (round(median(each), 4) for each in zip(*times))
    return median(a / b for a, b in times) < 0.97'''

_BEGIN = '''batches = datasets["train"].take(BATCHES_TRIED).cache().repeat()
limit = count if count > 0 else math.inf
total, best, tried, note = EPOCHS * limit, None, [], ""'''

_XLA_FITS = """specs = tf.nest.flatten(datasets["train"].element_spec)
if not all(spec.shape[1:].is_fully_defined() for spec in specs):
    note = "XLA would compile again for each shape of a batch"
elif best["compile_seconds"] > 10:
    note = "XLA would take long to compile this model\""""

_SKIP = """if best:
    most = min(limit, 500 / best["ms"])  # of half a second
    if not best["steps"] <= steps <= max(best["steps"], most):
        continue"""

_START = """begun = perf_counter()
timer = step_timer(model, batches, steps, xla)"""

_START_XLA = """begun = perf_counter()
try:
    timer = step_timer(model, batches, steps, xla)
except Exception as error:  # XLA's own are of many kinds
    if not xla:
        raise
    note = f"XLA can't compile this model: {type(error).__name__}"
    break
if xla and not model.jit_compile:
    note = "Keras trains this model without XLA"
    break"""

_JUDGE = """took = round(perf_counter() - begun, 3)
trial = {"steps": steps, "xla": xla, "timer": timer}
trial["compile_seconds"] = took
tried.append(trial)
if best is None:
    best, trial["ms"] = trial, round(timer(), 4)
    if total * best["ms"] < 2000:
        note = "the training is too short for more to be measured"
        break
    continue
faster = is_faster(trial, best)
saved = total * (best["ms"] - trial["ms"]) / 1000
if not faster or saved < took - best["compile_seconds"]:
    break
best = trial"""

_END = """for trial in tried:
    del trial["timer"]
return {"chosen": best, "measured": tried, "note": note}"""

_CHOOSE = '''def choose_speed():
    """Returns the steps of one call, and whether to use XLA, that train fastest.

    Measured once, on a model that is thrown away, and kept in artifacts/speed.json.
    """
    path = HERE / "artifacts" / "speed.json"
    if not path.exists():
        policy = keras.config.dtype_policy()
        found = json.dumps(measure_speeds(), indent=2)
        path.parent.mkdir(exist_ok=True)
        path.with_suffix(".new").write_text(found)
        path.with_suffix(".new").replace(path)
        keras.utils.clear_session()  # layers are numbered from the beginning again
        keras.config.set_dtype_policy(policy)
    kept = json.loads(path.read_text())
    first, *others = sorted(kept["measured"], key=lambda each: each != kept["chosen"])
    others = [f"{speed_text(each)}: {each['ms']:.3g} ms" for each in others]
    if kept["note"]:
        others.append(kept["note"])
    compared = f" ({'; '.join(others)})" if others else ""
    print(f"speed: {speed_text(first)}: {first['ms']:.3g} ms a step{compared}")
    return first["steps"], first["xla"]'''

_TEXT = '''def speed_text(speed):
    """Returns the words for a speed."""
    plural = "s" if speed["steps"] > 1 else ""
    xla = "with XLA" if speed["xla"] else "without XLA"
    return f"{speed['steps']} step{plural} a call, {xla}"'''


def measures(training: Training) -> bool:
    """Whether the script of a training measures its own speed."""
    return "auto" in (training.steps_per_execution, training.jit_compile)


def told_speed(training: Training) -> list[Expr]:
    """What functions of the custom loop are told beside the rest: the speed that was chosen."""
    return ["model.steps_per_execution"] if measures(training) else []


def write_speed(source: Source, project: Project, compiled: Expr) -> None:
    """Writes the functions that choose the speed, and `compile_model`, which takes it.

    `compiled` is the call of `model.compile`.
    """
    training = project.training
    source.need("json", "Path", "math", "median", "perf_counter", "tf")
    doc = "Compiles a model for training."
    head = "def compile_model(model, steps_per_execution, jit_compile):"
    with source.section("Compiling"), source.block(head, doc):
        source.statement(compiled)
        if training.loop == "custom" and builds_plainly(training):
            source.line("if model.built:  # else its weights come with its first call")
            source.line("    model.optimizer.build(model.trainable_variables)")
    doc = "Returns the function that trains a model on the next batches of an iterator."
    with source.section("Compiling"), source.block("def train_function(model):", doc):
        if training.loop == "fit":
            source.line("model.make_train_function()")
            source.line("return model.train_function")
        else:
            tests = "validation" in project.data.outputs
            write_optimizers(source, project)
            if own_logs(training):
                source.line("means = {}")
            made = f"make_steps({step_arguments(training)})"
            source.line(f"return {made}{'[0]' if tests else ''}")
    for text in (_TIMER, _FASTER):
        with source.section("Speed"):
            source.text(text)
    doc = "Returns the fastest speed, and all that were measured, each against the best so far."
    with source.section("Speed"), source.block("def measure_speeds():", doc):
        source.line("datasets = make_datasets()")
        source.line("model = build_model()")
        if "adapt_layers" in source.functions:
            source.line('adapt_layers(model, datasets["train"])')
        _write_search(source, training)
    for text in (_TEXT, _CHOOSE):
        with source.section("Speed"):
            source.text(text)


def _write_search(source: Source, training: Training) -> None:
    count = 'int(datasets["train"].cardinality())'
    if training.steps_per_epoch is not None:
        count = literal(training.steps_per_epoch)
    source.line(f"count = {count}")
    source.text(_BEGIN)
    xla, steps = training.jit_compile, _steps(training)
    both = xla == "auto"
    with source.block(f"for xla in {(False, True) if both else (xla,)}:"):
        if both:
            with source.block("if xla:"):
                source.text(_XLA_FITS)
            with source.block("if note:"):
                source.line("break")
        with source.block(f"for steps in {steps}:"):
            source.text(_SKIP)
            source.text(_START_XLA if both else _START)
            source.text(_JUDGE)
    source.text(_END)


def _steps(training: Training) -> tuple[int, ...]:
    """The steps a call that are tried.

    A call does all its steps while there is data, also where that is more than an epoch was told
    to have: such an epoch keeps its length only by numbers that divide it.
    """
    if training.steps_per_execution != "auto":
        return (training.steps_per_execution,)
    limits = [each for each in (training.steps_per_epoch, training.validation_steps) if each]
    return tuple(steps for steps in STEPS if not any(limit % steps for limit in limits))
