"""Ruff as the judge of what Studio writes: one process for many files or statements."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from studio.codegen.layout import Expr, Lines, Parts

RUFF = Path(sys.executable).with_name("ruff")


def ruff(*arguments: str | Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Runs ruff as it is without any configuration, for the Python that a script may meet."""
    return subprocess.run(
        [RUFF, *arguments[:1], "--isolated", "--no-cache", *arguments[1:]],
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def formatted(source: str) -> str:
    """The source as `ruff format` leaves it; fails where it is no Python."""
    done = ruff("format", "-", stdin=source)
    assert done.returncode == 0, done.stderr
    return done.stdout


def laid_out(head: str, expr: Expr, indent: int = 0) -> str:
    """A statement as studio.codegen.layout writes it."""
    lines = Lines()
    lines.lines[-1] = " " * indent
    lines.expression(Parts((head, expr)), indent)
    return "\n".join(lines.lines)


def changed(statements: Iterable[tuple[int, str]]) -> list[tuple[str, str]]:
    """Pairs (ours, ruff's) of the statements, each with its indent, that ruff would change.

    All of them are in one file, so that this is one process however many they are.
    """
    ours = [_block(number, *each) for number, each in enumerate(statements)]
    theirs = formatted("\n\n".join(ours)).split(_MARK)[1:]
    mine = "\n\n".join(ours).split(_MARK)[1:]
    pairs = zip(mine, theirs, strict=True)
    found = [(a.strip("\n"), b.strip("\n")) for a, b in pairs if a.strip("\n") != b.strip("\n")]
    return sorted(found, key=lambda pair: len(pair[0]))


_MARK = "# case "


def _block(number: int, indent: int, statement: str) -> str:
    heads = [f"{' ' * depth}def f():" for depth in range(0, indent, 4)]
    return "\n".join([f"{_MARK}{number}", *heads, statement, ""])


def shown(pairs: list[tuple[str, str]], most: int = 3) -> str:
    """The shortest differences, for a failure's message."""
    parts = [f"-- ours\n{ours}\n-- ruff\n{theirs}" for ours, theirs in pairs[:most]]
    return f"{len(pairs)} differ\n" + "\n".join(parts)


def found_by_ruff(scripts: dict[str, str], folder: Path) -> dict[str, str]:
    """What ruff's linter and formatter say of each script, where they say something.

    `folder` is an empty one, for the files.
    """
    files = {str(number): name for number, name in enumerate(scripts)}
    for number, name in files.items():
        Path(folder, f"{number}.py").write_text(scripts[name], encoding="utf-8")
    found: dict[str, str] = {}
    checked = ruff("check", "--output-format=concise", folder)
    for line in checked.stdout.splitlines():
        path, colon, said = line.partition(".py:")
        if colon:
            name = files[Path(path).name]
            found[name] = f"{found.get(name, '')}{said}\n"
    assert checked.returncode == (1 if found else 0), checked.stderr
    differing = ruff("format", "--diff", folder)
    assert differing.returncode in (0, 1), differing.stderr
    for part in f"\n{differing.stdout}".split("\n--- ")[1:]:
        name = files[Path(part.partition("\n")[0]).stem]
        found[name] = f"{found.get(name, '')}{part}\n"
    return found
