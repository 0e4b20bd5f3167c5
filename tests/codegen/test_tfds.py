"""tensorflow_datasets: a dataset that a builder really prepared, read back by the script."""

from __future__ import annotations

import csv
import gzip
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from studio.graph import tfds as ours
from studio.graph.checks import check
from studio.graph.problems import errors
from studio.resources import ASSETS

from .loading import agrees, elements, loaded, project_of, written
from .projects import Json, read
from .ruff import found_by_ruff

pytestmark = pytest.mark.filterwarnings("default")

with gzip.open(ASSETS / "data" / "digits.csv.gz", "rt") as file:
    ROWS = list(csv.reader(file))[1:61]


class SmallDigits(tfds.core.GeneratorBasedBuilder):
    """Sixty of the sample digits, with features of every common kind."""

    VERSION = tfds.core.Version("1.2.0")
    RELEASE_NOTES = {"1.2.0": "Made for a test."}  # noqa: RUF012

    def _info(self) -> tfds.core.DatasetInfo:
        f = tfds.features
        features = {
            "image": f.Image(shape=(8, 8, 1)),
            "label": f.ClassLabel(num_classes=10),
            "mean": np.float32,
            "name": f.Text(),
            "free": f.Image(),
            "dark": f.Sequence(np.int64),
            "rows": f.Sequence(f.Sequence(np.float32)),
            "corner": f.Sequence(np.uint8, length=2),
            "matrix": f.Tensor(shape=(None, 2), dtype=np.int32),
            "parts": f.Sequence({"a": np.int32}),
            "inner": {"odd": np.bool_},
            "box": f.BBoxFeature(),
            "words": f.Translation(["de", "en"]),
        }
        return tfds.core.DatasetInfo(
            builder=self, features=f.FeaturesDict(features), supervised_keys=("image", "label")
        )

    def _split_generators(self, downloads: Any) -> dict[str, Any]:
        return {
            "train": self._generate_examples(ROWS[:47]),
            "test": self._generate_examples(ROWS[47:]),
        }

    def _generate_examples(self, rows: list[list[str]]):
        for key, cells in enumerate(rows):
            *pixels, label = (int(float(cell)) for cell in cells)
            image = np.array(pixels, "uint8").reshape(8, 8, 1)
            yield (
                key,
                {
                    "image": image,
                    "label": label,
                    "mean": float(image.mean()),
                    "name": f"é {label}",
                    "free": image[:, : 1 + label].repeat(3, 2),
                    "dark": np.flatnonzero(image).tolist()[: label + 1],
                    "rows": [[1.0] * n for n in range(label % 3 + 1)],
                    "corner": image[0, :2, 0],
                    "matrix": np.ones((label, 2), "int32"),
                    "parts": {"a": list(range(label))},
                    "inner": {"odd": bool(label % 2)},
                    "box": tfds.features.BBox(0.0, 0.0, 1.0, label / 10),
                    "words": {"de": "eins", "en": "one"},
                },
            )


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the dataset is prepared."""
    folder = tmp_path_factory.mktemp("tfds")
    SmallDigits(data_dir=folder, file_format="tfrecord").download_and_prepare()
    return folder


def source(prepared: Path | None, name: str = "small_digits", **params: Any) -> Json:
    given = {} if prepared is None else {"data_dir": str(prepared)}
    return {"id": "rows", "op": "studio.data.tfds", "params": {"name": name} | given | params}


CASES: list[Json] = [
    {},
    {"as_supervised": True},
    {"split": "test"},
    {"split": "train[:80%]", "as_supervised": True},
    {"split": "train[80%:]"},
    {"split": "train[-10%:]"},
    {"split": "train[3:7]+test[:50%]"},
    {"split": "all"},
    {"split": "train[5:33%]"},
]


@pytest.mark.parametrize("params", CASES, ids=str)
def test_the_elements_are_those_that_tfds_loads(
    params: Json, prepared: Path, tmp_path: Path
) -> None:
    dataset, inferred = loaded(project_of(source(prepared, **params)), tmp_path)
    agrees(dataset, inferred)
    given = {"split": "train"} | params
    by_hand = tfds.load("small_digits", data_dir=prepared, download=False, **given)
    assert elements(dataset) == elements(by_hand)


def test_they_are_the_digits_that_were_written(prepared: Path, tmp_path: Path) -> None:
    dataset, inferred = loaded(project_of(source(prepared, as_supervised=True)), tmp_path)
    found = sorted((label, np.ravel(image).tolist()) for image, label in elements(dataset))
    assert found == sorted((int(row[-1]), [int(float(c)) for c in row[:-1]]) for row in ROWS[:47])
    assert inferred.labels == (0, 9)


def test_the_names_of_its_classes_travel_with_the_label(prepared: Path, tmp_path: Path) -> None:
    """As tensorflow_datasets writes them beside the records; not where some are missing."""
    folder = tmp_path / "named"
    shutil.copytree(prepared, folder)
    (place,) = folder.glob("small_digits/*")
    words = [f"digit {number}" for number in range(10)]
    tfds.features.ClassLabel(names=words).save_metadata(place, "label")
    value = project_of(source(folder, as_supervised=True))
    _, inferred = written(value, tmp_path)
    assert inferred.classes == tuple(words)
    by_hand = tfds.builder("small_digits", data_dir=folder).info.features["label"].names
    assert inferred.classes == tuple(by_hand)
    (place / "label.labels.txt").write_text("zero\none\n")
    assert written(value, tmp_path)[1].classes == ()


def test_shuffled_files_are_known_to_change_their_order(prepared: Path, tmp_path: Path) -> None:
    dataset, inferred = loaded(project_of(source(prepared, shuffle_files=True)), tmp_path)
    assert inferred.unsteady
    assert len(elements(dataset)) == 47


def test_a_folder_of_the_project_travels_with_it(prepared: Path, tmp_path: Path) -> None:
    shutil.copytree(prepared, tmp_path / "prepared")
    text, inferred = written(project_of(source(Path("prepared"))), tmp_path)
    assert 'data_dir=HERE / "prepared"' in text
    assert inferred.count == 47


def test_ruff_finds_nothing_in_them(prepared: Path, tmp_path: Path) -> None:
    cases = [*CASES, {"shuffle_files": True}]
    texts = {str(p): written(project_of(source(prepared, **p)), tmp_path)[0] for p in cases}
    assert not found_by_ruff(texts, tmp_path)


IMAGE: Json = {"shape": [28, 28, 1], "dtype": "uint8"}
DECLARED: Json = {"features": IMAGE, "label": {"shape": [], "dtype": "int64"}}


def test_what_is_not_there_yet_is_taken_as_declared(tmp_path: Path) -> None:
    value = source(tmp_path, "mnist", as_supervised=True, output_signature=DECLARED)
    text, inferred = written(project_of(value), tmp_path)
    assert str(inferred) == "elements ((28, 28, 1) uint8, () int64)"
    assert 'load_tfds(\n        "mnist"' in text or 'load_tfds("mnist"' in text


def test_without_a_network_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("https_proxy", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    value = source(tmp_path, "mnist", as_supervised=True, output_signature=DECLARED)
    with pytest.raises(RuntimeError, match="there is no network to download it") as raised:
        loaded(project_of(value), tmp_path)
    assert f"copy its folder to {tmp_path}" in str(raised.value)


@pytest.mark.parametrize(
    ("name", "params", "words", "hint"),
    [
        ("mnst", {}, '"mnst", which tensorflow_datasets doesn\'t know', '"mnist"'),
        ("qqqqqqqq", {}, "doesn't know", "studio datasets"),
        ("a b", {}, 'names the dataset "a b"', "A name is"),
        ("mnist", {}, "isn't prepared in", "output_signature"),
        ("mnist", {"split": "train[", "output_signature": IMAGE}, 'the split "train["', "A split"),
        ("small_digits", {"split": "tets"}, '"tets", which the dataset', '"test"'),
        ("small_digits", {"split": "train[40:30]"}, "where there is none", "behind its start"),
        ("small_digits", {"split": "train[:900]"}, "where there is none", ""),
        ("small_digits:9.0.0", {}, "doesn't know", ""),
    ],
)
def test_what_cannot_be_loaded_is_told_before_a_run(
    name: str, params: Json, words: str, hint: str, prepared: Path, tmp_path: Path
) -> None:
    found = check(read(project_of(source(prepared, name, **params))), tmp_path).problems
    (problem,) = errors(found)
    assert words in problem.message
    assert hint in problem.hint


def _cut(folder: Path) -> None:
    (folder / "features.json").write_text("{", encoding="utf-8")


def _unknown(folder: Path) -> None:
    (folder / "features.json").write_text('{"pythonClassName": "new.Feature"}', encoding="utf-8")


def _unsupervised(folder: Path) -> None:
    path = folder / "dataset_info.json"
    info = json.loads(path.read_bytes())
    del info["supervisedKeys"]
    path.write_text(json.dumps(info), encoding="utf-8")


def _array_record(folder: Path) -> None:
    path = folder / "dataset_info.json"
    path.write_text(path.read_text().replace('"tfrecord"', '"array_record"'), encoding="utf-8")


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (_cut, "can't be read"),
        (_unknown, "doesn't know the feature new.Feature"),
        (_unsupervised, "doesn't say which they are"),
        (_array_record, "was prepared as array_record"),
    ],
)
def test_a_prepared_dataset_of_another_kind_is_refused(
    harm: Any, words: str, prepared: Path, tmp_path: Path
) -> None:
    shutil.copytree(prepared, tmp_path / "own")
    harm(tmp_path / "own" / "small_digits" / "1.2.0")
    value = project_of(source(tmp_path / "own", as_supervised=True))
    (problem,) = errors(check(read(value), tmp_path).problems)
    assert words in problem.message


def test_the_names_are_those_of_the_installed_package() -> None:
    tool = Path(__file__).parents[2] / "tools" / "tfds_names.py"
    done = subprocess.run([sys.executable, tool, "--check"], timeout=120, check=False)
    assert done.returncode == 0, "run tools/tfds_names.py"
    assert "mnist" in ours.names()


@pytest.mark.parametrize("percent", [3, 33, 50, 67, 99])
def test_shares_are_rounded_as_tfds_does(percent: int, prepared: Path) -> None:
    split = f"train[:{percent}%]"
    theirs = tfds.load("small_digits", data_dir=prepared, split=split, download=False)
    assert ours.split_size(split, {"train": 47}) == int(tf.data.Dataset.cardinality(theirs))
