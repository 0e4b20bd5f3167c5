"""The process of a served model, which alone has TensorFlow: it is asked as answering.py says.

    python -m studio.engine.serving.worker MODEL PREDICT SIGNATURES

MODEL is a .keras file, PREDICT the predict.py of its run, which prepares raw rows, and SIGNATURES
what `Signature` tells of each, as JSON.
"""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from studio.engine.answering import converse
from studio.engine.own_code import Fault
from studio.engine.run import SCRIPT
from studio.engine.serving.conversion import (
    alone,
    binary,
    pixels_of,
    short,
    specs,
    tensor_of,
    text_of,
    values_of,
)
from studio.engine.serving.signature import DEFAULT, IMAGES, RAW, ROW, Signature
from studio.engine.stage import module as script_module
from studio.engine.stage import said_of
from studio.engine.work import load_script
from studio.graph.file import shown
from studio.graph.problems import quoted

AT_ONCE = 256
"""Rows that the model is given at once."""

MOST = 4_000_000
"""Numbers that an answer may have."""

MOST_READ = 64_000_000
"""Numbers that the images of a request may have once they are resized."""


NOTHING_LEFT = (
    "The stages of the data leave nothing of these rows: a window, say, needs more of them at once."
)


class Model:
    """A loaded model, and what it can be asked."""

    def __init__(self, path: Path, script: Path, signatures: dict[str, Signature]):
        self.path, self.script, self.signatures = path, script, signatures
        self.predicting: ModuleType | None = None
        self.model: Any = None
        self.call: Any = None
        self.prepare: Callable[[Any], Any] | None = None
        self.read: Callable[[Any], Any] | None = None

    def load(self) -> None:
        """Loads the model, with the code of the project; Fault where that can't be done."""
        import keras
        import tensorflow as tf

        try:
            self.predicting = load_script(self.script, "predict")
            self.model = keras.models.load_model(
                self.path, custom_objects=self._own(), compile=False
            )
        except Exception as error:
            raise Fault(f"{shown(self.path)} can't be loaded: {_said(error)}.") from None
        # As model.predict calls it, which AutoGraph doesn't rewrite; but XLA would compile anew for
        # each number of rows.
        self.call = tf.function(
            functools.partial(self.model, training=False),
            reduce_retracing=True,
            jit_compile=False,
            autograph=False,
        )
        self.prepare = self.predicting.prepare
        self._trace()

    def _own(self) -> dict[str, Any]:
        """The layers and functions of the project, registered with Keras or not.

        Blocks that are written as classes are in the script of the run alone.
        """
        modules = [self.predicting]
        with contextlib.suppress(Exception):  # what only the training needs may not be there
            modules.append(load_script(self.script.with_name(SCRIPT)))
        return {
            name: each
            for module in modules
            for name, each in vars(module).items()
            if getattr(each, "__module__", None) == module.__name__
        }

    def _trace(self) -> None:
        """Makes graphs for any number of rows, so that the first request doesn't wait for them.

        What can't be traced so is traced, or run, when it is asked for.
        """
        import tensorflow as tf

        given = self.signatures[DEFAULT]
        with contextlib.suppress(Exception):
            self.call.get_concrete_function(alone(specs(given.inputs, given.rows)))
        if RAW in self.signatures:
            with contextlib.suppress(Exception):
                prepare = tf.function(self.predicting.prepare)
                prepare.get_concrete_function(self._rows(specs(self.signatures[RAW].inputs, None)))
                self.prepare = prepare
        if IMAGES in self.signatures:
            (given,) = self.signatures[IMAGES].inputs
            self.read = pixels_of(given.image)

    def predict(self, fields: dict[str, Any]) -> dict[str, Any]:
        """The answer as `text` of JSON, or why there is none (`error`, and a `status` of HTTP).

        `fields`: `inputs`, the values as `Flat` has them, by name; the `signature` that they are
        of; and whether the answer is to be in `columns`.
        """
        import tensorflow as tf

        try:
            made = self.outputs(fields["inputs"], fields["signature"])
            return {"text": text_of(made, fields["columns"])}
        except _TooMuch as error:
            return {"error": str(error), "status": 413}
        except _Damaged as error:
            return {"error": str(error), "status": 400}
        except (tf.errors.InvalidArgumentError, tf.errors.OutOfRangeError, ValueError) as error:
            if fields["signature"] != DEFAULT and "Dataset was empty" in str(error):
                return {"error": NOTHING_LEFT, "status": 400}
            return {"error": f"The model can't take these rows: {_said(error)}.", "status": 400}
        except (MemoryError, tf.errors.ResourceExhaustedError):
            sentence = "There isn't memory enough for so many rows at once. Ask for fewer."
            return {"error": sentence, "status": 413}
        except Exception as error:
            return {"error": f"The model failed: {_said(error)}.", "status": 500}

    def outputs(self, inputs: dict[str, Any], signature: str) -> dict[str, Any]:
        """What the model gives, by output."""
        import tensorflow as tf

        tensors: Any = {name: tensor_of(value) for name, value in inputs.items()}
        if signature == DEFAULT:
            tensors = alone(tensors)
        else:
            rows = self._images(tensors) if signature == IMAGES else self._rows(tensors)
            tensors = self._fitted(self.prepare(rows))
        names = self.predicting.OUTPUTS
        count = tf.nest.flatten(tensors)[0].shape[0]
        step = self.signatures[DEFAULT].rows or AT_ONCE
        parts: list[dict[str, Any]] = []
        for start in range(0, count, step):
            part = tf.nest.map_structure(lambda x, s=start: x[s : s + step], tensors)
            made = self.call(part)
            if not isinstance(made, dict):
                several = isinstance(made, (list, tuple))
                made = dict(zip(names, made if several else [made], strict=True))
            parts.append(made)
            size = sum(int(tf.size(values_of(each))) for each in made.values())
            if size * count > MOST * min(count, step):
                most = max(1, MOST * min(count, step) // size)
                raise _TooMuch(
                    f"The answer for {count} rows would have more than {MOST:,} numbers. "
                    f"Ask for at most {most} at once."
                )
        return {name: tf.concat([part[name] for part in parts], 0) for name in names}

    def _rows(self, named: dict[str, Any]) -> Any:
        """Raw rows as `prepare` takes them: by name, or the tensor that has none."""
        return next(iter(named.values())) if "" in self.predicting.ROWS else named

    def _images(self, named: dict[str, Any]) -> Any:
        """Image files as raw rows: their pixels."""
        import tensorflow as tf

        ((name, files),) = named.items()
        image = self.signatures[IMAGES].input(name).image
        most = MOST_READ // (image.height * image.width * image.channels)
        if len(files) > max(1, most):
            raise _TooMuch(
                f"{len(files)} images would have more than {MOST_READ:,} numbers. "
                f"Ask for at most {max(1, most)} at once."
            )
        pixels = []
        for row, content in enumerate(files):
            try:
                pixels.append(self.read(content))
            except tf.errors.OpError as error:
                raise _Damaged(
                    f"The input {quoted(name)} has in row {row} a file that can't be decoded: "
                    f"{_said(error)}. Each row is {image} that is whole."
                ) from None
        return tf.stack(pixels)

    def _fitted(self, features: Any) -> Any:
        """Prepared rows as the model's inputs are, where they differ by what Keras would mend:
        the dtype, or a last axis of one. So they need no other graph.
        """
        import tensorflow as tf

        inputs = self.signatures[DEFAULT].inputs
        named = features if isinstance(features, dict) else {inputs[0].name: features}
        if (len(inputs) > 1 and named is not features) or any(x.name not in named for x in inputs):
            return features  # as the model may yet take it
        made = {}
        for each in inputs:
            tensor, rank = named[each.name], len(each.shape) + 1
            if not each.ragged and tensor.shape.rank == rank - 1 and each.shape[-1:] == (1,):
                tensor = tf.expand_dims(tensor, -1)
            if tensor.dtype.name != each.dtype and "string" not in (tensor.dtype.name, each.dtype):
                tensor = tf.cast(tensor, each.dtype)
            made[each.name] = tensor
        return alone(made)

    def sample(self, fields: dict[str, Any]) -> dict[str, Any] | None:
        """The first row that a dataset gives, by input, as JSON has it; None where it has none.

        `fields`: the `script` that makes the dataset, the `folder` with its data, whether the
        elements are `batched`, and the `names` of the inputs; with `files`, images aren't read,
        but are the bytes of their files.
        """
        made = script_module(fields)
        if fields.get("files"):
            made.read_image = _content
        dataset = made.make_dataset()
        for element in dataset:
            features = element[0] if isinstance(element, tuple) else element
            if fields["batched"]:
                features = _map(lambda x: x[0], features)
            named = features if isinstance(features, dict) else {fields["names"][0]: features}
            if fields.get("files"):
                return {name: binary(named[name].numpy()) for name in fields["names"]}
            return {name: short(name, named[name]) for name in fields["names"]}
        return None

    def pixels(self, fields: dict[str, Any]) -> dict[str, Any]:
        """An image file as a raw row; `fields`: `inputs` with that file."""
        tensors = {name: tensor_of(value) for name, value in fields["inputs"].items()}
        return {ROW: short(ROW, self._images(tensors)[0])}

    def style(self, fields: dict[str, Any]) -> dict[str, Any] | None:
        """What the first pictures of a dataset are like (style.py); None where there are none.

        `fields`: as those of `sample`.
        """
        from studio.engine.serving.style import style_of

        dataset = script_module(fields).make_dataset()
        dataset = dataset.unbatch() if fields["batched"] else dataset
        return style_of(
            features[fields["names"][0]] if isinstance(features, dict) else features
            for features in (each[0] if isinstance(each, tuple) else each for each in dataset)
        )

    def prepared(self, fields: dict[str, Any]) -> dict[str, Any]:
        """A raw row as the model takes it; `fields`: `inputs` with that row, and the `names`."""
        tensors = {name: tensor_of(value) for name, value in fields["inputs"].items()}
        features = self.prepare(self._rows(tensors))
        named = features if isinstance(features, dict) else {fields["names"][0]: features}
        return {name: short(name, named[name][0]) for name in fields["names"]}


def _said(error: BaseException) -> str:
    return said_of(error).rstrip(".")


class _TooMuch(Exception):  # noqa: N818  (it is an answer)
    """An answer that would be too long, or images that would be too large."""


class _Damaged(Exception):  # noqa: N818  (it is an answer)
    """An image that can't be decoded."""


def _content(file: Any, *_: Any) -> Any:
    """The bytes of an image file, in the place of what reads its pixels."""
    import tensorflow as tf

    return tf.io.read_file(file)


def _map(change: Callable[[Any], Any], value: Any) -> Any:
    import tensorflow as tf

    return tf.nest.map_structure(change, value)


def main() -> None:
    """Answers until the input ends."""
    path, script, told = sys.argv[1:4]
    signatures = msgspec.json.decode(told, type=dict[str, Signature])
    model = Model(Path(path), Path(script), signatures)
    asked = (model.predict, model.sample, model.pixels, model.prepared, model.style)
    converse({each.__name__: each for each in asked}, model.load)


if __name__ == "__main__":
    main()
