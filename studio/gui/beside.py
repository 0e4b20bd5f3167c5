"""Threads that work beside the window's own.

While one does, Python looks for no garbage: a collection in that thread would end Qt's objects
there, which only the window's may. Both are called in the window's thread.
"""

from __future__ import annotations

import gc

_working = 0


def begin() -> None:
    """One more thread begins to work."""
    global _working
    _working += 1
    gc.disable()


def end() -> None:
    """One of them has ended."""
    global _working
    _working -= 1
    if not _working:
        gc.enable()
