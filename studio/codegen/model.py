"""The model graph -> `build_model()`, and what it needs: blocks, custom code, a class."""

from __future__ import annotations

import re
from collections.abc import Sequence

from studio.codegen.applications import image_shape, is_application, turns, write_application
from studio.codegen.body import Join, Names, arguments_of, camel
from studio.codegen.calls import call_expr
from studio.codegen.functional import write_block_function, write_functional
from studio.codegen.layout import Expr, Marked, join, listing
from studio.codegen.literal import literal, text
from studio.codegen.precision import write_policy
from studio.codegen.source import Source, variable
from studio.codegen.subclass import write_block_class, write_model_class
from studio.graph.bypass import through
from studio.graph.chain import chain
from studio.graph.document import Graph, Project
from studio.graph.elements import Structure
from studio.graph.problems import StudioError, quoted
from studio.graph.shapes import Shapes
from studio.graph.wiring import wire

STYLES = ("auto", "sequential", "functional", "subclass")
FUNCTIONS = frozenset(
    {"build_model", "make_datasets", "make_callbacks", "adapt_layers", "train", "main"}
    | {"load_weights", "choose_layers", "difference", "stored_layers", "names_in"}
    | {"variable_at", "build_for"}
)


def write_model(
    source: Source,
    project: Project,
    style: str,
    shapes: Shapes,
    structure: Structure | None,
    asked: Sequence[str] = (),
) -> dict[str, str]:
    """Writes the function that builds the model, behind all that it needs.

    `structure` is that of the data's elements: where features or labels come
    by name, the model's inputs and outputs are named likewise. A model that is
    written as a class gets a method for each of the nodes `asked`, which tells
    what reaches it; they are returned by node.
    """
    if style not in STYLES:
        raise StudioError(f"A model can't be written in the style {quoted(style)}.")
    join_ = Join.of(project, structure)
    # keras.Sequential takes and gives one tensor, none by name.
    fits = style in ("auto", "sequential") and not (join_.named_inputs or join_.named_outputs)
    found = chain(through(project, project.model))
    order = found if fits else None
    if style == "sequential" and order is None:
        why = "it is no chain of layers"
        if found is not None:
            why = "the data gives its features or labels by name"
        raise StudioError(
            f"The model can't be written as keras.Sequential: {why}. "
            "Write it in the functional style."
        )
    source.need("keras")
    names = _names(project, style)
    inside = turns(project, shapes)
    for name in _blocks_in_order(project):
        if name in names.classes:
            write_block_class(source, project, name, names, inside.get(name, ()))
        else:
            write_block_function(source, project, name, names)
    model_name = _model_name(project)
    if style == "subclass":
        cls, methods = write_model_class(source, project, join_, shapes, names, asked)
        items = [join("name=", text(model_name))] if model_name else []
        with source.section("Model"), source.block("def build_model():", "Returns the model."):
            write_policy(source, project)
            source.statement("return ", cls, arguments_of(items))
        return methods
    with source.section("Model"), source.block("def build_model():", "Returns the model."):
        write_policy(source, project)
        if order is not None:
            _sequential(source, project, order, model_name, shapes)
        else:
            write_functional(source, project, join_, model_name, names, shapes)
    return {}


def _model_name(project: Project) -> str:
    """The project's name as Keras takes it for a model; empty where nothing is left of it."""
    return re.sub(r"[^A-Za-z0-9_]+", "_", project.name).strip("_")


def _names(project: Project, style: str) -> Names:
    """What each block comes out as: a function, or a layer where its weights are shared."""
    own_step = project.training is not None and project.training.train_step is not None
    whole = style == "subclass" or own_step  # which finds a block's layers by its node
    classes = set(project.blocks) if whole else _shared_blocks(project) | _trained_apart(project)
    # A layer's own blocks must be layers too, since it makes all of its layers itself.
    todo = list(classes)
    while todo:
        inner = _uses(project.blocks[todo.pop()]) - classes
        classes |= inner
        todo += inner
    taken = set(FUNCTIONS) | set(project.code)
    blocks = {
        name: variable(camel(name) if name in classes else name, taken) for name in project.blocks
    }
    return Names(blocks, classes)


def _trained_apart(project: Project) -> set[str]:
    """Blocks whose variables another optimizer trains, so that they must be found together."""
    by = project.training.trained_by if project.training is not None else ()
    ops = (project.model.nodes[name].op or "" for name in by if name in project.model.nodes)
    return {op[6:] for op in ops if op.startswith("block:") and op[6:] in project.blocks}


def _shared_blocks(project: Project) -> set[str]:
    """Blocks that a node calls a second time."""
    found = set()
    for graph in project.graphs().values():
        for node in graph.nodes.values():
            first = graph.nodes.get(node.shares or "")
            if first is not None and (first.op or "").startswith("block:"):
                found.add(first.op[6:])
    return found


def _uses(graph: Graph) -> set[str]:
    """The blocks that a graph's nodes stand for."""
    return {
        node.op[6:]
        for node in graph.nodes.values()
        if (node.op or "").startswith("block:") and not node.bypass
    }


def _blocks_in_order(project: Project) -> list[str]:
    """The blocks that the model uses, each behind the ones it uses itself."""
    found: list[str] = []

    def visit(graph: Graph) -> None:
        for name in project.blocks:
            if name in _uses(graph) and name not in found:
                visit(project.blocks[name])
                found.append(name)

    visit(project.model)
    return found


def _sequential(
    source: Source, project: Project, order: list[str], model_name: str, shapes: Shapes
) -> None:
    layers = []
    taken: set[str] = set()
    wiring = wire(project.model)
    for name in order:
        node, mark = project.model.nodes[name], ("model", name)
        if is_application(node):
            layer: Expr = variable(f"{name}_model", taken)
            images = literal(image_shape(wiring, name, [shapes], "the model"))
            write_application(source, node, layer, text(name), images, mark)
        else:
            layer = call_expr(source, node.op, node.params, text(name))
        layers.append(Marked(mark, layer))
    items: list[Expr] = [listing(layers)]
    if model_name:
        items.append(join("name=", text(model_name)))
    source.statement("return ", join("keras.Sequential", arguments_of(items)))
