"""The checkpoints of the custom loop: a class that the script brings along.

What it keeps is exact: a training that goes on from a checkpoint ends with the
same weights and history, bit for bit, as one that was never interrupted.
"""

from __future__ import annotations

from studio.codegen.literal import text as string
from studio.codegen.source import Source
from studio.codegen.spread_checkpoints import (
    AGREED,
    BY_AGREEMENT,
    ON_REPLICAS,
    ON_WORKERS,
    SUM,
    VALUES,
)
from studio.codegen.step_arguments import step_parts
from studio.graph.directions import better
from studio.graph.distribution import WORKERS, spread
from studio.graph.document import Project, Training

DAMAGE = '''def damage_of(checkpoint):
    """Returns what is wrong with a checkpoint's files; nothing where they can be read."""
    try:
        json.loads((checkpoint / "state.json").read_text(encoding="utf-8"))
        with zipfile.ZipFile(checkpoint / "arrays.npz") as arrays:
            broken = arrays.testzip()
    except (OSError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile) as error:
        return f"{type(error).__name__}: {error}"
    return f"{broken} in arrays.npz has changed" if broken else ""'''
"""A function beside the class."""

CHECKPOINTS = '''{own}class Checkpoints:
    """Keeps what a training needs to go on as if it had never ended.

    A folder for each: the variables of the model, its optimizer and its metrics, the
    state of the callbacks, and the place: epoch, steps done in it, and their logs.
    """

    def __init__(self, folder, model, callbacks, resume{parts}):
        self.folder, self.model, self.callbacks = folder, model, callbacks
        {strategy}
        self.epoch, self.step, self.logs = 0, 0, {}
        {data}
        {counters}
        {more}
        {best}
        {anew}
            shutil.rmtree(folder, ignore_errors=True)

    def passed(self, epoch, step, logs):
        """Notes that steps of an epoch are done, and writes a checkpoint where one is due."""
        {better}
        {due}

    {agreed}

    def variables(self):
        """Returns the variables that training changes, each once, in a fixed order."""
        model = self.model
        found = [*model.variables, *model.optimizer.variables]
        found += [each for metric in model.metrics for each in metric.variables]
        {found}
        return list({id(each): each for each in found}.values())

    def save(self):
        """Writes a checkpoint beside, and gives it its name when it is whole."""
        target = self.folder / f"{self.epoch:06}-{self.step:09}"
        {there}
            return
        {begun}
        {values}
        {chief}
        arrays = {f"variable{index}": array for index, array in enumerate(found)}

        def aside(value):
            """Keeps a number of numpy's or an array among the arrays."""
            if not isinstance(value, (np.ndarray, np.generic, tf.Tensor)):
                raise TypeError
            array, name = np.asarray(value), f"array{len(arrays)}"
            arrays[name] = array
            return {"array": name, "dtype": str(array.dtype)}

        callbacks = [attributes(each, aside) for each in self.callbacks]
        state = {"epoch": self.epoch, "step": self.step, "logs": dict(self.logs)}
        state |= {"stopped": self.model.stop_training, "callbacks": callbacks}
        {keep}
        {keep_replicas}
        {keep_best}
        beside = self.folder / "unfinished"
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        with open(beside / "state.json", "w", encoding="utf-8") as file:
            json.dump(state, file, default=aside)
            file.flush()
            os.fsync(file.fileno())
        with open(beside / "arrays.npz", "wb") as file:
            np.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        beside.rename(target)
        for old in self.kept()[:-CHECKPOINTS_KEPT]:
            {remove}
        {after}

    def kept(self):
        """Returns the folders of the checkpoints, the last one last."""
        return sorted(self.folder.glob("[0-9]*-[0-9]*"))

    def whole(self):
        """Returns the last checkpoint, putting aside what can't be read; None if there is none."""
        kept, damaged = self.kept(), {}
        while kept and (damage := damage_of(kept[-1])):
            damaged[kept.pop()] = damage
        if damaged and not kept:
            raise RuntimeError(
                f"No checkpoint in {self.folder} can be read ({damage}). "
                "Remove that folder to train from the beginning."
            )
        for folder, damage in damaged.items():
            aside = folder.with_name(f"damaged-{folder.name}")
            shutil.rmtree(aside, ignore_errors=True)
            folder.rename(aside)
            told = f"The checkpoint {folder.name} can't be read ({damage})"
            print(f"{told}: the training goes on from {kept[-1].name}.")
        return kept[-1] if kept else None

    def restore(self, begin_epoch=None):
        """Takes the last checkpoint's state, if there is one, and with it its place.

        Within an epoch its beginning is told before, as callbacks expect it.
        """
        folder = self.whole()
        if folder is None:
            return
        arrays = np.load(folder / "arrays.npz")

        def back(value):
            if set(value) != {"array", "dtype"}:
                return value
            # numpy's files don't know bfloat16, and hold it as bytes.
            return arrays[value["array"]].view(value["dtype"])

        text = (folder / "state.json").read_text(encoding="utf-8")
        state = json.loads(text, object_hook=back)
        if state["step"]:
            begin_epoch(state["epoch"])
        {assign}
        for callback, kept in zip(self.callbacks, state["callbacks"], strict=True):
            vars(callback).update(kept)
        self.epoch, self.step, self.logs = state["epoch"], state["step"], state["logs"]
        {back}
        {back_best}
        self.model.stop_training = state["stopped"]


def attributes(callback, aside):
    """Returns what a callback knows, save what JSON can't hold."""
    known = {}
    for name, value in vars(callback).items():
        try:
            known[name] = json.loads(json.dumps(value, default=aside))
        except TypeError:
            continue  # a model, a function, an open file
    # Keras turns the sign of the one in each training; the other is of the file as it is.
    for name in ("min_delta", "append_header"):
        known.pop(name, None)
    return known'''


