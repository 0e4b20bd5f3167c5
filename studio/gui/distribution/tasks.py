"""The tasks of a cluster: how many are started here, where others listen, the TF_CONFIG of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.types import Int
from studio.graph.cluster import CHIEF, PS, ROLES, WORKER, tasks, tf_config, wrong_address
from studio.graph.ops.strategies import PARAMETER_SERVER
from studio.gui.inspector.line_field import NumberField
from studio.gui.inspector.parts import HEIGHT, Line, Picker
from studio.gui.inspector.place import ABSENT, Place
from studio.gui.look.icons import icon
from studio.gui.look.theme import sans
from studio.gui.trained.page import button

if TYPE_CHECKING:
    from studio.gui.session import Session

DATA = "data"
COUNTED = {
    CHIEF: Param(CHIEF, Int(0, 1), 0, "The task that leads; without one the first worker does."),
    WORKER: Param(WORKER, Int(0, 64), 0, "Tasks that train."),
    PS: Param(PS, Int(0, 64), 0, "Tasks that keep the weights."),
    DATA: Param(DATA, Int(0, 64), 0, "Processes that make the data, by a tf.data service."),
}
USUAL = {PARAMETER_SERVER: {CHIEF: 1, WORKER: 2, PS: 1}}
FIRST_PORT = 2222


class Counts(QWidget):
    """How many tasks play each role on this machine. Signals: `changed()`; `run()` starts them."""

    changed = Signal()
    run = Signal()

    def __init__(self, session: Session):
        super().__init__()
        self.counts: dict[str, int] = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(12)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        self.fields: dict[str, NumberField] = {}
        for index, (role, param) in enumerate(COUNTED.items()):
            field = NumberField(param, Place(session, "training"))
            field.given.connect(lambda value, role=role: self._take(role, value))
            field.cleared.connect(lambda role=role: self._take(role, 0))
            self.fields[role] = field
            grid.addWidget(field, index // 2, index % 2, Qt.AlignmentFlag.AlignTop)
        self.start = button("Run on a local cluster", "play")
        self.start.setToolTip("Starts a process a task on this machine, as one run")
        self.start.clicked.connect(self.run)
        self.command = QLabel()
        self.command.setProperty("role", "small")
        self.command.setTextFormat(Qt.TextFormat.PlainText)
        self.command.setWordWrap(True)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(8)
        box.addLayout(grid)
        box.addWidget(self.command)
        box.addWidget(self.start, 0, Qt.AlignmentFlag.AlignLeft)

    def begin(self, op: str, known: Mapping[str, int], data: bool) -> None:
        """Begins with the tasks that a project names, or those that are usual; `data` counts."""
        self.counts = dict(known) or dict(USUAL.get(op, {WORKER: 2}))
        if data:
            self.counts[DATA] = 2
        self.show_for(op, data)

    def show_for(self, op: str, data: bool) -> None:
        """Shows the roles that a strategy has."""
        served = op == PARAMETER_SERVER
        for role, field in self.fields.items():
            field.setVisible(role in (CHIEF, WORKER) or (role == PS and served) or data)
            field.show_value(self.counts.get(role) or ABSENT)
        self._tell()

    @property
    def told(self) -> str:
        """As the option of the command line has it: worker=2,ps=1."""
        return ",".join(f"{role}={n}" for role in COUNTED if (n := self.counts.get(role)))

    @property
    def told_roles(self) -> str:
        """The same without the processes of the data."""
        return ",".join(each for each in self.told.split(",") if not each.startswith(DATA))

    def _take(self, role: str, count: int) -> None:
        self.counts[role] = count
        self._tell()
        self.changed.emit()

    def _tell(self) -> None:
        self.command.setText(f"studio run --local-cluster {self.told}" if self.told else "")
        self.start.setEnabled(bool(self.told))


class Addresses(QWidget):
    """A line a task: its role, and where it listens.

    Signal: `given(object)` the cluster that is wanted, a list of addresses by role; `object` is
    what is being typed into, None where it was picked.
    """

    given = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[_Row] = []
        self._shown: Any = None
        self.add = button("Add a task", "plus")
        self.add.clicked.connect(self._add)
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(6)
        self._box.addWidget(self.add, 0, Qt.AlignmentFlag.AlignLeft)

    def show_cluster(self, cluster: Mapping[str, Sequence[str]], roles: Sequence[str]) -> None:
        """Shows where each task listens; `roles` are those that the strategy has."""
        self._roles = list(roles)
        wanted = [
            (role, index, each) for role, many in cluster.items() for index, each in enumerate(many)
        ]
        while len(self.rows) > len(wanted):
            row = self.rows.pop()
            row.hide()
            row.deleteLater()
        while len(self.rows) < len(wanted):
            row = _Row(self, len(self.rows))
            self._box.insertWidget(len(self.rows), row)
            self.rows.append(row)
        for row, (role, index, address) in zip(self.rows, wanted, strict=True):
            row.show_task(role, index, address)

    def line_at(self, place: str) -> QWidget:
        """The line of a task, named as worker[0]; what adds one where there is no such."""
        named = {f"{row.role}[{row.number}]": row.line for row in self.rows}
        return named.get(place, self.rows[0].line if self.rows else self.add)

    def _listed(self) -> list[tuple[str, str]]:
        return [(row.role, row.address) for row in self.rows]

    def give(self, listed: list[tuple[str, str]], typing: str | None = None) -> None:
        """Wants these tasks."""
        found: dict[str, list[str]] = {}
        for role in dict.fromkeys((*ROLES, *(role for role, _ in listed))):
            if addresses := [address for each, address in listed if each == role]:
                found[role] = addresses
        self.given.emit(found, typing)

    def change(self, index: int, role: str, address: str, typing: str | None) -> None:
        """Another role or address for a task."""
        listed = self._listed()
        listed[index] = (role, address)
        self.give(listed, typing)

    def remove(self, index: int) -> None:
        """One task less."""
        listed = self._listed()
        del listed[index]
        self.give(listed)
        (self.rows[min(index, len(self.rows) - 1)].line if self.rows else self.add).setFocus()

    def _add(self) -> None:
        listed = self._listed()
        missing = [role for role in self._roles if role not in dict(listed)]
        role = WORKER if WORKER in missing or not missing else missing[0]
        taken = {address for _, address in listed}
        port = FIRST_PORT
        while f"localhost:{port}" in taken:
            port += 1
        self.give([*listed, (role, f"localhost:{port}")])
        rows = [row for row in self.rows if row.address == f"localhost:{port}"]
        if rows:
            rows[0].line.setFocus()
            rows[0].line.selectAll()


class _Row(QWidget):
    """One task."""

    def __init__(self, addresses: Addresses, index: int):
        super().__init__()
        self._addresses, self._index = addresses, index
        self.role = self.address = ""
        self.number = 0
        """Which of its role it is."""
        self.picker = Picker(lambda: [(role, role) for role in addresses._roles])
        self.picker.setFixedHeight(HEIGHT)
        self.picker.setFixedWidth(104)
        self.picker.picked.connect(lambda role: addresses.change(index, role, self.address, None))
        self.line = Line()
        self.line.setFixedHeight(HEIGHT)
        self.line.textEdited.connect(self._typed)
        self.line.escaped.connect(self._restore)
        self.remove = QToolButton()
        self.remove.setProperty("role", "tiny")
        self.remove.setIcon(icon("x", "muted"))
        self.remove.setIconSize(QSize(14, 14))
        self.remove.setFixedSize(22, 22)
        self.remove.clicked.connect(lambda: addresses.remove(index))
        self.wrong = QLabel(wordWrap=True)
        self.wrong.setProperty("role", "error")
        self.wrong.setTextFormat(Qt.TextFormat.PlainText)
        self.wrong.setFont(sans(11))
        self.wrong.hide()
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.picker)
        row.addWidget(self.line, 1)
        row.addWidget(self.remove)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2)
        box.addLayout(row)
        box.addWidget(self.wrong)

    def show_task(self, role: str, index: int, address: str) -> None:
        """Shows a task."""
        name = f"{role} {index}"
        self.picker.setAccessibleName(f"Role of {name}")
        self.line.setAccessibleName(f"Address of {name}")
        self.remove.setAccessibleName(f"Remove {name}")
        self.remove.setToolTip(f"Remove {name}")
        if role != self.role:
            self.picker.show_text(role)
        if address != self.address:
            self.line.setText(address)
            self._say(address)
        self.role, self.number, self.address = role, index, address

    def _typed(self, text: str) -> None:
        if self._say(text):
            self.address = text
            self._addresses.change(self._index, self.role, text, f"{self._index}")

    def _say(self, text: str) -> bool:
        wrong = wrong_address(text)
        self.wrong.setText("" if wrong is None else f"{self.line.accessibleName()} {wrong[0]}")
        self.wrong.setVisible(wrong is not None)
        self.line.setProperty("wrong", "true" if wrong else "false")
        self.line.style().unpolish(self.line)
        self.line.style().polish(self.line)
        return wrong is None

    def _restore(self) -> None:
        self.line.setText(self.address)
        self._say(self.address)


class TfConfigs(QWidget):
    """What each task is told by the environment variable TF_CONFIG. Signal: `copied(str)`."""

    copied = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._cluster: dict[str, list[str]] = {}
        self._at = ("", 0)
        self.picker = Picker(lambda: [(f"{r} {i}", (r, i)) for r, i in self._tasks()])
        self.picker.setFixedHeight(HEIGHT)
        self.picker.setAccessibleName("The task whose TF_CONFIG is shown")
        self.picker.picked.connect(self._show)
        self.copy = button("Copy", "copy")
        self.copy.setToolTip("Copies the TF_CONFIG of this task")
        self.copy.clicked.connect(self._copy)
        self.text = QPlainTextEdit(readOnly=True)
        self.text.setAccessibleName("TF_CONFIG")
        self.text.setFixedHeight(116)
        self.text.setTabChangesFocus(True)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.picker, 1)
        row.addWidget(self.copy)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(6)
        box.addLayout(row)
        box.addWidget(self.text)

    def _tasks(self) -> list[tuple[str, int]]:
        return tasks({role: len(each) for role, each in self._cluster.items()})

    def show_cluster(self, cluster: Mapping[str, Sequence[str]]) -> None:
        """Shows what the tasks of a cluster are told."""
        self._cluster = {role: list(each) for role, each in cluster.items()}
        there = self._tasks()
        if there:
            self._show(self._at if self._at in there else there[0])

    def _show(self, task: tuple[str, int]) -> None:
        self._at = task
        self.picker.show_text(f"{task[0]} {task[1]}")
        told = tf_config(self._cluster, *task)
        if told != self.text.toPlainText():
            self.text.setPlainText(told)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())
        self.copied.emit(f"The TF_CONFIG of {self._at[0]} {self._at[1]} is copied.")
