"""`studio preview` and `studio data`: what they print."""

from __future__ import annotations

import contextlib
import json
import signal
import sys
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from studio.applying import apply, refuse_settings
from studio.engine.shards import FEATURES
from studio.graph.checks import Report
from studio.graph.document import Project
from studio.graph.problems import StudioError, printable, quoted
from studio.graph.spec import shape_text
from studio.table import columns
from studio.writing import clear, waiting

DONE, FAILED = 0, 1

UNTRUSTED = (
    "The project brings its own Python, which makes this data. "
    "Say --run-code if you trust it, and it is run."
)
CELL = 40
"""Characters of a cell of the table."""

FOREVER = 7 * 24 * 3600.0


def _end(project: Project, node: str | None) -> str:
    """The stage that is meant: the one that feeds training where none is named."""
    if node is not None:
        return node
    end = project.data.outputs.get("train") if project.data is not None else None
    if end is None:
        raise StudioError("The project has no training data. Name a stage of its data with --node.")
    return end


def _ask(
    kind: str,
    project: Project,
    folder: Path,
    report: Report,
    end: str,
    options,
    wait: Callable[[Future, Path], Any] = lambda future, file: future.result(),
    **more: Any,
):
    """Asks the question of a stage in a process of its own; the Answer.

    `wait` waits for it, and is told in which file the process notes how far it is.
    """
    from studio.engine.looking import question
    from studio.engine.warm import Warm

    with TemporaryDirectory(prefix="studio-") as place, Warm() as warm:
        asked = question(project, folder, report, end, Path(place))
        file = Path(place, "progress")
        fields = asked.fields | {"progress": str(file)}
        answer = wait(warm.ask(kind, trusted=options.run_code, **fields, **more), file)
    if answer.reason == "untrusted":
        raise StudioError(UNTRUSTED)
    return answer


def preview(options, project: Project, folder: Path, report: Report) -> int:
    """Prints what leaves a stage."""
    end = _end(project, options.node)
    more = {"take": options.take, "seconds": max(60.0, options.seconds + 30)}
    answer = _ask(
        "preview", project, folder, report, end, options, within=options.seconds, glance=2.0, **more
    )
    if answer.error:
        return _failed(answer.error, options.json)
    found = answer.result
    if options.json:
        for part in (
            each for key in ("elements", "rows") for row in found.get(key, ()) for each in row
        ):
            part.pop("png", None)
            part.pop("wave", None)
        print(json.dumps({"node": end, **found}))
    else:
        for line in preview_lines(end, found):
            print(line)
    if found.get("error"):
        print(f"studio: {found['error']}", file=sys.stderr)
        return FAILED
    return DONE


def _failed(sentence: str, as_json: bool) -> int:
    if as_json:
        print(json.dumps({"error": sentence}))
    print(f"studio: {sentence}", file=sys.stderr)
    return FAILED


def part_name(path: list[Any]) -> str:
    """What a tensor of an element is called: features.beak, label."""
    if not path:
        return "element"
    first, *rest = path
    known = {0: "features", 1: "label", 2: "sample weight"}
    return ".".join(map(str, [known.get(first, first), *rest]))


def preview_lines(end: str, found: dict[str, Any]):
    """A preview as text."""
    count = found["cardinality"]
    known = {"infinite": "elements without end", "unknown": "elements; how many is not known"}
    many = known.get(count) or f"{count:,} element{'s' * (count != 1)}"
    speed = found["per_second"]
    more = f", about {speed:,.0f} a second" if speed else ""
    yield f"{end}: {many}{more}"
    yield ""
    names = [part_name(each["path"]) for each in found["spec"]]
    rows = [("tensor", "shape", "dtype", "min", "max", "mean", "nan")]
    for name, spec, known in zip(names, found["spec"], found["ranges"], strict=True):
        shape = "?" if spec["shape"] is None else shape_text(tuple(spec["shape"]))
        shape += f", {spec['ragged']} ragged" if spec.get("ragged") else ""
        figures = [_figure(known[key]) for key in ("min", "max", "mean")] if known else [""] * 3
        nan = f"{known['nan']:.1%}" if known and known["nan"] else ""
        rows.append((name, shape, spec["dtype"], *figures, nan))
    yield from columns(rows)
    for each in found["classes"]:
        yield ""
        shares = ", ".join(f"{value}: {n} ({n / each['of']:.0%})" for value, n in each["counts"])
        yield f"{part_name(each['path'])} of {each['of']:,}: {shares}"
    shown = found.get("rows", found["elements"])
    yield ""
    yield from columns([tuple(names), *(tuple(_cell(part) for part in row) for row in shown)])
    if "rows" in found and shown:
        yield "(rows of the batches)"
    if found["late"]:
        yield "The time was up before more elements came."


