"""A ready-made model: made on a line of its own, for the images that it is given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from studio.codegen.calls import argument, value_expr
from studio.codegen.data import script_path
from studio.codegen.layout import Expr, Group, join
from studio.codegen.source import Source
from studio.graph.catalogue.registry import find
from studio.graph.document import Graph, Node, Project, owner
from studio.graph.problems import StudioError, quoted
from studio.graph.shapes import Shapes
from studio.graph.spec import Shape, Spec, shape_text
from studio.graph.wiring import Wiring

# Of these Keras takes the name for a plan to build by, or for the file of the trained weights.
_READ_THEIR_NAME = ("EfficientNet", "ConvNeXt")


def is_application(node: Node) -> bool:
    """Whether a node is a ready-made model."""
    op = find(node.op or "")
    return op is not None and op.kind == "application"


def write_application(
    source: Source, node: Node, target: str, name: Expr, images: Expr, mark: tuple[str, str]
) -> None:
    """`target = keras.applications.ResNet50(...)`; its name where that comes later; if it trains.

    `images` is the expression of their shape.
    """
    op = find(node.op)
    source.need("keras")
    items: list[Expr] = []
    for key, param in op.params.items():
        if key in node.params and key != "trainable":
            value = node.params[key]
            is_file = key == "weights" and isinstance(value, str) and value != "imagenet"
            given = script_path(source, value) if is_file else argument(source, param, value)
            items.append(join(f"{key}=", given))
        if key == "weights":
            items.append(join("input_shape=", images))
    later = op.name.startswith(_READ_THEIR_NAME)
    if not later:
        items.append(join("name=", name))
    call = join(node.op, Group("(", tuple(items), ")", call=True))
    source.statement(f"{target} = ", call, mark=mark)
    if later:
        source.statement(f"{target}.name = ", name, mark=mark)
    trainable = node.params.get("trainable", True)
    if trainable is not True:
        source.statement(f"{target}.trainable = ", value_expr(source, trainable), mark=mark)


def image_shape(wiring: Wiring, node: str, known: Iterable[Shapes], where: str) -> Shape:
    """The shape of the images that reach a node, without the batch.

    Raises StudioError where it isn't the same in all that is `known` of the graph, which is
    called `where`.
    """
    source = wiring.incoming[node][0].source
    specs = [spec for each in known if isinstance(spec := each.at(source), Spec)]
    shapes = sorted({spec.shape[1:] for spec in specs}, key=str)
    if len(shapes) != 1:
        found = " and ".join(map(shape_text, shapes)) or "none"
        raise StudioError(
            f"In {where} the model {quoted(node)} is made once, for images of one shape, but "
            f"they are {found}. Write the model in the functional style, or make a second block."
        )
    return shapes[0]


def turns(project: Project, shapes: Shapes) -> dict[str, list[Shapes]]:
    """Block -> what is known of its nodes, for each time that it stands in the model."""
    found: dict[str, list[Shapes]] = {}
    for name, inside in _inside(project, project.model, shapes):
        found.setdefault(name, []).append(inside)
    return found


def _inside(project: Project, graph: Graph, shapes: Shapes) -> Iterator[tuple[str, Shapes]]:
    for node, result in shapes.nodes.items():
        for each in result.inside:
            name = owner(graph, graph.nodes[node]).op.removeprefix("block:")
            yield name, each
            yield from _inside(project, project.blocks[name], each)
