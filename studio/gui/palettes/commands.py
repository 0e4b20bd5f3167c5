"""Every command by its name, with its keys: Ctrl+K."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.graph.find import Entry, Index
from studio.gui.commands import all_commands
from studio.gui.palettes.palette import Palette
from studio.gui.palettes.rows import Choice

if TYPE_CHECKING:
    from studio.gui.window import Window

RECENT = "recent_commands"
KEPT = 8
SELF = "view.commands"


def command_palette(window: Window) -> Palette:
    """Opens it: those used last come first, those that can't be done now are grey."""
    commands = {each.id: each for each in all_commands() if each.id != SELF}
    able = {id: each.enabled(window) for id, each in commands.items()}
    recent = [id for id in window.settings.get(RECENT, []) if id in commands]
    keys = {id: window.actions_.shortcut(id) for id in commands}

    def weight(id: str) -> float:
        used = 40.0 - recent.index(id) if id in recent else 0.0
        return used - (0 if able[id] else 60)

    index = Index(
        Entry(each.id, each.title, weight(each.id), f"{each.menu} {each.help}".lower())
        for each in commands.values()
    )

    def search(query: str) -> list[Choice]:
        return [
            Choice(
                match.key,
                match.text,
                keys[match.key] or commands[match.key].menu,
                match.positions,
                able[match.key],
                icon=commands[match.key].icon or "command",
                mono=bool(keys[match.key]),
                help=commands[match.key].help,
            )
            for match in index.find(query)
        ]

    def run(id: str) -> None:
        others = [each for each in window.settings.get(RECENT, []) if each != id]
        window.settings.set(RECENT, [id, *others][:KEPT])
        window.run_command(id)

    palette = Palette(
        window, "Commands", "Find a command", search, nothing="No command is called that."
    )
    palette.chosen.connect(run)
    palette.show_at(palette.field)
    return palette
