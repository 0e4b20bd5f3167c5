"""The script as it would run, kept current, following the selection both ways."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from studio.codegen.script import Script
from studio.graph.edits import SetStyle
from studio.gui.look.icons import icon
from studio.gui.notice import Line
from studio.gui.panel import Panel
from studio.gui.script_view import ScriptView
from studio.gui.script_writer import ScriptWriter, Written
from studio.gui.session import Session

STYLES = ("auto", "sequential", "functional", "subclass")


class CodePanel(Panel):
    """The script, or the last that could be written, greyed, with the reason above it."""

    def __init__(self, window):
        super().__init__(window)
        self.script: Script | None = None
        self._late = True
        self._choosing = False
        self.view = ScriptView()
        self.view.chosen.connect(self._chosen)
        self.writer = ScriptWriter(self._written, self)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self._head())
        box.addWidget(self.view, 1)
        window.selection_changed.connect(self._selected)

    def _head(self) -> QWidget:
        head = QWidget()
        row = QHBoxLayout(head)
        row.setContentsMargins(14, 4, 14, 4)
        row.setSpacing(8)
        self.style_ = QComboBox()
        self.style_.setAccessibleName("How the model is written")
        self.style_.setToolTip("How the model is written")
        self.style_.addItems([each.capitalize() for each in STYLES])
        self.style_.activated.connect(self._choose_style)
        self.why = Line("", Qt.TextElideMode.ElideRight)
        self.why.setProperty("role", "error")
        row.addWidget(self.style_)
        row.addWidget(self.why, 1)
        for text, image, run in (
            ("Copy", "copy", self.copy),
            ("Export .py", "file-code", lambda: self.window_.run_command("file.export_script")),
            ("Export .ipynb", "download", lambda: self.window_.run_command("file.export_notebook")),
        ):
            button = QPushButton(text)
            button.setIcon(icon(image, "muted"))
            button.setProperty("role", "flat")
            button.clicked.connect(run)
            row.addWidget(button)
        return head

    def attach(self, session: Session | None) -> None:
        super().attach(session)
        self.writer.forget()
        self.script = None
        self.view.set_text("")
        self.why.say("")
        if session is not None:
            # Not with the edit itself: the check that follows it would share its time with the
            # writing, and a frame would wait for both.
            session.checked.connect(self._moved)
        self._moved()

    # Following the document

    def _moved(self) -> None:
        if isinstance(self.sender(), Session) and self.sender() is not self.session:
            return  # a project that was shown before
        self._late = True
        if self.in_front:
            self._catch_up()

    def come_up(self) -> None:
        if self._late:
            self._catch_up()

    def _catch_up(self) -> None:
        self._late = False
        session = self.session
        if session is None:
            return
        model = session.project.model
        self.style_.setCurrentIndex(STYLES.index(model.style if model is not None else "auto"))
        self.writer.write(session.project, session.folder, session.report)

    def _written(self, written: Written) -> None:
        if written.script is None:
            self.why.say(f"Not current: {written.sentence}" if self.script else written.sentence)
            self.view.set_stale(self.script is not None)
            return
        self.script = written.script
        self.why.say("")
        self.view.set_stale(False)
        self.view.set_text(written.script.text)
        self._show_selection(reveal=False)

    # Following the selection

    def _selected(self, *_: object) -> None:
        if self.in_front:
            self._show_selection(reveal=not self._choosing)

    def _show_selection(self, reveal: bool) -> None:
        if self.script is None or self.session is None:
            return
        graph = self.window_.graph
        ranges = [
            lines
            for node in self.window_.selected()
            for lines in self.script.nodes.get((graph, node), ())
        ]
        self.view.mark(sorted(ranges), reveal)

    def _chosen(self, line: int) -> None:
        found = self.node_at(line)
        if found is None or self.session.project.graph(found[0]) is None:
            return
        self._choosing = True
        self.window_.select(found[0], [found[1]])
        self._choosing = False

    def node_at(self, line: int) -> tuple[str, str] | None:
        """The node (graph, id) that wrote a line: that with the fewest lines around it."""
        if self.script is None:
            return None
        found = [
            (last - first, key)
            for key, ranges in self.script.nodes.items()
            for first, last in ranges
            if first <= line <= last
        ]
        return min(found)[1] if found else None

    def reveal(self, place: str) -> None:
        """Shows where a piece of the project's own code stands."""
        if self.script is None:
            return
        for name in (place, place.removeprefix("code.").partition(".")[0]):
            if ("code", name) in self.script.nodes:
                self.view.mark(self.script.nodes["code", name])

    # What can be done with it

    def _choose_style(self, index: int) -> None:
        self.session.do(SetStyle(STYLES[index]))

    def copy(self) -> None:
        """Copies what is selected, or the whole script."""
        cursor = self.view.textCursor()
        text = cursor.selectedText().replace("\u2029", "\n") or self.view.toPlainText()
        QApplication.clipboard().setText(text)
        self.window_.say("Copied.")
