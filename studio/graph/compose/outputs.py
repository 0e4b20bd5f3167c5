"""What a graph gives: ends named as outputs, and the training that goes by their names."""

from __future__ import annotations

from studio.graph.compose.draft import Draft, ends_of, renamed_keys
from studio.graph.document import BY_OUTPUT, ModelGraph, Project, output_name
from studio.graph.edits import Edit, SetOutputs, SetTraining
from studio.graph.ports import output_ports
from studio.graph.problems import StudioError, one_of, quoted


def set_output(
    project: Project, graph: str, end: str, on: bool = True, split: str = "train"
) -> Edit:
    """Names an end as an output, or no longer; losses and metrics of a lost one go along.

    In the data graph it becomes what feeds `split`. Where losses are left of an
    output that is gone, the first new one takes them over.
    """
    draft = Draft(project, graph)
    node = draft.node(end.partition(".")[0])
    ports = output_ports(project, node, draft.graph)
    port = end.partition(".")[2]
    if port and ports and port not in ports:
        raise StudioError(f"{quoted(node.id)} has no output {quoted(port)}, but {one_of(ports)}.")
    outputs = ends_of(draft.graph)
    there = [each for each in outputs if draft.source(each) == draft.source(end)]
    if graph == "data":
        _set_split(draft, end, on, split, there)
    elif not on:
        draft.move_outputs(dict.fromkeys(there))
    elif not there:
        end = node.id if port and ports and port == ports[0] else end
        draft.set_outputs((*outputs, end))
        if isinstance(draft.graph, ModelGraph):
            _adopt(draft, end)
    title = f"{'Make' if on else 'No longer make'} {end} an output"
    return draft.step(title if graph != "data" else f"{title} for {split}")


def _set_split(draft: Draft, end: str, on: bool, split: str, there: list[str]) -> None:
    outputs = dict(draft.graph.outputs)
    if on:
        outputs[split] = end
    elif outputs.get(split) in there:
        del outputs[split]
    if outputs != draft.graph.outputs:
        draft.do(SetOutputs("data", outputs))


def _adopt(draft: Draft, end: str) -> None:
    """Losses and metrics of an output that is there no more go to a new one."""
    training, name = draft.project.training, output_name(end)
    names = {output_name(each) for each in draft.graph.outputs}
    for field in BY_OUTPUT if training is not None else ():
        values = getattr(training, field)
        lost = [key for key in values if key not in names]
        if lost and name not in values:
            draft.do(SetTraining(field, renamed_keys(values, {lost[0]: name})))
