"""The lines of a run's log: read as they come, and what each is."""

from __future__ import annotations

import json
import re
from pathlib import Path

from msgspec import Struct

NAME = "log.txt"

FIRST = 1 << 20
"""Bytes of the end that are read of a long log."""

PART = 1 << 15
"""Bytes that are read at once: some hundred lines, which take some milliseconds."""

_ANSI = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|[@-_])")
_WRONG = re.compile(r"[A-Za-z_.]*(Error|Exception|Interrupt)\b(:|$)|[E|F]\d{4} |\S+ \S+ [EF] ")
_WARNING = re.compile(r"W\d{4} |\S+ \S+ W |.*\bwarning\b", re.IGNORECASE)
_FRAME = re.compile(r'  File "(.*[/\\])?train\.py", line (\d+)')
_TRACE = "Traceback (most recent call last)"


class Line(Struct, frozen=True):
    """A line of a log. `tone` is a colour of the theme; `node` is (graph, node) where it leads."""

    text: str
    tone: str = "text"
    node: tuple[str, str] | None = None


class LogReader:
    """Reads the log of a run from its end on."""

    def __init__(self, folder: Path):
        self._path = folder / NAME
        self._folder = folder
        self._offset = 0
        self._rest = b""
        self._traced = False
        self._spans: dict[tuple[str, str], list[list[int]]] | None = None
        self.behind = False
        """Whether the last call left some unread."""

    def read(self) -> list[Line]:
        """The whole lines since the last call, or the first part of them."""
        try:
            with self._path.open("rb") as file:
                size = file.seek(0, 2)
                skipped = self._offset == 0 and size > FIRST
                file.seek(size - FIRST if skipped else self._offset)
                content = file.read(PART)
                self._offset = file.tell()
                self.behind = self._offset < size
        except OSError:
            return []
        *lines, self._rest = (self._rest + content).split(b"\n")
        if skipped:
            lines[:1] = [b"(what came before is in " + str(self._path).encode() + b")"]
        return [self._line(plain(line)) for line in lines]

    def _line(self, text: str) -> Line:
        if text.startswith(_TRACE):
            self._traced = True
        elif self._traced and text and not text.startswith(" "):
            self._traced = False
            return Line(text, "error")
        frame = _FRAME.match(text)
        if frame:
            return Line(text, "error", self.node_of(int(frame[2])))
        if self._traced or _WRONG.match(text):
            return Line(text, "error")
        return Line(text, "warning" if _WARNING.match(text) else "text")

    def node_of(self, number: int) -> tuple[str, str] | None:
        """The node that a line of the script belongs to."""
        if self._spans is None:
            try:
                found = json.loads((self._folder / "lines.json").read_bytes())
                self._spans = {tuple(key.rsplit(":", 1)): spans for key, spans in found.items()}
            except (OSError, ValueError, AttributeError):
                self._spans = {}
        for place, spans in self._spans.items():
            if any(first <= number <= last for first, last in spans):
                return place
        return None


def plain(line: bytes) -> str:
    """A line as a terminal would leave it: no colours, nothing that was written over."""
    text = _ANSI.sub("", line.decode(errors="replace")).rstrip("\r")
    text = re.sub(r".*\r|\x08", "", text)
    return "".join(each for each in text if each == "\t" or each.isprintable())
