"""Files of weights, by their names and first bytes; what is in them only Keras can tell."""

from __future__ import annotations

from pathlib import Path

from studio.graph.problems import StudioError, nearest, quoted
from studio.graph.tables import resolve_path

KERAS, WEIGHTS_H5, LEGACY_H5, CHECKPOINTS = ".keras", ".weights.h5", ".h5", "checkpoint"
"""The kinds of file."""

HDF5 = b"\x89HDF\r\n\x1a\n"
ZIP = b"PK\x03\x04"


def file_kind(path: str) -> str:
    """What a file of weights is, by its ending; without a known one, a checkpoint's prefix."""
    name = path.lower()
    if name.endswith((".h5", ".hdf5")):
        return WEIGHTS_H5 if name.endswith(WEIGHTS_H5) else LEGACY_H5
    return KERAS if name.endswith(KERAS) else CHECKPOINTS


def weights_files(path: str, folder: Path) -> dict[str, Path]:
    """The files that are read for a path of weights, by their paths in the project."""
    if file_kind(path) != CHECKPOINTS:
        return {path: resolve_path(path, folder)}
    index = resolve_path(f"{path}.index", folder)
    try:
        parts = [each.name for each in index.parent.iterdir()]
    except (OSError, ValueError):
        parts = []
    before = f"{index.name.removesuffix('.index')}.data-"
    ends = [name.removeprefix(before) for name in parts if name.startswith(before)]
    found = [".index", *(f".data-{end}" for end in sorted(ends))]
    return {f"{path}{end}": resolve_path(f"{path}{end}", folder) for end in found}


def beginning(file: Path) -> bytes:
    """The first bytes of a file; StudioError, which begins behind the file's name, without any."""
    try:
        if not file.is_file():
            if not file.exists():
                raise FileNotFoundError(2, "No such file")
            raise StudioError("is no file.")
        with file.open("rb") as opened:
            return opened.read(64)
    except FileNotFoundError:
        try:
            hint = nearest(file.name, [each.name for each in file.parent.iterdir()])
        except OSError:
            hint = ""
        raise StudioError(f"is not there. {hint or 'Put it there, or name another.'}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise StudioError(f"can't be opened: {reason}.") from None


def check_beginning(kind: str, first: bytes) -> None:
    """Raises StudioError where a file's first bytes say that it isn't what its ending says.

    The sentence begins behind the file's name.
    """
    if kind == CHECKPOINTS:
        return
    wanted, what = (ZIP, "a zip file") if kind == KERAS else (HDF5, "an HDF5 file")
    if first.startswith(wanted):
        return
    if not first:
        raise StudioError("is empty.")
    raise StudioError(f"is {foreign(first)}, but one that ends in {kind} must be {what}.")


def foreign(first: bytes) -> str:
    """What a file seems to be by its first bytes, in words."""
    if first.startswith(HDF5):
        return "an HDF5 file"
    if first.startswith(ZIP):
        return "a zip file"
    if first.startswith(b"\x93NUMPY"):
        return "a NumPy array"
    if is_pickle(first):
        return "a pickle, which runs code when it is loaded and never is here"
    if first.startswith((b"\x0a\x0b", b"\x08")):
        return "a file of serialised records"
    try:
        text = first.decode("utf-8")
    except UnicodeDecodeError as error:
        text = first[: error.start].decode() if error.start > 56 else "\0"
    if text and all(char.isprintable() or char.isspace() for char in text):
        return "a text"
    return "in an unknown format"


def is_pickle(first: bytes) -> bool:
    """Whether the first bytes are those of a pickle: of protocol 2 and later, or PyTorch's old."""
    return len(first) > 1 and first[0] == 0x80 and 2 <= first[1] <= 5


def missing(path: str, folder: Path) -> str:
    """Why the weights of a path can't be read, as far as that is cheap to tell; "" if they may."""
    kind = file_kind(path)
    file = next(iter(weights_files(path, folder).values()))
    try:
        whole = resolve_path(path, folder)
        if kind == CHECKPOINTS and not file.exists() and whole.is_file():
            hint = "Name a .keras, .weights.h5 or .h5 file, or a checkpoint without its ending."
            raise StudioError(f"is {foreign(beginning(whole))}. {hint}")
        check_beginning(kind, beginning(file))
    except StudioError as error:
        return f"the weights file {quoted(path, 200)} {error}"
    except (OSError, ValueError) as error:
        return f"the weights file {quoted(path, 200)} can't be opened: {error}."
    return ""
