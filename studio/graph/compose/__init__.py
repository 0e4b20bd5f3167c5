"""What a person does to a graph, each as a function from a project to one edit.

None of them changes the project; what can't be done raises StudioError with a
sentence. The edit is one step of the history, with a title for it.
"""

from studio.graph.compose.add import add_node, insert_on_edge, new_node
from studio.graph.compose.blocks import (
    duplicate_block,
    make_parameter,
    remove_block,
    remove_parameter,
    rename_block,
    repeat,
    set_parameter,
)
from studio.graph.compose.change import rename, replace_op, swap
from studio.graph.compose.clipboard import copy, cut, duplicate, paste
from studio.graph.compose.fits import Fit, fits, why_not
from studio.graph.compose.group import group, unpack
from studio.graph.compose.names import base_name, fresh_id
from studio.graph.compose.outputs import set_output
from studio.graph.compose.remove import bypass, delete_and_heal, detach, remove
from studio.graph.compose.start import starting
from studio.graph.compose.walk import downstream, upstream, walk
from studio.graph.compose.wires import connect, disconnect, order_edges, order_nodes, reroute

__all__ = [
    "Fit",
    "add_node",
    "base_name",
    "bypass",
    "connect",
    "copy",
    "cut",
    "delete_and_heal",
    "detach",
    "disconnect",
    "downstream",
    "duplicate",
    "duplicate_block",
    "fits",
    "fresh_id",
    "group",
    "insert_on_edge",
    "make_parameter",
    "new_node",
    "order_edges",
    "order_nodes",
    "paste",
    "remove",
    "remove_block",
    "remove_parameter",
    "rename",
    "rename_block",
    "repeat",
    "replace_op",
    "reroute",
    "set_output",
    "set_parameter",
    "starting",
    "swap",
    "unpack",
    "upstream",
    "walk",
    "why_not",
]
