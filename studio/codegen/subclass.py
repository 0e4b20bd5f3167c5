"""The subclassed form: a keras.Model that makes its layers once and calls them; blocks likewise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from msgspec.structs import replace

from studio.codegen.applications import image_shape, is_application, write_application
from studio.codegen.body import Body, Join, Names, arguments_of, camel, input_nodes
from studio.codegen.calls import value_expr
from studio.codegen.keras_attributes import ATTRIBUTES
from studio.codegen.layout import call, comprehension, dictionary, join, listing, subscript
from studio.codegen.literal import literal, text
from studio.codegen.source import Source, variable
from studio.graph.adapting import unmeasured
from studio.graph.catalogue.registry import find
from studio.graph.document import Block, Graph, Node, Project, owner
from studio.graph.shapes import Shapes
from studio.graph.spec import Spec
from studio.graph.wiring import upstream


class Subclass(Body):
    """A graph as `__init__` and `call` of a class."""

    def __init__(
        self,
        source: Source,
        project: Project,
        graph: Graph,
        key: str,
        names: Names,
        shapes: Shapes | None = None,
        turns: Sequence[Shapes] = (),
    ):
        super().__init__(source, project, graph, key, names)
        self.shapes = shapes or Shapes()
        self.turns = turns or [self.shapes]  # of a block: what is known each time it stands there
        self.taken |= {"self", "layer"}
        self.attributes: dict[str, str] = {}
        self._names: set[str] = set()

    def attribute(self, node: str) -> str:
        """The attribute that holds a node's layer."""
        if node not in self.attributes:
            name = node.lstrip("$")  # a block's parameter is asked for as $name
            while name in ATTRIBUTES or name in self._names or name.startswith("_"):
                name = f"{name.lstrip('_')}_"
            self._names.add(name)
            self.attributes[node] = name
        return self.attributes[node]

    def method(self, wanted: str) -> str:
        """A name for a method that no layer's attribute has."""
        while wanted in self._names:
            wanted += "_"
        self._names.add(wanted)
        return wanted

    def up_to(self, node: str) -> Subclass:
        """What is called before a node with one input; its output is what that node is given."""
        (edge,) = self.wiring.incoming[node]
        kept = upstream(self.wiring, [edge.source_node])
        made = {self.graph.nodes[name].shares for name in kept}  # and what is called again
        nodes = {k: each for k, each in self.graph.nodes.items() if k in kept or k in made}
        edges = tuple(each for each in self.graph.edges if each.target_node in kept)
        graph = replace(self.graph, nodes=nodes, edges=edges, outputs=(edge.source,))
        part = Subclass(self.source, self.project, graph, self.key, self.names, self.shapes)
        part.attributes, part._names = self.attributes, self._names
        return part

    def layers(self) -> None:
        """The statements of `__init__` that make the layers."""
        made_already = set()
        for name in self.order:
            made = owner(self.graph, self.graph.nodes[name])
            if made.op == "keras.Input" or self.calls_function(made) or made.id in made_already:
                continue
            made_already.add(made.id)
            head = f"self.{self.attribute(made.id)} = "
            mark = self.mark(made.id)
            if is_application(made):
                self._application(made)
                continue
            if made.repeat == 1:
                self.source.statement(head, self.layer(made, text(made.id)), mark=mark)
                self._build_first(made)
                continue
            layer = self.layer(made, f'f"{made.id}_{{number}}"')
            loop = f"for number in range(1, {made.repeat + 1})"
            self.source.statement(head, comprehension(layer, loop), mark=mark)

    def _application(self, node: Node) -> None:
        """A ready-made model, built for the images that it is given."""
        where = f"the block {self.key[6:]}" if isinstance(self.graph, Block) else "the model"
        shape = image_shape(self.wiring, node.id, self.turns, where)
        target, name = f"self.{self.attribute(node.id)}", text(node.id)
        mark = self.mark(node.id)
        write_application(self.source, node, target, name, literal(shape), mark)

    def _build_first(self, node: Node) -> None:
        """Builds a layer that Keras can't build inside a graph, where its input is known."""
        op = find(node.op)
        edges = self.wiring.incoming[node.id]
        spec = self.shapes.at(edges[0].source) if edges else None
        if op is not None and op.builds_first and isinstance(spec, Spec):
            shape = literal(spec.shape)
            build = f"self.{self.attribute(node.id)}.build"
            self.source.statement(build, arguments_of([shape]), mark=self.mark(node.id))

    def calls(self) -> None:
        """The statements of `call`."""
        for name in self.order:
            node = self.graph.nodes[name]
            if (name, "") in self.variables:
                continue
            made = owner(self.graph, node)
            mark = self.mark(name)
            if self.calls_function(node):
                called = self.function_call(node)
                self.source.statement(self.head(node), called, mark=mark)
            elif made.repeat > 1:
                (argument,) = self.arguments(node)
                head = self.head(node)
                self.source.statement(head, argument, mark=mark)
                with self.source.block(f"for layer in self.{self.attribute(made.id)}:"):
                    self.source.statement(head, f"layer({head.removesuffix(' = ')})", mark=mark)
            else:
                called = arguments_of(self.arguments(node))
                layer = f"self.{self.attribute(made.id)}"
                self.source.statement(
                    self.head(node), self.flat(node, join(layer, called)), mark=mark
                )


