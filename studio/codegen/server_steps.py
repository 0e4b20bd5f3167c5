"""The steps of the custom loop with parameter servers: the chief hands batches to the workers.

It has the data, so that each element is gone through once in an epoch, by whichever worker is
free. Keras' metrics lose counts where several workers add to them at once; so each worker counts
for itself, and the chief adds up.
"""

from __future__ import annotations

STEP = """@tf.function
def on_worker(batch):
    x, y, weights = keras.utils.unpack_x_y_sample_weight(batch){weights}
    with tf.GradientTape() as tape:
        counts = counting(model, counted)  # what metrics count, the chief adds up
        predictions = model(x, training=True)
        with counts:
            # The outputs' losses, and those that layers add (regularisation).
            loss = model.compute_loss(x, y, predictions, weights, training=True){scaled}
{apply}
    with counts:
        mean_loss.update_state(loss, sample_weight=size_of(x))
        model.compute_metrics(x, y, predictions, weights)
    return [counts.get_current_value(each) for each in counted]

@tf.function
def train_step(batch):
    return strategy.run(on_worker, args=(batch,))"""

COUNTED = """counted = [each for metric in model.metrics for each in metric.variables]"""

HAND_OUT = '''def hand_out(coordinator, model, function, iterator, count, begin, first=0):
    """Hands batches to the workers; yields the number of a step and its logs.

    Of the steps that are done together, by whichever workers are free, it is the last.
    """
    step = first
    counted = [each for metric in model.metrics for each in metric.variables]
    while count is None or step < count:
        begin(step)
        most = STEPS_TOGETHER if count is None else min(STEPS_TOGETHER, count - step)
        batches = list(itertools.islice(iterator, most))
        if not batches:
            return
        # Workers that count at once lose counts: of the steps too.
        iterations = int(model.optimizer.iterations)
        done = [coordinator.schedule(function, args=(batch,)) for batch in batches]
        coordinator.join()
        model.optimizer.iterations.assign(iterations + len(batches))
        for variable, *found in zip(counted, *(each.fetch() for each in done)):
            variable.assign_add(sum(found))
        step += len(batches)
        yield step - 1, model.get_metrics_result()'''

COUNT = '''def counting(model, variables):
    """Returns a scope in which metrics count from nothing, and leave their variables alone."""
    counts = [(each, tf.zeros(each.shape, each.dtype)) for each in variables]
    # Keras takes weights from the scope too, where it adds what layers add to the loss.
    weights = [(each, tf.convert_to_tensor(each.value)) for each in model.weights]
    return keras.StatelessScope([*counts, *weights])'''

ZEROS = '''def zeros_of(spec):
    """Returns a batch of zeros, of one element."""
    return tf.nest.map_structure(
        lambda each: tf.zeros([size or 1 for size in each.shape], each.dtype), spec
    )'''

BUILD = '''def build_metrics(model, spec):
    """Makes the variables of the metrics, and of a model that has none yet."""
    x, y, weights = keras.utils.unpack_x_y_sample_weight(zeros_of(spec))

    def build():
        predictions = model(x, training=False)
        if model.loss is not None:
            model.compute_loss(x, y, predictions, weights, training=False)
            model.compute_metrics(x, y, predictions, weights)

    {build}
    model.reset_metrics()'''

HERE, ON_REPLICAS = "build()", "model.distribute_strategy.run(build)"

SERVE_DOC = "Works as a worker or a parameter server for the chief; False where this is the chief."

NEEDS_TF_CONFIG = """if "TF_CONFIG" not in os.environ:
    raise SystemExit("TF_CONFIG is not set: it names chief, workers and servers.")"""

SERVE = """cluster = resolver.cluster_spec()  # first: some resolvers know their task only then
role, index = resolver.task_type, resolver.task_id
if role == "chief":
    return False
tf.distribute.Server(cluster, job_name=role, task_index=index, protocol="grpc")
host, _, port = cluster.task_address("chief", 0).rpartition(":")
misses = None  # not seen yet
while misses is None or misses < 3:
    time.sleep(2)
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
        misses = 0
    except OSError:
        misses = None if misses is None else misses + 1
return True"""
