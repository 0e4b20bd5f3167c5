"""`--set training.optimizer.params.learning_rate=0.01`: a value of a project, by its path."""

from __future__ import annotations

import json
from typing import Any

from studio.graph.problems import ERROR, Problem, ProjectError, nearest, quoted


def override(value: dict[str, Any], settings: list[str]) -> dict[str, Any]:
    """The JSON value of a project with `path=value` settings applied.

    Nodes are named by their id: `model.nodes.conv1.params.filters=64`. The
    value is JSON where it can be read as such, else a text. Raises ProjectError
    where a path leads nowhere; the last part of a path may be new.
    """
    value = json.loads(json.dumps(value))
    for setting in settings:
        path, equals, new = setting.partition("=")
        if not equals or not path:
            raise _refused(setting, "is not of the form path=value.")
        *parents, last = path.split(".")
        place: Any = value
        for depth, part in enumerate(parents):
            place = _inner(place, part, ".".join(parents[: depth + 1]), setting)
        _put(place, last, _parsed(new), setting)
    return value


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _inner(place: Any, part: str, path: str, setting: str) -> Any:
    if isinstance(place, dict):
        # A part of a project that was left at its default is made when it is set.
        return place.setdefault(part, {})
    if isinstance(place, list):
        ids = {item["id"]: item for item in place if isinstance(item, dict) and "id" in item}
        if part in ids:
            return ids[part]
        if part.isdigit() and int(part) < len(place):
            return place[int(part)]
        raise _refused(setting, f"names {quoted(path)}, which isn't there.", nearest(part, ids))
    raise _refused(setting, f"goes into {quoted(path)}, which is a plain value.")


def _put(place: Any, name: str, new: Any, setting: str) -> None:
    if isinstance(place, dict):
        place[name] = new
    elif isinstance(place, list) and name.isdigit() and int(name) < len(place):
        place[int(name)] = new
    else:
        raise _refused(setting, f"names {quoted(name)}, which isn't there.")


def _refused(setting: str, message: str, hint: str = "") -> ProjectError:
    hint = hint or "Write for example --set training.optimizer.params.learning_rate=0.01."
    return ProjectError(
        [Problem(ERROR, "bad-setting", "", "", message, hint, f"--set {quoted(setting)}")]
    )
