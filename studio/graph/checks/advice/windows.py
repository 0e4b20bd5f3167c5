"""Windows and the axes they move over: too small, too wide, too far apart."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

from studio.graph.checks.advice.context import Context
from studio.graph.checks.advice.fixes import param, remove, step
from studio.graph.checks.advice.flow import POOLINGS
from studio.graph.checks.advice.registry import Finding, advice
from studio.graph.checks.advice.view import View
from studio.graph.edits import Edit
from studio.graph.problems import quoted
from studio.graph.rule import axes
from studio.graph.spec import Spec

CONVOLUTIONS = (
    *(f"Conv{rank}D" for rank in (1, 2, 3)),
    *(f"DepthwiseConv{rank}D" for rank in (1, 2)),
    *(f"SeparableConv{rank}D" for rank in (1, 2)),
)
MANY = 2
"""So many layers with windows behind the one that leaves a single place are no accident."""


def _rank(kind: str) -> int:
    return int(kind[-2])


def _sizes(view: View, node: str, spec: Spec | None) -> tuple[int | None, ...] | None:
    """The axes that a window moves over, without channels; None where the tensor is another."""
    rank = _rank(view.kind(node))
    if spec is None or spec.rank != rank + 2:
        return None
    first = _params(view, node).get("data_format") == "channels_first"
    return spec.shape[2:] if first else spec.shape[1:-1]


def _params(view: View, node: str) -> dict[str, Any]:
    """All parameters of a node whose call itself is sound; also of one whose shape is refused."""
    op, made = view.op(node), view.made(node)
    return op.filled(made.params)


def _window(view: View, node: str) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """How far a window reaches on each axis, and its strides; None where that isn't known."""
    rank, values = _rank(view.kind(node)), _params(view, node)
    size = values.get("pool_size", values.get("kernel_size"))
    strides = size if values.get("strides") is None else values["strides"]
    size, strides, gaps = (
        axes(each, rank) for each in (size, strides, values.get("dilation_rate", 1))
    )
    if not all(isinstance(each, int) for each in (*size, *strides, *gaps)):
        return None  # one of them stands for a block's parameter
    return tuple((n - 1) * gap + 1 for n, gap in zip(size, gaps, strict=True)), strides


@advice("too-small-from-here")
def too_small_from_here(context: Context) -> Iterator[Finding]:
    """Further on a window is larger than what is left of the picture, which is an error there;
    this is the layer from which on it is too small. Every pooling and every stride of 2 halves
    the sides, and every window with padding "valid" cuts a border off, so that small pictures are
    soon used up. Set padding to "same", leave out a pooling, or begin with larger pictures.
    """
    view = context.model
    if view is None:
        return
    for problem in context.problems:
        node = problem.node
        if problem.code != "shape" or problem.graph != "model" or node not in view.place:
            continue
        if (
            view.kind(node) not in (*CONVOLUTIONS, *POOLINGS)
            or len(view.wiring.incoming[node]) != 1
        ):
            continue
        sizes, window = _sizes(view, node, view.given(node)), _window(view, node)
        if sizes is None or window is None or _params(view, node)["padding"] != "valid":
            continue
        for axis, (size, reach) in enumerate(zip(sizes, window[0], strict=True)):
            if size is not None and size < reach:
                where, left = _first_too_small(view, node, axis, reach)
                if where is None:
                    break
                title = f"Let {node} fill up the border"
                yield Finding(
                    where,
                    f"leaves {left} places on an axis on which {quoted(node)}, further on, moves "
                    f"a window of {reach}.",
                    f'Set padding to "same" here or at {quoted(node)}, or begin with larger input.',
                    step(title, param(view, node, "padding", "same")) if view.plain(node) else None,
                )
                break


def _first_too_small(view: View, node: str, axis: int, reach: int) -> tuple[str | None, int]:
    """The layer furthest up that leaves less than is needed, as far as the row of layers goes."""
    found, left = None, 0
    here = view.before(node)
    while here is not None:
        sizes = _sizes(view, node, view.spec(here))
        if sizes is None or sizes[axis] is None or sizes[axis] >= reach:
            break
        found, left = here, sizes[axis]
        edges = view.wiring.incoming[here]
        here = edges[0].source_node if edges else None  # branches that meet are of one size
    return found, left


