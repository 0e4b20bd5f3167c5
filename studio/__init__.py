"""Studio: compose a Keras model and its training as graphs, and train it."""

__version__ = "0.1.0"
