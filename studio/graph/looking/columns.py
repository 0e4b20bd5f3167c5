"""Which column of a table is the label, which are features, and what is done with empty cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct, field

from studio.graph.compose.names import fresh_ids
from studio.graph.document import Call
from studio.graph.looking.found import counted, label_by_name, many
from studio.graph.spec import Refused
from studio.graph.tables import Column, Table, grid_of

Classes = Callable[[str], tuple[str, ...]]
"""The different texts of a column, for its name; empty where there are too many, or none known."""

MOST_CLASSES, MOST_GUESSED, MOST_NUMBERS = 1000, 50, 20
"""Classes of a label by its name; texts, and numbers, of a column that only looks like a label."""
PROSE = 4
"""Words that the texts of a column have on average, where they are sentences."""
SOME = 200
"""Texts of a column whose words are counted."""
FEW = 20
"""Rows below which nothing is said of a column by how often its texts come."""
DROPPED = 0.2
"""The share of rows with an empty cell up to which these rows are left out."""
MOSTLY_EMPTY = 0.5
_KEYS = frozenset({"", "id", "index", "rowid", "row_id", "uuid", "unnamed: 0"})


class Columns(Struct):
    """What becomes of the columns of a table."""

    label: str | None = None
    classes: tuple[str, ...] = ()
    numbers: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    prose: list[str] = field(default_factory=list)
    """Those of the texts that are sentences."""
    left: list[str] = field(default_factory=list)
    """Columns that are left out."""

    @property
    def features(self) -> list[str]:
        """The columns that go into the model."""
        return self.numbers + self.texts

    @property
    def label_told(self) -> str:
        """The label as a sentence has it."""
        if self.label is None or not self.classes:
            return self.label or ""
        return f"{self.label} ({counted(len(self.classes), 'classes')})"


def choose(table: Table, classes: Classes, gaps: bool) -> Columns:
    """The label and the features; with `gaps`, columns with empty cells may be among them."""
    columns = list(table.columns.values())
    sound = [each for each in columns if _sound(each, table, gaps)]
    found = Columns(left=[each.name for each in columns if each not in sound])
    _find_label(found, sound, table, classes)
    for column in sound:
        if column.name == found.label:
            continue
        if _is_key(column, table, columns[0]):
            found.left.append(column.name)
        elif column.number:
            found.numbers.append(column.name)
        else:
            found.texts.append(column.name)
            if mean_words(column.texts[:SOME]) >= PROSE:
                found.prose.append(column.name)
    if not found.features and found.label is not None and not found.left:
        # The only column there is: it is what the model sees.
        name, found.label, found.classes = found.label, None, ()
        (found.numbers if table.columns[name].number else found.texts).append(name)
    if not found.features:
        raise Refused(
            "finds no column that could go into a model: all are keys, empty, or of mixed kinds",
            "Mend the table's columns.",
        )
    return found


def _sound(column: Column, table: Table, gaps: bool) -> bool:
    """Whether a source can read the column."""
    if column.odd is not None or (not column.number and not column.texts and column.empty):
        return False
    return not column.empty or (gaps and len(column.empty) <= MOSTLY_EMPTY * table.rows)


def _find_label(found: Columns, sound: list[Column], table: Table, classes: Classes) -> None:
    by_name = {column.name: column for column in sound}
    name = label_by_name(by_name)
    if name is not None and by_name[name].number:
        found.label = name
        return
    if name is not None and 1 < len(known := classes(name)) <= _most(table.rows, MOST_CLASSES):
        found.label, found.classes = name, known
        return
    last = sound[-1] if sound else None
    if last is None or len(sound) < 2 or grid_of([each.name for each in sound]) is not None:
        return
    if last.number:
        if last.whole and last.low in (-1, 0, 1) and last.low < last.high <= MOST_NUMBERS:
            found.label = last.name if table.rows >= 2 * (last.high + 1) else None
    elif 1 < len(known := classes(last.name)) <= _most(table.rows, MOST_GUESSED):
        found.label, found.classes = last.name, known


def _most(rows: int, most: int) -> int:
    """How many classes there can be: each should come twice."""
    return min(most, max(2, rows // 2))


def _is_key(column: Column, table: Table, first: Column) -> bool:
    """Whether a column only tells the rows apart."""
    if column.name.strip().lower() in _KEYS:
        return column.whole or not column.number
    if column.number:
        running = column.whole and column.low in (0, 1) and table.rows > FEW
        return column is first and running and column.high - column.low + 1 == table.rows
    each = len(column.texts) == table.rows - len(column.empty)
    return each and table.rows > FEW and mean_words(column.texts[:SOME]) < PROSE


def mean_words(texts: Sequence[str]) -> float:
    """How many words a text has on average."""
    return sum(len(text.split()) for text in texts) / max(1, len(texts))


def features_of(found: Columns, table: Table, named: bool = False) -> Any:
    """The source's `features`: None for all columns as they are; `named` asks for an object."""
    numbers, texts = found.numbers, found.texts
    if not texts and not named:
        every = [name for name in table.columns if name != found.label]
        return None if every == numbers else numbers
    if not numbers and len(texts) == 1 and not named:
        return texts[0]
    wishes = ([numbers[0] if len(numbers) == 1 else "numbers"] if numbers else []) + texts
    ids = fresh_ids((), wishes)
    made: dict[str, Any] = {}
    if numbers:
        made[ids[wishes[0]]] = numbers if len(numbers) > 1 else numbers[0]
    return made | {ids[name]: name for name in texts}


def told_of(found: Columns) -> list[str]:
    """What a person should know of the columns."""
    if not found.left:
        return []
    return [f"{many([name or 'a column without name' for name in found.left])} left out"]


def filling(features: dict[str, Any], table: Table) -> Call:
    """The function that fills up the empty cells of features."""
    values = {}
    for name, columns in features.items():
        listed = [columns] if isinstance(columns, str) else columns
        if any(table.columns[each].empty for each in listed):
            values[name] = 0.0 if table.columns[listed[0]].number else "missing"
    return Call("studio.map.fill_missing", {"values": values})


def scaling(found: Columns, table: Table) -> list[Call]:
    """The functions that bring whole numbers of an array's elements, such as pixels, to 0 to 1."""
    columns = [table.columns[name] for name in found.numbers]
    grid = grid_of(found.numbers)
    if found.texts or grid is None or features_of(found, table) is not None:
        return []
    high = max(column.high for column in columns)
    if high <= 1 or min(column.low for column in columns) < 0:
        return []
    if not all(column.whole for column in columns):
        return []
    channel = [Call("studio.map.add_channel")] if len(grid[1]) == 2 else []
    return [*channel, Call("studio.map.rescale", {"scale": 1 / high})]
