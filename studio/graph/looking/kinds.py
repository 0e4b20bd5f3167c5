"""Which kind of data a path is, by its name and its first bytes; and who looks into it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from studio.graph.document import Call
from studio.graph.looking.arrays import look_at_array, look_at_records
from studio.graph.looking.databases import look_at_database
from studio.graph.looking.folders import look_into_folder
from studio.graph.looking.found import Found, words
from studio.graph.looking.tables import look_at_csv, look_at_parquet
from studio.graph.problems import StudioError, quoted
from studio.graph.spec import Refused

ENDINGS = {
    ".csv": "csv",
    ".csv.gz": "csv",
    ".parquet": "parquet",
    ".npy": "numpy",
    ".npz": "numpy",
    ".tfrecord": "tfrecord",
    ".tfrecords": "tfrecord",
    ".tfrecord.gz": "tfrecord",
    ".tfrecords.gz": "tfrecord",
    ".sqlite": "sqlite",
    ".sqlite3": "sqlite",
    ".db": "sqlite",
    ".txt": "lines",
    ".txt.gz": "lines",
}
_HEADS = {b"SQLite format 3\0": "sqlite", b"PAR1": "parquet", b"\x93NUMPY": "numpy"}
READ = (
    "CSV (also .csv.gz), Parquet, NumPy (.npy, .npz), TFRecord, SQLite, lines of text (.txt), or a "
    "folder with images, texts or sounds (.wav) by class"
)
"""What can be read, for a sentence."""
_FOLDER = "Put {what} into a folder, those of each class into one of its own, and take that folder."
_ELSE = {
    **dict.fromkeys((".xlsx", ".xls", ".ods"), "Save the sheet as CSV."),
    **dict.fromkeys((".tsv", ".tab"), "Save it as CSV, its cells parted by commas."),
    **dict.fromkeys((".feather", ".arrow", ".orc"), "Write it as Parquet or CSV."),
    **dict.fromkeys((".pkl", ".pickle", ".joblib"), "Such a file can run code; write plain data."),
    **dict.fromkeys((".mat", ".h5", ".hdf5"), "Save its arrays as .npz."),
    **dict.fromkeys((".jsonl", ".ndjson", ".xml", ".yaml"), "Write it as CSV or Parquet."),
    **dict.fromkeys((".zip", ".tar", ".tgz", ".7z", ".rar"), "Unpack it first."),
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".gif", ".bmp"), _FOLDER.format(what="images")),
    **dict.fromkeys((".webp", ".tif", ".tiff"), "Save the images as PNG or JPEG, in a folder."),
    ".wav": _FOLDER.format(what="sounds"),
    **dict.fromkeys((".mp3", ".flac", ".ogg", ".m4a"), "Convert the sounds to WAV, in a folder."),
}
"""What people have and no source reads -> how it could be read."""


def kind_of(path: Path) -> str:
    """csv, parquet, numpy, tfrecord, sqlite, lines or folder; "other" for data that no source
    reads; empty for what is no data as far as can be seen."""
    try:
        if path.is_dir():
            return "folder"
        name = path.name.lower()
        known = next(
            (ENDINGS[end] for end in (_double(name), path.suffix.lower()) if end in ENDINGS), ""
        )
        if known:
            return known
        with path.open("rb") as opened:
            head = opened.read(16)
    except (OSError, ValueError):
        return "other" if path.suffix.lower() in _ELSE else ""
    found = next((kind for start, kind in _HEADS.items() if head.startswith(start)), "")
    return found or ("other" if path.suffix.lower() in _ELSE else "")


def _double(name: str) -> str:
    """An ending of two parts: .csv.gz."""
    return "." + ".".join(name.split(".")[-2:]) if name.count(".") > 1 else ""


def look(path: Path, written: str, folder: Path) -> Found:
    """How a file or folder would be read; `written` is its path as the project has it.

    Raises StudioError, with a sentence, where it can't be.
    """
    kind = kind_of(path)
    if not path.exists():
        raise StudioError(f"There is no file or folder {quoted(str(path), 200)}.")
    if kind in ("", "other"):
        mend = _ELSE.get(path.suffix.lower(), f"What can be read is {READ}.")
        raise StudioError(f"{quoted(path.name)} is no data that Studio reads. {mend}")
    try:
        return _LOOKS[kind](written, folder)
    except Refused as refused:
        raise refusal(refused) from None
    except OSError as error:
        raise StudioError(f"{quoted(path.name)} can't be read: {error.strerror}.") from None


def refusal(refused: Refused) -> StudioError:
    """What a reader refuses, as a sentence for who dropped the file."""
    return StudioError(f"Nothing was added: the source {refused.message}. {refused.hint}".strip())


def _lines(written: str, folder: Path) -> Found:
    source = Call("studio.data.lines", {"path": written})
    return Found("lines", {"": source}, [words()], "words", again=True)


_LOOKS: dict[str, Callable[[str, Path], Found]] = {
    "csv": look_at_csv,
    "parquet": look_at_parquet,
    "numpy": look_at_array,
    "tfrecord": look_at_records,
    "sqlite": look_at_database,
    "lines": _lines,
    "folder": lambda written, folder: look_into_folder(written, folder, look),
}
