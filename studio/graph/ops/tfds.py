"""The source of tensorflow_datasets."""

from __future__ import annotations

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Bool, Path, Text, Type
from studio.graph.elements import Elements
from studio.graph.ops.generator import signature
from studio.graph.problems import nearest, quoted
from studio.graph.rule import Args
from studio.graph.spec import Refused
from studio.graph.tables import resolve_path
from studio.graph.tfds import (
    Prepared,
    default_data_dir,
    find_prepared,
    names,
    short_name,
    split_size,
)


@describe(
    "studio.data.tfds",
    kind="source",
    family="source",
    inputs="",
    shown="name split",
    help="A dataset of tensorflow_datasets; downloaded and prepared once, unless it is there.",
    params=[
        Param("name", Text(empty=False), help='Its name (see studio datasets), or "name/config".'),
        Param("split", Text(empty=False), "train", "Which part: train, test, train[:80%], ..."),
        Param("as_supervised", Bool(), False, "As (features, label) instead of by name."),
        Param("data_dir", Path(), None, "Where it is prepared; null for ~/tensorflow_datasets."),
        Param("shuffle_files", Bool(), False, "Read its files in another order each time."),
        Param(
            "output_signature",
            Type(),
            None,
            "What an element is, for a dataset that isn't on this machine yet, written as that of "
            "a generator.",
        ),
    ],
)
def tfds(p: Args) -> Elements:
    """Elements as its files say, else as they are declared."""
    folder = default_data_dir() if p.data_dir is None else resolve_path(p.data_dir, p.folder)
    prepared = find_prepared(p.name, folder)
    if prepared is not None:
        return _elements(p, prepared)
    known = short_name(p.name)
    if known and known not in names():
        raise Refused(
            f"names the dataset {quoted(known)}, which tensorflow_datasets doesn't know",
            nearest(known, names()) or "studio datasets lists those that there are.",
        )
    split_size(p.split, None)
    if p.output_signature is None:
        raise Refused(
            f"reads {quoted(p.name)}, which isn't prepared in {quoted(str(folder), 200)}, so what "
            "it holds isn't known yet",
            "Declare its output_signature, or prepare it: "
            f"tensorflow_datasets.load({quoted(p.name)}) downloads it.",
        )
    return Elements(signature(p.output_signature), unsteady=p.shuffle_files)


def _elements(p: Args, prepared: Prepared) -> Elements:
    if prepared.file_format != "tfrecord":
        raise Refused(
            f"reads {quoted(p.name)}, which was prepared as {prepared.file_format}, of which "
            "tensorflow_datasets makes no tf.data.Dataset",
            'Prepare it with the file_format "tfrecord".',
        )
    count = split_size(p.split, prepared.splits)
    if not p.as_supervised:
        return Elements(prepared.features, count, unsteady=p.shuffle_files)
    if len(prepared.supervised) < 2 or not all(prepared.supervised):
        raise Refused(
            f"wants (features, label) of {quoted(p.name)}, which doesn't say which they are",
            "Set as_supervised to false, and name them with studio.map.arrange.",
        )
    parts = tuple(prepared.features[key] for key in prepared.supervised)
    classes = prepared.classes.get(prepared.supervised[1])
    labels = (0, classes - 1) if classes else None
    called = prepared.names.get(prepared.supervised[1], ())
    return Elements(parts, count, labels=labels, unsteady=p.shuffle_files, classes=called)
