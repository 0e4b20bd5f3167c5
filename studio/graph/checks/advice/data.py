"""The order of the stages of the data, and their sizes."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice, pairwise
from pathlib import Path

from studio.graph.checks.advice.context import Context
from studio.graph.checks.advice.fixes import insert, param, remove, step, swap
from studio.graph.checks.advice.registry import Finding, advice
from studio.graph.elements import Elements
from studio.graph.problems import ERROR, quoted
from studio.graph.spec import Refused
from studio.graph.tables import existing
from studio.graph.wiring import upstream

LOOKED_AT = 100_000
"""Rows of a file that are looked at to see whether it is sorted."""
BUFFER = 10_000
"""The largest buffer that is proposed; also where the number of elements isn't known."""
USUAL = 32
"""A batch size that does for most."""
MUCH = 10
"""So many times the buffer the data must be, for the buffer to be called small."""


def arriving(context: Context, node: str) -> Elements | None:
    """What comes into a stage; None where that isn't known."""
    edges = context.data.wiring.incoming[node]
    found = context.data.shapes.at(edges[0].source) if edges else None
    return found if isinstance(found, Elements) else None


def stages_before(context: Context, node: str, kind: str) -> list[str]:
    """The stages of a kind that stand somewhere before a node."""
    above = upstream(context.data.wiring, [node]) - {node}
    return [name for name in context.data.of(kind) if name in above]


@advice("sorted-classes")
def sorted_classes(context: Context) -> Iterator[Finding]:
    """The rows of the file are sorted by their label, and nothing mixes them. Each batch then
    holds one class only, and the model learns the last one and forgets the others; a split by
    position would even leave whole classes out of a part. Put tf.data.Dataset.shuffle before the
    batch, with a buffer as large as the data, or let the split mix.
    """
    data = context.data
    if data is None:
        return
    stages = context.stages()
    if any(data.kind(node) in ("shuffle", "window") for node in stages):
        return
    splits = [node for node in data.of("split") if node in stages]
    if any(data.value(node, "shuffle") for node in splits):
        return
    sources = [node for node in data.of("csv") if node in stages]
    batches = [node for node in data.of("batch") if node in stages]
    if len(sources) != 1 or not batches:
        return
    path, label = (data.value(sources[0], name) for name in ("path", "label"))
    if label is None or not sorted_by(path, label, context.folder):
        return
    if splits:
        yield Finding(
            splits[0],
            f"takes its parts by position from {quoted(path)}, whose rows are sorted by "
            f"{quoted(label)}.",
            "Set shuffle to true.",
            step(f"Let {splits[0]} mix", param(data, splits[0], "shuffle", None)),
            graph="data",
        )
        return
    elements = arriving(context, batches[0])
    size = min(elements.count or BUFFER, BUFFER) if elements is not None else BUFFER
    end = data.wiring.incoming[batches[0]][0].source
    op = "tf.data.Dataset.shuffle"
    yield Finding(
        batches[0],
        f"makes batches of one class each: the rows of {quoted(path)} are sorted by "
        f"{quoted(label)}, and nothing mixes them.",
        f"Put {op} before it.",
        insert(data, end, "shuffle", op, only=batches[0], buffer_size=size),
        graph="data",
    )


def sorted_by(path: str, label: str, folder: Path) -> bool:
    """Whether the rows of a file are sorted by a column of it."""
    try:
        file = existing(path, folder)
        state = file.stat()
        return _in_runs(file, label, state.st_mtime_ns, state.st_size)
    except (Refused, OSError, EOFError, zlib.error, csv.Error, ValueError):
        return False


@lru_cache(maxsize=16)
def _in_runs(file: Path, label: str, _changed: int, _size: int) -> bool:
    """Whether all rows of each class stand together; cached by the time and size of the file."""
    opened = gzip.open if file.suffix == ".gz" else open
    with opened(file, "rt", encoding="utf-8-sig", newline="") as text:
        rows = csv.DictReader(text)
        cells = [row[label] for row in islice(rows, LOOKED_AT) if row.get(label)]
    runs = sum(a != b for a, b in pairwise(cells)) + 1
    classes = len(set(cells))
    return 1 < classes == runs and classes * 5 <= len(cells)


@advice("shuffle-behind-batch")
def shuffle_behind_batch(context: Context) -> Iterator[Finding]:
    """The shuffle stands behind the batch, so that whole batches change places, but the same
    examples stay together in each of them, epoch after epoch. That mixes much less than it seems
    to. Put the shuffle before the batch.
    """
    stages = context.stages()
    for node in context.data.of("shuffle") if context.data is not None else ():
        batches = stages_before(context, node, "batch") if node in stages else []
        if batches and not any(stages_before(context, batch, "shuffle") for batch in batches):
            yield Finding(
                node,
                f"mixes whole batches, as it stands behind {quoted(batches[0])}; the examples of "
                "a batch stay together.",
                f"Put it before {quoted(batches[0])}.",
                swap(context.data, node) if context.data.before(node) in batches else None,
                graph="data",
            )


