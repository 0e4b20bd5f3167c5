"""One batch of a run's training data, kept: `python -m studio.engine.inside.kept_batch RUN`.

It is made by the run's own script in a process of its own: a pass through the data that the
training makes itself would shuffle all its later ones otherwise.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from studio.engine.aside import aside
from studio.engine.inside.place import BATCH, FOLDER, LOG
from studio.engine.run import SCRIPT


def making(run: Path) -> subprocess.Popen:
    """The process that makes it."""
    (run / FOLDER).mkdir(exist_ok=True)
    return aside("studio.engine.inside.kept_batch", run, run / LOG)


def kept(run: Path) -> Any:
    """The batch that was kept, as the dataset gave it."""
    import tensorflow as tf

    return next(iter(tf.data.Dataset.load(str(run / BATCH))))


def main(run: Path) -> int:
    """Makes the batch, beside first and then in its place."""
    with contextlib.suppress(AttributeError, OSError):
        os.nice(5)  # the training comes first
    import keras

    from studio.engine.work import load_script

    script = load_script(run / SCRIPT)
    if getattr(script, "SEED", None) is not None:
        keras.utils.set_random_seed(script.SEED)
    beside = run / f"{BATCH}-{os.getpid()}"
    beside.parent.mkdir(exist_ok=True)
    try:
        script.make_datasets()["train"].take(1).save(str(beside))
        shutil.rmtree(run / BATCH, ignore_errors=True)
        beside.rename(run / BATCH)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[-1])))
