"""The field in which a filter is typed: names are offered, what isn't understood is marked."""

from __future__ import annotations

from collections.abc import Callable, Collection

from PySide6.QtCore import QCoreApplication, QSize, QStringListModel, Qt, Signal
from PySide6.QtGui import QInputMethodEvent, QTextCharFormat, QTextFormat
from PySide6.QtWidgets import QCompleter, QFrame, QLineEdit, QToolButton

from studio.engine.filter_values import FIELDS
from studio.engine.run_filter import EXAMPLE, Filter, FilterError, behind_operator, parse, word_at
from studio.gui.look.icons import icon
from studio.gui.look.theme import theme

MOST = 200
"""Names that are offered at once, at most."""

WIDEST = 460


class FilterField(QLineEdit):
    """Signals: `filtered(Filter)` with each text that is understood; `wrong(str)` the sentence
    about one that isn't, empty when it is again.
    """

    filtered = Signal(object)
    wrong = Signal(str)

    def __init__(self, names: Callable[[], Collection[str]], values: Callable[[str], list[str]]):
        """`names` says what can be compared, None where that isn't known yet; `values` what may
        stand behind a name."""
        super().__init__()
        self._names, self._values = names, values
        self.setPlaceholderText(f"Filter: {EXAMPLE}")
        self.setAccessibleName("Filter of the runs")
        self.setToolTip(
            "Compare metrics, parameters by their paths, and state, tag, name, note, epochs, "
            "duration, when. Join by and, or, not and parentheses. Other words are looked for in "
            "name, id, note and tags."
        )
        self.setClearButtonEnabled(True)
        for button in self.findChildren(QToolButton):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setAccessibleName("Clear the filter")
        self.addAction(icon("search", "muted"), QLineEdit.ActionPosition.LeadingPosition)
        self._offers = QStringListModel(self)
        self.completer_ = QCompleter(self._offers, self)
        self.completer_.setWidget(self)
        self.completer_.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.completer_.setFilterMode(Qt.MatchFlag.MatchContains)
        self.completer_.popup().setFrameShape(QFrame.Shape.Box)
        self.completer_.popup().setObjectName("offers")
        self.completer_.activated[str].connect(self._insert)
        self.error: FilterError | None = None
        self.textChanged.connect(lambda _: self.understand())
        self.textEdited.connect(lambda _: self._offer())
        theme.changed.connect(self._mark)

    def sizeHint(self) -> QSize:
        return QSize(320, super().sizeHint().height())

    def understand(self) -> Filter | None:
        """Reads the text anew; None where it isn't understood, and what was before still holds."""
        found = None
        try:
            found = parse(self.text(), self._names())
            self.error = None
        except FilterError as error:
            self.error = error
        self._mark()
        self.wrong.emit(str(self.error or ""))
        if found is not None:
            self.filtered.emit(found)
        return found

    def _mark(self) -> None:
        """Underlines the place of the error: Qt takes the looks of a line as of an input method."""
        looks = []
        if self.error is not None:
            look = QTextCharFormat()
            look.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
            look.setUnderlineColor(theme.color("error"))
            look.setForeground(theme.color("error"))
            length = max(1, self.error.end - self.error.at)
            looks.append(
                QInputMethodEvent.Attribute(
                    QInputMethodEvent.AttributeType.TextFormat,
                    self.error.at - self.cursorPosition(),
                    length,
                    QTextFormat(look),
                )
            )
        QCoreApplication.sendEvent(self, QInputMethodEvent("", looks))
        wrong = "true" if self.error is not None else "false"
        if self.property("wrong") != wrong:
            self.setProperty("wrong", wrong)
            self.style().unpolish(self)
            self.style().polish(self)

    # Names

    def _offer(self) -> None:
        """Shows the names that the word at the cursor may become."""
        _, word = word_at(self.text(), self.cursorPosition())
        name = behind_operator(self.text(), self.cursorPosition())
        if name is not None:
            offers = self._values(name.lower())
        else:
            offers = [*FIELDS, *(self._names() or ())] if word else []
        matching = [each for each in offers if word.lower() in each.lower()][:MOST]
        popup = self.completer_.popup()
        if not matching or matching == [word]:
            popup.hide()
            return
        self._offers.setStringList(offers)
        self.completer_.setCompletionPrefix(word)
        rect = self.cursorRect()
        rect.setWidth(min(WIDEST, popup.sizeHintForColumn(0) + 36))
        self.completer_.complete(rect)

    def _insert(self, name: str) -> None:
        """Puts a name in place of the word at the cursor."""
        place = self.cursorPosition()
        start, _ = word_at(self.text(), place)
        if " " in name:
            name = f'"{name}"'
        self.setText(self.text()[:start] + name + self.text()[place:])
        self.setCursorPosition(start + len(name))

    def keyPressEvent(self, event) -> None:
        if event.key() == Qt.Key.Key_Escape:
            # The popup asks here first: it goes before the text does.
            if self.completer_.popup().isVisible():
                self.completer_.popup().hide()
                return
            if self.text():
                self.clear()
                return
        super().keyPressEvent(event)

    def release(self) -> None:
        """The panel closes."""
        self.completer_.popup().hide()
