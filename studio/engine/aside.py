"""A process of Studio's that works beside a training, and takes nothing that the training needs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def aside(module: str, run: Path, log: Path) -> subprocess.Popen:
    """Starts `python -m MODULE RUN`; what it prints goes behind what is in the log.

    It sees no GPU: the memory of one belongs to the training.
    """
    with log.open("ab") as printed:
        return subprocess.Popen(
            [sys.executable, "-m", module, str(run.resolve())],
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            cwd=run,
            env=os.environ | {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "2"},
        )
