"""Which ops LiteRT and ONNX hold: each tried in a model of its own, converted and run.

`python -m tests.engine.exporting.converters [OP ...]` prints a line an op: whether the converted
model gives what Keras gives, or what is said instead. NO_LITERT and NO_ONNX of
studio/graph/ops/exports.py are the ops that fail whatever their parameters; some others fail
for some of them. Each op has a process of its own, since a converter may crash.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from studio.engine.exporting.conversion import refusal
from studio.graph.catalogue.nest import nested
from studio.graph.catalogue.registry import find
from studio.graph.ops.exports import RECURRENT
from studio.graph.spec import Spec
from tests.conformance.case import Case
from tests.conformance.recipes import draw_case, recipes

TRIES, SECONDS, ROWS, UNKNOWN = 40, 90, 3, 5
"""Cases drawn for one that Keras takes, how long an op may take, and the sizes of what it gets."""

OTHER_DTYPES = re.compile(r'"(float16|bfloat16|float64|mixed_\w+|complex\w+|u?int(8|16)|uint\d+)"')


def specs_of(case: Case) -> list[Spec]:
    """What a case is called on, one behind the other."""
    return [
        each
        for port in case.inputs.values()
        for each in (port if isinstance(port, list) else [port])
    ]


def fits(case: Case) -> bool:
    """Whether a case says something of the op, and not of an odd dtype or of ragged tensors."""
    plain = all(
        each.shape and not each.ragged and each.dtype in ("float32", "int32", "string")
        for each in specs_of(case)
    )
    return bool(specs_of(case)) and plain and not OTHER_DTYPES.search(str(case))


def built(case: Case) -> Any:
    """A model that calls the op on inputs, and their names."""
    import keras

    from tests.conformance import real

    op, made = find(case.op), []
    rows = 1 if case.op in RECURRENT else None

    def tensor(spec: Spec) -> Any:
        shape = (rows, *(size or UNKNOWN for size in spec.shape[1:]))
        made.append(keras.Input(batch_shape=shape, dtype=spec.dtype, name=f"i{len(made)}"))
        return made[-1]

    tensors = {
        port: [tensor(each) for each in specs] if isinstance(specs, list) else tensor(specs)
        for port, specs in case.inputs.items()
    }
    params = {name: real._value(op, name, value) for name, value in case.params.items()}
    function = real.resolve(case.op)
    if op.kind == "function":
        outputs = real._function_called(function, tensors, params)
    else:
        for port, nest in op.nests(case.params).items():
            if port in tensors:
                tensors[port] = nested(tensors[port], nest)
        given = {name: params.pop(name) for name in op.of_call(params)}
        first, *others = op.inputs
        arguments = [tensors.pop(first.name)] if first.name in tensors else []
        given |= {port.name: tensors[port.name] for port in others if port.name in tensors}
        outputs = function(**params)(*arguments, **given)
    return keras.Model(made, keras.tree.flatten(outputs))


def sample(spec: Spec, rows: int, random: Any) -> Any:
    """Rows that a model takes."""
    shape = [rows, *(size or UNKNOWN for size in spec.shape[1:])]
    if spec.dtype == "string":
        return random.choice(["a", "b", "cc"], shape).astype(object)
    if spec.dtype == "int32":
        return random.integers(0, 3, shape).astype("int32")
    return random.random(shape).astype("float32")


def tried(path: str) -> dict[str, str]:
    """What is said of an op by each runtime: "ok", or how it fails; empty where none was found."""
    import keras
    import numpy as np
    import tensorflow as tf

    from tests.conformance import ours

    random = np.random.default_rng(7)
    for number in range(TRIES):
        case = draw_case(path, number, 0, "float32")
        if not fits(case) or ours.answer(case).refused:
            continue
        try:
            model = built(case)
            rows = model.inputs[0].shape[0] or ROWS
            given = [sample(each, rows, random) for each in specs_of(case)]
            expected = keras.tree.flatten(model([tf.constant(each) for each in given]))
        except Exception:  # of no batch, or of a size that the drawn one doesn't fit
            continue
        specs = [tf.TensorSpec(each.shape, each.dtype, name=each.name) for each in model.inputs]

        serve = serving(model, specs)
        said = {"case": str(case)}
        for name, run in (("litert", _litert), ("onnx", _onnx)):
            try:
                found = run(model, serve, specs, given)
                same = all(
                    np.allclose(a, b, rtol=1e-4, atol=1e-5, equal_nan=True)
                    for a, b in zip(expected, found, strict=True)
                )
                said[name] = "ok" if same else "gives something else"
            except Exception as error:
                said[name] = refusal(None, f"{type(error).__name__}: {error}")
        return said
    return {}


def serving(model: Any, specs: list[Any]) -> Any:
    """The function that is converted: all outputs, by number."""
    import keras
    import tensorflow as tf

    @tf.function(input_signature=[specs])
    def serve(inputs):
        flat = keras.tree.flatten(model(inputs, training=False))
        return {f"o{index}": each for index, each in enumerate(flat)}

    return serve


def _litert(model: Any, serve: Any, specs: list[Any], given: list[Any]) -> list[Any]:
    import keras
    import tensorflow as tf
    from ai_edge_litert.interpreter import Interpreter

    with tempfile.TemporaryDirectory() as folder:
        archive = keras.export.ExportArchive()
        archive.track(model)
        archive.add_endpoint("serving_default", serve)
        archive.write_out(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(
            folder, signature_keys=["serving_default"]
        )
        run = Interpreter(model_content=converter.convert()).get_signature_runner()
    outputs = run(**{spec.name: each for spec, each in zip(specs, given, strict=True)})
    return [outputs[f"o{index}"] for index in range(len(outputs))]


def _onnx(model: Any, serve: Any, specs: list[Any], given: list[Any]) -> list[Any]:
    import onnxruntime
    import tf2onnx

    proto, _ = tf2onnx.convert.from_function(serve, input_signature=[specs], opset=18)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    content = proto.SerializeToString()
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    names = [f"o{index}" for index in range(len(session.get_outputs()))]
    return session.run(names, {spec.name: each for spec, each in zip(specs, given, strict=True)})


def apart(path: str) -> dict[str, str]:
    """`tried`, in a process forked from this one."""
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        signal.alarm(SECONDS)
        said = {"litert": "failed", "onnx": "failed"}
        try:
            said = tried(path)
        finally:
            os.write(writes, json.dumps(said).encode())
            os._exit(0)
    os.close(writes)
    with os.fdopen(reads, "rb") as pipe:
        content = pipe.read()
    _, status = os.waitpid(child, 0)
    if content:
        return json.loads(content)
    how = f"ended with {os.waitstatus_to_exitcode(status)}"
    return {"litert": how, "onnx": how}


def main(paths: list[str]) -> None:
    """Tries ops, by default all that have a recipe."""
    import keras  # noqa: F401  once, for all children
    import tensorflow  # noqa: F401

    names = [p for p in sorted(recipes()) if find(p).kind in ("layer", "function")]
    for path in paths or names:
        said = apart(path)
        print(f"{path:50} litert: {said.get('litert', '?')}  onnx: {said.get('onnx', '?')}")


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main([each for each in sys.argv[1:] if Path(each).suffix])
