"""The strategies of tf.distribute, and what they are made with.

A cluster is told by TF_CONFIG, or by the resolver of the machine that starts the processes.
"""

from __future__ import annotations

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import (
    Bool,
    Choice,
    DictOf,
    Float,
    Int,
    ListOf,
    OneCall,
    Text,
    or_null,
)
from studio.graph.rule import Args
from studio.graph.spec import Refused

DISTRIBUTE = "tf.distribute"
ONE, MIRRORED = f"{DISTRIBUTE}.OneDeviceStrategy", f"{DISTRIBUTE}.MirroredStrategy"
MULTI_WORKER = f"{DISTRIBUTE}.MultiWorkerMirroredStrategy"
PARAMETER_SERVER = f"{DISTRIBUTE}.ParameterServerStrategy"
CENTRAL = f"{DISTRIBUTE}.experimental.CentralStorageStrategy"
TPU = f"{DISTRIBUTE}.TPUStrategy"
RESOLVERS = f"{DISTRIBUTE}.cluster_resolver"
SLURM = f"{RESOLVERS}.SlurmClusterResolver"

_DEVICE = Text(empty=False)
_DEVICES = or_null(ListOf(_DEVICE))
_COUNT = or_null(Int(1))


def _once(p: Args, name: str) -> None:
    """A device stands in a list once."""
    devices = getattr(p, name)
    if devices is None:
        return
    twice = next((each for each in devices if devices.count(each) > 1), None)
    if not devices or twice:
        found = f"{twice} twice" if twice else "no device"
        raise Refused(
            f"takes each device once, but {name} names {found}",
            f"Name devices such as GPU:0 and GPU:1, or leave {name} out for all there are.",
        )


def _strategy(path: str, help: str, *params: Param, shown: str = "", check=None) -> None:
    describe(path, kind="strategy", help=help, params=params, shown=shown, check=check)


def _resolver() -> Param:
    """How the processes find each other; by TF_CONFIG, where it is left out."""
    help = "How the processes find each other; by TF_CONFIG, where it is left out."
    return Param("cluster_resolver", OneCall(("cluster_resolver",), names=False), None, help)


_strategy(
    ONE,
    "Puts all on one device.",
    Param("device", _DEVICE, help="The device, such as GPU:0 or CPU:0."),
    shown="device",
)
_strategy(
    MIRRORED,
    "Copies the model to several devices of one machine; each takes a part of every batch.",
    Param("devices", _DEVICES, None, "Devices such as GPU:0; all GPUs, where it is left out."),
    Param(
        "cross_device_ops",
        OneCall(("cross_device_ops",), names=False),
        None,
        "How gradients are summed over the devices.",
    ),
    shown="devices",
    check=lambda p: _once(p, "devices"),
)
_strategy(
    MULTI_WORKER,
    "Copies the model to the devices of several machines, which train in step.",
    _resolver(),
    Param(
        "communication_options",
        OneCall(("communication_options",), names=False),
        None,
        "How the machines sum their gradients.",
    ),
)
_strategy(
    PARAMETER_SERVER,
    "Keeps the weights on parameter servers; workers train with them, each at its own pace.",
    _resolver(),
    Param(
        "variable_partitioner",
        OneCall(("partitioner",), names=False),
        None,
        "How a large variable is shared among the parameter servers; whole on one by default.",
    ),
)
_strategy(
    CENTRAL,
    "Keeps the weights on one device; several others of the same machine train with them.",
    Param("compute_devices", _DEVICES, None, "Devices that train; all GPUs by default."),
    Param("parameter_device", or_null(_DEVICE), None, "The device that has the weights."),
    shown="compute_devices",
    check=lambda p: _once(p, "compute_devices"),
)
_strategy(
    TPU,
    "Copies the model to the cores of a TPU.",
    Param(
        "tpu_cluster_resolver",
        OneCall(("cluster_resolver",), names=False),
        None,
        "Where the TPU is; found by the environment, where it is left out.",
    ),
    Param(
        "experimental_spmd_xla_partitioning",
        Bool(),
        False,
        "Whether XLA shares the model itself among the cores.",
    ),
)

