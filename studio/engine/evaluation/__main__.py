"""A process that evaluates a run's model: `python -m studio.engine.evaluation PARENT`.

What it is to do comes as one line of JSON on its standard input: `folder` of the run, `model`,
`split`, `steps` (of data that never end), `target` (the folder that is filled), `run`,
`outputs`, what each stands for, and `texts`, what gives the rows as they leave the source, or
null. It tells how far it is, a line of JSON each time, and at its end either {"done": true} or
{"error": SENTENCE}. What the script says goes to standard error. It ends with the process PARENT
that has started it; whoever asks it is studio/engine/evaluating.py.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from studio.engine.parent import leave_with
from studio.graph.problems import StudioError, one_of, quoted

EACH = 0.2
"""Seconds between two tellings."""


def evaluate(asked: dict[str, Any], tell: Callable[..., None]) -> None:
    """Evaluates, and fills the target folder; StudioError where nothing can be told."""
    folder = Path(asked["folder"])
    tell(at="importing TensorFlow")
    import keras

    from studio.engine.evaluation.writing import write
    from studio.engine.work import SCRIPT, load_script

    script = load_script(folder / SCRIPT)
    from studio.engine.evaluation.passing import go_through

    tell(at="loading the model")
    # The order in which a split was mixed hangs on the seed of all that is random: without it
    # the rows of the test would be others, and the model would have been trained on some of them.
    seed = getattr(script, "SEED", None)
    if seed is not None:
        keras.utils.set_random_seed(seed)
    datasets = script.make_datasets()
    if asked["split"] not in datasets:
        raise StudioError(
            f"The data of the run have no {quoted(asked['split'])}, but {one_of(datasets)}."
        )
    dataset = datasets[asked["split"]]
    if bool(dataset.cardinality() == -1):
        if asked["steps"] is None:
            raise StudioError(
                f"The data of {quoted(asked['split'])} never end, and the project doesn't say how "
                "many batches are one pass."
            )
        dataset = dataset.take(asked["steps"])
    model = keras.models.load_model(asked["model"])
    told = [0.0]

    def progress(done: int, total: int | None, samples: int) -> None:
        if time.monotonic() - told[0] >= EACH or done == total:
            told[0] = time.monotonic()
            tell(at="evaluating", done=done, total=total, samples=samples)

    seen = go_through(model, dataset, asked["outputs"], progress)
    if asked["texts"] is not None:
        from studio.engine.evaluation.texts import add_texts

        tell(at="reading texts")
        if seed is not None:
            keras.utils.set_random_seed(seed)
        with contextlib.suppress(Exception):  # the figures stand without them
            add_texts(seen, asked["texts"])
    tell(at="drawing")
    write(seen, asked, Path(asked["target"]))


def answer(asked: dict[str, Any], tell: Callable[..., None]) -> int:
    """Evaluates, and tells how that ended; the process' exit code."""
    from studio.engine.fault import fault_of

    try:
        evaluate(asked, tell)
    except StudioError as error:
        tell(error=str(error))
        return 2
    except Exception as error:
        found = fault_of(Path(asked["folder"]), error)
        tell(error=f"The evaluation failed{found.where}: {found.said}.")
        return 1
    tell(done=True)
    return 0


def main() -> None:
    """Does what it is asked once, and leaves."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who has started it ends it
    told = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def tell(**words: Any) -> None:
        print(json.dumps(words), file=told, flush=True)

    code = answer(json.loads(sys.stdin.readline()), tell)
    sys.stdout.flush()
    os._exit(code)  # threads of a pipeline that hasn't ended would hold it up


if __name__ == "__main__":
    leave_with(int(sys.argv[1]))
    main()
