"""Folders of images, texts or sounds: their classes, and the sizes that make them alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import median_low
from typing import Any

from studio.graph.document import Call
from studio.graph.files import Folder, read_folder
from studio.graph.looking.found import SPLITS, Found, counted, given, words
from studio.graph.looking.pictures import image_head
from studio.graph.ops.folders import IMAGES
from studio.graph.problems import StudioError, one_of, quoted
from studio.graph.soundness import first_problem, image_problem, read_sound, some_of, text_problem
from studio.graph.spec import Refused
from studio.graph.tables import resolve_path

KINDS = {**{f".{each}": "images" for each in IMAGES}, ".txt": "texts", ".wav": "audio"}
SHARDS = (".csv.gz", ".csv", ".parquet", ".tfrecord.gz", ".tfrecord", ".tfrecords")
"""Endings of files that are read together where a folder has nothing but them."""
SIDE = 256
"""Pixels that a side of an image is brought down to at most, where sizes differ."""
LARGE = 512
"""Pixels up to which images of one size are left as they are."""
HEADS = 500
"""Images whose heads are looked at."""
SECONDS = 16
"""How much of a sound is kept at most, where lengths differ."""

Look = Callable[[Path, str, Path], Found]


def look_into_folder(written: str, folder: Path, look: Look) -> Found:
    """A folder of files by class; or of parts (train, test) that have folders for the classes."""
    there = read_folder(written, folder, tuple(KINDS))
    counts = Counter(KINDS[Path(file).suffix.lower()] for file in there.files)
    if not counts:
        return _shards(written, folder, look)
    kind = counts.most_common(1)[0][0]
    endings = tuple(ending for ending, each in KINDS.items() if each == kind)
    parts = _parts(written, read_folder(written, folder, endings))
    looks = {part: read_folder(path, folder, endings) for part, path in parts.items()}
    classes = _classes(next(iter(looks.values())))
    labelled = len(classes) > 1 and all(set(classes) <= {*_classes(f)} for f in looks.values())
    files = [
        resolve_path(path, folder) / name
        for part, path in parts.items()
        for name in some_of(_read(looks[part], classes if labelled else []))
    ]
    params, found = {"images": _images, "texts": _texts, "audio": _sounds}[kind](files)
    for part, path in parts.items():
        more = set(looks[part].classes) - set(classes) if labelled else set()
        label: dict[str, Any] = {"class_names": classes} if more else {}
        label = label if labelled else {"labels": None}
        found.sources[part] = Call(f"studio.data.{kind}", {"path": path, **label, **params})
    found.label = f"the folder ({counted(len(classes), 'classes')})" if labelled else ""
    read = sum(len(_read(each, classes if labelled else [])) for each in looks.values())
    found.about = read - found.skipped
    return found


def _classes(there: Folder) -> list[str]:
    """The folders that have files of the kind."""
    full = {file.partition("/")[0] for file in there.files if "/" in file}
    return [name for name in there.classes if name in full]


def _parts(written: str, there: Folder) -> dict[str, str]:
    """Part -> its folder, where the folders are called train, test, ...; else all of it as one."""
    names = _classes(there)
    parts = {SPLITS.get(name.lower(), ""): f"{written}/{name}" for name in names}
    loose = any("/" not in file for file in there.files)
    if "train" not in parts or "" in parts or len(parts) < len(names) or loose:
        return {"": written}
    return {"": parts["train"]} if len(parts) == 1 else parts


def _read(there: Folder, classes: list[str]) -> list[str]:
    """The files that a source reads."""
    if not classes:
        return list(there.files)
    return [file for file in there.files if file.partition("/")[0] in classes and "/" in file]


def _shards(written: str, folder: Path, look: Look) -> Found:
    """A folder of tables or records of one kind, which are read as one."""
    place = resolve_path(written, folder)
    files = [each for each in sorted(place.iterdir()) if each.is_file()]
    visible = [each.name.lower() for each in files if not each.name.startswith((".", "_"))]
    for ending in SHARDS:
        if visible and all(name.endswith(ending) for name in visible):
            shard = next(each for each in files if each.name.lower().endswith(ending))
            return look(shard, f"{written}/*{shard.name[-len(ending) :]}", folder)
    raise StudioError(
        f"{quoted(str(place), 200)} holds no project.json, and no data that Studio reads: images "
        f"({one_of(IMAGES)}), texts (txt) or sounds (wav), in a folder for each class."
    )


def _images(files: list[Path]) -> tuple[dict[str, Any], Found]:
    """The source's parameters, and what becomes of the images."""
    place = Path()
    bad = [name for name in map(str, files) if first_problem(place, [name], image_problem)]
    if len(bad) == len(files):
        name, problem = first_problem(place, bad[:1], image_problem)
        raise Refused(f"reads {quoted(name, 200)}, which {problem}", "Put whole images there.")
    some = files[:: max(1, len(files) // HEADS)]
    heads = [head for head in map(image_head, some) if head is not None]
    if not heads:
        raise Refused(f"reads {quoted(str(files[0]), 200)}, whose size can't be told")
    high, wide = (median_low([head[axis] for head in heads]) for axis in (0, 1))
    alike = len({head[:2] for head in heads}) == 1
    told = []
    if not alike or max(high, wide) > LARGE:
        shrink = min(1.0, SIDE / max(high, wide))
        high, wide = (max(1, round(side * shrink)) for side in (high, wide))
        told.append(f"brought to {high} × {wide} pixels")
    plain = all(each.suffix.lower() in (".png", ".jpg", ".jpeg") for each in files)
    gray = plain and all(head[2] == 1 for head in heads)
    if bad:
        told.append("broken images are skipped")
    params = given(
        image_size=[high, wide],
        color_mode="grayscale" if gray else None,
        corrupt="skip" if bad else None,
    )
    maps = [Call("studio.map.rescale", {"scale": 1 / 255})]
    found = Found("images", {}, maps, "image", told=told, again=True)
    found.skipped = len(bad)
    return params, found


def _texts(files: list[Path]) -> tuple[dict[str, Any], Found]:
    wrong = first_problem(Path(), map(str, files), text_problem)
    params = {"encoding": "ISO-8859-1"} if wrong else {}
    told = ["read as ISO-8859-1, as not all are UTF-8"] if wrong else []
    return params, Found("texts", {}, [words()], "words", told=told, again=True)


def _sounds(files: list[Path]) -> tuple[dict[str, Any], Found]:
    sounds = []
    for file in files:
        state = file.stat()
        sounds.append(read_sound(file, state.st_mtime_ns, state.st_size))
    whole = [sound for sound in sounds if not sound.problem]
    told = []
    samples = max((sound.samples for sound in whole), default=0)
    if len({sound.samples for sound in whole}) > 1:
        samples = min(samples, SECONDS * max(sound.rate for sound in whole))
        told.append(f"brought to {samples:,} samples")
    channels = {sound.channels for sound in whole}
    params = given(
        desired_samples=samples or None, desired_channels=1 if len(channels) > 1 else None
    )
    return params, Found("sounds", {}, [], "sound", told=told, again=True)
