"""A project as plain, frozen data: graphs of calls with ids, and the training.

Nothing here holds a widget, a tensor or a process. Every value is frozen and
shared: an edit makes a new `Project` that keeps all it did not touch, so an
undo is the project before, and a change is found by comparing identities.

The field names, and their order, are those of the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from msgspec import Meta, Struct, field
from msgspec.structs import replace

FORMAT = 1
"""Version of the file format that this Studio writes."""

GRAPH_KINDS = ("model", "data")

BY_OUTPUT = ("losses", "loss_weights", "loss_clipnorms", "metrics", "weighted_metrics")
"""Fields of the training that have an entry for each output of the model, by its name."""


Natural = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]
Precision = Literal["float32", "mixed_float16", "mixed_bfloat16", "float16", "bfloat16", "float64"]
PRECISIONS: tuple[str, ...] = get_args(Precision)
Seed = Annotated[int, Meta(ge=0, le=2**32 - 1)]  # what NumPy takes
Times = Annotated[int, Meta(ge=1, le=1000)]


def doc(text: str) -> Meta:
    """A field's line in the published JSON Schema."""
    return Meta(description=text)


class Call(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One public API call, written as data."""

    op: Annotated[str, doc("Public dotted path of the thing called, or code:NAME.")]
    params: Annotated[dict[str, Any], doc("Its keyword arguments by their real names.")] = field(
        default_factory=dict
    )


class Node(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One call on one set of tensors."""

    id: Annotated[str, doc("A Python identifier, unique in its graph; its name in the code.")]
    op: Annotated[str | None, doc("Public dotted path, block:NAME or code:NAME.")] = None
    shares: Annotated[str | None, doc("Id of the node whose layer is called again here.")] = None
    params: Annotated[dict[str, Any], doc("The call's keyword arguments.")] = field(
        default_factory=dict
    )
    repeat: Annotated[Times, doc("How many times a block stands here in a row.")] = 1
    at: Annotated[tuple[float, float] | None, doc("Its place on the canvas: x, y.")] = None
    note: Annotated[str, doc("Free text.")] = ""
    bypass: Annotated[bool, doc("Whether its first input goes past it, to its outputs.")] = False


class Edge(Struct, frozen=True, array_like=True, gc=False):
    """A tensor's way from one port to another: "node", or "node.port" where there are several."""

    source: str
    target: str

    @property
    def source_node(self) -> str:
        """Id of the node that gives the tensor."""
        return self.source.partition(".")[0]

    @property
    def source_port(self) -> str:
        """Name of the output port; empty for the first."""
        return self.source.partition(".")[2]

    @property
    def target_node(self) -> str:
        """Id of the node that takes the tensor."""
        return self.target.partition(".")[0]

    @property
    def target_port(self) -> str:
        """Name of the input port; empty for the first."""
        return self.target.partition(".")[2]


class Frame(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A titled rectangle behind nodes that belong together; a comment, never code."""

    title: Annotated[str, doc("What stands above it.")] = ""
    x: Annotated[float, doc("Its left edge on the canvas.")]
    y: Annotated[float, doc("Its upper edge.")]
    width: Annotated[float, doc("How wide it is.")]
    height: Annotated[float, doc("How high it is.")]
    color: Annotated[str, doc("The name of its colour; the theme's own where empty.")] = ""


class Graph(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Nodes by id, in the order of the file, and the edges between them."""

    nodes: Annotated[dict[str, Node], doc("The calls.")] = field(default_factory=dict)
    edges: Annotated[tuple[Edge, ...], doc("Pairs [source, target].")] = ()
    frames: Annotated[dict[str, Frame], doc("Comment frames by their id.")] = field(
        default_factory=dict
    )


class DataGraph(Graph, frozen=True, omit_defaults=True):
    """How examples come in: sources, stages, splits."""

    outputs: Annotated[
        dict[str, str], doc("The stage that feeds train, and, if any, validation and test.")
    ] = field(default_factory=dict)


class ModelGraph(Graph, frozen=True, omit_defaults=True):
    """The model: layers and ops between its inputs and outputs."""

    outputs: Annotated[tuple[str, ...], doc("The nodes (or node.port) the model returns.")] = ()
    style: Annotated[
        str, doc("How the model is written: sequential, functional, subclass or auto.")
    ] = "auto"


class Block(Graph, frozen=True, omit_defaults=True):
    """A named graph used as a node; inside it {"$": NAME} stands for a parameter."""

    inputs: Annotated[tuple[str, ...], doc("Ids of the keras.Input nodes, in order.")] = ()
    outputs: Annotated[tuple[str, ...], doc("The nodes (or node.port) the block returns.")] = ()
    parameters: Annotated[dict[str, Any], doc("Parameters with their default values.")] = field(
        default_factory=dict
    )


class Code(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A piece of Python that the user wrote, used as {"op": "code:NAME"}."""

    kind: Annotated[
        str, doc("layer, function, map, generator, loss, metric, callback or train_step.")
    ]
    source: Annotated[str, doc("The Python source.")]
    output_shape: Annotated[
        Any, doc('What leaves it: "same", or a list of axes; null where that is not declared.')
    ] = None
    weights: Annotated[
        dict[str, tuple[Any, ...]], doc("The weights a layer trains: name to a list of axes.")
    ] = field(default_factory=dict)


class Training(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What compile and fit are told."""

    loop: Annotated[str, doc("fit, or custom: a compiled GradientTape loop.")] = "fit"
    epochs: Annotated[Positive, doc("How often the training data is gone through.")] = 1
    seed: Annotated[Seed | None, doc("Seed of all that is random.")] = None
    deterministic: Annotated[
        bool, doc("Let ops that may differ from run to run, on a GPU, not do so; slower.")
    ] = False
    precision: Annotated[
        Precision, doc("The dtype policy of the layers that name none of their own.")
    ] = "float32"
    weights: Annotated[
        Call | None, doc("What the weights start from, in the place of random numbers.")
    ] = None
    optimizer: Annotated[Call | None, doc("The optimizer.")] = None
    optimizers: Annotated[
        dict[str, Call], doc("Further optimizers by name; the custom loop uses them.")
    ] = field(default_factory=dict)
    trained_by: Annotated[
        dict[str, str],
        doc("The nodes that one of the further optimizers trains: node to its name."),
    ] = field(default_factory=dict)
    train_step: Annotated[
        Call | None, doc("The custom loop's step, where it is code of your own.")
    ] = None
    persistent_tape: Annotated[
        bool, doc("Take the gradients of each output's loss separately, in the custom loop.")
    ] = False
    loss_clipnorms: Annotated[
        dict[str, float], doc("The largest global norm of an output's own gradients.")
    ] = field(default_factory=dict)
    losses: Annotated[dict[str, Call], doc("A loss for each output, by its node's id.")] = field(
        default_factory=dict
    )
    loss_weights: Annotated[dict[str, float], doc("The weight of each output's loss.")] = field(
        default_factory=dict
    )
    metrics: Annotated[dict[str, tuple[Call, ...]], doc("Metrics for each output.")] = field(
        default_factory=dict
    )
    weighted_metrics: Annotated[
        dict[str, tuple[Call, ...]], doc("Metrics for each output that heed the weights.")
    ] = field(default_factory=dict)
    class_weights: Annotated[
        dict[str, float], doc("How much each class counts in training, by its number.")
    ] = field(default_factory=dict)
    callbacks: Annotated[tuple[Call, ...], doc("Callbacks, in order.")] = ()
    steps_per_epoch: Annotated[Positive | None, doc("Batches in an epoch; by default all.")] = None
    validation_steps: Annotated[Positive | None, doc("Batches of a validation.")] = None
    validation_freq: Annotated[
        Positive | tuple[Positive, ...],
        doc("Epochs from one validation to the next, or the epochs, from 1, that end with one."),
    ] = 1
    steps_per_execution: Annotated[
        Positive | Literal["auto"],
        doc('Batches for one call of the graph; "auto" measures which number is fastest.'),
    ] = 1
    jit_compile: Annotated[
        bool | Literal["auto"],
        doc('Compile the training step with XLA; "auto" where that was measured to be faster.'),
    ] = False
    checkpoint_seconds: Annotated[
        Positive, doc("Seconds between two checkpoints within an epoch; one comes at its end too.")
    ] = 300
    checkpoint_steps: Annotated[
        Positive | None, doc("Batches between two checkpoints, in the place of the time.")
    ] = None
    checkpoints_kept: Annotated[Positive, doc("How many of the last checkpoints are kept.")] = 2
    checkpoint_best: Annotated[
        str, doc("The logged value whose best epoch is kept beside them, such as val_loss.")
    ] = ""


class Distribution(Call, frozen=True, omit_defaults=True):
    """A tf.distribute strategy, as a call, and what it takes to spread a training by it."""

    virtual_devices: Annotated[
        Positive | None, doc("Logical devices that the CPU, or each GPU, is split into.")
    ] = None
    cluster: Annotated[
        dict[str, tuple[str, ...]],
        doc("The addresses (host:port) of each role: chief, worker, ps. TF_CONFIG comes first."),
    ] = field(default_factory=dict)
    scale_learning_rate: Annotated[
        Literal["linear", "sqrt"] | None,
        doc("Multiply the learning rate by the number of replicas, or by its square root."),
    ] = None


class Project(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Everything that one project.json says."""

    studio: Annotated[int, doc("Version of the file format.")] = FORMAT
    name: Annotated[str, doc("What the project is called.")] = ""
    note: Annotated[str, doc("Free text.")] = ""
    data: Annotated[DataGraph | None, doc("How examples come in.")] = None
    model: Annotated[ModelGraph | None, doc("The model.")] = None
    blocks: Annotated[dict[str, Block], doc("Named graphs used as nodes.")] = field(
        default_factory=dict
    )
    code: Annotated[dict[str, Code], doc("The user's own Python.")] = field(default_factory=dict)
    training: Annotated[Training | None, doc("The training.")] = None
    distribution: Annotated[Distribution | None, doc("The tf.distribute strategy, if any.")] = None
    exports: Annotated[tuple[Call, ...], doc("What is written out after training.")] = ()

    @property
    def precision(self) -> str:
        """The dtype policy of the layers of the model."""
        return self.training.precision if self.training is not None else "float32"

    def graph(self, name: str) -> Graph | None:
        """The graph called "model", "data" or "block:NAME"; None where there is none."""
        if name in GRAPH_KINDS:
            return getattr(self, name)
        return self.blocks.get(name.removeprefix("block:"))

    def graphs(self) -> dict[str, Graph]:
        """All graphs there are, by name: data, model, then the blocks."""
        found = {name: getattr(self, name) for name in ("data", "model")}
        found |= {f"block:{name}": block for name, block in self.blocks.items()}
        return {name: graph for name, graph in found.items() if graph is not None}

    def with_graph(self, name: str, graph: Graph) -> Project:
        """The same project with one graph exchanged."""
        if name in GRAPH_KINDS:
            return replace(self, **{name: graph})
        return replace(self, blocks={**self.blocks, name.removeprefix("block:"): graph})


def is_call(value: Any) -> bool:
    """Whether a parameter's value is itself a call."""
    return isinstance(value, Mapping) and "op" in value


def is_reference(value: Any) -> bool:
    """Whether a value stands for a parameter of the block around it."""
    return isinstance(value, Mapping) and set(value) == {"$"} and isinstance(value["$"], str)


def references(value: Any) -> list[str]:
    """The names of the block parameters that stand anywhere in a value."""
    if value is None or isinstance(value, (str, int, float)):
        return []  # most are: so much is said without looking further
    if is_reference(value):
        return [value["$"]]
    if not isinstance(value, (Mapping, list, tuple)):
        return []
    inner = value.values() if isinstance(value, Mapping) else value
    return [name for item in inner for name in references(item)]


def output_name(end: str) -> str:
    """What losses, metrics, labels and the model's own dict call an output: node, or node_port."""
    return end.replace(".", "_")


def owner(graph: Graph, node: Node) -> Node | None:
    """The node whose layer this node calls: itself, or the one it shares; None where lost."""
    return graph.nodes.get(node.shares) if node.shares is not None else node
