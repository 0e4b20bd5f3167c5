"""Sources that read a folder of files by class: images, texts, sounds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import Struct

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Bool, Choice, Folder, Int, Ints, ListOf, Text, or_null
from studio.graph.elements import Elements
from studio.graph.files import chosen_classes, read_folder
from studio.graph.problems import one_of, quoted
from studio.graph.rule import Args
from studio.graph.soundness import (
    Sound,
    first_problem,
    image_problem,
    read_sound,
    some_of,
    sound_problem,
    text_problem,
)
from studio.graph.spec import Refused, Spec
from studio.graph.tables import resolve_path

CHANNELS = {"grayscale": 1, "rgb": 3, "rgba": 4}
UNREADABLE = {"rgba": (".jpg", ".jpeg", ".gif"), "grayscale": (".gif", ".bmp")}
"""Files of which TensorFlow can't make such channels."""
IMAGES = ("png", "jpg", "jpeg", "gif", "bmp")
METHODS = ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian",
           "mitchellcubic")  # fmt: skip
_ENDING = Text(empty=False, without="/")


class FolderPlan(Struct, frozen=True):
    """Which files of a folder are read; the shape rule and the code are both made from it."""

    classes: tuple[str, ...]
    """Empty where there are no labels."""
    endings: tuple[str, ...]
    files: tuple[str, ...]


def _params(endings: tuple[str, ...], what: str, *own: Param) -> list[Param]:
    return [
        Param("path", Folder(), help=f"The folder; in it a folder of {what} for each class."),
        Param(
            "labels",
            Choice(("inferred", None)),
            "inferred",
            "Take the folders in it for classes; null for no label.",
        ),
        Param(
            "class_names",
            ListOf(Text(empty=False, without="/"), empty=False),
            None,
            "The classes in the order of their numbers; by default all, sorted.",
        ),
        *own,
        Param("extensions", ListOf(_ENDING, empty=False), list(endings), "Endings of the files."),
        Param(
            "shuffle",
            Bool(),
            True,
            "Mix the files once, by the training's seed, so that no class comes before another.",
        ),
    ]


def folder_plan(p: Args) -> FolderPlan:
    """The files that a folder source reads; Refused where there are none."""
    endings = tuple(f".{each.lower().lstrip('.')}" for each in p.extensions)
    found = read_folder(p.path, p.folder, endings)
    if p.labels is None:
        if p.class_names is not None:
            raise Refused("names classes, but has no labels", 'Set labels to "inferred".')
        if not found.files:
            raise Refused(f"finds no {one_of(endings)} file in {quoted(p.path)}")
        return FolderPlan((), endings, found.files)
    by_class = chosen_classes(p.path, found, p.class_names, endings)
    files = tuple(file for each in by_class.values() for file in each)
    return FolderPlan(tuple(by_class), endings, files)


def _check(p: Args, plan: FolderPlan, problem: Callable[[Path, int, int], str], mend: str) -> None:
    wrong = first_problem(resolve_path(p.path, p.folder), some_of(list(plan.files)), problem)
    if wrong is not None:
        raise Refused(f"reads {quoted(f'{p.path}/{wrong[0]}', 120)}, which {wrong[1]}", mend)


def _elements(plan: FolderPlan, spec: Spec, counted: bool = True) -> Elements:
    structure: Any = (spec, Spec((), "int32")) if plan.classes else spec
    labels = (0, len(plan.classes) - 1) if plan.classes else None
    count = len(plan.files) if counted else None
    return Elements(structure, count, labels=labels, classes=plan.classes)


@describe(
    "studio.data.images",
    kind="source",
    family="source",
    inputs="",
    shown="path image_size",
    help="Images in a folder, one folder for each class.",
    params=_params(
        IMAGES,
        "images",
        Param(
            "image_size",
            or_null(Ints(2)),
            [256, 256],
            "Height and width that all are brought to; null leaves each as it is, as uint8.",
        ),
        Param("color_mode", Choice(tuple(CHANNELS)), "rgb", "Channels: 1, 3 or 4."),
        Param("interpolation", Choice(METHODS), "bilinear", "How images are resized."),
        Param(
            "corrupt",
            Choice(("error", "skip")),
            "error",
            "What to do with a file that is no whole image: stop, or leave it out and count it.",
        ),
    ),
)
def images(p: Args) -> Elements:
    """One element an image: its pixels from 0 to 255, or (pixels, number of the class)."""
    plan = folder_plan(p)
    _check_kinds(p, plan)
    if p.corrupt == "error":
        _check(p, plan, image_problem, 'Mend or remove it, or set corrupt to "skip".')
    channels = CHANNELS[p.color_mode]
    if p.image_size is None:
        spec = Spec((None, None, channels), "uint8")
    else:
        spec = Spec((*image_size(p), channels))
    return _elements(plan, spec, counted=p.corrupt == "error")


