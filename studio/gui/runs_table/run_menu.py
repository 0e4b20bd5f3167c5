"""What can be done with the runs that are selected in the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QMenu

if TYPE_CHECKING:
    from studio.gui.panels.runs import RunsPanel


def run_menu(panel: RunsPanel) -> QMenu:
    """A menu for one run, or for several."""
    menu, chosen = QMenu(panel), panel.selected()
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    if len(chosen) < 2:
        _for_one(menu, panel)
    else:
        compares = menu.addAction("Compare the two", panel.compare)
        compares.setEnabled(len(chosen) == 2)
        menu.addAction("Overlay their curves", lambda: panel.show_overlay(True))
    menu.addAction("Copy as a table", panel.copy)
    menu.addSeparator()
    away = menu.addAction("Move to the trash", panel.trash)
    away.setEnabled(not any(map(panel.window_.runner.going, chosen)))
    return menu


def _for_one(menu: QMenu, panel: RunsPanel) -> None:
    folder, window = panel.current, panel.window_
    menu.addAction("Show its curves", lambda: window.panel("training"))
    menu.addAction("Show its log", lambda: window.panel("log"))
    menu.addAction("Export its model…", lambda: window.run_command("run.export"))
    menu.addSeparator()
    menu.addAction("Edit its tags", lambda: panel.table.edit_note("tags"))
    menu.addAction("Edit its note", lambda: panel.table.edit_note("note"))
    menu.addSeparator()
    row = panel.model.row_of(folder)
    ends = panel.model.rows[row].progress.state if row >= 0 else ""
    resumes = menu.addAction("Resume", lambda: window.runner.resume(folder))
    resumes.setEnabled(ends in ("paused", "stopped", "failed", "lost"))
    menu.addAction("Open the project as it ran", panel.open_as_it_ran)
    menu.addAction(
        "Show its folder", lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
    )
    menu.addAction(
        "Copy the path of its folder", lambda: QGuiApplication.clipboard().setText(str(folder))
    )