def _figure(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _cell(part: dict[str, Any]) -> str:
    texts = [_figure(v) if not isinstance(v, str) else v for v in part["values"]]
    text = texts[0] if part["shape"] == [] and texts else f"[{' '.join(texts)}]"
    text = printable(text)
    return text if len(text) <= CELL else f"{text[: CELL - 1]}…"


def write(options, project: Project, folder: Path, report: Report) -> int:
    """Writes a stage's elements as TFRecord files."""
    end, out = _end(project, options.node), options.out
    try:
        out.mkdir(parents=True, exist_ok=True)
        taken = [path.name for path in out.iterdir() if _ours(path)]
    except OSError as error:
        raise StudioError(f"Nothing can be written into {out}: {error.strerror}.") from None
    if taken:
        raise StudioError(
            f"{out} holds {quoted(min(taken))} already. Name a folder that has no TFRecord files."
        )
    more = {"out": str(out.resolve()), "shards": options.shards, "take": options.take}
    found = report.shapes["data"].at(end) if "data" in report.shapes else None
    counts = (getattr(found, "count", None), options.take)
    total = min((count for count in counts if count is not None), default=None)
    with contextlib.suppress(ValueError):  # only the main thread may
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    wait = waiting(end, total, options.shards, options.json)
    try:
        answer = _ask(
            "records", project, folder, report, end, options, wait, seconds=FOREVER, **more
        )
    except KeyboardInterrupt:
        clear(out, options.shards)
        print(f"studio: interrupted; nothing is left in {out}.", file=sys.stderr)
        raise
    if answer.error:
        clear(out, options.shards)  # where its process was ended, it couldn't
        return _failed(answer.error, options.json)
    found = answer.result
    if options.json:
        print(json.dumps({"node": end, "folder": str(out), **found}))
        return DONE
    files = len(found["files"])
    print(
        f"{found['count']:,} elements of {end} are in {files} file{'s' * (files != 1)} "
        f"({found['bytes'] / 1e6:.2f} MB) in {out}; features.json says how to read them."
    )
    return DONE


def _ours(path: Path) -> bool:
    return path.suffix == ".tfrecord" or path.name == FEATURES


def bench(options, project: Project, folder: Path, report: Report) -> int:
    """Prints how fast the pipeline is, stage by stage."""
    from studio.engine.bench import bench as measure
    from studio.engine.warm import Warm

    refuse_settings(options)

    def tell(words: str) -> None:
        if sys.stderr.isatty():
            print(f"\rmeasuring {words[:60]:60}", end="", file=sys.stderr, flush=True)

    with Warm() as warm:
        try:
            found = measure(project, folder, report, warm, options.run_code, tell)
        finally:
            tell("")
    best = found.gains[0] if found.gains else None
    if options.apply and best is not None:
        apply(options, best.edit)
    if options.json:
        print(json.dumps(_bench_json(found) | {"applied": options.apply and best is not None}))
        return DONE
    rows = [("stage", "op", "elements/s", "ms a batch", "own ms")]
    rows += [
        (
            each.node,
            each.op.removeprefix("tf.data.Dataset."),
            f"{each.per_second:,.0f}",
            f"{each.batch_ms:.3f}",
            f"{each.own_ms:.3f}",
        )
        for each in found.stages
    ]
    for line in columns(rows):
        print(line)
    print()
    each = 1000 / found.batch_ms
    print(f"{each:,.0f} batches of {found.samples:.0f} a second; {found.holds_back} holds it back.")
    for gain in found.gains:
        print(f"{gain.times:.1f} times as fast: {gain.words} ({gain.batch_ms:.3f} ms a batch)")
    if best is None:
        print("No change of its stages that was tried makes it faster by a tenth.")
    elif options.apply:
        print(f"{options.project} is changed: {best.edit.label}.")
    return DONE


def _bench_json(found: Any) -> dict[str, Any]:
    """What was measured, each change with the edit that makes it."""
    from msgspec import to_builtins
    from msgspec.structs import asdict

    from studio.graph.edit_text import encode

    gains = [asdict(each) | {"edit": json.loads(encode(each.edit))} for each in found.gains]
    stages = to_builtins(found.stages)
    return asdict(found) | {"stages": stages, "gains": gains, "batch_ms": found.batch_ms}