BY_TIME = {
    "counters": "self.saved, self.pause = time.monotonic(), 0.0",
    "due": """self.epoch, self.step, self.logs = epoch, step, logs
        pause = max(self.pause, CHECKPOINT_SECONDS if step else 0)
        if {if_better}time.monotonic() - self.saved >= pause:
            self.save()""",
    "begun": "begun = time.monotonic()",
    "after": """self.saved = time.monotonic()
        self.pause = 50 * (self.saved - begun)  # so it takes 2 % of the time at most""",
}
"""Where the project doesn't say how often: at the ends of epochs, and within long ones."""

BY_STEPS = {
    "counters": "self.unsaved = 0",
    "due": """self.unsaved += max(0, step - self.step)
        self.epoch, self.step, self.logs = epoch, step, logs
        if {if_better}self.unsaved >= CHECKPOINT_STEPS:
            self.save()""",
    "begun": "",
    "after": "self.unsaved = 0",
}


BY_EPOCH = {"data": "", "keep": "", "back": ""}
"""Where each epoch is a pass through the data."""

BY_PASS = {
    "data": "self.passes, self.done = 0, 0  # behind it in the data when the epoch began",
    "keep": 'state |= {"passes": self.passes, "done": self.done}',
    "back": 'self.passes, self.done = state["passes"], state["done"]',
}


ALONE = {"more": "", "found": ""}
"""Where steps change the model, its optimizer and its metrics alone."""

WITH_PARTS = {
    "more": "self.parts = [*parts]  # dicts of optimizers and metrics, by name",
    "found": """for part in self.parts:
            found += [each for one in part.values() for each in one.variables]""",
}


WITHOUT_BEST = dict.fromkeys(("better", "best", "keep_best", "back_best"), "")
WITHOUT_BEST["remove"] = "shutil.rmtree(old)"