for _name, _help in (
    ("HierarchicalCopyAllReduce", "Sums in groups of devices that are near each other."),
    ("NcclAllReduce", "Sums with NVIDIA's NCCL."),
):
    describe(
        f"{DISTRIBUTE}.{_name}",
        kind="cross_device_ops",
        help=_help,
        params=(Param("num_packs", Int(0), 1, "Parts that the gradients are sent in."),),
        shown="num_packs",
    )
describe(
    f"{DISTRIBUTE}.ReductionToOneDevice",
    kind="cross_device_ops",
    help="Sums on one device and copies the sum to the others.",
    params=(
        Param("reduce_to_device", or_null(_DEVICE), None, "The device; the first by default."),
    ),
    shown="reduce_to_device",
)
describe(
    f"{DISTRIBUTE}.experimental.CommunicationOptions",
    kind="communication_options",
    help="How machines sum their gradients.",
    params=(
        Param("bytes_per_pack", Int(0), 0, "Bytes sent at once; 0 lets TensorFlow choose."),
        Param("timeout_seconds", Float(above=0), None, "Seconds behind which a sum fails."),
        Param(
            "implementation",
            Choice(("AUTO", "RING", "NCCL")),
            "AUTO",
            "RING over gRPC, on any device; NCCL among GPUs.",
        ),
    ),
    shown="implementation",
)
describe(
    f"{DISTRIBUTE}.experimental.partitioners.FixedShardsPartitioner",
    kind="partitioner",
    help="Cuts each variable into so many parts.",
    params=(Param("num_shards", Int(1), help="How many parts."),),
    shown="num_shards",
)
describe(
    f"{DISTRIBUTE}.experimental.partitioners.MinSizePartitioner",
    kind="partitioner",
    help="Cuts a variable into as many parts as there may be, each at least so large.",
    params=(
        Param("min_shard_bytes", Int(1), 262144, "Bytes of a part, at least."),
        Param("max_shards", Int(1), 1, "How many parts, at most."),
        Param("bytes_per_string", Int(1), 16, "Bytes that a text counts as."),
    ),
    shown="min_shard_bytes max_shards",
)
describe(
    f"{DISTRIBUTE}.experimental.partitioners.MaxSizePartitioner",
    kind="partitioner",
    help="Cuts a variable into parts that are at most so large.",
    params=(
        Param("max_shard_bytes", Int(1), help="Bytes of a part, at most."),
        Param("max_shards", _COUNT, None, "How many parts, at most; any number by default."),
        Param("bytes_per_string", Int(1), 16, "Bytes that a text counts as."),
    ),
    shown="max_shard_bytes",
)
describe(
    f"{RESOLVERS}.TFConfigClusterResolver",
    kind="cluster_resolver",
    help="Reads the cluster from TF_CONFIG.",
)
describe(
    SLURM,
    kind="cluster_resolver",
    help="Reads the cluster from what Slurm tells its tasks.",
    params=(
        Param(
            "jobs",
            or_null(DictOf(Int(1), empty=False)),
            None,
            "How many tasks play each role; workers all of them, where it is left out.",
        ),
        Param("port_base", Int(1, 65535), 8888, "The first port of a machine's tasks."),
        Param("gpus_per_node", or_null(Int(1)), None, "GPUs of a machine; as Slurm says."),
        Param("gpus_per_task", or_null(Int(1)), None, "GPUs of a task; as Slurm says."),
        Param("tasks_per_node", _COUNT, None, "Tasks of a machine; as Slurm says."),
        Param("auto_set_gpu", Bool(), True, "Whether each task sees its own GPUs alone."),
    ),
    shown="jobs port_base",
)
describe(
    f"{RESOLVERS}.TPUClusterResolver",
    kind="cluster_resolver",
    help="Finds a TPU.",
    params=(
        Param(
            "tpu", or_null(Text()), None, "Its name or address; local for a TPU virtual machine."
        ),
        Param("zone", or_null(Text()), None, "The zone that it is in."),
        Param("project", or_null(Text()), None, "The cloud project that it belongs to."),
    ),
    shown="tpu",
)
