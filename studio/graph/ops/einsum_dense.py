"""EinsumDense: a product of the input and a kernel, as an equation says it."""

from __future__ import annotations

import re
from typing import NoReturn

from msgspec import Struct

from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Either, Float, Int, Shape, Text
from studio.graph.ops.numbers import initializers, numbers, times, with_lora
from studio.graph.problems import quoted
from studio.graph.rule import Args
from studio.graph.spec import Refused, Result, Spec, known

_FORMS = (
    re.compile("()([a-zA-Z]+),([a-zA-Z]+)->([a-zA-Z]+)"),
    re.compile("(0)([a-zA-Z]+),([a-zA-Z]+)->0([a-zA-Z]+)"),
    re.compile("()([a-zA-Z]{2,})0,([a-zA-Z]+)->([a-zA-Z]+)0"),
)
"""(whether "..." is on the left, input, kernel, output). What follows the match Keras ignores."""


class _Sizes(Struct):
    """The axes of an equation by their letters, and how large they are."""

    input: dict[str, int | None]
    output: dict[str, int | None]
    shape: tuple[int | None, ...]
    """The whole output's, with the axes that "..." stands for."""
    behind: int
    """How many axes "..." stands for at the end of the output."""

    def known(self, letter: str) -> int:
        """The size of an axis of the kernel."""
        if letter not in self.output and letter not in self.input:
            _refuse(letter, "kernel", "input nor output")
        size = self.output[letter] if letter in self.output else self.input[letter]
        return known(size, f'the size of "{letter}"')


def _refuse(letter: str, where: str, lacking: str) -> NoReturn:
    raise Refused(f'has the axis "{letter}" in its {where}, but neither {lacking} has it')


@describe(
    "keras.layers.EinsumDense",
    family="core",
    shown="equation output_shape activation",
    equation=Text(),
    output_shape=Either((Int(0), Shape())),
    bias_axes=Text(),
    lora_rank=Int(0),
    lora_alpha=Float(),
    gptq_unpacked_column_size=Int(),
    **initializers("kernel", "bias"),
)
def einsum_dense(p: Args, x: Spec) -> Result:
    """(batch, ...) -> (batch, *output_shape), with a kernel as the equation asks for."""
    numbers(x)
    elided, taken, kernel, given = _parsed(p.equation)
    sizes = _matched(p, x, bool(elided), taken, given)
    for letter in given:
        if letter not in taken and letter not in kernel:
            _refuse(letter, "output", "input nor kernel")
    shape = tuple(sizes.known(letter) for letter in kernel)
    weights = with_lora(p, "kernel", shape, p.kernel_constraint)
    if p.bias_axes is not None:
        weights.append(p.weight("bias", _bias(p.bias_axes, given, sizes)))
    summed = [size for letter, size in sizes.input.items() if letter not in sizes.output]
    cost = times(2, *summed)
    after = (p.bias_axes is not None) + (p.activation not in (None, "linear"))
    flops = None if cost is None else times(cost + after, *sizes.shape[1:])
    return p.result(Spec(sizes.shape, p.compute_dtype), weights, flops)


def _parsed(equation: str) -> tuple[str, str, str, str]:
    for form in _FORMS:
        found = form.match(equation.replace("...", "0"))
        if found:
            return found.groups()
    raise Refused(
        f"can't read its equation {quoted(equation)}",
        'Write it as "ab,bc->ac", with "..." at both beginnings or both ends of input and output.',
    )


def _matched(p: Args, x: Spec, left: bool, taken: str, given: str) -> _Sizes:
    """The letters' sizes, those of the input from its shape, those of the output from its own."""
    more = x.rank - len(taken)  # the axes that "..." stands for
    if not x.rank or more < 0:
        raise Refused(f'needs an input of at least {len(taken)} axes ("{taken}"), not {x.rank}')
    partial = p.output_shape if isinstance(p.output_shape, (list, tuple)) else (p.output_shape,)
    if left:
        # Keras puts what "..." stands for, but for the batch, into the output back to front.
        shape = (x.shape[0], *reversed(x.shape[1:more]), *partial)
    else:
        shape = (x.shape[0], *partial, *x.shape[x.rank - more :])
    skipped = more if left else 0
    if len(shape) < len(given) + skipped:
        raise Refused(
            f'has the axes "{given}" in its output, more than output_shape gives a size for',
            "Give output_shape a size for each axis of the output but the first.",
        )
    inputs = dict(zip(taken, x.shape[skipped:], strict=False))
    outputs = dict(zip(given, shape[skipped:], strict=False))
    for letter in taken:
        size = outputs.get(letter)
        if size is not None and size != inputs[letter]:
            raise Refused(
                f'keeps the axis "{letter}", whose size is {inputs[letter] or "unknown"} in the '
                f"input and {size} in output_shape",
                "Give both the same size.",
            )
    return _Sizes(inputs, outputs, shape, 0 if left else more)


def _bias(axes: str, given: str, sizes: _Sizes) -> tuple[int, ...]:
    """Of the output from the first of these axes on; 1 along those that have no bias."""
    if not axes or any(letter not in given for letter in axes):
        raise Refused(
            f"has {quoted(axes)} as bias_axes, which aren't axes of its output",
            f"Choose among {', '.join(sizes.output)}.",
        )
    letters = given[min(map(given.index, axes)) :]
    shape = [sizes.known(letter) if letter in axes else 1 for letter in letters]
    return (*shape, *[1] * sizes.behind)
