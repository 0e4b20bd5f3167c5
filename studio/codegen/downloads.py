"""Sources that are downloaded once -> the body of their `load_...()`."""

from __future__ import annotations

from collections.abc import Callable

from studio.codegen.data import Stage, script_path
from studio.codegen.layout import Expr, call, subscript, tuple_of
from studio.codegen.literal import literal, text
from studio.graph.ops.keras_datasets import KERAS_DATASETS, OWN


def _keras(stage: Stage) -> None:
    p, source = stage.params, stage.source
    source.need("keras", "tf")
    known = KERAS_DATASETS[stage.op.name]
    own = [param.name for param in OWN.get(stage.op.name, ())]
    options = {name: literal(stage.given[name]) for name in own if name in stage.given}
    loaded = call(
        stage.helper("downloaded"),
        [f"{stage.op.path}.load_data", text(known.file)],
        **options,
    )
    part = "0" if p.split == "train" else "1"
    source.statement("features, labels = ", subscript(loaded, part))
    features: Expr = "features"
    if known.ragged:
        source.need("np")
        source.line("lengths = [len(words) for words in features]")
        source.line('words = np.concatenate(features).astype("int32")')
        source.line("features = tf.RaggedTensor.from_row_lengths(words, lengths)")
    elif known.dtype == "float32":
        features = 'features.astype("float32")'
    labels = "labels.ravel()" if known.flat else "labels"
    labels += f'.astype("{"int32" if known.classes else "float32"}")'
    made = tuple_of([features, labels])
    source.statement("return ", call("tf.data.Dataset.from_tensor_slices", [made]))


def _tfds(stage: Stage) -> None:
    p, source = stage.params, stage.source
    options: dict[str, Expr] = {"split": text(p.split)}
    if p.data_dir is not None:
        options["data_dir"] = script_path(source, p.data_dir)
    if p.as_supervised:
        options["as_supervised"] = "True"
    if p.shuffle_files:
        options["shuffle_files"] = "True"
        options["read_config"] = call("tfds.ReadConfig", shuffle_seed=stage.seed)
        source.need("tfds")
    source.statement("return ", call(stage.helper("load_tfds"), [text(p.name)], **options))


DOWNLOADS: dict[str, Callable[[Stage], None]] = {
    **{f"keras.datasets.{name}": _keras for name in KERAS_DATASETS},
    "studio.data.tfds": _tfds,
}
