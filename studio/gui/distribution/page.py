"""How a project's training is spread: each part of it below the other, as far as it has any."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.registry import find
from studio.graph.catalogue.types import Int, OneCall
from studio.graph.cluster import CHIEF, CLUSTERED, PS, ROLES, WORKER, counts
from studio.graph.distribution import SERVERS, WORKERS, replicas, spread
from studio.graph.edits import SetProject
from studio.graph.file import plain
from studio.graph.ops.passing import DISTRIBUTE
from studio.graph.ops.strategies import ONE, PARAMETER_SERVER, TPU
from studio.graph.problems import Problem
from studio.gui.distribution.batch import BatchFacts
from studio.gui.distribution.choosing import (
    NAMED_BY,
    Device,
    chosen,
    devices_of,
    with_chosen,
)
from studio.gui.distribution.compare import StrategyStrip
from studio.gui.distribution.devices import Boxes, DeviceAsker
from studio.gui.distribution.folder import ClusterFolder
from studio.gui.distribution.tasks import Addresses, Counts, TfConfigs
from studio.gui.inspector.call_field import CallField
from studio.gui.inspector.line_field import NumberField
from studio.gui.inspector.place import ABSENT, Place
from studio.gui.inspector.problem_cards import ProblemCards

if TYPE_CHECKING:
    from studio.gui.session import Session
    from studio.gui.window import Window

STRATEGY = Param(
    "strategy",
    OneCall(("strategy",), names=False),
    None,
    "The tf.distribute strategy; none trains in one process, on the first device.",
)
VIRTUAL = Param(
    "virtual_devices",
    Int(1, 64),
    None,
    "Parts that each GPU, or else the CPU, is split into, so that a strategy can be tried here.",
)
CODES = ("bad-strategy", "bad-cluster")
"""The checks whose problems stand here."""


class DistributionPage(QWidget):
    """The page of one session."""

    def __init__(self, window: Window, session: Session):
        super().__init__()
        self.window_, self.session = window, session
        self.found: list[Mapping[str, str]] = list(window.runner.devices())
        self._by_run = bool(self.found)
        place = Place(session, "training")
        self.strategy = CallField(STRATEGY, place)
        self.strategy.given.connect(self._set_strategy)
        self.strategy.cleared.connect(lambda: self._set_strategy(None))
        self.help = _words()
        self.problems = ProblemCards()
        self.problems.mended.connect(session.do)
        self.boxes = Boxes()
        self.boxes.ticked.connect(self._tick)
        self.boxes.looked.connect(self._look)
        self.asker = DeviceAsker(window)
        self.asker.told.connect(self._devices_told)
        self.asker.failed.connect(self._devices_failed)
        self.virtual = NumberField(VIRTUAL, place)
        self.virtual.given.connect(lambda n: self.change(self.virtual.typing, virtual_devices=n))
        self.virtual.cleared.connect(lambda: self.change(self.virtual.typing, virtual_devices=None))
        self.batch = BatchFacts(session, lambda how: self.change(None, scale_learning_rate=how))
        self.counts = Counts(session)
        self.counts.changed.connect(self.refresh)
        self.counts.run.connect(self.run)
        self.addresses = Addresses()
        self.addresses.given.connect(self._set_cluster)
        self.no_hosts = _words("Where the tasks of a cluster of several machines listen.")
        self.configs = TfConfigs()
        self.configs.copied.connect(window.say)
        self.compare = StrategyStrip(window)
        self.folder = ClusterFolder(window, lambda: self.counts.told_roles)
        self._op = ""
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(8)
        self._titles: dict[str, QLabel] = {}
        self._add("", self.strategy, self.help, self.problems)
        self._add("Devices", self.boxes, self.virtual)
        self._add("Batch", self.batch)
        self._add("On this machine", self.counts)
        self._add("Addresses", self.no_hosts, self.addresses)
        self._add("TF_CONFIG", self.configs)
        self._add("A folder for a cluster", self.folder)
        self._add("Which is fastest", self.compare)
        self._box.addWidget(self.asker)
        self.refresh()

    def _add(self, title: str, *widgets: QWidget) -> None:
        if title:
            label = QLabel(title)
            label.setProperty("role", "group")
            label.setContentsMargins(0, 10, 0, 0)
            self._titles[title] = label
            self._box.addWidget(label)
        for widget in widgets:
            self._box.addWidget(widget)

    def _show_part(self, title: str, *widgets: QWidget, there: bool) -> None:
        self._titles[title].setVisible(there)
        for widget in widgets:
            widget.setVisible(there)

    # What is shown

    def refresh(self) -> None:
        """Shows what the document says now."""
        project = self.session.project
        strategy = project.distribution
        op = strategy.op if strategy is not None else ""
        whole = plain(strategy) if strategy is not None else {}
        call = {key: whole[key] for key in ("op", "params") if key in whole}
        self.strategy.show_value(call or ABSENT)
        clustered = op in CLUSTERED
        if op != self._op:
            self._op = op
            known = counts(strategy.cluster) if clustered else {}
            self.counts.begin(op, known, self._serves_data)
        self._show_devices(op, whole)
        self.virtual.show_value(whole.get("virtual_devices", ABSENT))
        self.virtual.setVisible(
            (bool(op) and not clustered and op != TPU) or "virtual_devices" in whole
        )
        self.batch.show_for(self.replicas())
        self.counts.show_for(op, self._serves_data)
        self._show_part("On this machine", self.counts, there=clustered)
        cluster = whole.get("cluster", {})
        named = clustered or bool(cluster)
        roles = (CHIEF, WORKER, PS) if op == PARAMETER_SERVER else (CHIEF, WORKER)
        self._show_part("Addresses", self.addresses, there=named)
        self.no_hosts.setVisible(named and not cluster)
        self.addresses.show_cluster(cluster, roles)
        self._show_part("TF_CONFIG", self.configs, there=bool(cluster))
        self.configs.show_cluster(cluster)
        self._show_part("A folder for a cluster", self.folder, there=clustered)
        self.show_problems()

    @property
    def _serves_data(self) -> bool:
        graph = self.session.project.data
        return graph is not None and any(n.op == DISTRIBUTE for n in graph.nodes.values())

    def show_problems(self) -> None:
        """Shows what doesn't go together with the strategy, each with its mend."""
        self.problems.show_problems([each for each in self.session.problems if _is_here(each)])

    def _devices(self, whole: Mapping[str, Any]) -> list[Device]:
        return devices_of(self.found, whole.get("virtual_devices"))

    def _show_devices(self, op: str, whole: dict[str, Any]) -> None:
        parts = whole.get("virtual_devices")
        there = self._devices(whole)
        wanted = chosen(op, whole.get("params", {}), there, parts)
        can = op in NAMED_BY
        if not op or op in CLUSTERED:
            wanted = [each.name for each in there][: None if op else 1]
        self.boxes.show_devices(there, wanted, op == ONE, can)
        self.boxes.say(self._about_devices(op, there))
        self.help.setText(self._about_strategy(op, there))
        self.help.setVisible(bool(self.help.text()))

    def _about_devices(self, op: str, there: list[Device]) -> str:
        if self.asker.busy:
            return "TensorFlow is loaded, to ask it which devices there are…"
        if not there:
            return ""
        if op in CLUSTERED:
            return "Each task trains with the devices of its own machine. Here there are:"
        if not op:
            return "Without a strategy it trains on the first of them."
        return "As the last run found them." if self._by_run else ""

    def _about_strategy(self, op: str, there: list[Device]) -> str:
        found = find(op)
        said = found.help if found is not None else ""
        usable = [each for each in there if each.kind == "GPU"] or there
        if there and op in NAMED_BY and op != ONE and len(usable) == 1:
            name = f"one device, {usable[0].name}"
            said += f" This machine has {name}: split it below to try the strategy here."
        return said

    def replicas(self) -> int | None:
        """How many replicas share a batch, as far as that is known here."""
        project = self.session.project
        if spread(project) == SERVERS:
            return self.counts.counts.get(WORKER, 0)
        known = replicas(project)
        if known is not None or project.distribution is None:
            return known
        kind, whole = spread(project), plain(project.distribution)
        if kind == WORKERS:
            told = self.counts.counts
            gpus = sum(each.kind == "GPU" for each in self._devices(whole))
            # On one machine all tasks see all GPUs; on others it can't be known.
            return (told.get(CHIEF, 0) + told.get(WORKER, 0)) if gpus <= 1 else None
        if project.distribution.op == TPU:
            return None
        there = self._devices(whole)
        if not there:
            return None
        params = whole.get("params", {})
        return len(chosen(project.distribution.op, params, there, None)) or None

    def field_at(self, place: str) -> QWidget:
        """What a place in the file is edited with: distribution.cluster.worker[0] -> its line."""
        path = place.removeprefix("distribution").strip(".")
        if path.startswith("cluster") and not self.addresses.isHidden():
            return self.addresses.line_at(path.removeprefix("cluster").strip("."))
        fields = {"virtual_devices": self.virtual, "scale_learning_rate": self.batch.scale}
        field = fields.get(path.partition(".")[0], self.strategy)
        return field if not field.isHidden() else self.strategy

    # The devices

    def come_up(self) -> None:
        """Looks for devices, where none are known."""
        if not self.found:
            self.asker.ask_soon()

    def go_back(self) -> None:
        """Something else is in front."""
        self.asker.cancel()

    def _look(self) -> None:
        self.asker.ask()
        self.refresh()

    def _devices_told(self, found: list[Mapping[str, str]]) -> None:
        self.found, self._by_run = found, False
        self.refresh()

    def _devices_failed(self, sentence: str) -> None:
        self.refresh()
        self.boxes.say(sentence)

    # What is changed

    def change(self, typing: str | None, **values: Any) -> None:
        """Sets what stands beside the strategy's call; None leaves it out."""
        project = self.session.project
        if project.distribution is None:
            return
        whole = plain(project.distribution) | values
        whole = {key: value for key, value in whole.items() if value not in (None, {})}
        merge = None if typing is None else f"distribution:{'.'.join(values)}{typing}"
        self.session.do(SetProject("distribution", whole), merge=merge)

    def _set_strategy(self, value: Any) -> None:
        typing = self.strategy.typing
        merge = None if typing is None else f"distribution:strategy{typing}"
        if not value:
            self.session.do(SetProject("distribution", None))
            return
        before = self.session.project.distribution
        whole = plain(before) if before is not None else {}
        kept = {key: each for key, each in whole.items() if key not in ("op", "params")}
        self.session.do(SetProject("distribution", value | kept), merge=merge)

    def _tick(self, wanted: list[str]) -> None:
        whole = plain(self.session.project.distribution)
        parts = whole.get("virtual_devices")
        params = with_chosen(
            whole["op"], whole.get("params", {}), self._devices(whole), parts, wanted
        )
        if not wanted:
            self.window_.say("At least one device has to train.")
            return
        self.change(None, params=params)

    def _set_cluster(self, cluster: dict[str, list[str]], typing: str | None) -> None:
        self.counts.counts |= dict.fromkeys(ROLES, 0) | counts(cluster)
        self.change(typing, cluster=cluster)

    # A cluster here

    def run(self) -> None:
        """Starts the tasks that are counted, on this machine, as one run."""
        from studio.engine.local_cluster import parse

        if self.counts.told and self.window_.runner.start(parse(self.counts.told)):
            self.window_.panel("training")

    def offer_run(self) -> None:
        """It was to be run: where it can be, by so many tasks, is the next thing to say."""
        self.refresh()
        self.counts.start.setFocus(Qt.FocusReason.OtherFocusReason)
        self.window_.say("It trains with several processes: say how many, and run them here.")

    def close_work(self) -> None:
        """Ends what is at work, before this returns."""
        self.asker.cancel()
        self.compare.close_work()
        self.folder.close_work()


def _is_here(problem: Problem) -> bool:
    return problem.code in CODES or problem.place.startswith("distribution")


def _words(text: str = "") -> QLabel:
    label = QLabel(text, wordWrap=True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty("role", "small")
    return label
