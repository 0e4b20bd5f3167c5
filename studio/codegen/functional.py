"""The functional form: each node's layer is made and called; a block is a function."""

from __future__ import annotations

from studio.codegen.applications import image_shape, is_application, write_application
from studio.codegen.body import Body, Join, Names, arguments_of, input_nodes
from studio.codegen.calls import call_expr, value_expr
from studio.codegen.layout import Expr, comprehension, dictionary, join, listing
from studio.codegen.literal import literal, text
from studio.codegen.source import Source, variable
from studio.graph.document import Block, Graph, Node, Project, owner
from studio.graph.shapes import Shapes


class Functional(Body):
    """The statements of a graph in the functional form."""

    def __init__(
        self,
        source: Source,
        project: Project,
        graph: Graph,
        key: str,
        names: Names,
        shapes: Shapes | None = None,
    ):
        super().__init__(source, project, graph, key, names)
        self.shapes = shapes
        self.layers: dict[str, str] = {}
        # A layer that is called more than once, or not by its own node, is made on its own line.
        self.shared = {graph.nodes[name].shares for name in self.order} - {None}

    def layer_name(self, node: str) -> Expr:
        """What a layer is called: its node's id, inside a block behind the block's own name."""
        return f'f"{{name}}_{node}"' if isinstance(self.graph, Block) else text(node)

    def nodes(self) -> None:
        """A statement for each node but the inputs of a block."""
        for name in self.order:
            node = self.graph.nodes[name]
            if (name, "") not in self.variables:
                self._node(node)

    def _node(self, node: Node) -> None:
        made = owner(self.graph, node)
        mark = self.mark(node.id)
        if made.op == "keras.Input":
            head = self.head(node)
            made_expr = call_expr(self.source, made.op, made.params, text(node.id))
            self.source.statement(head, made_expr, mark=mark)
        elif self.calls_function(node):
            called = self.function_call(node)
            self.source.statement(self.head(node), called, mark=mark)
        elif made.op.startswith("block:") and made.op[6:] not in self.names.classes:
            self._block(node, made)
        elif made.repeat > 1:
            self._repeated(node, made)
        elif is_application(made):
            self._application(node, made)
        else:
            self._layer(node, made)

    def _layer(self, node: Node, made: Node) -> None:
        """`conv1 = keras.layers.Conv2D(...)(image)`."""
        mark = self.mark(node.id)
        called = arguments_of(self.arguments(node))
        layer: Expr = self.layer(node, self.layer_name(made.id))
        if made.id in self.shared:
            if made.id not in self.layers:
                self.layers[made.id] = variable(f"{made.id}_layer", self.taken)
                self.source.statement(f"{self.layers[made.id]} = ", layer, mark=mark)
            layer = self.layers[made.id]
        made_and_called = self.flat(node, join(layer, called))
        self.source.statement(self.head(node), made_and_called, mark=mark)

    def _application(self, node: Node, made: Node) -> None:
        """`base_model = keras.applications.ResNet50(...)`, then `base = base_model(image)`."""
        mark = self.mark(node.id)
        (images,) = self.arguments(node)
        if made.id not in self.layers:
            shape: Expr = f"{images}.shape[1:]"  # a block's function takes images of any size
            if self.shapes is not None:
                shape = literal(image_shape(self.wiring, node.id, [self.shapes], "the model"))
            target = self.layers[made.id] = variable(f"{made.id}_model", self.taken)
            name = self.layer_name(made.id)
            write_application(self.source, made, target, name, shape, mark)
        called = arguments_of([images])
        self.source.statement(self.head(node), self.layers[made.id], called, mark=mark)

    def _block(self, node: Node, made: Node) -> None:
        """`encoder = residual(image, filters=64, name="encoder")`, in a loop where repeated."""
        mark = self.mark(node.id)
        function = self.names.blocks[made.op[6:]]
        arguments = self.arguments(node)
        settings: list[Expr] = [
            join(f"{key}=", value_expr(self.source, value)) for key, value in made.params.items()
        ]
        if made.repeat == 1:
            items = [*arguments, *settings, join("name=", self.layer_name(node.id))]
            self.source.statement(self.head(node), function, arguments_of(items), mark=mark)
            return
        head = self.head(node)
        name = head.removesuffix(" = ")
        self.source.statement(head, arguments[0], mark=mark)
        number = variable("number", self.taken)
        self.taken.discard(number)  # a loop's number is free again behind it
        prefix = "{name}_" if isinstance(self.graph, Block) else ""
        items = [name, *settings, f'name=f"{prefix}{node.id}_{{{number}}}"']
        with self.source.block(f"for {number} in range(1, {made.repeat + 1}):"):
            self.source.statement(head, function, arguments_of(items), mark=mark)

    def _repeated(self, node: Node, made: Node) -> None:
        """A block that is a layer, several times one behind the other, perhaps called again."""
        mark = self.mark(node.id)
        if made.id not in self.layers:
            self.layers[made.id] = variable(f"{made.id}_layers", self.taken)
            prefix = "{name}_" if isinstance(self.graph, Block) else ""
            layer = self.layer(made, f'f"{prefix}{made.id}_{{number}}"')
            loop = f"for number in range(1, {made.repeat + 1})"
            self.source.statement(
                f"{self.layers[made.id]} = ", comprehension(layer, loop), mark=mark
            )
        (argument,) = self.arguments(node)
        head = self.head(node)
        self.source.statement(head, argument, mark=mark)
        with self.source.block(f"for layer in {self.layers[made.id]}:"):
            self.source.statement(head, f"layer({head.removesuffix(' = ')})", mark=mark)


def write_functional(
    source: Source,
    project: Project,
    meets: Join,
    model_name: str,
    names: Names,
    shapes: Shapes,
) -> None:
    """The body of `build_model()`."""
    body = Functional(source, project, project.model, "model", names, shapes)
    body.nodes()
    inputs = {name: body.variables[name, ""] for name in input_nodes(project.model)}
    items: list[Expr] = [
        join("inputs=", _inputs(inputs, meets.named_inputs)),
        join("outputs=", body.outputs(meets.named_outputs)),
    ]
    if model_name:
        items.append(join("name=", text(model_name)))
    source.statement("return ", join("keras.Model", arguments_of(items)))


def _inputs(variables: dict[str, str], by_name: bool) -> Expr:
    if by_name:
        return dictionary((text(name), value) for name, value in variables.items())
    names = list(variables.values())
    return names[0] if len(names) == 1 else listing(names)


def write_block_function(source: Source, project: Project, name: str, names: Names) -> None:
    """A block as a function of its inputs and parameters."""
    block = project.blocks[name]
    body = Functional(source, project, block, f"block:{name}", names)
    body.taken |= {"name", "number", "layer", *block.parameters}
    inputs = [body.input(each) for each in block.inputs]
    parameters = [
        join(f"{key}=", value_expr(source, value)) for key, value in block.parameters.items()
    ]
    items: list[Expr] = [*inputs, *parameters, join("name=", text(name))]
    function = names.blocks[name]
    doc = f"Returns what the block {name} makes of its inputs."
    with source.section(function), source.signature(f"def {function}", items, doc):
        body.nodes()
        ends = [body.end(end) for end in body.graph.outputs]
        source.line(f"return {', '.join(ends)}")