WITH_BEST = {
    "best": 'self.best, self.best_name = None, ""  # value, and folder',
    "better": """value = logs.get(CHECKPOINT_BEST) if step == 0 else None
        better = value is not None and (self.best is None or value {sign} self.best)
        if better:
            self.best, self.best_name = float(value), f"{epoch:06}-{step:09}\"""",
    "keep_best": 'state |= {"best": self.best, "best_name": self.best_name}',
    "remove": """if old.name != self.best_name:
                shutil.rmtree(old)""",
    "back_best": 'self.best, self.best_name = state["best"], state["best_name"]',
}
"""Where the checkpoint of the best epoch is kept beside the last ones."""


ALONE_HERE = {
    "strategy": "",
    "anew": "if not resume:  # those there are belong to another training",
    "there": "if target.exists() or self.epoch == self.step == 0:",
    "values": "found = [keras.ops.convert_to_numpy(each) for each in self.variables()]",
    "chief": "",
    "keep_replicas": "",
    "assign": """for index, variable in enumerate(self.variables()):
            variable.assign(arrays[f"variable{index}"].view(variable.dtype))""",
}
"""Where one device trains."""


def checkpoints(training: Training, spreads: str = "") -> str:
    """The text of the class and its function, as a training needs it, spread like this."""
    by_pass = training.loop == "custom" and training.steps_per_epoch is not None
    best = training.checkpoint_best
    with_parts = bool(step_parts(training))
    own = (VALUES if spreads else "") + (SUM if spreads == WORKERS else "")
    text = CHECKPOINTS.replace("{own}", own)
    given = (", strategy" if spreads else "") + (", *parts" if with_parts else "")
    text = text.replace("{parts}", given)
    agreed = AGREED if spreads == WORKERS else ""
    text = text.replace("    {agreed}\n\n", f"    {agreed}\n\n" if agreed else "")
    more = ON_WORKERS if spreads == WORKERS else ON_REPLICAS if spreads else {}
    parts = ALONE_HERE | more | dict(BY_TIME if training.checkpoint_steps is None else BY_STEPS)
    if spreads == WORKERS:
        aside = "for folder, damage in damaged.items():"
        text = text.replace(aside, f"{aside[:-1]} if is_chief(self.strategy) else ():")
        parts["due"] = BY_AGREEMENT["time" if training.checkpoint_steps is None else "steps"]
    parts |= BY_PASS if by_pass else BY_EPOCH
    parts |= WITH_PARTS if with_parts else ALONE
    parts |= WITH_BEST if best else WITHOUT_BEST
    parts["due"] = parts["due"].replace("{if_better}", "better or " if best else "")
    parts["better"] = parts["better"].replace("{sign}", ">" if better(best) == "higher" else "<")
    for name, lines in parts.items():
        for indent in (" " * 8, " " * 12):
            line = f"\n{indent}{{{name}}}\n"
            text = text.replace(line, f"\n{indent}{lines}\n" if lines else "\n")
    return text


def write_checkpoints(source: Source, project: Project) -> None:
    """Writes the class."""
    training = project.training
    by_steps = training.checkpoint_steps is not None
    source.need("Path", "json", "np", "os", "shutil", *([] if by_steps else ["time"]), "zipfile")
    for text in (DAMAGE, checkpoints(training, spread(project))):
        with source.section("Checkpoints"):
            source.text(text)


def constants(project: Project) -> list[str]:
    """The constants that it reads."""
    training = project.training
    found = [f"CHECKPOINTS_KEPT = {training.checkpoints_kept}"]
    if training.checkpoint_best:
        found.append(f"CHECKPOINT_BEST = {string(training.checkpoint_best)}")
    if spread(project) == WORKERS:
        found.append("CALLS_BETWEEN = 10  # two questions whether workers wish something")
    if training.checkpoint_steps is not None:
        return [*found, f"CHECKPOINT_STEPS = {training.checkpoint_steps}"]
    return [*found, f"CHECKPOINT_SECONDS = {training.checkpoint_seconds}"]
