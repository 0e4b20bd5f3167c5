"""A run's model in other formats: written by the script's own code, and proven by their runtimes.

`export.py` leads: it starts `converter.py`, which has TensorFlow and the run's model, and the
programs in `runtimes/`, which have nothing of Studio. `place.py` puts what was made in its place.
"""
