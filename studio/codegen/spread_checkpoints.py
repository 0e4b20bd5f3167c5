"""What the checkpoints of the custom loop do more where a strategy spreads it.

Replicas have values of their own of some variables, all of which are kept; workers write one
checkpoint together, at a step that they agree on.
"""

from __future__ import annotations

ON_REPLICAS = {
    "strategy": "self.strategy, self.read = strategy, None",
    "values": """if self.read is None:
            own = own_variables(self.model)
            self.read = reader(self.strategy, self.variables(), own)
        found = self.read()""",
    "keep_replicas": 'state |= {"replicas": self.strategy.num_replicas_in_sync}',
    "assign": """variables, own = self.variables(), own_variables(self.model)
        found = [arrays[f"variable{index}"] for index in range(len(variables))]
        assign_values(self.strategy, variables, own, found, state["replicas"])""",
}
"""Where a strategy has replicas, which have values of their own for some variables."""

ON_WORKERS = ON_REPLICAS | {
    "strategy": """self.strategy, self.read = strategy, None
        self.calls, self.wishes = 0, [False, False]
        self.at = (0, 0)  # where the last one was written""",
    "anew": "if not resume and is_chief(strategy):  # they belong to another training",
    "there": "if self.at == (self.epoch, self.step):",
    "chief": """self.at = (self.epoch, self.step)
        {after}
        if not is_chief(self.strategy):
            return""",
}
"""Where several processes train: all of them read the variables, and one of them writes."""

AGREED = '''def wish(self):
        """Asks all workers for a checkpoint, which they write some steps later."""
        self.wishes[0] = True

    def stop(self):
        """Asks all workers to write a checkpoint and to end, some steps later."""
        self.wishes[1] = True

    def agree(self, due):
        """Does what one of the workers wishes; all ask at the same steps."""
        wishes = tf.constant([due or self.wishes[0], self.wishes[1]], tf.int32)
        whole = self.strategy.run(sum_of, args=(wishes,))
        save, stop = self.strategy.experimental_local_results(whole)[0].numpy() > 0
        self.wishes[0] = False
        if save or stop:
            self.save()
        if stop:
            raise SystemExit(0)'''

SUM = '''@tf.function
def sum_of(value):
    """Returns the sum of what all replicas have."""
    replica = tf.distribute.get_replica_context()
    return replica.all_reduce("SUM", tf.identity(value))


'''

VALUES = '''def own_variables(model):
    """Returns the variables of which each replica has its own: of seeds, averages, counts."""
    counts = [each for metric in model.metrics for each in metric.variables]
    return {id(each) for each in (*model.non_trainable_variables, *counts)}


def reader(strategy, variables, own):
    """Returns a function that reads variables; what replicas have of their own, as rows."""
    apart = [each for each in variables if id(each) in own]

    @tf.function
    def gather():
        rows = strategy.run(lambda: [keras.ops.expand_dims(v, 0) for v in apart])
        return [strategy.gather(each, axis=0) for each in rows]

    def read():
        rows = iter(gather() if apart else [])
        found = (next(rows) if id(each) in own else each for each in variables)
        return [keras.ops.convert_to_numpy(each) for each in found]

    return read


def assign_values(strategy, variables, own, values, replicas):
    """Gives variables the values that they had on so many replicas."""
    count, apart = strategy.num_replicas_in_sync, []
    if count != replicas:
        print(f"{count} replicas go on, not {replicas}: each has other data now.")
    for variable, value in zip(variables, values):
        value = value.view(variable.dtype)
        if id(variable) not in own:
            variable.assign(value)
            continue
        if len(value) != count and variable.path.endswith("seed_generator_state"):
            continue  # each replica has a seed of its own
        if len(value) != count and variable.aggregation == "sum":
            whole = value.sum(axis=0)
            value = np.zeros((count, *whole.shape), value.dtype)
            value[0] = whole
        elif len(value) != count:
            value = np.repeat(value[:1], count, axis=0)
        apart.append((variable, value))

    @tf.function
    def assign():
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        for variable, rows in apart:
            variable.assign(tf.constant(rows)[replica])

    strategy.run(assign)


'''

BY_AGREEMENT = {
    "time": """self.epoch, self.step, self.logs = epoch, step, logs
        self.calls += 1
        pause = max(self.pause, CHECKPOINT_SECONDS if step else 0)
        if step == 0 or self.calls % CALLS_BETWEEN == 0:
            self.agree({if_better}time.monotonic() - self.saved >= pause)""",
    "steps": """self.unsaved += max(0, step - self.step)
        self.epoch, self.step, self.logs = epoch, step, logs
        self.calls += 1
        due = {if_better}self.unsaved >= CHECKPOINT_STEPS
        if due or step == 0 or self.calls % CALLS_BETWEEN == 0:
            self.agree(due)""",
}
"""Where several workers must do so at the same step."""
