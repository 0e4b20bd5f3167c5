"""Write the digits of assets/data as the TFRecord files of the template tfrecord_digits.

They are what `studio data write` makes of a project that reads the table:

    python tools/digit_records.py            write templates/tfrecord_digits/digits
    python tools/digit_records.py --check    write into a temporary folder and compare
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
RECORDS = TOP / "templates" / "tfrecord_digits" / "digits"
SHARDS = 4

PROJECT = {
    "studio": 1,
    "name": "digits_to_records",
    "data": {
        "nodes": [
            {
                "id": "rows",
                "op": "studio.data.csv",
                "params": {"path": "assets:data/digits.csv.gz", "label": "digit"},
            },
            # Whole numbers of a byte each: a record holds them in a quarter of the room of floats.
            {
                "id": "whole",
                "op": "tf.data.Dataset.map",
                "params": {"function": {"op": "studio.map.cast", "params": {"dtype": "uint8"}}},
            },
            # Names, under which the records keep them.
            {
                "id": "named",
                "op": "tf.data.Dataset.map",
                "params": {
                    "function": {
                        "op": "studio.map.arrange",
                        "params": {"features": {"image": [0]}, "labels": {"digit": [1]}},
                    }
                },
            },
        ],
        "edges": [["rows", "whole"], ["whole", "named"]],
        "outputs": {"train": "named"},
    },
}


def write(folder: Path) -> None:
    """Writes the records into a folder that has none."""
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "project.json").write_text(json.dumps(PROJECT))
        command = [sys.executable, "-m", "studio", "data", "write", place, "--out", str(folder)]
        command += ["--shards", str(SHARDS)]
        subprocess.run(command, check=True, cwd=TOP, stdout=subprocess.DEVNULL)


def files(folder: Path) -> dict[str, bytes]:
    """The files of a folder by their names."""
    if not folder.is_dir():
        return {}
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def main() -> int:
    """Run the command line; the exit code."""
    parser = argparse.ArgumentParser(description="Write the records of tfrecord_digits.")
    parser.add_argument(
        "--check", action="store_true", help="compare with what is there, exit 1 when different"
    )
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as place:
        made = Path(place) / "digits"
        write(made)
        new, old = files(made), files(RECORDS)
        if not check:
            shutil.rmtree(RECORDS, ignore_errors=True)
            shutil.copytree(made, RECORDS)
            for name, content in new.items():
                print(f"{name}: {len(content):,} bytes")
            return 0
    changed = [name for name in new | old if new.get(name) != old.get(name)]
    for name in sorted(new | old):
        print(f"{name}: {'DIFFERENT' if name in changed else 'same'}")
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
