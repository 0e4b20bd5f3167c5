"""The commands about weights, frozen layers and saved architectures: what each does and prints."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from studio.applying import apply, refuse_settings
from studio.graph.checks import Report
from studio.graph.document import Project
from studio.graph.file import shown
from studio.graph.problems import StudioError, printable
from studio.graph.spec import shape_text
from studio.table import columns

DONE, FAILED = 0, 1


def weights(options) -> int:
    """Prints the layers in a file; with a project which of them fit, and exits 1 if not all do."""
    from studio.engine.stored_code import brought, disassembled
    from studio.engine.weights_question import look_into

    found = look_into(options.file)
    code = disassembled(brought(found.config))
    told: dict[str, Any] = {
        "file": str(found.path),
        "kind": found.kind,
        "keras": found.keras or None,
        "saved": found.saved or None,
        "model": (found.config or {}).get("class_name"),
        "bytes": sum(each.bytes for each in found.layers),
        "params": sum(each.count for each in found.layers),
        "layers": [
            {
                "name": each.name,
                "shapes": list(map(list, each.shapes)),
                "dtypes": list(each.dtypes),
                "bytes": each.bytes,
            }
            for each in found.layers
        ],
        "code": [
            {"kind": each.kind, "layer": each.layer, "name": each.name, "shown": each.shown}
            for each in code
        ],
    }
    result = None
    if options.project is not None:
        from studio.engine.weights_fit import fit
        from studio.graph.checks import check
        from studio.graph.file import read

        project, problems = read(options.project)
        path = Path(options.project)
        report = check(project, path if path.is_dir() else path.parent, problems)
        if project.model is None:
            raise StudioError(f"{shown(path)} has no model that weights could fit.")
        result = fit(found, project, report.shapes["model"])
        told["fit"] = {
            "fits": result.fits,
            "differs": [
                {"name": name, "file": list(map(list, given)), "model": list(map(list, own))}
                for name, given, own in result.differs
            ],
            "missing": result.missing,
            "unused": result.unused,
            "unknown": result.unknown,
        }
    if options.json:
        print(json.dumps(told))
    else:
        print("\n".join(map(_plain, _lines(told, result))))
    return FAILED if result is not None and (result.differs or result.missing) else DONE


def _plain(line: str) -> str:
    return printable(line)


def _lines(told: dict[str, Any], result: Any) -> Iterator[str]:
    what = {"checkpoint": "a TensorFlow checkpoint", ".keras": "a model of Keras"}
    about = what.get(told["kind"], f"weights ({told['kind']})")
    by = f", written by Keras {told['keras']}" if told["keras"] else ""
    kind = f" ({told['model']})" if told["model"] else ""
    yield f"{told['file']}: {about}{kind}{by}"
    yield ""
    rows = [("layer", "arrays", "dtype", "bytes")]
    for each in told["layers"]:
        shapes = " ".join(shape_text(shape) for shape in each["shapes"])
        dtypes = " ".join(dict.fromkeys(each["dtypes"]))
        rows.append((each["name"], shapes, dtypes, f"{each['bytes']:,}"))
    yield from columns(rows)
    yield ""
    yield f"{told['params']:,} numbers, {told['bytes'] / 1e6:.2f} MB"
    for each in told["code"]:
        yield ""
        if each["kind"] == "lambda":
            yield f'"{each["layer"]}" has a Python function in it, which was not run. It says:'
            yield from (f"    {line}" for line in each["shown"].splitlines())
        else:
            needs = f"the {each['kind']} {each['name']}"
            yield f'"{each["layer"]}" needs {needs}, which is not one of Keras.'
    if told["code"]:
        yield ""
        yield "Weights are loaded without that code; the model itself only in Keras' safe mode."
    if result is not None:
        yield ""
        yield from _fit_lines(result)


def _fit_lines(result: Any) -> Iterator[str]:
    from studio.engine.weights_fit import difference

    known = len(result.fits) + len(result.differs) + len(result.missing)
    yield f"{len(result.fits)} of {known} layers of the project fit by name."
    for name, given, own in result.differs:
        yield f"differs: {name} {difference(given, own)}"
    yield from (f"not in the file: {name}" for name in result.missing)
    yield from (f"not in the project: {name}" for name in result.unused)
    yield from (f"own code, told only when it runs: {name}" for name in result.unknown)


def freeze(options, project: Project, folder: Path, report: Report) -> int:
    """Prints which layers would be frozen, and how much is trained; makes the edit if asked."""
    from studio.graph.compose.freeze import chosen, freeze, frozen_nodes
    from studio.graph.summary import summary

    refuse_settings(options)
    if project.model is None:
        raise StudioError("The project has no model that could be frozen.")
    if not options.patterns and options.depth is None:
        raise StudioError('Say which layers: studio freeze PROJECT "conv*", or --depth 3.')
    layers = frozen_nodes(project, report.shapes["model"])
    meant = chosen(layers, options.patterns, options.depth, options.but)
    edit = freeze(meant, options.thaw)
    before = summary(project, report.shapes["model"])["totals"]
    after, stay = before, []
    if edit is not None:
        from studio.graph.checks import check

        changed = edit.apply(project)
        shapes = check(changed, folder).shapes["model"]
        after = summary(changed, shapes)["totals"]
        stay = (
            [] if options.thaw else _still_trained(changed, shapes, {each.name for each in meant})
        )
        if options.apply:
            apply(options, edit)
    rows = [(each.name, each.trains, options.thaw) for each in meant]
    if options.json:
        told = {
            "layers": [{"name": name, "trained": was, "trains": will} for name, was, will in rows],
            "trainable_params": {
                "before": before["trainable_params"],
                "after": after["trainable_params"],
            },
            "params": before["params"],
            "still_trained": stay,
            "applied": bool(options.apply and edit is not None),
        }
        print(json.dumps(told))
        return DONE
    names = {True: "trained", False: "frozen"}
    lines = [("layer", "is", "will be"), *((n, names[a], names[b]) for n, a, b in rows)]
    print("\n".join(map(printable, columns(lines))))
    print(
        f"\ntrainable parameters: {before['trainable_params']:,} -> {after['trainable_params']:,} "
        f"of {before['params']:,}"
    )
    if stay:
        print(
            f"Keras doesn't hand trainable on to all weights of {', '.join(stay)}: "
            "those are trained all the same.",
            file=sys.stderr,
        )
    if edit is None:
        print("They are so already.")
    elif not options.apply:
        print("--apply writes it into the project's file.")
    return DONE


def _still_trained(project: Project, shapes: Any, frozen: set[str]) -> list[str]:
    """The layers that Keras goes on training though they are frozen: attention, say."""
    from studio.graph.compose.freeze import frozen_nodes

    still = []
    for layer in frozen_nodes(project, shapes):
        result = shapes.nodes.get(layer.node.id) if layer.graph == "model" else None
        if layer.name in frozen and result and any(weight.trainable for weight in result.weights):
            still.append(layer.name)
    return still


def import_model(options) -> int:
    """Makes a project of a saved model, or of its architecture."""
    from studio.engine.model_import import import_file
    from studio.graph.file import save

    project = import_file(options.file)
    target = options.output if options.output.suffix == ".json" else options.output / "project.json"
    if target.exists():
        raise StudioError(f"{shown(target)} is there already. Name a new folder, or a new file.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        save(project, target)
    except OSError as error:
        raise StudioError(f"{shown(target)} can't be written: {error.strerror}.") from None
    count = len(project.model.nodes)
    print(f"{target} has the model, with {count} nodes: studio summary {target}")
    if options.file.suffix in (".keras", ".h5"):
        print(
            f"Once it has data and training: studio run {target} --weights {options.file} --by-name"
        )
    return DONE
