"""The columns of a table, and what each is for: read from a project, and written into it.

A `Use` says of a column whether it is a feature, the label, a weight or left out, of which kind
it is, and how it is prepared. `uses` reads that from the source and from the layers behind the
model's inputs; `change_columns` makes one edit of what is wanted.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from studio.graph.catalogue.registry import find
from studio.graph.compose.draft import Draft, graph_of, node_of
from studio.graph.compose.fronts import Fronts
from studio.graph.compose.maps_of_columns import maps_after
from studio.graph.compose.names import fresh_id
from studio.graph.document import Node, Project
from studio.graph.edits import Edit, ResetParam, SetParam
from studio.graph.files import all_matching
from studio.graph.looking.columns import DROPPED, PROSE, SOME, mean_words
from studio.graph.looking.found import counted
from studio.graph.ops.sources import CsvPlan, Feature, csv_table, table_plan
from studio.graph.problems import StudioError, quoted
from studio.graph.rule import Args
from studio.graph.spec import Refused
from studio.graph.tables import Column, Table

CSV = "studio.data.csv"
ROLES = ("feature", "label", "weight", "left out")
FEATURE, LABEL, WEIGHT, OUT = ROLES
NUMBER, CATEGORY, TEXT, DATE = "number", "category", "text", "date"
WAYS = {
    NUMBER: ("as it is", "normalised", "buckets"),
    CATEGORY: ("one-hot", "embedding", "hashed"),
    TEXT: ("words",),
    DATE: ("parts",),
}
"""Kind -> how such a column can be prepared, the usual first."""
USUAL_WAY = {NUMBER: "normalised", CATEGORY: "one-hot", TEXT: "words", DATE: "parts"}
JOINED = ("as it is", "normalised")
"""The ways of numbers that go into the model as one vector."""


class Use(Struct, frozen=True):
    """What a column is for."""

    role: str = OUT
    kind: str = NUMBER
    way: str = ""


def alike(one: Use, other: Use) -> bool:
    """Whether two uses are the same: how a column would be prepared is said of features alone."""
    return one.role == other.role and (one.role != FEATURE or one == other)


def kinds_of(column: Column) -> tuple[str, ...]:
    """The kinds that a column can be of, the likely one first."""
    if column.number:
        return (NUMBER, CATEGORY) if column.whole else (NUMBER,)
    dates = bool(column.texts) and all(map(_is_date, column.texts[:SOME]))
    if dates:
        return (DATE, CATEGORY, TEXT)
    prose = mean_words(column.texts[:SOME]) >= PROSE
    return (TEXT, CATEGORY) if prose else (CATEGORY, TEXT)


def _is_date(text: str) -> bool:
    day = text[:10].split("-")
    return (
        len(text) in (10, 16)
        and [*map(len, day)] == [4, 2, 2]
        and all(part.isdecimal() for part in day)
        and 1 <= int(day[1]) <= 12
        and 1 <= int(day[2]) <= 31
    )


def proposed(column: Column, role: str = FEATURE) -> Use:
    """How a column of this kind would be used."""
    kind = kinds_of(column)[0]
    return Use(role, kind, USUAL_WAY[kind])


class Editing:
    """The columns of a CSV source as a project has them.

    Raises StudioError, with a sentence, where the table can't be read.
    """

    def __init__(self, project: Project, source: str, folder: Path):
        self.project, self.source, self.folder = project, source, folder
        node = node_of(graph_of(project, "data"), source)
        if node.op != CSV:
            raise StudioError(f"{quoted(source)} reads no CSV file, whose columns could be edited.")
        self.node: Node = node
        try:
            self._args = Args(find(CSV).filled(node.params), folder=folder)
            path = node.params.get("path", "")
            self.files = all_matching(path, folder)
            self.table: Table = csv_table(self._args, self.files)
            self.plan: CsvPlan = table_plan(self._args, self.table, tuple(self.files), False)
        except Refused as refused:
            sentence = f"The source {refused.message}. {refused.hint}".strip()
            raise StudioError(sentence) from None
        self.fronts = Fronts(project, source, self.features())
        self.uses: dict[str, Use] = self._uses()

    def features(self) -> dict[str, Feature]:
        """The features by their names; one without a name has that of the model's only input."""
        given = self.plan.features
        if isinstance(given, dict):
            return given
        model = graph_of(self.project, "model")
        inputs = [node.id for node in model.nodes.values() if node.op == "keras.Input"]
        return {inputs[0] if len(inputs) == 1 else "features": given}

    def _uses(self) -> dict[str, Use]:
        features = {
            column: name for name, feature in self.features().items() for column in feature.columns
        }
        maps = self.fronts.maps
        found: dict[str, Use] = {}
        for name, column in self.table.columns.items():
            usual = proposed(column, OUT)
            feature = features.get(name)
            if name == self.plan.label:
                found[name] = Use(LABEL, usual.kind, usual.way)
            elif feature is None:
                found[name] = usual
            elif feature == maps.weight:
                found[name] = Use(WEIGHT, NUMBER, "as it is")
            elif feature in maps.dates:
                found[name] = Use(FEATURE, DATE, "parts")
            else:
                kind, way = self.fronts.way(feature)
                if not kind:
                    kind = NUMBER if column.number else usual.kind
                found[name] = Use(FEATURE, kind, way)
        return found

    def told(self, wanted: Mapping[str, Use]) -> str:
        """What would be read, in a sentence."""
        roles = {role: [n for n, use in wanted.items() if use.role == role] for role in ROLES}
        label = f"label {roles[LABEL][0]}" if roles[LABEL] else "no label"
        said = [counted(len(roles[FEATURE]), "features"), label]
        if roles[WEIGHT]:
            said.append(f"weight {roles[WEIGHT][0]}")
        said.append(f"{len(roles[OUT]):,} left out")
        grid = next((f for f in self.features().values() if len(f.shape) > 1), None)
        if grid is not None and any(wanted[name].role != FEATURE for name in grid.columns):
            sizes = " × ".join(map(str, grid.shape))
            said.append(f"an array of {sizes} becomes a vector")
        gaps = len(self.gaps(wanted))
        if gaps:
            what = "kept, and filled" if self.missing(wanted) == "keep" else "left out"
            said.append(f"{counted(gaps, 'rows')} with empty cells {what}")
        return ", ".join(said)

    def gaps(self, wanted: Mapping[str, Use]) -> set[int]:
        """The rows that have an empty cell in a column that is used."""
        used = [name for name, use in wanted.items() if use.role != OUT]
        return {row for name in used for row in self.table.columns[name].empty}

    def missing(self, wanted: Mapping[str, Use]) -> str:
        """What becomes of rows with empty cells: as it was, where that works."""
        now = self._args.missing
        gaps = self.gaps(wanted)
        must = [n for n, use in wanted.items() if use.role in (LABEL, WEIGHT)]
        if any(self.table.columns[name].empty for name in must):
            return "drop"
        if not gaps or now != "error":
            return now
        return "drop" if len(gaps) <= DROPPED * self.table.rows else "keep"


