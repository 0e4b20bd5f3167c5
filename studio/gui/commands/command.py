"""One command: what it is called, how it is reached, when it can be done, what it does."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from studio.gui.window import Window

Enabled = Callable[["Window"], bool]

MENUS = ("File", "Edit", "Graph", "View", "Run", "Help")
"""In the order of the menu; each has a module of its name in this package."""


def always(window: Window) -> bool:
    """Can be done at any time."""
    return True


def with_project(window: Window) -> bool:
    """Can be done when a project is open."""
    return window.session is not None


def on_canvas(window: Window) -> bool:
    """Can be done when a graph is shown."""
    return window.canvas is not None


def with_nodes(window: Window) -> bool:
    """Can be done when nodes are selected."""
    return window.canvas is not None and bool(window.selected())


class Command(Struct, frozen=True):
    """Something that can be done in the window.

    `shortcut` is in Qt's portable form, several separated by "; ". `where` names
    the context menus it stands in: canvas, node, edge, frame, tab. `on` says of a
    command that is switched on and off whether it is on.
    """

    id: str
    title: str
    menu: str
    run: Callable[[Window], object]
    shortcut: str = ""
    icon: str = ""
    help: str = ""
    enabled: Enabled = always
    where: tuple[str, ...] = ()
    on: Enabled | None = None
    group: int = 0
    """Commands of a menu with another number are separated by a line."""
    local: bool = False
    """Whether its keys hold on the canvas alone: elsewhere they are text, or Tab goes on."""


_commands: dict[str, Command] = {}


def command(
    id: str,
    title: str,
    shortcut: str = "",
    icon: str = "",
    enabled: Enabled = always,
    where: str = "",
    on: Enabled | None = None,
    group: int = 0,
    local: bool = False,
) -> Callable[[Callable[[Window], object]], Callable[[Window], object]]:
    """Makes a function a command; the menu is the first part of its id, the help its docstring."""

    def register(run: Callable[[Window], object]) -> Callable[[Window], object]:
        if id in _commands:
            raise ValueError(f"{id} is there twice")
        menu = id.partition(".")[0].capitalize()
        help = " ".join((run.__doc__ or "").split())
        places = tuple(where.split())
        _commands[id] = Command(
            id, title, menu, run, shortcut, icon, help, enabled, places, on, group, local
        )
        return run

    return register


@cache
def _load() -> dict[str, Command]:
    for menu in MENUS:
        import_module(f"studio.gui.commands.{menu.lower()}")
    return _commands


def all_commands() -> list[Command]:
    """Every command, by menu and group, in the order they were written."""
    return sorted(_load().values(), key=lambda each: (MENUS.index(each.menu), each.group))


def find_command(id: str) -> Command:
    """A command by its id; KeyError where there is none."""
    return _load()[id]
