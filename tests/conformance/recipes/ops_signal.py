"""keras.ops on signals."""

from __future__ import annotations

from typing import Any

from tests.conformance.draw import Draw
from tests.conformance.recipes import recipe
from tests.conformance.recipes.ops_shape import Drawn, like, maybe, spec


def parts(draw: Draw, known: float = 0.7) -> dict[str, Any]:
    """A real and an imaginary part; now and then unequal, or another number of tensors."""
    real = spec(draw, draw.size(0, 4), known)
    count = draw.one([0, 1, 3]) if draw.odd() else 2
    return {"x": [real, *(like(draw, real, 0.05) for _ in range(count - 1))][:count]}


@recipe("keras.ops.fft", "keras.ops.fft2", "keras.ops.ifft2", "keras.ops.irfft")
def fourier(draw: Draw, path: str) -> Drawn:
    params = maybe(draw, "fft_length", draw.size(1, 9), 0.4) if path.endswith("irfft") else {}
    return params, parts(draw)


@recipe("keras.ops.rfft")
def rfft(draw: Draw, path: str) -> Drawn:
    return maybe(draw, "fft_length", draw.size(1, 9), 0.5), {"x": spec(draw, draw.size(0, 3))}


@recipe("keras.ops.stft", "keras.ops.istft")
def stft(draw: Draw, path: str) -> Drawn:
    params = {
        "sequence_length": draw.size(1, 6),
        "sequence_stride": draw.one([0, -1]) if draw.odd() else draw.size(1, 4),
        "fft_length": draw.size(1, 8),
    }
    params |= maybe(draw, "center", draw.chance(0.4), 0.5)
    params |= maybe(draw, "window", draw.one(["hann", "hamming", None]), 0.5)
    if path.endswith("istft"):
        if draw.chance(0.3):
            params["length"] = -1 if draw.odd() else draw.size(0, 20)
        return params, parts(draw)
    return params, {"x": spec(draw, draw.size(0, 3), high=16)}


@recipe("keras.ops.extract_sequences")
def extract_sequences(draw: Draw, path: str) -> Drawn:
    params = {"sequence_length": draw.size(1, 6), "sequence_stride": draw.size(1, 3)}
    return params, {"x": spec(draw, draw.size(0, 3), high=12)}


@recipe("keras.ops.polar")
def polar(draw: Draw, path: str) -> Drawn:
    size = spec(draw, draw.size(0, 3))
    return {}, {"abs_": size, "angle": like(draw, size)}


@recipe("keras.ops.view_as_complex")
def view_as_complex(draw: Draw, path: str) -> Drawn:
    return {}, {"x": spec(draw, draw.size(0, 3))}
