"""How a process ended that didn't say it itself."""

from __future__ import annotations

import signal


def how_it_ended(code: int) -> str:
    """What an exit code means, as the rest of a sentence that begins with the process."""
    if code >= 0:
        return f"ended with code {code} before it was done"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    more = "; often this means that memory ran out" if name == "SIGKILL" else ""
    return f"was ended by the system ({name}){more}"
