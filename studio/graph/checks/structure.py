"""The shape of the graphs: ids, edges, cycles, outputs, blocks."""

from __future__ import annotations

import keyword
from collections.abc import Iterator

from studio.graph.chain import chain
from studio.graph.code import check_code
from studio.graph.document import Block, DataGraph, Graph, ModelGraph, Project, owner
from studio.graph.ports import input_ports, op_of, output_ports, place_of, problem_at
from studio.graph.problems import ERROR, WARNING, Problem, nearest, quoted
from studio.graph.wiring import cycle, upstream, wire

STYLES = ("auto", "sequential", "functional", "subclass")
SPLITS = ("train", "validation", "test")


def check_structure(project: Project) -> list[Problem]:
    """Everything that is wrong with the graphs as graphs."""
    problems = []
    for name, graph in project.graphs().items():
        problems += _ids(name, graph)
        problems += _shares(name, graph)
        problems += _edges(project, name, graph)
        problems += _outputs(project, name, graph)
        problems += _cycles(name, graph)
        problems += _unfed(project, name, graph)
    problems += _blocks(project)
    problems += _names(project)
    problems += check_code(project)
    return problems


def identifier_problem(name: str) -> str:
    """Why a name can't stand in Python code; empty where it can."""
    if not name.isidentifier():
        return f"{quoted(name)} is no Python identifier"
    if not name.isascii():
        # Python folds look-alikes together (NFKC); two ids could become one name.
        return f"{quoted(name)} has letters beyond a-z"
    if keyword.iskeyword(name):
        return f"{quoted(name)} is a word of Python itself"
    if name.startswith("__"):
        return f"{quoted(name)} begins with two underscores"
    return ""


def _ids(name: str, graph: Graph) -> Iterator[Problem]:
    for node in graph.nodes:
        why = identifier_problem(node)
        if why:
            hint = "Use letters, digits and underscores, a letter first."
            yield problem_at(name, graph, node, "bad-id", f"the id {why}.", hint)


def _names(project: Project) -> Iterator[Problem]:
    for kind, entries in (("block", project.blocks), ("code", project.code)):
        for entry in entries:
            why = identifier_problem(entry)
            if why:
                graph = f"block:{entry}" if kind == "block" else "code"
                hint = "Use letters, digits and underscores, a letter first."
                yield Problem(ERROR, "bad-id", graph, entry, f"the name {why}.", hint)


def _shares(name: str, graph: Graph) -> Iterator[Problem]:
    for node in graph.nodes.values():
        if node.shares is None:
            continue
        place = place_of(name, graph, node.id)
        first = graph.nodes.get(node.shares)
        if first is None:
            message = f"shares the layer of {quoted(node.shares)}, which isn't there."
            hint = nearest(node.shares, graph.nodes) or "Name a node of this graph."
            yield Problem(ERROR, "lost-share", name, node.id, message, hint, place)
        elif first.shares is not None:
            message = f"shares the layer of {quoted(first.id)}, which itself shares another's."
            hint = f"Share {quoted(first.shares)} directly."
            yield Problem(ERROR, "lost-share", name, node.id, message, hint, place)
        elif node.params:
            message = f"has params of its own, but calls the layer of {quoted(first.id)}."
            hint = f"Set them on {quoted(first.id)}, or give this node an op."
            yield Problem(ERROR, "bad-param", name, node.id, message, hint, place)


