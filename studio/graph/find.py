"""Search: fuzzy over names as in a command palette, and plain over the nodes of a project."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from itertools import islice
from typing import Any

from msgspec import Struct

from studio.graph.document import Node, Project, is_call, is_reference, owner

# What a matched letter is worth, by where it stands.
_MATCH, _RUN, _GAP = 16, 14, 1
_START, _HUMP = 20, 16
_SAME_CASE, _LETTER = 0.1, 0.01
_PREFIX, _WHOLE = 24, 12
_WORDS = 30
"""A query found in the other words of an entry is worth less than in its text."""


TIMES = "\N{MULTIPLICATION SIGN}"


class Entry(Struct, frozen=True):
    """Something to be found by its text, or less well by other words that belong to it."""

    key: Hashable
    text: str
    weight: float = 0.0
    """How common the thing is; 16 is worth as much as one more letter that matches."""
    words: str = ""


class Match(Struct, frozen=True):
    """An entry that fits, best first; `positions` are the letters of its text that matched."""

    key: Hashable
    text: str
    score: float
    positions: tuple[int, ...]


class Index:
    """Entries made ready for many queries."""

    def __init__(self, entries: Iterable[Entry | tuple[Any, ...]]):
        self._entries = [each if isinstance(each, Entry) else Entry(*each) for each in entries]
        self._lower = [each.text.lower() for each in self._entries]
        self._bonus = [_bonuses(each.text) for each in self._entries]
        self._words = [each.words.lower() for each in self._entries]

    def find(self, query: str, limit: int | None = None) -> list[Match]:
        """The entries that hold the query's letters in order, best first; all without a query.

        Spaces only part the query: each of its words must fit.
        """
        wanted = query.lower().split()
        if not wanted:
            found = [Match(each.key, each.text, 0.0, ()) for each in self._entries]
            ranked = zip(self._entries, found, strict=True)
            return [m for _, m in sorted(ranked, key=lambda pair: -pair[0].weight)][:limit]
        whole = "".join(wanted)
        ranked = []
        for index, entry in enumerate(self._entries):
            lower = self._lower[index]
            hit = _fuzzy(whole, query, entry.text, lower, self._bonus[index])
            if hit is None and self._words[index] and _among(wanted, self._words[index], lower):
                hit = _WORDS * 1.0, ()
            if hit is not None:
                score, positions = hit
                score += entry.weight
                order = (-score, len(lower), entry.text)
                ranked.append((order, index, score, positions))
        ranked.sort()
        entries = self._entries
        return [
            Match(entries[i].key, entries[i].text, score, positions)
            for _, i, score, positions in ranked[:limit]
        ]


def fuzzy(
    query: str, entries: Iterable[Entry | tuple[Any, ...]], limit: int | None = None
) -> list[Match]:
    """The entries (or tuples key, text, weight, words) that fit a query, best first."""
    return Index(entries).find(query, limit)


def _bonuses(text: str) -> list[int]:
    """What each letter is worth for being the first, or beginning a word or a hump."""
    found = []
    before = " "
    for letter in text:
        if not before.isalnum():
            worth = _START
        elif letter.isupper() and not before.isupper():
            worth = _HUMP
        elif letter.isdigit() != before.isdigit():
            worth = _HUMP // 2
        else:
            worth = 0
        found.append(worth)
        before = letter
    # The last of several capitals begins a word if a small letter follows: the L of "STFTLayer".
    for at in range(1, len(text) - 1):
        if text[at - 1].isupper() and text[at].isupper() and text[at + 1].islower():
            found[at] = _HUMP
    return found


def _among(wanted: list[str], words: str, text: str) -> bool:
    """Whether every word of a query begins one of the words, or stands in the text."""
    padded = f" {words}"
    return all(f" {each}" in padded or each in text for each in wanted)


def _fuzzy(
    wanted: str, query: str, text: str, lower: str, bonus: list[int]
) -> tuple[float, tuple[int, ...]] | None:
    """The best way to find the letters in a text in their order; None where there is none."""
    at = -1
    for letter in wanted:  # most texts fall out here
        at = lower.find(letter, at + 1)
        if at < 0:
            return None
    if len(wanted) > len(lower):
        return None
    # scores: place of the last letter matched -> (score, places of all)
    scores: dict[int, tuple[int, tuple[int, ...]]] = {}
    for number, letter in enumerate(wanted):
        grown: dict[int, tuple[int, tuple[int, ...]]] = {}
        best_before: tuple[int, tuple[int, ...]] | None = None
        pending = sorted(scores.items()) if number else []
        at, taken = lower.find(letter), 0
        while at >= 0:
            while taken < len(pending) and pending[taken][0] < at:
                score, places = pending[taken][1]
                # A gap costs the same however long, so the best end so far is the best for all.
                if best_before is None or score > best_before[0]:
                    best_before = score, places
                taken += 1
            worth = _MATCH + bonus[at]
            if number == 0:
                grown[at] = worth - min(at, 3) * _GAP, (at,)
            elif best_before is not None:
                score, places = best_before
                total = score + worth - 3 * _GAP, (*places, at)
                run = scores.get(at - 1)
                if run is not None:
                    joined = run[0] + worth + (_RUN if not bonus[at] else _RUN // 2)
                    if joined >= total[0]:
                        total = joined, (*run[1], at)
                grown[at] = total
            at = lower.find(letter, at + 1)
        scores = grown
        if not scores:
            return None
    score, places = max(scores.values(), key=lambda each: (each[0], [-p for p in each[1]]))
    if lower.startswith(wanted):
        score += _PREFIX
        if len(lower) == len(wanted):
            score += _WHOLE
    typed = query.replace(" ", "")
    same_case = sum(a == text[p] for a, p in zip(typed, places, strict=False))
    return score + same_case * _SAME_CASE - len(lower) * _LETTER, places


class Hit(Struct, frozen=True):
    """A node that fits: `what` is id, op, param or note, and `text` what stands there."""

    graph: str
    node: str
    what: str
    text: str


_ID, _OP, _PARAM, _NOTE = 0.0, 1.0, 2.0, 3.0
_WHAT = {_ID: "id", _OP: "op", _PARAM: "param", _NOTE: "note"}


class _Read(Struct, frozen=True, gc=False):
    """A node as it is searched: its id, op, parameters and note, a line each."""

    node: Node
    made: Node | None
    """The node whose layer it calls."""
    lines: str
    lower: str


class Finder:
    """Plain search through all nodes of a project, from the first letter typed to the last.

    What was read of a node is kept as long as the document keeps the node.
    """

    def __init__(self) -> None:
        self._read: dict[int, _Read] = {}

    def find(self, project: Project, query: str, limit: int | None = None) -> list[Hit]:
        """The nodes in which every word of the query stands; ids first, then ops, values, notes.

        `units=64` finds a parameter with this value, `units=` with any.
        """
        wanted = query.lower().split()
        if not wanted:
            return []
        kept: dict[int, _Read] = {}
        ranked: dict[float, list[tuple[str, int, _Read]]] = {}
        for name, graph in project.graphs().items():
            for node in graph.nodes.values():
                made = owner(graph, node) if node.shares is not None else node
                read = self._read.get(id(node))
                if read is None or read.node is not node or read.made is not made:
                    lines = "\n".join(_lines(node, made))
                    read = _Read(node, made, lines, lines.lower())
                kept[id(node)] = read
                for word in wanted:
                    if word not in read.lower:
                        break
                else:
                    rank, line = _best(wanted, read)
                    ranked.setdefault(rank, []).append((name, line, read))
        self._read = kept
        found = (hit for rank in sorted(ranked) for hit in ranked[rank])
        return [
            Hit(
                name, read.node.id, _WHAT[_kind(read, line)], read.lines.split("\n", line + 1)[line]
            )
            for name, line, read in islice(found, limit)
        ]


def _lines(node: Node, made: Node | None) -> list[str]:
    """What can be found of a node."""
    op = (made.op or "") if made is not None else ""
    found = [node.id, op.rpartition(".")[2].removeprefix("block:").removeprefix("code:")]
    if made is not None:
        found += [f"{name}={_said(value)}" for name, value in made.params.items()]
    if node.note:
        found.append(node.note)
    return [" ".join(each.split()) if "\n" in each else each for each in found]


def _kind(read: _Read, line: int) -> float:
    """Whether a line is the id, the op, a parameter or the note."""
    if line < 2:
        return (_ID, _OP)[line]
    return _PARAM if line < 2 + len(read.made.params if read.made else ()) else _NOTE


def _best(wanted: list[str], read: _Read) -> tuple[float, int]:
    """The line that fits best, and its rank (less is better)."""
    if len(wanted) == 1:
        return _rank(wanted[0], read)
    ranks = [_rank(word, read) for word in wanted]
    lines = read.lower.split("\n")
    return min((rank - 4 * sum(w in lines[line] for w in wanted), line) for rank, line in ranks)


def _rank(word: str, read: _Read) -> tuple[float, int]:
    """The rank of the first line in which a word stands: the lines go from id to note."""
    lower = read.lower
    at = lower.find(word)
    begin = lower.rfind("\n", 0, at) + 1
    line = lower.count("\n", 0, at)
    after = lower[at + len(word) : at + len(word) + 1]
    ends = not after or after == "\n"
    if at == begin:
        near = 0.0 if ends else 0.2
    else:
        near = 0.1 if ends and lower[at - 1] == "=" else 0.4
    return _kind(read, line) + near, line


def find_in_graph(project: Project, query: str, limit: int | None = None) -> list[Hit]:
    """The nodes in which every word of the query stands."""
    return Finder().find(project, query, limit)


def _said(value: Any) -> str:
    """A parameter's value in short: relu, 3 by 3 with a cross between, Adam(learning_rate=0.1)."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, (bool, int, float)):
        return str(value)
    if is_reference(value):
        return value["$"]
    if is_call(value):
        name = value["op"].rpartition(".")[2].removeprefix("code:")
        params = value.get("params") or {}
        inner = ", ".join(f"{key}={_said(item)}" for key, item in params.items())
        return f"{name}({inner})" if inner else name
    if isinstance(value, (list, tuple)):
        return TIMES.join(map(_said, value)) if value else "[]"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_said(item)}" for key, item in value.items())
    return str(value)
