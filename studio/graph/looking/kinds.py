"""Which kind of data a path is, by its name and its first bytes.

The window asks this when it begins: nothing that reads the data is imported for it.
"""

from __future__ import annotations

from pathlib import Path

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
MENDS = {
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
        return "other" if path.suffix.lower() in MENDS else ""
    found = next((kind for start, kind in _HEADS.items() if head.startswith(start)), "")
    return found or ("other" if path.suffix.lower() in MENDS else "")


def _double(name: str) -> str:
    """An ending of two parts: .csv.gz."""
    return "." + ".".join(name.split(".")[-2:]) if name.count(".") > 1 else ""
