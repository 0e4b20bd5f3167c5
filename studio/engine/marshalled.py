"""Prints what a marshalled function does, instruction by instruction, without running it.

`python -I marshalled.py` reads a JSON text, the bytes in base64, from standard input. It is a
process of its own, with little memory and time, since made-up bytes can crash who reads them.
"""

from __future__ import annotations

import base64
import contextlib
import dis
import json
import marshal
import sys
import types

MEMORY, SECONDS = 2**29, 5
MOST = 200_000
"""Characters that are printed."""


def main() -> None:
    """Reads, and prints; raises where the bytes are no code."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # which Windows hasn't

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    code = marshal.loads(base64.b64decode(json.load(sys.stdin)))
    if not isinstance(code, types.CodeType):
        raise TypeError(f"it holds a {type(code).__name__}, no code")
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    lines = [f"arguments: {', '.join(names) or 'none'}"]
    lines.append(f"names it uses: {', '.join(code.co_names) or 'none'}")
    text = "\n".join([*lines, dis.Bytecode(code).dis()])
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            text += f"\n{inner.co_name}:\n{dis.Bytecode(inner).dis()}"
    sys.stdout.reconfigure(errors="backslashreplace")
    sys.stdout.write(text[:MOST])


if __name__ == "__main__":
    main()
