"""Everything that can be done, as data: menus, keys, the palette and the docs are made of it."""

from studio.gui.commands.command import Command, all_commands, find_command

__all__ = ["Command", "all_commands", "find_command"]
