"""Trains images_from_folder.

Written by Studio; needs keras, tensorflow and numpy, not Studio.
"""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

HERE = Path(__file__).resolve().parent
SEED = 7
EPOCHS = 20


def split_dataset(dataset, validation, test, seed):
    """Returns three parts by name: train, validation and test.

    Shares below 1 are fractions; with a seed the elements are mixed first, in
    the same order each time, so that no element is ever in two parts.
    """
    count = int(dataset.cardinality())
    if count < 0:  # tf.data can't tell before it has counted them
        count = int(dataset.reduce(np.int64(0), lambda total, _: total + 1))
    validation, test = (
        int(part * count) if part < 1 else part for part in (validation, test)
    )
    if seed is not None:
        dataset = dataset.shuffle(count, seed=seed, reshuffle_each_iteration=False)
    return {
        "train": dataset.skip(validation + test),
        "validation": dataset.take(validation),
        "test": dataset.skip(validation).take(test),
    }


def files_by_class(folder, class_names, endings, seed=None, wrong=None, skip=False):
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
    return list(files), np.array(labels, "int32")


def image_fault(path):
    """Returns what its first and last bytes say is wrong with an image; "" for nothing."""
    with open(path, "rb") as file:
        head = file.read(8)
        size = file.seek(0, 2)
        file.seek(max(0, size - 1024))
        tail = file.read()
        if head.startswith(b"BM"):
            cut = size < int.from_bytes(head[2:6], "little")
        elif head.startswith((b"\x89PNG", b"\xff\xd8")):
            end = b"IEND" if head.startswith(b"\x89") else b"\xff\xd9"
            file.seek(0)
            cut = end not in tail and end not in file.read()
        else:
            known = head.startswith(b"GIF8")
            return "" if known else "is no PNG, JPEG, GIF or BMP image"
    return "is cut off" if cut else ""


def read_image(file, channels, size, interpolation="bilinear"):
    """Returns the pixels of an image, from 0 to 255, brought to a size."""
    contents = tf.io.read_file(file)
    image = tf.io.decode_image(contents, channels, expand_animations=False)
    return tf.cast(tf.image.resize(image, size, interpolation), "float32")


def load_digits():
    """Returns a dataset of the rows, as (features, label)."""
    class_names = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
    files, labels = files_by_class(
        HERE / "digits",
        class_names,
        (".png", ".jpg", ".jpeg", ".gif", ".bmp"),
        seed=SEED,
        wrong=image_fault,
    )
    dataset = tf.data.Dataset.from_tensor_slices((files, labels))
    return dataset.map(
        lambda file, label: (read_image(file, 1, (8, 8)), label),
        num_parallel_calls=tf.data.AUTOTUNE,
    )


def make_datasets():
    """Returns the datasets of batches by name: train, validation, test."""
    digits = load_digits()
    scale = digits.map(
        lambda x, y: (x * 0.00392156862745098, y), num_parallel_calls=tf.data.AUTOTUNE
    )
    split = split_dataset(scale, validation=0.1, test=0.1, seed=SEED)
    cache = split["train"].cache()
    validation_cache = split["validation"].cache()
    test = split["test"].batch(256)
    shuffle = cache.shuffle(2000)
    validation = validation_cache.batch(256)
    train = shuffle.batch(32)
    return {
        "train": train.prefetch(tf.data.AUTOTUNE),
        "validation": validation.prefetch(tf.data.AUTOTUNE),
        "test": test.prefetch(tf.data.AUTOTUNE),
    }


def build_model():
    """Returns the model."""
    return keras.Sequential(
        [
            keras.Input(shape=(8, 8, 1), name="image"),
            keras.layers.Conv2D(32, 3, padding="same", activation="relu", name="conv1"),
            keras.layers.Conv2D(32, 3, padding="same", activation="relu", name="conv2"),
            keras.layers.MaxPooling2D(pool_size=2, name="pool"),
            keras.layers.Conv2D(64, 3, padding="same", activation="relu", name="conv3"),
            keras.layers.GlobalAveragePooling2D(name="mean"),
            keras.layers.Dropout(0.2, name="dropout"),
            keras.layers.Dense(10, name="digit"),
        ],
        name="images_from_folder",
    )


def make_callbacks():
    """Returns the callbacks, in their order."""
    return [keras.callbacks.EarlyStopping(patience=5, restore_best_weights=True)]


def train(callbacks=()):
    """Trains a new model; returns it, its history and the datasets."""
    keras.utils.set_random_seed(SEED)
    datasets = make_datasets()
    model = build_model()
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=0.003),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
        jit_compile=False,
    )
    history = model.fit(
        datasets["train"],
        validation_data=datasets["validation"],
        epochs=EPOCHS,
        shuffle=False,
        callbacks=[*make_callbacks(), *callbacks],
        verbose=2,
    )
    return model, history, datasets


def main(callbacks=()):
    """Trains, tests and saves the model."""
    model, _, datasets = train(callbacks)
    results = model.evaluate(
        datasets["test"], callbacks=[*callbacks], verbose=0, return_dict=True
    )
    path = HERE / "artifacts" / "model.keras"
    path.parent.mkdir(exist_ok=True)
    model.save(path)
    print(f"saved {path}")
    for name, value in results.items():
        print(f"test {name}: {np.round(value, 4)}")


if __name__ == "__main__":
    main()
