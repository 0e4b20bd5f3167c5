"""What goes on inside a model, in the window: activations of a batch, histograms over time."""
