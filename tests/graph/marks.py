"""Cases that are known to fail: what should hold, and doesn't yet."""

from __future__ import annotations

from typing import Any

import pytest


def bug(reason: str, *values: Any, run: bool = True) -> Any:
    """A case that fails because of a bug; it says so once the bug is gone."""
    return pytest.param(*values, marks=pytest.mark.xfail(strict=True, reason=reason, run=run))
