"""Folders of images, texts and sounds by class, against tf.data and Keras by hand."""

from __future__ import annotations

import shutil
import wave
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from studio.engine.environment import fingerprint
from studio.engine.files import data_files, place_files
from studio.graph.checks import check

from .loading import agrees, elements, loaded, project_of, run, written
from .projects import Json, node, read
from .ruff import found_by_ruff

pytestmark = pytest.mark.filterwarnings("default")


def of(kind: str, path: str = "", **params: Any) -> Json:
    path = path or {"images": "pets", "texts": "mails", "audio": "words"}[kind]
    return node("rows", f"studio.data.{kind}", path=path, **params)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("folders")
    random = np.random.default_rng(1)
    encoders = {"png": tf.io.encode_png, "jpg": tf.io.encode_jpeg}
    for name, number in (("pets/cat", 4), ("pets/dog/young", 3), ("pets/ox", 2), ("gray", 2)):
        for index in range(number):
            pixels = random.integers(0, 255, (9 + index, 12, 1 if name == "gray" else 3))
            ending = "jpg" if index % 2 else "png"
            place = made / name / f"{index}.{ending}"
            tf.io.write_file(str(place), encoders[ending](pixels.astype("uint8")))
    (made / "pets/cat/notes.md").write_text("no image")
    for name, texts in {"ham": ["hello", "see you\n", ""], "spam": ["wïn €"]}.items():
        (made / "mails" / name).mkdir(parents=True)
        for index, text in enumerate(texts):
            (made / "mails" / name / f"{index}.txt").write_text(text, encoding="utf-8")
    (made / "latin/one").mkdir(parents=True)
    (made / "latin/one/a.txt").write_bytes("wïn".encode("latin-1"))
    for name, count in (("yes/a", 40), ("yes/b", 70), ("no/c", 55)):
        sound(made / "words" / f"{name}.wav", random.integers(-9999, 9999, (count, 2)))
    return made


def sound(place: Path, samples: np.ndarray, rate: int = 8000, width: int = 2) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(place), "wb") as file:
        file.setparams((samples.shape[1], width, rate, 0, "NONE", ""))
        file.writeframes(samples.astype(f"<i{width}").tobytes())


def by_keras(folder: Path, **params: Any) -> list[Any]:
    made = keras.utils.image_dataset_from_directory(
        folder / "pets", batch_size=None, shuffle=False, verbose=False, **params
    )
    return elements(made)


@pytest.mark.parametrize(
    "params",
    [
        {"image_size": [6, 5]},
        {"image_size": [20, 30], "interpolation": "nearest"},
        {"image_size": [6, 5], "color_mode": "grayscale"},
        {"image_size": [6, 5], "class_names": ["ox", "cat"]},
        {"image_size": [6, 5], "labels": None},
        {"image_size": [256, 256]},
    ],
    ids=str,
)
def test_images_are_those_that_keras_reads(params: Json, folder: Path) -> None:
    dataset, inferred = loaded(project_of(of("images", shuffle=False, **params)), folder)
    agrees(dataset, inferred)
    wanted = by_keras(folder, **params)
    found = elements(dataset)
    assert len(found) == inferred.count == len(wanted)
    for mine, theirs in zip(found, wanted, strict=True):
        if params.get("labels", 0) is not None:
            assert mine[1] == theirs[1]
            mine, theirs = mine[0], theirs[0]
        np.testing.assert_allclose(mine, theirs, atol=1e-3)


def test_what_a_mac_leaves_beside_an_image_is_none(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "pets", tmp_path / "pets")
    (tmp_path / "pets/cat/._0.png").write_bytes(b"a Mac's")
    dataset, inferred = loaded(project_of(of("images", image_size=[4, 4])), tmp_path)
    assert len(elements(dataset)) == inferred.count == 9


def test_images_keep_their_size_where_none_is_given(folder: Path) -> None:
    source = of("images", image_size=None, shuffle=False)
    dataset, inferred = loaded(project_of(source), folder)
    agrees(dataset, inferred)
    shapes = [tuple(image.shape) for image, _ in dataset]
    assert shapes == [(9 + i, 12, 3) for i in (0, 1, 2, 3, 0, 1, 2, 0, 1)]


def test_files_are_mixed_once_by_the_seed(folder: Path) -> None:
    plain = elements(loaded(project_of(of("texts", shuffle=False)), folder)[0])
    dataset, _ = loaded(project_of(of("texts")), folder)
    assert (
        elements(dataset)
        == elements(dataset)
        == elements(loaded(project_of(of("texts")), folder)[0])
    )
    assert sorted(elements(dataset)) == sorted(plain)