def _edges(project: Project, name: str, graph: Graph) -> Iterator[Problem]:
    taken: set[str] = set()
    for index, edge in enumerate(graph.edges):
        place = f"{name.replace('block:', 'blocks.')}.edges[{index}]"
        lost = [end for end in (edge.source_node, edge.target_node) if end not in graph.nodes]
        if lost:
            message = f"leads from {quoted(edge.source)} to {quoted(edge.target)}, "
            message += f"but there is no node {quoted(lost[0])}."
            hint = nearest(lost[0], graph.nodes) or "Remove the edge."
            yield Problem(ERROR, "lost-edge", name, lost[0], message, hint, place)
            continue
        source, target = graph.nodes[edge.source_node], graph.nodes[edge.target_node]
        outs = output_ports(project, source, graph)
        if outs and edge.source_port and edge.source_port not in outs:
            message = f"begins at {quoted(edge.source)}, but {quoted(source.id)} has the outputs "
            message += f"{', '.join(outs)}."
            hint = nearest(edge.source_port, outs) or f"Write {quoted(f'{source.id}.{outs[0]}')}."
            yield Problem(ERROR, "lost-port", name, source.id, message, hint, place)
        ports = input_ports(project, target, graph)
        if not ports:
            made = target.op or ""
            if made in ("keras.Input",) or made.startswith("studio.data."):
                message = f"leads into {quoted(target.id)}, which takes nothing in."
                yield Problem(
                    ERROR, "lost-port", name, target.id, message, "Remove the edge.", place
                )
            continue
        port = next((p for p in ports if p.name == (edge.target_port or ports[0].name)), None)
        if port is None:
            message = f"ends at {quoted(edge.target)}, but {quoted(target.id)} has the inputs "
            message += f"{', '.join(p.name for p in ports)}."
            hint = nearest(edge.target_port, [p.name for p in ports]) or "Choose one of them."
            yield Problem(ERROR, "lost-port", name, target.id, message, hint, place)
            continue
        end = f"{target.id}.{port.name}"
        if end in taken and not port.many:
            message = f"leads from {quoted(edge.source)} into {quoted(edge.target)}, where another "
            message += "edge already ends; that input takes one tensor."
            hint = "Remove one of the two, or join them with Concatenate or Add."
            yield Problem(ERROR, "occupied-port", name, target.id, message, hint, place)
        taken.add(end)


def _outputs(project: Project, name: str, graph: Graph) -> Iterator[Problem]:
    head = name.replace("block:", "blocks.")
    if isinstance(graph, DataGraph):
        ends = graph.outputs.items()
        for split in graph.outputs:
            if split not in SPLITS:
                message = f"has an output {quoted(split)}."
                hint = nearest(split, SPLITS) or f"There can be {', '.join(SPLITS)}."
                yield Problem(ERROR, "lost-output", name, "", message, hint, f"{head}.outputs")
    else:
        ends = ((str(index), end) for index, end in enumerate(graph.outputs))
    seen: set[str] = set()
    for key, end in ends:
        node, _, port = end.partition(".")
        place = (
            f"{head}.outputs.{key}" if isinstance(graph, DataGraph) else f"{head}.outputs[{key}]"
        )
        if node not in graph.nodes:
            message = f"names {quoted(end)}, which isn't there."
            hint = nearest(node, graph.nodes) or "Name a node of this graph."
            yield Problem(ERROR, "lost-output", name, node, message, hint, place)
            continue
        outs = output_ports(project, graph.nodes[node], graph)
        if port and outs and port not in outs:
            message = f"names {quoted(end)}, but {quoted(node)} has the outputs {', '.join(outs)}."
            hint = nearest(port, outs) or "Choose one of them."
            yield Problem(ERROR, "lost-output", name, node, message, hint, place)
        if end in seen and not isinstance(graph, DataGraph):
            message = f"names {quoted(end)} a second time."
            yield Problem(ERROR, "lost-output", name, node, message, "Remove one.", place)
        seen.add(end)
    if isinstance(graph, (ModelGraph, Block)) and graph.nodes and not graph.outputs:
        message = "has nodes, but no output."
        hint = f'Set "outputs" to the node that gives the result: ["{list(graph.nodes)[-1]}"].'
        yield Problem(ERROR, "lost-output", name, "", message, hint, f"{head}.outputs")
    if isinstance(graph, ModelGraph) and graph.style not in STYLES:
        message = f"is {quoted(graph.style)}; expected {', '.join(STYLES[:-1])} or {STYLES[-1]}."
        yield Problem(ERROR, "bad-style", name, "", message, "Choose one.", f"{head}.style")
    elif isinstance(graph, ModelGraph) and graph.style == "sequential" and chain(graph) is None:
        message = "asks for keras.Sequential, but the model is no chain of layers."
        hint = 'Set it to "auto", or to "functional".'
        yield Problem(ERROR, "bad-style", name, "", message, hint, f"{head}.style")


