"""Blocks as a whole: their names, their repetition, their parameters."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from studio.graph.catalogue.registry import find
from studio.graph.compose.clipboard import resolve_known
from studio.graph.compose.draft import Draft, graph_of, listed, node_of
from studio.graph.compose.group import check_name
from studio.graph.compose.names import fresh_id
from studio.graph.document import Block, Node, Project, is_reference, references
from studio.graph.edits import Edit, SetBlock, SetNode
from studio.graph.part_edits import PutNodes
from studio.graph.ports import block_of
from studio.graph.problems import StudioError, one_of, quoted


def repeat(project: Project, graph: str, id: str, count: int) -> Edit:
    """Lets a block stand so many times in a row; one with one input and one output."""
    draft = Draft(project, graph)
    node = draft.node(id)
    if node.shares is not None:
        raise StudioError(f"{quoted(id)} calls the layer of {quoted(node.shares)}; repeat that.")
    block = block_of(project, draft.graph, node)
    if block is None:
        raise StudioError(f"{quoted(id)} is no block; group it into one to repeat it.")
    if count > 1 and (len(block.inputs), len(block.outputs)) != (1, 1):
        raise StudioError(
            f"Only a block with one input and one output can be repeated; {quoted(node.op[6:])} "
            f"has {len(block.inputs)} and {len(block.outputs)}."
        )
    draft.do(SetNode(graph, id, "repeat", count))
    return draft.step(f"Repeat {id} {count} times" if count > 1 else f"Use {id} once")


def rename_block(project: Project, old: str, new: str) -> Edit:
    """Gives a block another name, also where it is used."""
    block = _block(project, old)
    check_name(new)
    if new in project.blocks:
        raise StudioError(f"There is already a block {quoted(new)}.")
    draft = Draft(project, f"block:{old}")
    draft.do(SetBlock(new, block))
    for name in draft.project.graphs():
        if name == f"block:{old}":
            continue
        for node in draft.project.graph(name).nodes.values():
            if node.op == f"block:{old}":
                draft.do(SetNode(name, node.id, "op", f"block:{new}"))
    draft.do(SetBlock(old, None))
    return draft.step(f"Rename block {old} to {new}")


def duplicate_block(project: Project, name: str, new: str = "") -> tuple[Edit, str]:
    """Defines a second block like a first; and its name."""
    block = _block(project, name)
    if new:
        check_name(new)
    new = fresh_id(project.blocks, new or name)
    draft = Draft(project, f"block:{name}")
    draft.do(SetBlock(new, block))
    return draft.step(f"Duplicate block {name}"), new


def remove_block(project: Project, name: str) -> Edit:
    """Removes a block that nothing uses; raises StudioError with those that do."""
    _block(project, name)
    users = [
        node.id
        for graph in project.graphs().values()
        for node in graph.nodes.values()
        if node.op == f"block:{name}"
    ]
    if users:
        raise StudioError(
            f"The block {quoted(name)} is used by {listed(users)}; unpack or remove them first."
        )
    draft = Draft(project, f"block:{name}")
    draft.do(SetBlock(name, None))
    return draft.step(f"Remove block {name}")


def make_parameter(
    project: Project, graph: str, id: str, param: str, name: str = ""
) -> tuple[Edit, str]:
    """Turns a parameter of a node inside a block into one of the block; and its name.

    What it is now becomes the default, so nothing else changes. Of a parameter
    of the same name and value there is one for both.
    """
    block, node = graph_of(project, graph), node_of(graph_of(project, graph), id)
    if not isinstance(block, Block):
        raise StudioError("Only inside a block can a value become a parameter of the block.")
    op = find(node.op or "")
    known = op.params.get(param) if op is not None else None
    if param not in node.params and (known is None or known.required):
        raise StudioError(f"{quoted(id)} has no value for {quoted(param)}.")
    value = node.params.get(param, known.default if known is not None else None)
    if is_reference(value):
        raise StudioError(f"{quoted(param)} of {quoted(id)} is one of the block's already.")
    if references(value):
        raise StudioError(f"A part of {quoted(param)} of {quoted(id)} is the block's already.")
    name = name or param
    if name in block.parameters and block.parameters[name] != value:
        name = fresh_id(block.parameters.keys() | block.nodes.keys(), name)
    check_name(name)
    changed = replace(node, params=node.params | {param: {"$": name}})
    new = replace(
        block,
        nodes=block.nodes | {id: changed},
        parameters=block.parameters | {name: value},
    )
    draft = Draft(project, graph)
    draft.do(SetBlock(graph.removeprefix("block:"), new))
    return draft.step(f"Make {param} of {id} a parameter"), name


def set_parameter(project: Project, name: str, parameter: str, value: Any) -> Edit:
    """Gives a block's parameter a default; a new parameter where there is none yet."""
    block = _block(project, name)
    check_name(parameter)
    draft = Draft(project, f"block:{name}")
    draft.do(SetBlock(name, replace(block, parameters=block.parameters | {parameter: value})))
    return draft.step(f"Set {parameter} of block {name}")


def remove_parameter(project: Project, name: str, parameter: str) -> Edit:
    """Takes a parameter from a block; its default stands wherever it stood."""
    block = _block(project, name)
    if parameter not in block.parameters:
        raise StudioError(
            f"The block {quoted(name)} has no parameter {quoted(parameter)}, "
            f"but {one_of(block.parameters)}."
        )
    values = {parameter: block.parameters[parameter]}
    nodes = {
        node.id: replace(node, params=resolve_known(node.params, values))
        for node in block.nodes.values()
    }
    left = {key: value for key, value in block.parameters.items() if key != parameter}
    draft = Draft(project, f"block:{name}")
    draft.do(SetBlock(name, replace(block, nodes=nodes, parameters=left)))
    for where, graph in draft.project.graphs().items():
        users = [n for n in graph.nodes.values() if n.op == f"block:{name}"]
        changed = tuple(_without(n, parameter) for n in users if parameter in n.params)
        if changed:
            draft.do(PutNodes(where, changed))
    return draft.step(f"Remove the parameter {parameter} of block {name}")


def _without(node: Node, parameter: str) -> Node:
    return replace(node, params={k: v for k, v in node.params.items() if k != parameter})


def _block(project: Project, name: str) -> Block:
    if name not in project.blocks:
        raise StudioError(f"There is no block {quoted(name)}.")
    return project.blocks[name]
