"""The strategies that this machine offers, as they were measured, and the fastest to take over."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt

from studio.graph.edit_text import decode
from studio.gui.inspector.measure import Measure, use_button
from studio.gui.inspector.times_table import TimesTable
from studio.gui.look.theme import mono, theme

if TYPE_CHECKING:
    from studio.gui.window import Window


class StrategyStrip(Measure):
    """What `studio speed --strategies` finds."""

    def __init__(self, window: Window):
        super().__init__(
            window,
            "Compare the strategies",
            "Trains a little under each strategy that this machine offers, in processes of their "
            "own; it takes minutes",
            "Measuring each strategy: it takes minutes…",
        )
        self.edit: Any = None
        name = "How long a batch takes under each strategy"
        self.table = TimesTable(name, ("Strategy", "ms", "used"))
        self.table.horizontalHeaderItem(2).setToolTip(
            "Of what so many devices could do, each as fast as one without a strategy"
        )
        self.use = use_button()
        self.use.clicked.connect(self._use)
        self.box.insertWidget(1, self.table)
        self.box.addWidget(self.use, 0, Qt.AlignmentFlag.AlignLeft)

    def arguments(self) -> list[object]:
        return ["speed", "--strategies", "--json"]

    def take(self, told: dict[str, Any]) -> None:
        rows = told["strategies"]
        self.table.setRowCount(len(rows))
        for index, row in enumerate(rows):
            why = str(row.get("why") or "")
            figures = ("", "") if why else (f"{row['ms']:.3g}", f"{row['efficiency']:.0%}")
            for column, text in enumerate((str(row["name"]), *figures)):
                item = self.table.put(index, column, text, mono(11) if column else None)
                item.setToolTip(f"<p>{escape(str(row['words']), quote=False)}</p>")
                if why:
                    item.setForeground(theme.color("faint"))
            if row["key"] == told["best"]:
                self.table.selectRow(index)
        self.table.fit()
        self.table.show()
        # How it is written down without the window is no news here.
        words = str(told["words"]).removesuffix(" --apply writes it down.")
        self.say(words)
        self.edit = None if told["edit"] is None else decode(json.dumps(told["edit"]))
        self.use.setVisible(self.edit is not None)
        if self.edit is not None:
            best = next(str(row["name"]) for row in rows if row["key"] == told["best"])
            self.use.setText("Use no strategy" if best == "none" else f"Use {best}")

    def _use(self) -> None:
        self.adopt(self.edit)
        self.use.hide()
