"""How to draw, make and use what is not a layer: losses, metrics, optimizers, callbacks, ..."""
