"""Callbacks: what introspection can't know of their parameters.

Their constructors look at next to nothing; most ranges here keep out what
would break, or be passed over, only when its event comes.
"""

from __future__ import annotations

from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import (
    Bool,
    Choice,
    DictOf,
    Either,
    Float,
    Int,
    ListOf,
    OneCall,
    Path,
    Text,
    or_null,
)
from studio.graph.rule import Args
from studio.graph.spec import Refused

_MODE = Choice(("auto", "min", "max"))
_VERBOSE = Int(0)
_EPOCH_OR_STEPS = Either((Choice(("epoch",)), Int(1)))
_CODE = OneCall(("code",), names=False)


def _ending(p: Args) -> None:
    """The ending of a file tells Keras what goes into it."""
    wanted = (".weights.h5",) if p.save_weights_only else (".keras", ".h5")
    if not p.filepath.endswith(wanted):
        what = "weights alone" if p.save_weights_only else "a whole model"
        raise Refused(
            f"saves {what}, so filepath must end in {' or '.join(wanted)}, but it is "
            f"{p.filepath!r}",
            f"End it in {wanted[0]}.",
        )


def _stretch(p: Args) -> None:
    """Batches from the first to the last one."""
    batches = p.profile_batch
    if isinstance(batches, list) and (len(batches) != 2 or batches[1] < batches[0]):
        raise Refused(
            f"profiles the batches from a first to a last one, but profile_batch is {batches}",
            "Give one number, or a list of the first and the last.",
        )


describe(
    "keras.callbacks.BackupAndRestore",
    family="callback",
    shown="backup_dir save_freq",
    backup_dir=Path(empty=False),
    save_freq=_EPOCH_OR_STEPS,
)
describe(
    "keras.callbacks.CSVLogger",
    family="callback",
    shown="filename",
    filename=Path(empty=False),
    separator=Text(empty=False),
)
describe(
    "keras.callbacks.EarlyStopping",
    family="callback",
    shown="monitor patience",
    mode=_MODE,
    verbose=_VERBOSE,
    baseline=Float(),
    min_delta=Float(),
    start_from_epoch=Int(0),
)
describe(
    "keras.callbacks.LambdaCallback",
    family="callback",
    **{
        f"on_{when}": _CODE
        for when in (
            "epoch_begin",
            "epoch_end",
            "train_begin",
            "train_end",
            "train_batch_begin",
            "train_batch_end",
        )
    },
)
describe(
    "keras.callbacks.LearningRateScheduler",
    family="callback",
    shown="schedule",
    schedule=_CODE,
    verbose=_VERBOSE,
)
describe(
    "keras.callbacks.ModelCheckpoint",
    family="callback",
    shown="filepath monitor",
    check=_ending,
    filepath=Path(),
    mode=_MODE,
    verbose=_VERBOSE,
    save_freq=_EPOCH_OR_STEPS,
    initial_value_threshold=Float(),
)
describe(
    "keras.callbacks.OrbaxCheckpoint",
    family="callback",
    shown="directory monitor",
    directory=Path(empty=False),
    mode=_MODE,
    verbose=_VERBOSE,
    save_freq=_EPOCH_OR_STEPS,
    initial_value_threshold=Float(),
    max_to_keep=or_null(Int(1)),
)
describe(
    "keras.callbacks.ReduceLROnPlateau",
    family="callback",
    shown="monitor factor patience",
    mode=_MODE,
    verbose=_VERBOSE,
    factor=Float(above=0, below=1),
    min_delta=Float(),
    cooldown=Int(0),
    min_lr=Float(min=0),
)
describe(
    "keras.callbacks.RemoteMonitor",
    family="callback",
    shown="root path",
    headers=DictOf(Text()),
)
describe(
    "keras.callbacks.TensorBoard",
    family="callback",
    shown="log_dir",
    check=_stretch,
    log_dir=Path(),
    histogram_freq=Int(0),
    update_freq=Either((Choice(("epoch", "batch")), Int(1))),
    profile_batch=Either((Int(0), ListOf(Int(0), empty=False))),
    embeddings_freq=Int(0),
    embeddings_metadata=Either((Path(), DictOf(Path()))),
)
describe("keras.callbacks.SwapEMAWeights", family="callback", shown="swap_on_epoch")
describe("keras.callbacks.TerminateOnNaN", family="callback", raise_error=Bool())
describe("keras.callbacks.History", "keras.callbacks.ProgbarLogger", family="callback")
