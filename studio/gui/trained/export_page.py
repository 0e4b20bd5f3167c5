"""Exporting: which formats, whereto, how far it is, and the proof."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QLabel, QLineEdit, QToolButton, QWidget

from studio.graph.document import Project
from studio.gui.look.icons import icon
from studio.gui.panel import Empty
from studio.gui.trained.formats import FormatList, formats_of, title_of
from studio.gui.trained.page import Page, begun, button, foot_row, small
from studio.gui.trained.proof import Proofs, exports_of
from studio.gui.trained.work import Work, last_object

if TYPE_CHECKING:
    from studio.gui.window import Window

KEPT = "artifacts/exports.json"
"""Where a run keeps the proof of its exports."""

HALVES = {"converting": 0.0, "proving": 0.5}
"""What is done of all when this begins: both take about as long."""


class ExportPage(Page):
    """The formats with their boxes; behind an export, its proof."""

    def __init__(self, window: Window):
        super().__init__(window)
        self._listed: Path | None = None
        self._entering = False
        self._lister = Work(self)
        self._lister.done.connect(self._show_list)
        self._lister.failed.connect(self._no_list)
        self.list = FormatList()
        self.list.activated.connect(lambda _: self.start())
        self.list.rows.chosen.connect(self._refresh)
        self.proofs = Proofs()
        self.proofs.moved.connect(self._refresh)
        self.waiting = Empty("", "", "Look again", self.look)
        self.waiting.button.hide()
        feet = (self._choosing(), self.going, self._proved())
        self.lay_out((self.waiting, self.list, self.proofs), feet)
        self.work.told.connect(self._told)
        self.work.done.connect(self._done)
        self.work.failed.connect(self._failed)
        self.work.cancelled.connect(self._cancelled)

    def _choosing(self) -> QWidget:
        self.choosing = QWidget()
        row = foot_row(self.choosing)
        self.place = QLineEdit()
        self.place.setAccessibleName("The folder that it is written to")
        self.place.setToolTip("The folder that it is written to; empty for that of the run")
        self.place.textEdited.connect(self._refresh)
        self.place.returnPressed.connect(self.start)
        label = QLabel("Write to")
        label.setBuddy(self.place)
        self.choose = QToolButton(icon=icon("folder-open", "muted"))
        self.choose.setToolTip("Choose a folder")
        self.choose.setAccessibleName("Choose a folder")
        self.choose.setProperty("role", "flat")
        self.choose.clicked.connect(self._ask_place)
        self.export = button("Export", "package", "primary", "on_accent")
        self.export.clicked.connect(self.start)
        self.last = button("Last proof", "clock", "flat")
        self.last.setToolTip("What the last export of this run has proved")
        self.last.clicked.connect(lambda: self._show_proof(_kept(self.folder)))
        row.addWidget(label)
        row.addWidget(self.place, 1)
        row.addWidget(self.choose)
        row.addWidget(self.last)
        row.addWidget(self.export)
        return self.choosing

    def _proved(self) -> QWidget:
        self.proved = QWidget()
        row = foot_row(self.proved)
        self.again = button("All formats", "chevron-left")
        self.again.clicked.connect(self.back)
        self.said = small()
        self.copy = button("Copy path", "copy")
        self.copy.clicked.connect(self._copy_path)
        self.show_ = button("Show in folder", "folder-open")
        self.show_.clicked.connect(self.proofs.show_in_folder)
        row.addWidget(self.again)
        row.addWidget(self.said, 1)
        row.addWidget(self.copy)
        row.addWidget(self.show_)
        return self.proved

    # The run, and what it can be written as

    def show_run(self, folder: Path | None, project: Project | None = None) -> None:
        super().show_run(folder, project)
        self._listed = None
        self.list.rows.put([])
        self.place.setText(str(self._default) if folder is not None else "")
        self.place.setCursorPosition(0)
        self.foot.setCurrentWidget(self.choosing)
        self._lister.close()
        self._waits()

    @property
    def _default(self) -> Path:
        return self.folder / "artifacts"

    def _waits(self) -> None:
        self.waiting.say("Looking at the formats", "Which of them can hold this model?")
        self.waiting.button.hide()
        self.body.setCurrentWidget(self.waiting)
        self.foot.hide()

    def come_up(self) -> None:
        """Asks for the formats, once for each run."""
        if self.folder is not None and self._listed != self.folder:
            self.look()

    def enter(self) -> None:
        """Goes to the formats with the keyboard."""
        self.come_up()
        self._entering = self._lister.working
        if not self.work.working:
            self.back()

    def look(self) -> None:
        """Asks for the formats."""
        self._listed = self.folder
        self._waits()
        self._lister.start("export", self.folder, "--list", "--json")

    def _show_list(self, printed: str) -> None:
        formats = formats_of(last_object(printed))
        if formats is None:
            self._no_list("What the command has printed is no list of formats.")
            return
        self.list.rows.put(formats)
        self.body.setCurrentWidget(self.list)
        self.foot.show()
        self.last.setVisible(bool(_kept(self.folder)))
        self._refresh()
        if self._entering:
            self._entering = False
            self.list.setFocus()

    def _no_list(self, sentence: str) -> None:
        self.waiting.say("The formats can't be listed", sentence)
        self.waiting.button.show()

    def _refresh(self, *_: object) -> None:
        count = len(self.list.rows.wanted)
        self.export.setEnabled(bool(count))
        self.export.setText(f"Export {count}" if count > 1 else "Export")
        self.export.setToolTip("" if count else "Tick a format first")
        for each in (self.copy, self.show_):
            each.setEnabled(self.proofs.path is not None)

    def _ask_place(self) -> None:
        title = "Where the exports are written"
        found = self.window_.projects.ask.folder_for(title, self._place())
        if found is not None:
            self.place.setText(str(found))

    def _place(self) -> Path:
        text = self.place.text().strip()
        return Path(text).expanduser() if text else self._default

    # At work

    def start(self) -> None:
        """Exports what is ticked."""
        wanted = self.list.rows.wanted
        if not wanted or self.work.working:
            return
        self.window_.notices.drop("model")
        place = self._place()
        asked = [word for each in wanted for word in ("--format", each.key)]
        if place != self._default:
            # Of several it is the folder, of one alone the file.
            asked += ["-o", place if len(wanted) > 1 else place / wanted[0].file]
        self.list.setEnabled(False)
        self.foot.setCurrentWidget(self.going)
        self.going.begin("Starting TensorFlow…")
        self.going.cancel.setFocus()
        self.work.start("export", self.folder, *asked, "--json")

    def _told(self, told: dict[str, Any]) -> None:
        if not {"at", "doing", "done", "of"} <= told.keys():
            return
        try:
            done, of = int(told["done"]), max(1, int(told["of"]))
        except (TypeError, ValueError):
            return
        format, _, variant = str(told["at"]).partition("-")
        doing = str(told["doing"])
        text = f"{begun(doing)} {title_of(format, variant)}, {min(done + 1, of)} of {of}"
        self.going.tell(text, HALVES.get(doing, 0.0) + done / of / 2)

    def _rest(self) -> None:
        self.last.setVisible(bool(_kept(self.folder)))
        self.list.setEnabled(True)
        self.foot.setCurrentWidget(self.choosing)
        self.rested.emit()

    def _done(self, printed: str) -> None:
        exports = exports_of(last_object(printed))
        self._rest()
        if exports is None:
            self.refuse("The export has ended without a report. See what studio export prints.")
            return
        self._show_proof(exports)
        bad = [each for each in exports if each.get("ok") is not True]
        if bad:
            names = ", ".join(
                title_of(str(each.get("format", "")), str(each.get("variant") or ""))
                for each in bad
            )
            self.refuse(f"Not proved: {names}. The Model panel says why.")

    def _show_proof(self, exports: list[dict[str, Any]]) -> None:
        good = sum(each.get("ok") is True for each in exports)
        self.proofs.show_exports(exports)
        self.said.setText(f"{good} of {len(exports)} proved")
        self.body.setCurrentWidget(self.proofs)
        self.foot.setCurrentWidget(self.proved)
        self._refresh()
        self.proofs.setFocus()

    def _failed(self, sentence: str) -> None:
        self._rest()
        self.export.setFocus()
        self.refuse(f"Nothing was exported. {sentence}")

    def _cancelled(self) -> None:
        self._rest()
        self.export.setFocus()
        self.window_.say("The export was given up.")

    def back(self) -> None:
        """From a proof to the formats."""
        if self.list.rows.rows:
            self.body.setCurrentWidget(self.list)
            self.foot.setCurrentWidget(self.choosing)
            self.list.setFocus()

    def close_work(self) -> None:
        super().close_work()
        self._lister.close()
        self.list.setEnabled(True)
        self.foot.setCurrentWidget(self.choosing)

    def _copy_path(self) -> None:
        self.proofs.copy_path()
        self.window_.say("The path is copied.")


def _kept(folder: Path | None) -> list[dict[str, Any]]:
    """The exports whose proof a run keeps; none where there is none that can be read."""
    if folder is None:
        return []
    try:
        told = json.loads((folder / KEPT).read_bytes())
    except (OSError, ValueError):
        return []
    return exports_of(told if isinstance(told, dict) else None) or []