def image_size(p: Args) -> tuple[int, int]:
    """Height and width."""
    size = p.image_size
    return (size, size) if isinstance(size, int) else tuple(size)


def _check_kinds(p: Args, plan: FolderPlan) -> None:
    """Refuses kinds of files of which TensorFlow can't make the channels asked for."""
    for ending in UNREADABLE.get(p.color_mode, ()):
        file = next((f for f in plan.files if f.lower().endswith(ending)), None)
        if file is not None:
            raise Refused(
                f"reads {quoted(f'{p.path}/{file}', 120)} as {p.color_mode}, which such a file "
                "can't be read as",
                'Set color_mode to "rgb", or leave its ending out of extensions.',
            )


@describe(
    "studio.data.texts",
    kind="source",
    family="source",
    inputs="",
    shown="path",
    help="Text files in a folder, one folder for each class.",
    params=_params(
        ("txt",),
        "texts",
        Param("encoding", Text(empty=False), "UTF-8", "How the files are encoded."),
    ),
)
def texts(p: Args) -> Elements:
    """One element a file: its text, or (text, number of the class)."""
    plan = folder_plan(p)
    if check_encoding(p.encoding) == "UTF-8":
        _check(p, plan, text_problem, NOT_UTF_8)
    return _elements(plan, Spec((), "string"))


NOT_UTF_8 = 'Save it as UTF-8, or set encoding to what it is, such as "ISO-8859-1".'


def check_encoding(name: str) -> str:
    """The encoding's name as it is compared; Refused for one that isn't known."""
    try:
        "".encode(name)
    except (LookupError, ValueError):
        raise Refused(
            f"has the encoding {quoted(name)}, which isn't known",
            'Such are "UTF-8", "ISO-8859-1", "windows-1252" and "UTF-16".',
        ) from None
    return name.upper().replace("_", "-").replace("UTF8", "UTF-8")


@describe(
    "studio.data.audio",
    kind="source",
    family="source",
    inputs="",
    shown="path desired_samples",
    help="Sounds (16-bit WAV files) in a folder, one folder for each class.",
    params=_params(
        ("wav",),
        "sounds",
        Param(
            "desired_samples",
            Int(1),
            None,
            "Samples of each: longer sounds are cut, shorter ones filled up with silence; null "
            "leaves each as it is.",
        ),
        Param(
            "desired_channels",
            Int(1),
            None,
            "Channels of each: more are left out, fewer repeated; null for those of the files.",
        ),
    ),
)
def audio(p: Args) -> Elements:
    """One element a sound: samples x channels from -1 to 1, or (sound, number of the class)."""
    plan = folder_plan(p)
    _check(p, plan, sound_problem, "Mend or remove it, or convert it to 16-bit PCM.")
    return _elements(plan, Spec((p.desired_samples, _channels(p, plan))))


def _channels(p: Args, plan: FolderPlan) -> int:
    """The channels of the sounds; refuses sounds that differ in what nothing makes alike."""
    names = some_of(list(plan.files))
    sounds = [_sound(p, name) for name in names]
    for what, hint in (("rate", "Resample them."), ("channels", "Set desired_channels.")):
        if what == "channels" and p.desired_channels is not None:
            continue
        values = [getattr(sound, what) for sound in sounds]
        other = next((i for i, value in enumerate(values) if value != values[0]), None)
        if other is not None:
            unit = "Hz" if what == "rate" else what
            raise Refused(
                f"reads sounds of {values[0]} and of {values[other]} {unit}: "
                f"{quoted(names[0])} and {quoted(names[other])}",
                hint,
            )
    return p.desired_channels or sounds[0].channels


def sample_rate(p: Args) -> float:
    """Samples a second of the sounds: all have the same."""
    return float(_sound(p, folder_plan(p).files[0]).rate)


def _sound(p: Args, name: str) -> Sound:
    file = resolve_path(p.path, p.folder) / name
    state = file.stat()
    return read_sound(file, state.st_mtime_ns, state.st_size)
