"""Prints docs/commands.md, made of the commands: `python -m studio.gui.commands`."""

from __future__ import annotations

from itertools import groupby

from studio.gui.commands import Command, all_commands

HEAD = """\
# Commands

Everything that can be done in the app, by menu. `Ctrl+K` finds any of it by name, `F1` shows
the keys and changes them. On macOS, Ctrl is the command key.

This page is made of the commands themselves: `make commands` writes it anew.
"""


def page() -> str:
    """The page."""
    parts = [HEAD]
    for menu, commands in groupby(all_commands(), key=lambda each: each.menu):
        parts.append(f"## {menu}\n\n| command | keys | |\n|---|---|---|\n{_table(commands)}")
    return "\n".join(parts)


def _table(commands: groupby | list[Command]) -> str:
    lines = []
    for each in commands:
        keys = " or ".join(f"`{key}`" for key in each.shortcut.split("; ") if key)
        lines.append(f"| {each.title} | {keys} | {each.help} |\n")
    return "".join(lines)


if __name__ == "__main__":
    print(page(), end="")
