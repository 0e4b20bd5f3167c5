"""The activations of a node for a real batch: answered in the warm process, from one pass kept."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from msgspec import Struct

from studio.engine.node_names import Place
from studio.engine.own_code import Fault
from studio.engine.stage import blamed, module, said_of
from studio.graph.document import Project
from studio.graph.file import loads
from studio.graph.ports import output_ports
from studio.graph.problems import quoted

SAMPLES = 64
"""Samples of the batch that go through the model, at most."""


class _Pass(Struct):
    """A pass through a model, kept until another is asked for."""

    key: tuple[Any, ...]
    project: Project
    batch: Any
    made: dict[Place, list[Any]]
    samples: int
    seconds: float


_kept: list[_Pass] = []


def activations(fields: dict[str, Any]) -> dict[str, Any]:
    """What a node is given and gives for one sample, with its figures over the batch.

    `fields`: those of asking.py. Where the pass, or making the model, fails at a node, the answer
    is {"failed": {"graph", "node", "message"}}.
    """
    from studio.engine.inside.passing import Failed

    try:
        made = _pass(fields)
    except Failed as failed:
        return {"failed": _told(failed)}
    return _answer(made, (fields["at"][0], fields["at"][1]), fields["call"], fields["sample"])


def _pass(fields: dict[str, Any]) -> _Pass:
    """The pass that is asked for: the last one, or one that is made now."""
    weights = fields["weights"]
    stamp = [Path(path).stat().st_mtime_ns for path in [weights["path"]] if path]
    key = (fields["script"], fields["data"], tuple(sorted(weights.items())), *stamp)
    if _kept and _kept[0].key == key:
        return _kept[0]
    _kept.clear()
    import keras

    from studio.engine.inside.passing import Failed

    failed = None
    with blamed(fields):
        keras.utils.clear_session()
        script = module(fields)
        model, datasets = _begun(script)
        try:
            _kept.append(_made(fields, key, script, model, datasets))
        except Failed as error:
            failed = error
    if failed is not None:
        raise failed
    return _kept[0]


class _Begun(BaseException):
    """The training would begin now: its model is there, with its first weights."""

    def __init__(self, model: Any):
        super().__init__()
        self.model = model


def _begun(script: Any) -> tuple[Any, dict[str, Any]]:
    """A script's model as its training begins with it, and its datasets; nothing is trained."""
    import keras

    datasets: dict[str, Any] = {}
    make = script.make_datasets

    def make_datasets(*arguments: Any, **named: Any) -> dict[str, Any]:
        datasets.update(make(*arguments, **named))
        return datasets

    def compiled(model: Any, *_: Any, **__: Any) -> None:
        raise _Begun(model)

    compile_, keras.Model.compile = keras.Model.compile, compiled
    script.make_datasets = make_datasets
    try:
        script.train()
    except _Begun as begun:
        return begun.model, datasets
    finally:
        keras.Model.compile, script.make_datasets = compile_, make
    raise Fault("The script trains no model that is compiled.")


def _made(
    fields: dict[str, Any], key: tuple[Any, ...], script: Any, model: Any, datasets: dict[str, Any]
) -> _Pass:
    import keras

    from studio.engine.inside.calls import Script
    from studio.engine.inside.passing import Passing, first_batch, sample_count

    project, _ = loads(fields["project"])
    batch = _some(first_batch(datasets["train"]))
    x = keras.utils.unpack_x_y_sample_weight(batch)[0]
    if not model.built:
        _build(project, model, x, script, fields)
    _load(model, fields["weights"])
    passing = Passing(project, model, Script(script, fields["lines"]))
    began = time.perf_counter()
    _, made = passing.run(x)
    seconds = time.perf_counter() - began
    return _Pass(key, project, batch, made, sample_count(x), seconds)


