"""The model of a run over HTTP: what is asked is checked here, and answered by a process of its
own, the only one that has TensorFlow.
"""
