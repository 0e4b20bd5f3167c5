"""The files of templates, read by plain TensorFlow: the digits of the sample data, all of them."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from studio.graph.sample_images import DIGITS
from tests.conftest import ROOT
from tests.templates import template_folder


@pytest.fixture(scope="module")
def table() -> np.ndarray:
    """A row a digit: 64 pixels from 0 to 16, and which it is."""
    return np.loadtxt(DIGITS, delimiter=",", skiprows=1, dtype="int64")


def test_the_images_are_the_digits(table) -> None:
    import tensorflow as tf

    folder = template_folder("images_from_folder") / "digits"
    paths = sorted(folder.glob("*/*.png"), key=lambda path: path.name)
    assert [int(path.stem) for path in paths] == list(range(1, len(table) + 1))
    for path, (*pixels, digit) in zip(paths, table, strict=True):
        image = tf.io.decode_png(tf.io.read_file(str(path)))
        assert (image.shape, image.dtype, path.parent.name) == ((8, 8, 1), tf.uint8, str(digit))
        np.testing.assert_array_equal(
            image.numpy().ravel(), np.round(np.array(pixels) * 255 / 16), str(path)
        )


def test_the_records_are_the_digits_in_turns(table) -> None:
    import tensorflow as tf

    folder = template_folder("tfrecord_digits") / "digits"
    features = {
        "image": tf.io.FixedLenFeature([64], tf.int64),
        "digit": tf.io.FixedLenFeature([], tf.int64),
    }
    files = sorted(folder.glob("*.tfrecord"))
    assert len(files) == 4
    for shard, file in enumerate(files):
        records = [
            tf.io.parse_single_example(record, features)
            for record in tf.data.TFRecordDataset(str(file))
        ]
        rows = [[*record["image"].numpy(), record["digit"].numpy()] for record in records]
        np.testing.assert_array_equal(rows, table[shard::4], file.name)
    about = json.loads((folder / "features.json").read_text())
    assert (about["count"], about["files"]) == (len(table), [file.name for file in files])


def test_the_records_can_be_made_again_byte_for_byte() -> None:
    done = subprocess.run(
        [sys.executable, "tools/digit_records.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(": same\n") == 5