@advice("single-place")
def single_place(context: Context) -> Iterator[Finding]:
    """Here the picture shrinks to a single place, although more layers with windows follow.
    Behind it there is nothing left to look around for: their windows see one value and, for the
    rest, the padding. Leave out a pooling or a stride, or begin with larger pictures.
    """
    view = context.model
    if view is None:
        return
    windowed = set(view.of(*CONVOLUTIONS, *POOLINGS))
    for node in view.of(*CONVOLUTIONS, *POOLINGS):
        before, after = (_sizes(view, node, each) for each in (view.given(node), view.spec(node)))
        window = _window(view, node)
        if None in (before, after, window) or set(after) != {1} or set(before) == {1}:
            continue
        if None in before or all(a <= b for a, b in zip(before, window[0], strict=True)):
            continue  # a window over all of it is the way to make one value on purpose
        behind, here = [], view.after(node)
        while here is not None:
            if here in windowed and max(_window(view, here)[0]) > 1:
                behind.append(here)
            here = view.after(here)
        if len(behind) >= MANY:
            yield Finding(
                node,
                f"leaves a single place of {_times(before)}, and {len(behind)} more layers with "
                f"windows follow, the first {quoted(behind[0])}.",
                "Leave it out, reduce its strides, or begin with larger input.",
                _less(view, node),
            )


def _less(view: View, node: str) -> Edit | None:
    if view.kind(node) in POOLINGS:
        return remove(view, node)
    if not view.plain(node):
        return None
    return step(f"Move {node} by single steps", param(view, node, "strides", None))


def _times(sizes: tuple[int | None, ...]) -> str:
    return " x ".join(map(str, sizes))


@advice("kernel-in-padding")
def kernel_in_padding(context: Context) -> Iterator[Finding]:
    """With padding "same" the window is wider than twice the picture, so that parts of the kernel
    never touch anything but the zeros around it. Those weights are never trained and never used.
    Use a smaller kernel, or shrink the picture less before.
    """
    view = context.model
    if view is None:
        return
    for node in view.of(*CONVOLUTIONS):
        sizes, window = _sizes(view, node, view.given(node)), _window(view, node)
        if sizes is None or window is None or view.value(node, "padding") != "same":
            continue
        if None in sizes or set(axes(view.value(node, "dilation_rate"), len(sizes))) != {1}:
            continue
        best = [min(n, 2 * size - 1) for n, size in zip(window[0], sizes, strict=True)]
        if tuple(best) == window[0]:
            continue
        idle = prod(window[0]) - prod(best)
        title = f"Make the kernel of {node} {_times(best)}"
        yield Finding(
            node,
            f"moves a kernel of {_times(window[0])} over {_times(sizes)} places: at least {idle} "
            f"of its {prod(window[0])} taps only ever meet the padding.",
            f"Use a kernel_size of {_times(best)} at most.",
            step(title, param(view, node, "kernel_size", best)) if view.plain(node) else None,
        )


@advice("stride-over-window")
def stride_over_window(context: Context) -> Iterator[Finding]:
    """The window moves further than it is wide, so that some of the input is looked at by none of
    its places. Mostly `strides` and the size were exchanged. Use strides that are no larger than
    the window. (A kernel of 1 with a stride, as on the short way around a residual block, is
    usual and isn't reported.)
    """
    for view in context.layered:
        for node in view.of(*CONVOLUTIONS, *POOLINGS):
            window = _window(view, node)
            if window is None or max(window[0]) == 1:
                continue
            reach, strides = window
            if not any(far > n for n, far in zip(reach, strides, strict=True)):
                continue
            wanted = None if view.kind(node) in POOLINGS else list(map(min, reach, strides))
            title = f"Let the windows of {node} touch"
            yield Finding(
                node,
                f"moves a window of {_times(reach)} by {_times(strides)}, so it leaves parts of "
                "its input out.",
                f"Use strides of at most {_times(reach)}.",
                step(title, param(view, node, "strides", wanted)) if view.plain(node) else None,
                graph=view.name,
            )
