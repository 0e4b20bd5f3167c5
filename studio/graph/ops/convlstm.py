"""ConvLSTM over one, two or three axes: an LSTM whose products are convolutions."""

from __future__ import annotations

import math
from typing import Any

from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Choice, Int, Ints
from studio.graph.ops.cells import ACTIVATIONS, DROPOUTS, KINDS, checked_initializers
from studio.graph.ops.recurrent import PORTS, checked_states, over_time
from studio.graph.ops.windows import CHANNELS, window_sizes
from studio.graph.rule import Args, axes
from studio.graph.spec import Refused, Result, Spec, Weight, known

_LSTM = KINDS["LSTM"]


def _rule(rank: int):
    def rule(p: Args, sequence: Spec, initial_state: tuple[Spec, ...], mask: Spec | None) -> Result:
        first = p.data_format == "channels_first"
        if sequence.rank != rank + 3:
            names = {1: "rows", 2: "rows, columns", 3: "depth, rows, columns"}[rank]
            order = f"channels, {names}" if first else f"{names}, channels"
            raise Refused(f"expects {rank + 3} axes (batch, steps, {order})")
        checked_states(_LSTM.states, initial_state)
        kernel, strides, dilation = (
            axes(value, rank) for value in (p.kernel_size, p.strides, p.dilation_rate)
        )
        if max(strides) > 1 and max(dilation) > 1:
            raise Refused("can have strides or a dilation_rate above 1, not both")
        checked_initializers(p)
        sizes = sequence.shape[3:] if first else sequence.shape[2:-1]
        channels = known(sequence.shape[2 if first else -1], "the number of channels")
        if None in sizes:
            raise Refused(
                "keeps a state as large as its images, so it needs to know their size",
                "Give those axes sizes in the Input's shape.",
            )
        out = window_sizes(sizes, kernel, strides, p.padding, dilation)
        shape = (p.filters, *out) if first else (*out, p.filters)
        weights = [
            _weight(p, "kernel", (*kernel, channels, _LSTM.gates * p.filters)),
            _weight(p, "recurrent_kernel", (*kernel, p.filters, _LSTM.gates * p.filters)),
        ]
        if p.use_bias:
            weights.append(_weight(p, "bias", (_LSTM.gates * p.filters,)))
        products = 2 * math.prod(kernel) * (channels + p.filters) + bool(p.use_bias)
        each = _LSTM.gates * products + _LSTM.elementwise
        flops = math.prod(out) * p.filters * each
        return over_time(p, sequence, shape, [shape] * len(_LSTM.states), weights, flops)

    return rule


def _weight(p: Args, name: str, shape: tuple[int, ...]) -> Weight:
    # Keras doesn't hand trainable on to the cell: these weights are trained all the same.
    return Weight(name, shape, p.variable_dtype)


def _outputs(params: dict[str, Any]) -> tuple[str, ...]:
    return ("output", *(_LSTM.states if params.get("return_state") else ()))


for _rank in (1, 2, 3):
    describe(
        f"keras.layers.ConvLSTM{_rank}D",
        family="recurrent",
        inputs=PORTS,
        outputs=_outputs,
        shown="filters kernel_size return_sequences",
        filters=Int(0),
        kernel_size=Ints(_rank),
        strides=Ints(_rank),
        padding=Choice(("valid", "same")),
        dilation_rate=Ints(_rank),
        data_format=CHANNELS,
        seed=Int(),
        **ACTIVATIONS["LSTM"],
        **DROPOUTS,
    )(_rule(_rank))
