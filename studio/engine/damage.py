"""Which file of which source is damaged, where TensorFlow's own error names neither.

The files are read again once something has failed: so the pipeline itself needs
nothing that would tell its files apart.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from msgspec import Struct

from studio.engine.damaged_rows import damaged_row
from studio.graph.catalogue.registry import find
from studio.graph.document import Project
from studio.graph.files import all_matching
from studio.graph.ops.folders import CHANNELS, folder_plan
from studio.graph.problems import quoted
from studio.graph.records import compression_of
from studio.graph.rule import Args
from studio.graph.spec import Refused
from studio.graph.tables import resolve_path

SECONDS = 60.0
"""How long files may be read again, all in all."""

SEVERAL = 64
"""Files after which it is looked whether the time is up."""


class Damage(Struct, frozen=True):
    """A source, and what is wrong with a file of it, as a sentence without its full stop."""

    node: str
    said: str


def sources(project: Project) -> dict[str, list[Any]]:
    """The sources of a project whose files can be read again: node -> [op, params]."""
    nodes = project.data.nodes.values() if project.data is not None else ()
    return {node.id: [node.op, node.params] for node in nodes if node.op in _KINDS}


def damage(
    error: BaseException, said: str, sources: dict[str, list[Any]], folder: Path
) -> Damage | None:
    """The damaged file that an error came from; None where it came from none that is found.

    `said` is what the error says, in one line; paths are relative to `folder`.
    """
    until = time.monotonic() + SECONDS
    for node, (op, params) in sources.items():
        concerns, look = _KINDS[op]
        if not concerns(error):
            continue
        try:
            found = look(Args(find(op).filled(params), folder=folder), said, until)
        except (Refused, OSError):
            continue  # the files are gone since
        if found:
            return Damage(node, found)
    return None


def _record_file(p: Args, said: str, until: float) -> str:
    """The TFRecord file that can't be read to its end."""
    import tensorflow as tf

    for path, file in all_matching(p.path, p.folder).items():
        try:
            records = tf.data.TFRecordDataset(str(file), compression_of(file))
            for _ in records.window(SEVERAL):
                if time.monotonic() > until:
                    return ""
        except tf.errors.OpError:
            return f"{said} in the file {quoted(path, 200)}"
    return ""


def _image(p: Args, said: str, until: float) -> str:
    import tensorflow as tf

    channels = CHANNELS[p.color_mode]
    name = _undecoded(
        p, until, lambda content: tf.io.decode_image(content, channels, expand_animations=False)
    )
    mend = 'mend or remove it, or set corrupt to "skip"'
    return f"The image {quoted(name, 200)} can't be decoded; {mend}" if name else ""


def _sound(p: Args, said: str, until: float) -> str:
    import tensorflow as tf

    name = _undecoded(p, until, tf.audio.decode_wav)
    return f"The sound {quoted(name, 200)} can't be decoded; mend or remove it" if name else ""


def _undecoded(p: Args, until: float, decode: Callable[[Any], Any]) -> str:
    """The first file of a folder that can't be decoded, as the project names it."""
    import tensorflow as tf

    names = folder_plan(p).files
    place = resolve_path(p.path, p.folder)

    def read(number: Any, file: Any) -> Any:
        return number, decode(tf.io.read_file(file))  # what isn't returned isn't decoded

    numbered = tf.data.Dataset.from_tensor_slices([str(place / name) for name in names])
    read_ones = numbered.enumerate().map(read, num_parallel_calls=tf.data.AUTOTUNE)
    expected = 0
    for number, _ in read_ones.ignore_errors():
        if number != expected:
            break
        expected += 1
        if expected % SEVERAL == 0 and time.monotonic() > until:
            return ""
    return f"{p.path}/{names[expected]}" if expected < len(names) else ""


def _row(p: Args, said: str, until: float) -> str:
    return damaged_row(p, until)


def _lost(error: BaseException) -> bool:
    return type(error).__name__ == "DataLossError"


def _names(parts: Iterable[str]) -> Callable[[BaseException], bool]:
    """Whether an error of TensorFlow's speaks of one of these operations or words."""
    return lambda error: (
        type(error).__name__ == "InvalidArgumentError" and any(part in str(error) for part in parts)
    )


_KINDS: dict[str, tuple[Callable[[BaseException], bool], Callable[[Args, str, float], str]]] = {
    "studio.data.tfrecord": (_lost, _record_file),
    "studio.data.images": (_names(("DecodeImage",)), _image),
    "studio.data.audio": (_names(("DecodeWav",)), _sound),
    "studio.data.csv": (_names(("DecodeCSV", "There is no such class:")), _row),
}
"""Source -> whether an error may come from one of its files, and what finds that file."""
