"""Errors of a training whose own words don't say what would mend them, in words that do."""

from __future__ import annotations

import re

_LABEL = re.compile(
    r"Received a label value of (-?\d+) which is outside the valid range of \[0, (\d+)\)"
)


def explained(said: str) -> str:
    """What an error says, in other words where these are known; without a full stop."""
    label = _LABEL.search(said)
    if label is None:
        return said
    value, classes = int(label[1]), int(label[2])
    mend = "mend the data" if value < 0 else f"give the output {value + 1} units, or mend the data"
    return (
        f"The data has the label {value}, but the model's output tells {classes} classes apart, "
        f"whose labels go from 0 to {classes - 1}; {mend}"
    )