def problem(editing: Editing, wanted: Mapping[str, Use]) -> str:
    """Why this can't be; empty where it can."""
    columns = editing.table.columns
    for role in (LABEL, WEIGHT):
        several = [name for name, use in wanted.items() if use.role == role]
        if len(several) > 1:
            return f"{quoted(several[0])} and {quoted(several[1])} can't both be the {role}."
    if not any(use.role == FEATURE for use in wanted.values()):
        return "A model needs a feature: use a column as one."
    for name, use in wanted.items():
        if use.role == WEIGHT and not columns[name].number:
            return f"{quoted(name)} can't be the weight: it holds texts."
        if use.role == WEIGHT and not any(each.role == LABEL for each in wanted.values()):
            return "A weight needs a label."
        if use.role != OUT and columns[name].odd is not None:
            row, text = columns[name].odd
            return f"{quoted(name)} has the text {quoted(text)} in row {row}, among numbers."
    return ""


def changes(editing: Editing, wanted: Mapping[str, Use]) -> set[str]:
    """The columns that are used otherwise than now."""
    return {name for name, use in wanted.items() if not alike(use, editing.uses[name])}


def change_columns(editing: Editing, wanted: Mapping[str, Use]) -> Edit | None:
    """One edit that uses the columns so; None where nothing changes.

    The source, maps for dates and weights, the model's inputs and the layers that prepare
    them follow. Raises StudioError where it can't be.
    """
    wrong = problem(editing, wanted)
    if wrong:
        raise StudioError(wrong)
    changed = changes(editing, wanted)
    if not changed:
        return None
    features = _features(editing, wanted, changed)
    draft = Draft(editing.project, "data")
    _set_source(draft, editing, wanted, features, changed)
    maps_after(draft, editing, wanted, features)
    model = Draft(draft.project, "model")
    editing.fronts.follow(model, editing, wanted, features, changed)
    if any(wanted[name].role == LABEL for name in changed) or _lost_label(editing, wanted):
        editing.fronts.new_head(model, editing, wanted)
    draft.edits += model.edits
    title = f"Change {next(iter(sorted(changed)))} of {editing.source}"
    if len(changed) > 1:
        title = f"Change {len(changed)} columns of {editing.source}"
    return draft.step(title)


