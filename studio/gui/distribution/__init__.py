"""How a training is spread: strategy, devices, batches, the tasks of a cluster."""
