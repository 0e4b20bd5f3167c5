"""The published JSON Schema of project.json, made from the document's own fields.

`python -m studio.graph.schema > assets/project.schema.json` writes it anew.
"""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from studio.graph.document import FORMAT, Project
from studio.graph.text import dump


def schema() -> dict[str, Any]:
    """A JSON Schema (draft 2020-12) that every project file of this format meets."""
    (root,), parts = msgspec.json.schema_components([Project], ref_template="#/$defs/{name}")
    for name, part in parts.items():
        part.pop("title", None)
        nodes = part.get("properties", {}).get("nodes")
        if nodes is not None:
            # In memory nodes stand by their id; in the file they are a list.
            part["properties"]["nodes"] = {
                "type": "array",
                "items": {"$ref": "#/$defs/Node"},
                "description": nodes["description"],
                "default": [],
            }
            part["additionalProperties"] = False
        if name == "Edge":
            part["minItems"] = part["maxItems"] = 2
    project = parts["Project"]
    project["required"] = ["studio"]
    project["properties"]["studio"] |= {"const": FORMAT}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Studio project, format {FORMAT}",
        **root,
        "$defs": dict(sorted(parts.items())),
    }


if __name__ == "__main__":
    sys.stdout.write(dump(schema()))