def _registered(project: Project) -> str:
    """The decorator by which Keras finds a class again when it loads a saved model."""
    package = "".join(c if c.isascii() and c.isalnum() else "_" for c in project.name) or "studio"
    return f"@keras.saving.register_keras_serializable({text(package)})"


def write_model_class(
    source: Source,
    project: Project,
    meets: Join,
    shapes: Shapes,
    names: Names,
    asked: Sequence[str] = (),
) -> tuple[str, dict[str, str]]:
    """Writes the model's class; returns its name, and the methods that tell what reaches a layer.

    There is such a method for each of the nodes `asked`. Keras' functional
    models add a last axis of 1 that the data leaves out themselves; a class
    must say so.
    """
    name = variable(camel(project.name) or "Model", set(names.blocks.values()) | set(project.code))
    body = Subclass(source, project, project.model, "model", names, shapes)
    inputs = input_nodes(project.model)
    methods = {}
    with source.section(name):
        source.line(_registered(project))
        with source.block(
            f"class {name}(keras.Model):", "The model, as its layers and their calls."
        ):
            source.blank()
            # Keras saves the bins that a Discretization measures in its config alone: so must we.
            bins = _bins(body)
            parameters = ["self", *(f"{each}=None" for each in bins), "**kwargs"]
            with source.signature("def __init__", parameters):
                source.line("super().__init__(**kwargs)")
                body.layers()
                for each in bins:
                    source.line(f"self.{each}.bin_boundaries = {each}")
            source.blank()
            # Without it in the signature fit would call the model as if it didn't train.
            doc = "Returns the outputs; Keras hands `training` on to the layers."
            more = ", training=None"
            with _method(source, body, shapes, meets, "call", inputs, doc, more):
                source.statement("return ", body.outputs(meets.named_outputs))
            for node in asked:
                source.blank()
                part = body.up_to(node)
                methods[node] = part.method(f"before_{body.attribute(node)}")
                doc = f"What reaches {node}, for it to measure."
                with _method(source, part, shapes, meets, methods[node], inputs, doc):
                    source.line(f"return {part.end(part.graph.outputs[0])}")
            _build_again(source, shapes, meets, inputs)
            if bins:
                source.blank()
                with source.block("def get_config(self):"):
                    entries = [(text(each), f"self.{each}.bin_boundaries") for each in bins]
                    source.statement("bins = ", dictionary(entries))
                    source.line("return {**super().get_config(), **bins}")
    return name, methods


