"""The folder that trains the project on a cluster, as `studio cluster` writes it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QToolButton

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.types import Choice, Int, Text
from studio.gui.inspector.choice_field import ChoiceField
from studio.gui.inspector.field import Field
from studio.gui.inspector.line_field import LineField, NumberField
from studio.gui.inspector.measure import Measure
from studio.gui.inspector.place import ABSENT, Place
from studio.gui.look.icons import icon
from studio.gui.trained.page import button

if TYPE_CHECKING:
    from studio.gui.window import Window

ENGINES = ("slurm", "kubernetes", "indexed-job", "ssh")
SSH = "ssh"
IMAGES = ("kubernetes", "indexed-job")
PARAMS = {
    "for": Param(
        "for",
        Choice(ENGINES),
        "slurm",
        "What starts the tasks there; kubernetes needs the Kubeflow Training Operator.",
    ),
    "gpus": Param("gpus", Int(0, 1024), 1, "GPUs of each task that trains."),
    "cpus": Param("cpus", Int(1, 1024), 4, "CPUs of each task."),
    "port": Param("port", Int(1, 65535), 2222, "Where the tasks listen."),
    "image": Param("image", Text(), "", "What the image is called; the project's name and :1."),
}


class ClusterFolder(Measure):
    """The options of the command, and what it has written."""

    def __init__(self, window: Window, tasks: Callable[[], str]):
        super().__init__(
            window,
            "Write the folder",
            "Writes the script, the data files and what the engine needs into a new folder",
            "Writing the folder…",
        )
        self.begin.setIcon(icon("package"))
        self._tasks = tasks
        self.written: Path | None = None
        place = Place(window.session, "training")
        self.values: dict[str, Any] = {}
        self.fields: dict[str, Field] = {
            "for": ChoiceField(PARAMS["for"], place, ENGINES),
            "gpus": NumberField(PARAMS["gpus"], place),
            "cpus": NumberField(PARAMS["cpus"], place),
            "port": NumberField(PARAMS["port"], place),
            "image": LineField(PARAMS["image"], place),
        }
        self.grid = QGridLayout()
        self.grid.setHorizontalSpacing(8)
        self.grid.setVerticalSpacing(12)
        self.grid.setColumnStretch(0, 1)
        self.grid.setColumnStretch(1, 1)
        for index, (name, field) in enumerate(self.fields.items()):
            field.given.connect(lambda value, name=name: self._set(name, value))
            field.cleared.connect(lambda name=name: self._set(name, ABSENT))
            wide = 2 if name == "image" else 1
            at = divmod(index, 2)
            self.grid.addWidget(field, *at, 1, wide, Qt.AlignmentFlag.AlignTop)
        self.place = QLineEdit()
        self.place.setAccessibleName("The folder that is written")
        self.place.setPlaceholderText("A folder that is new or empty")
        self.place.textChanged.connect(self._refresh)
        self.place.returnPressed.connect(self.start)
        self.choose = QToolButton(icon=icon("folder-open", "muted"))
        self.choose.setProperty("role", "flat")
        self.choose.setToolTip("Choose where the folder is made")
        self.choose.setAccessibleName("Choose where the folder is made")
        self.choose.clicked.connect(self._choose)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.place, 1)
        row.addWidget(self.choose)
        self.show_ = button("Show in folder", "folder-open")
        self.show_.clicked.connect(
            lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.written)))
        )
        self.show_.hide()
        self.box.insertLayout(0, row)
        self.box.insertLayout(0, self.grid)
        self.box.addWidget(self.show_, 0, Qt.AlignmentFlag.AlignLeft)
        self.box.setSpacing(8)
        self._refresh()

    @property
    def engine(self) -> str:
        """What the folder is for."""
        return self.values.get("for", "slurm")

    def _set(self, name: str, value: Any) -> None:
        self.values.pop(name, None)
        if value is not ABSENT and value is not None:
            self.values[name] = value
        self._refresh()

    def _refresh(self) -> None:
        ssh = self.engine == SSH
        gpus = self.fields["gpus"]  # a cluster with Slurm mostly is one of them
        gpus.param = replace(PARAMS["gpus"], default=int(self.engine == "slurm"))
        gpus.display(gpus.value)
        for name, field in self.fields.items():
            image = self.engine in IMAGES
            field.setVisible(image if name == "image" else name in ("for", "gpus") or not ssh)
        self.begin.setEnabled(bool(self.place.text().strip()))
        self.begin.setToolTip("" if self.begin.isEnabled() else "Name a folder first")

    def _choose(self) -> None:
        start = self.window_.session.folder
        found = self.window_.projects.ask.folder_for("Where the folder is made", start)
        if found is not None:
            name = f"{self.window_.session.name}-{self.engine}"
            self.place.setText(str(found / name))

    def arguments(self) -> list[object]:
        target = Path(self.place.text().strip()).expanduser()
        if not target.is_absolute():
            target = self.window_.session.folder.resolve() / target
        self.written = target
        asked: list[object] = ["cluster", "--for", self.engine, "-o", target, "--json"]
        if self.engine != SSH:
            asked += ["--tasks", self._tasks()]
        for name in ("gpus", "cpus", "port", "image"):
            if name in self.values and not self.fields[name].isHidden():
                asked += [f"--{name}", self.values[name]]
        return asked

    def start(self) -> None:
        if self.begin.isEnabled():
            self.show_.hide()
            super().start()

    def take(self, told: dict[str, Any]) -> None:
        count, left = len(told["files"]), [str(each) for each in told["not_copied"]]
        said = f"{Path(told['folder']).name} is ready for {told['for']}: {count} files. "
        said += "Its README.md says how the training is started there."
        if left:
            said += f" Not in it, and wanted on every machine: {', '.join(left)}."
        self.say(said)
        self.show_.show()