def _build(project: Project, model: Any, x: Any, script: Any, fields: dict[str, Any]) -> None:
    """A class's weights come with its first call."""
    from studio.engine.inside.calls import Script, Watcher
    from studio.engine.inside.passing import Failed

    watcher = Watcher(project, model, Script(script, fields["lines"]))
    try:
        with watcher.watching():
            model(x, training=False)
    except Exception as error:
        failing = watcher.failing
        raise Failed(error, failing.place if failing is not None else None) from error


def _some(batch: Any) -> Any:
    """The first samples of a batch."""
    import tensorflow as tf

    def cut(tensor: Any) -> Any:
        if isinstance(tensor, tf.SparseTensor):
            tensor = tf.sparse.to_dense(tensor)
        return tensor[:SAMPLES] if tensor.shape.rank else tensor

    return tf.nest.map_structure(cut, batch)


def _load(model: Any, weights: dict[str, Any]) -> None:
    """Gives a model the weights of a run; nothing where it begins."""
    path, name = weights["path"], weights["run"]
    if not path:
        return
    try:
        if path.endswith(".keras"):
            model.load_weights(path)
        else:
            _load_checkpoint(model, Path(path))
    except Exception as error:
        raise Fault(
            f"The weights of {name} don't fit the model as it is now: {said_of(error).rstrip('.')}."
        ) from None


def _load_checkpoint(model: Any, path: Path) -> None:
    """The variables of the model are the first ones in a checkpoint."""
    import numpy as np

    with np.load(path / "arrays.npz") as arrays:
        for index, variable in enumerate(model.variables):
            variable.assign(arrays[f"variable{index}"].view(variable.dtype))


def _told(failed: Any) -> dict[str, Any]:
    graph, node = failed.place or ("model", "")
    said = said_of(failed.error).rstrip(".")
    head = f"{quoted(node)} fails" if node else "The model fails"
    return {"graph": graph, "node": node, "message": f"{head}: {said}."}


def _answer(kept: _Pass, place: Place, call: int, sample: int) -> dict[str, Any]:
    calls = kept.made.get(place)
    if not calls:
        raise Fault(f"{quoted(place[1])} isn't called in a pass through the model.")
    call, sample = min(call, len(calls) - 1), min(sample, kept.samples - 1)
    made = calls[call]
    graph = kept.project.graph(place[0])
    ports = output_ports(kept.project, graph.nodes[place[1]], graph)
    names = list(ports) if len(ports) == len(made.outputs) else []
    return {
        "graph": place[0],
        "node": place[1],
        "calls": [each.call for each in calls],
        "call": call,
        "samples": kept.samples,
        "sample": sample,
        "label": _label(kept.batch, sample),
        "inputs": [_seen(value, sample, "") for value in made.inputs],
        "outputs": [
            _seen(value, sample, names[index] if len(names) > 1 else "")
            for index, value in enumerate(made.outputs)
        ],
        "seconds": round(kept.seconds, 4),
    }


def _seen(value: Any, sample: int, port: str) -> dict[str, Any]:
    """A tensor: its figures over the batch, and a sample of it to look at."""
    from studio.engine.inside.figures import array_of, dead_units, figures, histogram
    from studio.engine.inside.pictures import picture, sample_of

    found: dict[str, Any] = {
        "port": port,
        "batch": value.shape.as_list(),
        "dtype": value.dtype.name,
        "sample": picture(sample_of(value, sample)),
    }
    array = array_of(value)
    if array is not None:
        found |= {"figures": figures(array), "histogram": histogram(array)}
        found["figures"]["dead"] = dead_units(array) if found["figures"]["zeros"] else None
    return found


def _label(batch: Any, sample: int) -> dict[str, Any] | None:
    """What the data says a sample is, where that is a number or a short text."""
    import keras
    import tensorflow as tf

    from studio.engine.inside.pictures import sample_of
    from studio.engine.tensors import plain

    y = keras.utils.unpack_x_y_sample_weight(batch)[1]
    if y is None or isinstance(y, dict) or not tf.is_tensor(y):
        return None
    told = plain(sample_of(y, sample))
    return told if len(told["values"]) == 1 else None
