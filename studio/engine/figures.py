"""Numbers and times as people read them."""

from __future__ import annotations

from datetime import datetime
from typing import Any


def count_text(count: int | None) -> str:
    """A count with its decimal prefix: 38.9 M, 3.1 G; "unknown" for None."""
    if count is None:
        return "unknown "
    for limit, prefix in ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if count >= limit:
            scale = limit if prefix != "k" else 1e3
            return f"{count / scale:.3g} {prefix}"
    return f"{count:,} "


def bytes_text(count: int | None) -> str:
    """A size in memory: 0.37 MB."""
    if count is None:
        return "unknown"
    for limit, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "KB")):
        if count >= limit * 0.1:
            return f"{count / limit:.3g} {unit}"
    return f"{count} B"


def seconds_text(seconds: float) -> str:
    """A time: 0:11, 1:02:03."""
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def number(value: Any) -> str:
    """A metric as people read it: three figures behind the point, or four that count."""
    if value is None:
        return "not finite"
    if isinstance(value, list):
        return " ".join(map(number, value))
    if not isinstance(value, int | float):
        return "?"  # a file that others have changed
    return f"{value:.3f}" if 0.01 <= abs(value) < 1000 or value == 0 else f"{value:.3g}"


def when(seconds: float) -> str:
    """A time as a person says it: today 14:03:20, 2026-11-02 14:03."""
    if not seconds:
        return ""
    then, now = datetime.fromtimestamp(seconds), datetime.now()
    clock = then.strftime("%H:%M:%S")
    if then.date() == now.date():
        return f"today {clock}"
    return f"{then:%Y-%m-%d} {clock[:5]}"