def _cycles(name: str, graph: Graph) -> Iterator[Problem]:
    if len(wire(graph).order) == len(graph.nodes):
        return
    nodes = cycle(graph)
    if nodes:
        shown = [*nodes[:12], "..."] if len(nodes) > 12 else [*nodes, nodes[0]]
        message = f"a cycle leads back to its beginning: {' -> '.join(map(quoted, shown))}."
        hint = "Remove one of its edges; a model's tensors flow one way."
        place = name.replace("block:", "blocks.")
        yield Problem(ERROR, "cycle", name, nodes[0], message, hint, f"{place}.edges")


def _unfed(project: Project, name: str, graph: Graph) -> Iterator[Problem]:
    """Inputs that must be fed and aren't, and nodes that lead to no output."""
    wiring = wire(graph)
    ends = graph.outputs.values() if isinstance(graph, DataGraph) else graph.outputs
    used = upstream(wiring, (end.partition(".")[0] for end in ends))
    used |= {graph.nodes[name].shares for name in used} - {None}
    for node in graph.nodes.values():
        ports = input_ports(project, node, graph)
        fed = {e.target_port or ports[0].name for e in wiring.incoming[node.id] if ports}
        op, made = op_of(graph, node), owner(graph, node)
        constants = {key for key in made.params if op.constant(key)} if op is not None else set()
        for port in constants & fed:
            message = f"gets its {port} both by an edge and as a constant."
            hint = "Remove the edge, or the constant from its params."
            yield problem_at(name, graph, node.id, "bad-param", message, hint)
        if constants and not fed:
            message = "gets constants alone, and so has no place in a model."
            hint = f"Draw an edge to its {' or '.join(port.name for port in ports)}."
            yield problem_at(name, graph, node.id, "unfed", message, hint)
            continue
        for port in ports:
            if port.optional or port.name in fed | constants:
                continue
            message = "nothing feeds it" if len(ports) == 1 else f"nothing feeds its {port.name}"
            hint = "Draw an edge to it, or remove the node."
            yield problem_at(name, graph, node.id, "unfed", f"{message}.", hint)
        if used and node.id not in used and not isinstance(graph, DataGraph):
            message = "leads to no output, so it is not part of the model."
            hint = "Draw an edge from it, name it as an output, or remove it."
            yield problem_at(name, graph, node.id, "unused", message, hint, WARNING)


def _blocks(project: Project) -> Iterator[Problem]:
    """Blocks that contain themselves, and inputs that aren't there."""
    uses = {
        name: {n.op[6:] for n in block.nodes.values() if (n.op or "").startswith("block:")}
        for name, block in project.blocks.items()
    }
    for name in uses:
        reached, todo = set(), list(uses[name])
        while todo:
            other = todo.pop()
            if other not in reached:
                reached.add(other)
                todo.extend(uses.get(other, ()))
        if name in reached:
            message = "contains itself, so it would have no end."
            hint = "Unpack one of the blocks."
            for graph_name, graph in project.graphs().items():
                for node in graph.nodes.values():
                    if node.op == f"block:{name}":
                        place = place_of(graph_name, graph, node.id)
                        yield Problem(
                            ERROR, "block-in-itself", graph_name, node.id, message, hint, place
                        )
    for name, block in project.blocks.items():
        for end in block.inputs:
            if end not in block.nodes or block.nodes[end].op != "keras.Input":
                message = f"names the input {quoted(end)}, which is no keras.Input of the block."
                hint = nearest(end, block.nodes) or "Name a keras.Input node of the block."
                place = f"blocks.{name}.inputs"
                yield Problem(ERROR, "lost-input", f"block:{name}", end, message, hint, place)
