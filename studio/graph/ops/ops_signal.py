"""keras.ops on signals: Fourier transforms, sequences, complex numbers."""

from __future__ import annotations

import math

from studio.graph.catalogue.types import Bool, Choice, Int, or_null
from studio.graph.ops.ops_axes import at_least, tensor
from studio.graph.ops.ops_common import count, function
from studio.graph.rule import Args
from studio.graph.spec import Refused, Result, Spec, product

_WINDOW = or_null(Choice(("hann", "hamming")))
_STEPS = {"sequence_length": Int(1), "sequence_stride": Int(1)}


def _complex(x: tuple[Spec, ...], rank: int = 1) -> tuple[Spec, Spec]:
    """The real and the imaginary part, of one shape."""
    if len(x) != 2:
        raise Refused(
            f"takes two tensors, the real and the imaginary part, but gets {len(x)}",
            "Draw two edges to it.",
        )
    real, imaginary = x
    if real.shape != imaginary.shape:
        raise Refused("takes a real and an imaginary part of one shape")
    at_least(real, rank)
    return real, imaginary


def _transformed(size: int | None, rows: int | None) -> int | None:
    """The operations of fast transforms: 5 n log2 n each."""
    if size is None or rows is None:
        return None
    return round(5 * rows * size * math.log2(size)) if size else 0


def _fourier(axes: int):
    def rule(p: Args, x: tuple[Spec, ...]) -> Result:
        real, imaginary = _complex(x, axes)
        last = real.shape[-axes:]
        if None in last:
            raise Refused(
                "needs to know the size of the axes that it transforms",
                "Give them in the Input's shape.",
            )
        flops = _transformed(product(last), product(real.shape[1:-axes]))
        return p.result([tensor(real.shape, part.dtype) for part in (real, imaginary)], (), flops)

    return rule


for _name, _axes in (("fft", 1), ("fft2", 2), ("ifft2", 2)):
    function(_name, inputs="x*", outputs="real imaginary")(_fourier(_axes))


@function("rfft", inputs="x", outputs="real imaginary", shown="fft_length", fft_length=Int(1))
def rfft(p: Args, x: Spec) -> Result:
    """(..., n) -> (..., n // 2 + 1), real and imaginary."""
    at_least(x, 1)
    size = x.shape[-1] if p.fft_length is None else p.fft_length
    out = tensor((*x.shape[:-1], None if size is None else size // 2 + 1), x.dtype)
    return p.result([out, out], (), _transformed(size, product(x.shape[1:-1])))


@function("irfft", inputs="x*", shown="fft_length", fft_length=Int(1))
def irfft(p: Args, x: tuple[Spec, ...]) -> Result:
    """(..., n), real and imaginary -> (..., 2 * (n - 1))."""
    real, _ = _complex(x)
    size = p.fft_length
    if size is None and real.shape[-1] is not None:
        size = 2 * (real.shape[-1] - 1)
    out = tensor((*real.shape[:-1], size), real.dtype)
    return p.result(out, (), _transformed(size, product(real.shape[1:-1])))


@function(
    "stft",
    inputs="x",
    outputs="real imaginary",
    shown="sequence_length sequence_stride fft_length",
    **_STEPS,
    fft_length=Int(1),
    window=_WINDOW,
    center=Bool(),
)
def stft(p: Args, x: Spec) -> Result:
    """(..., n) -> (..., frames, fft_length // 2 + 1), real and imaginary."""
    at_least(x, 1)
    size, frames = x.shape[-1], None
    if size is not None:
        edges = p.fft_length // 2 * 2 if p.center else 0
        frames = 1 + (size + edges - p.fft_length) // p.sequence_stride
    out = tensor((*x.shape[:-1], frames, p.fft_length // 2 + 1), x.dtype)
    return p.result([out, out], (), _transformed(p.fft_length, product(out.shape[1:-1])))


@function(
    "istft",
    inputs="x*",
    shown="sequence_length sequence_stride fft_length",
    **_STEPS,
    fft_length=Int(1),
    length=Int(0),
    window=_WINDOW,
    center=Bool(),
)
def istft(p: Args, x: tuple[Spec, ...]) -> Result:
    """(..., frames, bins), real and imaginary -> (..., n)."""
    real, _ = _complex(x, 2)
    frames, size = real.shape[-2], p.length
    if size is None and frames is not None:
        size = (frames - 1) * p.sequence_stride + p.fft_length
        size -= p.fft_length // 2 * 2 if p.center else 0
    out = tensor((*real.shape[:-2], size), real.dtype)
    return p.result(out, (), _transformed(p.fft_length, product(real.shape[1:-1])))


@function("extract_sequences", inputs="x", shown="sequence_length sequence_stride", **_STEPS)
def extract_sequences(p: Args, x: Spec) -> Result:
    """(..., n) -> (..., windows, sequence_length)."""
    at_least(x, 1)
    size = x.shape[-1]
    windows = None if size is None else 1 + (size - p.sequence_length) // p.sequence_stride
    return p.result(tensor((*x.shape[:-1], windows, p.sequence_length), x.dtype))


@function("polar", inputs="abs_ angle")
def polar(p: Args, abs_: Spec, angle: Spec) -> Result:
    """Complex numbers from their size and angle; Keras says float32 for them."""
    return p.result(tensor(abs_.shape), (), product((4, count(abs_.shape))))


@function("view_as_complex", inputs="x")
def view_as_complex(p: Args, x: Spec) -> Result:
    """(..., 2) -> (...), complex."""
    return p.result(tensor(x.shape[:-1], "complex64"))


@function("view_as_real", inputs="x")
def view_as_real(p: Args, x: Spec) -> Result:
    """(...), complex -> (..., 2)."""
    return p.result(tensor((*x.shape, 2)))