def test_texts_are_the_files_contents(folder: Path) -> None:
    dataset, inferred = loaded(project_of(of("texts", shuffle=False)), folder)
    agrees(dataset, inferred)
    assert elements(dataset) == [("hello", 0), ("see you\n", 0), ("", 0), ("wïn €", 1)]
    assert inferred.labels == (0, 1)


def test_texts_are_read_in_their_encoding(folder: Path) -> None:
    source = of("texts", "latin", labels=None, encoding="ISO-8859-1")
    dataset, inferred = loaded(project_of(source), folder)
    agrees(dataset, inferred)
    assert elements(dataset) == ["wïn"]


@pytest.mark.parametrize(
    ("params", "channels", "samples"),
    [
        ({}, 2, -1),
        ({"desired_samples": 50}, 2, 50),
        ({"desired_samples": 60, "desired_channels": 1}, 1, 60),
    ],
)
def test_sounds_are_decoded(params: Json, channels: int, samples: int, folder: Path) -> None:
    dataset, inferred = loaded(project_of(of("audio", shuffle=False, **params)), folder)
    agrees(dataset, inferred)
    files = [folder / "words" / f"{name}.wav" for name in ("no/c", "yes/a", "yes/b")]
    wanted = [
        (tf.audio.decode_wav(tf.io.read_file(str(f)), channels, samples).audio.numpy().tolist(), y)
        for f, y in zip(files, (0, 1, 1), strict=True)
    ]
    assert elements(dataset) == wanted


def test_ruff_finds_nothing_in_them(folder: Path, tmp_path: Path) -> None:
    sources = {
        "images": of("images", image_size=[6, 5], corrupt="skip", interpolation="lanczos3"),
        "whole": of("images", image_size=None, labels=None),
        "texts": of("texts"),
        "latin": of("texts", "latin", encoding="latin-1"),
        "audio": of("audio", desired_samples=5, extensions=["wav", "WAVE"]),
        "absolute": of("audio", str(folder / "words"), shuffle=False),
    }
    texts = {name: written(project_of(each), folder)[0] for name, each in sources.items()}
    assert not found_by_ruff(texts, tmp_path)


