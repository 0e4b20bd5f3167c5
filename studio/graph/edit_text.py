"""An edit as a line of text, and back: what a journal keeps, to do it again from there."""

from __future__ import annotations

from typing import Any

from msgspec.structs import fields, replace

from studio.graph import text
from studio.graph.edits import Edit, Several
from studio.graph.file import plain
from studio.graph.problems import StudioError, quoted
from studio.graph.read import read_value


def encode(edit: Edit) -> str:
    """An edit as a line of JSON, for a journal."""
    return text.flat(_plain_edit(edit))


def decode(line: str) -> Edit:
    """The edit that `encode` wrote; raises StudioError where the line says none."""
    return _edit(text.parse(line, "the edit"))


def _plain_edit(edit: Edit) -> dict[str, Any]:
    value = {each.name: plain(getattr(edit, each.name)) for each in fields(edit)}
    if isinstance(edit, Several):
        value["edits"] = [_plain_edit(each) for each in edit.edits]
    return {"edit": type(edit).__name__} | value


def _edit(value: Any) -> Edit:
    kinds = {kind.__name__: kind for kind in Edit.__subclasses__()}
    kind = kinds.get(str(value.get("edit"))) if isinstance(value, dict) else None
    if kind is None:
        raise StudioError(f"{quoted(value)} is no edit.")
    given = {name: item for name, item in value.items() if name != "edit"}
    if kind is Several and isinstance(given.get("edits"), list):
        inner = tuple(map(_edit, given["edits"]))
        return replace(read_value(given | {"edits": []}, kind, "Several"), edits=inner)
    return read_value(given, kind, value["edit"])
