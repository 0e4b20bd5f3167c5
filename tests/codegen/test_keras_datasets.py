"""keras.datasets: Keras' own code loads small files from where its cache looks."""

from __future__ import annotations

import gzip
import inspect
import io
import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from studio.graph.checks import check
from studio.graph.ops.keras_datasets import KERAS_DATASETS, OWN
from studio.graph.problems import errors

from .loading import elements, loaded, project_of, written
from .projects import Json, node, read
from .ruff import found_by_ruff

pytestmark = pytest.mark.filterwarnings("default")


def source(name: str, **params: object) -> Json:
    return node("rows", f"keras.datasets.{name}", **params)


def images(rows: int, *shape: int) -> np.ndarray:
    return np.arange(rows * int(np.prod(shape)), dtype="uint8").reshape(rows, *shape)


def texts(rows: int) -> np.ndarray:
    made = np.empty(rows, object)
    made[:] = [list(range(1, 2 + i % 5)) for i in range(rows)]
    return made


def npz(name: str) -> Callable[[Path], None]:
    def write(cache: Path) -> None:
        if name == "mnist":
            arrays = {
                "x_train": images(6, 28, 28),
                "y_train": np.arange(6, dtype="uint8"),
                "x_test": images(3, 28, 28),
                "y_test": np.arange(3, dtype="uint8"),
            }
        elif name == "imdb":
            arrays = {
                "x_train": texts(6),
                "y_train": np.arange(6) % 2,
                "x_test": texts(3),
                "y_test": np.arange(3) % 2,
            }
        elif name == "reuters":
            arrays = {"x": texts(10), "y": np.arange(10)}
        else:
            width = KERAS_DATASETS[name].shape[0]
            rows = 700 if name.startswith("cal") else 10
            x = np.arange(rows * width, dtype="float64").reshape(rows, width)
            arrays = {"x": x, "y": x[:, 0] / 2}
        np.savez(cache / f"{name}.npz", **arrays)

    return write


def clothes(cache: Path) -> None:
    folder = cache / "fashion-mnist"
    folder.mkdir()
    for part, rows in (("train", 6), ("t10k", 3)):
        with gzip.open(folder / f"{part}-labels-idx1-ubyte.gz", "wb") as file:
            file.write(bytes(8) + np.arange(rows, dtype="uint8").tobytes())
        with gzip.open(folder / f"{part}-images-idx3-ubyte.gz", "wb") as file:
            file.write(bytes(16) + images(rows, 28, 28).tobytes())


def photos(archive: str, folder: str, parts: dict[str, int], *keys: bytes):
    """An archive like those of CIFAR: pickles of pixels and labels."""

    def write(cache: Path) -> None:
        with tarfile.open(cache / archive, "w:gz") as tar:
            for name, rows in parts.items():
                pixels = np.zeros((rows, 3072), "uint8")
                pixels[:, 0] = np.arange(rows) % 251
                labels = {key: [i % 10 for i in range(rows)] for key in keys}
                held = pickle.dumps({b"data": pixels, **labels}, protocol=4)
                info = tarfile.TarInfo(f"{folder}/{name}")
                info.size = len(held)
                tar.addfile(info, io.BytesIO(held))

    return write


