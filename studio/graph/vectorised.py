"""Functions of maps that give for a batch what they give for its elements, batched."""

from __future__ import annotations

from studio.graph.elements import Elements, features, leaves
from studio.graph.spec import Spec

VECTORISED = frozenset(
    f"studio.map.{name}"
    for name in [
        "rescale",
        "cast",
        "standardise",
        "one_hot",
        "parse_numbers",
        "normalise_text",
        "arrange",
        "pick",
        "select",
        "drop",
        "rename",
        "to_features_and_label",
        "resize",
        "center_crop",
        "standardise_image",
        "add_channel",
        "pad",
    ]
)
"""They are held to it, bit for bit, by a test that runs each both ways."""

IMAGES = ("studio.map.resize", "studio.map.center_crop", "studio.map.standardise_image")


def goes_behind(op: str, elements: Elements) -> bool:
    """Whether a function gives the same for batches of these elements."""
    specs = [leaf for leaf in leaves(elements.structure) if isinstance(leaf, Spec)]
    given = [leaf for leaf in leaves(features(elements.structure)) if isinstance(leaf, Spec)]
    ranks = [spec.rank for spec in given]
    plain = all(None not in spec.shape and not spec.ragged for spec in specs)
    if op in IMAGES and any(rank != 3 for rank in ranks):
        return False
    return plain and op in VECTORISED and not (op == "studio.map.pad" and max(ranks) > 1)
