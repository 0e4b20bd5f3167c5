"""Sources that read a folder of files by class -> the body of their `load_...()`."""

from __future__ import annotations

from collections.abc import Callable

from studio.codegen.data import Stage, script_path
from studio.codegen.layout import Expr, Group, call, join, tuple_of
from studio.codegen.literal import literal, text
from studio.graph.elements import leaves
from studio.graph.ops.folders import CHANNELS, audio, check_encoding, folder_plan, image_size
from studio.graph.rule import Args


def _images(stage: Stage) -> None:
    p = stage.params
    channels = literal(CHANNELS[p.color_mode])
    if p.image_size is None:
        read = call(stage.helper("read_whole_image"), ["file", channels])
    else:
        read = call(stage.helper("read_image"), ["file", *sized(p)])
    fault = stage.helper("image_fault")
    if p.corrupt == "skip":
        _mapped(stage, read, "decodable", wrong=fault, skip="True")
    else:
        _mapped(stage, read, wrong=fault)


def sized(p: Args) -> list[Expr]:
    """How an image is brought to the size of all: channels, height and width, and the method."""
    how = [] if p.interpolation == "bilinear" else [text(p.interpolation)]
    return [literal(CHANNELS[p.color_mode]), literal(image_size(p)), *how]


def _texts(stage: Stage) -> None:
    encoding = check_encoding(stage.params.encoding)
    if encoding == "UTF-8":
        _mapped(stage, call("tf.io.read_file", ["file"]), wrong=stage.helper("text_fault"))
    else:
        read = call(stage.helper("read_encoded_text"), ["file", text(stage.params.encoding)])
        _mapped(stage, read)


def _audio(stage: Stage) -> None:
    samples, channels = leaves(audio(stage.params).structure)[0].shape
    given = [] if samples is None else [literal(samples)]
    read = call(stage.helper("read_sound"), ["file", literal(channels), *given])
    _mapped(stage, read, wrong=stage.helper("sound_fault"))


def _mapped(stage: Stage, read: Expr, decoder: str = "", **how: Expr) -> None:
    """Lists the files, and maps `read` over them, by a helper where files may be left out."""
    p, source = stage.params, stage.source
    plan = folder_plan(p)
    source.need("tf", "Path")
    names: Expr = '[""]'
    if plan.classes:
        source.statement("class_names = ", literal(list(plan.classes)))
        names = "class_names"
    place = script_path(source, p.path)
    place = call("Path", [place]) if isinstance(place, str) else place
    if p.shuffle:
        how = {"seed": stage.seed, **how}
    endings = literal(plan.endings)
    listed = call(stage.helper("files_by_class"), [place, names, endings], **how)
    source.statement("files, labels = " if plan.classes else "files, _ = ", listed)
    function = (
        join("lambda file, label: ", tuple_of([read, "label"]))
        if plan.classes
        else join("lambda file: ", read)
    )
    if decoder:
        rows = "(files, labels)" if plan.classes else "(files,)"
        source.statement("return ", call(stage.helper(decoder), [rows, function]))
        return
    slices = "(files, labels)" if plan.classes else "files"
    source.line(f"dataset = tf.data.Dataset.from_tensor_slices({slices})")
    tuned = join("num_parallel_calls=", "tf.data.AUTOTUNE")
    source.statement("return ", join("dataset.map", Group("(", (function, tuned), ")", call=True)))


FOLDERS: dict[str, Callable[[Stage], None]] = {
    "studio.data.images": _images,
    "studio.data.texts": _texts,
    "studio.data.audio": _audio,
}