_PARTS = dict.fromkeys([*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"], 10_000)
FILES: dict[str, Callable[[Path], None]] = {
    **{name: npz(name) for name in ("mnist", "imdb", "reuters")},
    **{name: npz(name) for name in ("california_housing", "boston_housing")},
    "fashion_mnist": clothes,
    "cifar10": photos(
        "cifar-10-batches-py-target_archive", "cifar-10-batches-py", _PARTS, b"labels"
    ),
    "cifar100": photos(
        "cifar-100-python-target_archive",
        "cifar-100-python",
        {"train": 50, "test": 10},
        b"fine_labels",
        b"coarse_labels",
    ),
}
OPTIONS: list[tuple[str, Json]] = [
    *((name, {}) for name in FILES),
    ("imdb", {"num_words": 5, "skip_top": 1, "start_char": None, "oov_char": None}),
    ("reuters", {"num_words": 6, "test_split": 0.5, "seed": 7}),
    ("reuters", {"maxlen": 4}),
    ("boston_housing", {"test_split": 0.3}),
    ("california_housing", {"version": "small", "seed": 1}),
    ("cifar100", {"label_mode": "coarse"}),
]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which Keras looks for what it has downloaded."""
    cache = tmp_path / "home" / "datasets"
    cache.mkdir(parents=True)
    monkeypatch.setenv("KERAS_HOME", str(cache.parent))
    monkeypatch.setattr(keras.src.backend.config, "_KERAS_DIR", str(cache.parent))
    # The files of the test are not the real ones, whose hashes Keras knows.
    monkeypatch.setattr(keras.src.utils.file_utils, "validate_file", lambda *given, **named: True)
    return cache


@pytest.mark.parametrize(("name", "options"), OPTIONS, ids=lambda each: str(each))
@pytest.mark.parametrize("split", ["train", "test"])
def test_the_elements_are_those_that_keras_loads(
    name: str, options: Json, split: str, home: Path, tmp_path: Path
) -> None:
    FILES[name](home)
    dataset, inferred = loaded(project_of(source(name, split=split, **options)), tmp_path)
    parts = getattr(keras.datasets, name).load_data(**options)
    x, y = parts[0 if split == "train" else 1]
    found = elements(dataset) if name != "cifar10" else elements(dataset.take(30))
    features = [
        list(each) if KERAS_DATASETS[name].ragged else each.tolist() for each in x[: len(found)]
    ]
    assert [each for each, _ in found] == features
    assert [label for _, label in found] == np.ravel(y)[: len(found)].tolist()
    x_spec, y_spec = dataset.element_spec
    x_known, y_known = inferred.structure
    assert (tuple(x_spec.shape), x_spec.dtype.name) == (x_known.shape, x_known.dtype)
    assert isinstance(x_spec, tf.RaggedTensorSpec) == bool(x_known.ragged)
    assert (tuple(y_spec.shape), y_spec.dtype.name) == (y_known.shape, y_known.dtype)


def test_ruff_finds_nothing_in_them(tmp_path: Path) -> None:
    texts = {
        f"{name} {options}": written(project_of(source(name, **options)), tmp_path)[0]
        for name, options in OPTIONS
    }
    assert not found_by_ruff(texts, tmp_path)


@pytest.mark.parametrize(
    ("name", "params", "count", "labels"),
    [
        ("mnist", {}, 60_000, (0, 9)),
        ("mnist", {"split": "test"}, 10_000, (0, 9)),
        ("cifar100", {"label_mode": "coarse"}, 50_000, (0, 19)),
        ("imdb", {"split": "test"}, 25_000, (0, 1)),
        ("imdb", {"maxlen": 80}, None, (0, 1)),
        ("reuters", {}, 8_982, (0, 45)),
        ("reuters", {"split": "test"}, 2_246, (0, 45)),
        ("california_housing", {}, 16_512, None),
        ("california_housing", {"version": "small", "split": "test"}, 120, None),
        ("boston_housing", {}, 404, None),
        ("boston_housing", {"split": "test"}, 102, None),
    ],
)
def test_what_each_holds_is_known_without_it(
    name: str, params: Json, count: int | None, labels: object, tmp_path: Path
) -> None:
    found = check(read(project_of(source(name, **params))), tmp_path).shapes["data"].at("rows")
    assert (found.count, found.labels) == (count, labels)


def test_its_parameters_are_those_of_keras() -> None:
    for name, params in {**dict.fromkeys(KERAS_DATASETS, ()), **OWN}.items():
        signature = inspect.signature(getattr(keras.datasets, name).load_data).parameters
        theirs = {key: each.default for key, each in signature.items()}
        theirs.pop("path", None)
        theirs.pop("kwargs", None)
        assert {param.name: param.default for param in params} == theirs, name


def test_without_a_network_it_says_what_to_do(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with pytest.raises(RuntimeError, match="mnist can't be loaded") as raised:
        loaded(project_of(source("mnist")), tmp_path)
    assert f"put mnist.npz into {home}" in str(raised.value)


@pytest.mark.parametrize(
    ("name", "params", "words"),
    [
        ("mnist", {"split": "validation"}, 'split is "validation"'),
        ("reuters", {"split": "test", "test_split": 0}, "no element for the test"),
        ("boston_housing", {"test_split": 1}, "test_split is 1"),
        ("mnist", {"num_words": 5}, 'no parameter "num_words"'),
    ],
)
def test_what_it_does_not_have_is_refused(
    name: str, params: Json, words: str, tmp_path: Path
) -> None:
    (problem,) = errors(check(read(project_of(source(name, **params))), tmp_path).problems)
    assert words in problem.message
