"""How the stages of a data graph are described."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Bool, Int
from studio.graph.elements import Elements
from studio.graph.spec import Refused

BATCH_SIZE = Param("batch_size", Int(1), help="Elements in a batch.")
DROP = Param("drop_remainder", Bool(), False, "Leave out a last batch that is smaller.")
SEED = Param("seed", Int(0), None, "Seed; null follows the training's seed.")


def stage(name: str, shown: str, help: str, *params: Param, inputs: str = "dataset") -> Any:
    """Describes a stage; a name without a dot is a method of tf.data.Dataset."""
    return describe(
        name if "." in name else f"tf.data.Dataset.{name}",
        kind="stage",
        family="stage",
        inputs=inputs,
        shown=shown,
        help=help,
        params=params,
    )


def uncounted(dataset: Elements) -> Elements:
    """The elements in a number that only going through them tells."""
    return replace(dataset, count=None)


def batches(count: int | None, size: int, drop: bool) -> int | None:
    """How many batches there are of so many elements; Refused where there would be none."""
    if count is None:
        return None
    if drop and 0 < count < size:
        raise Refused(
            f"makes batches of {size} of {count} elements and drops what is left: there would "
            "be none",
            f"Use a batch_size of at most {count}, or keep the remainder.",
        )
    return count // size if drop else -(-count // size)


def beside_the_script(path: str) -> None:
    """Refuses the name of a file or folder that isn't directly beside the script."""
    if any(char in path for char in "/\\:\0"):
        raise Refused("keeps its files beside the script, so the name has no folder")
