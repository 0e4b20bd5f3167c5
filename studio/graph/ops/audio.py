"""Sound as pictures of its frequencies."""

from __future__ import annotations

from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Choice, Either, Float, Int, ListOf, or_null
from studio.graph.ops.windows import CHANNELS, window_sizes
from studio.graph.rule import Args
from studio.graph.spec import FLOATS, Refused, Result, Spec, product

# What scipy.signal.get_window makes without further parameters, and its short names for them.
_WINDOWS = (
    *("hann", "hamming", "blackman", "blackmanharris", "bartlett", "barthann", "bohman"),
    *("boxcar", "cosine", "exponential", "flattop", "lanczos", "nuttall", "parzen", "taylor"),
    *("triang", "tukey", "brthan", "bth", "bart", "brt", "black", "blk", "blackharr", "bkh"),
    *("bman", "bmn", "box", "ones", "rect", "rectangular", "halfcosine", "poisson", "flat"),
    *("flt", "hamm", "ham", "han", "sinc", "nutl", "nut", "parz", "par", "taylorwin"),
    *("triangle", "tri", "tuk"),
)


@describe(
    "keras.layers.STFTSpectrogram",
    family="audio preprocessing",
    shown="mode frame_length frame_step",
    frame_length=Int(1),
    frame_step=Int(1),
    fft_length=Int(1),
    window=or_null(Either((Choice(_WINDOWS), ListOf(Float())))),
    scaling=or_null(Choice(("density", "spectrum"))),
    padding=Choice(("valid", "same")),
    data_format=CHANNELS,
)
def stft_spectrogram(p: Args, x: Spec) -> Result:
    """(batch, time, channels) to (batch, frames, channels * frequencies)."""
    if p.frame_step is not None and p.frame_step > p.frame_length:
        raise Refused(
            f"steps over {p.frame_step} values, more than its frames of {p.frame_length} hold",
            f"Set frame_step to at most {p.frame_length}.",
        )
    if p.fft_length is not None and p.fft_length < p.frame_length:
        raise Refused(
            f"has an fft_length of {p.fft_length}, less than its frames of {p.frame_length}",
            f"Set fft_length to at least {p.frame_length}.",
        )
    if x.rank != 3:
        raise Refused(
            "expects 3 axes (batch, time, channels)",
            "Put keras.layers.Reshape before it, with 1 as the last axis.",
        )
    if isinstance(p.window, (list, tuple)) and len(p.window) != p.frame_length:
        raise Refused(
            f"has a window of {len(p.window)} numbers for its frames of {p.frame_length}",
            "Give a number for each value of a frame.",
        )
    first = p.data_format == "channels_first"
    time, channels = (x.shape[2], x.shape[1]) if first else x.shape[1:]
    if channels is None:
        raise Refused(
            "needs to know the number of channels, but it is unknown",
            "Give that axis a size in the Input's shape.",
        )
    step = p.frame_step or p.frame_length // 2
    if not step:
        raise Refused(
            "steps over half a frame, which is nothing in frames of 1", "Set frame_step to 1."
        )
    # The power of two at or above the length of a frame.
    bins = (p.fft_length or 1 << (p.frame_length - 1).bit_length()) // 2 + 1
    (frames,) = window_sizes((time,), (p.frame_length,), (step,), p.padding)
    if p.window is not None and p.variable_dtype not in FLOATS:
        raise Refused(
            f"weighs its frames with a window, which the dtype {p.variable_dtype} can't hold",
            "Choose a dtype of floats.",
        )
    kernel = (p.frame_length, 1, bins)
    weights = [p.weight("real_kernel", kernel)] if p.mode != "imag" else []
    weights += [p.weight("imag_kernel", kernel)] if p.mode != "real" else []
    out = bins * 2 if p.mode == "stft" else bins
    if p.expand_dims:
        shape = (channels, frames, out) if first else (frames, out, channels)
    else:
        shape = (out * channels, frames) if first else (frames, out * channels)
    count = product((frames, bins, channels))
    flops = count and count * (2 * p.frame_length * len(weights) + _AFTER.get(p.mode, 0))
    return p.result(Spec((x.shape[0], *shape), p.compute_dtype), weights, flops)


# What is computed of each real and imaginary part: squares, sum, root, logarithm, angle.
_AFTER = {"log": 7, "magnitude": 5, "psd": 4, "angle": 1}


@describe(
    "keras.layers.MelSpectrogram",
    family="audio preprocessing",
    shown="num_mel_bins fft_length sequence_stride",
    fft_length=Int(),
    sequence_stride=Int(),
    sequence_length=Int(),
    window=Choice(("hann", "hamming")),
    sampling_rate=Float(),
    num_mel_bins=Int(0),
    min_freq=Float(),
    max_freq=Float(),
    top_db=Float(),
    mag_exp=Float(),
    min_power=Float(),
    ref_power=Float(),
)
def mel_spectrogram(p: Args, x: Spec) -> Result:
    """(batch, time) to (batch, num_mel_bins, frames); without a batch (time) too."""
    if p.fft_length < (p.sequence_length or p.fft_length):
        raise Refused(
            f"has an fft_length of {p.fft_length}, less than its sequence_length of "
            f"{p.sequence_length}",
            f"Set fft_length to at least {p.sequence_length}.",
        )
    if not x.rank:
        raise Refused("needs a sequence in time", "Give the Input a shape such as [16000].")
    batch, time = x.shape[:-1][:1], x.shape[min(1, x.rank - 1)]
    frames = None
    if time is not None:
        if not p.sequence_stride:
            raise Refused("steps over 0 values", "Set sequence_stride to at least 1.")
        frames = (time + p.sequence_stride + 1) // p.sequence_stride
        if frames < 0:
            raise Refused("steps backwards", "Set sequence_stride to at least 1.")
    out = Spec((*batch, p.num_mel_bins, frames), p.compute_dtype)
    return p.result(out, (), _mel_flops(p, frames))


def _mel_flops(p: Args, frames: int | None) -> int | None:
    """A fast Fourier transform a frame, its power, the product with the mel scale, decibels."""
    if frames is None:
        return None
    size = max(p.fft_length, 1)
    bins = size // 2 + 1
    transform = 5 * size * size.bit_length() // 2
    return frames * (transform + 5 * bins + 2 * bins * p.num_mel_bins + 5 * p.num_mel_bins)
