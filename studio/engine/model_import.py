"""A model that Keras has saved, or its architecture as JSON or YAML -> a project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from studio.engine.stored_code import brought
from studio.engine.weights_file import MOST_CONFIG, contents
from studio.graph.catalogue.registry import find
from studio.graph.document import Project
from studio.graph.file import shown
from studio.graph.importer import import_model
from studio.graph.problems import StudioError, one_of, quoted

ENDINGS = (".json", ".yaml", ".yml", ".keras", ".h5", ".hdf5")
KINDS = ("Functional", "Sequential", "Model")


def import_file(path: Path) -> Project:
    """The project of a Keras model: its graph and blocks; StudioError names what can't be read.

    Nothing of the file is run.
    """
    config = _configuration(path)
    kind, inner = config.get("class_name"), config.get("config")
    if not isinstance(inner, dict) or not isinstance(kind, str):
        raise StudioError(f"{shown(path)} describes no model of Keras: it has no class_name.")
    code = brought(config)
    if kind not in KINDS or not ("layers" in inner or "input_layers" in inner):
        raise StudioError(
            f"{shown(path)} holds a model of the class {quoted(kind)}, whose layers only its "
            "code knows. A Functional or Sequential model can be imported."
        )
    if code:
        named = dict.fromkeys(
            f"{quoted(each.layer or each.name)} ({each.kind} {each.name})" for each in code
        )
        raise StudioError(
            f"{shown(path)} can't be imported, since it brings code along: "
            f"{', '.join(named)}. Import it without these layers, and add your own as code."
        )
    try:
        return import_model(_with_modules(inner))
    except StudioError as error:
        raise StudioError(f"{shown(path)} can't be imported: {error}") from None
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        raise StudioError(
            f"{shown(path)} can't be imported: its configuration isn't as Keras 3 writes it "
            f"({type(error).__name__}: {quoted(str(error), 80)}). If Keras 2 wrote it, load it "
            "with Keras 3 and save it again."
        ) from None


def _configuration(path: Path) -> dict[str, Any]:
    """The description of a model in a file, as Keras writes it."""
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise StudioError(f"{shown(path)} can't be imported. Name a file in {one_of(ENDINGS)}.")
    if ending in (".keras", ".h5", ".hdf5"):
        found = contents(path).config
        if found is None:
            raise StudioError(f"{shown(path)} holds weights alone, and no architecture.")
        return found
    try:
        if path.stat().st_size > MOST_CONFIG:
            raise StudioError(f"{shown(path)} is larger than {MOST_CONFIG:,} bytes.")
        text = path.read_text(encoding="utf-8")
        found = json.loads(text) if ending == ".json" else _yaml(text)
    except OSError as error:
        raise StudioError(f"{shown(path)} can't be read: {error.strerror}.") from None
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        what = ending[1:].upper()
        reason = str(error).splitlines()[0]
        raise StudioError(f"{shown(path)} is no {what}: {quoted(reason, 100)}.") from None
    if not isinstance(found, dict):
        raise StudioError(f"{shown(path)} describes no model of Keras: it holds no object.")
    return found


def _yaml(text: str) -> Any:
    """A YAML text, as plain values; what stands for another place could grow without end."""
    if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
        raise ValueError("it has aliases, which Keras doesn't write")
    return yaml.safe_load(text)


def _with_modules(config: dict[str, Any]) -> dict[str, Any]:
    """The same with the module of each layer, which legacy files leave out."""
    layers = []
    for entry in config.get("layers", ()):
        if isinstance(entry, dict) and not entry.get("module"):
            known = find(f"keras.layers.{entry.get('class_name')}")
            entry = entry | ({"module": "keras.layers"} if known else {})
        if isinstance(entry, dict) and isinstance(entry.get("config"), dict):
            entry = entry | {"config": _with_modules(entry["config"])}
        layers.append(entry)
    return config | ({"layers": layers} if "layers" in config else {})
