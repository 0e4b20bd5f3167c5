"""The texts that samples were, where stages have turned them into numbers on their way."""

from __future__ import annotations

from typing import Any

import numpy as np

from studio.engine.evaluation.passing import Seen
from studio.engine.stage import dataset
from studio.engine.tensors import parts_of, plain

CALLED = "text"
"""What a text is called that has no name."""


def add_texts(seen: Seen, fields: dict[str, Any]) -> None:
    """Puts the texts of the source's rows among the features of the samples that are told.

    `fields` say which dataset has the same rows in the same order, as they leave the source
    (studio/engine/stage.py). Nothing is added where a label isn't that of its row: then they are
    others after all.
    """
    wanted: dict[int, list[tuple[str, dict[str, Any]]]] = {}
    for name in seen.outputs:
        for sample in (*seen.worst[name].samples(), *seen.cells[name].samples()):
            wanted.setdefault(sample["index"], []).append((name, sample))
    if not wanted:
        return
    last, found = max(wanted), []
    for index, element in enumerate(dataset(fields)):
        if index in wanted:
            if not isinstance(element, tuple) or len(element) < 2:
                return
            texts = _texts(element[0])
            for name, sample in wanted[index]:
                if not texts or not _same(_label(element[1], name), sample, seen.outputs[name]):
                    return
                found.append((sample["features"], texts))
        if index == last:
            break
    else:
        return
    for features, texts in found:
        others = {name: part for name, part in features.items() if name not in texts}
        features.clear()
        features.update(texts | others)


def _texts(features: Any) -> dict[str, Any]:
    """The texts among the features of a row."""
    import tensorflow as tf

    spec = tf.nest.map_structure(tf.type_spec_from_value, features)
    told = ((part.name, plain(part.of(features))) for part in parts_of(spec) if part.tensor)
    return {name or CALLED: each for name, each in told if each["dtype"] == "string"}


def _label(label: Any, output: str) -> Any:
    label = label.get(output) if isinstance(label, dict) else label
    array = np.asarray(label)
    return array.reshape(-1)[0] if array.size == 1 else None


def _same(label: Any, sample: dict[str, Any], output: Any) -> bool:
    """Whether a row has the label of a sample."""
    true = sample["true"]
    if label is None or isinstance(true, list):
        return False
    if isinstance(label, bytes):
        return label.decode("utf-8", "replace") == true
    if isinstance(true, str):
        return true in output.names and int(label) == output.names.index(true)
    return bool(np.isclose(float(label), float(true), rtol=1e-4))
