"""A strategy of tf.distribute in the script: how it is made, and how the data is spread by it."""

from __future__ import annotations

from studio.codegen.calls import call_expr, value_expr
from studio.codegen.layout import Expr, call, join
from studio.codegen.server_steps import NEEDS_TF_CONFIG, SERVE, SERVE_DOC
from studio.codegen.source import Source
from studio.graph.distribution import SERVERS, WORKERS, several, spread
from studio.graph.document import Project
from studio.graph.ops.strategies import CENTRAL, MIRRORED, ONE, PARAMETER_SERVER, RESOLVERS

TRAIN, VALIDATION = 'datasets["train"]', 'datasets["validation"]'

_DEVICES_OF = {MIRRORED: "devices", CENTRAL: "compute_devices"}
"""What the strategies of several devices call them."""

FROM_ENVIRONMENT = {"op": f"{RESOLVERS}.TFConfigClusterResolver"}

_SPLIT = '''def split_devices(count):
    """Splits the GPUs, or else the CPU, into logical devices; returns their names."""
    kind = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
    for device in tf.config.list_physical_devices(kind):
        if tf.config.get_logical_device_configuration(device):
            continue  # that has been done
        limit = {"memory_limit": MEGABYTES} if kind == "GPU" else {}
        parts = [tf.config.LogicalDeviceConfiguration(**limit) for _ in range(count)]
        tf.config.set_logical_device_configuration(device, parts)
    return [each.name for each in tf.config.list_logical_devices(kind)]'''

_SPREAD = '''def spread_data(strategy, datasets):
    """Returns the datasets as the replicas go through them: each has a part of every batch."""
    return {
        name: strategy.experimental_distribute_dataset(dataset)
        for name, dataset in datasets.items()
    }'''

_SPREAD_WORKERS = '''def spread_data(strategy, datasets):
    """Returns the datasets as the workers go through them: each has a part of every batch."""
    policies, spread = tf.data.experimental.AutoShardPolicy, {}
    for name, dataset in datasets.items():
        told = dataset.options().experimental_distribute.auto_shard_policy
        if told == policies.AUTO:  # the data's own options say nothing
            # All workers read all files, in the same order, and take part of each batch.
            options = tf.data.Options()
            options.experimental_distribute.auto_shard_policy = policies.DATA
            dataset = dataset.with_options(options)
        spread[name] = strategy.experimental_distribute_dataset(dataset)
    return spread'''

_SEEDS = '''def separate_seeds(strategy, model):
    """Has each replica draw random numbers of its own, for dropout and the like."""
    ending = "seed_generator_state"
    states = [each for each in model.variables if each.path.endswith(ending)]

    @tf.function
    def separate():
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        for state in states:
            state.assign(state + tf.stack([tf.cast(replica, state.dtype), 0]))

    if states:
        strategy.run(separate)'''

_MERGE = '''def state_merger(strategy, model):
    """Returns a function that gives replicas the mean of what layers measure on each of them.

    Such as the moving averages of a BatchNormalization, by which a model is tested.
    """
    states = [v for v in model.non_trainable_variables if v.dtype.startswith("float")]

    @tf.function
    def merge():
        replica = tf.distribute.get_replica_context()
        for state in states:
            state.assign(replica.all_reduce("MEAN", tf.identity(state.value)))

    return lambda: strategy.run(merge) if states else None'''

_CHIEF = '''def is_chief(strategy):
    """Returns whether this process is the one of all workers that writes files."""
    resolver = strategy.cluster_resolver
    if resolver is None or "chief" in resolver.cluster_spec().jobs:
        return resolver is None or resolver.task_type == "chief"
    return not resolver.task_id


def apart(strategy, callbacks):
    """Has the callbacks of a worker that is not the chief write where it is thrown away."""
    if is_chief(strategy):
        return
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for callback in callbacks:
        for name in ("filename", "filepath", "log_dir"):
            path = getattr(callback, name, None)
            if path is not None:
                setattr(callback, name, str(folder / Path(path).name))'''


def write_strategy(source: Source, project: Project) -> None:
    """Writes what makes the strategy, and what spreads the data by it; nothing without one."""
    if project.distribution is None:
        return
    source.need("tf")
    kind = spread(project)
    virtual = project.distribution.virtual_devices
    if virtual:
        with source.section("Strategy"):
            source.line(f"VIRTUAL_DEVICES = {virtual}")
            source.line("MEGABYTES = 2048  # that each part of a GPU may take")
            source.blank(2)
            source.text(_SPLIT)
    with (
        source.section("Strategy"),
        source.block("def make_strategy():", "Returns how the training is spread over devices."),
    ):
        _write_made(source, project)
    if kind == SERVERS:
        _write_serve(source, project)
    if project.training.loop == "custom" and kind != SERVERS:
        with source.section("Strategy"):
            source.text(_SPREAD_WORKERS if kind == WORKERS else _SPREAD)
        if separates_seeds(project):
            for text in (_SEEDS, _MERGE):
                with source.section("Strategy"):
                    source.text(text)
    if kind == WORKERS:
        source.need("Path", "atexit", "shutil", "tempfile")
        with source.section("Strategy"):
            source.text(_CHIEF)


def _write_serve(source: Source, project: Project) -> None:
    """What all processes but the chief do."""
    source.need("socket", "time")
    with source.section("Strategy"), source.block("def serve():", SERVE_DOC):
        given = project.distribution.params.get("cluster_resolver")
        if given is None or given["op"] == FROM_ENVIRONMENT["op"]:
            source.need("os")
            source.text(NEEDS_TF_CONFIG)
        source.statement("resolver = ", _resolver(source, project))
        source.text(SERVE)


def _resolver(source: Source, project: Project) -> Expr:
    """What tells the processes of a cluster from each other."""
    given = project.distribution.params.get("cluster_resolver")
    return value_expr(source, given or FROM_ENVIRONMENT)


def _write_made(source: Source, project: Project) -> None:
    strategy = project.distribution
    params = dict(strategy.params)
    name = _DEVICES_OF.get(strategy.op)
    if strategy.virtual_devices:
        wanted = name is not None and params.get(name) is None
        head = "devices = " if wanted else ""
        source.line(f"{head}split_devices(VIRTUAL_DEVICES)")
        if wanted:
            made = call_expr(source, strategy.op, params)
            first = made.parts[1]
            items: list[Expr] = [join(f"{name}=", "devices"), *first.items]
            source.statement("return ", call(strategy.op, items))
            return
    if strategy.op == PARAMETER_SERVER and params.get("cluster_resolver") is None:
        params["cluster_resolver"] = FROM_ENVIRONMENT
    source.statement("return ", call_expr(source, strategy.op, params))


def scaled_rate(project: Project) -> str:
    """What the learning rate is multiplied by; empty where it isn't."""
    strategy = project.distribution
    if not several(project) or strategy.scale_learning_rate is None:
        return ""
    count = "strategy.num_replicas_in_sync"
    return count if strategy.scale_learning_rate == "linear" else f"{count}**0.5"


def separates_seeds(project: Project) -> bool:
    """Whether the replicas of the custom loop are to draw random numbers of their own."""
    plain = project.distribution is None or project.distribution.op == ONE
    return not plain and spread(project) != SERVERS and project.training.loop == "custom"


def gone_through(project: Project) -> tuple[str, str]:
    """What the custom loop goes through to train, and to validate."""
    if spread(project) in ("", SERVERS):  # there the chief has the data of its workers
        return TRAIN, VALIDATION
    return 'spread["train"]', 'spread["validation"]'
