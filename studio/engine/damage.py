"""Which file is damaged, where TensorFlow's own error doesn't name it."""

from __future__ import annotations

from pathlib import Path

from studio.graph.document import Project
from studio.graph.files import all_matching
from studio.graph.problems import quoted
from studio.graph.records import compression_of
from studio.graph.spec import Refused


def record_files(project: Project, folder: Path) -> dict[str, str]:
    """The TFRecord files that a project reads: as it names them -> where they are."""
    found: dict[str, str] = {}
    for node in project.data.nodes.values() if project.data is not None else ():
        if node.op == "studio.data.tfrecord" and "path" in node.params:
            try:
                files = all_matching(node.params["path"], folder)
            except Refused:
                continue  # they are gone since
            found |= {path: str(file.resolve()) for path, file in files.items()}
    return found


def damaged_file(error: BaseException, files: dict[str, str]) -> str:
    """Words that name the TFRecord file an error came from; "" where it came from none.

    They are read again, one after the other: so the pipeline itself needs nothing
    that would tell its files apart.
    """
    import tensorflow as tf

    if not isinstance(error, tf.errors.DataLossError):
        return ""
    for path, file in files.items():
        try:
            packed = compression_of(Path(file))
            records = tf.data.TFRecordDataset(file, packed)
            records.reduce(tf.constant(0), lambda count, _: count + 1)
        except (tf.errors.OpError, OSError):
            return f" in the file {quoted(path, 200)}"
    return ""
