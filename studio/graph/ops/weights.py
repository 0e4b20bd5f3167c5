"""What the weights of a model start from, in the place of random numbers."""

from __future__ import annotations

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Bool, Choice, Path

LOAD = "studio.weights.load"
STRUCTURE, NAME = "structure", "name"

describe(
    LOAD,
    kind="weights",
    family="weights",
    shown="path by",
    help="The weights in a file, loaded into the model before it is trained.",
    params=(
        Param(
            "path",
            Path(empty=False),
            help="A .keras, .weights.h5 or legacy .h5 file, or the prefix of a TensorFlow "
            "checkpoint (the path of its .index file without that ending).",
        ),
        Param(
            "by",
            Choice((STRUCTURE, NAME)),
            STRUCTURE,
            "structure: the whole of a model that is built alike; name: those layers alone that "
            "are called alike.",
        ),
        Param(
            "skip_mismatch",
            Bool(),
            False,
            "Whether layers of other shapes keep what they are made with; else they end the run.",
        ),
    ),
)
