"""What goes on inside a model: the tensors of every node, their figures, and how they change."""