@advice("small-shuffle")
def small_shuffle(context: Context) -> Iterator[Finding]:
    """The buffer of the shuffle is smaller than a batch, so that examples hardly leave the place
    where they stand in the file: each batch is made of neighbours. Use a buffer as large as the
    data, or as large as the memory allows.
    """
    data, stages = context.data, context.stages()
    for node in data.of("shuffle") if data is not None else ():
        buffer, elements = data.value(node, "buffer_size"), arriving(context, node)
        batch = data.after(node)
        if node not in stages or buffer is None or elements is None or data.kind(batch) != "batch":
            continue
        size = data.value(batch, "batch_size")
        if size is None or buffer >= size or (elements.count or BUFFER) <= MUCH * buffer:
            continue
        wanted = min(elements.count or BUFFER, BUFFER)
        yield Finding(
            node,
            f"mixes {buffer} elements at a time, fewer than the {size} of a batch.",
            f"Set buffer_size to {wanted}.",
            step(f"Let {node} mix {wanted} elements", param(data, node, "buffer_size", wanted)),
            graph="data",
        )


@advice("batch-twice")
def batch_twice(context: Context) -> Iterator[Finding]:
    """Two batch stages stand in the same row, so that batches are joined to batches of batches,
    with one axis more than the model takes. Remove one of them.
    """
    if context.data is None:
        return
    for problem in context.problems:
        if problem.code != "join" or problem.node not in context.data.place:
            continue
        above = upstream(context.data.wiring, [problem.node])
        for node in context.data.graph.nodes:
            earlier = (
                stages_before(context, node, "batch") if context.data.kind(node) == "batch" else []
            )
            if node in above and earlier:
                yield Finding(
                    problem.node,
                    problem.message,
                    f"Remove {quoted(node)}: {quoted(earlier[0])} has made batches already.",
                    remove(context.data, node),
                    graph="data",
                    severity=ERROR,
                    instead=problem,
                )
                break


@advice("one-batch")
def one_batch(context: Context) -> Iterator[Finding]:
    """A batch is larger than all of the training data, so that there is one step in each epoch,
    with a batch smaller than the number says. Few large steps learn slowly. Use smaller batches,
    such as 32.
    """
    data, stages = context.data, context.stages()
    for node in data.of("batch") if data is not None else ():
        elements, size = arriving(context, node), data.value(node, "batch_size")
        if node not in stages or elements is None or not elements.count or size is None:
            continue
        if size > max(elements.count, USUAL):  # a handful of examples is a trial
            wanted = USUAL if elements.count > USUAL else max(1, elements.count // 4)
            yield Finding(
                node,
                f"makes batches of {size}, but there are only {elements.count} elements: one "
                "step an epoch.",
                f"Set batch_size to {wanted}.",
                step(f"Make batches of {wanted}", param(data, node, "batch_size", wanted)),
                graph="data",
            )


@advice("rest-not-evaluated")
def rest_not_evaluated(context: Context) -> Iterator[Finding]:
    """The batches of the validation or test drop what doesn't fill a whole batch, so that some
    examples are never evaluated, and the numbers are those of the others only. Dropping the
    remainder is for training; set `drop_remainder` to false here.
    """
    data, train = context.data, context.stages()
    if data is None or context.project.distribution is not None:
        return  # some strategies need batches of one size
    for split in ("validation", "test"):
        stages = context.stages(split)
        for node in data.of("batch"):
            elements, size = arriving(context, node), data.value(node, "batch_size")
            drops = data.value(node, "drop_remainder") is True and node not in train
            if node not in stages or not drops or elements is None or not elements.count:
                continue
            left = elements.count % size
            if left:
                yield Finding(
                    node,
                    f"leaves {left} of {elements.count} elements out of the {split}.",
                    "Set drop_remainder to false.",
                    step(f"Let {node} keep the rest", param(data, node, "drop_remainder", None)),
                    graph="data",
                )


@advice("cached-shuffle")
def cached_shuffle(context: Context) -> Iterator[Finding]:
    """The cache stands behind a shuffle, so it keeps the order of the first epoch, and every
    later epoch comes in that same order: the shuffle works only once. Put the cache before the
    shuffle.
    """
    for node in context.data.of("cache") if context.data is not None else ():
        elements = arriving(context, node)
        if elements is not None and elements.unsteady and node in context.stages():
            before = context.data.before(node)
            direct = context.data.kind(before) == "shuffle"
            yield Finding(
                node,
                "keeps the order of the first epoch, as it stands behind a shuffle.",
                "Put it before the shuffle.",
                swap(context.data, node) if direct else None,
                graph="data",
            )


@advice("endless-cache")
def endless_cache(context: Context) -> Iterator[Finding]:
    """The cache keeps what comes out of a repeat without end. It is never full, so it is never
    read from, and it grows until the memory is used up. Put the cache before the repeat.
    """
    for node in context.data.of("cache") if context.data is not None else ():
        elements = arriving(context, node)
        if elements is not None and elements.infinite:
            direct = context.data.kind(context.data.before(node)) == "repeat"
            yield Finding(
                node,
                "keeps data without end, so it grows until the memory is used up.",
                "Put it before the repeat.",
                swap(context.data, node) if direct else None,
                graph="data",
            )
