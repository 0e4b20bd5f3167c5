"""Write assets/tfds.json: the names of the datasets of the installed tensorflow_datasets.

python tools/tfds_names.py [--check]     with --check only compare; 1 if out of date
"""

import json
import sys
from pathlib import Path

import tensorflow_datasets as tfds

OUT = Path(__file__).resolve().parent.parent / "assets" / "tfds.json"


def facts() -> str:
    """The names as the file has them; TensorFlow isn't imported for that."""
    names = tfds.list_builders(with_community_datasets=False)
    return json.dumps({"version": tfds.__version__, "names": names}, indent=0) + "\n"


def main() -> int:
    """Writes or compares; returns the exit code."""
    made = facts()
    if "--check" in sys.argv[1:]:
        return int(OUT.read_text(encoding="utf-8") != made)
    OUT.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
