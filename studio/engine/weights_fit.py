"""Whether the weights in a file fit a project's model, as far as its shapes are known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct, field

from studio.engine.weights_file import Contents, contents
from studio.graph.checks import Report
from studio.graph.document import Graph, Project, owner
from studio.graph.file import shown
from studio.graph.ops.weights import NAME, STRUCTURE
from studio.graph.problems import StudioError
from studio.graph.shapes import Shapes
from studio.graph.spec import shape_text
from studio.graph.tables import resolve_path
from studio.graph.weights import CHECKPOINTS, file_kind, missing

MOST_NAMED = 8
"""Layers that a sentence names."""

Arrays = tuple[tuple[int, ...], ...]


class Fit(Struct):
    """How the layers of a file and those of a model go together, by their names."""

    fits: list[str] = field(default_factory=list)
    differs: list[tuple[str, Arrays, Arrays]] = field(default_factory=list)
    """Name, shapes in the file, shapes in the model."""
    missing: list[str] = field(default_factory=list)
    """Those that the model has, and the file lacks."""
    unused: list[str] = field(default_factory=list)
    """Those that the file has, and the model lacks."""
    unknown: list[str] = field(default_factory=list)
    """Layers of the project's own code, whose weights aren't known."""
    alike: bool = True
    """Whether both have arrays of the same shapes, whatever their layers are called."""

    @property
    def whole(self) -> bool:
        """Whether all of the file is all of the model, by name."""
        return not (self.differs or self.missing or self.unused or self.unknown)

    def told(self, by: str) -> list[str]:
        """What differs, in words."""
        found = [f"{name} {difference(given, own)}" for name, given, own in self.differs]
        found += [f"{name} is not in the file" for name in self.missing]
        if by == STRUCTURE:
            found += [f"{name} is not in the model" for name in self.unused]
        return found


def difference(given: Arrays, own: Arrays) -> str:
    """How the shapes of a layer's arrays in a file differ from the model's."""
    if len(given) != len(own):
        return f"has {len(given)} arrays, not {len(own)}"
    pairs = zip(given, own, strict=True)
    one, other = next((each for each in pairs if each[0] != each[1]), (given[0], own[0]))
    return f"{shape_text(one)} is not {shape_text(other)}"


def expected(project: Project, shapes: Shapes) -> dict[str, Arrays | None]:
    """The arrays of each layer of the model, by the name that Keras gives it.

    Those in blocks are called like the block's node and their own: encoder_conv. None where it
    isn't known what a layer holds.
    """
    return dict(_layers(project, project.model, shapes, ""))


def _layers(
    project: Project, graph: Graph, shapes: Shapes, before: str
) -> Iterator[tuple[str, Arrays | None]]:
    for node in graph.nodes.values():
        made = owner(graph, node)
        if node.bypass or node.shares is not None or made is None or not made.op:
            continue
        result, name = shapes.nodes.get(node.id), f"{before}{node.id}"
        if result is None:
            yield name, None
        elif result.inside:
            block = project.blocks[made.op.removeprefix("block:")]
            for number, inside in enumerate(result.inside, 1):
                turn = f"{name}_{number}_" if node.repeat > 1 else f"{name}_"
                yield from _layers(project, block, inside, turn)
        elif made.op.startswith("code:") and not result.weights:
            code = project.code.get(made.op.removeprefix("code:"))
            if code is not None and code.kind == "layer" and not code.weights:
                yield name, None
        elif result.weights:
            yield name, tuple(tuple(weight.shape) for weight in result.weights)


def fit(found: Contents, project: Project, shapes: Shapes) -> Fit:
    """How the layers of a file fit those of a model."""
    own = expected(project, shapes)
    given: dict[str, list[tuple[int, ...]]] = {}
    result = Fit()
    for layer in found.layers:
        parts = layer.name.split("/")
        names = ["_".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
        name = next((each for each in names if each in own), None)
        if name is None:  # a block that a legacy file keeps as one layer
            inner = [each for each in own if each.startswith(f"{names[-1]}_")]
            if inner and None not in [own[each] for each in inner]:
                whole = tuple(shape for each in inner for shape in own.pop(each))
                name, own[names[-1]] = names[-1], whole
        if name is None:
            result.unused.append(layer.name)
        else:
            given.setdefault(name, []).extend(layer.shapes)
    for name, arrays in own.items():
        if arrays is None:
            result.unknown.append(name)
        elif name not in given:
            result.missing.append(name)
        elif Counter(given[name]) == Counter(arrays):
            result.fits.append(name)
        else:
            result.differs.append((name, tuple(given[name]), arrays))
    stored = Counter(shape for layer in found.layers for shape in layer.shapes)
    model = Counter(shape for arrays in own.values() for shape in arrays or ())
    result.alike = bool(result.unknown) or stored == model
    return result


def refuse_unfit(project: Project, folder: Path, report: Report) -> None:
    """Raises StudioError where a run can't start from the weights that its project names.

    What is in a checkpoint only TensorFlow can tell: the run does, before it trains.
    """
    training = project.training
    if training is None or training.weights is None:
        return
    params = training.weights.params
    path, by = params["path"], params.get("by", STRUCTURE)
    why = missing(path, folder)
    if why:
        raise StudioError(f"{why[:1].upper()}{why[1:]}")
    if file_kind(path) == CHECKPOINTS or "model" not in report.shapes:
        return
    found = contents(resolve_path(path, folder))
    if by == NAME and not found.named:
        raise StudioError(f"{shown(found.path)} keeps no names of layers. Load it by structure.")
    result = fit(found, project, report.shapes["model"])
    skips = params.get("skip_mismatch", False)
    wrong = result.differs if by == NAME else not result.alike
    nothing = by == NAME and not result.fits and not result.unknown
    if nothing or (wrong and not skips):
        raise unfit(found.path, result.told(by), by)


def unfit(path: Path, told: list[str], by: str) -> StudioError:
    """The sentence for weights that don't fit a model."""
    more = f", and {len(told) - MOST_NAMED} more" if len(told) > MOST_NAMED else ""
    way = "Let layers that differ keep what they are made with (skip_mismatch)"
    way += ", or load those of the same names alone (by name)" if by == STRUCTURE else ""
    listed = "; ".join(told[:MOST_NAMED]) or "no layer is called alike"
    return StudioError(f"{shown(path)} doesn't fit the model: {listed}{more}. {way}.")
