"""The formats that a trained model is written in: what each is for, its file, and its op."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct, field

from studio.graph.catalogue.registry import find
from studio.graph.document import Call
from studio.graph.problems import StudioError, nearest, one_of, quoted

PREFIX = "studio.export."

OWN = frozenset({"model.keras", "exports.json", "history.csv", "speed.json", "evaluation"})
"""What else stands in the folder that a script exports to, so that no export may be called so."""


class Format(Struct, frozen=True):
    """A format, or one of its variants.

    `name` is what the command calls it, `op` the entry of `project.exports` that writes it with
    `params`; `about` says in a few words what it is for.
    """

    name: str
    op: str
    about: str
    variant: str = ""
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def word(self) -> str:
        """The format with its variant, as it is asked for: tflite-int8."""
        return f"{self.name}-{self.variant}" if self.variant else self.name

    @property
    def file(self) -> str:
        """What it is called, unless that is said otherwise."""
        return file_of(Call(self.op, self.params))


def _tflite(variant: str, about: str) -> Format:
    params = {"quantization": variant, "file": f"model-{variant}.tflite"}
    return Format("tflite", f"{PREFIX}tflite", about, variant, params)


FORMATS = (
    Format("keras", f"{PREFIX}keras", "Keras' own file: architecture, weights and training state."),
    Format("h5", f"{PREFIX}h5", "The older file of Keras, in HDF5, for programs that want it."),
    Format("weights", f"{PREFIX}weights", "The weights alone, for a model of this architecture."),
    Format(
        "checkpoint", f"{PREFIX}checkpoint", "The weights as a TensorFlow checkpoint (tf.train)."
    ),
    Format(
        "savedmodel",
        f"{PREFIX}saved_model",
        "For TensorFlow Serving and all that runs TensorFlow without Keras.",
    ),
    Format("tflite", f"{PREFIX}tflite", "For phones and small devices (LiteRT), in float32."),
    _tflite("float16", "LiteRT with weights of 16 bits: half the size."),
    _tflite("dynamic", "LiteRT with weights of 8 bits, computed in floats: a quarter of the size."),
    _tflite("int8", "LiteRT computed in whole numbers of 8 bits, for small and fast devices."),
    Format("onnx", f"{PREFIX}onnx", "For ONNX Runtime and other frameworks."),
    Format("json", f"{PREFIX}json", "The architecture alone, as Keras writes it."),
    Format("yaml", f"{PREFIX}yaml", "The architecture alone, as YAML."),
)
"""Every format, in the order in which they are listed."""

BY_WORD = {each.word: each for each in FORMATS}
BY_OP = {each.op: each for each in reversed(FORMATS)}
"""The format that an op writes; of several variants the plain one."""


def file_of(call: Call) -> str:
    """What an export is called in its folder."""
    return _given(call, "file")


def quantization_of(call: Call) -> str:
    """How a LiteRT model is quantized; empty for other exports, and for float32."""
    found = _given(call, "quantization") if call.op == f"{PREFIX}tflite" else None
    return "" if found in (None, "none") else found


def format_of(call: Call) -> Format:
    """The format, with its variant, that an export is of."""
    found = BY_OP[call.op]
    return BY_WORD.get(f"{found.name}-{quantization_of(call)}", found)


def asked(
    words: Iterable[str],
    settings: Iterable[tuple[str, Any]] = (),
    others: Iterable[str] = (),
) -> list[Call]:
    """The exports that are asked for by their words, with settings for those that have them.

    `others` are words that might have been meant, too.

    Raises StudioError for a format that isn't there, one that is asked for twice, and a setting
    that no one of them has.
    """
    calls = []
    for word in words:
        known = BY_WORD.get(word)
        if known is None:
            there = [*BY_WORD, *others]
            hint = nearest(word, there) or f"There is {one_of(there)}."
            raise StudioError(f"There is no format {quoted(word)}. {hint}")
        calls.append(Call(known.op, dict(known.params)))
    for name, value in settings:
        taking = [each for each in calls if name in find(each.op).params]
        if not taking:
            names = dict.fromkeys(name for each in calls for name in find(each.op).params)
            hint = nearest(name, names) or f"There is {one_of(names)}."
            raise StudioError(f"None of these formats has the setting {quoted(name)}. {hint}")
        for each in taking:
            each.params[name] = value
    words = [format_of(each).word for each in calls]
    twice = next((word for word in words if words.count(word) > 1), None)
    if twice:
        raise StudioError(f"The format {quoted(twice)} is asked for twice: name it once.")
    return calls


def _given(call: Call, name: str) -> Any:
    op = find(call.op)
    return op.filled(call.params).get(name) if op is not None else None
