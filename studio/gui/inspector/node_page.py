"""What the inspector shows of the selected nodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec.structs import replace
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from studio.engine.figures import bytes_text
from studio.graph.caption import op_title
from studio.graph.catalogue.op import Op, Param
from studio.graph.code import outline
from studio.graph.document import Graph, Node, owner
from studio.graph.edits import (
    AddNode,
    Connect,
    Edit,
    RemoveNodes,
    RenameNode,
    ResetParam,
    SetCode,
    SetNode,
    SetOutputs,
    SetParam,
    Several,
)
from studio.gui.inspector.choice_field import BoolField
from studio.gui.inspector.code_editor import CodeEditor
from studio.gui.inspector.described import alike, common, described
from studio.gui.inspector.facts import Facts, Row, activations, counts, facts_of
from studio.gui.inspector.form import Form
from studio.gui.inspector.head import BYPASS, Head, Title
from studio.gui.inspector.line_field import LineField, Prose
from studio.gui.inspector.place import ABSENT, MIXED, Place
from studio.gui.inspector.problem_cards import ProblemCards
from studio.gui.inspector.project_page import line
from studio.gui.inspector.written import same
from studio.gui.session import Session

NOTE = Param("note", Prose(), "", "A note for people; it changes nothing.")


class NodePage(QWidget):
    """Title, name, form, facts, problems and note. Signal: `renamed(graph, name)`."""

    renamed = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self.session: Session | None = None
        self.graph_name = ""
        self.ids: list[str] = []
        self.form: Form | None = None
        self.head: Head | None = None
        self.editor: CodeEditor | None = None
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(12)
        self.title = Title()
        self._box.addWidget(self.title)
        self._heads = QVBoxLayout()
        self._forms = QVBoxLayout()
        self._box.addLayout(self._heads)
        self._box.addLayout(self._forms)
        self._edit_code = QPushButton("Edit code")
        self._edit_code.setObjectName("more")
        self._edit_code.setProperty("role", "link")
        self._edit_code.setCheckable(True)
        self._edit_code.toggled.connect(self._fold_code)
        self._code = QVBoxLayout()
        self._box.addWidget(self._edit_code)
        self._box.addLayout(self._code)
        self._line = line()
        self.facts = Facts()
        self.cards = ProblemCards()
        self.cards.mended.connect(self._mend)
        for widget in (self._line, self.facts, self.cards):
            self._box.addWidget(widget)
        self._notes = QVBoxLayout()
        self._box.addLayout(self._notes)

    def attach(self, session: Session | None) -> None:
        """Shows nodes of another project, once they are named."""
        self.session, self.graph_name, self.ids = session, "", []
        for widget in (self.form, self.head, self.editor):
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.form = self.head = self.editor = None
        if session is not None:
            place = Place(session, "")
            self.head = Head(place)
            self.head.renamed.connect(self._rename)
            self.head.set_.connect(self._set_field)
            self.head.parted.connect(self._part)
            self._heads.addWidget(self.head)
            self._clear(self._heads, keep=1)
            self.bypass = BoolField(BYPASS, place)
            self.bypass.given.connect(lambda value: self._set_field("bypass", value))
            self.bypass.cleared.connect(lambda: self._set_field("bypass", False))
            self._heads.addWidget(self.bypass)
            self.note = LineField(NOTE, place)
            self.note.given.connect(lambda value: self._set_field("note", value))
            self.note.cleared.connect(lambda: self._set_field("note", ""))
            self._clear(self._notes)
            self._notes.addWidget(self.note)

    @staticmethod
    def _clear(box: QVBoxLayout, keep: int = 0) -> None:
        while box.count() > keep:
            widget = box.takeAt(0).widget()
            widget.hide()
            widget.deleteLater()

    # What is shown

    @property
    def graph(self) -> Graph:
        """The graph that the nodes are in."""
        return self.session.project.graph(self.graph_name)

    @property
    def nodes(self) -> list[Node]:
        """The nodes that are shown."""
        return [self.graph.nodes[name] for name in self.ids]

    @property
    def owners(self) -> list[Node]:
        """Those whose parameters are set: of a shared layer, the node that has it."""
        graph = self.graph
        made = [owner(graph, node) or node for node in self.nodes]
        return list({node.id: node for node in made}.values())

    def show_nodes(self, graph_name: str, ids: Iterable[str]) -> None:
        """Shows nodes, or what has become of them."""
        graph = self.session.project.graph(graph_name)
        ids = [name for name in ids if name in graph.nodes]
        if not ids:
            return
        others = (graph_name, ids) != (self.graph_name, self.ids)
        self.graph_name, self.ids = graph_name, ids
        nodes, owners = self.nodes, self.owners
        project = self.session.project
        op = common([described(project, graph, node) for node in owners])
        one = len(ids) == 1
        self._show_title(op, graph, nodes)
        self.head.setVisible(one)
        self.bypass.setVisible(not one)
        if one:
            if others and self.head.name.wrong:
                self.head.name.restore()
            self.head.show_node(project, graph, nodes[0])
        else:
            self.bypass.show_value(_joint(node.bypass or ABSENT for node in nodes))
        self.note.show_value(_joint(node.note or ABSENT for node in nodes))
        self._show_form(op, _values(op, owners), others)
        self._show_code(owners)
        self.show_problems()

    def _show_title(self, op: Op, graph: Graph, nodes: list[Node]) -> None:
        if len(nodes) == 1:
            title = op_title(self.session.project, graph, nodes[0])
        else:
            kinds = Counter(op_title(self.session.project, graph, node) for node in nodes)
            title = f"{len(nodes)} nodes" + (f" · {next(iter(kinds))}" if len(kinds) == 1 else "")
        self.title.show_op(op, title, op.family)

    def _show_form(self, op: Op, values: dict[str, Any], others: bool) -> None:
        form = self.form
        same_graph = form is not None and form.place.graph == self.graph_name
        if same_graph and (alike(form.op, op) or _unread(form.op, op)):
            (form.begin if others else form.show_values)(values)
            return
        if form is not None:
            form.hide()
            form.deleteLater()
        self.form = Form(op, values, Place(self.session, self.graph_name))
        self.form.given.connect(self._given)
        self.form.cleared.connect(self._cleared)
        self._forms.addWidget(self.form)

    def _code_name(self) -> str:
        paths = {node.op or "" for node in self.owners}
        path = paths.pop() if len(paths) == 1 else ""
        name = path.removeprefix("code:") if path.startswith("code:") else ""
        return name if name in self.session.project.code else ""

    def _show_code(self, owners: list[Node]) -> None:
        name = self._code_name()
        self._edit_code.setVisible(bool(name))
        if self.editor is not None:
            self.editor.setVisible(bool(name) and self._edit_code.isChecked())
        if name and self._edit_code.isChecked():
            if self.editor is None:
                self.editor = CodeEditor()
                self.editor.typed.connect(self._typed_code)
                self._code.addWidget(self.editor)
            code = self.session.project.code[name]
            self.editor.show_source(code.source)
            said = [message for _, _, message, _ in outline(name, code).problems]
            self.editor.show_problem(f"{name} {said[0]}" if said else "")

    def _fold_code(self, shown: bool) -> None:
        self._edit_code.setText("Hide code" if shown else "Edit code")
        if self.session is not None and self.ids:
            self._show_code(self.owners)

    def show_problems(self) -> None:
        """Shows what is known of the nodes, and what is wrong with them."""
        if not self.ids or any(name not in self.graph.nodes for name in self.ids):
            return
        shapes = self.session.shapes(self.graph_name)
        if len(self.ids) == 1:
            self.facts.show_rows(facts_of(self.graph, self.nodes[0], shapes))
        else:
            self.facts.show_rows(_several_facts(self.ids, shapes))
        self._line.setVisible(bool(self.facts.rows))
        wanted = set(self.ids)
        self.cards.show_problems(
            [p for p in self.session.problems if p.graph == self.graph_name and p.node in wanted]
        )

    # What is changed

    def _do(self, edits: list[Edit], title: str, typing: str | None) -> None:
        """Makes an edit of several; letters of one value are one step of the history."""
        edit = edits[0] if len(edits) == 1 else Several(tuple(edits), title)
        key = f"param:{self.graph_name}:{','.join(self.ids)}:{typing}"
        self.session.do(edit, merge=None if typing is None else key)

    def _given(self, name: str, value: Any) -> None:
        owners = [node.id for node in self.owners]
        edits: list[Edit] = [SetParam(self.graph_name, each, name, value) for each in owners]
        self._do(edits, f"Set {name} of {len(edits)} nodes", self.form.typing)

    def _cleared(self, name: str) -> None:
        owners = [node.id for node in self.owners]
        edits: list[Edit] = [ResetParam(self.graph_name, each, name) for each in owners]
        self._do(edits, f"Reset {name} of {len(edits)} nodes", self.form.typing)

    def _set_field(self, field: str, value: Any) -> None:
        edits: list[Edit] = [SetNode(self.graph_name, each, field, value) for each in self.ids]
        self._do(edits, f"Set {field} of {len(edits)} nodes", field)

    def _rename(self, name: str) -> None:
        graph, old = self.graph_name, self.ids[0]
        if self.session.do(RenameNode(graph, old, name)):
            self.renamed.emit(graph, name)

    def _part(self) -> None:
        """Gives a node that calls another's layer one like it of its own."""
        node = self.nodes[0]
        first = owner(self.graph, node)
        if first is not None and first is not node:
            own = replace(node, op=first.op, shares=None, params=first.params)
            self.session.do(_in_its_place(self.graph_name, self.graph, own))

    def _typed_code(self, source: str) -> None:
        name = self._code_name()
        if name:
            code = replace(self.session.project.code[name], source=source)
            self.session.do(SetCode(name, code), merge=f"code:{name}")

    def _mend(self, edit: Edit) -> None:
        self.session.do(edit)


