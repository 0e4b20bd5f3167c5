"""studio datasets: the names there are, and which of them lie prepared on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from tests.conftest import studio


def test_all_names_are_listed_as_json():
    done = studio("datasets", "--json")
    found = {(each["name"], each["op"]) for each in json.loads(done.stdout)["datasets"]}
    assert done.returncode == 0
    assert {("mnist", "keras.datasets.mnist"), ("mnist", "studio.data.tfds")} <= found
    assert len(found) > 400


def test_a_query_chooses_among_them():
    done = studio("datasets", "fashion")
    assert done.returncode == 0
    assert {line.split()[0] for line in done.stdout.splitlines()} == {"fashion_mnist"}


def test_what_is_like_none_is_told_with_the_nearest():
    done = studio("datasets", "fashoin_mnist")
    assert done.returncode == 2
    assert 'like "fashoin_mnist". Did you mean "fashion_mnist"' in done.stderr


def test_what_is_prepared_here_is_said_with_its_sizes(tmp_path):
    folder = tmp_path / "mnist" / "3.0.1"
    folder.mkdir(parents=True)
    split = {"name": "train", "shardLengths": ["1000", "234"]}
    (folder / "dataset_info.json").write_text(json.dumps({"splits": [split]}))
    (folder / "features.json").write_text(json.dumps({"featuresDict": {"features": {}}}))
    done = subprocess.run(
        [sys.executable, "-m", "studio", "datasets", "mnist"],
        capture_output=True,
        text=True,
        env=os.environ | {"TFDS_DATA_DIR": str(tmp_path)},
        timeout=60,
        check=False,
    )
    assert "mnist" in done.stdout, done.stderr
    assert "prepared here: train 1,234" in done.stdout
