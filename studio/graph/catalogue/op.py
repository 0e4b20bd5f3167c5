"""The description of one op: what it is, takes and gives."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from msgspec import Struct, field

from studio.graph.catalogue.nest import Nest
from studio.graph.catalogue.types import Constant, Type

REQUIRED = object()
"""The default of a parameter that has none."""


class Param(Struct, frozen=True):
    """A keyword argument of an op."""

    name: str
    type: Type
    default: Any = REQUIRED
    help: str = ""
    keywords: bool = False
    """Whether its entries are keyword arguments of names that the call chooses: **kwargs."""
    call: bool = False
    """Whether it belongs to each call of a layer, not to the layer: use_causal_mask."""

    @property
    def required(self) -> bool:
        """Whether a call must give it."""
        return self.default is REQUIRED

    def accepts(self, value: Any) -> bool:
        """Whether the value fits; what is the default always does."""
        if value is None:
            return self.default is None or self.type.null
        return self.type.accepts(value) or (
            type(value) is type(self.default) and value == self.default
        )

    def expected(self) -> str:
        """What the parameter wants, in words."""
        return self.type.expected() + (", or null" if self.default is None else "")


class Port(Struct, frozen=True):
    """Where tensors come in or go out."""

    name: str
    many: bool = False
    optional: bool = False
    bare: bool = False
    """Whether, of many, a single tensor comes as itself and not as a list of one."""
    spread: bool = False
    """Whether many come as arguments one behind the other: keras.ops.einsum(pattern, a, b)."""
    place: int = -1
    """Where it stands in the signature of a function."""
    weak: bool = False
    """Whether a number in the place of its tensor is one of Python's, whose dtype gives way."""
    fed: bool = False
    """Whether no constant may take its place: Keras looks there alone for what is symbolic."""
    help: str = ""


def one_output(params: dict[str, Any]) -> tuple[str, ...]:
    """The output ports of most ops."""
    return ("output",)


class Op(Struct, frozen=True, dict=True):
    """Everything that form, check, shape rule, code, palette and docs need to know of an op."""

    path: str
    kind: str
    family: str
    help: str = ""
    params: dict[str, Param] = field(default_factory=dict)
    inputs: tuple[Port, ...] = ()
    outputs: Callable[[dict[str, Any]], tuple[str, ...]] = one_output
    shown: tuple[str, ...] = ()
    rule: Callable[..., Any] | None = None
    builds_first: bool = False
    """Whether its state must be made before it is first called inside a graph (a Keras flaw)."""
    nests: Callable[[dict[str, Any]], dict[str, Nest]] = lambda params: {}
    """The form of lists in lists that a call wants, by input port; for the others a plain list."""
    listed: bool = False
    """Whether its outputs come in a list also where there is but one."""
    each: bool = False
    """Whether there is an output for each tensor that comes in; outputs get their number as ""."""
    flattened: Callable[[dict[str, Any]], bool] = lambda params: False
    """Whether the outputs of a call come in tuples in tuples, which the code must flatten."""
    check: Callable[..., None] | None = None
    """What no type can say: how parameters go together. Gets Args, raises Refused."""

    @cached_property
    def name(self) -> str:
        """The last part of its path: Dense."""
        return self.path.rpartition(".")[2]

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """What each parameter is where a call leaves it out; None where a call must give it."""
        return {name: None if p.required else p.default for name, p in self.params.items()}

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The parameters that a call must give."""
        return tuple(name for name, param in self.params.items() if param.required)

    def input(self, name: str) -> Port | None:
        """An input port by name; the first where the name is empty; None where there is none."""
        if not name:
            return self.inputs[0] if self.inputs else None
        return next((port for port in self.inputs if port.name == name), None)

    def constant(self, name: str) -> Param | None:
        """The literal that may take the place of a tensor, as a parameter of the port's name."""
        port = self.input(name) if self.kind == "function" and name else None
        if port is None or port.many or port.fed:
            return None
        return Param(name, Constant(), None, port.help)

    def param(self, name: str) -> Param | None:
        """What a call may be given by this name: a parameter, or a constant for a port."""
        return self.params.get(name) or self.constant(name)

    def of_call(self, params: dict[str, Any]) -> dict[str, Any]:
        """Those of a node's parameters that belong to its call alone."""
        return {
            name: value
            for name, value in params.items()
            if name in self.params and self.params[name].call
        }

    def output_names(self, params: dict[str, Any], tensors: int = 0) -> tuple[str, ...]:
        """The output ports of a call on so many tensors; one where its parameters are too wrong.

        What is wrong with them is told by the check of calls, not here.
        """
        if self.outputs is one_output:
            return ("output",)
        given = self.filled(params) | ({"": tensors} if self.each else {})
        try:
            return self.outputs(given) or ("output",)
        except (TypeError, ValueError, LookupError, AttributeError):
            return ("output",)

    def filled(self, params: dict[str, Any]) -> dict[str, Any]:
        """The parameters of a call, with the defaults of those that it leaves out."""
        return self.defaults | params