@contextmanager
def _method(
    source: Source,
    body: Subclass,
    shapes: Shapes,
    meets: Join,
    name: str,
    inputs: list[str],
    doc: str = "",
    more: str = "",
) -> Iterator[None]:
    """A method that is given the model's inputs and calls the nodes of `body`."""
    single = len(inputs) == 1 and not meets.named_inputs
    argument = body.input(inputs[0]) if single else "inputs"
    body.taken.add("inputs")
    with source.block(f"def {name}(self, {argument}{more}):", doc):
        for index, node in enumerate(inputs):
            if node not in body.graph.nodes:
                continue
            if not single:
                key = text(node) if meets.named_inputs else str(index)
                variable_ = body.input(node)
                value = subscript("inputs", key)
                source.statement(f"{variable_} = ", value, mark=body.mark(node))
            _fit_rank(source, body, shapes, meets.features, node)
        body.calls()
        yield


def _build_again(source: Source, shapes: Shapes, meets: Join, inputs: list[str]) -> None:
    """How a saved model is built before its weights are read.

    Keras would try with floats for all inputs, and where that fails for a text
    only warn, and leave the weights as they were made.
    """
    specs: dict[str, Spec] = {}
    for index, node in enumerate(inputs):
        given = meets.features
        if isinstance(given, (dict, tuple)):
            given = given[node if isinstance(given, dict) else index]
        wanted = shapes.at(node)
        specs[node] = given if isinstance(given, Spec) else wanted
    if not any(isinstance(spec, Spec) and spec.dtype == "string" for spec in specs.values()):
        return
    tensors = {
        node: call("keras.KerasTensor", [literal((None, *spec.shape[1:])), text(spec.dtype)])
        for node, spec in specs.items()
    }
    given = listing(tensors.values())
    if meets.named_inputs:
        given = dictionary((text(node), tensor) for node, tensor in tensors.items())
    elif len(tensors) == 1:
        (given,) = tensors.values()
    source.blank()
    with source.block("def build_from_config(self, config):"):
        source.statement("self", arguments_of([given]))


def _bins(body: Subclass) -> list[str]:
    """The attributes of layers that measure the borders of their bins."""
    nodes = [body.graph.nodes[name] for name in body.order]
    return [
        body.attribute(node.id)
        for node in nodes
        if node.op == "keras.layers.Discretization" and unmeasured(node)
    ]


def _fit_rank(source: Source, body: Subclass, shapes: Shapes, features: object, node: str) -> None:
    """Adds the last axis of 1 that the data leaves out and the input has."""
    given = features.get(node) if isinstance(features, dict) else features
    wanted = shapes.at(node)
    if isinstance(given, Spec) and isinstance(wanted, Spec) and given.rank == wanted.rank - 1:
        name = body.variables[node, ""]
        source.statement(f"{name} = ", f"keras.ops.expand_dims({name}, -1)", mark=body.mark(node))


def write_block_class(
    source: Source, project: Project, name: str, names: Names, turns: Sequence[Shapes]
) -> None:
    """A block as a keras.layers.Layer with the block's parameters as its arguments.

    `turns` are what is known of its nodes, for each time that it stands in the model.
    """
    block: Block = project.blocks[name]
    body = Subclass(source, project, block, f"block:{name}", names, turns=turns)
    cls = names.blocks[name]
    parameters = [
        join(f"{key}=", value_expr(source, value)) for key, value in block.parameters.items()
    ]
    with source.section(cls):
        source.line(_registered(project))
        with source.block(f"class {cls}(keras.layers.Layer):", f"The block {name}."):
            source.blank()
            with source.signature("def __init__", ["self", *parameters, "**kwargs"]):
                source.line("super().__init__(**kwargs)")
                for key in block.parameters:
                    source.line(f"self.{body.attribute(f'${key}')} = {key}")
                body.layers()
            source.blank()
            inputs = [body.input(each) for each in block.inputs]
            with source.block(f"def call(self, {', '.join(inputs)}):"):
                body.calls()
                source.line(f"return {', '.join(body.end(end) for end in body.graph.outputs)}")
            if block.parameters:
                source.blank()
                with source.block("def get_config(self):"):
                    entries = [
                        (text(key), f"self.{body.attribute(f'${key}')}") for key in block.parameters
                    ]
                    source.statement("config = ", dictionary(entries))
                    source.line("return {**super().get_config(), **config}")