def _unread(known: Op, op: Op) -> bool:
    """Whether it is own code that can't be read at the moment: its form stays as it was."""
    return known.path == op.path and op.kind == "code" and not op.params


def _in_its_place(name: str, graph: Graph, node: Node) -> Edit:
    """The edit that puts another node of the same id in the place of one."""
    index = list(graph.nodes).index(node.id)
    edits: list[Edit] = [RemoveNodes(name, (node.id,)), AddNode(name, node, index)]
    for at, edge in enumerate(graph.edges):
        if node.id in (edge.source_node, edge.target_node):
            edits.append(Connect(name, edge.source, edge.target, at))
    edits.append(SetOutputs(name, graph.outputs))
    return Several(tuple(edits), f"Give {node.id} its own layer")


def _joint(values: Iterable[Any]) -> Any:
    """A value that all have; MIXED where they differ."""
    first, *others = list(values)
    return first if all(_same(first, each) for each in others) else MIXED


def _same(one: Any, other: Any) -> bool:
    if ABSENT in (one, other):
        return one is other
    return same(one, other)


def _values(op: Op, owners: list[Node]) -> dict[str, Any]:
    """What the nodes say of the parameters that are shown; of one alone, all that it says."""
    if len(owners) == 1:
        return dict(owners[0].params)
    names = {name for node in owners for name in node.params if name in op.params}
    found = {name: _joint(node.params.get(name, ABSENT) for node in owners) for name in names}
    return {name: value for name, value in found.items() if value is not ABSENT}


def _several_facts(ids: list[str], shapes: Any) -> Iterator[Row]:
    results = [shapes.nodes[name] for name in ids if name in shapes.nodes]
    if not results or not any(result.weights for result in results):
        return
    yield from counts(results)
    flops = [result.flops for result in results]
    yield "FLOPs a sample", "unknown" if None in flops else f"{sum(flops):,}"
    sizes = [activations(result) for result in results]
    yield "activations a sample", bytes_text(None if None in sizes else sum(sizes))
