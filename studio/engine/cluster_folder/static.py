"""The files that stand in a cluster's folder as they stand here."""

from __future__ import annotations

from pathlib import Path

FILES = Path(__file__).parent / "files"


def static(name: str) -> str:
    """The text of one of them."""
    return (FILES / name).read_text(encoding="utf-8")