def _lost_label(editing: Editing, wanted: Mapping[str, Use]) -> bool:
    label = editing.plan.label
    return label is not None and wanted[label].role != LABEL


def _features(
    editing: Editing, wanted: Mapping[str, Use], changed: set[str]
) -> dict[str, list[str]]:
    """Feature -> its columns. What didn't change stays where it is; numbers that are prepared
    alike become one vector."""
    found: dict[str, list[str]] = {}
    placed: set[str] = set()
    ways: dict[str, str] = {}
    for name, feature in editing.features().items():
        kept = [
            column
            for column in feature.columns
            if column not in changed and wanted[column].role in (FEATURE, WEIGHT)
        ]
        if kept:
            found[name] = kept
            placed.update(kept)
            use = wanted[kept[0]]
            if use.kind == NUMBER and use.role == FEATURE:
                vector = len(feature.columns) > 1
                if vector or use.way not in ways:
                    ways[use.way] = name
    new = [n for n, use in wanted.items() if use.role in (FEATURE, WEIGHT) and n not in placed]
    vectors: dict[str, list[str]] = {}
    for column in new:
        use = wanted[column]
        if use.role == FEATURE and use.kind == NUMBER and use.way in JOINED:
            vectors.setdefault(use.way, []).append(column)
        else:
            found[_name(editing, found, column)] = [column]
    for way, columns in vectors.items():
        into = ways.get(way)
        if into is not None and len(editing.features()[into].columns) > 1:
            found[into] += columns
        elif len(columns) == 1:
            found[_name(editing, found, columns[0])] = columns
        else:
            found[_name(editing, found, "numbers")] = columns
    order = {name: index for index, name in enumerate(editing.table.columns)}
    return {name: sorted(columns, key=order.__getitem__) for name, columns in found.items()}


def _name(editing: Editing, found: Mapping[str, Any], wish: str) -> str:
    """A name that no other feature has, nor a node of the model but the input that goes."""
    model = graph_of(editing.project, "model").nodes
    old = editing.features()
    taken = {name for name in model if name not in old or name in found} | set(found)
    return fresh_id(taken, wish)


def _set_source(
    draft: Draft,
    editing: Editing,
    wanted: Mapping[str, Use],
    features: Mapping[str, list[str]],
    changed: set[str],
) -> None:
    source, before = editing.source, editing.node.params
    label = next((name for name, use in wanted.items() if use.role == LABEL), None)

    def put(name: str, value: Any) -> None:
        if value is None:
            if name in before:
                draft.do(ResetParam("data", source, name))
        elif before.get(name) != value:
            draft.do(SetParam("data", source, name, value))

    if label != editing.plan.label:
        put("label", label)
        put("classes", None)
    plain = editing.plan.features
    if isinstance(plain, Feature) and list(features) == list(editing.features()):
        (columns,) = features.values()
        if columns != list(plain.columns):
            put("features", columns)
    else:
        put("features", {n: c if len(c) > 1 else c[0] for n, c in features.items()})
    types = dict(before.get("types") or {})
    for name in changed:
        use = wanted[name]
        # What is looked up is a text, however much it looks like a number.
        code = use.role == FEATURE and use.kind == CATEGORY and editing.table.columns[name].number
        if code:
            types[name] = "string"
        elif types.get(name) == "string" and editing.table.columns[name].number:
            del types[name]
    put("types", types or None)
    missing = editing.missing(wanted)
    put("missing", missing if missing != "error" else None)
