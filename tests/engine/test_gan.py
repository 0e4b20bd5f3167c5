"""The template digits_gan learns what digits look like: measured on what its generator makes."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys

import numpy as np
import pytest

from studio.resources import ASSETS

pytestmark = pytest.mark.slow

MAKE = """
import sys, json, keras, numpy as np
sys.modules["studio"] = None
import train  # which has the classes of the two blocks
model = keras.models.load_model(sys.argv[1])
noise = np.random.default_rng(5).normal(size=(400, 16)).astype("float32")
print(json.dumps(np.asarray(model.get_layer("generator")(noise)).reshape(400, 64).tolist()))
"""


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """The real images as rows from 0 to 1, and the digits on them."""
    with gzip.open(ASSETS / "data" / "digits.csv.gz", "rt", encoding="utf-8") as file:
        names = file.readline().strip().split(",")
        rows = np.loadtxt(file, delimiter=",")
    labels = names.index("digit")
    return np.delete(rows, labels, axis=1) / 16, rows[:, labels].astype(int)


@pytest.fixture
def made(trained) -> np.ndarray:
    """Images by the saved generator, in a process that has Keras and the script alone."""
    _, folder = trained("digits_gan")
    done = subprocess.run(
        [sys.executable, "-c", MAKE, str(folder / "artifacts" / "model.keras")],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return np.array(json.loads(done.stdout.splitlines()[-1]))


def nearest(images: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each image the nearest other one, and how far that is."""
    far = np.sqrt(((images[:, None] - others[None]) ** 2).sum(-1))
    return far.argmin(1), far.min(1)


def test_the_two_hold_the_balance(trained) -> None:
    report, _ = trained("digits_gan")
    accuracies = [report["metrics"][f"test_{name}_accuracy"] for name in ("real", "fake")]
    assert 0.5 < np.mean(accuracies) < 0.9, accuracies


def test_what_is_made_looks_like_digits(made, digits) -> None:
    real, labels = digits
    assert abs(made.mean(0) - real.mean(0)).mean() < 0.12  # 0.06 measured
    assert 0.6 < made.std(0).mean() / real.std(0).mean() < 1.2  # 0.85: they differ as much
    rows, far = nearest(made, real)
    # Pixels that are drawn one by one, with the right mean and spread each, are 1.97 away.
    rng = np.random.default_rng(6)
    drawn = rng.normal(real.mean(0), real.std(0), (400, 64)).clip(0, 1)
    assert far.mean() < 0.9 * nearest(drawn, real)[1].mean()
    # Told by the nearest real image, nearly all of the ten digits are among them.
    assert (np.bincount(labels[rows], minlength=10) >= 4).sum() >= 8
