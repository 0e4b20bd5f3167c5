"""What the files of written elements are called."""

from __future__ import annotations

FEATURES = "features.json"
"""Says how to read them; it is written last, when all of them are there."""


def shard_names(shards: int) -> list[str]:
    """The names of so many files."""
    return [f"{i:05}-of-{shards:05}.tfrecord" for i in range(shards)]
