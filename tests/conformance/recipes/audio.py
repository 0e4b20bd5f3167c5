"""STFTSpectrogram, MelSpectrogram."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from studio.graph.spec import Spec
from tests.conformance.draw import Draw
from tests.conformance.recipes import recipe
from tests.conformance.recipes.features import common

Case = tuple[dict[str, Any], dict[str, Any]]
# Keras makes a window that has a name with SciPy, which it doesn't itself require.
_NAMED = find_spec("scipy") is not None


@recipe("keras.layers.STFTSpectrogram")
def stft_spectrogram(draw: Draw, path: str) -> Case:
    length = draw.one([1, 2, 3, 5, 8]) if not draw.odd() else draw.one([0, -2])
    params: dict[str, Any] = {"frame_length": length} | draw.params(path, ["mode", "padding"], 0.6)
    params |= draw.some(
        {
            "frame_step": draw.one([1, max(length, 1)]) if not draw.odd() else draw.one([0, 9]),
            "fft_length": length + draw.one([0, 1, 5]) if not draw.odd() else length - 1,
            "periodic": True,
            "expand_dims": True,
            "scaling": draw.one([None, "density", "spectrum"]) if not draw.odd() else "other",
            "data_format": draw.one(["channels_last", "channels_first"]),
        },
        0.4,
    )
    own = draw.one([None, [0.5] * max(length + draw.odd(), 0)])
    if not _NAMED or draw.chance(0.4):
        params["window"] = own
    else:
        names = ["hann", "hamming", "tukey", "blackman", "triang", "boxcar"]
        params |= draw.some({"window": draw.one(names) if not draw.odd() else "kaiser"})
    params |= common(draw, path)
    shape = draw.shape(3, 1, 12)
    shape = tuple(size if i != 2 or draw.odd() else size or 2 for i, size in enumerate(shape))
    return params, {"inputs": Spec(shape, draw.dtype())}


@recipe("keras.layers.MelSpectrogram")
def mel_spectrogram(draw: Draw, path: str) -> Case:
    params: dict[str, Any] = draw.some(
        {
            "fft_length": draw.one([4, 16, 256]),
            "sequence_stride": draw.one([1, 4, 16]) if not draw.odd() else draw.one([0, -1, -4]),
            "sequence_length": draw.one([None, 4, 8]) if not draw.odd() else draw.one([0, 300]),
            "window": draw.one(["hann", "hamming"]),
            "sampling_rate": draw.one([8000, 16000, 22050]),
            "num_mel_bins": draw.one([1, 8, 40]) if not draw.odd() else draw.one([0, -1]),
            "min_freq": draw.one([0, 20.5]),
            "max_freq": draw.one([None, 4000, 7999.5]),
            "power_to_db": False,
            "top_db": draw.one([80.0, 20]),
            "mag_exp": draw.one([1, 2.0]),
            "min_power": 1e-8,
            "ref_power": draw.one([1, 2.5]),
        },
        0.35,
    )
    params |= common(draw, path)
    shape = draw.shape(draw.one([1, 2, 2, 2, 3]), 1, 60)
    return params, {"inputs": Spec(shape, draw.dtype())}
