"""Functions that a script brings along to read folders of files."""

from __future__ import annotations

# name -> (source, the modules it needs)
FOLDER_HELPERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "files_by_class": (
        '''def files_by_class(folder, class_names, endings, seed=None, wrong=None, skip=False):
    """Returns the files in a folder for each class, and the number of each one's class.

    With a seed they are mixed. `wrong(file)` says what is wrong with a file, if
    anything: then it is an error, or the file is left out.
    """
    pairs = [
        (str(file), label)
        for label, name in enumerate(class_names)
        for file in sorted((folder / name).rglob("*"))
        if file.name.lower().endswith(endings) and not file.name.startswith(".")
    ]
    if not pairs:
        raise FileNotFoundError(f"There is no {' or '.join(endings)} file in {folder}.")
    faults = {file: wrong(file) for file, _ in pairs} if wrong else {}
    faults = {file: fault for file, fault in faults.items() if fault}
    for file, fault in faults.items():
        if not skip:
            raise ValueError(f"{file} {fault}.")
        print(f"Left out: {file} {fault}.")
    if faults:
        print(f"{len(faults)} of {len(pairs)} files are left out.")
        pairs = [pair for pair in pairs if pair[0] not in faults]
    if seed is not None:
        np.random.default_rng(seed).shuffle(pairs)
    files, labels = zip(*pairs)
    return list(files), np.array(labels, "int32")''',
        ("np",),
    ),
    "image_fault": (
        '''def image_fault(path):
    """Returns what its first and last bytes say is wrong with an image; "" for nothing."""
    with open(path, "rb") as file:
        head = file.read(8)
        size = file.seek(0, 2)
        file.seek(max(0, size - 1024))
        tail = file.read()
        if head.startswith(b"BM"):
            cut = size < int.from_bytes(head[2:6], "little")
        elif head.startswith((b"\\x89PNG", b"\\xff\\xd8")):
            end = b"IEND" if head.startswith(b"\\x89") else b"\\xff\\xd9"
            file.seek(0)
            cut = end not in tail and end not in file.read()
        else:
            known = head.startswith(b"GIF8")
            return "" if known else "is no PNG, JPEG, GIF or BMP image"
    return "is cut off" if cut else ""''',
        (),
    ),
    "decodable": (
        '''def decodable(rows, read):
    """Returns a dataset of rows that were read, without images that can't be decoded.

    How many these are is printed at the end of each pass.
    """
    count = len(rows[0])
    dataset = tf.data.Dataset.from_tensor_slices((np.arange(count), rows))
    dataset = dataset.map(
        lambda number, row: (number, read(*row)), num_parallel_calls=tf.data.AUTOTUNE
    )
    dataset = dataset.ignore_errors()
    # A row behind the last, which tells how many came before it, and is left out too.
    end = tf.nest.map_structure(
        lambda spec: tf.zeros([size or 0 for size in spec.shape], spec.dtype),
        dataset.element_spec[1],
    )
    end = tf.data.Dataset.from_tensors((np.int64(count), end))

    def counted(place, numbered):
        missing = count - place
        text = [missing, "of", count, "images can't be decoded and are left out."]
        end = numbered[0] == count
        tf.cond(end & (missing > 0), lambda: tf.print(*text), tf.no_op)
        return ~end

    dataset = dataset.concatenate(end).enumerate().filter(counted)
    return dataset.map(lambda place, numbered: numbered[1])''',
        ("np", "tf"),
    ),
    "read_image": (
        '''def read_image(file, channels, size, interpolation="bilinear"):
    """Returns the pixels of an image, from 0 to 255, brought to a size."""
    contents = tf.io.read_file(file)
    image = tf.io.decode_image(contents, channels, expand_animations=False)
    return tf.cast(tf.image.resize(image, size, interpolation), "float32")''',
        ("tf",),
    ),
    "read_whole_image": (
        '''def read_whole_image(file, channels):
    """Returns the pixels of an image as they are."""
    contents = tf.io.read_file(file)
    return tf.io.decode_image(contents, channels, expand_animations=False)''',
        ("tf",),
    ),
    "text_fault": (
        '''def text_fault(path):
    """Returns what is wrong with a text; "" for nothing."""
    try:
        Path(path).read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        return f"is not UTF-8 text (byte {error.start})"
    return ""''',
        ("Path",),
    ),
    "read_encoded_text": (
        '''def read_encoded_text(file, encoding):
    """Returns a file's text as UTF-8."""
    return tf.strings.unicode_transcode(tf.io.read_file(file), encoding, "UTF-8")''',
        ("tf",),
    ),
    "sound_fault": (
        '''def sound_fault(path):
    """Returns what the header of a WAV file says is wrong with it; "" for nothing."""
    try:
        with wave.open(path) as file:
            width, frames = file.getsampwidth(), file.getnframes()
            size = 44 + frames * width * file.getnchannels()  # with the header
    except (wave.Error, EOFError):
        return "is no WAV file of plain samples"
    if width != 2:
        return "has no samples of 16 bits"
    return "is cut off" if Path(path).stat().st_size < size else ""''',
        ("Path", "wave"),
    ),
    "read_sound": (
        '''def read_sound(file, channels, samples=None):
    """Returns a sound as samples x channels, from -1 to 1."""
    sound, _ = tf.audio.decode_wav(
        tf.io.read_file(file), channels, -1 if samples is None else samples
    )
    return tf.ensure_shape(sound, (samples, channels))''',
        ("tf",),
    ),
}
