"""The folder of an evaluation: evaluation.json and its pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from studio.engine.evaluated import FILE, VERSION
from studio.engine.evaluation.features import save_pictures
from studio.engine.evaluation.json_values import finite
from studio.engine.evaluation.keeping import Misfit
from studio.engine.evaluation.passing import Seen
from studio.graph.problems import StudioError
from studio.graph.text import dump


def write(seen: Seen, asked: dict[str, Any], place: Path) -> None:
    """Fills a folder with what a pass has found."""
    outputs = {}
    for name, output in list(seen.outputs.items()):
        try:
            figures = output.figures()
        except Misfit as misfit:
            seen.leave_out(name, str(misfit))
            continue
        worst = seen.worst[name].found()
        shown = save_pictures(worst, name, place)
        made = output.draw(figures, place)
        if shown:
            from studio.engine.evaluation.pictures import worst_samples

            made.append(worst_samples(worst, shown, name, place))
        outputs[name] = {"kind": output.kind, **figures, "worst": worst, "pictures": made}
        kept = seen.cells[name].write(name, place)
        if kept is not None:
            outputs[name]["cells"] = kept
    if not outputs:
        raise StudioError(" ".join(seen.left_out.values()))
    found = {
        "evaluation": VERSION,
        **asked["run"],
        "split": asked["split"],
        "samples": seen.samples,
        "keras": seen.keras,
        "outputs": outputs,
        "left_out": seen.left_out,
    }
    (place / FILE).write_text(dump(finite(found)), encoding="utf-8")