def test_a_corrupt_image_is_left_out_and_counted_where_that_is_wished(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(folder / "pets", tmp_path / "pets")
    whole = (folder / "pets/cat/0.png").read_bytes()
    (tmp_path / "pets/cat/7.png").write_bytes(whole[:200])
    (tmp_path / "pets/cat/8.jpg").write_bytes(b"")
    (tmp_path / "pets/cat/9.png").write_bytes(whole[:60] + b"\0\1\2" + whole[63:])
    source = of("images", image_size=[4, 4], corrupt="skip")
    dataset, inferred = loaded(project_of(source), tmp_path)
    agrees(dataset, inferred)
    assert len(elements(dataset)) == 9
    said, of_pixels = capfd.readouterr()
    assert "7.png is cut off" in said
    assert "2 of 12 files are left out" in said
    assert "1 of 10 images can't be decoded and are left out." in of_pixels


def refusal(source: Json, folder: Path) -> str:
    (problem,) = check(read(project_of(source)), folder).problems
    assert problem.node == "rows"
    return problem.sentence()


def broken(folder: Path) -> None:
    png = tf.io.encode_png(np.zeros((9, 9, 3), "uint8")).numpy()
    jpeg = tf.io.encode_jpeg(np.zeros((9, 9, 3), "uint8")).numpy()
    files = {
        "cut/a/1.png": png[:-20], "cutjpg/a/1.jpg": jpeg[:-20], "foreign/a/1.png": b"hello",
        "empty/a/1.jpg": b"", "loose/1.png": png, "some/a/1.png": png, "some/b/x.md": b"",
        "jpg/a/1.jpg": jpeg, "latin/a/1.txt": "wïn".encode("latin-1"), "nowav/a/1.wav": b"RIFFno",
    }  # fmt: skip
    for name, content in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    zeros = np.zeros((50, 1))
    sound(folder / "rates/a/1.wav", zeros)
    sound(folder / "rates/a/2.wav", zeros, rate=16000)
    sound(folder / "ways/a/1.wav", zeros)
    sound(folder / "ways/a/2.wav", np.zeros((50, 2)))
    sound(folder / "wide/a/1.wav", zeros, width=4)
    sound(folder / "short/a/1.wav", zeros)
    short = (folder / "short/a/1.wav").read_bytes()
    (folder / "short/a/1.wav").write_bytes(short[:-30])


BAD = [
    (of("images", "no"), ['"no"', "doesn't exist"]),
    (of("images", "cuts"), ['Did you mean "cut']),
    (of("images", "jpg/a/1.jpg"), ["is a file, not a folder"]),
    (of("images", "."), ["the project's own folder", "a folder in it"]),
    (of("images", "a\0b"), ['"a\\x00b"', "doesn't exist"]),
    (of("images", "cut"), ['"cut/a/1.png"', "is cut off", '"skip"']),
    (of("images", "cutjpg"), ['"cutjpg/a/1.jpg"', "is cut off"]),
    (of("images", "foreign"), ["is no PNG, JPEG, GIF or BMP image"]),
    (of("images", "empty"), ["is empty"]),
    (of("images", "loose"), ["there are none, but 1 files", "labels to null"]),
    (of("images", "some"), ['"some/b"', "class_names"]),
    (of("images", "some", class_names=["c"]), ['the class "c"', "There are a, b"]),
    (of("images", "some", class_names=["a", "a"]), ["twice"]),
    (of("images", "some", class_names=["a"], labels=None), ["no labels"]),
    (of("images", "latin", labels=None), ["finds no", ".png"]),
    (of("images", "jpg", color_mode="rgba"), ["1.jpg", "rgba"]),
    (of("texts", "latin"), ['"latin/a/1.txt"', "not UTF-8 text (byte 1)", "ISO-8859-1"]),
    (of("texts", "latin", encoding="klingon"), ['"klingon"', "isn't known"]),
    (of("audio", "nowav"), ["no WAV file"]),
    (of("audio", "rates"), ["8000 and of 16000 Hz", "Resample"]),
    (of("audio", "ways"), ["1 and of 2 channels", "desired_channels"]),
    (of("audio", "wide"), ["32 bits", "16-bit PCM"]),
    (of("audio", "short"), ["is cut off"]),
]  # fmt: skip


@pytest.mark.parametrize(("source", "words"), BAD, ids=lambda each: str(each)[:60])
def test_what_cannot_be_read_is_named_before_a_run(source, words, tmp_path: Path) -> None:
    broken(tmp_path)
    sentence = refusal(source, tmp_path)
    assert all(word in sentence for word in words), sentence


@pytest.mark.parametrize(
    ("source", "file", "words"),
    [
        (of("images"), "pets/cat/0.png", "0.png is cut off"),
        (of("audio"), "words/yes/a.wav", "a.wav is no WAV file"),
        (of("texts"), "mails/ham/0.txt", "0.txt is not UTF-8 text"),
    ],
)
def test_the_script_names_a_file_that_was_spoilt_since(
    source, file, words, folder: Path, tmp_path: Path
) -> None:
    text, _ = written(project_of(source), folder)
    shutil.copytree(folder / Path(file).parts[0], tmp_path / Path(file).parts[0])
    (tmp_path / file).write_bytes((tmp_path / file).read_bytes()[:20] + b"\xff")
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError), match=words):
        list(run(text, tmp_path)["make_datasets"]()["train"])


def test_a_changed_folder_is_read_again(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "mails", tmp_path / "mails")
    project = project_of(of("texts"))
    assert written(project, tmp_path)[1].count == 4
    (tmp_path / "mails/spam/9.txt").write_text("new")
    assert written(project, tmp_path)[1].count == 5
    (tmp_path / "mails/spam/9.txt").write_bytes(b"\xff")
    assert "not UTF-8" in refusal(of("texts"), tmp_path)
    (tmp_path / "mails/spam/9.txt").unlink()
    assert written(project, tmp_path)[1].count == 4


def test_a_folder_travels_with_the_script(folder: Path, tmp_path: Path) -> None:
    value = project_of(of("texts", shuffle=False))
    text, _ = written(value, folder)
    place_files(read(value), folder, tmp_path)
    assert elements(run(text, tmp_path)["make_datasets"]()["train"])[0] == ("hello", 0)
    about = fingerprint(data_files(read(value), folder))
    assert about["mails"]["files"] == 4
    assert about["mails"]["bytes"] == len("hellosee you\nwïn €".encode())
